/** A report on stdout, as `--output` asks. */
import type { Report } from '../core/model/report.ts';
import { renderJson } from '../report/json.ts';
import { renderMarkdown } from '../report/markdown.ts';
import { renderText, type TextOptions } from '../report/text.ts';
import { type ProcessIo, wantsColour } from './io.ts';

export function printReport(
  report: Report,
  output: 'text' | 'json' | 'markdown',
  { stdout, env }: ProcessIo,
  detail: NonNullable<TextOptions['detail']> = 'full',
): void {
  if (output === 'json') stdout.write(renderJson(report));
  else if (output === 'markdown') stdout.write(renderMarkdown(report));
  else stdout.write(renderText(report, { colour: wantsColour(stdout, env), detail }));
}
