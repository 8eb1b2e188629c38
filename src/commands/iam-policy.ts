/** `iam-policy`: what the credentials must be allowed to do for these manifests. The policy goes to stdout, what to know about it to stderr. */

import { assumePolicy, iamPolicy } from '../core/iam/policy.ts';
import { apisOf } from '../core/iam/request.ts';
import { compact } from '../core/model/compact.ts';
import { isMap } from '../core/model/json.ts';
import type { Target } from '../core/model/model.ts';
import { chosen } from '../engine/reconcile/engine.ts';
import { ambientRegion } from '../gateway/client.ts';
import { load, type Tree } from '../manifests/load.ts';
import { didYouMean } from '../manifests/suggest.ts';
import { renderPolicy } from '../report/json.ts';
import { problemText } from '../report/phrases.ts';
import { count, sanitize } from '../report/sanitize.ts';
import { ExpectedError, UsageError } from './errors.ts';
import { EXIT } from './exit.ts';
import type { FlagValues } from './flags.ts';
import type { ProcessIo } from './io.ts';

type Flags = FlagValues<'iam-policy'>;

export async function printIamPolicy(
  directory: string,
  flags: Flags,
  world: ProcessIo,
): Promise<number> {
  const tree = await load(directory);
  const targets = targetsOf(tree, flags, world);
  const { policy, notes } = flags['base-identity']
    ? forBaseIdentity(targets)
    : await forTarget(only(targets), tree, flags, world);
  world.stdout.write(renderPolicy(policy));
  for (const note of notes) world.stderr.write(`note: ${sanitize(note)}\n`);
  return EXIT.done;
}

/** A policy for a part of the manifests would deny what the rest needs. */
function targetsOf(tree: Tree, { namespace }: Flags, { stderr }: ProcessIo): readonly Target[] {
  if (tree.problems.length > 0) {
    stderr.write([...tree.problems.map(problemText), ''].join('\n'));
    throw new ExpectedError(
      `${sanitize(tree.directory)} has ${count(tree.problems.length, 'problem')}: a policy is made from manifests that are valid`,
    );
  }
  try {
    return chosen(tree, namespace);
  } catch (error) {
    throw new UsageError(`--namespace: ${(error as Error).message}`, { cause: error });
  }
}

function only(targets: readonly Target[]): Target {
  const [first, ...others] = targets;
  if (first && others.length === 0) return first;
  const names = targets.map(({ namespace }) => namespace).join(', ');
  throw new UsageError(
    `there are ${targets.length} Targets (${names}), and each needs a policy of its own: name one with --namespace`,
  );
}

async function forTarget(target: Target, tree: Tree, flags: Flags, { env }: ProcessIo) {
  const desired = tree.desired.filter(({ namespace }) => namespace === target.namespace);
  const made = iamPolicy({
    target,
    region: target.region ?? (await regionOf(env)),
    desired,
    policy: compact({
      mode: flags.mode,
      unsetMode: 'enforce',
      prune: !target.implicit && (flags.prune ?? target.prune),
    }),
    secretsPrefix: flags['values-secrets'],
    apiIds: apiIdsOf(flags, desired),
  });
  if (target.roleArn === undefined) return made;
  const role = `it belongs to ${target.roleArn}; what apikeeper needs to assume that role, apikeeper iam-policy --base-identity prints`;
  return { ...made, notes: [role, ...made.notes] };
}

function forBaseIdentity(targets: readonly Target[]) {
  const roles = targets.flatMap(({ roleArn }) => roleArn ?? []);
  if (roles.length === 0)
    throw new ExpectedError(
      'no Target names a roleArn: apikeeper uses its credentials as they are, and they need the policy itself',
    );
  const direct = targets
    .filter(({ roleArn }) => roleArn === undefined)
    .map(({ namespace }) => namespace);
  const notes = direct.map(
    (namespace) =>
      `${namespace} names no roleArn: its policy (--namespace ${namespace}) belongs to the same identity`,
  );
  return { policy: assumePolicy(roles), notes };
}

async function regionOf(env: ProcessIo['env']): Promise<string> {
  try {
    return await ambientRegion(env);
  } catch (error) {
    throw new ExpectedError((error as Error).message, { cause: error });
  }
}

/** A name that no document has is a slip of the hand. */
function apiIdsOf(flags: Flags, desired: Tree['desired']): ReadonlyMap<string, string> {
  const known = desired.flatMap((one) =>
    apisOf(one).flatMap((api) => (isMap(api) && typeof api.name === 'string' ? api.name : [])),
  );
  const ids = new Map<string, string>();
  for (const [name, id] of flags['api-id']) {
    if (id === undefined || !/^[A-Za-z0-9]+$/.test(id))
      throw new UsageError(`--api-id ${name} needs the id of an API: --api-id ${name}=a1b2c3d4e5`);
    if (!known.includes(name))
      throw new UsageError(`--api-id: no document names an API ${name}${didYouMean(name, known)}`);
    ids.set(name, id);
  }
  return ids;
}
