/** Whatever is declared and whatever is live: a plan is the same in any order, leaves alone what isn't ours, and keeps within its guards. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { claimOf, otherManager } from '../../src/core/compare/ownership.ts';
import {
  type Annotations,
  type Desired,
  identity,
  type Json,
  type Live,
  TAG,
} from '../../src/core/model/model.ts';
import type { Plan, Step } from '../../src/core/model/plan.ts';
import { applied } from '../../src/core/model/three-way.ts';
import { operations } from '../../src/core/schedule/operations.ts';
import {
  desired,
  inputOf,
  live,
  members,
  OWNER,
  ours,
  planOf,
  RULES,
  rulesOf,
  stages,
} from './build.ts';

const numRuns = Number(process.env.APIKEEPER_RUNS ?? 300);

const KEYS = ['acme', 'bolt', 'cord', 'dent', 'echo', 'fink'];
const PLANS = ['plan-a', 'plan-b', 'plan-c'];
const STAGES = ['s1', 's2', 's3'];
const ids = {
  keys: KEYS.map((name) => `id-${name}`),
  stages: STAGES.map((name) => `api1:${name}`),
};

const some = <T>(all: readonly T[]) => fc.subarray([...all]);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 3 });
const text = fc.constantFrom('', 'one', 'two');
const limits = fc.option(
  fc.constantFrom({ rateLimit: 1, burstLimit: 2 }, { rateLimit: 0, burstLimit: 0 }),
  { nil: null },
);

/** Whose a live object is: mostly ours, under its own name. */
function tagsOf(name: string): fc.Arbitrary<Record<string, string>> {
  const retained = { [TAG.onRemove]: 'Retain' };
  return fc.oneof(
    { weight: 6, arbitrary: fc.constant(ours(name)) },
    fc.constantFrom<Record<string, string>>(
      {},
      ours(name, retained),
      ours(name, { [TAG.suspend]: 'yes' }),
      ours(name, {}, 'elsewhere'),
      { ...ours(name), [TAG.owner]: 'somebody' },
      { 'aws:cloudformation:stack-name': 'stack' },
      { ...ours(name), 'services.k8s.aws/controller-version': '1' },
      { team: 'housing' },
    ),
  );
}

const liveKey = (name: string) =>
  fc
    .record({ enabled: fc.boolean(), description: text, tags: tagsOf(name), twice: fc.boolean() })
    .map(({ tags, twice, ...spec }) => {
      const one = live('ApiKey', `id-${name}`, { name, ...spec }, tags);
      return twice && name === 'fink' ? [one, { ...one, id: 'id-fink-too' }] : [one];
    });
const livePlan = (name: string) =>
  fc
    .record({ keys: some(ids.keys), on: some(ids.stages), throttle: limits, tags: tagsOf(name) })
    .map(({ keys, on, throttle, tags }) => [
      live(
        'UsagePlan',
        `id-${name}`,
        { name, throttle, keys: members(...keys), stages: stages(...on) },
        tags,
      ),
    ]);
const liveStage = (name: string) =>
  fc
    .record({ description: text, tags: tagsOf(name) })
    .map(({ description, tags }) => [live('Stage', `api1:${name}`, { description }, tags)]);

const annotations: fc.Arbitrary<Partial<Annotations>> = fc.oneof(
  { weight: 5, arbitrary: fc.constant({}) },
  fc.constantFrom<Partial<Annotations>>(
    { adopt: 'by-name' },
    { adopt: 'by-name', adoptFrom: ['cloudformation'] },
    { adopt: 'id-acme' },
    { mode: 'observe' },
    { mode: 'suspend' },
    { movedFrom: [{ namespace: 'default', name: 'acme' }] },
    { ignore: ['/spec/description', '/spec/keys'] },
  ),
);

/** A document without the fields that were not drawn. */
function document(
  kind: string,
  name: string,
  spec: { readonly [field: string]: Json | undefined },
  more: Partial<Annotations>,
): Desired {
  const said = Object.entries(spec).filter(
    (entry): entry is [string, Json] => entry[1] !== undefined,
  );
  return desired(kind, name, Object.fromEntries(said), more);
}

const wantedKey = (name: string) =>
  fc
    .tuple(fc.record({ enabled: maybe(fc.boolean()), description: maybe(text) }), annotations)
    .map((drawn) => [document('ApiKey', name, ...drawn)]);
