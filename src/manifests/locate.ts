/** From a field of a document back to its line and column. */
import { EVENT_ID, type Event, getScalarValue, SCALAR_STYLE, type ScalarEvent } from 'js-yaml';
import { escapeSegment } from './problem.ts';

/** Counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface Location {
  readonly key: Place;
  readonly value: Place;
  /** A plain value as it stands in the file: `012` where YAML reads 12. */
  readonly text?: string;
}

interface Offsets {
  readonly key: number;
  readonly value: number;
  readonly text?: string;
}

/** Turns offsets of a text into lines and columns. */
export function linesOf(text: string): (offset: number) => Place {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}

/** Where an event's node begins in the text; undefined for a value that is left empty. */
export function startOf(event: Event | undefined): number | undefined {
  if (event?.type === EVENT_ID.SCALAR)
    return event.valueStart < 0 ? undefined : event.valueStart - (isQuoted(event) ? 1 : 0);
  if (event?.type === EVENT_ID.ALIAS) return event.anchorStart - 1;
  if (event?.type === EVENT_ID.MAPPING || event?.type === EVENT_ID.SEQUENCE) return event.start;
  return undefined;
}

function isQuoted({ style }: ScalarEvent): boolean {
  return style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED;
}

/** Finds fields of one document, whose events these are, by JSON pointer. What isn't there is found at what is around it. */
export function createLocate(
  events: readonly Event[],
  text: string,
  placeOf: (offset: number) => Place,
): (pointer: string) => Location {
  const offsets = offsetsOf(events, text);
  return (pointer) => {
    let found = offsets.get(pointer);
    for (let rest = pointer; !found && rest !== ''; found = offsets.get(rest))
      rest = rest.slice(0, rest.lastIndexOf('/'));
    const { key, value, text: own } = found ?? { key: 0, value: 0 };
    return {
      key: placeOf(key),
      value: placeOf(value),
      ...(own !== undefined && offsets.has(pointer) && { text: own }),
    };
  };
}

function offsetsOf(events: readonly Event[], text: string): Map<string, Offsets> {
  const offsets = new Map<string, Offsets>();
  const open: {
    pointer: string;
    isMapping: boolean;
    start: number;
    index: number;
    key?: { name: string; offset: number } | undefined;
  }[] = [];
  for (const event of events) {
    if (event.type === EVENT_ID.DOCUMENT) continue;
    if (event.type === EVENT_ID.POP) {
      open.pop();
      continue;
    }
    const parent = open.at(-1);
    const start = startOf(event);
    if (parent?.isMapping && !parent.key) {
      parent.key = {
        name: event.type === EVENT_ID.SCALAR ? getScalarValue(text, event) : '',
        offset: start ?? parent.start,
      };
      continue;
    }
    const pointer = parent
      ? `${parent.pointer}/${parent.key ? escapeSegment(parent.key.name) : parent.index++}`
      : '';
    const around = parent?.key?.offset ?? parent?.start ?? 0;
    const own =
      event.type === EVENT_ID.SCALAR && start !== undefined
        ? { text: text.slice(event.valueStart, event.valueEnd) }
        : {};
    offsets.set(pointer, {
      key: parent?.key ? around : (start ?? around),
      value: start ?? around,
      ...own,
    });
    if (parent) parent.key = undefined;
    const isMapping = event.type === EVENT_ID.MAPPING;
    if (isMapping || event.type === EVENT_ID.SEQUENCE)
      open.push({ pointer, isMapping, start: start ?? 0, index: 0 });
  }
  return offsets;
}
