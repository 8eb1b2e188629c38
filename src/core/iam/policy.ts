/** The least privilege that documents need, as an IAM policy. */

import { compareText, isMap } from '../model/json.ts';
import { type Desired, identity } from '../model/model.ts';
import { isInside } from '../model/secret-names.ts';
import { grantsOf, secretOf } from './grants.ts';
import { apisOf, type Grant, type PolicyRequest, type Width } from './request.ts';

export interface IamPolicy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
}

export interface MadePolicy {
  readonly policy: IamPolicy;
  /** Where the policy allows more than it might, or less than somebody may expect, and what can be done about it. */
  readonly notes: readonly string[];
}

/** What IAM takes, white space left out: a managed policy, and all inline policies of a role together. */
const MANAGED_SIZE = 6_144;
const INLINE_SIZE = 10_240;

/** The narrowest first. */
const WIDTHS: readonly Width[] = [
  { apis: false, secrets: false },
  { apis: false, secrets: true },
  { apis: true, secrets: false },
  { apis: true, secrets: true },
];

/** The narrowest policy that a managed policy has room for; of those that are too long, the shortest. */
export function iamPolicy(request: PolicyRequest): MadePolicy {
  const made = WIDTHS.map((width) => ({ width, policy: toPolicy(grantsOf(request, width)) }));
  const fitting = made.find(({ policy }) => sizeOf(policy) <= MANAGED_SIZE);
  const { policy, width } =
    fitting ??
    made.reduce((least, one) => (sizeOf(one.policy) < sizeOf(least.policy) ? one : least));
  return {
    policy,
    notes: [...namedNotes(request, width), ...secretNotes(request), ...sizeNotes(policy, width)],
  };
}

/** What the identity needs that the program starts with, where it assumes roles: nothing else. */
export function assumePolicy(roleArns: readonly string[]): IamPolicy {
  return toPolicy([{ sid: 'AssumeTargetRoles', actions: ['sts:AssumeRole'], resources: roleArns }]);
}

function sizeOf(policy: IamPolicy): number {
  return JSON.stringify(policy).length;
}

function toPolicy(grants: readonly Grant[]): IamPolicy {
  const statements = withoutCovered(grants.map(distinct)).map(
    ({ sid, actions, resources }): Statement => {
      return { Sid: sid, Effect: 'Allow', Action: actions, Resource: resources };
    },
  );
  return { Version: '2012-10-17', Statement: statements };
}

function distinct(grant: Grant): Grant {
  return { ...grant, resources: [...new Set(grant.resources)].sort(compareText) };
}

/** Without the resources of which every action is allowed by what came before, or by a wider resource. */
function withoutCovered(grants: readonly Grant[]): Grant[] {
  const wide = grants.flatMap(({ actions, resources }) =>
    resources
      .filter((resource) => resource.includes('*'))
      .map((pattern) => ({ actions, pattern, stands: standsFor(pattern) })),
  );
  // By what follows the last wildcard: there may be thousands, and few that end as a resource does.
  const byEnd = Map.groupBy(wide, ({ pattern }) => pattern.slice(pattern.lastIndexOf('*') + 1));
  const wider = (resource: string) =>
    Array.from({ length: resource.length + 1 }, (_, at) => byEnd.get(resource.slice(at)) ?? [])
      .flat()
      .filter(({ pattern, stands }) => pattern !== resource && stands(resource));
  const before = new Set<string>();
  return grants.flatMap((grant) => {
    const resources = grant.resources.filter((resource) => {
      const found = wider(resource);
      return !grant.actions.every(
        (action) =>
          before.has(`${action} ${resource}`) ||
          found.some(({ actions }) => actions.includes(action)),
      );
    });
    for (const resource of resources)
      for (const action of grant.actions) before.add(`${action} ${resource}`);
    return resources.length > 0 ? [{ ...grant, resources }] : [];
  });
}

/** Whether a pattern stands for all that another one stands for: no `*` there stands for less than one here. */
function standsFor(pattern: string): (other: string) => boolean {
  const parts = pattern
    .split('*')
    .map((part) => part.replaceAll(/[^\w?]/g, '\\$&').replaceAll('?', '[^*]'));
  const all = new RegExp(`^${parts.join('.*')}$`);
  return (other) => all.test(other);
}

/** Documents whose own API would narrow the policy, if its id were known. */
function namedNotes({ desired, apiIds }: PolicyRequest, { apis }: Width): string[] {
  if (apis) return [];
  const names = desired
    .filter(({ kind }) => kind !== 'UsagePlan')
    .flatMap((one) =>
      apisOf(one).flatMap((api) => (isMap(api) && typeof api.name === 'string' ? api.name : [])),
    )
    .filter((name) => !apiIds.has(name));
  return [...new Set(names)]
    .sort(compareText)
    .map(
      (name) =>
        `the API ${name} is named, not identified, so that the policy speaks of every API in its place: narrow it with --api-id '${name}=<id>'`,
    );
}

function secretNotes({ desired, target, secretsPrefix }: PolicyRequest): string[] {
  const pinned = desired.flatMap((one) =>
    (['secretsManager', 'ssm'] as const).flatMap((store) => {
      const name = secretOf(one, store);
      return name === undefined ? [] : [{ one, store, name }];
    }),
  );
  const fenced = pinned.filter(({ store, name }) => !isInside(store, name, secretsPrefix));
  return [
    ...fenced.map(
      ({ one, store, name }) =>
        `${whoIs(one)}: ${store} ${name} does not begin with ${secretsPrefix}, so that it is never read, and not in the policy: rename it, or give --values-secrets`,
    ),
    ...(pinned.length > fenced.length && target.accountId === undefined
      ? [
          'no Target gives an accountId, so that secrets and parameters of any account are meant: put the account id where their ARNs have a *',
        ]
      : []),
  ];
}

function whoIs(desired: Desired): string {
  return identity(desired).replace('/default/', '/');
}

function sizeNotes(policy: IamPolicy, { apis, secrets }: Width): string[] {
  const size = sizeOf(policy);
  const what = [
    ...(apis ? ['APIs and stages'] : []),
    ...(secrets ? ['secrets and parameters'] : []),
  ].join(', nor ');
  const wide =
    what === ''
      ? []
      : [
          `told apart, they would not fit a managed policy (${MANAGED_SIZE} characters), so that the policy does not tell ${what} apart`,
        ];
  if (size <= MANAGED_SIZE) return wide;
  const where =
    size <= INLINE_SIZE
      ? `it fits only inline (${INLINE_SIZE} for all of a role)`
      : 'no role has room for it: divide the Target';
  return [
    ...wide,
    `the policy has ${size} characters without white space; a managed policy may have ${MANAGED_SIZE}, so ${where}`,
  ];
}
