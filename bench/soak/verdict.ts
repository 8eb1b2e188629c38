/** What must hold when the day is over. */
import type { Report, ReportObject } from '../../src/core/model/report.ts';
import type { AccountState } from '../../src/emulator/index.ts';
import { APIS, type Declared, PLACES, type Place } from './declared.ts';
import { managed } from './hands.ts';
import type { SentCall } from './world.ts';

export interface Row {
  readonly what: string;
  readonly found: string;
  readonly holds: boolean;
}

const nameOf = ({ kind, namespace, name }: ReportObject) => `${kind}/${namespace}/${name}`;

/** The objects that the report leaves to somebody else. */
export function contestedIn(report: Report | undefined): string[] {
  const objects = (report?.targets ?? []).flatMap((target) => target.objects);
  return [...new Set(objects.filter(({ reason }) => reason === 'contested').map(nameOf))];
}

/** Each target in sync; held only for what is contested, of which there was an event. */
export function inSync(report: Report | undefined, told: ReadonlySet<string>): Row {
  const contested = contestedIn(report);
  const untold = contested.filter((who) => !told.has(who));
  const wrong = (report?.targets ?? []).flatMap(({ namespace, state, error, objects }) => {
    if (
      state === 'in-sync' ||
      (state === 'held' && objects.some(({ reason }) => reason === 'contested'))
    )
      return [];
    return [
      `${namespace} is ${state}${error === undefined ? '' : ` (${error})`}: ${some(open(objects))}`,
    ];
  });
  return {
    what: 'every target in sync, but for what is contested and said so',
    found: [
      ...wrong,
      ...untold.map((who) => `${who} is contested, and no event told it`),
      `contested: ${contested.join(', ') || 'none'}`,
    ].join('; '),
    holds: report?.targets.length === PLACES.length && wrong.length === 0 && untold.length === 0,
  };
}

/** Where everything is wrong, three examples tell as much. */
const some = (all: readonly string[]) =>
  [...all.slice(0, 3), ...(all.length > 3 ? [`and ${all.length - 3} more`] : [])].join('; ');

function open(objects: readonly ReportObject[]): string[] {
  return objects
    .filter(({ action, reason }) => action !== 'keep' && reason !== 'grace')
    .map(({ kind, name, action, wants, reason, message }) =>
      [kind, name, action, wants, reason, message].filter(Boolean).join(' '),
    );
}

/** A process that knows nothing of the day would do nothing; what it can't know to be contested apart. */
export function nothingToDo(report: Report, contested: readonly string[]): Row {
  const steps = report.targets.flatMap((target) =>
    open(target.objects.filter((one) => !contested.includes(nameOf(one)))),
  );
  const errors = report.targets.flatMap(({ error }) => error ?? []);
  return {
    what: 'a new process finds nothing to do',
    found: some([...errors, ...steps]) || 'nothing',
    holds: steps.length + errors.length === 0,
  };
}

/** Compares what is declared with the account itself, by other means than apikeeper's. */
export function live(
  place: Place,
  declared: Declared,
  state: AccountState,
  contested: readonly string[],
): Row {
  const wrong: string[] = [];
  const check = (kind: string, name: string, want: object, have: object | undefined) => {
    if (contested.includes(`${kind}/${place.namespace}/${name}`)) return;
    const [wanted, had] = [JSON.stringify(want), JSON.stringify(have)];
    if (wanted !== had) wrong.push(`${kind} ${name}: declared ${wanted}, live ${had ?? 'missing'}`);
  };
  const { keys, plans } = managed(state);
  const nameOfKey = (id: string) => state.apiKeys.get(id)?.name ?? id;
  const apiIds = new Map([...state.restApis.values()].map(({ api }) => [api.name, api.id]));

  for (const [name, { description, enabled, team }] of declared.consumers) {
    const key = keys.find((one) => one.name === name);
    check(
      'ApiKey',
      name,
      { description, enabled, team },
      key && { description: key.description, enabled: key.enabled, team: key.tags?.team },
    );
  }
  for (const [name, { rateLimit, quota, stage, consumers }] of declared.plans) {
    const plan = plans.find((one) => one.name === name);
    const { api = '', stageName } = declared.stages.get(stage) ?? {};
    check(
      'UsagePlan',
      name,
      {
        rateLimit,
        quota,
        stages: [`${apiIds.get(api)}:${stageName}`],
        consumers: [...consumers].sort(),
      },
      plan && {
        rateLimit: plan.throttle?.rateLimit,
        quota: plan.quota?.limit,
        stages: plan.apiStages.map((one) => `${one.apiId}:${one.stage}`),
        consumers: [...(state.planKeys.get(plan.id) ?? [])].map(nameOfKey).sort(),
      },
    );
  }
  for (const [name, { api, stageName, backend, rateLimit }] of declared.stages) {
    const stage = state.restApis.get(apiIds.get(api) ?? '')?.stages.get(stageName);
    const live = stage && {
      backend: stage.variables?.backend,
      rateLimit: stage.methodSettings['*/*']?.throttlingRateLimit,
    };
    check('Stage', name, { backend, rateLimit }, live);
  }
  return {
    what: `${place.namespace}: the account is what Git says`,
    found: some(wrong) || 'equal',
    holds: wrong.length === 0,
  };
}

/** One live object for each declared one, and besides these only keys that wait for their deletion. */
export function unique(place: Place, declared: Declared, state: AccountState): Row {
  const { keys, plans } = managed(state);
  const claims = [...keys, ...plans].map(
    ({ id, name, tags }) => tags?.['apikeeper:resource'] ?? `${id} ${name} without tags`,
  );
  const graced = keys.filter(
    ({ enabled, tags }) => !enabled && tags?.['apikeeper:delete-after'] !== undefined,
  );
  const extra =
    keys.length - graced.length - declared.consumers.size + plans.length - declared.plans.size;
  const kinds = [keys, plans].map((objects) =>
    objects.map(({ tags }) => tags?.['apikeeper:resource']),
  );
  const twice = kinds.flatMap((names) =>
    names.filter((name, index) => names.indexOf(name) !== index),
  );
  const stray = claims.filter((claim) => !claim.startsWith(`${place.namespace}/`));
  return {
    what: `${place.namespace}: no object twice, none left over`,
    found: `${keys.length} keys (${graced.length} in their grace), ${plans.length} plans, ${state.restApis.size} of ${APIS.length} APIs; twice: ${twice.join(', ') || 'none'}; strays: ${stray.join(', ') || 'none'}`,
    holds: extra === 0 && twice.length === 0 && stray.length === 0,
  };
}

/** The defaults of a Target's budget: calls that a token bucket of this size would not have let through. */
export function overBudget(calls: readonly SentCall[]): number {
  const [perMs, burst] = [5 / 1000, 20];
  let [tokens, at, over] = [burst, 0, 0];
  for (const { sentAt } of calls.toSorted((a, b) => a.sentAt - b.sentAt)) {
    tokens = Math.min(burst, tokens + (sentAt - at) * perMs) - 1;
    at = sentAt;
    // Waits are whole milliseconds, and tokens fractions.
    if (tokens < -0.01) over++;
  }
  return over;
}
