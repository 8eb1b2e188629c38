/** The account that has a golden file. `scripts/golden-export.ts` writes it; read it before you commit it. */
import { seed } from '../kit/seed.ts';
import { createSpace } from './space.ts';

export const goldenUrl = new URL('golden/small.txt', import.meta.url);

/** What `export` prints of a small account, its notes last. */
export async function exportSmall(): Promise<string> {
  await using space = await createSpace();
  await seed(space.hand, {
    apis: [
      {
        id: 'residents1',
        name: 'residents-api',
        methods: ['GET /residents', 'GET /residents/{id}', 'POST /residents'],
        stages: [
          {
            name: 'production',
            description: 'Residents, live',
            variables: { loadBalancerUrl: 'residents.internal.example', port: '8443' },
            set: {
              '/*/*/throttling/rateLimit': '500',
              '/*/*/throttling/burstLimit': '1000',
              '/~1residents~1{id}/GET/throttling/rateLimit': '50',
              '/~1residents~1{id}/GET/throttling/burstLimit': '100',
              '/tracingEnabled': 'true',
            },
          },
          { name: 'staging', variables: { deployedAt: '2026-01-15T09:00:00Z' } },
        ],
      },
    ],
    keys: [
      {
        id: 'acmekey001',
        name: 'Acme Ltd',
        description: 'Acme Ltd, residents portal',
        tags: { team: 'housing' },
      },
      { id: 'birchkey01', name: 'birch', enabled: false },
      { id: 'birchkey02', name: 'birch' },
      { id: 'cedarkey01', name: 'Cedar & Co' },
      {
        id: 'stackkey01',
        name: 'desk-production',
        tags: { 'aws:cloudformation:stack-name': 'desk-production' },
      },
    ],
    plans: [
      {
        id: 'acme01',
        name: 'acme-residents',
        throttle: { rateLimit: 50, burstLimit: 100 },
        quota: { limit: 10_000, period: 'MONTH' },
        stages: ['residents-api:production'],
        keys: ['acmekey001'],
      },
      {
        id: 'cedar1',
        name: 'cedar, live',
        throttle: { rateLimit: 5, burstLimit: 10 },
        quota: { limit: 500, period: 'DAY' },
        stages: ['residents-api:production'],
        keys: ['cedarkey01'],
      },
      {
        id: 'cedar2',
        name: 'cedar, test',
        throttle: { rateLimit: 5, burstLimit: 10 },
        stages: ['residents-api:staging'],
        keys: ['cedarkey01'],
      },
      {
        id: 'shared',
        name: 'shared',
        stages: ['residents-api:staging'],
        keys: ['acmekey001', 'birchkey02', 'stackkey01'],
      },
    ],
  });
  const { stdout, stderr } = await space.type('export');
  return `${stdout}\n${stderr}`;
}
