/**
 * What every kind does with each of its fields, whatever they are called: takes a value in one step and at most one PATCH, finds nothing to do afterwards, sees
 * and heals a change that was made by hand, and changes back. The values are the schemas' own examples (examples.ts).
 */
import { describe, expect, it } from 'vitest';
import type { FieldRule } from '../../src/core/model/field-rules.ts';
import { isMap, isUnset, type JsonMap, jsonEqual } from '../../src/core/model/json.ts';
import { type Json, type Live, TAG } from '../../src/core/model/model.ts';
import type { Cause } from '../../src/core/model/plan.ts';
import type { ReportObject } from '../../src/core/model/report.ts';
import type { Kind } from '../../src/kinds/kind.ts';
import { tag, untag } from '../../src/kinds/tags.ts';
import { type Case, casesOf } from './examples.ts';
import { createSubject, NAME, type Subject } from './subject.ts';

const REGION = 'eu-west-2';

/** What a field does instead of being a field of the live object, or besides. */
export type OwnLaw = (subject: Subject, rule: FieldRule, values: Case['values']) => Promise<void>;

/** @param own by field name: laws that stand in for the common ones */
export function contract(kind: Kind, own: Readonly<Record<string, OwnLaw>> = {}): void {
  describe.each([
    { process: 'one process', fresh: false },
    { process: 'a process for each pass', fresh: true },
  ])(`${kind.rules.kind}, $process`, ({ fresh }) => {
    it.each(casesOf(kind.rules))('$path', async ({ rule, values }) => {
      await using subject = await createSubject(kind, { [rule.name]: values[0] }, fresh);
      const law = own[rule.name];
      if (law) await law(subject, rule, values);
      else if (rule.immutable) await isHeld(subject, rule, values);
      else if (rule.role === 'policy') await steers(subject, rule, values);
      else await changes(subject, rule, values);
    });
  });
}

async function changes(
  subject: Subject,
  rule: FieldRule,
  [first, second]: Case['values'],
): Promise<void> {
  const { live: start } = await subject.read();
  await takes(subject, rule, first, defaultIn(rule));
  const { live: one } = await subject.read();
  await takes(subject, rule, second, first);
  const { live: two } = await subject.read();

  const field = rule.name;
  await healsWhatAHandDid(
    subject,
    rule,
    [one, start].find(({ spec }) => !jsonEqual(spec[field], two.spec[field])) ?? start,
    two,
  );
  if (rule.merge === 'per-key') return losesItsKeys(subject, rule, second, two);
  const goesBack = rule.role === 'live' && !jsonEqual(second, defaultIn(rule));
  await becomes(subject, {}, goesBack ? by(rule, 'git') : nothing);
  const { live: end } = await subject.read();
  expect(end.spec[field]).toEqual((rule.role === 'live' ? start : two).spec[field]);
}

/** `deployment: latest` is what a stage is made from, and says nothing later. */
function saysSomething({ role }: FieldRule, value: Json): boolean {
  return role !== 'createOnly' || isMap(value);
}

/** What was never written can't be told from what somebody changed, unless this process saw it. */
function causeOfNews({ fresh }: Subject, rule: FieldRule, before: Json): Cause {
  return fresh && rule.role === 'createOnly' && !saysSomething(rule, before) ? 'unknown' : 'git';
}

export async function takes(
  subject: Subject,
  rule: FieldRule,
  value: Json,
  before: Json,
): Promise<void> {
  const isNews = saysSomething(rule, value) && !jsonEqual(value, before);
  await becomes(
    subject,
    { [rule.name]: value },
    isNews ? by(rule, causeOfNews(subject, rule, before)) : nothing,
  );
  if (!saysSomething(rule, value)) return;
  const { answers } = await subject.read();
  const found = scalarsIn(answers);
  expect(scalarsOf(value, rule).filter((one) => !found.includes(one))).toEqual([]);
}

/** Somebody puts the field back to what it was: that is seen as theirs, and undone. */
export async function healsWhatAHandDid(
  subject: Subject,
  rule: FieldRule,
  from: Live,
  to: Live,
): Promise<void> {
  await putByHand(subject, rule.name, from, to);
  await settles(subject, by(rule, 'live'));
  expect((await subject.read()).live.spec).toEqual(to.spec);
}

async function putByHand(
  { kind, send }: Subject,
  field: string,
  from: Live,
  to: Live,
): Promise<void> {
  const [wanted, is] = [asMap(from.spec[field]), asMap(to.spec[field])];
  const added = Object.keys(wanted).filter((key) => !jsonEqual(wanted[key], is[key]));
  const gone = Object.keys(is).filter((key) => !(key in wanted));
  if (field === 'tags') {
    await tag(
      send,
      kind.arn(to, REGION),
      Object.fromEntries(added.map((key) => [key, String(wanted[key])])),
    );
    await untag(send, kind.arn(to, REGION), gone);
  } else if (field === kind.members?.field) {
    for (const key of added) await kind.members.attach(send, to.id, key);
    for (const key of gone) await kind.members.detach(send, to.id, key);
  } else await kind.update(send, to, { [field]: from.spec[field] ?? null });
}

