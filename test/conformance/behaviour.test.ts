import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const behaviourFile = new URL('../../src/emulator/BEHAVIOUR.md', import.meta.url);

test('every line of BEHAVIOUR.md has a case, and every case a line', () => {
  const lines = [...readFileSync(behaviourFile, 'utf8').matchAll(/^- \*\*([A-Z]\d+)\*\*/gm)].map(
    ([, id]) => id,
  );
  const folder = new URL('.', import.meta.url);
  const cases = readdirSync(folder)
    .filter((name) => name.endsWith('.test.ts'))
    .flatMap((name) => [
      ...readFileSync(new URL(name, folder), 'utf8').matchAll(
        /behaviour(?:\.emulatorOnly)?\(\s*'([A-Z]\d+)'/g,
      ),
    ])
    .map(([, id]) => id);
  expect(lines.length).toBeGreaterThan(90);
  expect(new Set(lines).size).toBe(lines.length);
  expect([...new Set(cases)].sort()).toEqual([...lines].sort());
});

test('every line of BEHAVIOUR.md names its source', () => {
  const lines = readFileSync(behaviourFile, 'utf8')
    .split('\n- ')
    .slice(1)
    .filter((line) => line.startsWith('**'));
  for (const line of lines)
    expect(line).toMatch(
      /\[[^\]]+\]|UNCONFIRMED|\(emulator|\(STS|Facts 4|\(widely quoted\)|By analogy/,
    );
});
