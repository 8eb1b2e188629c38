/** Terraform's own files: read by HashiCorp's parser, which runs as WebAssembly, with the lines found again afterwards, since it tells none. */
import { createRequire } from 'node:module';
import { isRecord } from '../common/fields.ts';
import { type Finding, finding, type Position } from '../common/model.ts';
import { type Path, readSource } from '../common/source.ts';
import { unresolved } from '../common/unresolved.ts';
import { toCode } from './evaluate.ts';
import { type Expression, type Node, toExpression } from './expression.ts';
import { createFinder } from './lines.ts';

/** As `@cdktn/hcl2json` has it. Its own types bring in those of a browser. */
interface Parser {
  readonly parse: (file: string, text: string) => Promise<Readonly<Record<string, unknown>>>;
  readonly getExpressionAst: (file: string, text: string) => Promise<Node | null>;
}

const require = createRequire(import.meta.url);

/** Loaded with the first file, since it starts a program of its own. */
function loadParser(): Parser {
  return require('@cdktn/hcl2json') as Parser;
}

/** A file as data: blocks by their words, each a list of bodies, and expressions as `Code`. */
export interface TerraformFile {
  readonly file: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** Where the block with these words is written, or a field in it. */
  readonly at: (words: readonly string[], path?: Path) => Position;
}

/** `file` ends with `.json` where it is Terraform's JSON form. */
export async function readTerraform(file: string, text: string): Promise<TerraformFile | Finding> {
  const parser = loadParser();
  if (file.endsWith('.json')) {
    const source = readSource(file, text);
    if ('code' in source) return source;
    const body = await withCode(source.value, parser);
    return {
      file,
      body: isRecord(body) ? body : {},
      at: (words, path = []) => source.at([...words, ...path]),
    };
  }
  try {
    const find = createFinder(text);
    const body = await withCode(await parser.parse(file, text), parser);
    return {
      file,
      body: body as TerraformFile['body'],
      at: (words, path = []) => ({ file, line: find(words, path) }),
    };
  } catch (error) {
    return unreadable(file, error);
  }
}

/** Of the parser's message only the place is used: it may quote what stands there. */
function unreadable(file: string, error: unknown): Finding {
  const message = error instanceof Error ? error.message : '';
  const [, place] =
    message.slice(message.indexOf(`[${file}:`) + file.length + 1).match(/^:(\d+),/) ?? [];
  const line = Number(place ?? 1);
  return finding(
    'UNREADABLE',
    { file, line },
    'not valid Terraform (HCL 2) from here on; what was written for Terraform 0.11 and before is read through its state: terraform show -json',
  );
}

/** The same value, with an expression in place of each text that holds one. */
async function withCode(value: unknown, parser: Parser): Promise<unknown> {
  if (typeof value === 'string') return isTemplate(value) ? readTemplate(value, parser) : value;
  if (Array.isArray(value)) return Promise.all(value.map((item) => withCode(item, parser)));
  if (!isRecord(value)) return value;
  const members = await Promise.all(
    Object.entries(value).map(
      async ([name, member]) => [name, await withCode(member, parser)] as const,
    ),
  );
  if (!members.some(([name]) => isTemplate(name))) return Object.fromEntries(members);
  // A name that is an expression: so the map is one.
  const entries = members.map(
    async ([name, member]) => [toValue(await withCode(name, parser)), toValue(member)] as const,
  );
  return toCode({ kind: 'object', entries: await Promise.all(entries) });
}

function isTemplate(text: string): boolean {
  return /[$%]\{/.test(text);
}

function toValue(value: unknown): Expression {
  return { kind: 'value', value };
}

const END = 'END_OF_TEMPLATE';

/** The parser has taken quotes and escapes away: so the text is an expression alone, or what a here-document says. */
async function readTemplate(text: string, parser: Parser): Promise<unknown> {
  const alone =
    text.startsWith('${') && text.endsWith('}')
      ? await readExpression(text.slice(2, -1), parser)
      : undefined;
  if (alone) return toCode(alone);
  const whole = await readExpression(`<<${END}\n${text}\n${END}\n`, parser);
  if (whole?.kind !== 'template') return unresolved('an expression that is not read here');
  // The line break before the end is the here-document's.
  const last = whole.parts.at(-1);
  const end = last?.kind === 'literal' ? String(last.value).replace(/\n$/, '') : '';
  return toCode({
    kind: 'template',
    parts: [
      ...whole.parts.slice(0, -1),
      ...(end === '' ? [] : [{ kind: 'literal' as const, value: end }]),
    ],
  });
}

/** Undefined where it is none. */
async function readExpression(text: string, parser: Parser) {
  try {
    const node = await parser.getExpressionAst('expression', text);
    return node ? toExpression(node, text) : undefined;
  } catch {
    return undefined;
  }
}
