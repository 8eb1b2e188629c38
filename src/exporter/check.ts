/** The documents are valid and the plan of them changes nothing but tags: what would do otherwise is left out, and said. */
import { isLiveChange } from '../core/compare/compare-fields.ts';
import { isMap } from '../core/model/json.ts';
import type { Desired, Json } from '../core/model/model.ts';
import { plan } from '../core/plan/planner.ts';
import { toManifest } from '../manifest-writer/render.ts';
import { without } from '../manifest-writer/without.ts';
import { check } from '../manifests/check.ts';
import { expand } from '../manifests/consumer.ts';
import { danglingReferences } from '../manifests/dangling.ts';
import { readDraft } from '../manifests/draft.ts';
import { asWritten } from '../manifests/entry.ts';
import { toDesired } from '../manifests/load.ts';
import { segmentsOf } from '../manifests/problem.ts';
import { implicitTarget } from '../manifests/target.ts';
import type { Exported, ExportedDocument, ExportOptions } from './model.ts';

interface Flaw {
  readonly path: string;
  readonly message: string;
}

/** Lists that are exact: without one of its members, a list would ask for that member's removal. */
const EXACT = ['keys', 'stages'];

/** Each round takes something out of every document that is not right yet. */
export function checked(documents: readonly ExportedDocument[], options: ExportOptions): Exported {
  const notes: string[] = [];
  let kept = documents;
  for (;;) {
    const flaws = flawsOf(kept, options);
    if (flaws.size === 0) return { documents: kept, notes };
    kept = kept.flatMap((document) => {
      const flaw = flaws.get(document);
      if (!flaw) return document;
      const repaired = document.parts ?? repair(document, flaw, options);
      if (!repaired) notes.push(`${document.address} is left out: ${flaw.path} ${flaw.message}`);
      return repaired ?? [];
    });
  }
}

/** A document without what is wrong with it; undefined where that is all of it, or says which object is meant. */
function repair(
  document: ExportedDocument,
  { path, message }: Flaw,
  { rules }: ExportOptions,
): ExportedDocument | undefined {
  const [top, field = '', ...inner] = segmentsOf(path);
  const rule = rules.find(({ kind }) => kind === document.kind)?.fields[field];
  if (top !== 'spec' || rule?.role === 'identity') return undefined;
  const spec = without(
    document.spec,
    EXACT.includes(field) ? [field] : [field, ...indexed(document.spec[field], inner)],
  );
  const comment = `${path} is left out: ${message}`;
  return spec && { ...document, spec, comments: [...document.comments, comment] };
}

/** An entry of a list of methods is addressed by its key in a plan, and by its index in a document. */
function indexed(list: Json | undefined, [first, ...rest]: readonly string[]): string[] {
  if (first === undefined) return [];
  const index = Array.isArray(list)
    ? list.findIndex((entry: Json) => isMap(entry) && `${entry.method} ${entry.path}` === first)
    : -1;
  return [index < 0 ? first : String(index), ...rest];
}

/** The first flaw of each document that has any; of documents that are not valid, no plan is made. */
function flawsOf(
  documents: readonly ExportedDocument[],
  options: ExportOptions,
): Map<ExportedDocument, Flaw> {
  const drafts = documents.map((document) => {
    const place = { line: 1, column: 1 };
    const value = toManifest(document, options.namespace);
    return {
      document,
      draft: readDraft({
        file: document.file,
        ...place,
        value,
        locate: () => ({ key: place, value: place }),
      }),
    };
  });
  const written = drafts.flatMap(({ draft }) => draft.entry ?? []);
  const entries = expand(written, true);
  const together = [...check(entries), ...danglingReferences(entries)].map(asWritten);
  const invalid = new Map<ExportedDocument, Flaw>();
  for (const { document, draft } of drafts) {
    const first = draft.findings[0] ?? together.find(({ entry }) => entry === draft.entry);
    if (first) invalid.set(document, first);
  }
  if (invalid.size > 0) return invalid;
  const byEntry = new Map(drafts.map(({ document, draft }) => [draft.entry, document]));
  const byDesired = new Map<Desired, ExportedDocument>();
  for (const entry of entries) {
    const document = byEntry.get(entry.origin?.consumer ?? entry);
    if (document && entry.kind !== 'Consumer')
      byDesired.set(takenOver(toDesired(entry), document), document);
  }
  return changing(byDesired, options);
}

/** Documents that the plan would change something for, as if every manager had let go. */
function changing(
  byDesired: ReadonlyMap<Desired, ExportedDocument>,
  { account, owner, namespace, rules }: ExportOptions,
) {
  const { steps } = plan({
    target: { ...implicitTarget({ owner }), namespace },
    desired: [...byDesired.keys()],
    neighbours: [],
    namespaces: new Set([namespace]),
    invalid: new Set(),
    complete: true,
    live: account.live,
    apis: account.apis,
    rules,
    policy: {
      directory: '',
      unsetMode: 'enforce',
      prune: false,
      deleteGraceMs: 0,
      maxKeys: 0,
      maxPercent: 100,
    },
    contested: new Set(),
    lastSeen: new Map(),
    pinned: new Map(),
    // Who made a difference doesn't matter here, only that there is one.
    fingerprint: (text) => text,
    now: 0,
    time: { format: String, parse: Number },
  });
  const flaws = new Map<ExportedDocument, Flaw>();
  for (const { desired, kind, changes, message } of steps) {
    const document = desired && byDesired.get(desired);
    const rule = rules.find((one) => one.kind === kind);
    const change = rule && changes.find((one) => isLiveChange(one, rule));
    if (!document || !change || flaws.has(document)) continue;
    flaws.set(document, { path: change.path, message: message ?? 'it would change what is live' });
  }
  return flaws;
}

function takenOver(desired: Desired, { manager }: ExportedDocument): Desired {
  return manager === undefined
    ? desired
    : { ...desired, annotations: { ...desired.annotations, adoptFrom: [manager] } };
}
