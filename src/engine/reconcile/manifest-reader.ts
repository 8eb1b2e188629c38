/** Reads the manifests directory, and remembers what its readings prove of absence (src/manifests/absence.ts). */
import type { Clock } from '../../core/model/clock.ts';
import { identity } from '../../core/model/model.ts';
import type { Plan } from '../../core/model/plan.ts';
import { type Absence, addReading, isAbsent, provableAt } from '../../manifests/absence.ts';
import { load, type Tree } from '../../manifests/load.ts';
import type { Settings } from '../state/settings.ts';
import { withoutUnusable } from './cron.ts';

export interface ManifestReader {
  read(): Promise<Tree>;
  /** Why an identity (`<kind>/<namespace>/<name>`) may be declared all the same; undefined where it is absent. */
  doubtOf(who: string): string | undefined;
  /** When a reading can prove what plans hold for a second look; undefined where they hold nothing for that. */
  secondLookAt(plans: readonly Plan[]): number | undefined;
  /** Reads again, where no reading has begun since `at`. */
  lookAgain(at: number, signal: AbortSignal | undefined): Promise<void>;
}

const UNPROVEN =
  'no document declares it, and the directory has been read so only once: it is removed when a second ' +
  'reading, two seconds later, does not find it either; nothing has to be written';

export function createManifestReader(
  { directory, owner }: Pick<Settings, 'directory' | 'owner'>,
  clock: Clock,
): ManifestReader {
  let absence: Absence | undefined;

  async function read(): Promise<Tree> {
    const startedAt = clock.now();
    const tree = withoutUnusable(await load(directory, { owner }), clock.now());
    absence = addReading(absence, { tree, startedAt, endedAt: clock.now() });
    return tree;
  }

  return {
    read,
    doubtOf: (who) => (absence && isAbsent(absence, who) ? undefined : UNPROVEN),
    secondLookAt(plans) {
      const steps = plans.flatMap((plan) => plan.steps);
      const waiting = steps.filter(({ message }) => message === UNPROVEN).map(identity);
      return absence && waiting.length > 0 ? provableAt(absence, waiting) : undefined;
    },
    async lookAgain(at, signal) {
      await clock.sleep(at - clock.now(), signal);
      if (!absence || absence.readAt < at) await read();
    },
  };
}
