/** One live object that apikeeper made from the smallest document of its kind, in an account that has everything the schemas' examples speak of. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import type { JsonMap } from '../../src/core/model/json.ts';
import type { Live } from '../../src/core/model/model.ts';
import type { ReportObject, TargetReport } from '../../src/core/model/report.ts';
import type { RequestRecord } from '../../src/emulator/index.ts';
import type { Send } from '../../src/gateway/send.ts';
import type { Kind } from '../../src/kinds/kind.ts';
import { load } from '../../src/manifests/load.ts';
import { openDoor } from '../gateway/door.ts';
import { expectAllowed, type PolicyOf, policiesOf } from '../kit/iam.ts';
import { createRig, documentOf, type Rig } from '../kit/rig.ts';
import { seed } from '../kit/seed.ts';
import { writesOf } from '../reliability/account.ts';
import { exampleOf, minimalSpec, mutable } from './examples.ts';

export const NAME = 'subject';

export interface Subject extends AsyncDisposable {
  readonly kind: Kind;
  /** Whether each pass is made by a process of its own. */
  readonly fresh: boolean;
  readonly send: Send;
  /** The live object, and what the service said of it. */
  read(): Promise<{ readonly live: Live; readonly answers: readonly unknown[] }>;
  /** From now on Git says this, beyond what the smallest document says. */
  declare(spec: JsonMap): void;
  /** The subject in a plan; every other object is to be kept, and every call is one that the documents' IAM policy allows. */
  plan(): Promise<readonly ReportObject[]>;
  /** The same of an apply, and the calls that wrote. */
  apply(): Promise<{
    readonly objects: readonly ReportObject[];
    readonly writes: readonly string[];
  }>;
}

/** @param spec what will be declared: the subject is made with whatever other fields that needs. */
export async function createSubject(kind: Kind, spec: JsonMap, fresh: boolean): Promise<Subject> {
  const valuesDir = makeValuesDir();
  const rig = await createRig({ env: VALUES_ENV, settings: { valuesDir } });
  await makeAccount(rig);
  const door = openDoor(rig.emulator, { clock: rig.clock });
  const base = await withCompanions(kind, spec, rig);
  const policies = new Map<string, readonly PolicyOf[]>();
  const declare = (more: JsonMap) => {
    rig.write([...OTHERS, documentOf(kind.rules.kind, NAME, { ...base, ...more })]);
    policies.clear();
  };
  const ofPass = async (pass: () => Promise<TargetReport>, mode: 'observe' | 'enforce') => {
    if (fresh) await rig.restart();
    const since = rig.emulator.requests.length;
    const { objects } = await pass();
    const allowed = policies.get(mode) ?? (await policiesOf(rig.directory, { mode }));
    policies.set(mode, allowed);
    expectAllowed(allowed, rig.emulator.requests.slice(since));
    const [mine, others] = [
      objects.filter(({ name }) => name === NAME),
      objects.filter(({ name }) => name !== NAME),
    ];
    expect(others.filter(({ action }) => action !== 'keep')).toEqual([]);
    return mine;
  };

  declare({});
  const { objects } = await rig.apply();
  const id = objects.find(({ name }) => name === NAME)?.awsId ?? '';
  return {
    kind,
    fresh,
    send: door.send,
    declare,
    async read() {
      const answers: unknown[] = [];
      const send: Send = async (command, options) => {
        const answer = await door.send(command, options);
        answers.push(answer);
        return answer;
      };
      const live = await kind.read(send, id);
      if (!live) throw new Error(`the subject ${id} is gone`);
      return { live, answers };
    },
    plan: () => ofPass(rig.plan, 'observe'),
    async apply() {
      rig.emulator.clearRequests();
      const mine = await ofPass(rig.apply, 'enforce');
      return {
        objects: mine,
        writes: writesOf(rig.emulator.requests).map(({ operation }: RequestRecord) => operation),
      };
    },
    async [Symbol.asyncDispose]() {
      door[Symbol.dispose]();
      await rig[Symbol.asyncDispose]();
      rmSync(valuesDir, { recursive: true });
    },
  };
}

