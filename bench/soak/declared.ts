/** What Git says of one target, as data that commits change, and as files. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Consumer {
  readonly description: string;
  readonly enabled: boolean;
  readonly team: string;
}

export interface Plan {
  readonly rateLimit: number;
  readonly quota: number;
  /** One of the target's stages. */
  readonly stage: string;
  readonly consumers: readonly string[];
}

export interface Stage {
  readonly api: string;
  readonly stageName: string;
  readonly backend: string;
  readonly rateLimit: number;
}

/** Everything by name. */
export interface Declared {
  readonly consumers: Map<string, Consumer>;
  readonly plans: Map<string, Plan>;
  readonly stages: Map<string, Stage>;
  /** A file that nobody can read, while there is one. */
  broken?: string;
}

export interface Place {
  readonly namespace: string;
  readonly account: string;
  readonly schedule: string;
}

export const PLACES: readonly Place[] = [
  { namespace: 'production', account: '111111111111', schedule: '*/10 * * * *' },
  { namespace: 'staging', account: '222222222222', schedule: '*/10 * * * *' },
  { namespace: 'sandbox', account: '333333333333', schedule: '*/15 * * * *' },
];

export const REGION = 'eu-west-2';
export const APIS = ['residents', 'repairs'] as const;
export const STAGE_NAMES = ['live', 'test'] as const;

/** How each target begins. */
export function firstDeclared(consumers: number, plans: number): Declared {
  const stages = new Map(
    APIS.flatMap((api) =>
      STAGE_NAMES.map(
        (stageName) =>
          [`${api}-${stageName}`, { api, stageName, backend: 'blue', rateLimit: 100 }] as const,
      ),
    ),
  );
  const names = [...stages.keys()];
  const members = (plan: number) =>
    Array.from({ length: consumers }, (_, index) => index).filter(
      (index) => index % plans === plan,
    );
  return {
    consumers: new Map(
      Array.from(
        { length: consumers },
        (_, index) =>
          [`consumer-${index}`, { description: 'first', enabled: true, team: 'housing' }] as const,
      ),
    ),
    plans: new Map(
      Array.from({ length: plans }, (_, index) => {
        const stage = names[index % names.length] ?? '';
        return [
          `plan-${index}`,
          {
            rateLimit: 50,
            quota: 1000,
            stage,
            consumers: members(index).map((one) => `consumer-${one}`),
          },
        ] as const;
      }),
    ),
    stages,
  };
}

/** Files by path, relative to the manifests' directory. */
export function filesOf(
  place: Place,
  owner: string,
  { consumers, plans, stages, broken }: Declared,
): Map<string, string> {
  const { namespace, account, schedule } = place;
  const files = new Map<string, string>();
  const add = (kind: string, name: string, spec: string) =>
    files.set(`${namespace}/${kind}-${name}.yaml`, document(kind, namespace, name, spec));
  const role = `roleArn: "arn:aws:iam::${account}:role/apikeeper"`;
  const guards = 'guards: { maxKeys: 20, maxPercent: 100 }';
  const where = `region: ${REGION}, accountId: "${account}", ${role}`;
  add(
    'Target',
    namespace,
    `${where}, owner: ${owner}, mode: enforce, prune: true, schedule: "${schedule}", ${guards}`,
  );
  for (const [name, { description, enabled, team }] of consumers) {
    add(
      'ApiKey',
      name,
      `description: ${description}, enabled: ${enabled}, tags: { team: ${team} }`,
    );
  }
  for (const [name, plan] of plans) {
    const limits = `throttle: { rateLimit: ${plan.rateLimit}, burstLimit: 100 }, quota: { limit: ${plan.quota}, period: DAY }`;
    add(
      'UsagePlan',
      name,
      `${limits}, stages: [{ stage: ${plan.stage} }], keys: [${plan.consumers.join(', ')}]`,
    );
  }
  for (const [name, { api, stageName, backend, rateLimit }] of stages) {
    const settings = `methodSettings: [{ method: "*", path: /*, throttle: { rateLimit: ${rateLimit}, burstLimit: 200 } }]`;
    add(
      'Stage',
      name,
      `restApi: { name: ${api} }, stageName: ${stageName}, deployment: latest, variables: { backend: ${backend} }, ${settings}`,
    );
  }
  if (broken !== undefined) files.set(`${namespace}/broken.yaml`, broken);
  return files;
}

function document(kind: string, namespace: string, name: string, spec: string): string {
  const where = kind === 'Target' ? '' : `namespace: ${namespace}, `;
  return `apiVersion: apikeeper.dev/v1\nkind: ${kind}\nmetadata: { ${where}name: ${name} }\nspec: { ${spec} }\n`;
}

/** Writes what differs between two states of the files, and says how many did. */
export function writeFiles(
  directory: string,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): number {
  let count = 0;
  for (const [file, text] of after) {
    if (before.get(file) === text) continue;
    const path = join(directory, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    count++;
  }
  for (const file of before.keys()) {
    if (after.has(file)) continue;
    rmSync(join(directory, file));
    count++;
  }
  return count;
}
