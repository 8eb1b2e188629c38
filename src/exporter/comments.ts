/** What only a person can decide, said where it is to be decided. */

import { departureOf, NEVER } from '../core/compare/delete-after.ts';
import { claimOf, isRetired, otherManager } from '../core/compare/ownership.ts';
import { type Live, TAG } from '../core/model/model.ts';
import type { Context } from './context.ts';
import { keysOf, stagesOf } from './select.ts';

/** From so many on, nobody wrote them down by hand. */
export const MANY = 100;

/** How many ids are given before the rest is counted. */
const SHOWN = 5;

/** Lines for the head of a document; none for a live object about which there is nothing to decide. */
export function commentsOf(live: Live, context: Context): readonly string[] {
  return [...whose(live, context), ...(KINDS[live.kind]?.(live, context) ?? [])];
}

function whose(live: Live, { owner, naming }: Context): string[] {
  const manager = otherManager(live, owner);
  const stack = live.tags['aws:cloudformation:stack-name'];
  const rivals = naming.rivalsOf(live).map(({ id }) => id);
  const comments: string[] = [];
  if (manager !== undefined && !claimOf(live, owner))
    comments.push(
      `managed by ${manager}${stack === undefined ? '' : ` (stack ${stack})`}: held as foreign until it is taken over, and that is for you to decide`,
    );
  if (rivals.length > 0 && (live.kind === 'ApiKey' || live.kind === 'UsagePlan'))
    comments.push(
      `${[live.id, ...rivals].join(' and ')} bear the tags of this document: write the id of the one that is meant into apikeeper.dev/adopt, and remove mode: suspend`,
    );
  if (live.tags[TAG.suspend] !== undefined) comments.push(`suspended by the tag ${TAG.suspend}`);
  return comments;
}

const KINDS: Readonly<Record<string, (live: Live, context: Context) => string[]>> = {
  ApiKey(live, context) {
    const comments = namesakesOf(live, context);
    const departure = isRetired(live) ? departureOf(live) : undefined;
    if ((context.plansOf.get(live.id) ?? []).length === 0)
      comments.push('in no plan, so it opens nothing: is it still needed?');
    if (live.spec.enabled === false && departure === undefined)
      comments.push('disabled, so calls with it are refused: is it still needed?');
    if (departure !== undefined) {
      const end = departure.until === NEVER ? 'kept' : `deleted after ${departure.until}`;
      comments.push(`left Git, and is to be ${end}: this document would bring it back`);
    }
    return comments;
  },

  UsagePlan(live, context) {
    const comments = namesakesOf(live, context);
    const [stages, keys] = [stagesOf(live), keysOf(live)];
    const apis = new Set(stages.map((stage) => stage.split(':')[0]));
    if (stages.length === 0)
      comments.push('without a stage, so its keys open nothing: is it still needed?');
    if (keys.length === 0)
      comments.push(
        'without a key: if an application attaches keys, leave keys out of this document, as it is',
      );
    if (apis.size > 1)
      comments.push(`over ${apis.size} APIs: each key has one allowance for all of them together`);
    if (keys.length >= MANY)
      comments.push(
        `${keys.length} keys: if an application makes them, remove the list keys and the documents of these keys, so that it stays theirs`,
      );
    return comments;
  },
};

/** Others of the same name can be told apart by their ids alone. */
function namesakesOf(live: Live, { namesakes }: Context): string[] {
  if (live.name === '') return ['without a name'];
  const others = (namesakes.get(sharedName(live)) ?? [])
    .filter((one) => one !== live)
    .map(({ id }) => id);
  const rest = others.length > SHOWN ? ` and ${others.length - SHOWN} more` : '';
  return others.length > 0
    ? [
        `not the only one of the name ${JSON.stringify(live.name)}: ${others.slice(0, SHOWN).join(', ')}${rest}`,
      ]
    : [];
}

/** What objects of one kind and name have in common. */
export function sharedName({ kind, name }: Live): string {
  return `${kind} ${name}`;
}
