/** A whole migration, from the file of the old tool to the team's own manifests, by the command line: consumers get an answer to every request. */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type Journey, startJourney } from './journey.ts';
import { adopt, close, convert, enforce, letGo, look, rename, takenOver, widen } from './legs.ts';
import { terraformState } from './terraform-state.ts';

interface Source {
  readonly tool: string;
  readonly marks: Parameters<typeof startJourney>[0];
  /** The words of the import. */
  readonly words: (journey: Journey) => Promise<readonly string[]>;
  /** Who the documents say to take over from; absent: the tool leaves no tags. */
  readonly manager?: string;
  /** What applying then does. */
  readonly steps: readonly string[];
}

const SERVERLESS = fileURLToPath(new URL('fixtures/orders.serverless.yml', import.meta.url));

const SOURCES: readonly Source[] = [
  {
    tool: 'the Serverless Framework',
    marks: {
      tags: { 'aws:cloudformation:stack-name': 'orders-api-production' },
      description: 'Usage plan for orders-api production stage',
    },
    words: async () => [
      'import',
      'serverless',
      SERVERLESS,
      '--stage',
      'production',
      '--framework-version',
      '3.40.0',
    ],
    manager: 'cloudformation',
    steps: ['ApiKey adopt', 'UsagePlan adopt'],
  },
  {
    tool: 'Terraform',
    marks: { tags: {}, description: 'Managed by Terraform' },
    async words({ aside, hand, keyId, planId, orders }) {
      await aside.write(
        'terraform.tfstate',
        terraformState(hand, { keyId, planId, apiId: orders.restApiId }),
      );
      return ['import', 'terraform', `${aside.path}/terraform.tfstate`];
    },
    steps: ['ApiKey adopt', 'UsagePlan adopt'],
  },
  {
    tool: 'the console',
    marks: { tags: { team: 'orders' }, description: 'For Acme' },
    words: async ({ manifests }) => ['export', manifests.path, '--api', 'production-orders-api'],
    steps: ['ApiKey adopt', 'ApiKey adopt', 'UsagePlan adopt'],
  },
];

test.each(SOURCES)(
  'from $tool: not one request fails, from the first look to the last commit',
  async (source) => {
    await using journey = await startJourney(source.marks);
    const { code, stdout } = await journey.type([
      ...(await source.words(journey)),
      '--namespace',
      'production',
    ]);
    expect(code).toBe(0);

    await look(journey, stdout, source.manager);
    await adopt(journey, source.steps);
    await letGo(journey);
    await enforce(journey);
    const own = await rename(journey, takenOver(stdout, source.manager));
    const converted = await convert(journey, await widen(journey, own));
    await close(journey, converted);

    expect([...journey.hand.state.apiKeys.keys()]).toEqual([journey.keyId, journey.neighbourId]);
    expect(journey.watch.seen.length).toBeGreaterThan(150);
  },
);
