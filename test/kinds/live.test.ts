import { describe, expect, it } from 'vitest';
import { concurrently, userTags } from '../../src/kinds/live.ts';

describe('work on many items', () => {
  /** Begins work on `count` items, and settles it by hand. */
  function begin(count: number, most: number) {
    const begun: { done: PromiseWithResolvers<string> }[] = [];
    const result = concurrently(
      Array.from({ length: count }, (_, item) => item),
      () => {
        const done = Promise.withResolvers<string>();
        begun.push({ done });
        return done.promise;
      },
      most,
    );
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    return { begun, result, turn };
  }

  it('is done so many at a time, and its results come in the order of the items', async () => {
    const { begun, result, turn } = begin(5, 2);
    for (const [settled, item] of [1, 2, 0, 4, 3].entries()) {
      expect(begun).toHaveLength(Math.min(5, settled + 2));
      begun[item]?.done.resolve(`item ${item}`);
      await turn();
    }
    expect(await result).toEqual(['item 0', 'item 1', 'item 2', 'item 3', 'item 4']);
  });

  it('ends with the first failure: nothing further begins', async () => {
    const { begun, result, turn } = begin(10, 2);
    begun[0]?.done.reject(new Error('no'));
    await expect(result).rejects.toThrow('no');
    begun[1]?.done.resolve('late');
    await turn();
    expect(begun).toHaveLength(2);
  });

  it('is done at once where there is none', async () => {
    expect(await concurrently([], () => Promise.resolve(1))).toEqual([]);
  });
});

describe('the tags that manifests speak of', () => {
  it('are neither ours nor AWS’s own', () => {
    expect(userTags({ 'apikeeper:owner': 'a', 'aws:cloudformation:stack-name': 'b', 'apikeeper-like': 'c', team: 'd' })).toEqual({
      'apikeeper-like': 'c',
      team: 'd',
    });
  });
});
