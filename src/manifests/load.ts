/** Manifests: from a directory to what they ask for, and to everything that is wrong with them. */
import { compact } from '../core/model/compact.ts';
import { compareText } from '../core/model/json.ts';
import { type Desired, identity, type Problem, type Target } from '../core/model/model.ts';
import { check } from './check.ts';
import { expand } from './consumer.ts';
import { withoutCopies } from './copies.ts';
import { danglingReferences } from './dangling.ts';
import { type Draft, readDraft, toProblem } from './draft.ts';
import { asWritten, type Entry, type Violation } from './entry.ts';
import { readSnapshot, type Snapshot } from './files.ts';
import { type HeldRemoval, movedNames } from './moved-names.ts';
import { parse } from './parse.ts';
import { compareProblems } from './problem.ts';
import { readRevision } from './revision.ts';
import { KINDS } from './schemas.ts';
import { didYouMean } from './suggest.ts';
import { DEFAULT_NAMESPACE, type ImplicitTarget, implicitTarget } from './target.ts';
import { targetOf } from './target-copies.ts';
import type { Finding } from './validate.ts';
import { type TreeWarning, warnings } from './warnings.ts';

export { isCurrent } from './files.ts';

/** What a directory of manifests says. Everything is sorted: the names of files and the order within them decide nothing but positions. */
export interface Tree {
  /** As given. */
  readonly directory: string;
  /** The Git commit, where it can be read. */
  readonly revision?: string;
  /** The valid ones; or the implicit `default`, where everything was read, every kind is known, and no document is a Target. */
  readonly targets: readonly Target[];
  /** The names of all Targets, valid or not; absent where a Target may be in what was not read, or not understood. */
  readonly targetNamespaces?: readonly string[];
  /** The valid documents whose Target is valid, by identity. */
  readonly desired: readonly Desired[];
  /** Documents that parse, have kind, namespace and name, and are invalid; and what invalid Consumers expand to, as far as it can be told. */
  readonly invalid: readonly Identity[];
  /** What documents that take no part say they moved from: it has not left Git. */
  readonly heldRemovals: readonly HeldRemoval[];
  /** By file, line and column. */
  readonly problems: readonly Problem[];
  /** References to names that no document bears: wrong for `validate`, a held entry for a plan. Not looked for in a tree that isn't complete. */
  readonly dangling: readonly Problem[];
  /** What is valid, and blocks callers or protects nothing all the same. Of the absence of something nothing is said where not all is known. */
  readonly warnings: readonly TreeWarning[];
  /** Every file was read and parsed, and there is at least one document. */
  readonly complete: boolean;
  /** Namespaces where a document that seems absent may only be invalid. */
  readonly incompleteNamespaces: readonly string[];
  readonly files: number;
  readonly documents: number;
  /** The real path of what was read: a link that publishes leads to another each time. Absent where there is nothing. */
  readonly root?: string;
  /** Every path that was resolved and what it led to, for `isCurrent`: does the directory still lead to what was read? */
  readonly resolved: ReadonlyMap<string, string>;
}

