import { describe, expect, it } from 'vitest';
import { REQUIREMENT } from '../../src/core/compare/key-requirement.ts';
import type { FieldRule } from '../../src/core/model/field-rules.ts';
import { kinds } from '../../src/kinds/index.ts';
import { KINDS } from '../../src/manifests/schemas.ts';
import { contract } from './contract.ts';
import { casesOf, mutable } from './examples.ts';
import { REQUIREMENT_LAWS } from './requirement-laws.ts';

for (const kind of kinds) contract(kind, kind.rules.kind === REQUIREMENT ? REQUIREMENT_LAWS : {});

describe('the contract suite', () => {
  it('runs for every kind that lives in API Gateway', () => {
    expect(kinds.map(({ rules }) => rules.kind).sort()).toEqual(
      KINDS.filter((kind) => kind !== 'Target' && kind !== 'Consumer').sort(),
    );
  });

  it.each(kinds.map((kind) => [kind.rules.kind, kind.rules] as const))(
    'has a case for each mutable field of %s',
    (_, rules) => {
      const cases = casesOf(rules).map(({ path }) => path.replaceAll('[]', ''));
      const fields = mutable(rules).flatMap((rule) => pathsOf(rule, rule.name));
      expect(fields.filter((path) => !cases.includes(path))).toEqual([]);
    },
  );
});

function pathsOf({ fields }: FieldRule, path: string): string[] {
  return [path, ...Object.values(fields).flatMap((rule) => pathsOf(rule, `${path}.${rule.name}`))];
}
