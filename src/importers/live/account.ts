/** An account as it was read, and what of it a source's documents may mean. */

import { compact } from '../../core/model/compact.ts';
import { isMap } from '../../core/model/json.ts';
import type { Api, Json, Live } from '../../core/model/model.ts';
import type { FindingCode, Imported, ManifestDocument } from '../common/model.ts';

export interface LiveAccount {
  /** Absent where nobody could be asked. */
  readonly accountId?: string;
  readonly region: string;
  readonly apis: readonly Api[];
  /** All keys and plans, and of the APIs that documents name the stages and what demands a key. The plans that a document means come with their keys. */
  readonly live: readonly Live[];
}

/** `account 123456789012, eu-west-2` */
export function placeText({
  accountId,
  region,
}: Pick<LiveAccount, 'accountId' | 'region'>): string {
  return accountId === undefined ? region : `account ${accountId}, ${region}`;
}

/** A stage as a document names it: of one name there may be several APIs. */
export interface StagePlace {
  readonly restApi: Json | undefined;
  readonly stageName: string;
}

const TAG = {
  stack: 'aws:cloudformation:stack-name',
  logicalId: 'aws:cloudformation:logical-id',
} as const;

/** The stack that CloudFormation made an object in, and what the stack calls it, by the object's tags. */
export function stackOf({ tags }: Pick<Live, 'tags'>): {
  readonly stack?: string;
  readonly logicalId?: string;
} {
  const { [TAG.stack]: stack, [TAG.logicalId]: logicalId } = tags;
  return compact({ stack, logicalId });
}

/** Of an API that a source can't tell from others, or whose name it doesn't know. */
const LOST_API: ReadonlySet<FindingCode> = new Set(['AMBIGUOUS_API', 'KEY_REQUIRED', 'UNRESOLVED']);

/** The ids of the APIs that a source lost, by what its stack calls them. */
export function idsOfApis(
  { findings, stackName }: Imported,
  apis: readonly Api[],
): Readonly<Record<string, string>> {
  const lost = new Set(
    findings.filter(({ code }) => LOST_API.has(code)).map(({ address }) => address),
  );
  return Object.fromEntries(
    apis.flatMap((api) => {
      const { stack, logicalId } = stackOf(api);
      return stackName !== undefined &&
        stack === stackName &&
        logicalId !== undefined &&
        lost.has(logicalId)
        ? [[logicalId, api.id]]
        : [];
    }),
  );
}

/** The ids of the APIs that a reference may mean. */
export function apisOf(reference: Json | undefined, { apis }: Pick<LiveAccount, 'apis'>): string[] {
  if (!isMap(reference)) return [];
  return apis
    .filter(({ id, name }) =>
      reference.id === undefined ? name === reference.name : id === reference.id,
    )
    .map(({ id }) => id);
}

/** The ids of the live stages that a document may mean, whether they are there or not. */
export function stageIdsOf(
  { restApi, stageName }: StagePlace,
  account: Pick<LiveAccount, 'apis'>,
): string[] {
  return apisOf(restApi, account).map((api) => `${api}:${stageName}`);
}

/** The stages of a plan's document, those of Stage documents included. */
export function stagePlaces(
  { spec }: ManifestDocument,
  documents: readonly ManifestDocument[],
): StagePlace[] {
  const entries = Array.isArray(spec.stages) ? (spec.stages as readonly Json[]) : [];
  return entries.flatMap((entry) => {
    if (!isMap(entry)) return [];
    const document = documents.find(({ kind, name }) => kind === 'Stage' && name === entry.stage);
    return placeOf(document ? document.spec : entry);
  });
}

export function placeOf({ restApi, stageName }: { readonly [field: string]: Json }): StagePlace[] {
  return typeof stageName === 'string' ? [{ restApi, stageName }] : [];
}

/** The ids in a canonical list: the keys of a plan, its stages. */
export function idsIn(list: Json | undefined): string[] {
  return isMap(list) ? Object.keys(list) : [];
}

/** The name by which a document looks for its live object; undefined where the source doesn't know it. */
export function soughtName({ adopt, name, spec }: ManifestDocument): string | undefined {
  return adopt === 'by-name' || spec.name !== undefined ? String(spec.name ?? name) : undefined;
}

/** `k1a2b3c4d5 (acme, in stack lending-production)`: for a person who must choose. */
export function describe(live: Live): string {
  const { stack, logicalId } = stackOf(live);
  const from = stack === undefined ? '' : `, ${logicalId ?? 'something'} of stack ${stack}`;
  return `${live.id} (${live.kind === 'Stage' ? 'stage ' : ''}${live.name || 'without a name'}${from})`;
}
