import fc from 'fast-check';
import { dump } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { parse } from '../../src/manifests/parse.ts';
import { escapeSegment } from '../../src/manifests/problem.ts';
import { suggest } from '../../src/manifests/suggest.ts';

const RUNS = { numRuns: Number(process.env.FC_RUNS ?? 200) };

/** Every field of a value: its pointer, its key, and its own value. */
function fieldsOf(
  value: unknown,
  pointer = '',
): { pointer: string; key: string | undefined; value: unknown }[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, child]) => {
    const at = `${pointer}/${escapeSegment(name)}`;
    return [
      { pointer: at, key: Array.isArray(value) ? undefined : name, value: child },
      ...fieldsOf(child, at),
    ];
  });
}

describe('locate', () => {
  const name = fc.stringMatching(/^[a-z~/.]{1,6}$/);
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.integer(),
      fc.stringMatching(/^[a-z]{1,9}$/),
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(name, tie('tree'), { maxKeys: 4 }),
    ),
  }));

  test('finds every field of every document where it is written', () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(name, tree, { minKeys: 1, maxKeys: 4 }), {
          minLength: 1,
          maxLength: 3,
        }),
        fc.constantFrom(-1, 0, 1, 2),
        (values, flowLevel) => {
          const text = values
            .map(
              (value) =>
                `# a comment\n---\n${dump(value, { flowLevel, forceQuotes: flowLevel === 1 })}`,
            )
            .join('');
          const lines = text.split('\n');
          const { documents, problems } = parse('m.yaml', text);
          expect(problems).toEqual([]);
          expect(documents.map(({ value }) => value)).toEqual(values);
          for (const { value, locate } of documents) {
            for (const field of fieldsOf(value)) {
              const found = locate(field.pointer);
              const from = (place: { line: number; column: number }) =>
                lines[place.line - 1]?.slice(place.column - 1) ?? '';
              if (field.key !== undefined)
                expect(
                  from(found.key).replace(/^["']/, '').startsWith(field.key),
                  field.pointer,
                ).toBe(true);
              if (typeof field.value === 'object') continue;
              expect(
                from(found.value).replace(/^["']/, '').startsWith(String(field.value)),
                field.pointer,
              ).toBe(true);
              expect(found.text).toBe(String(field.value));
            }
          }
        },
      ),
      RUNS,
    );
  });

  test.each([
    { reason: 'a quoted value at its quote', text: 'a: "x"\n', pointer: '/a', value: '1:4' },
    {
      reason: 'an empty value at its field',
      text: 'a:\n  b:\n  c: 1\n',
      pointer: '/a/b',
      value: '2:3',
    },
    {
      reason: 'what is not there at what is around it',
      text: 'a:\n  b: 1\n',
      pointer: '/a/c/d',
      value: '2:3',
    },
    { reason: 'an alias where it is used', text: 'a: &x 1\nb: *x\n', pointer: '/b', value: '2:4' },
  ])('finds $reason', ({ text, pointer, value }) => {
    const found = parse('m.yaml', text).documents[0]?.locate(pointer).value;
    expect(`${found?.line}:${found?.column}`).toBe(value);
  });
});

test('whatever a file holds, it is read without an exception, and every problem has its place', () => {
  const yamlish = fc.array(
    fc.constantFrom(
      'a',
      ': ',
      '\n',
      '- ',
      '  ',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '&x ',
      '*x',
      '!t ',
      '---\n',
      '|',
      '>',
      '#',
      ',',
      '? ',
      '%',
      '\t',
      '\\u',
      '1',
    ),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 60 }),
        yamlish.map((parts) => parts.join('')),
      ),
      (text) => {
        for (const problem of parse('m.yaml', text).problems) {
          expect(problem.line).toBeGreaterThan(0);
          expect(problem.column).toBeGreaterThan(0);
          expect(problem.message).not.toBe('');
        }
      },
    ),
    { numRuns: RUNS.numRuns * 5 },
  );
});

describe('suggest', () => {
  test.each([
    { reason: 'a swap', word: 'thorttle', meant: 'throttle' },
    { reason: 'a missing letter', word: 'rateLimt', meant: 'rateLimit' },
    { reason: 'another case', word: 'RATELIMIT', meant: 'rateLimit' },
    { reason: 'a beginning', word: 'desc', meant: 'description' },
    { reason: 'nothing near', word: 'colour', meant: undefined },
    { reason: 'two letters say too little', word: 'xy', meant: undefined },
  ])('$reason: $word', ({ word, meant }) => {
    expect(suggest(word, ['rateLimit', 'throttle', 'description', 'name'])).toBe(meant);
  });
});
