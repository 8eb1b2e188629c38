/** Where what is live is what the file says, --live finds no difference, and the manifests adopt without a change: held for every source of the golden files. */
import { describe, expect, test } from 'vitest';
import { canonicalize } from '../../src/core/compare/canonicalize.ts';
import { isMap } from '../../src/core/model/json.ts';
import type { Api, Json, Live } from '../../src/core/model/model.ts';
import type { FindingCode, Imported, ManifestDocument } from '../../src/importers/common/model.ts';
import {
  apisOf,
  type LiveAccount,
  placeOf,
  stageIdsOf,
  stagePlaces,
} from '../../src/importers/live/account.ts';
import { importLive } from '../../src/importers/live/live.ts';
import { toManifest } from '../../src/manifest-writer/render.ts';
import { api, desired, live, planOf, rulesOf } from '../core/build.ts';
import { CASES } from './cases.ts';
import { TERRAFORM_CASES } from './terraform-cases.ts';

const STACK = 'deployed';

/** The account that the documents' own words make. */
function deployed({ documents }: Imported): LiveAccount {
  const apis = apisIn(documents);
  const ids = new Map(
    documents.map((document, index) => [
      document,
      typeof document.adopt === 'object' ? document.adopt.id : `live${index}`,
    ]),
  );
  const stages = new Set(
    [
      ...documents.filter(({ kind }) => kind === 'Stage').flatMap(({ spec }) => placeOf(spec)),
      ...documents
        .filter(({ kind }) => kind === 'UsagePlan')
        .flatMap((plan) => stagePlaces(plan, documents)),
    ].flatMap((place) => stageIdsOf(place, { apis })),
  );
  const objects = documents.map((document) => objectOf(document, documents, ids, apis));
  const known = new Set(objects.map(({ kind, id }) => `${kind} ${id}`));
  const strangers = objects
    .flatMap(({ spec }) => (isMap(spec.keys) ? Object.keys(spec.keys) : []))
    .filter((id) => !known.has(`ApiKey ${id}`));
  return {
    region: 'eu-west-2',
    apis,
    live: [
      ...objects,
      ...[...new Set(strangers)].map((id) => live('ApiKey', id)),
      ...[...stages].filter((id) => !known.has(`Stage ${id}`)).map((id) => live('Stage', id)),
    ],
  };
}

/** Every API that is referred to, by name or id. */
function apisIn(documents: readonly ManifestDocument[]): Api[] {
  const references = documents.flatMap(({ spec }) => [
    spec.restApi,
    ...(Array.isArray(spec.stages)
      ? spec.stages.map((entry: Json) => (isMap(entry) ? entry.restApi : undefined))
      : []),
  ]);
  const texts = new Set(references.filter(isMap).map((reference) => JSON.stringify(reference)));
  return [...texts].map((text, index) => {
    const { id = `api${index}`, name = `named ${id}` } = JSON.parse(text) as {
      id?: string;
      name?: string;
    };
    return api(id, name);
  });
}

function objectOf(
  document: ManifestDocument,
  documents: readonly ManifestDocument[],
  ids: ReadonlyMap<ManifestDocument, string>,
  apis: readonly Api[],
): Live {
  const { kind, name, spec, address } = document;
  const [apiId = ''] = apisOf(spec.restApi, { apis });
  const { named } = canonicalize(rulesOf(kind), desired(kind, name, spec), (of, entry) => {
    if (of === 'ApiKey') {
      const key = documents.find((other) => other.kind === 'ApiKey' && other.name === entry);
      return { key: (key && ids.get(key)) ?? (isMap(entry) ? String(entry.id) : ''), label: '' };
    }
    const [place] = stagePlaces({ ...document, spec: { stages: [entry] } }, documents);
    return { key: (place && stageIdsOf(place, { apis })[0]) ?? '', label: '' };
  });
  const fixedIds: Readonly<Record<string, string>> = {
    Stage: `${apiId}:${String(spec.stageName)}`,
    KeyRequirement: apiId,
  };
  const id = fixedIds[kind] ?? ids.get(document) ?? '';
  const tags = { 'aws:cloudformation:stack-name': STACK, 'aws:cloudformation:logical-id': address };
  const isNamed = kind === 'ApiKey' || kind === 'UsagePlan';
  const made = live(kind, id, { ...named, ...(isNamed && { name: spec.name ?? name }) }, tags);
  if (kind !== 'KeyRequirement') return made;
  const { apiKeySource = 'HEADER' } = spec;
  return {
    ...made,
    spec: {
      apiKeySource,
      methods: named.methods ?? {},
      served: {},
      undeployed: {},
      deployments: {},
    },
  };
}

const NOT_FOUND: readonly FindingCode[] = [
  'LIVE_DIFFERS',
  'NOT_LIVE',
  'LIVE_AMBIGUOUS',
  'LIVE_OWNED',
];

describe.each<[name: string, run: () => Imported | Promise<Imported>]>([
  ...Object.entries(CASES),
  ...Object.entries(TERRAFORM_CASES),
])('%s', (_, run) => {
  test('what is live as the file says differs nowhere, and is adopted without a change', async () => {
    const found = await run();
    // One account is one region; and the sources of Terraform have lost what JSON can't say.
    const documents = found.documents.map(({ region: _region, ...document }) => document);
    const imported = { ...found, documents, stackName: STACK, secrets: new Set<string>() };
    const account = deployed(imported);
    const result = importLive(imported, account);
    expect(
      result.findings.filter(({ code }) => NOT_FOUND.includes(code)).map(({ message }) => message),
    ).toEqual([]);
    expect(result.documents.map(({ kind, name }) => `${kind}/${name}`)).toEqual(
      imported.documents.map(({ kind, name }) => `${kind}/${name}`),
    );
    const written = result.documents.map((document) => {
      const { metadata, spec } = toManifest(document);
      const annotations: Readonly<Record<string, string>> = metadata.annotations ?? {};
      const adopt = annotations['apikeeper.dev/adopt'];
      return desired(document.kind, document.name, spec, {
        ...(adopt !== undefined && { adopt }),
        adoptFrom: ['cloudformation'],
      });
    });
    const { steps } = planOf({ desired: written, live: account.live, apis: account.apis });
    const moving = steps.filter(
      (step) => step.changes.length > 0 || (step.action !== 'adopt' && step.action !== 'keep'),
    );
    expect(
      moving.map(({ kind, name, action, reason, message, changes }) => ({
        kind,
        name,
        action,
        reason,
        message,
        changes,
      })),
    ).toEqual([]);
  });
});
