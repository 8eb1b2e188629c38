import { readFileSync, writeFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { renderJson } from '../../src/report/json.ts';
import { renderMarkdown } from '../../src/report/markdown.ts';
import { isHeld, rowOf } from '../../src/report/phrases.ts';
import { duration, sanitize, valueText } from '../../src/report/sanitize.ts';
import { renderText } from '../../src/report/text.ts';
import { object, report, sampleApplied, sampleInSync, samplePlan, target } from './sample.ts';
import { assertReport } from './schema.ts';

const GOLDEN = {
  'plan.golden.txt': () => renderText(samplePlan, { colour: false }),
  'applied.golden.txt': () => renderText(sampleApplied, { colour: false }),
  'outcomes.golden.txt': () => renderText(sampleApplied, { colour: false, detail: 'outcomes' }),
  'in-sync.golden.txt': () => renderText(sampleInSync, { colour: false }),
  'plan.golden.md': () => renderMarkdown(samplePlan),
  'applied.golden.md': () => renderMarkdown(sampleApplied),
};

describe('what a reader sees', () => {
  for (const [file, render] of Object.entries(GOLDEN)) {
    test(`${file} (UPDATE_GOLDEN=1 writes it)`, () => {
      const url = new URL(file, import.meta.url);
      if (process.env.UPDATE_GOLDEN) writeFileSync(url, render());
      expect(render()).toBe(readFileSync(url, 'utf8'));
    });
  }

  test('a stranded object is told by name, with the way out', () => {
    const message = 'no Target bears the namespace staging';
    const stranded = object({ name: 'acme', namespace: 'staging', state: 'stranded', message });
    const shown = report([target([stranded], { state: 'in-sync' })]);
    assertReport(shown);
    const text = renderText(shown, { colour: false });
    expect(text).toContain('? ApiKey/acme  stranded');
    expect(text).toContain(message);
    expect(text).toContain('Plan: 1 stranded');
    expect(renderMarkdown(shown)).toContain('| **stranded** | `ApiKey/acme` |');
  });

  test('colour changes nothing but the colour', () => {
    const coloured = renderText(samplePlan, { colour: true });
    expect(coloured).not.toBe(stripVTControlCharacters(coloured));
    expect(stripVTControlCharacters(coloured)).toBe(renderText(samplePlan, { colour: false }));
  });

  test('no control character of a name reaches a terminal or a comment', () => {
    for (const shown of [renderText(samplePlan, { colour: false }), renderMarkdown(samplePlan)]) {
      expect(shown.replaceAll('\n', '').replaceAll('\u2060', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });

  test('a comment holds no HTML but ours, no mention and no link', () => {
    const prose = renderMarkdown(samplePlan).replace(/(`+).*?\1/g, '');
    expect(
      [...prose.matchAll(/<\/?(\w+)/g)]
        .map(([, tag]) => tag)
        .filter((tag) => tag !== 'details' && tag !== 'summary'),
    ).toEqual([]);
    expect(prose).not.toMatch(/@team/);
  });

  test('without a target nothing is claimed to be in sync', () => {
    expect(renderText(report([], { state: 'failing' }), { colour: false })).toBe(
      'Nothing was compared: the manifests have to be valid first.\n',
    );
  });

  test('a comment stays below what GitHub accepts, and says what it left out', () => {
    const many = Array.from({ length: 5000 }, (_, number) =>
      object({ name: `k${number}`, state: 'orphaned', action: 'delete', message: 'x'.repeat(50) }),
    );
    const comment = renderMarkdown(report([target(many)]));
    expect(comment.length).toBeLessThan(65_536);
    expect(comment).toMatch(/do not fit into a comment/);
  });

  test('in JSON it is the report itself', () => {
    expect(JSON.parse(renderJson(samplePlan))).toEqual(samplePlan);
  });
});

describe('the schema', () => {
  test.each(Object.entries({ samplePlan, sampleApplied, sampleInSync }))(
    '%s is valid',
    (_, value) => {
      expect(() => assertReport(JSON.parse(renderJson(value)))).not.toThrow();
    },
  );

  test.each([
    ['an unknown field', { ...samplePlan, extra: 1 }],
    ['a time that is not UTC', { ...samplePlan, startedAt: '2026-11-23T10:00:00+01:00' }],
    ['an unknown state', { ...samplePlan, state: 'fine' }],
    [
      'a missing summary',
      { ...samplePlan, targets: [{ ...samplePlan.targets[0], summary: undefined }] },
    ],
  ])('%s is refused', (_, value) => {
    expect(() => assertReport(JSON.parse(JSON.stringify(value)))).toThrow(/not a report/);
  });
});

describe('the words', () => {
  test.each([
    [
      'an outcome outranks the action',
      object({ name: 'a', action: 'update', outcome: 'failed' }),
      'failed',
      false,
    ],
    [
      'a hold',
      object({ name: 'a', action: 'hold', reason: 'guard', wants: 'delete' }),
      'held',
      true,
    ],
    [
      'a hold after an apply',
      object({ name: 'a', action: 'hold', reason: 'guard', outcome: 'held' }),
      'held',
      true,
    ],
    [
      'a hold that somebody chose',
      object({ name: 'a', action: 'hold', reason: 'grace' }),
      'chosen',
      false,
    ],
    [
      'a step that is held in part',
      object({ name: 'a', action: 'update', reason: 'immutable-field' }),
      'update',
      true,
    ],
    [
      'a key in its grace that is disabled',
      object({ name: 'a', action: 'disable', reason: 'grace' }),
      'disable',
      false,
    ],
    [
      'leaving Git is no hold',
      object({ name: 'a', action: 'delete', reason: 'orphaned' }),
      'delete',
      false,
    ],
    [
      'being overtaken is no hold',
      object({ name: 'a', action: 'update', reason: 'superseded', outcome: 'skipped' }),
      'skipped',
      false,
    ],
    ['nothing to do', object({ name: 'a' }), 'in-sync', false],
    ['not ours', object({ name: 'a', state: 'foreign' }), 'unmanaged', false],
  ])('%s', (_, entry, row, held) => {
    expect(rowOf(entry)).toBe(row);
    expect(isHeld(entry)).toBe(held);
  });

  test.each([
    [null, 'none'],
    [0, '0'],
    [false, 'false'],
    ['', '""'],
    ['(sensitive)', '(sensitive)'],
    [['a', 1], '["a", 1]'],
    [{}, '{}'],
    [{ 'a b': null, c: [] }, '{ "a b": none, c: [] }'],
  ])('the value %j is shown as %s', (value, text) => {
    expect(valueText(value)).toBe(text);
  });

  test.each([
    [0, '0 ms'],
    [999.4, '999 ms'],
    [1234, '1.2 s'],
    [59_949, '59.9 s'],
    [59_960, '1 min'],
    [280_000, '4 min 40 s'],
    [7_500_000, '2 h 5 min'],
  ])('%d milliseconds are %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  test.each([
    ['\u001b[2J', '\\u{1b}[2J'],
    ['\u009b2J', '\\u{9b}2J'],
    ['a\nb\tc\r', 'a\\nb\\tc\\u{d}'],
    ['\u202egpj.exe', '\\u{202e}gpj.exe'],
    ['\ud800', '\\u{d800}'],
    ['Zoë → 北京 🗝', 'Zoë → 北京 🗝'],
  ])('%j is made visible', (text, shown) => {
    expect(sanitize(text)).toBe(shown);
  });
});
