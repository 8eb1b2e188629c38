/** Whose an object is, as its tags say (docs/contract.md#ownership). */
import { type Live, TAG } from '../model/model.ts';
import { departureOf, RETURNED } from './delete-after.ts';

/** Tags by which other tools mark what they manage (docs/api-gateway-facts.md#f29). */
const MANAGERS: readonly { readonly prefix: string; readonly manager: string }[] = [
  { prefix: 'aws:cloudformation:', manager: 'cloudformation' },
  { prefix: 'services.k8s.aws/', manager: 'ack' },
  { prefix: 'crossplane-', manager: 'crossplane' },
];

/** Who manages an object by the word of its tags, other than this owner: `cloudformation`, `ack`, `crossplane`, `apikeeper/<owner>`; undefined: nobody. */
export function otherManager(live: Pick<Live, 'tags'>, owner: string): string | undefined {
  const theirs = live.tags[TAG.owner];
  if (theirs !== undefined && theirs !== owner) return `apikeeper/${theirs}`;
  const tag = Object.keys(live.tags).find((key) =>
    MANAGERS.some(({ prefix }) => key.startsWith(prefix)),
  );
  return MANAGERS.find(({ prefix }) => tag?.startsWith(prefix))?.manager;
}

/** Whether a tag is a manager's mark: it speaks of who manages the object, and is nobody else's to set. */
export function isMark(key: string): boolean {
  return MANAGERS.some(({ prefix }) => key.startsWith(prefix));
}

/** The identity that our tags give an object; undefined where it isn't ours. */
export function claimOf(
  live: Pick<Live, 'tags'>,
  owner: string,
): { readonly namespace: string; readonly name: string } | undefined {
  if (live.tags[TAG.owner] !== owner) return undefined;
  const [namespace, name] = (live.tags[TAG.resource] ?? '').split('/');
  return namespace && name ? { namespace, name } : undefined;
}

/**
 * Tells an object that left Git from one that did not: it bears `delete-after`. A key that is kept
 * (`never`), or whose time stands still, left Git all the same. A key that came back (`0`) did not,
 * also while its state is still to be put back: leaving again begins anew.
 */
export function isRetired(live: Pick<Live, 'tags'>): boolean {
  const departure = departureOf(live);
  return departure !== undefined && departure.until !== RETURNED;
}
