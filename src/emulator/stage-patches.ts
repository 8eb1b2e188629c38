import { given, orAbsent } from './absent.ts';
import { badRequest } from './errors.ts';
import { removeMethodSetting, setMethodSetting, settingPaths } from './method-settings.ts';
import { type Grammar, type Patch, type PatchRule, replace, toBoolean, toNumber } from './patch.ts';
import { newCanary, setCacheCluster, setCacheSize, setVariables } from './stage-rules.ts';
import type { AccountState, RestApiTree, Stage } from './state.ts';

const MAX_LOG_FORMAT = 3 * 1024;
const LOG_DESTINATION =
  /^arn:aws[a-z-]*:(logs:[^:]+:\d{12}:log-group:[^:]+|firehose:[^:]+:\d{12}:deliverystream\/amazon-apigateway-.+)$/;
const SETTING = new RegExp(
  String.raw`^/(?<key>.+/(?:GET|PUT|POST|PATCH|DELETE|HEAD|OPTIONS|ANY|\*))/(?<field>${Object.keys(settingPaths).join('|')})$`,
);

function promotable({ canarySettings }: Stage): NonNullable<Stage['canarySettings']> {
  if (!canarySettings) throw badRequest('Promotion not available. Canary does not exist.');
  return canarySettings;
}

function checkCopy({ from }: Patch, source: string): void {
  if (from !== source) throw invalidCopy();
}

const invalidCopy = () =>
  badRequest(
    'Valid copy:path are [/deploymentId, /variables] and valid copy:from are [/canarySettings/deploymentId, /canarySettings/stageVariableOverrides]',
  );

const accessLog = (field: 'destinationArn' | 'format'): PatchRule<Stage> => {
  const set = (stage: Stage, { value }: Patch) => {
    if (!value) throw badRequest('Access Log value must not be empty');
    if (field === 'destinationArn' && !LOG_DESTINATION.test(value))
      throw badRequest('Invalid ARN specified in the request');
    if (field === 'format' && value.length > MAX_LOG_FORMAT)
      throw badRequest('Access log format must be at most 3 KB');
    if (field === 'format' && !value.includes('$context.requestId')) {
      throw badRequest('Access log format must include at least $context.requestId');
    }
    stage.accessLogSettings = { ...stage.accessLogSettings, [field]: value };
  };
  return { path: `/accessLogSettings/${field}`, ops: { add: set, replace: set } };
};

/** The first `replace` makes the canary [LS canary]. */
const canary = (
  path: string,
  pattern: RegExp | undefined,
  change: (patch: Patch, stage: Stage) => Stage['canarySettings'],
): PatchRule<Stage> => ({
  path: `/canarySettings/${path}`,
  ...(pattern && { pattern }),
  ops: {
    replace: (stage, patch) => {
      stage.canarySettings = newCanary(stage, { ...stage.canarySettings, ...change(patch, stage) });
    },
  },
});

function reject({ op, path }: Patch, rules: readonly PatchRule<Stage>[]): Error {
  if (op === 'copy') return invalidCopy();
  if (path.startsWith('/accessLogSettings/')) {
    return badRequest(
      'Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn, /accessLogSettings/format]',
    );
  }
  const known = rules.some((rule) => !rule.raw && (rule.path === path || rule.pattern?.test(path)));
  if (known || path.startsWith('/canarySettings'))
    return badRequest(`Invalid ${op} operation with path: ${path}`);
  // The service's own list leaves these two out although they work [LS].
  const listed = rules
    .map((rule) => rule.path)
    .filter((rule) => !/^\/(canarySettings|documentationVersion)/.test(rule));
  return badRequest(`Invalid method setting path: ${path}. Must be one of: [${listed.join(', ')}]`);
}

export const stageGrammar = (
  state: AccountState,
  tree: RestApiTree,
  now: number,
): Grammar<Stage> => {
  const existing = (id: string | undefined): string => {
    if (id === undefined || !tree.deployments.has(id))
      throw badRequest('Deployment id does not exist');
    return id;
  };
  return {
    reject,
    rules: [
      {
        path: '/deploymentId',
        ops: {
          replace: (stage, { value }) => {
            stage.deploymentId = existing(value);
          },
          copy: (stage, patch) => {
            checkCopy(patch, '/canarySettings/deploymentId');
            stage.deploymentId = promotable(stage).deploymentId ?? stage.deploymentId;
          },
        },
      },
      replace('/description', (stage, { value }) => {
        stage.description = given(value);
      }),
      replace('/documentationVersion', (stage, { value }) => {
        stage.documentationVersion = given(value);
      }),
      replace('/clientCertificateId', (stage, { value }) => {
        if (value && !state.clientCertificates.has(value))
          throw badRequest('Invalid Client Certificate ID specified');
        stage.clientCertificateId = given(value);
      }),
      replace('/tracingEnabled', (stage, { value }) => {
        stage.tracingEnabled = toBoolean(value);
      }),
      replace('/cacheClusterEnabled', (stage, { value }) =>
        setCacheCluster(stage, toBoolean(value), now),
      ),
      replace('/cacheClusterSize', (stage, { value = '' }) => setCacheSize(stage, value)),
      {
        path: '/variables',
        ops: {
          remove: (stage) => {
            stage.variables = undefined;
          },
          copy: (stage, patch) => {
            checkCopy(patch, '/canarySettings/stageVariableOverrides');
            setVariables(state, stage, {
              ...stage.variables,
              ...promotable(stage).stageVariableOverrides,
            });
          },
        },
      },
      {
        path: '/variables/{name}',
        pattern: /^\/variables\/(?<name>[^/]+)$/,
        ops: {
          replace: (stage, { params, value = '' }) =>
            setVariables(state, stage, { ...stage.variables, [params.name ?? '']: value }),
          remove: (stage, { params }) => {
            const { [params.name ?? '']: _, ...others } = stage.variables ?? {};
            stage.variables = orAbsent(others);
          },
        },
      },
      {
        path: '/accessLogSettings',
        ops: {
          remove: (stage) => {
            stage.accessLogSettings = undefined;
          },
        },
      },
      accessLog('destinationArn'),
      accessLog('format'),
      {
        path: '/canarySettings',
        ops: {
          remove: (stage) => {
            stage.canarySettings = undefined;
          },
        },
      },
      canary('deploymentId', undefined, ({ value }) => ({ deploymentId: existing(value) })),
      canary('percentTraffic', undefined, (patch) => ({
        percentTraffic: toNumber(patch, { min: 0, max: 100 }),
      })),
      canary('useStageCache', undefined, ({ value }) => ({ useStageCache: toBoolean(value) })),
      canary(
        'stageVariableOverrides/{name}',
        /^\/canarySettings\/stageVariableOverrides\/(?<name>[^/]+)$/,
        ({ params, value = '' }, stage) => ({
          stageVariableOverrides: {
            ...stage.canarySettings?.stageVariableOverrides,
            [params.name ?? '']: value,
          },
        }),
      ),
      {
        path: Object.keys(settingPaths)
          .map((field) => `/{resourcePath}/{httpMethod}/${field}`)
          .join(', '),
        pattern: SETTING,
        raw: true,
        ops: { replace: (stage, patch) => setMethodSetting(state, stage, patch) },
      },
      {
        path: '/{resourcePath}/{httpMethod}',
        pattern: /^\/(?!tags\/)(?<key>[^/].*\/[^/]+)$/,
        raw: true,
        ops: { remove: removeMethodSetting },
      },
    ],
  };
};
