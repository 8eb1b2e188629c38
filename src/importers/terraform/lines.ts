/** The lines of Terraform's files. They are looked for in the text, and used for nothing but to be shown. */
import type { Path } from '../common/source.ts';

/** Finds the line of a block by its words, `resource aws_api_gateway_api_key acme`, and of a field in it: where that isn't found, of what is around it. */
export function createFinder(text: string): (words: readonly string[], path: Path) => number {
  const lines = text.split('\n');
  return (words, path) => {
    const header = new RegExp(
      `^\\s*${words.map((word) => `"?${asPattern(word)}"?`).join('\\s+')}\\s*\\{`,
    );
    const first = Math.max(
      lines.findIndex((line) => header.test(line)),
      0,
    );
    const end = lines.findIndex((line, index) => index > first && line.startsWith('}'));
    return fieldLine(lines, first, end === -1 ? lines.length : end, path) + 1;
  };
}

function fieldLine(lines: readonly string[], first: number, end: number, path: Path): number {
  let at = first;
  let name: RegExp | undefined;
  const next = (from: number) => {
    const found = lines.findIndex(
      (line, index) => index >= from && index < end && name?.test(line),
    );
    at = found === -1 ? at : found;
  };
  for (const part of path) {
    if (typeof part === 'string') {
      name = new RegExp(`(^|[{,\\s])(dynamic\\s+)?"?${asPattern(part)}"?\\s*([={]|$)`);
      next(at);
    } else {
      // Of a list of blocks, the one of that number.
      for (let count = 0; count < part; count++) next(at + 1);
    }
  }
  return at;
}

function asPattern(word: string): string {
  return word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

export interface CommentedOut {
  readonly type: string;
  readonly name: string;
  readonly line: number;
}

const HEADER =
  /\bresource\s+"(aws_api_gateway_(?:api_key|usage_plan|usage_plan_key|stage|method_settings))"\s+"([\w-]+)"/;

/** Resources that stand in comments: they may be live still. */
export function commentedOut(text: string): CommentedOut[] {
  let isInside = false;
  return text.split('\n').flatMap((line, index) => {
    // Outside of a comment, marks in a text such as "*/*" or "https://…" are none.
    const code = isInside
      ? line
      : line.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""').replace(/(#|\/\/).*/, '');
    const isComment = isInside || /^\s*(#|\/\/|\/\*)/.test(line);
    const [open, close] = [code.lastIndexOf('/*'), code.lastIndexOf('*/')];
    isInside = isInside ? close === -1 || open > close : open > close;
    const [, type, name] = HEADER.exec(line) ?? [];
    return isComment && type !== undefined && name !== undefined
      ? [{ type, name, line: index + 1 }]
      : [];
  });
}
