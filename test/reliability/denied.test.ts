/** Missing rights and wrong clocks: said once per object, asked for three times, and nobody's turn is kept from them. */
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { seed } from '../kit/seed.ts';
import { type Answered, type Around, createAccount, createTree, startProcess } from './account.ts';
import { passOf, settle } from './crash-matrix.ts';
import { gold, key, plan, STRANGERS, target } from './crash-scenarios.ts';

const DENIED = {
  type: 'error',
  status: 403,
  code: 'AccessDeniedException',
  message: 'User is not authorized to perform: apigateway:POST',
} as const;
const names = (count: number) =>
  Array.from({ length: count }, (_, index) => `key-${String(index).padStart(3, '0')}`);

test('fifty keys that may not be created cost three calls, and every one is reported', async () => {
  const account = createAccount({ seed: 1 });
  await seed(account.hand, STRANGERS);
  account.core.clearRequests();
  account.core.inject({ operation: 'CreateApiKey', fault: DENIED });
  const { report, events } = await passOf(account, [
    target,
    ...names(50).map((name) => key(name)),
    plan('free'),
  ]);
  const sent = (operation: string) =>
    account.core.requests.filter((request) => request.operation === operation).length;
  expect(sent('CreateApiKey')).toBe(3);
  expect(sent('CreateUsagePlan')).toBe(1);
  expect(report?.state).toBe('failing');
  expect(report?.targets[0]?.summary.failed).toBe(50);
  const failed = events
    .filter(({ event }) => event === 'step.failed')
    .map(({ fields }) => String(fields.error));
  expect(
    failed.filter((error) =>
      /^CreateApiKey failed with AccessDeniedException: .*IAM policy/.test(error),
    ),
  ).toHaveLength(3);
  expect(
    failed.filter((error) =>
      /^CreateApiKey was denied 3 times in a row, and is not sent again in this pass/.test(error),
    ),
  ).toHaveLength(47);
});

test('taking access away is tried for each key all the same', async () => {
  const account = createAccount({ seed: 1 });
  await seed(account.hand, STRANGERS);
  const keys = names(6);
  await settle(account, [target, ...keys.map((name) => key(name)), gold(keys)], 2);
  account.core.clearRequests();
  account.core.inject({ operation: 'UpdateApiKey', times: 5, fault: DENIED });
  await passOf(account, [target, ...keys.map((name) => key(name, { enabled: false })), gold(keys)]);
  const enabled = [...account.core.state().apiKeys.values()].filter(
    (one) => one.enabled && one.name?.startsWith('key-'),
  );
  expect(
    account.core.requests.filter(({ operation }) => operation === 'UpdateApiKey'),
  ).toHaveLength(6);
  expect(enabled).toHaveLength(5);
});

test('what is denied for single objects keeps others from their turn for one pass at most', async () => {
  const account = createAccount({ seed: 1 });
  await seed(account.hand, STRANGERS);
  const all = names(8);
  await settle(account, [target, ...all.map((name) => plan(name))], 2);
  const forbidden = new Set(
    [...account.core.state().usagePlans.values()]
      .filter(({ name }) => all.slice(0, 4).includes(name))
      .map(({ id }) => id),
  );
  const interfere: Around = async (carryOut, { method, path }) =>
    method === 'PATCH' && forbidden.has(path.split('/').at(-1) ?? '')
      ? refused(403, 'AccessDeniedException', 'with an explicit deny')
      : carryOut();
  const changed = () =>
    [...account.core.state().usagePlans.values()]
      .filter(({ description }) => description === 'new')
      .map(({ name }) => name);

  using tree = createTree([target, ...all.map((name) => plan(name, { description: 'new' }))]);
  await using process = startProcess(account, tree.directory, { interfere });
  await process.pass();
  expect(changed()).toEqual([]);
  await process.pass();
  expect(changed().sort()).toEqual(all.slice(4));
});

test('a clock that is ten minutes slow is noticed, and the call signed anew', async () => {
  const account = createAccount({ seed: 1 });
  await seed(account.hand, STRANGERS);
  const fast = () => Date.now() + 10 * 60_000;
  let refusals = 0;
  const interfere: Around = async (carryOut, { headers }) => {
    const signedAt = Date.parse(
      String(headers['x-amz-date']).replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'),
    );
    const date = new Date(fast()).toUTCString();
    if (Math.abs(fast() - signedAt) < 5 * 60_000) {
      const answer = await carryOut();
      return { ...answer, headers: { ...answer.headers, date } };
    }
    refusals += 1;
    return refused(403, 'InvalidSignatureException', 'Signature expired: it is now another time', {
      date,
    });
  };
  const { report } = await passOf(account, [target, key('acme')], { interfere });
  expect(refusals).toBeGreaterThan(0);
  expect(report?.state).toBe('in-sync');
});

function refused(
  statusCode: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Answered {
  const all = {
    'content-type': 'application/json',
    'x-amzn-errortype': code,
    'x-amzn-requestid': randomUUID(),
    ...headers,
  };
  return { statusCode, headers: all, body: Buffer.from(JSON.stringify({ message })) };
}
