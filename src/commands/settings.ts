/** From flags to what the engine is told. */

import { compact } from '../core/model/compact.ts';
import type { Emit } from '../core/model/events.ts';
import { chosen } from '../engine/reconcile/engine.ts';
import type { EngineDeps, Settings } from '../engine/state/settings.ts';
import { load } from '../manifests/load.ts';
import { createLog } from '../report/log.ts';
import { UsageError } from './errors.ts';
import type { FlagValues } from './flags.ts';
import { type ProcessIo, wantsColour } from './io.ts';
import { paceOf } from './pace.ts';

type PassFlags = FlagValues<'plan'> | FlagValues<'apply'> | FlagValues<'run'>;

export function settingsOf(directory: string, flags: PassFlags, { version }: ProcessIo): Settings {
  return {
    directory,
    namespaces: flags.namespace,
    owner: flags.owner,
    deleteGraceMs: flags['delete-grace'],
    valuesEnvPrefix: flags['values-env-prefix'],
    valuesSecrets: flags['values-secrets'],
    version,
    ...paceOf(flags),
    ...defined({
      mode: flags.mode,
      prune: flags.prune,
      maxKeys: flags['max-keys'],
      maxPercent: flags['max-percent'],
      valuesDir: flags['values-dir'],
      lockDirectory: 'lock-dir' in flags ? flags['lock-dir'] : undefined,
    }),
  };
}

/** A namespace that no Target bears is a slip of the hand, and is said before anything else happens. */
export async function checkNamespaces({ directory, owner, namespaces }: Settings): Promise<void> {
  if (namespaces.length === 0) return;
  const tree = await load(directory, { owner });
  try {
    chosen(tree, namespaces);
  } catch (error) {
    throw new UsageError(`--namespace: ${(error as Error).message}`, { cause: error });
  }
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the members that are undefined: what was not said is absent. */
function defined<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(
    Object.entries(object).filter(([, member]) => member !== undefined),
  ) as Defined<T>;
}

/** The log that the flags ask for, on stderr. */
export function logOf(flags: PassFlags, { stderr, env }: ProcessIo): Emit {
  const format = flags['log-format'] ?? (stderr.isTTY ? 'text' : 'json');
  return createLog({
    format,
    level: flags['log-level'] ?? 'info',
    colour: wantsColour(stderr, env),
    destination: { write: (line) => void stderr.write(line) },
  });
}

/**
 * For a person at a terminal the plan tells what its events tell; said twice, it is harder to read. `open` lets later events through:
 * while an apply runs, they are its progress. Asked for with --log-level, all of them are written.
 */
export function quietLogOf(
  flags: PassFlags,
  world: ProcessIo,
): { readonly emit: Emit; open(): void } {
  const log = logOf(flags, world);
  let isOpen = world.stderr.isTTY !== true || flags['log-level'] !== undefined;
  return {
    emit: (event, fields) => {
      if (isOpen) log(event, fields);
    },
    open: () => {
      isOpen = true;
    },
  };
}

export function surroundingsOf(
  emit: Emit,
  { env, clock }: ProcessIo,
  onCall?: EngineDeps['onCall'],
): EngineDeps {
  return compact({ clock, emit, env, onCall });
}
