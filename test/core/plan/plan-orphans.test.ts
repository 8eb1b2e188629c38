/** Keys and plans that left Git: what their tags say, and when they end. */
import { describe, expect, it } from 'vitest';
import { type Live, TAG } from '../../../src/core/model/model.ts';
import type { Step } from '../../../src/core/model/plan.ts';
import { fingerprint } from '../../../src/engine/state/hash-and-time.ts';
import { desired, linesOf, live, members, NOW, ours, planOf, stages } from '../build.ts';

const DAY_MS = 24 * 3600_000;
const at = (days: number) => new Date(NOW + days * DAY_MS).toISOString().replace('.000Z', 'Z');
const IN_14_DAYS = at(14);

interface KeyState {
  readonly enabled?: boolean;
  readonly deleteAfter?: string;
  readonly policy?: 'Delete' | 'Disable';
  /** Days ago; null: the service did not say. */
  readonly updated?: number | null;
}

function key({ enabled = false, deleteAfter, policy = 'Delete', updated = 365 }: KeyState): Live {
  const tags = {
    ...ours('acme', { [TAG.onRemove]: policy }),
    ...(deleteAfter !== undefined && { [TAG.deleteAfter]: deleteAfter }),
  };
  const { updatedAt: _, ...one } = live('ApiKey', 'k1', { name: 'acme', enabled }, tags);
  return updated === null ? one : { ...one, updatedAt: NOW - updated * DAY_MS };
}

const tagOf = ({ tags }: Step) => tags.set[TAG.deleteAfter] ?? '-';

describe('a key that left Git', () => {
  it.each<[reason: string, state: KeyState, lines: readonly string[], tag: string]>([
    [
      'was enabled: the tag says so',
      { enabled: true },
      ['disable ApiKey/acme /spec/enabled'],
      `${IN_14_DAYS}/on`,
    ],
    ['was disabled: the tag says so', {}, ['disable ApiKey/acme'], `${IN_14_DAYS}/off`],
    [
      'was enabled by hand: the word stays, and its grace begins anew',
      { enabled: true, deleteAfter: `${at(-1)}/off`, updated: 0 },
      ['disable ApiKey/acme /spec/enabled'],
      `${IN_14_DAYS}/off`,
    ],
    [
      'came back suspended and left again, disabled: the word stays',
      { deleteAfter: '0/on' },
      ['disable ApiKey/acme'],
      `${IN_14_DAYS}/on`,
    ],
    [
      'came back suspended and left again, enabled by hand: it was on',
      { enabled: true, deleteAfter: '0/off' },
      ['disable ApiKey/acme /spec/enabled'],
      `${IN_14_DAYS}/on`,
    ],
    [
      'waited while prune was off: a new grace',
      { deleteAfter: 'never/on' },
      ['disable ApiKey/acme'],
      `${IN_14_DAYS}/on`,
    ],
    [
      'left under 0.1.0, and its time cannot be read: no word is added',
      { deleteAfter: 'soon' },
      ['disable ApiKey/acme'],
      IN_14_DAYS,
    ],
    [
      'left under 0.1.0, and its time runs',
      { deleteAfter: at(1) },
      ['hold delete ApiKey/acme (grace)'],
      '-',
    ],
    [
      'its time is over, and nobody touched it',
      { deleteAfter: `${at(0)}/on`, updated: 13 },
      ['delete ApiKey/acme'],
      '-',
    ],
    [
      'its time is over by a tag that was written lately',
      { deleteAfter: '2020-01-01T00:00:00Z', updated: 12 },
      ['hold delete ApiKey/acme (grace)'],
      '-',
    ],
    [
      'its time is over, and the service does not say when it was updated',
      { deleteAfter: `${at(0)}/on`, updated: null },
      ['hold delete ApiKey/acme (grace)'],
      '-',
    ],
    [
      'is to be kept',
      { enabled: true, policy: 'Disable' },
      ['disable ApiKey/acme /spec/enabled'],
      'never/on',
    ],
    ['is kept', { policy: 'Disable', deleteAfter: 'never/on' }, ['keep ApiKey/acme'], '-'],
    [
      'is kept, and was enabled by hand',
      { policy: 'Disable', enabled: true, deleteAfter: 'never/off' },
      ['disable ApiKey/acme /spec/enabled'],
      'never/off',
    ],
  ])('%s', (_, state, lines, tag) => {
    const { steps } = planOf({ live: [key(state)] });
    expect(linesOf({ steps })).toEqual(lines);
    expect(steps.map(tagOf)).toEqual([tag]);
  });

  it('waits a grace less one day after it was updated, and says until when', () => {
    const { steps } = planOf({ live: [key({ deleteAfter: `${at(-1)}/on`, updated: 2 })] });
    expect(steps).toMatchObject([{ deleteAfter: at(11), reason: 'grace' }]);
    expect(steps[0]?.message).toContain(`updated ${at(-2)}; it is deleted after ${at(11)}`);
  });

  it('was on where the tag was refused, its process ended, and `applied` says so', () => {
    const one = key({});
    const tags = { ...one.tags, [TAG.applied]: `enabled:${fingerprint('true')}` };
    const { steps } = planOf({ live: [{ ...one, tags }] });
    expect(steps.map(tagOf)).toEqual([`${IN_14_DAYS}/on`]);
  });

  it('is as it was owed, where the tag was refused', () => {
    const owed = new Map([['ApiKey k1', `${at(13)}/on`]]);
    expect(planOf({ live: [key({})], owed }).steps.map(tagOf)).toEqual([`${IN_14_DAYS}/on`]);
  });

  it.each<[reason: string, state: KeyState, cause: string]>([
    ['no tag: Git did', { enabled: true }, 'git'],
    [
      'updated since the tag: by hand',
      { enabled: true, deleteAfter: `${at(10)}/on`, updated: 3 },
      'live',
    ],
    [
      'not updated since the tag: the disabling was interrupted',
      { enabled: true, deleteAfter: `${at(10)}/on`, updated: 5 },
      'git',
    ],
    ['no time runs: nobody knows', { enabled: true, deleteAfter: 'never/on' }, 'unknown'],
    ['came back: Git did', { enabled: true, deleteAfter: '0/on' }, 'git'],
  ])('is disabled, and the cause is told: %s', (_, state, cause) => {
    const { steps } = planOf({ live: [key(state)] });
    expect(steps.flatMap(({ changes }) => changes.map((change) => change.cause))).toEqual([cause]);
  });

  it.each<[reason: string, state: KeyState, policy: object, lines: readonly string[], tag: string]>(
    [
      [
        'its time stops',
        { deleteAfter: `${at(1)}/on` },
        { prune: false },
        ['keep ApiKey/acme', 'hold delete ApiKey/acme (prune-disabled)'],
        'never/on',
      ],
      [
        'that of 0.1.0 too',
        { deleteAfter: at(-1) },
        { prune: false },
        ['keep ApiKey/acme', 'hold delete ApiKey/acme (prune-disabled)'],
        'never',
      ],
      [
        'it stands already',
        { deleteAfter: 'never/on' },
        { prune: false },
        ['hold disable ApiKey/acme (prune-disabled)'],
        `${IN_14_DAYS}/on`,
      ],
      [
        'observing writes nothing',
        { deleteAfter: `${at(1)}/on` },
        { prune: false, mode: 'observe' },
        ['hold delete ApiKey/acme (prune-disabled)'],
        '-',
      ],
    ],
  )('while prune is off: %s', (_, state, policy, lines, tag) => {
    const { steps } = planOf({ live: [key(state)], policy });
    expect(linesOf({ steps })).toEqual(lines);
    expect(tagOf(steps[0] as Step)).toBe(tag);
  });

  it.each<[reason: string, clockAheadMs: number | undefined, line: string]>([
    ['no answer said so yet', undefined, 'delete ApiKey/acme'],
    ['four minutes are no matter', 4 * 60_000, 'delete ApiKey/acme'],
    ['ahead', 6 * 60_000, 'hold delete ApiKey/acme (dependency)'],
    ['behind', -6 * 60_000, 'hold delete ApiKey/acme (dependency)'],
  ])('is not deleted by a wrong clock: %s', (_, clockAheadMs, line) => {
    const found = [key({ deleteAfter: `${at(0)}/on` })];
    expect(linesOf(planOf({ live: found, clockAheadMs }))).toEqual([line]);
  });
});

