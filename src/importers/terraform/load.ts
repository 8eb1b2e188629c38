/** A directory of Terraform's, with the local modules that it calls. */
import { posix } from 'node:path';
import { isRecord } from '../common/fields.ts';
import { type Finding, finding, type Position } from '../common/model.ts';
import type { Path } from '../common/source.ts';
import { expressionOf } from './evaluate.ts';
import { readTerraform, type TerraformFile } from './hcl.ts';
import { commentedOut } from './lines.ts';
import { blocksOf } from './resources.ts';

export interface SourceText {
  /** As it is to be shown. */
  readonly file: string;
  readonly text: string;
}

/** Terraform's files in one directory, without those below it. */
export type ReadDirectory = (directory: string) => Promise<readonly SourceText[]>;

/** `resource aws_api_gateway_api_key acme { … }`: its words, and what is in it. */
export interface Block {
  readonly words: readonly string[];
  readonly body: Readonly<Record<string, unknown>>;
  readonly at: (path?: Path) => Position;
}

export interface Loaded {
  readonly blocks: readonly Block[];
  /** By the name of the call. One that couldn't be read is absent. */
  readonly modules: ReadonlyMap<string, Loaded>;
  /** From `*.tfvars`, of the first directory alone. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Terraform itself knows no limit; a module that calls itself has no end. */
const MAX_DEPTH = 10;

export async function loadModule(
  texts: readonly SourceText[],
  read: ReadDirectory,
  findings: Finding[],
  { directory, depth = 0 }: { readonly directory: string; readonly depth?: number },
): Promise<Loaded> {
  const blocks: Block[] = [];
  let variables: Record<string, unknown> = {};
  for (const { file, text } of texts) {
    const found = await readTerraform(file, text);
    if ('code' in found) {
      findings.push(found);
      continue;
    }
    if (isVariables(file)) {
      if (depth === 0) variables = { ...variables, ...found.body };
      continue;
    }
    blocks.push(...blocksIn(found));
    for (const { type, name, line } of file.endsWith('.json') ? [] : commentedOut(text)) {
      const message = `${type}.${name} stands in a comment, and is not imported; where it is live still, import the state or adopt it by its id`;
      findings.push(finding('COMMENTED_OUT', { file, line }, message));
    }
  }
  const modules = new Map<string, Loaded>();
  for (const call of blocks.filter(({ words }) => words[0] === 'module')) {
    const loaded = await loadCall(call, read, findings, { directory, depth });
    if (loaded) modules.set(call.words[1] ?? '', loaded);
  }
  return { blocks, modules, variables };
}

function isVariables(file: string): boolean {
  return /\.tfvars(\.json)?$/.test(file);
}

async function loadCall(
  call: Block,
  read: ReadDirectory,
  findings: Finding[],
  { directory, depth }: { readonly directory: string; readonly depth: number },
): Promise<Loaded | undefined> {
  const name = `module.${call.words[1]}`;
  const { source } = call.body;
  const complain = (message: string) =>
    findings.push(finding('MODULE_NOT_READ', call.at(['source']), `${name}: ${message}`));
  // A source may hold a password, and is not shown.
  if (typeof source !== 'string' || !/^\.\.?\//.test(source)) {
    complain(
      'the module comes from elsewhere, and keys, plans and stages in it are not seen here; import the state',
    );
    return undefined;
  }
  if (depth >= MAX_DEPTH) {
    complain(`modules call each other more than ${MAX_DEPTH} deep; import the state`);
    return undefined;
  }
  const inner = posix.join(directory, source);
  const texts = await read(inner);
  if (texts.length > 0)
    return loadModule(texts, read, findings, { directory: inner, depth: depth + 1 });
  complain(
    'there is no Terraform file where its source points to; give the directory with all of its modules, or import the state',
  );
  return undefined;
}

/** How many words stand before the brace. */
const LABELS: ReadonlyMap<string, number> = new Map([
  ['resource', 2],
  ['data', 2],
  ['module', 1],
  ['variable', 1],
  ['output', 1],
  ['provider', 1],
]);

function blocksIn(file: TerraformFile): Block[] {
  return Object.entries(file.body).flatMap(([kind, content]) =>
    unfold(file, [kind], content, LABELS.get(kind) ?? 0),
  );
}

function unfold(
  file: TerraformFile,
  words: readonly string[],
  content: unknown,
  labels: number,
): Block[] {
  if (labels === 0) {
    return blocksOf(content).flatMap((body) =>
      isRecord(body) && !expressionOf(body)
        ? [{ words, body, at: (path?: Path) => file.at(words, path) }]
        : [],
    );
  }
  return blocksOf(content).flatMap((holder) =>
    isRecord(holder)
      ? Object.entries(holder).flatMap(([label, inner]) =>
          unfold(file, [...words, label], inner, labels - 1),
        )
      : [],
  );
}
