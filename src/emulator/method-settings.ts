import type { MethodSetting } from '@aws-sdk/client-api-gateway';
import { accountThrottle } from './account.ts';
import { badRequest } from './errors.ts';
import { type Patch, toBoolean, toNumber } from './patch.ts';
import type { AccountState, Stage } from './state.ts';

const LEVELS = ['OFF', 'ERROR', 'INFO'];
const STRATEGIES = [
  'FAIL_WITH_403',
  'SUCCEED_WITH_RESPONSE_HEADER',
  'SUCCEED_WITHOUT_RESPONSE_HEADER',
] as const;

/** What patching one field fills in for the others; `loggingLevel` stays absent [LS; CLI update-stage.rst]. */
const recordedDefaults: MethodSetting = {
  metricsEnabled: false,
  dataTraceEnabled: false,
  throttlingBurstLimit: accountThrottle.burstLimit,
  throttlingRateLimit: accountThrottle.rateLimit,
  cachingEnabled: false,
  cacheTtlInSeconds: 300,
  cacheDataEncrypted: false,
  requireAuthorizationForCacheControl: true,
  unauthorizedCacheControlHeaderStrategy: 'SUCCEED_WITH_RESPONSE_HEADER',
};

type Read = (patch: Patch, state: AccountState) => MethodSetting;

function checkLoggingAllowed(state: AccountState): void {
  if (state.cloudwatchRoleArn === undefined) {
    throw badRequest('CloudWatch Logs role ARN must be set in account settings to enable logging');
  }
}

function readLevel({ value = '', path }: Patch, state: AccountState): MethodSetting {
  if (!LEVELS.includes(value))
    throw badRequest(
      `Invalid logging level '${value}' for ${path}. Must be one of: [${LEVELS.join(', ')}]`,
    );
  if (value !== 'OFF') checkLoggingAllowed(state);
  return { loggingLevel: value };
}

function readDataTrace({ value }: Patch, state: AccountState): MethodSetting {
  const dataTraceEnabled = toBoolean(value);
  if (dataTraceEnabled) checkLoggingAllowed(state);
  return { dataTraceEnabled };
}

function readStrategy({ value, path }: Patch): MethodSetting {
  const strategy = STRATEGIES.find((known) => known === value);
  if (!strategy)
    throw badRequest(
      `Invalid strategy '${value ?? ''}' for ${path}. Must be one of: [${STRATEGIES.join(', ')}]`,
    );
  return { unauthorizedCacheControlHeaderStrategy: strategy };
}

/** The fields of a method setting by the end of the patch path that sets them [PATCH]. -1 for a limit means: no throttle of its own [TF PR#14266]. */
export const settingPaths: Readonly<Record<string, Read>> = {
  'metrics/enabled': ({ value }) => ({ metricsEnabled: toBoolean(value) }),
  'logging/dataTrace': readDataTrace,
  'logging/loglevel': readLevel,
  'throttling/burstLimit': (patch) => ({
    throttlingBurstLimit: toNumber(patch, { min: -1, integer: true }),
  }),
  'throttling/rateLimit': (patch) => ({ throttlingRateLimit: toNumber(patch, { min: -1 }) }),
  'caching/ttlInSeconds': (patch) => ({
    cacheTtlInSeconds: toNumber(patch, { min: 0, max: 3600, integer: true }),
  }),
  'caching/enabled': ({ value }) => ({ cachingEnabled: toBoolean(value) }),
  'caching/dataEncrypted': ({ value }) => ({ cacheDataEncrypted: toBoolean(value) }),
  'caching/requireAuthorizationForCacheControl': ({ value }) => ({
    requireAuthorizationForCacheControl: toBoolean(value),
  }),
  'caching/unauthorizedCacheControlHeaderStrategy': readStrategy,
};

/**
 * Sets one field of the entry `key`, which is the pointer as sent (`~1pets/GET`, `pets/GET`, `*` + `/*`). A new entry starts as a copy of what
 * `*` + `/*` is at that moment; later changes of that do not reach it [LS update_stage].
 */
export function setMethodSetting(state: AccountState, stage: Stage, patch: Patch): void {
  const { key = '', field = '' } = patch.params;
  const entry = stage.methodSettings[key] ?? stage.methodSettings['*/*'] ?? recordedDefaults;
  stage.methodSettings[key] = { ...entry, ...settingPaths[field]?.(patch, state) };
}

export function removeMethodSetting(stage: Stage, { params }: Patch): void {
  const key = params.key ?? '';
  // The trailing blank is the service's [LS].
  if (!stage.methodSettings[key])
    throw badRequest(
      `Cannot remove method setting ${key} because there is no method setting for this method `,
    );
  delete stage.methodSettings[key];
}
