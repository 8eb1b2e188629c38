/** Disposing: what waits is dropped; resolves when what is under way is over. */
export interface Coalescer<Item> extends AsyncDisposable {
  /** Resolves when everything is worked off. */
  add(item: Item): Promise<void>;
  readonly isWorking: boolean;
}

/** Works off what was added: all that came in one turn at once, and all that came meanwhile at once after that. */
export function createCoalescer<Item>(
  work: (batch: readonly Item[]) => Promise<void>,
): Coalescer<Item> {
  const items: Item[] = [];
  let working: Promise<void> | undefined;

  async function drain(): Promise<void> {
    try {
      // To the end of the turn.
      await undefined;
      while (items.length > 0) await work(items.splice(0));
    } finally {
      working = undefined;
    }
  }

  return {
    add(item) {
      items.push(item);
      working ??= drain();
      return working;
    },
    get isWorking() {
      return working !== undefined;
    },
    async [Symbol.asyncDispose]() {
      items.length = 0;
      await working;
    },
  };
}