/** The smallest document with the other field that `spec` needs, if it needs one: method throttles need a throttle. */
async function withCompanions({ rules }: Kind, spec: JsonMap, rig: Rig): Promise<JsonMap> {
  const smallest = minimalSpec(rules);
  const others = mutable(rules).filter(({ name }) => !(name in spec) && !(name in smallest));
  const tries = [
    smallest,
    ...others.map(({ name }) => ({ ...smallest, [name]: exampleOf(rules.kind, name) })),
  ];
  for (const base of tries) {
    rig.write([...OTHERS, documentOf(rules.kind, NAME, { ...base, ...spec })]);
    const { problems, dangling } = await load(rig.directory);
    if (problems.length + dangling.length === 0) return base;
  }
  throw new Error(`no document of kind ${rules.kind} is valid with ${JSON.stringify(spec)}`);
}

/** Documents that examples refer to by name. */
const OTHERS = [
  ...['acme', 'acme-residents-production'].map((name) => documentOf('ApiKey', name)),
  ...['development', 'staging', 'production'].map((stageName) =>
    documentOf('Stage', `residents-${stageName}`, {
      restApi: { name: 'residents-api' },
      stageName,
    }),
  ),
];

/** What examples refer to by id, or by the name of an API. */
async function makeAccount({ hand, state }: Rig): Promise<void> {
  const stages = ['development', 'staging', 'production'].map((name) => ({ name }));
  const methods = [
    'GET /residents',
    'POST /residents',
    'GET /residents/{id}',
    'POST /residents/{id}',
  ];
  await seed(hand, {
    apis: [
      {
        id: 'residents1',
        name: 'residents-api',
        open: methods,
        deployments: ['x7y8z9', 'u4v5w6', 'newest'],
        stages,
      },
      { id: 'repairs1', name: 'repairs-api', methods: ['GET /'], stages },
      { id: 'a1b2c3d4e5', name: 'permits-api', methods: ['GET /'], stages },
      { id: 'f6g7h8i9j0', name: 'parking-api', methods: ['GET /'], stages },
    ],
    keys: [
      { id: 'abcdefghij', name: 'by-hand' },
      { id: 'klmnopqrst', name: 'by-hand-too' },
      { id: 'uvwxyzabcd', name: 'by-hand-on-all-stages' },
    ],
    plans: [
      {
        id: 'byhand',
        name: 'by-hand',
        stages: ['residents-api:staging', 'residents-api:production'],
        keys: ['by-hand-on-all-stages'],
      },
    ],
  });
  state.cloudwatchRoleArn = 'arn:aws:iam::123456789012:role/logs';
  for (const clientCertificateId of ['cert1a2b3c', 'cert4d5e6f'])
    state.clientCertificates.set(clientCertificateId, { clientCertificateId });
  const now = new Date(0);
  for (const name of ['apikeeper/acme', 'apikeeper/production/acme']) {
    const arn = `arn:aws:secretsmanager:eu-west-2:123456789012:secret:${name}`;
    state.secrets.set(name, { arn, text: VALUE, version: '1', createdDate: now });
    state.parameters.set(`/${name}`, {
      type: 'SecureString',
      value: VALUE,
      version: 1,
      lastModifiedDate: now,
    });
  }
}

/** Another than the service generates. */
const VALUE = 'a-value-that-was-pinned-in-git';
const VALUES_ENV = { APIKEEPER_VALUE_ACME: VALUE, APIKEEPER_VALUE_ACME_2: VALUE };

function makeValuesDir(): string {
  const directory = mkdtempSync(join(tmpdir(), 'apikeeper-values-'));
  for (const name of ['acme', 'production/acme']) {
    const file = join(directory, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, VALUE);
  }
  return directory;
}
