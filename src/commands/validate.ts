/** `validate`: everything that can be checked without AWS. */
import type { Problem } from '../core/model/model.ts';
import { withoutUnusable } from '../engine/reconcile/cron.ts';
import { load, type Tree } from '../manifests/load.ts';
import { problemText, warningText } from '../report/phrases.ts';
import { count, sanitize } from '../report/sanitize.ts';
import { EXIT } from './exit.ts';
import type { FlagValues } from './flags.ts';
import type { ProcessIo } from './io.ts';

export async function validate(
  path: string,
  flags: FlagValues<'validate'>,
  { stdout, clock }: ProcessIo,
): Promise<number> {
  const tree = withoutUnusable(await load(path), clock.now());
  const problems = [...tree.problems, ...tree.dangling];
  if (flags.output === 'json') stdout.write(`${JSON.stringify(asJson(tree, problems), null, 2)}\n`);
  else
    stdout.write(
      [
        ...problems.map(problemText),
        ...tree.warnings.map(warningText),
        summary(tree, problems, flags.strict),
        '',
      ].join('\n'),
    );
  const fails = problems.length > 0 || (flags.strict && warningsIn(tree) > 0);
  return fails ? EXIT.failed : EXIT.done;
}

function asJson(tree: Tree, problems: readonly Problem[]) {
  const { directory, revision, files, documents, warnings } = tree;
  const severe = problems.map((problem) => ({ severity: 'error', ...problem }));
  return {
    valid: problems.length === 0,
    directory,
    revision: revision ?? null,
    files,
    documents,
    problems: severe,
    warnings,
  };
}

function warningsIn({ warnings }: Tree): number {
  return warnings.filter(({ severity }) => severity === 'warning').length;
}

function summary(tree: Tree, problems: readonly Problem[], strict: boolean): string {
  const read = `${count(tree.documents, 'document')} in ${count(tree.files, 'file')}`;
  const where = sanitize(tree.directory);
  if (problems.length === 0) return `${where}: ${read}, all valid${remarks(tree, strict)}.`;
  const files = new Set(problems.map(({ file }) => file).filter((file) => file !== '.')).size;
  const among = files > 0 ? ` in ${count(files, 'file')}` : '';
  return `${where}: ${count(problems.length, 'problem')}${among}, of ${read}${remarks(tree, strict)}.`;
}

function remarks(tree: Tree, strict: boolean): string {
  const warnings = warningsIn(tree);
  const infos = tree.warnings.length - warnings;
  const parts = [
    ...(warnings > 0
      ? [`${count(warnings, 'warning')}${strict ? ' (--strict: a failure)' : ''}`]
      : []),
    ...(infos > 0 ? [`${infos} info`] : []),
  ];
  return parts.length > 0 ? `; ${parts.join(', ')}` : '';
}
