/** The reference of flags and variables, as a Markdown table: for the docs, which a test holds against it. */
import { defaultText, FLAGS, type Flag, showsNegation, variableOf } from './flags.ts';

export function flagReference(): string {
  const lines = (FLAGS as readonly Flag[]).map((entry) => {
    const cells = [
      names(entry),
      variable(entry),
      cell(defaultText(entry)),
      entry.commands.join(', '),
      entry.help,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '| flag | variable | default | commands | meaning |',
    '| --- | --- | --- | --- | --- |',
    ...lines,
    '',
  ].join('\n');
}

function names(entry: Flag): string {
  const { name, short, value } = entry;
  const long =
    value === undefined ? `--${showsNegation(entry) ? '[no-]' : ''}${name}` : `--${name} ${value}`;
  return cell(short ? `-${short}, ${long}` : long);
}

function variable(entry: Flag): string {
  const name = variableOf(entry);
  return name ? cell(name) : '';
}

function cell(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``;
}
