/** What a Consumer's document lists, and how that is called in names and annotations. It is read as far as it can be told, from invalid documents too. */
import { isMap } from '../core/model/json.ts';
import type { Json } from '../core/model/model.ts';
import type { Entry } from './entry.ts';

/** An entry of `access`. */
export interface Part {
  readonly index: number;
  /** As it is written. */
  readonly access: Readonly<Record<string, Json>>;
  /** What follows the Consumer's name in the plan's. Annotations call the entry so. */
  readonly suffix: string;
}

/** What an entry of `access` is called that says so of its stage; undefined where it can't be told. */
export function partOf(access: Part['access'], index = 0): Part | undefined {
  const suffix = suffixOf(access);
  return suffix === undefined ? undefined : { index, access, suffix };
}

/** The entries whose stage can be told. */
export function partsOf({ document }: Entry): Part[] {
  const { spec } = document.value as { readonly spec?: unknown };
  const list: unknown = isMap(spec) ? spec.access : undefined;
  if (!Array.isArray(list)) return [];
  return list.flatMap((access: unknown, index) =>
    isMap(access) ? (partOf(access as Part['access'], index) ?? []) : [],
  );
}

/** The name of the UsagePlan that an entry expands to. */
export function planName(consumer: Entry, { suffix }: Part): string {
  return `${consumer.name}-${suffix}`;
}

/** How reports and pointers address the stage in the plan's list. */
export function stageLabel({ access }: Part): string {
  return typeof access.stage === 'string'
    ? access.stage
    : `${apiOf(access.restApi)}:${access.stageName}`;
}

/** `residents-production`, or `residents-api-production` of an API's name (or id) and a stage name. */
function suffixOf({
  stage,
  restApi,
  stageName,
}: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof stage === 'string') return stage;
  const api = apiOf(restApi);
  return api === undefined || typeof stageName !== 'string'
    ? undefined
    : `${toLabel(api)}-${toLabel(stageName)}`;
}

function apiOf(restApi: unknown): string | undefined {
  const api = isMap(restApi) ? (restApi.name ?? restApi.id) : undefined;
  return typeof api === 'string' ? api : undefined;
}

/** Text as a DNS-1123 label; empty where nothing of it can be in one. */
function toLabel(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
}
