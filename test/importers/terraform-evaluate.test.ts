import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isUnresolved, unresolved, unresolvedIn } from '../../src/importers/common/unresolved.ts';
import { evaluateTree, type Lookup } from '../../src/importers/terraform/evaluate.ts';
import { callFunction } from '../../src/importers/terraform/functions.ts';
import { readTerraform } from '../../src/importers/terraform/hcl.ts';

const NAMES: Readonly<Record<string, unknown>> = {
  list: ['a', 'b'],
  map: { x: 1, y: 2 },
  text: 'Text',
  on: true,
  off: 'false',
  objects: [{ id: 1 }, { id: 2 }],
  unknown: unresolved('unknown is not known'),
};
const lookup: Lookup = (root) => ({
  value: Object.hasOwn(NAMES, root) ? NAMES[root] : unresolved(`${root} is not there`),
  used: 0,
});

async function evaluate(expression: string): Promise<unknown> {
  const file = await readTerraform('x.tf', `x = ${expression}\n`);
  if ('code' in file) throw new Error(file.message);
  return evaluateTree(file.body.x, lookup);
}

test.each<readonly [expression: string, value: unknown]>([
  ['"plain"', 'plain'],
  ['"a ${text} b"', 'a Text b'],
  ['"${list}"', ['a', 'b']],
  ['"${text}-${map.x}"', 'Text-1'],
  [String.raw`"line\nquote\"tab\t\u00e9 ${'$'}{text}"`, 'line\nquote"tab\té Text'],
  [String.raw`"${'$'}{join("\n", list)}"`, 'a\nb'],
  ['"$${text} %%{if} ${text}"', '${text} %{if} Text'],
  ['"$${text}"', '${text}'],
  ['<<EOT\nfirst ${text}\nsecond\nEOT', 'first Text\nsecond\n'],
  ['<<-EOT\n    in ${text}\n  EOT', 'in Text\n'],
  ['"%{ if on }yes%{ else }no%{ endif }"', 'yes'],
  ['on ? "yes" : "no"', 'yes'],
  ['off ? "yes" : "no"', 'no'],
  ['!on', false],
  ['(1 + 2) * 3 - 1', 8],
  ['-map.y', -2],
  ['map.x >= 1 && map.y < 3 || false', true],
  ['text == "Text"', true],
  ['list != ["a", "b"]', false],
  ['null', null],
  ['list[1]', 'b'],
  ['map["y"]', 2],
  ['map[list[0] == "a" ? "x" : "y"]', 1],
  ['objects[*].id', [1, 2]],
  ['objects.*.id', [1, 2]],
  ['text[*]', ['Text']],
  ['[for v in list : upper(v)]', ['A', 'B']],
  ['[for i, v in list : "${i}${v}"]', ['0a', '1b']],
  ['[for k, v in map : k if v > 1]', ['y']],
  ['{ for k, v in map : upper(k) => v }', { X: 1, Y: 2 }],
  ['{ for v in ["a", "b", "a"] : v => 1... }', { a: [1, 1], b: [1] }],
  [
    '{ plain = 1, "quoted" : 2, (text) = 3, "made-${text}" = 4 }',
    { plain: 1, quoted: 2, Text: 3, 'made-Text': 4 },
  ],
  ['toset(["a", "b", "a"])', ['a', 'b']],
  ['tomap({ a = tostring(1) })', { a: '1' }],
  ['merge(map, { y = 3 }, {})', { x: 1, y: 3 }],
  ['concat(list, ["c"])', ['a', 'b', 'c']],
  ['flatten([["a"], [["b"]]])', ['a', 'b']],
  ['keys({ b = 1, a = 2 })', ['a', 'b']],
  ['values({ b = 1, a = 2 })', [2, 1]],
  ['lookup(map, "z", 9)', 9],
  ['length(list) + length(map) + length(text)', 8],
  ['format("%s-%d%%", text, 5)', 'Text-5%'],
  ['replace(text, "T", "t")', 'text'],
  ['split(",", "a,b")', ['a', 'b']],
  ['coalesce("", null, "c")', 'c'],
  ['compact(["", "a"])', ['a']],
  ['contains(list, "b")', true],
  ['element(list, 3)', 'b'],
  ['jsonencode({ a = [1] })', '{"a":[1]}'],
  ['join("-", [lower("A"), title("b c"), trimspace(" d ")])', 'a-B C-d'],
  ['concat([list]...)', ['a', 'b']],
])('%s', async (expression, value) => {
  expect(await evaluate(expression)).toEqual(value);
});

test.each([
  'absent',
  'unknown',
  '"a ${unknown}"',
  'unknown.attribute[0]',
  'map.z',
  'list[5]',
  'unknown ? 1 : 2',
  '[for v in unknown : v]',
  '[for v in text : v]',
  'upper(unknown)',
  'upper("${unknown}")',
  'concat(text...)',
  'sha256("canary")',
  'file("canary")',
  'replace("canary", "/c/", "")',
  'format("%q", "canary")',
  'sensitive("canary")',
  '"${list} canary"',
  '5 % 2',
  'format("%s %s", "canary")',
  'join("-", [["canary"], {}])',
  // A map with this name of a function has no text and no number that JavaScript could ask it for.
  ...[
    'tonumber(odd)',
    'tobool(odd)',
    'split(odd, "canary")',
    'replace("canary", odd, "")',
    'format(odd)',
    'join(odd, ["canary"])',
    'lookup({ a = 1 }, odd, 2)',
    'element(["canary"], odd)',
    'list[odd]',
    '{ (odd) = 1 }',
    'odd + 1',
    '-odd',
    '1 < odd',
  ].map((expression) => expression.replace('odd', '{ toString = false, valueOf = "canary" }')),
])('%s has no value, and says so without a word of the text in it', async (expression) => {
  const value = await evaluate(expression);
  expect(isUnresolved(value)).toBe(true);
  expect(unresolvedIn(value).join()).not.toMatch(/canary|^$/);
});

test('what is unknown within a map or a list leaves the rest known', async () => {
  const value = (await evaluate('merge({ a = unknown }, { b = 1 })')) as Record<string, unknown>;
  expect(Object.keys(value)).toEqual(['a', 'b']);
  expect(unresolvedIn(value)).toEqual(['unknown is not known']);
});

test('functions take anything without failing', () => {
  const names = [
    'toset',
    'tostring',
    'tonumber',
    'join',
    'split',
    'replace',
    'format',
    'concat',
    'flatten',
    'merge',
    'keys',
    'values',
    'length',
  ];
  const others = [
    'lookup',
    'element',
    'contains',
    'coalesce',
    'jsonencode',
    'title',
    'distinct',
    'compact',
    'tobool',
    'constructor',
    'toString',
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...names, ...others),
      fc.array(fc.jsonValue(), { maxLength: 4 }),
      (name, values) => {
        expect(() => callFunction(name, values)).not.toThrow();
      },
    ),
    {
      examples: [...names, ...others].map((name): [string, fc.JsonValue[]] => [
        name,
        [{ toString: false }, [{ toString: false }]],
      ]),
    },
  );
});
