import { describe, expect, it } from 'vitest';
import { userTags } from '../../src/kinds/live.ts';

describe('the tags that manifests speak of', () => {
  it('are neither ours nor AWS’s own', () => {
    expect(
      userTags({
        'apikeeper:owner': 'a',
        'aws:cloudformation:stack-name': 'b',
        'apikeeper-like': 'c',
        team: 'd',
      }),
    ).toEqual({
      'apikeeper-like': 'c',
      team: 'd',
    });
  });
});
