/** `--live`: limits and ids come from the account, and the file only says what to look for. A file is not what was deployed. */
import { type Json, type Live, TAG } from '../../core/model/model.ts';
import { lintImported } from '../common/lint-imported.ts';
import {
  type Finding,
  type FindingCode,
  finding,
  type Imported,
  type ManifestDocument,
} from '../common/model.ts';
import { withoutSecrets } from '../common/secrets.ts';
import { inOrder, keepAllowed } from '../common/validate-and-sort.ts';
import { describe, type LiveAccount, placeText } from './account.ts';
import type { Match, Matches } from './found.ts';
import { matchLive } from './match.ts';
import { createReferences } from './references.ts';
import { type Written, writeLive } from './write.ts';

/** What was imported, as it is live. What is not found is left out, and what may be one of several waits for its id, as it does without an account. */
export function importLive(imported: Imported, account: LiveAccount): Imported {
  const matches = matchLive(imported, account);
  const referencesOf = createReferences(matches, account);
  const write = (document: ManifestDocument, live: Live) =>
    writeLive(document, live, referencesOf(live), imported.secrets ?? new Set());
  const parts = [...matches].map(([document, match]) =>
    partOf(document, match, matches, account, write),
  );
  const { documents, refused } = keepAllowed(parts.flatMap(({ document }) => document ?? []));
  const stale = new Set(lintImported(imported.documents, []).map(identityOf));
  const settled = new Map(
    parts.flatMap((part) =>
      part.written ? [[part.written.document.address, part.written] as const] : [],
    ),
  );
  const kept = imported.findings
    .filter((one) => !stale.has(identityOf(one)) && !isSettled(one, settled))
    .map((one) => revised(one, settled));
  const findings = [
    ...kept,
    ...parts.flatMap((part) => part.findings),
    ...refused,
    ...lintImported(documents, []),
  ];
  const { secrets = new Set(), ...rest } = imported;
  return { ...withoutSecrets(inOrder({ ...rest, documents, findings }), secrets), secrets };
}

function identityOf({ file, line, code, message }: Finding): string {
  return JSON.stringify([file, line, code, message]);
}

interface Part {
  readonly document?: ManifestDocument;
  readonly written?: Written;
  readonly findings: readonly Finding[];
}

function partOf(
  document: ManifestDocument,
  match: Match,
  matches: Matches,
  account: LiveAccount,
  write: (document: ManifestDocument, live: Live) => Written,
): Part {
  const what = `${document.kind} ${document.name}`;
  switch (match.is) {
    case 'live': {
      const written = write(document, match.live);
      return { document: written.document, written, findings: written.findings };
    }
    case 'owned': {
      const { [TAG.owner]: owner, [TAG.resource]: resource = 'another document' } = match.live.tags;
      const message = `${what}: ${describe(match.live)} is apikeeper's already, as ${resource} of owner ${owner}: that document speaks for it, and none is written here`;
      return { findings: [finding('LIVE_OWNED', document.source, message)] };
    }
    case 'absent': {
      const message = `${what}: ${match.why} (${placeText(account)}), so it is left out; where it should be live, look at the credentials, the region and the stage, else take it out of the file`;
      return { findings: [finding('NOT_LIVE', document.source, message)] };
    }
    case 'doubtful':
      return doubtful(document, match, matches);
  }
}

function doubtful(
  document: ManifestDocument,
  { why, candidates }: Extract<Match, { is: 'doubtful' }>,
  matches: Matches,
): Part {
  const list = candidates.map(describe).join(', ');
  const what = `${document.kind} ${document.name}`;
  if (document.kind === 'Stage' || document.kind === 'KeyRequirement') {
    const message = `${what}: ${why}, so it is left out: ${list}; where the file is CloudFormation's or Serverless's, --parameter <logical id of the API>=<id> settles it`;
    return { findings: [finding('LIVE_AMBIGUOUS', document.source, message)] };
  }
  const message = `${what}: ${why}: ${list}; write the id of the right one into apikeeper.dev/adopt and remove mode: suspend, or import again with its id (--parameter ${document.address}=<id>, or Terraform's state)`;
  const { adopt: _, ...waiting } = document;
  const comments = [
    ...document.comments,
    `one of these may be it: ${list}; write its id into apikeeper.dev/adopt, and remove mode: suspend`,
  ];
  return {
    document: { ...waiting, spec: withoutLost(document, matches), comments },
    findings: [finding('LIVE_AMBIGUOUS', document.source, message)],
  };
}

/** A plan's lists without what has no document any more. */
function withoutLost({ spec }: ManifestDocument, matches: Matches): ManifestDocument['spec'] {
  const gone = (kind: string, name: Json | undefined) =>
    [...matches].some(
      ([document, match]) =>
        document.kind === kind && document.name === name && isLeftOut(document, match),
    );
  const kept = (list: Json | undefined, isGone: (entry: Json) => boolean) =>
    Array.isArray(list) ? list.filter((entry: Json) => !isGone(entry)) : undefined;
  const keys = kept(spec.keys, (entry) => gone('ApiKey', entry));
  const stages = kept(spec.stages, (entry) =>
    gone('Stage', (entry as { readonly stage?: string }).stage),
  );
  const { keys: _keys, stages: _stages, ...rest } = spec;
  return {
    ...rest,
    ...(stages && stages.length > 0 && { stages }),
    ...(keys && keys.length > 0 && { keys }),
  };
}

function isLeftOut({ kind }: ManifestDocument, { is }: Match): boolean {
  return is === 'absent' || is === 'owned' || (is === 'doubtful' && kind === 'Stage');
}

/** What the live object has answered: an expression without a value, an object without a name, a limit of which a half is missing. */
const ANSWERED: ReadonlySet<FindingCode> = new Set([
  'UNRESOLVED',
  'NOT_ALLOWED',
  'LIMIT_HALF',
  'LIMIT_ZERO',
  'KEY_WITHOUT_NAME',
  'PLAN_WITHOUT_NAME',
  'NUMERIC_NAME',
]);

function isSettled(
  { code, address = '', message }: Finding,
  settled: ReadonlyMap<string, Written>,
): boolean {
  const written = settled.get(address);
  if (!written) return false;
  // That a version may have dropped the throttle explains why none is live.
  if (code === 'THROTTLE_DROPPED')
    return !written.differences.some(({ field }) => field === 'throttle');
  return ANSWERED.has(code) && !isSecret(message);
}

/** What the source keeps secret is left out, whatever is live: that goes on being said. */
function isSecret(message: string): boolean {
  return message.includes('never read here');
}

/** The manifest of a key that is adopted names no value. */
function revised(found: Finding, settled: ReadonlyMap<string, Written>): Finding {
  const written = found.code === 'VALUE_IN_SOURCE' ? settled.get(found.address ?? '') : undefined;
  if (!written) return found;
  const message = `ApiKey ${written.document.name}: its value is, or may be, written here (and not shown): whoever reads the repository can use it, so rotate the key; adopted, it keeps the value that it has, and the manifest names none`;
  return { ...found, message };
}
