/** `export`: what is live, as manifests that adopt it. Manifests go to stdout or into a directory, what a person must know to stderr. */
import { existsSync } from 'node:fs';
import { compareText } from '../core/model/json.ts';
import type { Desired, Problem, Target } from '../core/model/model.ts';
import { type AccountState, readAccount } from '../engine/reconcile/read-account.ts';
import { exportManifests } from '../exporter/export.ts';
import { filesOf, streamOf } from '../exporter/files.ts';
import type { Exported, ExportedDocument } from '../exporter/model.ts';
import { NotSelected } from '../exporter/select.ts';
import { GatewayError } from '../gateway/errors.ts';
import { kinds } from '../kinds/index.ts';
import { load } from '../manifests/load.ts';
import { didYouMean } from '../manifests/suggest.ts';
import { DEFAULT_NAMESPACE, implicitTarget } from '../manifests/target.ts';
import { count, sanitize } from '../report/sanitize.ts';
import { ExpectedError, UsageError } from './errors.ts';
import { EXIT } from './exit.ts';
import { writeFiles } from './export-files.ts';
import type { FlagValues } from './flags.ts';
import { onStop, type ProcessIo } from './io.ts';
import { paceOf } from './pace.ts';

type Flags = FlagValues<'export'>;

export async function exportLive(
  directory: string,
  flags: Flags,
  world: ProcessIo,
  [given]: readonly string[],
): Promise<number> {
  const place = await placeOf(
    directory,
    given !== undefined || Boolean(world.env.APIKEEPER_MANIFESTS),
    flags,
  );
  const { target } = place;
  const found = await read(target, flags, world);
  const namespace = target.implicit ? (flags.namespace ?? DEFAULT_NAMESPACE) : target.namespace;
  const exported = choose(found, place, namespace, flags);
  const head = headOf(found);
  const written = namespace === DEFAULT_NAMESPACE ? undefined : namespace;
  const documents = [...targetDocument(target, namespace, found), ...exported.documents];
  if (flags.to !== undefined) await writeFiles(flags.to, filesOf(documents, head, written));
  else if (documents.length > 0) world.stdout.write(streamOf(documents, head, written));
  world.stderr.write(
    [...exported.notes.map(sanitize), summary(documents, found, flags), ...hint(exported), ''].join(
      '\n',
    ),
  );
  return EXIT.done;
}

interface Place {
  readonly target: Target;
  /** What the manifests of that Target declare. */
  readonly declared: readonly Desired[];
}

/** The Target that the manifests declare for the namespace; where they declare none, the ambient credentials and region. */
async function placeOf(
  directory: string,
  isGiven: boolean,
  { namespace, owner }: Flags,
): Promise<Place> {
  const ambient = { target: implicitTarget({ owner }), declared: [] };
  if (!isGiven && !existsSync(directory)) return ambient;
  const { targets: all, desired, problems } = await load(directory, { owner });
  const targets = all.filter(({ implicit }) => !implicit);
  const [only, another] = targets;
  const found =
    namespace === undefined && !another
      ? only
      : targets.find((target) => target.namespace === namespace);
  if (found)
    return { target: found, declared: desired.filter((one) => one.namespace === found.namespace) };
  const [problem] = problems;
  // What is wrong may be the very Target; in a directory that nobody named, it may be anything.
  if (problem && (isGiven || only)) throw new ExpectedError(problemText(problem));
  if (!only) return ambient;
  const names = targets.map((target) => target.namespace);
  if (namespace === undefined)
    throw new UsageError(
      `${directory} declares several Targets: say which with --namespace (${names.join(', ')})`,
    );
  const near = didYouMean(namespace, names) || `: there is ${names.join(', ')}`;
  throw new UsageError(`--namespace: no Target is named ${namespace} in ${directory}${near}`);
}

/** Of the directory itself there is no line to name. */
function problemText({ file, line, message }: Problem): string {
  return file === '.' ? message : `${file}:${line}: ${message}`;
}

async function read(target: Target, flags: Flags, world: ProcessIo): Promise<AccountState> {
  const stopping = new AbortController();
  using _ = onStop(world, (signal) =>
    stopping.abort(new ExpectedError(`stopped by ${signal}: nothing was written`)),
  );
  try {
    return await readAccount(target, paceOf(flags), world, stopping.signal);
  } catch (error) {
    throw error instanceof GatewayError
      ? new ExpectedError(error.message, { cause: error })
      : error;
  }
}

function choose(
  { live, apis }: AccountState,
  { target: { owner }, declared }: Place,
  namespace: string,
  flags: Flags,
): Exported {
  const selection = { apis: flags.api, plans: flags.plan, keys: flags.key };
  try {
    const rules = kinds.map((kind) => kind.rules);
    return exportManifests({
      account: { live, apis },
      owner,
      namespace,
      selection,
      declared,
      consumers: flags.consumers,
      rules,
    });
  } catch (error) {
    throw error instanceof NotSelected ? new UsageError(error.message, { cause: error }) : error;
  }
}

/** A namespace other than the default needs a Target; where the manifests have none yet, it comes with the export. */
function targetDocument(
  target: Target,
  namespace: string,
  { accountId, region }: AccountState,
): ExportedDocument[] {
  if (!target.implicit || namespace === DEFAULT_NAMESPACE) return [];
  if (accountId === undefined)
    throw new ExpectedError(
      `a namespace needs a Target, and the account's id for it could not be asked for (STS GetCallerIdentity): leave --namespace out, or declare the Target first`,
    );
  const { owner } = target;
  const spec = { region, accountId, ...(owner !== DEFAULT_OWNER && { owner }) };
  return [
    {
      kind: 'Target',
      name: namespace,
      id: accountId,
      file: 'target.yaml',
      address: 'the account and region',
      spec,
      comments: [],
    },
  ];
}

const DEFAULT_OWNER = implicitTarget({}).owner;

function accountText({ accountId, region }: AccountState): string {
  return accountId === undefined ? region : `account ${accountId}, ${region}`;
}

function headOf(found: AccountState): string {
  return `What is live in ${accountText(found)}. \`apikeeper plan\` must show adoptions and holds, and no other change, before anything is applied.`;
}

/** Where nothing is live, the credentials or the region may be another account's. */
function hint({ documents, notes }: Exported): string[] {
  return documents.length + notes.length > 0
    ? []
    : ['nothing to export is live there: is it the account and the region that you mean?'];
}

/** `documents`: all that are written. */
function summary(
  documents: readonly ExportedDocument[],
  found: AccountState,
  { to }: Flags,
): string {
  const kindsOf = Map.groupBy(documents, ({ kind }) => kind);
  const parts = [...kindsOf]
    .sort(([a], [b]) => compareText(a, b))
    .map(([kind, { length }]) => `${length} ${kind}`);
  const where =
    to === undefined
      ? ''
      : ` in ${count(new Set(documents.map(({ file }) => file)).size, 'file')} below ${sanitize(to)}`;
  return `${accountText(found)}: ${count(documents.length, 'document')}${where}${parts.length > 0 ? `: ${parts.join(', ')}` : ''}.`;
}