const restApi = { name: 'residents-api' };
const wantedStage = (name: string) =>
  fc
    .tuple(
      fc.record({ description: maybe(text), deployment: maybe(fc.constant('latest')) }),
      annotations,
    )
    .map(([spec, more]) => [document('Stage', name, { ...spec, restApi }, more)]);
const wantedPlan = (name: string) => {
  const entry = fc.constantFrom<Json>(
    ...STAGES.flatMap((stage) => [{ stage }, { restApi, stageName: stage }]),
    { stage: 'nowhere' },
  );
  const keys = maybe(some([...KEYS, 'nobody']));
  const on = maybe(
    fc.uniqueArray(entry, { maxLength: 3, selector: (one) => Object.values(one as object).at(-1) }),
  );
  const membership = maybe(fc.constantFrom('exact', 'additive'));
  return fc
    .tuple(fc.record({ keys, stages: on, throttle: maybe(limits), membership }), annotations)
    .map((drawn) => [document('UsagePlan', name, ...drawn)]);
};

const anyOf = <T>(
  names: readonly string[],
  make: (name: string) => fc.Arbitrary<T[]>,
): fc.Arbitrary<T[]> =>
  fc
    .tuple(...names.map((name) => fc.option(make(name), { nil: [], freq: 4 })))
    .map((all) => all.flat());
const all = <T>(...parts: fc.Arbitrary<T[]>[]): fc.Arbitrary<T[]> =>
  fc.tuple(...parts).map((lists) => lists.flat());

const situation = fc.record({
  desired: all(anyOf(KEYS, wantedKey), anyOf(STAGES, wantedStage), anyOf(PLANS, wantedPlan)),
  live: all(anyOf(KEYS, liveKey), anyOf(STAGES, liveStage), anyOf(PLANS, livePlan)),
  complete: fc.boolean(),
  policy: fc.record({
    prune: fc.boolean(),
    maxKeys: fc.integer({ min: 0, max: 3 }),
    maxPercent: fc.constantFrom(0, 30, 100),
  }),
});

const acts = ({ action }: Step) => action !== 'hold' && action !== 'keep';

describe('a plan', () => {
  it('is the same, whatever the order of documents and lists', () => {
    const shuffled = situation.chain((one) =>
      fc.tuple(
        fc.constant(one),
        fc.shuffledSubarray(one.desired, { minLength: one.desired.length }),
        fc.shuffledSubarray(one.live, { minLength: one.live.length }),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([one, documents, found]) => {
        const [a, b] = [planOf(one), planOf({ ...one, desired: documents, live: found })];
        expect(b.steps).toEqual(a.steps);
        expect(operations(b.steps, RULES)).toEqual(operations(a.steps, RULES));
      }),
      { numRuns },
    );
  });

  it('leaves alone what is not ours', () => {
    fc.assert(
      fc.property(situation, (one) => {
        for (const step of planOf(one).steps.filter(acts)) {
          const { live: found, kind, action } = step;
          if (!found || action === 'adopt') continue;
          if (kind === 'Stage' && action === 'update') {
            const allowed = [
              undefined,
              ...(step.desired?.annotations.adoptFrom ?? []),
              ...(claimOf(found, OWNER) ? ['ack'] : []),
            ];
            expect(allowed).toContain(otherManager(found, OWNER));
            continue;
          }
          expect(claimOf(found, OWNER)?.namespace, `${action} ${identity(step)}`).toBe('default');
          if (action === 'delete') expect(otherManager(found, OWNER)).toBeUndefined();
        }
      }),
      { numRuns },
    );
  });

  it('removes nothing while anything may only seem to be absent, or prune is off', () => {
    fc.assert(
      fc.property(situation, (one) => {
        if (one.complete && one.policy.prune) return;
        const removing = planOf(one).steps.filter(
          ({ action }) => action === 'delete' || action === 'disable' || action === 'release',
        );
        expect(removing).toEqual([]);
      }),
      { numRuns },
    );
  });

  it('touches nothing that is suspended, and nothing while only observing', () => {
    fc.assert(
      fc.property(situation, (one) => {
        const suspended = planOf(one).steps.filter(
          (step) => acts(step) && step.live?.tags[TAG.suspend] !== undefined,
        );
        expect(suspended).toEqual([]);
        const observing = planOf({ ...one, policy: { ...one.policy, mode: 'observe' } });
        expect(observing.steps.filter(acts)).toEqual([]);
        expect(operations(observing.steps, RULES)).toEqual([]);
      }),
      { numRuns },
    );
  });

  it('has every object in it once, beside its holds', () => {
    fc.assert(
      fc.property(situation, (one) => {
        const { steps, unmanaged } = planOf(one);
        const acting = steps
          .filter(({ action }) => action !== 'hold')
          .map((step) => `${identity(step)} ${step.live?.id}`);
        expect(acting).toHaveLength(new Set(acting).size);
        const names = operations(steps, RULES).map(({ id }) => id);
        expect(names).toHaveLength(new Set(names).size);
        const written = steps.filter(acts).flatMap(({ live: found }) => found ?? []);
        expect(written.filter((found) => unmanaged.includes(found))).toEqual([]);
      }),
      { numRuns },
    );
  });

  it('brings no key into two plans on one stage: the service would refuse that', () => {
    fc.assert(
      fc.property(situation, (one) => {
        const before = new Set(membersIn(one.live).map(({ plan, pair }) => `${plan} ${pair}`));
        const after = membersIn(afterPlan(one.live, planOf(one)));
        const clash = after.filter(
          ({ plan, pair }) =>
            !before.has(`${plan} ${pair}`) &&
            after.some((other) => other.plan !== plan && other.pair === pair),
        );
        expect(clash).toEqual([]);
      }),
      { numRuns },
    );
  });

  it('lets no more keys lose access than its guards allow', () => {
    fc.assert(
      fc.property(situation, (one) => {
        const input = inputOf(one);
        const plan = planOf(one);
        const losing = losers(one.live, plan);
        const managed = one.live.filter(
          (found) => found.kind === 'ApiKey' && claimOf(found, OWNER)?.namespace === 'default',
        ).length;
        expect(losing.length).toBeLessThanOrEqual(input.policy.maxKeys);
        if (managed >= 10)
          expect((losing.length * 100) / managed).toBeLessThanOrEqual(input.policy.maxPercent);
      }),
      { numRuns },
    );
  });
});

