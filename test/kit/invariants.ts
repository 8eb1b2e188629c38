/** What holds for every scenario: what is nobody's stays as it is, and what can be done is done once. */
import type { Report, ReportObject } from '../../src/core/model/report.ts';
import type { AccountState } from '../../src/emulator/index.ts';

/** What a pass may leave alone: in sync, or held. */
export function isSettled({ action }: ReportObject): boolean {
  return action === 'keep' || action === 'hold';
}

export function objectsOf(report: Report): readonly ReportObject[] {
  return report.targets.flatMap((target) => target.objects);
}

/** Each hold in one line; a part of an object that was to be created is a part of one to be updated, once the rest is made. */
export function holdsOf(report: Report): string[] {
  const holds = objectsOf(report).filter(({ action }) => action === 'hold');
  return holds.map(
    ({ kind, namespace, name, reason }) => `${kind}/${namespace}/${name}: ${reason}`,
  );
}

/** Holds that an apply brings with it: the key that it disabled waits for its time. */
export function holdsToCome(report: Report): string[] {
  const leaving = objectsOf(report).filter(({ action }) => action === 'disable');
  return leaving.map(({ kind, namespace, name }) => `${kind}/${namespace}/${name}: grace`);
}

/** What bears no tag of ours, and what no step is going to write: by account, kind and id. */
export function unmanagedIn(states: readonly AccountState[], report: Report): ReadonlySet<string> {
  const owners = new Set(report.targets.map(({ owner }) => owner));
  const active = objectsOf(report).filter(({ action }) => action !== 'hold');
  const concerned = new Set(
    active.flatMap((object) => [`${object.kind} ${object.awsId}`, ...redeployed(object)]),
  );
  const isStranger = ({ what, tags }: Thing) =>
    !owners.has(tags?.['apikeeper:owner'] ?? '') && !concerned.has(what);
  return new Set(
    things(states)
      .filter(isStranger)
      .map(({ account, what }) => `${account} ${what}`),
  );
}

/** A new deployment is written to the stages that are moved to it. */
function redeployed({ awsId, changes }: ReportObject): string[] {
  const stages = changes.map(({ path }) => /^\/spec\/redeploy\/stages\/(.+)$/.exec(path)?.[1]);
  return stages.filter((stage) => stage !== undefined).map((stage) => `Stage ${awsId}:${stage}`);
}

/** These as they are. */
export function stateOf(states: readonly AccountState[], which: ReadonlySet<string>): unknown {
  return things(states).filter(({ account, what }) => which.has(`${account} ${what}`));
}

interface Thing {
  readonly account: string;
  /** `<kind> <id>` */
  readonly what: string;
  readonly tags: Record<string, string> | undefined;
  /** All of it, members included. */
  readonly state: unknown;
}

function things(states: readonly AccountState[]): Thing[] {
  return states.flatMap(({ account, apiKeys, usagePlans, planKeys, restApis }) => [
    ...[...apiKeys.values()].map((key) => ({
      account,
      what: `ApiKey ${key.id}`,
      tags: key.tags,
      state: key,
    })),
    ...[...usagePlans.values()].map((plan) => ({
      account,
      what: `UsagePlan ${plan.id}`,
      tags: plan.tags,
      state: { plan, keys: [...(planKeys.get(plan.id) ?? [])] },
    })),
    ...[...restApis.values()].map(({ stages: _, ...rest }) => ({
      account,
      what: `KeyRequirement ${rest.api.id}`,
      tags: rest.api.tags,
      state: rest,
    })),
    ...[...restApis.values()].flatMap(({ api, stages }) =>
      [...stages.values()].map((stage) => ({
        account,
        what: `Stage ${api.id}:${stage.stageName}`,
        tags: stage.tags,
        state: stage,
      })),
    ),
  ]);
}

/** Who can call what: enabled keys, through the plans that they are in. */
export function accessOf(states: readonly AccountState[]): string[] {
  return states
    .flatMap((state) =>
      [...state.usagePlans.values()].flatMap(({ id, apiStages }) =>
        [...(state.planKeys.get(id) ?? [])].flatMap((keyId) => {
          const key = state.apiKeys.get(keyId);
          const stages = apiStages.map(
            ({ apiId, stage }) => `${state.restApis.get(apiId)?.api.name}:${stage}`,
          );
          return key?.enabled ? stages.map((stage) => `${key.name} → ${stage}`) : [];
        }),
      ),
    )
    .sort();
}
