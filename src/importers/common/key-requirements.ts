/** KeyRequirement documents: of every API that demands a key of somebody, the methods that do, and those that say outright that they don't. */

import { compact } from '../../core/model/compact.ts';
import { compareText, isMap } from '../../core/model/json.ts';
import type { Json } from '../../core/model/model.ts';
import { createNames } from '../../manifest-writer/names.ts';
import { defined } from './fields.ts';
import {
  type Finding,
  finding,
  type ManifestDocument,
  type RequiredMethod,
  type Requirement,
} from './model.ts';

/** `documents` tell which stages an API has. */
export function keyRequirements(
  requirements: readonly Requirement[],
  documents: readonly ManifestDocument[],
): { documents: ManifestDocument[]; findings: Finding[] } {
  const demanding = requirements.filter(isDemanding);
  const nameDocument = createNames();
  const byApi = Map.groupBy(demanding, ({ restApi }) => restApi && JSON.stringify(restApi));
  const groups = [...byApi].flatMap(([api, parts]) =>
    api === undefined ? [] : [inOnePlace(parts)],
  );
  const known = groups.map(({ here }) => joined(here));
  return {
    documents: known.map((requirement) => toDocument(requirement, nameDocument, documents)),
    findings: [
      ...(byApi.get(undefined) ?? []).map((requirement) =>
        lost(requirement, 'the API is not known here'),
      ),
      ...groups.flatMap(({ elsewhere }) =>
        elsewhere.map((requirement) => lost(requirement, ELSEWHERE)),
      ),
      ...known.flatMap(preflights),
    ],
  };
}

/** Whether anybody needs a key. */
export function isDemanding({
  apiKeyRequired,
  methods,
}: Pick<Requirement, 'apiKeyRequired' | 'methods'>): boolean {
  return apiKeyRequired === true || methods.some((method) => method.apiKeyRequired === true);
}

const ELSEWHERE =
  'an API of the same name in another region or account has one already, and it belongs into a namespace of its own';

/** One name in two regions or accounts is two APIs, which no namespace can have both. The comments tell them apart. */
function inOnePlace(parts: readonly Requirement[]): {
  here: Requirement[];
  elsewhere: Requirement[];
} {
  const placeOf = ({ comments }: Requirement) => comments.join();
  const [first] = parts.map(placeOf).toSorted(compareText);
  const isHere = (part: Requirement) => placeOf(part) === first;
  return { here: parts.filter(isHere), elsewhere: parts.filter((part) => !isHere(part)) };
}

/** One API has one document, whatever parts of a source speak of it. */
function joined(parts: readonly Requirement[]): Requirement {
  return {
    ...(parts[0] as Requirement),
    ...defined({
      apiKeySource: parts.find(({ apiKeySource }) => apiKeySource)?.apiKeySource,
      apiKeyRequired: parts.some(({ apiKeyRequired }) => apiKeyRequired) || undefined,
    }),
    methods: distinct(parts.flatMap(({ methods }) => methods)),
  };
}

/** A method that is written twice demands a key if it does so anywhere. The source's order decides nothing. */
function distinct(methods: readonly RequiredMethod[]): RequiredMethod[] {
  const groups = Map.groupBy(methods, ({ method, path }) => `${method} ${path}`);
  return [...groups.values()]
    .flatMap((same) => same.find((method) => method.apiKeyRequired === true) ?? same.slice(0, 1))
    .toSorted((a, b) => compareText(a.path, b.path) || compareText(a.method, b.method));
}

/** What the document says of a method: undefined where the default says it, or nothing does. */
function wordOn(
  { method, apiKeyRequired }: RequiredMethod,
  isDefault: boolean,
): boolean | undefined {
  return apiKeyRequired === true && (isDefault || method === 'OPTIONS')
    ? undefined
    : apiKeyRequired;
}

function toDocument(
  requirement: Requirement,
  nameDocument: ReturnType<typeof createNames>,
  others: readonly ManifestDocument[],
): ManifestDocument {
  const { restApi, label, word, manager, region, source, address, comments } = requirement;
  const isDefault = requirement.apiKeyRequired === true;
  const methods = requirement.methods.flatMap((method): Json[] => {
    const apiKeyRequired = wordOn(method, isDefault);
    return apiKeyRequired === undefined
      ? []
      : [{ method: method.method, path: method.path, apiKeyRequired }];
  });
  const stages = stagesOf(restApi as Json, others);
  return compact({
    kind: 'KeyRequirement',
    name: nameDocument('KeyRequirement', label),
    manager,
    region,
    spec: defined({
      restApi: restApi as Json,
      apiKeySource: requirement.apiKeySource,
      apiKeyRequired: isDefault || undefined,
      methods: methods.length > 0 ? methods : undefined,
    }),
    source,
    address,
    comments: [
      ...comments,
      `keep \`${word}\` as long as something else deploys the methods: it goes on writing what its own file says`,
      'a change here changes the API, and reaches callers with its next deployment',
    ],
    options: [
      `redeploy: { stages: [${stages.join(', ') || '<stage>'}] }  # with this, apikeeper deploys when the document changes; that publishes all that is undeployed in the API`,
    ],
  });
}

/** The names of an API's stages, as far as other documents name them. */
function stagesOf(restApi: Json, documents: readonly ManifestDocument[]): string[] {
  const places = documents.flatMap(({ kind, spec }) => {
    if (kind === 'Stage') return [spec];
    return Array.isArray(spec.stages) ? (spec.stages as Json[]) : [];
  });
  const names = places.flatMap((place) =>
    isMap(place) &&
    JSON.stringify(place.restApi) === JSON.stringify(restApi) &&
    typeof place.stageName === 'string'
      ? [place.stageName]
      : [],
  );
  return [...new Set(names)].toSorted();
}

function lost(
  { address, methods, apiKeyRequired, word, source }: Requirement,
  why: string,
): Finding {
  const demanding = methods.filter((method) => method.apiKeyRequired === true);
  const what = apiKeyRequired
    ? 'every method'
    : demanding.map(({ method, path }) => `${method} ${path}`).join(', ');
  const message = `${address} demands a key for ${what}, and no manifest says so, since ${why}; leave \`${word}\` where it is, or write a KeyRequirement with the API's id`;
  return finding('KEY_REQUIRED', source, message);
}

/** A browser's preflight carries no key, so no manifest may demand one of it. */
function preflights({ methods, word, source }: Requirement): Finding[] {
  return methods
    .filter(({ method, apiKeyRequired }) => method === 'OPTIONS' && apiKeyRequired === true)
    .map(({ path, at }) =>
      finding(
        'NOT_TRANSLATED',
        at ?? source,
        `OPTIONS ${path} demands a key, and a browser's preflight carries none: no manifest says so; take \`${word}\` away there if browsers are to call it`,
      ),
    );
}
