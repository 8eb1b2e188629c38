/** The demo's words. */
import { styleText } from 'node:util';
import type { EventFields, EventName } from '../../core/model/events.ts';
import type { Report } from '../../core/model/report.ts';
import { sanitize, valueText } from '../../report/sanitize.ts';
import { renderText } from '../../report/text.ts';
import { type ProcessIo, wantsColour } from '../io.ts';
import type { ManualChange } from './operator.ts';

type Colour = Parameters<typeof styleText>[0];

export type Narrator = ReturnType<typeof createNarrator>;

export function createNarrator({ stdout, env }: ProcessIo) {
  const colour = wantsColour(stdout, env);
  const paint = (tone: Colour, text: string) =>
    colour ? styleText(tone, text, { validateStream: false }) : text;
  const say = (...lines: readonly string[]) => stdout.write(`${lines.join('\n')}\n`);
  const title = (text: string) => say('', paint('bold', text));
  /** `10:00:05  by hand    …`: who did what, when. */
  const line = (tone: Colour, who: string, text: string) =>
    say(
      `  ${paint('dim', new Date().toTimeString().slice(0, 8))}  ${paint(tone, who.padEnd(9))}  ${text}`,
    );
  let isWatching = false;

  return {
    introduction(url: string, contents: string, directory: string) {
      say(
        'apikeeper keeps API Gateway the way Git declares it. Here is how, on this machine alone: no AWS account, no credentials.',
      );
      title('1. An API, and nobody who may call it');
      say(
        `  An API Gateway emulator listens on ${url}.`,
        '  Its account has one REST API, residents-api: four methods, one deployment; no stage, no API key, no usage plan.',
      );
      title('2. What Git declares');
      say(`  ${directory} holds ${contents}.`);
    },
    plan(report: Report) {
      title('3. apikeeper plan');
      say(indented(renderText(report, { colour })));
    },
    applying() {
      title('4. apikeeper apply');
      say(
        '  A new process looks twice, 5 s apart, before it creates anything: one that died before it may have done so already.',
      );
    },
    applied(report: Report) {
      say(indented(renderText(report, { colour, detail: 'outcomes' })));
    },
    daemonStarted(page: string, directory: string) {
      isWatching = true;
      title('5. apikeeper run');
      say(
        `  The daemon looks every two seconds. ${paint('bold', `Its page: ${page}/`)}`,
        '  From here on, somebody at the AWS console changes things by hand.',
        `  Change something yourself: edit a file in ${directory} and save it. Ctrl-C ends the demo.`,
        '',
      );
    },
    deed({ text, typed }: ManualChange) {
      line('yellow', 'by hand', text);
      say(paint('dim', `${' '.repeat(23)}$ ${typed}`));
    },
    event(event: EventName, fields: EventFields) {
      if (!isWatching) return;
      const object = sanitize(
        fields.kind ? `${fields.kind}/${fields.name}` : (fields.namespace ?? 'manifests'),
      );
      const place = fields.source
        ? paint('dim', `  ${sanitize(`${fields.source.file}:${fields.source.line}`)}`)
        : '';
      if (event === 'drift.detected') {
        const isGone = fields.awsId === undefined;
        line('cyan', 'drift', `${object}${isGone ? ' is gone' : ''}${place}`);
        for (const { path, live, desired } of isGone ? [] : (fields.changes ?? []))
          say(
            `${' '.repeat(23)}${sanitize(path)} is ${valueText(live)}, declared ${valueText(desired)}`,
          );
      } else if (event.startsWith('object.'))
        line('green', 'put right', `${object} ${event.slice('object.'.length)}`);
      else if (
        event === 'manifests.loaded' ||
        event === 'reconcile.finished' ||
        event === 'drift.resolved' ||
        event.startsWith('controller.')
      )
        return;
      else
        line(
          'red',
          event,
          [object, fields.message ?? fields.error ?? fields.reason ?? ''].map(sanitize).join(': '),
        );
    },
    handsOff() {
      say(
        '',
        '  That was all by hand; the daemon goes on. Edit a manifest, look at the page, or press Ctrl-C.',
      );
    },
    farewell() {
      say(
        '',
        'The emulator is gone, and everything in it. Next: apikeeper plan, on manifests of your own.',
      );
    },
  };
}

function indented(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => (line === '' ? line : `  ${line}`))
    .join('\n');
}