/** A key that is merely left out stays live and is nobody's; null takes it off. */
async function losesItsKeys(
  subject: Subject,
  rule: FieldRule,
  value: Json,
  before: Live,
): Promise<void> {
  const { object } = await becomes(subject, {}, nothing);
  const keys = Object.keys(asMap(before.spec[rule.name]));
  expect(object?.unclaimed).toHaveLength(keys.length);
  expect((await subject.read()).live.spec).toEqual(before.spec);

  const none = isMap(value) ? Object.fromEntries(keys.map((key) => [key, null])) : null;
  await becomes(subject, { [rule.name]: none }, by(rule, 'git'));
  expect(isUnset((await subject.read()).live.spec[rule.name])).toBe(true);
}

/** A policy is no field of the live object; where it has to outlive the document, a tag remembers it. */
async function steers(subject: Subject, rule: FieldRule, values: Case['values']): Promise<void> {
  const { live: start } = await subject.read();
  const recorded = async () => (await subject.read()).live.tags[TAG.onRemove];
  const isRecorded = (await recorded()) === rule.default;
  for (const [index, value] of [...values, undefined].entries()) {
    const before = [rule.default, ...values][index];
    const isNews = isRecorded && !jsonEqual(value ?? rule.default, before);
    const { patches } = await becomes(
      subject,
      value === undefined ? {} : { [rule.name]: value },
      isNews ? by(rule, 'git') : nothing,
    );
    expect(patches).toBe(0);
    if (isRecorded) expect(await recorded()).toBe(value ?? rule.default);
    expect((await subject.read()).live.spec).toEqual(start.spec);
  }
  if (!isRecorded) return;
  await untag(subject.send, subject.kind.arn(start, REGION), [TAG.onRemove]);
  // A stage without it may be one that somebody else made.
  const isNatural = subject.kind.rules.kind === 'Stage';
  await settles(subject, isNatural ? nothing : by(rule, 'live'));
  expect(await recorded()).toBe(isNatural ? undefined : rule.default);
}

/** What can't be changed is said, and nothing is written. */
async function isHeld(
  subject: Subject,
  { name }: FieldRule,
  values: Case['values'],
): Promise<void> {
  const { live: start } = await subject.read();
  const hold = {
    action: 'hold',
    wants: 'update',
    reason: 'immutable-field',
    changes: [expect.objectContaining({ path: `/spec/${name}` })],
  };
  for (const value of values) {
    subject.declare({ [name]: value });
    const { objects, writes } = await subject.apply();
    expect(objects).toEqual([
      expect.objectContaining({ action: 'keep' }),
      expect.objectContaining(hold),
    ]);
    expect(writes).toEqual([]);
  }
  await becomes(subject, {}, nothing);
  expect((await subject.read()).live).toEqual({ ...start, observedAt: expect.any(Number) });
}

interface Expected {
  readonly field: string;
  readonly cause: Cause;
}
export const nothing = undefined;
export const by = ({ name: field }: FieldRule, cause: Cause): Expected => ({ field, cause });

export function becomes(subject: Subject, spec: JsonMap, expected: Expected | undefined) {
  subject.declare(spec);
  return settles(subject, expected);
}

/** One step in the plan and in the apply, at most one PATCH, and after that nothing is left to do. */
async function settles(subject: Subject, expected: Expected | undefined) {
  expectStep(await subject.plan(), expected);
  const { objects, writes } = await subject.apply();
  expectStep(objects, expected);
  const isPatch = (operation: string) => operation === `Update${subject.kind.rules.kind}`;
  const patches = writes.filter(isPatch).length;
  expect(patches).toBeLessThanOrEqual(expected ? 1 : 0);
  expect(writes.filter((operation) => !isPatch(operation) && !BESIDES.test(operation))).toEqual([]);

  const again = await subject.apply();
  expectStep(again.objects, nothing);
  expect(again.writes).toEqual([]);
  return { object: again.objects[0], patches, writes };
}

/** Calls that no PATCH of the object can stand for. */
const BESIDES =
  /^(TagResource|UntagResource|(Create|Delete)UsagePlanKey|UpdateMethod|UpdateRestApi|CreateDeployment|UpdateStage)$/;

function expectStep(objects: readonly ReportObject[], expected: Expected | undefined): void {
  expect(objects).toEqual([
    expect.objectContaining({ name: NAME, action: expected ? 'update' : 'keep' }),
  ]);
  const changes = objects[0]?.changes ?? [];
  if (expected) expect(changes).not.toEqual([]);
  const isExpected = ({ path, cause }: ReportObject['changes'][number]) =>
    cause === expected?.cause && `${path}/`.startsWith(`/spec/${expected.field}/`);
  expect(changes.filter((change) => !isExpected(change))).toEqual([]);
}

function defaultIn({ defaultFrom, default: value }: FieldRule): Json {
  return defaultFrom ? NAME : value;
}

/** What has to be found in the service's own answer: neither what refers to another object nor what a map's key is made of. */
function scalarsOf(value: Json, rule: FieldRule | undefined): Json[] {
  if (Array.isArray(value))
    return value.flatMap((entry) => (isMap(entry) ? scalarsOf(entry, rule) : []));
  if (!isMap(value)) return isUnset(value) ? [] : [value];
  const keyed = (name: string) =>
    Array.isArray(rule?.key)
      ? rule.key.includes(name)
      : rule?.key !== undefined && !rule.fields[name]?.key;
  return Object.entries(value).flatMap(([name, part]) =>
    keyed(name) ? [] : scalarsOf(part, rule?.fields[name]),
  );
}

function scalarsIn(value: unknown): unknown[] {
  return typeof value === 'object' && value !== null
    ? Object.values(value).flatMap(scalarsIn)
    : [value];
}

function asMap(value: Json | undefined): JsonMap {
  return isMap(value) ? value : {};
}
