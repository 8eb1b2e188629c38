import { expect, test } from 'vitest';
import type { Step } from '../../src/core/model/plan.ts';
import { forget } from '../../src/engine/apply/ownership-tags.ts';
import { createMemory } from '../../src/engine/state/memory.ts';
import { live, ours, planOf } from '../core/build.ts';

test('what is released or deleted is forgotten, and not another object of its name', () => {
  const retained = { 'apikeeper:on-remove': 'Retain' };
  const [step] = planOf({ live: [live('ApiKey', 'k1', {}, ours('acme', retained))] }).steps;
  expect(step?.action).toBe('release');
  const memory = createMemory();
  const who = 'ApiKey/default/acme';
  memory.lastSeen.set(who, { id: 'k2' });
  forget(step as Step, 'k1', { memory });
  expect(memory.lastSeen.get(who)).toEqual({ id: 'k2' });
  forget(step as Step, 'k2', { memory });
  expect(memory.lastSeen.has(who)).toBe(false);
});
