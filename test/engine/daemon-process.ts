/** A daemon's whole life on an emulator of its own, with real schedules and the real clock. Whatever it leaves open keeps this process from ending. */
import { randomUUID } from 'node:crypto';
import { startEmulator } from '../../src/emulator/index.ts';
import { startDaemon } from '../../src/engine/daemon/daemon.ts';
import { createEngine } from '../../src/engine/reconcile/engine.ts';
import type { EngineDeps, Settings } from '../../src/engine/state/settings.ts';
import { systemClock } from '../../src/engine/state/system-clock.ts';
import { createWorkspace, yaml } from '../manifests/workspace.ts';

await using emulator = await startEmulator();
await using space = await createWorkspace({ 'a.yaml': yaml('ApiKey', 'acme') });
const settings: Settings = {
  directory: space.path,
  namespaces: [],
  mode: 'observe',
  deleteGraceMs: 0,
  owner: randomUUID(),
  operationQuotas: true,
  valuesEnvPrefix: 'APIKEEPER_VALUE_',
  valuesSecrets: 'apikeeper/',
  version: '0.0.0',
};
const twoPasses = Promise.withResolvers<void>();
let passes = 0;
const surroundings: EngineDeps = {
  clock: systemClock,
  env: {
    AWS_ENDPOINT_URL: emulator.url,
    AWS_REGION: 'eu-west-2',
    AWS_ACCESS_KEY_ID: 'emulator',
    AWS_SECRET_ACCESS_KEY: 'emulator',
  },
  emit(event) {
    process.stdout.write(`${event}\n`);
    if (event === 'reconcile.finished' && ++passes === 2) twoPasses.resolve();
  },
};
await using engine = createEngine(settings, surroundings);
await using daemon = await startDaemon(
  engine,
  settings,
  { schedule: '* * * * * *', quietPeriodMs: 500 },
  surroundings,
);
await twoPasses.promise;
// A pass that failed waits for its retry, and a change for its quiet period.
emulator.inject({
  operation: 'GetApiKeys',
  fault: { type: 'error', status: 409, code: 'ConflictException', message: 'no' },
});
daemon.request('signal');
await space.write('b.yaml', yaml('ApiKey', 'birch'));
