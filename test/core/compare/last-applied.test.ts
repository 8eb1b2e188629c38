import { describe, expect, it } from 'vitest';
import {
  appliedTag,
  decodeApplied,
  encodeApplied,
} from '../../../src/core/compare/last-applied.ts';
import { type Spec, TAG } from '../../../src/core/model/model.ts';
import { fingerprint } from '../../../src/engine/state/hash-and-time.ts';
import { desired, live, ours, planOf, RULES, rulesOf } from '../build.ts';

/** What every AWS tag value may hold (docs/api-gateway-facts.md#f28). */
const TAG_VALUE = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;

describe('the tag that remembers what was written', () => {
  it.each(RULES.map((rules) => [rules.kind, rules] as const))(
    'of a %s has room for every field',
    (_, rules) => {
      const fields = Object.values(rules.fields).filter(
        ({ role, sensitive }) => !sensitive && (role === 'live' || role === 'createOnly'),
      );
      const spec: Spec = Object.fromEntries(fields.map(({ name }) => [name, 'x']));
      const tag = appliedTag({}, spec, new Set(), rules, fingerprint);
      expect(tag).toMatch(TAG_VALUE);
      expect([...decodeApplied(tag).keys()]).toEqual(Object.keys(spec).sort());
    },
  );

  it('reads as it was written, and nothing from what somebody else wrote', () => {
    const prints = new Map([
      ['b', '2'],
      ['a', '1'],
    ]);
    expect(encodeApplied(prints)).toBe('a:1/b:2');
    expect(decodeApplied('a:1/b:2')).toEqual(prints);
    for (const text of [undefined, '', 'hello', '/', ':', 'a:/:1'])
      expect(decodeApplied(text)).toEqual(new Map());
  });

  const rules = rulesOf('ApiKey');
  const tagged = live(
    'ApiKey',
    'k1',
    {},
    ours('acme', { [TAG.applied]: 'description:old/customerId:older' }),
  );
  const print = (value: string) => fingerprint(JSON.stringify(value));

  it('goes on saying what it said of a field that was held or failed', () => {
    const tag = appliedTag(
      { live: tagged },
      { description: 'new', customerId: '7' },
      new Set(['description']),
      rules,
      fingerprint,
    );
    expect(tag).toBe(`customerId:${print('7')}/description:old`);
  });

  it('says nothing of a field that is not ours any more', () => {
    expect(
      appliedTag({ live: tagged }, { description: 'new' }, new Set(), rules, fingerprint),
    ).toBe(`description:${print('new')}`);
  });

  it('keeps what it said of what left Git: a revert needs it', () => {
    const tag = appliedTag(
      { live: tagged, state: 'orphaned' },
      { enabled: false },
      new Set(),
      rules,
      fingerprint,
    );
    expect(tag).toBe(`customerId:older/description:old/enabled:${fingerprint('false')}`);
  });

  it('is renewed in passing, without a step, where it is stale and nothing differs', () => {
    const acme = desired('ApiKey', 'acme', { description: 'new' });
    const inSync = live('ApiKey', 'k1', { name: 'acme', description: 'new' }, tagged.tags);
    const [step] = planOf({ desired: [acme], live: [inSync] }).steps;
    expect(step).toMatchObject({ action: 'keep', changes: [] });
    expect(step?.tags.set).toEqual({
      [TAG.applied]: `customerId:${fingerprint('null')}/description:${print('new')}`,
    });
  });
});
