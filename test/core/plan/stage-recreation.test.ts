/** Stages that somebody else made again: told from tags that were stripped, and from detaching by hand. */
import { describe, expect, it } from 'vitest';
import type { Desired, Live, Spec } from '../../../src/core/model/model.ts';
import type { LastSeen } from '../../../src/core/model/plan-input.ts';
import { desired, live, members, ours, planOf, stages } from '../build.ts';

const restApi = { name: 'residents-api' };
const PROD = 'api1:prod';
const [BEFORE, AFTER] = [1_700_000_000_000, 1_700_000_600_000];
const stageDocument = desired('Stage', 'residents-prod', { restApi, stageName: 'prod' });
const planDocument = desired('UsagePlan', 'p', {
  keys: ['acme'],
  stages: [{ restApi, stageName: 'prod' }],
});
const acme = live('ApiKey', 'k1', { name: 'acme' }, ours('acme'));
const keyDocument = desired('ApiKey', 'acme');
const madeAt = (at: number | undefined, tags = {}): Live => ({
  ...live('Stage', PROD, {}, tags),
  ...(at !== undefined && { madeAt: at }),
});
const planLive = (on: Spec): Live =>
  live('UsagePlan', 'p1', { name: 'p', keys: members('k1'), stages: on }, ours('p'));
const seenStage = (at?: number): LastSeen => ({
  id: PROD,
  spec: {},
  ...(at !== undefined && { stages: new Map([[PROD, at]]) }),
});
const seenPlan: LastSeen = {
  id: 'p1',
  spec: planLive(stages(PROD)).spec,
  stages: new Map([[PROD, BEFORE]]),
};

interface Case {
  readonly reason: string;
  readonly documents: readonly Desired[];
  readonly objects: readonly Live[];
  readonly seen: Readonly<Record<string, LastSeen>>;
  /** `<kind>: <incident or -> <message>` */
  readonly says: readonly string[];
}

const RESET = 'Stage: stage.recreated somebody re-created the stage: what was set on it is gone';
const LOST = 'the stage residents-api:prod was re-created, so the plan lost it';

const CASES: readonly Case[] = [
  {
    reason: 'a stage made later is another one',
    documents: [stageDocument],
    objects: [madeAt(AFTER)],
    seen: { 'Stage/default/residents-prod': seenStage(BEFORE) },
    says: [RESET],
  },
  {
    reason: 'a stage whose tags were taken off is the same one',
    documents: [stageDocument],
    objects: [madeAt(BEFORE)],
    seen: { 'Stage/default/residents-prod': seenStage(BEFORE) },
    says: [],
  },
  {
    reason: 'a stage that only its tags made ours, and that lost them, is taken for another one',
    documents: [stageDocument],
    objects: [madeAt(AFTER)],
    seen: { 'Stage/default/residents-prod': seenStage() },
    says: [RESET],
  },
  {
    reason: 'a process that never saw it knows nothing',
    documents: [stageDocument, keyDocument, planDocument],
    objects: [madeAt(AFTER), planLive({})],
    seen: {},
    says: [],
  },
  {
    reason: 'a plan lost a stage that nothing but it names',
    documents: [keyDocument, planDocument],
    objects: [madeAt(AFTER), planLive({})],
    seen: { 'UsagePlan/default/p': seenPlan },
    says: [`UsagePlan: stage.recreated ${LOST}`],
  },
  {
    reason: 'of a stage with a document, the plan says why, and the document reports it',
    documents: [stageDocument, keyDocument, planDocument],
    objects: [madeAt(AFTER), planLive({})],
    seen: { 'Stage/default/residents-prod': seenStage(BEFORE), 'UsagePlan/default/p': seenPlan },
    says: [RESET, `UsagePlan: - ${LOST}`],
  },
  {
    reason: 'a stage that was taken out of the plan by hand was not re-created',
    documents: [keyDocument, planDocument],
    objects: [madeAt(BEFORE), planLive({})],
    seen: { 'UsagePlan/default/p': seenPlan },
    says: [],
  },
  {
    reason: 'when it was made may be unknown',
    documents: [keyDocument, planDocument],
    objects: [madeAt(undefined), planLive({})],
    seen: { 'UsagePlan/default/p': seenPlan },
    says: [],
  },
  {
    reason: 'whoever re-created it may have put it back',
    documents: [keyDocument, planDocument],
    objects: [madeAt(AFTER), planLive(stages(PROD))],
    seen: { 'UsagePlan/default/p': seenPlan },
    says: [],
  },
  {
    reason: 'a stage that left the manifest with the same commit is lost to nobody',
    documents: [keyDocument, desired('UsagePlan', 'p', { keys: ['acme'], stages: [] })],
    objects: [madeAt(AFTER), planLive({})],
    seen: { 'UsagePlan/default/p': seenPlan },
    says: [],
  },
  {
    reason: 'who only observes is told as well',
    documents: [keyDocument, desired('UsagePlan', 'p', planDocument.spec, { mode: 'observe' })],
    objects: [madeAt(AFTER), planLive({})],
    seen: { 'UsagePlan/default/p': seenPlan },
    says: [`UsagePlan: stage.recreated ${LOST}; observed, not enforced: nothing is written`],
  },
];

describe('a re-created stage', () => {
  it.each(CASES)('$reason', ({ documents, objects, seen, says }) => {
    const { steps } = planOf({
      desired: documents,
      live: [acme, ...objects],
      lastSeen: new Map(Object.entries(seen)),
    });
    const found = steps
      .filter(({ kind }) => kind !== 'ApiKey')
      .flatMap(({ kind, incident, message }) =>
        incident || message ? [`${kind}: ${incident ?? '-'} ${message}`] : [],
      );
    expect(found).toEqual(says);
  });
});
