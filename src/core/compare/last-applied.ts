/** The tag `applied`: one short fingerprint per spec field of what was last written and accepted; the third side of the comparison. */

import type { FieldRule, Rules } from '../model/field-rules.ts';
import { compareText, isMap } from '../model/json.ts';
import { type Json, type Live, type Spec, TAG } from '../model/model.ts';
import type { Step } from '../model/plan.ts';
import { type Fingerprint, fieldText } from '../model/three-way.ts';
import { encodePending, stagesIn } from './pending-redeploys.ts';

/** The tag's value: `<field>:<fingerprint>`, joined by `/`; characters that every tag may hold (docs/api-gateway-facts.md#f28). */
export function encodeApplied(prints: ReadonlyMap<string, string>): string {
  return [...prints]
    .sort(([a], [b]) => compareText(a, b))
    .map(([field, fieldFingerprint]) => `${field}:${fieldFingerprint}`)
    .join('/');
}

const PART = /^[^:/]+:[^:/]+$/;

/** Whether the tag is as we write it. */
export function isReadable(tag: string): boolean {
  return tag.split('/').every((part) => PART.test(part));
}

/** Reads the tag; whatever somebody else may have put there reads as nothing. */
export function decodeApplied(tag: string | undefined): ReadonlyMap<string, string> {
  const prints = new Map<string, string>();
  for (const part of (tag ?? '').split('/')) {
    const [field, fieldFingerprint] = part.split(':');
    if (field && fieldFingerprint) prints.set(field, fieldFingerprint);
  }
  return prints;
}

/**
 * What the tag is to say after a step. Of what left Git only one field is written; what the tag says of the others is needed again if the commit is reverted.
 * @param written the owned fields as they were written, references resolved
 * @param unsettled fields with a change that was held or failed (`unsettledBy`): of those, the tag goes on saying what it said
 */
export function appliedTag(
  step: Pick<Step, 'live'> & Partial<Pick<Step, 'state'>>,
  written: Spec,
  unsettled: ReadonlySet<string>,
  rules: Rules,
  fingerprint: Fingerprint,
): string {
  const before = decodeApplied(step.live?.tags[TAG.applied]);
  const prints = new Map<string, string>(
    step.state === 'orphaned' || step.state === 'ambiguous' ? before : [],
  );
  // A key source that is still to be deployed is not done with.
  const isDeployed = ![...unsettled].some((one) => one.startsWith('redeploy'));
  const isUnsettled = (field: string) =>
    unsettled.has(field) || (field === 'apiKeySource' && !isDeployed);
  for (const [field, value] of Object.entries(written)) {
    const rule = rules.fields[field];
    const whole = rule && !isUnsettled(field) ? fingerprint(fieldText(rule, value)) : undefined;
    const stages = field === 'redeploy' && isMap(value) ? stagesIn(value) : [];
    const fieldFingerprint =
      whole === undefined ? before.get(field) : encodePending(whole, stages, unsettled);
    if (fieldFingerprint !== undefined) prints.set(field, fieldFingerprint);
  }
  return encodeApplied(prints);
}

/** Whether this is what the tag says was written last of a field. */
export function wasWritten(
  { tags }: Pick<Live, 'tags'>,
  rule: FieldRule | undefined,
  value: Json | undefined,
  fingerprint: Fingerprint,
): boolean {
  return (
    rule !== undefined &&
    decodeApplied(tags[TAG.applied]).get(rule.name) === fingerprint(fieldText(rule, value ?? null))
  );
}
