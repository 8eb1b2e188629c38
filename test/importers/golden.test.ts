import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { renderManifests } from '../../src/manifest-writer/render.ts';
import { load } from '../../src/manifests/load.ts';
import { createWorkspace } from '../manifests/workspace.ts';
import { CASES, goldenText, goldenUrl } from './cases.ts';

describe.each(Object.entries(CASES))('%s', (name, run) => {
  test('becomes what the golden file says', () => {
    expect(goldenText(run())).toBe(readFileSync(goldenUrl(name), 'utf8'));
  });

  test('passes validate', async () => {
    const { documents } = run();
    if (documents.length === 0) return;
    await using space = await createWorkspace({ 'imported.yaml': renderManifests({ documents }) });
    const { problems, dangling, desired } = await load(space.path);
    expect([...problems, ...dangling]).toEqual([]);
    expect(desired).toHaveLength(documents.length);
  });
});
