/** From the text of a file to its documents. */
import { constructFromEvents, EVENT_ID, type Event, parseEvents, YAMLException } from 'js-yaml';
import type { Problem } from '../core/model/model.ts';
import { createLocate, type Location, linesOf, type Place, startOf } from './locate.ts';

/** Guards against files that are small to write and huge to read; a manifest needs neither depth nor aliases. */
const MAX_DEPTH = 50;
const MAX_ALIASES = 100;
const MAX_NODES = 100_000;

/** A document as it was written, before anybody asks whether it is right. */
export interface Document extends Place {
  readonly file: string;
  readonly value: unknown;
  /** Where a field is written; of a field that isn't, the nearest thing around it. */
  readonly locate: (pointer: string) => Location;
}

/** Reads the documents of one file; empty ones are none. A document that can't be built leaves the others alone, a syntax error ends the file. */
export function parse(file: string, text: string): { documents: Document[]; problems: Problem[] } {
  const documents: Document[] = [];
  const problems: Problem[] = [];
  const placeOf = linesOf(text);
  const read = () => splitDocuments(parseEvents(text, { filename: file, maxDepth: MAX_DEPTH }));
  const readAgain = once(() => [...read()]);
  try {
    for (const [index, events] of read().map((own, at) => [at, own] as const)) {
      const start = placeOf(startOf(events[1]) ?? 0);
      try {
        const [value] = constructFromEvents(events, {
          source: text,
          filename: file,
          maxAliases: MAX_ALIASES,
        });
        refuseTraps(value, text, events);
        if (value === null || value === undefined) continue;
        // Places are asked for only where something is wrong: reading the file again is cheaper than keeping everything's place.
        const locate = once(() => createLocate(readAgain()[index] ?? [], text, placeOf));
        documents.push({ file, ...start, value, locate: (pointer) => locate()(pointer) });
      } catch (error) {
        problems.push({ file, ...start, ...placeOfError(error), message: reasonOf(error) });
      }
    }
  } catch (error) {
    problems.push({ file, line: 1, column: 1, ...placeOfError(error), message: reasonOf(error) });
  }
  return { documents, problems };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** The events of each document. */
function* splitDocuments(events: readonly Event[]): Generator<Event[]> {
  let depth = 0;
  let start = 0;
  for (const [index, event] of events.entries()) {
    if (event.type === EVENT_ID.POP) depth -= 1;
    else if (event.type !== EVENT_ID.SCALAR && event.type !== EVENT_ID.ALIAS) depth += 1;
    if (depth > 0) continue;
    yield events.slice(start, index + 1);
    start = index + 1;
  }
}

/** What YAML allows and no manifest needs: structures that contain themselves or multiply, and keys that JavaScript treats as its own. */
function refuseTraps(value: unknown, text: string, events: readonly Event[]): void {
  const hasAliases = events.some((event) => event.type === EVENT_ID.ALIAS);
  const mayHavePrototype = text.includes('__proto__') || text.includes('\\');
  if (!hasAliases && !mayHavePrototype) return;
  const waiting = [value];
  for (let nodes = 0; waiting.length > 0; nodes++) {
    if (nodes > MAX_NODES)
      throw new Error(
        `aliases make this document more than ${MAX_NODES} values large, or part of itself; write it out`,
      );
    const node = waiting.pop();
    if (typeof node !== 'object' || node === null) continue;
    if (Object.hasOwn(node, '__proto__'))
      throw new Error('__proto__ is not allowed as a field name');
    for (const child of Object.values(node)) waiting.push(child);
  }
}

/** What to do about the parser's most frequent complaints, by how they begin. */
const WAYS_OUT: readonly (readonly [begins: string, wayOut: string])[] = [
  ['duplicated mapping key', 'the same field is written twice; keep one of them'],
  ['unidentified alias', 'unknown alias; text that begins with * needs quotes'],
  ['unknown scalar tag', 'unknown tag; text that begins with ! needs quotes'],
  ['tab characters', "tabs can't indent YAML; use spaces"],
  [
    'bad indentation of a mapping entry',
    'bad indentation, or text that contains ": " and needs quotes',
  ],
  ['aliases exceeded', `more than ${MAX_ALIASES} aliases in one document; write it out`],
  ['nesting exceeded', `nested more than ${MAX_DEPTH} deep`],
  ['null byte', 'a NUL byte; save the file as UTF-8 text'],
];

/** The parser's reason without anything that it quotes from the file: that could be part of a key value. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const reason = error instanceof YAMLException ? error.reason : message;
  const known = WAYS_OUT.find(([begins]) => reason.startsWith(begins));
  if (known) return known[1];
  if (!(error instanceof YAMLException)) return reason;
  return `not valid YAML: ${reason.replaceAll(/ ?"[^"]*"| ?!<[^>]*>|: .*$/gs, '')}`;
}

function placeOfError(error: unknown): Place | undefined {
  const mark = error instanceof YAMLException ? error.mark : undefined;
  return mark && { line: mark.line + 1, column: mark.column + 1 };
}
