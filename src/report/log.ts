/** Events as log lines: JSON for machines and `grep`, one readable line each for a terminal. */
import { type DestinationStream, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { type Emit, EVENTS, type EventFields, type Level } from '../core/model/events.ts';
import { CAUSE_TEXT } from './phrases.ts';
import { duration, sanitize, valueText } from './sanitize.ts';

export interface LogOptions {
  readonly format: 'json' | 'text';
  readonly level: Level;
  readonly colour: boolean;
  /** Where lines go, one `write` each. */
  readonly destination: DestinationStream;
}

/** Each line: `ts` (RFC 3339, UTC, milliseconds), `level`, `event`, the event's fields, and its constant `msg`. */
export function createLog({ format, level, colour, destination }: LogOptions): Emit {
  const log = pino(
    {
      level,
      base: null,
      timestamp: () => `,"ts":"${new Date().toISOString()}"`,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => masked(fields) as Record<string, unknown>,
      },
    },
    format === 'json' ? destination : readable(destination, colour),
  );
  return (event, fields) => {
    const { level: severity, message } = EVENTS[event];
    log[severity]({ event, ...fields }, message);
  };
}

/** The last belt: values are redacted where responses enter, and no event has such a field; if one ever had, nobody would read it here. */
function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === 'value' ? '(sensitive)' : masked(member),
    ]),
  );
}

/** pino-pretty as a function: its stream would still hold lines when the process ends. It is given no field but these three: others it would print as they are. */
function readable(destination: DestinationStream, colour: boolean): DestinationStream {
  const prettify = prettyFactory({
    colorize: colour,
    timestampKey: 'ts',
    translateTime: 'SYS:HH:MM:ss',
  });
  return {
    write: (line) => {
      const fields = JSON.parse(line) as Line;
      destination.write(prettify({ level: fields.level, ts: fields.ts, msg: lineText(fields) }));
    },
  };
}

type Line = EventFields & { readonly event: string; readonly msg: string };

/** The fields that say what, why and where, in that order; the rest is in the JSON form. */
function lineText(line: Line): string {
  const { msg, kind, namespace, name, consumer } = line;
  const place = `${consumer ? ` of Consumer/${consumer}` : ''}${namespace ? ` in ${namespace}` : ''}`;
  const object = kind && name ? `${kind}/${name}${place}` : namespace;
  const words = [
    line.reason,
    line.code,
    line.wants && `would ${line.wants}`,
    line.operation,
    line.state,
    line.cause && causeText(line.cause),
  ];
  const why = words.filter((word) => typeof word === 'string' && word !== '').join(', ');
  const parts = [
    `${msg}${object ? `: ${object}` : ''}${why ? ` (${why})` : ''}`,
    ...changeTexts(line),
    ...(line.summary ? [countsText(line.summary)] : []),
    ...(line.documents === undefined ? [] : [`documents: ${line.documents}, files: ${line.files}`]),
    ...[line.message, line.error].filter((text) => text !== undefined),
    ...[line.address, line.revision && `revision ${line.revision}`].filter(
      (text) => typeof text === 'string' && text !== '',
    ),
    ...(line.source ? [`${line.source.file}:${line.source.line}`] : []),
    ...(line.durationMs === undefined ? [] : [duration(line.durationMs)]),
  ];
  return sanitize(parts.join('; '));
}

/** `create 2, keep 12` */
function countsText(counts: object): string {
  return Object.entries(counts)
    .flatMap(([name, number]) => (number === 0 ? [] : [`${name} ${number}`]))
    .join(', ');
}

function causeText(cause: string): string {
  return (CAUSE_TEXT as Readonly<Record<string, string>>)[cause] ?? cause;
}

/** What differs, or, of an object that was changed, what was done. Of one that is or was not there at all, every field would be news. */
function changeTexts({ event, awsId, changes = [] }: Line): string[] {
  if (event === 'object.created') return [];
  if (event === 'drift.detected' && awsId === undefined) return ['it is gone'];
  return changes.map(({ path, live, desired }) =>
    event.startsWith('object.')
      ? `${path} ${valueText(live)} → ${valueText(desired)}`
      : `${path} is ${valueText(live)}, declared ${valueText(desired)}`,
  );
}
