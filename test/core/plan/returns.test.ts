/** A key that left Git comes back: its tag says whether the removal disabled it. */
import { describe, expect, it } from 'vitest';
import { type Annotations, type Live, TAG } from '../../../src/core/model/model.ts';
import type { Step } from '../../../src/core/model/plan.ts';
import { fingerprint } from '../../../src/engine/state/hash-and-time.ts';
import { desired, linesOf, live, ours, planOf } from '../build.ts';

const TIME = '2026-01-29T09:00:05Z';
const ON = `enabled:${fingerprint('true')}`;
const OFF = `enabled:${fingerprint('false')}`;

function key(deleteAfter: string | undefined, applied: string | undefined, enabled = false): Live {
  return live(
    'ApiKey',
    'k1',
    { name: 'acme', enabled },
    ours('acme', {
      ...(deleteAfter !== undefined && { [TAG.deleteAfter]: deleteAfter }),
      ...(applied !== undefined && { [TAG.applied]: applied }),
    }),
  );
}

const ENABLES = ['update ApiKey/acme /spec/enabled'];
const LEAVES = ['keep ApiKey/acme'];
const IGNORED: Partial<Annotations> = { ignore: ['/spec/enabled'] };

describe('a key that comes back', () => {
  it.each<
    [
      reason: string,
      found: Live,
      spec: { enabled?: boolean },
      annotations: Partial<Annotations>,
      lines: readonly string[],
    ]
  >([
    ['named: as Git says', key(`${TIME}/on`, ON), { enabled: true }, {}, ENABLES],
    ['named false: stays off', key(`${TIME}/on`, ON), { enabled: false }, {}, LEAVES],
    ['omitted, written before: its default', key(`${TIME}/on`, ON), {}, {}, ENABLES],
    ['omitted, never written, was on', key(`${TIME}/on`, undefined), {}, {}, ENABLES],
    ['omitted, never written, was off', key(`${TIME}/off`, undefined), {}, {}, LEAVES],
    ['ignored, was on', key(`${TIME}/on`, undefined), {}, IGNORED, ENABLES],
    ['ignored, was off', key(`${TIME}/off`, undefined), {}, IGNORED, LEAVES],
    ['kept, was on', key('never/on', undefined), {}, {}, ENABLES],
    ['was suspended meanwhile', key('0/on', undefined), {}, {}, ENABLES],
    ['0.1.0: as applied says', key(TIME, OFF), {}, {}, ENABLES],
    ['0.1.0: applied says nothing', key(TIME, undefined), {}, {}, LEAVES],
    ['enabled already: interrupted', key(`${TIME}/on`, undefined, true), {}, {}, LEAVES],
    ['never left', key(undefined, undefined), {}, {}, LEAVES],
  ])('%s', (_, found, spec, annotations, lines) => {
    const { steps } = planOf({
      desired: [desired('ApiKey', 'acme', spec, annotations)],
      live: [found],
    });
    expect(linesOf({ steps })).toEqual(lines);
    expect(steps[0]?.changes.map(({ cause }) => cause)).toEqual(lines === ENABLES ? ['git'] : []);
    expect(steps[0]?.tags.remove).toEqual(TAG.deleteAfter in found.tags ? [TAG.deleteAfter] : []);
  });

  it('is enabled where the tag is still owed', () => {
    const owed = new Map([['ApiKey k1', `${TIME}/on`]]);
    const found = [key(undefined, undefined)];
    expect(linesOf(planOf({ desired: [desired('ApiKey', 'acme')], live: found, owed }))).toEqual(
      ENABLES,
    );
  });

  const tagsOf = (steps: readonly Step[]) => steps.map(({ tags }) => tags.set);

  it.each<[reason: string, policy: object, target: object, tags: readonly object[]]>([
    ['its time ends', {}, {}, [{}, { [TAG.deleteAfter]: '0/on' }]],
    ['with prune off too', { prune: false }, {}, [{}, { [TAG.deleteAfter]: '0/on' }]],
    ['--mode observe writes nothing', { mode: 'observe' }, {}, [{}]],
    ['an observed Target writes nothing', {}, { mode: 'observe' }, [{}]],
  ])('suspended: %s', (_, policy, target, tags) => {
    const document = desired('ApiKey', 'acme', {}, { mode: 'suspend' });
    const { steps } = planOf({
      desired: [document],
      live: [key(`${TIME}/on`, undefined)],
      policy,
      target,
    });
    expect(steps[0]).toMatchObject({ action: 'hold', reason: 'suspended' });
    expect(tagsOf(steps)).toEqual(tags);
  });
});
