/** From an account to the manifests that say of it what is live: applying them changes nothing but tags. */

import { REQUIREMENT } from '../core/compare/key-requirement.ts';
import { claimOf } from '../core/compare/ownership.ts';
import { compareText } from '../core/model/json.ts';
import type { Live } from '../core/model/model.ts';
import { checked } from './check.ts';
import { sharedName } from './comments.ts';
import { withConsumers } from './consumers.ts';
import type { Context } from './context.ts';
import { declaredObjects } from './declared.ts';
import { documentOf } from './documents.ts';
import { type Exported, type ExportedDocument, type ExportOptions, keyOf } from './model.ts';
import { createNaming } from './naming.ts';
import { notesOn } from './notes.ts';
import { isDemanding } from './requirements.ts';
import { keysOf, type PlansOf, select } from './select.ts';

const KIND_ORDER = ['Stage', 'KeyRequirement', 'ApiKey', 'UsagePlan', 'Consumer'];

/** Throws NotSelected where the selection names what is not there. */
export function exportManifests(given: ExportOptions): Exported {
  const account = {
    ...given.account,
    live: given.account.live.toSorted((a, b) => compareText(keyOf(a), keyOf(b))),
  };
  const options = { ...given, account };
  const naming = createNaming(options);
  const plansOf = plansByKey(account.live);
  const wanted = select(account, options.selection, options.consumers ? plansOf : undefined);
  const selected = account.live.filter((live) => wanted.has(keyOf(live)));
  const declared = declaredObjects(options);
  const wantedHere = selected.filter((live) => !declared.has(keyOf(live)));
  const exported = wantedHere.filter(
    (live) => naming.nameOf(live) !== undefined && hasSomethingToSay(live, options),
  );
  const context: Context = {
    ...options,
    naming,
    chosen: new Set(exported.map(keyOf)),
    byKey: new Map(account.live.map((live) => [keyOf(live), live])),
    plansOf,
    namesakes: Map.groupBy(account.live, sharedName),
  };
  const rulesOf = new Map(options.rules.map((rules) => [rules.kind, rules]));
  const documents = exported.flatMap((live) => {
    const rules = rulesOf.get(live.kind);
    return rules ? documentOf(live, rules, context) : [];
  });
  const plain = checked(documents.toSorted(inOrder), options);
  const whole = options.consumers
    ? checked(withConsumers(plain.documents, context), options)
    : { documents: plain.documents, notes: [] };
  const known = selected.length - wantedHere.length;
  const notes = [
    ...(known > 0 ? [`${known} left out: the manifests declare them already`] : []),
    ...plain.notes,
    ...whole.notes,
    ...notesOn(wantedHere, exported, options),
  ];
  return { documents: whole.documents.toSorted(inOrder), notes };
}

function hasSomethingToSay(live: Live, { owner }: ExportOptions): boolean {
  return live.kind !== REQUIREMENT || isDemanding(live) || claimOf(live, owner) !== undefined;
}

function inOrder(a: ExportedDocument, b: ExportedDocument): number {
  return (
    compareText(a.file, b.file) ||
    KIND_ORDER.indexOf(a.kind) - KIND_ORDER.indexOf(b.kind) ||
    compareText(a.name, b.name)
  );
}

function plansByKey(all: readonly Live[]): PlansOf {
  const plans = new Map<string, Live[]>();
  for (const plan of all.filter(({ kind }) => kind === 'UsagePlan'))
    for (const id of keysOf(plan)) plans.set(id, [...(plans.get(id) ?? []), plan]);
  return plans;
}
