/** What every importer does last: look at the whole, leave out what no manifest may say, and put all in an order that doesn't depend on the source's. */

import { compareText } from '../../core/model/json.ts';
import { toManifest } from '../../manifest-writer/render.ts';
import { without } from '../../manifest-writer/without.ts';
import { check } from '../../manifests/check.ts';
import { danglingReferences } from '../../manifests/dangling.ts';
import { readDraft } from '../../manifests/draft.ts';
import { segmentsOf } from '../../manifests/problem.ts';
import { keyRequirements } from './key-requirements.ts';
import { lintImported } from './lint-imported.ts';
import {
  type Finding,
  finding,
  type Imported,
  type ManifestDocument,
  type Position,
  type Translated,
} from './model.ts';

const KIND_ORDER = ['Stage', 'ApiKey', 'UsagePlan', 'KeyRequirement'];

/** The documents of the result are valid, alone and together. `start` stands for the whole source. */
export function validateAndSort(
  { requirements, ...imported }: Translated,
  start: Position,
): Imported {
  const objects = keepAllowed(imported.documents.map(leaveOthersIn));
  const demands = keyRequirements(requirements, objects.documents);
  const allowed = keepAllowed(demands.documents);
  const documents = [...objects.documents, ...allowed.documents];
  const findings = [
    ...imported.findings,
    ...objects.refused,
    ...demands.findings,
    ...allowed.refused,
    ...lintImported(objects.documents, requirements),
  ];
  if (documents.length === 0 && findings.length === 0)
    findings.push(finding('NOTHING_FOUND', start, NOTHING));
  return inOrder({ ...imported, documents, findings });
}

/** The order in which everything is printed. */
export function inOrder({ documents, findings, ...imported }: Imported): Imported {
  return {
    ...imported,
    documents: documents.toSorted(
      (a, b) =>
        KIND_ORDER.indexOf(a.kind) - KIND_ORDER.indexOf(b.kind) || compareText(a.name, b.name),
    ),
    findings: findings.toSorted(
      (a, b) =>
        compareText(a.file, b.file) ||
        a.line - b.line ||
        compareText(a.code, b.code) ||
        compareText(a.message, b.message),
    ),
  };
}

const NOTHING =
  'there is no key, no plan and no stage setting here, and no method that demands a key';

/** A source need not know all members of a live plan: an exact list would detach the others, and their consumers would lose access. */
function leaveOthersIn(document: ManifestDocument): ManifestDocument {
  const { stages, keys, membership } = document.spec;
  if (
    document.kind !== 'UsagePlan' ||
    (stages === undefined && keys === undefined) ||
    membership !== undefined
  )
    return document;
  const comment =
    'membership: additive leaves in what the source does not know of; remove the line once the plan shows no such member';
  return {
    ...document,
    spec: { ...document.spec, membership: 'additive' },
    comments: [...document.comments, comment],
  };
}

/** Takes out what `validate` would refuse, one field per document and round, until nothing is refused. */
export function keepAllowed(documents: readonly ManifestDocument[]): {
  documents: ManifestDocument[];
  refused: Finding[];
} {
  const refused: Finding[] = [];
  let kept = [...documents];
  for (;;) {
    const wrong = firstProblems(kept);
    if (wrong.size === 0) return { documents: kept, refused };
    kept = kept.flatMap((document) => {
      const problem = wrong.get(document);
      if (!problem) return document;
      const segments = segmentsOf(problem.path).slice(1);
      // Of a method's requirement no part stands without the others.
      const rest = without(
        document.spec,
        document.kind === 'KeyRequirement' ? segments.slice(0, 2) : segments,
      );
      const what = rest === undefined ? 'the whole document' : problem.path;
      const message = `${document.kind} ${document.name}: ${what} was left out, since ${problem.path} is ${problem.message}`;
      refused.push(finding('NOT_ALLOWED', document.source, message));
      return rest === undefined ? [] : [{ ...document, spec: rest }];
    });
  }
}

/** What `validate` says first of each document. */
function firstProblems(
  documents: readonly ManifestDocument[],
): Map<ManifestDocument, { path: string; message: string }> {
  const drafts = documents.map((document) => {
    const place = { line: document.source.line, column: 1 };
    const locate = () => ({ key: place, value: place });
    return {
      document,
      draft: readDraft({
        file: document.source.file,
        ...place,
        value: toManifest(document),
        locate,
      }),
    };
  });
  const entries = drafts.flatMap(({ draft }) => draft.entry ?? []);
  const together = [...check(entries), ...danglingReferences(entries)];
  const problems = new Map<ManifestDocument, { path: string; message: string }>();
  for (const { document, draft } of drafts) {
    const first = draft.findings[0] ?? together.find(({ entry }) => entry === draft.entry);
    if (first) problems.set(document, first);
  }
  return problems;
}
