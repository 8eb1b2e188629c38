/** What to write, and where, to settle a doubt: of what a Consumer expands to, in the Consumer. */
import type { Desired } from '../model/model.ts';

type Subject = Pick<Desired, 'kind' | 'name' | 'consumer'>;

/** `apikeeper.dev/adopt: a1b2c3d4e5`; of a Consumer's plan `apikeeper.dev/adopt: residents-production=p1q2r3`. */
export function adoptText(subject: Subject, id: string): string {
  return `apikeeper.dev/adopt: ${partText(subject)}${id}`;
}

/** `apikeeper.dev/moved-from: default/acme-ltd`, likewise. */
export function movedText(
  subject: Subject,
  from: { readonly namespace: string; readonly name: string },
): string {
  return `apikeeper.dev/moved-from: ${partText(subject)}${from.namespace}/${from.name}`;
}

/** The field that says how the live object is called. */
export function nameField({ kind, consumer }: Subject): string {
  if (consumer === undefined) return 'spec.name';
  return kind === 'UsagePlan' ? 'the name of its entry in spec.access' : 'spec.key.name';
}

/** Which part of a Consumer an item of its annotations speaks of: an item without it speaks of the key. */
function partText({ kind, name, consumer }: Subject): string {
  return consumer !== undefined && kind === 'UsagePlan'
    ? `${name.slice(consumer.length + 1)}=`
    : '';
}
