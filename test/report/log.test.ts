import { describe, expect, test } from 'vitest';
import {
  EVENTS,
  type EventFields,
  type EventName,
  type Level,
} from '../../src/core/model/events.ts';
import { createLog } from '../../src/report/log.ts';

function lines(
  format: 'json' | 'text',
  level: Level,
  emissions: readonly (readonly [EventName, EventFields])[],
  colour = false,
): string[] {
  const written: string[] = [];
  const emit = createLog({
    format,
    level,
    colour,
    destination: { write: (line) => void written.push(line) },
  });
  for (const [event, fields] of emissions) emit(event, fields);
  return written;
}

const drift: readonly [EventName, EventFields] = [
  'drift.detected',
  {
    namespace: 'production',
    kind: 'UsagePlan',
    name: 'acme\u001b[31m',
    awsId: 'pl4n01',
    cause: 'live',
    changes: [{ path: '/spec/throttle/rateLimit', desired: 100, live: 5000, cause: 'live' }],
    source: { file: 'acme.yaml', line: 3 },
  },
];

describe('JSON lines', () => {
  test.each(Object.entries(EVENTS))(
    '%s has its level, its constant message and its fields',
    (event, { level, message }) => {
      const [line] = lines('json', 'debug', [
        [event as EventName, { namespace: 'production', message: 'the way out' }],
      ]);
      expect(line).toMatch(/^\{.*\}\n$/);
      expect(JSON.parse(line ?? '')).toEqual({
        level,
        ts: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        event,
        namespace: 'production',
        message: 'the way out',
        msg: message,
      });
    },
  );

  test('a field named value is masked at any depth', () => {
    const [line] = lines('json', 'info', [
      ['step.failed', { value: 'hunter2', at: { deep: [{ value: 'hunter2' }] } }],
    ]);
    expect(line).not.toContain('hunter2');
    expect(JSON.parse(line ?? '')).toMatchObject({
      value: '(sensitive)',
      at: { deep: [{ value: '(sensitive)' }] },
    });
  });

  test('the level cuts off what is below it', () => {
    const emissions: (readonly [EventName, EventFields])[] = [
      ['reconcile.finished', {}],
      ['step.held', {}],
      ['step.failed', {}],
    ];
    expect(lines('json', 'info', emissions)).toHaveLength(3);
    expect(lines('json', 'warn', emissions)).toHaveLength(2);
    expect(lines('json', 'error', emissions)).toHaveLength(1);
  });
});

describe('text lines', () => {
  test('what a Consumer expands to is said to be of the Consumer', () => {
    const fields = {
      kind: 'UsagePlan',
      namespace: 'production',
      name: 'acme-residents',
      consumer: 'acme',
    };
    expect(lines('text', 'info', [['object.created', fields]]).join()).toMatch(
      /object created: UsagePlan\/acme-residents of Consumer\/acme in production\n$/,
    );
  });

  test('one line says what, which, why, how and where', () => {
    expect(lines('text', 'info', [drift])).toEqual([
      expect.stringMatching(
        /^\[\d\d:\d\d:\d\d\] WARN: live object differs from its manifest: UsagePlan\/acme\\u\{1b\}\[31m in production \(changed live\); \/spec\/throttle\/rateLimit is 5000, declared 100; acme\.yaml:3\n$/,
      ),
    ]);
  });

  test('what was done reads from old to new', () => {
    const changes = [{ path: '/spec/enabled', desired: true, live: false, cause: 'live' as const }];
    expect(
      lines('text', 'info', [['object.updated', { kind: 'ApiKey', name: 'acme', changes }]])[0],
    ).toMatch(/object updated: ApiKey\/acme; \/spec\/enabled false → true\n$/);
  });

  test('of an object that was not there, every field would be news', () => {
    const changes = ['/spec/name', '/spec/enabled'].map((path) => ({
      path,
      desired: true,
      live: null,
      cause: 'live' as const,
    }));
    const fields = { kind: 'UsagePlan', name: 'acme', changes };
    expect(lines('text', 'info', [['drift.detected', fields]])[0]).toMatch(
      /its manifest: UsagePlan\/acme; it is gone\n$/,
    );
    expect(lines('text', 'info', [['object.created', fields]])[0]).toMatch(
      /object created: UsagePlan\/acme\n$/,
    );
  });

  test('a hold says the way out', () => {
    const [line] = lines('text', 'info', [
      [
        'step.held',
        {
          kind: 'ApiKey',
          name: 'acme',
          reason: 'not-owned',
          wants: 'create',
          message: 'annotate: apikeeper.dev/adopt: k9',
        },
      ],
    ]);
    expect(line).toMatch(
      /step held: ApiKey\/acme \(not-owned, would create\); annotate: apikeeper\.dev\/adopt: k9\n$/,
    );
  });

  test('colour only when asked for', () => {
    expect(lines('text', 'info', [drift]).join('')).not.toContain('\u001b');
    expect(lines('text', 'info', [drift], true).join('')).toContain('\u001b[');
  });
});