describe('a plan that left Git and waits for its key', () => {
  const waiting = key({ deleteAfter: `${at(1)}/on` });
  const other = live('ApiKey', 'k2', { name: 'bolt' }, ours('bolt'));
  const guest = live('ApiKey', 'k3', { name: 'guest' });
  const stranger = live('ApiKey', 'k4', { name: 's' }, { ...ours('s'), [TAG.owner]: 'others' });
  const planWith = (...ids: readonly string[]) =>
    live(
      'UsagePlan',
      'p1',
      { name: 'p', keys: members(...ids), stages: stages('api1:prod') },
      ours('p'),
    );

  it.each<[reason: string, plan: Live, lines: readonly string[]]>([
    ['keeps its key', planWith('k1'), ['hold delete UsagePlan/p (grace)']],
    ['keeps a guest', planWith('k1', 'k3'), ['hold delete UsagePlan/p (grace)']],
    ['keeps another owner’s key', planWith('k1', 'k4'), ['hold delete UsagePlan/p (grace)']],
    ['keeps a key that nobody knows', planWith('k1', 'k9'), ['hold delete UsagePlan/p (grace)']],
    [
      'lets another key of ours go',
      planWith('k1', 'k2'),
      ['update UsagePlan/p /spec/keys/bolt', 'hold delete UsagePlan/p (grace)'],
    ],
    [
      'is deleted with its guests when there is none to wait for',
      planWith('k3'),
      ['delete UsagePlan/p'],
    ],
  ])('%s', (_, plan, lines) => {
    const planned = planOf({
      desired: [desired('ApiKey', 'bolt')],
      live: [waiting, other, guest, stranger, plan],
    });
    expect(linesOf(planned).filter((line) => line.includes('UsagePlan'))).toEqual(lines);
  });
});
