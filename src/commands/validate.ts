/** `validate`: everything that can be checked without AWS. */
import type { Problem } from '../core/model.ts';
import { withoutUnusable } from '../engine/schedule.ts';
import { load, type Tree } from '../manifests/load.ts';
import { count, visible } from '../report/visible.ts';
import { problemText } from '../report/words.ts';
import { EXIT } from './exit.ts';
import type { FlagValues } from './flags.ts';
import type { World } from './world.ts';

export async function validate(path: string, flags: FlagValues<'validate'>, { stdout }: World): Promise<number> {
  const tree = withoutUnusable(await load(path));
  const problems = [...tree.problems, ...tree.dangling];
  if (flags.output === 'json') stdout.write(`${JSON.stringify(asJson(tree, problems), null, 2)}\n`);
  else stdout.write([...problems.map(problemText), summary(tree, problems), ''].join('\n'));
  return problems.length === 0 ? EXIT.done : EXIT.failed;
}

function asJson({ directory, revision, files, documents }: Tree, problems: readonly Problem[]) {
  return { valid: problems.length === 0, directory, revision: revision ?? null, files, documents, problems };
}

function summary(tree: Tree, problems: readonly Problem[]): string {
  const read = `${count(tree.documents, 'document')} in ${count(tree.files, 'file')}`;
  const where = visible(tree.directory);
  if (problems.length === 0) return `${where}: ${read}, all valid.`;
  const files = new Set(problems.map(({ file }) => file)).size;
  return `${where}: ${count(problems.length, 'problem')} in ${count(files, 'file')}, of ${read}.`;
}
