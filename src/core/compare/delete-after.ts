/** The tag `delete-after` of a key that left Git: when the key may be deleted, and whether it was enabled when it left. */

import { type Live, TAG } from '../model/model.ts';

/**
 * | text | the key |
 * | --- | --- |
 * | `<RFC 3339 time>/on`, `/off` | left Git; it may be deleted after that time |
 * | `never/on`, `never/off` | left Git; no time runs, since it is to be kept, or prune is off |
 * | `0/on`, `0/off` | came back; what the removal changed is not put back yet |
 * | `<RFC 3339 time>` | left Git under 0.1.0, which did not say how |
 */
export interface Departure {
  /** A time, `never` or `0`. A damaged text stands as it is, and holds no time. */
  readonly until: string;
  /** Absent: the tag does not say. */
  readonly was?: 'on' | 'off';
}

/** No time runs. */
export const NEVER = 'never';
/** Came back. */
export const RETURNED = '0';

/** What the tag says; undefined where the key never left Git, or came back whole. */
export function departureOf({ tags }: Pick<Live, 'tags'>): Departure | undefined {
  const text = tags[TAG.deleteAfter];
  return text === undefined ? undefined : readDeparture(text);
}

export function readDeparture(text: string): Departure {
  const [, until, was] = /^(.*)\/(on|off)$/.exec(text) ?? [];
  if (until === undefined) return { until: text };
  return { until, was: was === 'on' ? 'on' : 'off' };
}

/** The tag's value. */
export function writeDeparture({ until, was }: Departure): string {
  return was === undefined ? until : `${until}/${was}`;
}