interface Identity {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Reads a directory of manifests, or a single file. What users wrote never makes it throw: all that is wrong is in `problems`. */
export async function load(path: string, options: ImplicitTarget = {}): Promise<Tree> {
  const snapshot = await readSnapshot(path);
  const revision = snapshot.root && (await readRevision(snapshot.root));
  return { directory: path, ...(revision && { revision }), ...interpret(snapshot, options) };
}

function interpret(
  snapshot: Snapshot,
  options: ImplicitTarget,
): Omit<Tree, 'directory' | 'revision'> {
  const parsed = snapshot.files.map(({ file, text }) => parse(file, text));
  const drafts = parsed.flatMap(({ documents }) => documents).map(readDraft);
  const unread = [...snapshot.problems, ...parsed.flatMap(({ problems }) => problems)];
  if (unread.length === 0 && drafts.length === 0) unread.push(nothingThere(snapshot));
  const complete = unread.length === 0;

  const isWhole = complete && drafts.every(({ entry }) => entry !== undefined);
  const entries = expand(
    drafts.flatMap(({ entry }) => entry ?? []),
    isWhole,
  );
  const single = withoutCopies(entries);
  const isImplicit =
    complete &&
    drafts.every(({ kind }) => kind !== 'Target' && kind !== undefined && KINDS.includes(kind));
  const namespaces = declaredNamespaces(drafts);
  const draftOf = new Map(drafts.map((draft) => [draft.document, draft]));
  // A Target may be in what was not read, or in a document of an unknown kind: then its namespace is no mistake.
  const knowsTargets = complete && !snapshot.isFile && (namespaces.size > 0 || isImplicit);
  const homeless = knowsTargets ? withoutTarget(drafts, namespaces) : [];
  const violations = [...check(entries, single), ...homeless];
  for (const violation of violations) {
    const { entry, ...finding } = asWritten(violation);
    note(finding, draftOf.get(entry.document)?.findings);
  }

  const invalid = drafts.filter(({ findings }) => findings.length > 0);
  const violating = new Set(violations.map(({ entry }) => entry));
  // What is wrong with one object that a Consumer expands to leaves the others alone, as it would if they were written out.
  const isValid = (entry: Entry): boolean =>
    entry.valid && !violating.has(entry) && (!entry.origin || isValid(entry.origin.consumer));
  const valid = single.filter(isValid);
  const taking = new Set(valid);
  const targets = isImplicit
    ? [implicitTarget(options)]
    : valid.filter(({ kind }) => kind === 'Target').map(targetOf);
  const served = new Set(targets.map(({ namespace }) => namespace));
  const dangling = complete && !snapshot.isFile ? danglingReferences(single) : [];
  const desired = valid
    .filter(
      ({ kind, namespace }) => kind !== 'Target' && kind !== 'Consumer' && served.has(namespace),
    )
    .map(toDesired)
    .sort(byIdentity);
  const incomplete = incompleteNamespaces(invalid, drafts, namespaces);
  const usable = targets.filter(({ unusable }) => unusable === undefined);
  const written = new Set(usable.map(({ namespace }) => namespace));
  const idle = drafts.filter(
    ({ findings, namespace = '' }) => findings.length > 0 || !written.has(namespace),
  );
  const targetNamespaces = isImplicit ? [DEFAULT_NAMESPACE] : [...namespaces];
  return {
    targets: targets.sort((a, b) => compareText(a.namespace, b.namespace)),
    ...(isWhole && !snapshot.isFile && { targetNamespaces }),
    desired,
    invalid: distinct(
      [...invalid, ...entries.filter((entry) => !taking.has(entry))].flatMap(identityOf),
    ),
    heldRemovals: idle.flatMap((draft) => movedNames(draft) ?? []),
    problems: [
      ...unread,
      ...invalid.flatMap((draft) => draft.findings.map((finding) => toProblem(draft, finding))),
    ].sort(compareProblems),
    dangling: dangling
      .map(asWritten)
      .map((violation) => toProblem(violation.entry, violation))
      .sort(compareProblems),
    warnings: warnings(desired, valid, { isWhole: complete && !snapshot.isFile, incomplete }),
    complete,
    incompleteNamespaces: incomplete,
    files: snapshot.files.length,
    documents: drafts.length,
    ...(snapshot.content !== undefined && { root: snapshot.content }),
    resolved: snapshot.resolved,
  };
}

/** The names of all Target documents, valid or not. */
function declaredNamespaces(drafts: readonly Draft[]): ReadonlySet<string> {
  return new Set(
    drafts.flatMap(({ kind, namespace }) =>
      kind === 'Target' && namespace !== undefined ? namespace : [],
    ),
  );
}

/** Documents of a namespace that no Target bears. */
function withoutTarget(drafts: readonly Draft[], namespaces: ReadonlySet<string>): Violation[] {
  const known = namespaces.size === 0 ? new Set([DEFAULT_NAMESPACE]) : namespaces;
  return drafts.flatMap(({ entry, isSure, findings }) => {
    if (!entry || known.has(entry.namespace)) return [];
    // Already said in other words: the namespace's own field is wrong, or one that may be it.
    if (!isSure || findings.some(({ path }) => path === '/metadata/namespace')) return [];
    return [{ entry, path: '/metadata/namespace', message: noTarget(entry.namespace, namespaces) }];
  });
}

function noTarget(namespace: string, namespaces: ReadonlySet<string>): string {
  const all = [...namespaces].sort(compareText).join(', ');
  if (namespaces.size === 0)
    return `no Target is declared, so the only namespace is ${DEFAULT_NAMESPACE}; declare a Target named ${namespace}, or leave namespace out`;
  if (namespace === DEFAULT_NAMESPACE)
    return `no Target is named ${DEFAULT_NAMESPACE}; write the namespace that is meant, one of ${all}`;
  return `no Target is named ${namespace}${didYouMean(namespace, namespaces) || `; declare it, or write one of ${all}`}`;
}

/** An invalid document makes its namespace incomplete; one whose metadata can't be read, or whose namespace isn't known, every namespace. */
function incompleteNamespaces(
  invalid: readonly Draft[],
  drafts: readonly Draft[],
  declared: ReadonlySet<string>,
): string[] {
  const known = declared.size === 0 ? new Set([DEFAULT_NAMESPACE]) : declared;
  const own = invalid.map(({ namespace }) => namespace);
  const isAnywhere = invalid.some(
    (draft) => movedNames(draft) === undefined || !known.has(draft.namespace ?? ''),
  );
  const named = isAnywhere
    ? [...known, ...drafts.flatMap(({ namespace }) => namespace ?? [])]
    : own.filter((namespace) => namespace !== undefined);
  return [...new Set(named)].sort(compareText);
}

function nothingThere({ files }: Snapshot): Problem {
  const what = files.length === 0 ? 'holds no .yaml, .yml or .json file' : 'holds no document';
  return { file: '.', line: 1, column: 1, message: `the directory ${what}; is it the right one?` };
}

/** A valid entry as what it asks for. */
export function toDesired({
  kind,
  namespace,
  name,
  spec,
  annotations,
  origin,
  disputed,
  document: { file, line },
}: Entry): Desired {
  const consumer = origin && { consumer: origin.consumer.name };
  const source = { file, line };
  return compact({ kind, namespace, name, spec, annotations, source, disputed, ...consumer });
}

/** What is wrong with a Consumer's `defaults` is wrong with each of its plans, and said once. */
function note(finding: Finding, findings: Finding[] | undefined): void {
  const isKnown = findings?.some(
    ({ path, message }) => path === finding.path && message === finding.message,
  );
  if (!isKnown) findings?.push(finding);
}

function identityOf({ kind, namespace, name }: Partial<Identity>): Identity[] {
  return kind && namespace && name ? [{ kind, namespace, name }] : [];
}

function byIdentity(a: Identity, b: Identity): number {
  return compareText(identity(a), identity(b));
}

function distinct(identities: readonly Identity[]): Identity[] {
  return [...new Map(identities.map((one) => [identity(one), one])).values()].sort(byIdentity);
}
