/** How fast an account may be asked, as the flags say it; what they don't say, the Target decides. */
import type { Settings } from '../engine/state/settings.ts';
import type { FlagValues } from './flags.ts';

type Flags = Pick<FlagValues<'plan'>, 'operation-quotas' | 'requests-per-second' | 'burst'>;

export function paceOf(
  flags: Flags,
): Pick<Settings, 'operationQuotas' | 'requestsPerSecond' | 'burst'> {
  return {
    operationQuotas: flags['operation-quotas'],
    ...(flags['requests-per-second'] !== undefined && {
      requestsPerSecond: flags['requests-per-second'],
    }),
    ...(flags.burst !== undefined && { burst: flags.burst }),
  };
}
