/** How fast an account may be asked, as the flags say it; what they don't say, the Target decides. */

import { compact } from '../core/model/compact.ts';
import type { Settings } from '../engine/state/settings.ts';
import type { FlagValues } from './flags.ts';

type Flags = Pick<FlagValues<'plan'>, 'operation-quotas' | 'requests-per-second' | 'burst'>;

export function paceOf(
  flags: Flags,
): Pick<Settings, 'operationQuotas' | 'requestsPerSecond' | 'burst'> {
  return compact({
    operationQuotas: flags['operation-quotas'],
    requestsPerSecond: flags['requests-per-second'],
    burst: flags.burst,
  });
}
