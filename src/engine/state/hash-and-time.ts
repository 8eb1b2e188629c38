/** Hashes and times for the pure core, which makes neither. */
import { createHash } from 'node:crypto';
import type { TimeText } from '../../core/model/plan-input.ts';

/** 32 bits of SHA-256: enough to tell a value from its predecessor, short enough for a tag. */
export function fingerprint(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

export const time: TimeText = {
  format: (ms) => new Date(Math.floor(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z'),
  parse(text) {
    const ms = UTC.test(text) ? Date.parse(text) : Number.NaN;
    return Number.isNaN(ms) ? undefined : ms;
  },
};
