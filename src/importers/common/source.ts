/** YAML and JSON of other tools: read without their functions being run, and without a word of the text ending up in a complaint. */
import {
  CORE_SCHEMA,
  constructFromEvents,
  defineMappingTag,
  defineScalarTag,
  defineSequenceTag,
  EVENT_ID,
  mergeTag,
  parseEvents,
  YAMLException,
} from 'js-yaml';
import { createLocate, linesOf } from '../../manifests/locate.ts';
import { parse } from '../../manifests/parse.ts';
import { escapeSegment } from '../../manifests/problem.ts';
import { type Finding, finding, type Position } from './model.ts';

const MAX_DEPTH = 100;
const MAX_ALIASES = 1000;
const MAX_NODES = 1_000_000;

/** A file as data. The short form of a function, `!Sub x`, is its long one, `{ 'Fn::Sub': x }`. */
export interface Source {
  readonly file: string;
  readonly value: unknown;
  /** Where a field is written; of one that isn't, the nearest thing around it. */
  readonly at: (path: Path) => Position;
  /** A plain value as it stands in the file: `012` where YAML reads 12. */
  readonly text: (path: Path) => string | undefined;
}

/** The names and indexes that lead to a field. */
export type Path = readonly (string | number)[];

/** The first document of a file, or why there is none. */
export function readSource(file: string, text: string): Source | Finding {
  try {
    const events = parseEvents(text, { filename: file, maxDepth: MAX_DEPTH });
    const [value] = constructFromEvents(events, {
      source: text,
      filename: file,
      maxAliases: MAX_ALIASES,
      schema: SCHEMA,
    });
    if (events.some((event) => event.type === EVENT_ID.ALIAS) && isEndless(value)) {
      return finding(
        'UNREADABLE',
        { file, line: 1 },
        `aliases make this file more than ${MAX_NODES} values large, or part of itself; write it out`,
      );
    }
    const locate = createLocate(events, text, linesOf(text));
    const pointer = (path: Path) => path.map((name) => `/${escapeSegment(String(name))}`).join('');
    return {
      file,
      value,
      at: (path) => ({ file, line: locate(pointer(path)).key.line }),
      text: (path) => locate(pointer(path)).text,
    };
  } catch (error) {
    return unreadable(file, text, error);
  }
}

/** What the manifests' reader says of a syntax error quotes nothing; the parser's own message quotes the line. */
function unreadable(file: string, text: string, error: unknown): Finding {
  const line = error instanceof YAMLException && error.mark ? error.mark.line + 1 : 1;
  const reason = error instanceof YAMLException ? error.reason : '';
  if (reason.startsWith('duplicated mapping key')) {
    return finding(
      'UNREADABLE',
      { file, line },
      'the same field is written twice; keep one of them',
    );
  }
  const known = parse(file, text).problems.find((problem) => problem.line === line);
  return finding('UNREADABLE', { file, line }, known?.message ?? 'not valid YAML from here on');
}

/** Whether aliases multiply, or a value contains itself. */
function isEndless(value: unknown): boolean {
  const waiting = [value];
  for (let nodes = 0; waiting.length > 0; nodes++) {
    if (nodes > MAX_NODES) return true;
    const node = waiting.pop();
    if (typeof node === 'object' && node !== null)
      for (const child of Object.values(node)) waiting.push(child);
  }
  return false;
}

const PREFIX = '!';
/** The functions whose long name does not begin with `Fn::`. */
const BARE = new Set(['Ref', 'Condition']);

function longForm(tag: string, argument: unknown): Readonly<Record<string, unknown>> {
  const name = tag.slice(PREFIX.length);
  // `!GetAtt Resource.Attribute`: only the first dot divides.
  const [resource, ...attribute] =
    name === 'GetAtt' && typeof argument === 'string' ? argument.split('.') : [];
  return {
    [BARE.has(name) ? name : `Fn::${name}`]:
      resource === undefined ? argument : [resource, attribute.join('.')],
  };
}

interface Carrier<T> {
  readonly tag: string;
  readonly content: T;
}

const never = () => false;

const scalarFunction = defineScalarTag(PREFIX, {
  matchByTagPrefix: true,
  resolve: (text, _isExplicit, tag) => longForm(tag, text),
  identify: never,
});

const listFunction = defineSequenceTag<Carrier<unknown[]>, unknown>(PREFIX, {
  matchByTagPrefix: true,
  create: (tag) => ({ tag, content: [] }),
  addItem: ({ content }, item) => {
    content.push(item);
  },
  finalize: ({ tag, content }) => longForm(tag, content),
  identify: never,
});

const mapFunction = defineMappingTag<Carrier<Map<string, unknown>>, unknown>(PREFIX, {
  matchByTagPrefix: true,
  create: (tag) => ({ tag, content: new Map() }),
  addPair: ({ content }, key, value) => {
    content.set(String(key), value);
    return '';
  },
  has: ({ content }, key) => content.has(String(key)),
  keys: () => [],
  get: () => undefined,
  finalize: ({ tag, content }) => longForm(tag, Object.fromEntries(content)),
  identify: never,
});

/** YAML 1.1's `yes` and `off` stay text: `booleanOf` knows them, and a logging level may be OFF. */
const SCHEMA = CORE_SCHEMA.withTags(mergeTag, scalarFunction, listFunction, mapFunction);
