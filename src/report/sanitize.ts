/** Text from AWS and YAML, made harmless for where it is shown. Names there may hold anything, a terminal's commands included. */
import type { Json } from '../core/model/model.ts';

/** Control and format characters, line breaks, lone surrogates: what a terminal obeys instead of showing, or what hides. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Replaces each control character by its escape: a line break becomes the two characters `\n`. */
export function sanitize(text: string): string {
  return text.replace(HIDDEN, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    return `\\u{${character.codePointAt(0)?.toString(16)}}`;
  });
}

/** A JSON value on one line, as YAML's flow style reads best: `none`, `"text"`, `{ limit: 1000, period: "MONTH" }`. */
export function valueText(value: Json): string {
  if (value === null) return 'none';
  if (value === '(sensitive)') return value;
  if (typeof value === 'string') return sanitize(JSON.stringify(value));
  if (isList(value)) return value.length === 0 ? '[]' : `[${value.map(valueText).join(', ')}]`;
  if (typeof value !== 'object') return String(value);
  const members = Object.entries(value).map(
    ([name, member]) => `${nameText(name)}: ${valueText(member)}`,
  );
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

/** `Array.isArray` doesn't narrow a readonly array. */
function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function nameText(name: string): string {
  return /^[\w-]+$/.test(name) ? name : sanitize(JSON.stringify(name));
}

/** `350 ms`, `12.3 s`, `4 min 40 s`, `2 h 5 min`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${Number((ms / 1000).toFixed(1))} s`;
  const seconds = Math.round(ms / 1000);
  const [hours, minutes, rest] = [
    Math.floor(seconds / 3600),
    Math.floor((seconds % 3600) / 60),
    seconds % 60,
  ];
  if (hours > 0) return minutes > 0 ? `${hours} h ${minutes} min` : `${hours} h`;
  return rest > 0 ? `${minutes} min ${rest} s` : `${minutes} min`;
}

/** `1 call`, `2 calls`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}
