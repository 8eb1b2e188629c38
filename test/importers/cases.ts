/** The sources that have a golden file, and what is read with each. `scripts/golden-importers.ts` writes the files; read them before you commit them. */
import { readFileSync } from 'node:fs';
import { importCloudFormation } from '../../src/importers/cloudformation/cloudformation.ts';
import type { Finding, Imported } from '../../src/importers/common/model.ts';
import { importServerless } from '../../src/importers/serverless/serverless.ts';
import type { ServerlessOptions } from '../../src/importers/serverless/service.ts';
import { renderManifests } from '../../src/manifest-writer/render.ts';

const FIXTURES = new URL('fixtures/', import.meta.url);

/** Without options a file is imported as it comes. */
export function serverless(text: string, options: Partial<ServerlessOptions> = {}): Imported {
  return importServerless(text, {
    file: 'serverless.yml',
    params: {},
    env: {},
    parameters: {},
    ...options,
  });
}

export function cloudformation(
  text: string,
  parameters: Readonly<Record<string, string>> = {},
  file = 'template.yml',
): Imported {
  return importCloudFormation(text, { file, parameters });
}

export function findingText({ file, line, code, severity, message }: Finding): string {
  return `${file}:${line}  ${code}  ${severity}  ${message}`;
}

const fixture = (file: string) => readFileSync(new URL(file, FIXTURES), 'utf8');
const ofServerless =
  (file: string, options: Partial<ServerlessOptions> = {}) =>
  () =>
    serverless(fixture(file), { file, ...options });
const ofTemplate =
  (file: string, parameters: Readonly<Record<string, string>> = {}) =>
  () =>
    cloudformation(fixture(file), parameters, file);

export const CASES: Readonly<Record<string, () => Imported>> = {
  'legacy-tier, version unknown': ofServerless('legacy-tier.serverless.yml', {
    stage: 'development',
  }),
  'legacy-tier, version that drops the throttle': ofServerless('legacy-tier.serverless.yml', {
    stage: 'development',
    frameworkVersion: '2.1',
  }),
  'legacy-tier, version that keeps the throttle': ofServerless('legacy-tier.serverless.yml', {
    stage: 'development',
    frameworkVersion: '2.72.4',
  }),
  'legacy-tier, version that ignores the place': ofServerless('legacy-tier.serverless.yml', {
    stage: 'development',
    frameworkVersion: '3.40.0',
  }),
  'legacy-tier, stage unknown': ofServerless('legacy-tier.serverless.yml', {
    frameworkVersion: '1.60',
  }),
  tier: ofServerless('tier.serverless.yml', { stage: 'staging', frameworkVersion: '3' }),
  plain: ofServerless('plain.serverless.yml', { stage: 'pre-production' }),
  'no-plan': ofServerless('no-plan.serverless.yml'),
  'own-resources': ofServerless('own-resources.serverless.yml'),
  'usage-plans': ofTemplate('usage-plans.sam.yml'),
  'usage-plans, ids given': ofTemplate('usage-plans.sam.yml', {
    'AWS::StackName': 'library',
    ServerlessApiKey: 'sharedkey1',
    ServerlessUsagePlan: 'shared',
    AloneApiKey: 'alonekey01',
    Open: 'openapi001',
  }),
  'explicit-plan': ofTemplate('explicit-plan.sam.yml'),
  'explicit-plan, stack name given': ofTemplate('explicit-plan.sam.yml', {
    'AWS::StackName': 'booking',
    BookingKey: 'bookingkey',
  }),
  functions: ofTemplate('functions.template.json'),
  'functions, parameters given': ofTemplate('functions.template.json', {
    Env: 'production',
    Team: 'archive',
    'AWS::Region': 'eu-west-2',
  }),
};

export function goldenUrl(name: string): URL {
  return new URL(`golden/${name.replaceAll(/[^a-z0-9]+/g, '-')}.txt`, import.meta.url);
}

/** Manifests, findings and hand-over, as a person reads them. */
export function goldenText({ documents, findings, handOver }: Imported): string {
  const parts = [
    renderManifests({ documents }),
    findings.map(findingText).join('\n'),
    handOver ?? 'nothing to hand over\n',
  ];
  return parts.map((part) => `${part.trimEnd()}\n`).join('\n=====\n');
}
