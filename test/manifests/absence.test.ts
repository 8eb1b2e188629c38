import { describe, expect, test } from 'vitest';
import { type Absence, addReading, isAbsent, provableAt } from '../../src/manifests/absence.ts';
import { desired } from '../core/build.ts';

interface Look {
  /** When the reading began, in milliseconds; it takes 100. */
  readonly at: number;
  /** Names of keys in the namespace `default`. */
  readonly keys: readonly string[];
  /** Names of keys whose documents are invalid. */
  readonly invalid?: readonly string[];
  /** Default `/plain`. */
  readonly root?: string | undefined;
  readonly complete?: boolean;
  readonly incomplete?: readonly string[];
  readonly namespaces?: readonly string[];
}

function absenceAfter(looks: readonly Look[]): Absence {
  const [first, ...rest] = looks;
  if (!first) throw new Error('there is no reading');
  return rest.reduce(add, add(undefined, first));
}

function add(before: Absence | undefined, look: Look): Absence {
  const { at, keys, invalid = [], complete = true, incomplete = [] } = look;
  const documents = (names: readonly string[]) => names.map((name) => desired('ApiKey', name));
  const tree = {
    targets: (look.namespaces ?? ['default']).map((namespace) => ({
      namespace,
      owner: 'residents',
      prune: true,
      schedule: 'off',
      budget: { requestsPerSecond: 5, burst: 20 },
      guards: { maxKeys: 5, maxPercent: 30 },
      implicit: false,
    })),
    desired: documents(keys),
    invalid: documents(invalid),
    complete,
    ...('root' in look ? look.root && { root: look.root } : { root: '/plain' }),
    incompleteNamespaces: incomplete,
  };
  return addReading(before, { tree, startedAt: at, endedAt: at + 100 });
}

const ACME = 'ApiKey/default/acme';

describe('acme is absent', () => {
  test.each<{ readonly why: string; readonly looks: readonly Look[]; readonly absent: boolean }>([
    { why: 'read once, with it', looks: [{ at: 0, keys: ['acme'] }], absent: false },
    { why: 'read once, without it', looks: [{ at: 0, keys: [] }], absent: false },
    {
      why: 'the second reading is not two seconds after the end of the first',
      looks: [
        { at: 0, keys: ['acme'] },
        { at: 10_000, keys: [] },
        { at: 12_099, keys: [] },
      ],
      absent: false,
    },
    {
      why: 'two seconds lie between two readings',
      looks: [
        { at: 0, keys: ['acme'] },
        { at: 10_000, keys: [] },
        { at: 12_100, keys: [] },
      ],
      absent: true,
    },
    {
      why: 'the readings differ in other ways',
      looks: [
        { at: 0, keys: ['acme', 'birch'] },
        { at: 10_000, keys: ['birch'] },
        { at: 11_000, keys: ['cedar'] },
        { at: 12_100, keys: ['dogwood'] },
      ],
      absent: true,
    },
    {
      why: 'it came back in between',
      looks: [
        { at: 0, keys: ['acme'] },
        { at: 10_000, keys: [] },
        { at: 11_000, keys: ['acme'] },
        { at: 12_100, keys: [] },
      ],
      absent: false,
    },
    {
      why: 'a process that just started reads twice',
      looks: [
        { at: 0, keys: [] },
        { at: 2_100, keys: [] },
      ],
      absent: true,
    },
    {
      why: 'the link leads elsewhere: all was published at once',
      looks: [
        { at: 0, keys: ['acme'], root: '/1' },
        { at: 10_000, keys: [], root: '/2' },
      ],
      absent: true,
    },
    {
      why: 'the link leads where it led before',
      looks: [
        { at: 0, keys: ['acme'], root: '/1' },
        { at: 10_000, keys: [], root: '/1' },
      ],
      absent: false,
    },
    {
      why: 'the link led nowhere in between',
      looks: [
        { at: 0, keys: ['acme'], root: '/1' },
        { at: 10_000, keys: [], root: undefined, complete: false },
        { at: 10_500, keys: [], root: '/2' },
      ],
      absent: true,
    },
    {
      why: 'what a published state lacks stays absent',
      looks: [
        { at: 0, keys: ['acme'], root: '/1' },
        { at: 10_000, keys: [], root: '/2' },
        { at: 10_200, keys: [], root: '/2' },
      ],
      absent: true,
    },
    {
      why: 'an edit in place, soon after a published state, needs its own second look',
      looks: [
        { at: 0, keys: [], root: '/1' },
        { at: 10_000, keys: ['acme'], root: '/2' },
        { at: 10_200, keys: [], root: '/2' },
      ],
      absent: false,
    },
    {
      why: 'its document is invalid',
      looks: [
        { at: 0, keys: ['acme'] },
        { at: 10_000, keys: [], invalid: ['acme'] },
        { at: 20_000, keys: [], invalid: ['acme'] },
      ],
      absent: false,
    },
    {
      why: 'a reading that is not whole proves nothing, and counting begins anew',
      looks: [
        { at: 0, keys: ['acme'] },
        { at: 10_000, keys: [] },
        { at: 11_000, keys: [], complete: false },
        { at: 12_100, keys: [] },
      ],
      absent: false,
    },
    {
      why: 'the same where its namespace is incomplete',
      looks: [
        { at: 0, keys: ['acme'] },
        { at: 10_000, keys: [], incomplete: ['default'] },
        { at: 12_100, keys: [] },
      ],
      absent: false,
    },
    {
      why: 'another namespace is incomplete',
      looks: [
        { at: 0, keys: ['acme'], namespaces: ['default', 'staging'] },
        { at: 10_000, keys: [], namespaces: ['default', 'staging'], incomplete: ['staging'] },
        { at: 12_100, keys: [], namespaces: ['default', 'staging'] },
      ],
      absent: true,
    },
    {
      why: 'its Target was not there',
      looks: [
        { at: 0, keys: ['acme'] },
        { at: 10_000, keys: [], namespaces: ['staging'] },
        { at: 12_100, keys: [] },
      ],
      absent: false,
    },
  ])('$absent: $why', ({ looks, absent }) => {
    expect(isAbsent(absenceAfter(looks), ACME)).toBe(absent);
  });
});

describe('a further reading proves it', () => {
  test.each([
    { why: 'two seconds after the first one without it', keys: ['acme'], at: 12_100 },
    { why: 'two seconds after the first of all', keys: [], at: 2_100 },
  ])('$why', ({ keys, at }) => {
    const looks = [
      { at: 0, keys },
      { at: 10_000, keys: [] },
    ];
    const absence = absenceAfter(keys.length > 0 ? looks : looks.slice(0, 1));
    expect(provableAt(absence, [ACME])).toBe(at);
  });
});