/** Enabled keys that a plan takes a stage from, and not because their own document disables them. */
function losers(before: readonly Live[], plan: Plan): string[] {
  const after = afterPlan(before, plan);
  const now = accessIn(after);
  const outright = new Set(
    plan.steps
      .filter(
        (step) =>
          step.kind === 'ApiKey' &&
          step.action !== 'disable' &&
          step.action !== 'hold' &&
          step.changes.some(({ field, desired }) => field === 'enabled' && desired === false),
      )
      .map((step) => step.live?.id),
  );
  const lost = [...accessIn(before)]
    .filter((pair) => !now.has(pair))
    .map((pair) => pair.split(' ')[0] ?? '');
  return [...new Set(lost)].filter((key) => !outright.has(key));
}

function afterPlan(before: readonly Live[], { steps }: Plan): Live[] {
  const active = steps.filter((step) => step.action !== 'hold');
  const kept = before.flatMap((found) => {
    const own = active.filter((step) => step.live === found);
    if (own.some(({ action }) => action === 'delete')) return [];
    const fields = Object.keys(rulesOf(found.kind).fields);
    const changes = own
      .flatMap((step) => step.changes)
      .filter(({ field }) => fields.includes(field));
    return [{ ...found, spec: applied(found.spec, changes) }];
  });
  const made = active.flatMap((step) =>
    step.action === 'create'
      ? [live(step.kind, step.fixedId ?? `pending:${identity(step)}`, step.owned)]
      : [],
  );
  return [...kept, ...made];
}

/** Every key of every plan, with each of its stages. */
function membersIn(all: readonly Live[]): {
  readonly plan: string;
  readonly key: string;
  readonly stage: string;
  readonly pair: string;
}[] {
  const names = (value: Json | undefined) => Object.keys((value ?? {}) as object);
  return all
    .filter(({ kind }) => kind === 'UsagePlan')
    .flatMap(({ id, spec }) =>
      names(spec.keys).flatMap((key) =>
        names(spec.stages).map((stage) => ({ plan: id, key, stage, pair: `${key} ${stage}` })),
      ),
    );
}

/** `<key id> <stage>` of enabled keys. */
function accessIn(all: readonly Live[]): Set<string> {
  const there = new Set(
    all.filter(({ kind, spec }) => kind === 'Stage' || spec.enabled === true).map(({ id }) => id),
  );
  const open = membersIn(all).filter(({ key, stage }) => there.has(key) && there.has(stage));
  return new Set(open.map(({ pair }) => pair));
}
