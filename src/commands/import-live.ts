/** `import --live`: what is live in the account that the ambient credentials lead to. Nothing is written, and no value is asked for. */
import pMap from 'p-map';
import type { Live } from '../core/model/model.ts';
import { type Place, withReadOnlyClient } from '../engine/reconcile/read-only-client.ts';
import { isGatewayError } from '../gateway/errors.ts';
import type { Send } from '../gateway/send.ts';
import type { Imported } from '../importers/common/model.ts';
import {
  apisOf,
  idsIn,
  idsOfApis,
  type LiveAccount,
  soughtName,
} from '../importers/live/account.ts';
import { matchLive } from '../importers/live/match.ts';
import { listApis } from '../kinds/apis.ts';
import { kinds } from '../kinds/index.ts';
import type { Kind } from '../kinds/kind.ts';
import { READERS } from '../kinds/live.ts';
import { implicitTarget } from '../manifests/target.ts';
import { ExpectedError } from './errors.ts';
import type { FlagValues } from './flags.ts';
import { onStop, type ProcessIo } from './io.ts';
import { paceOf } from './pace.ts';

/** A source that was read, once more with the ids of resources, by logical id: those of CloudFormation's that the account tells. */
export type Translate = (ids: Readonly<Record<string, string>>) => Imported | Promise<Imported>;

export interface Read {
  readonly imported: Imported;
  readonly account: LiveAccount;
}

/** Rejects with Failure where there are no credentials or no region, or where anything can't be read: a part of an account is no account. */
export async function readLive(
  translate: Translate,
  flags: FlagValues<'import'>,
  world: ProcessIo,
): Promise<Read> {
  const first = await translate({});

  const stopping = new AbortController();
  using _ = onStop(world, (signal) =>
    stopping.abort(new ExpectedError(`stopped by ${signal}: nothing was written`)),
  );
  try {
    return await withReadOnlyClient(
      implicitTarget({}),
      paceOf(flags),
      world,
      stopping.signal,
      async (send, place) => {
        const apis = await listApis(send);
        const ids = idsOfApis(first, apis);
        const imported = Object.keys(ids).length > 0 ? await translate(ids) : first;
        return { imported, account: await read(send, imported, { ...place, apis }) };
      },
    );
  } catch (error) {
    if (isGatewayError(error))
      throw new ExpectedError(`--live: the account can't be read: ${error.message}`, {
        cause: error,
      });
    throw error;
  } finally {
    // Where one call failed, others may still wait for their turn, and nobody for them.
    stopping.abort(new ExpectedError('the reading is over'));
  }
}

async function read(
  send: Send,
  imported: Imported,
  place: Place & Pick<LiveAccount, 'apis'>,
): Promise<LiveAccount> {
  const { documents } = imported;
  const nothing = { apiIds: [], wantsMembers: () => false };
  const [keys, plans] = await Promise.all([
    kindOf('ApiKey').list(send, nothing),
    kindOf('UsagePlan').list(send, nothing),
  ]);
  const apisNamed = (...names: readonly string[]) => [
    ...new Set(
      documents
        .filter(({ kind }) => names.includes(kind))
        .flatMap(({ spec }) => apisOf(spec.restApi, place)),
    ),
  ];
  const [tagged, stages, requirements] = await Promise.all([
    withTags([...keys, ...plans], imported, send),
    stagesOf(apisNamed('Stage'), send),
    pMap(apisNamed('KeyRequirement'), (id) => kindOf('KeyRequirement').read(send, id), READERS),
  ]);
  const live = [...tagged, ...stages, ...requirements.filter((one) => one !== undefined)];
  return withMembers({ ...place, live }, imported, send);
}

function stagesOf(apiIds: readonly string[], send: Send): Promise<readonly Live[]> {
  return kindOf('Stage').list(send, { apiIds, wantsMembers: () => false });
}

function kindOf(name: string): Kind {
  const found = kinds.find(({ rules }) => rules.kind === name);
  if (!found) throw new Error(`there is no kind ${name}`);
  return found;
}

/** Whether a list carries tags is UNCONFIRMED for keys (docs/api-gateway-facts.md#f19): where a kind's list shows none, what a document may mean is read on its own. */
async function withTags(
  listed: readonly Live[],
  { documents }: Imported,
  send: Send,
): Promise<Live[]> {
  const isMeant = (live: Live) =>
    documents.some(
      (document) =>
        document.kind === live.kind &&
        (typeof document.adopt === 'object'
          ? document.adopt.id === live.id
          : soughtName(document) === live.name),
    );
  const untagged = ['ApiKey', 'UsagePlan'].filter((kind) => !showsTags(kind, listed));
  return readAgain(listed, (live) => untagged.includes(live.kind) && isMeant(live), send);
}

function showsTags(kind: string, live: readonly Live[]): boolean {
  return live.some((one) => one.kind === kind && Object.keys(one.tags).length > 0);
}

/** The plans that documents mean, with their keys and the throttles of their methods, which a list need not show; the tags of those keys, and all stages. */
async function withMembers(
  account: LiveAccount,
  imported: Imported,
  send: Send,
): Promise<LiveAccount> {
  const meant = new Set(
    [...matchLive(imported, account)].flatMap(([{ kind }, match]) =>
      kind === 'UsagePlan' && match.is === 'live' ? [match.live.id] : [],
    ),
  );
  const isMeant = ({ kind, id }: Live) => kind === 'UsagePlan' && meant.has(id);
  const live = await readAgain(account.live, isMeant, send);
  const membersIn = (field: string) =>
    live.filter(isMeant).flatMap(({ spec }) => idsIn(spec[field]));
  const keys = new Set(showsTags('ApiKey', live) ? [] : membersIn('keys'));
  const listed = new Set(live.filter(({ kind }) => kind === 'Stage').map(({ id }) => apiOf(id)));
  const unlisted = new Set(
    membersIn('stages')
      .map(apiOf)
      .filter((api) => !listed.has(api)),
  );
  const [known, stages] = await Promise.all([
    readAgain(live, ({ kind, id }) => kind === 'ApiKey' && keys.has(id), send),
    stagesOf([...unlisted], send),
  ]);
  return { ...account, live: [...known, ...stages] };
}

/** Of a stage's id, `<api id>:<stage name>`. */
function apiOf(stage: string): string {
  return stage.split(':')[0] ?? stage;
}

/** What was deleted meanwhile is gone. */
async function readAgain(
  live: readonly Live[],
  isWanted: (live: Live) => boolean,
  send: Send,
): Promise<Live[]> {
  const found = await pMap(
    live,
    (one) => (isWanted(one) ? kindOf(one.kind).read(send, one.id) : one),
    READERS,
  );
  return found.filter((one) => one !== undefined);
}
