/** Which methods of an API demand a key: what a document asks for, what the API's definition says, and what its stages serve (docs/contract.md#plan). */

import { compareText, pointer } from '../model/json.ts';
import type { Desired, Live } from '../model/model.ts';
import { isIgnored } from './compare-fields.ts';

export const REQUIREMENT = 'KeyRequirement';

/** The canonical spec of a live requirement; methods by `GET /residents/{id}`. */
export interface LiveRequirement {
  readonly apiKeySource: string;
  /** As the API's definition has them; `resource` is the id by which the method is changed. */
  readonly methods: Readonly<
    Record<string, { readonly apiKeyRequired: boolean; readonly resource: string }>
  >;
  /** By stage name: what the deployment that the stage serves demands. A stage whose deployment can't be found is absent. */
  readonly served: Readonly<Record<string, Readonly<Record<string, boolean>>>>;
  /** By stage name: methods that the definition and the served deployment have otherwise, in anything but the requirement. */
  readonly undeployed: Readonly<Record<string, readonly string[]>>;
  /** By stage name. */
  readonly deployments: Readonly<Record<string, string>>;
  /** By stage name: the deployment that its canary tries, where that is another than the stage's own. */
  readonly canaries: Readonly<Record<string, string>>;
  /** Stages that bear the tag `apikeeper:suspend`. */
  readonly suspended: readonly string[];
}

/** What a KeyRequirement document says. */
interface DesiredRequirement {
  readonly apiKeySource?: string;
  readonly apiKeyRequired?: boolean;
  readonly methods?:
    | readonly {
        readonly method: string;
        readonly path: string;
        readonly apiKeyRequired: boolean;
      }[]
    | null;
  readonly redeploy?: { readonly stages: readonly string[] } | null;
}

export const requirementOf = (live: Live): LiveRequirement =>
  live.spec as unknown as LiveRequirement;
export const requestedMethods = (desired: Desired): DesiredRequirement =>
  desired.spec as DesiredRequirement;

/** What the document wants of each method that the API has: those that it names, and, by its default, all others but OPTIONS. What it ignores is left out. */
export function wantedMethods(desired: Desired, live: Live): ReadonlyMap<string, boolean> {
  const { methods, apiKeyRequired } = requestedMethods(desired);
  const named = new Map(
    (methods ?? []).map((entry) => [`${entry.method} ${entry.path}`, entry.apiKeyRequired]),
  );
  const wanted = new Map<string, boolean>();
  for (const key of Object.keys(requirementOf(live).methods).sort(compareText)) {
    const value = named.get(key) ?? (key.startsWith('OPTIONS ') ? undefined : apiKeyRequired);
    if (value !== undefined && !isIgnored(desired, methodPath(key))) wanted.set(key, value);
  }
  return wanted;
}

/** The methods that a stage serves with another requirement than is wanted. A method that it does not serve at all has none. */
export function servedOtherwise(
  stage: string,
  wanted: ReadonlyMap<string, boolean>,
  { served }: LiveRequirement,
): string[] {
  const now = served[stage] ?? {};
  return [...wanted]
    .filter(([key, value]) => now[key] !== undefined && now[key] !== value)
    .map(([key]) => key);
}

/** A method's place in the document, by its key. */
export function methodPath(key: string): string {
  return pointer(['spec', 'methods', key]);
}

/** The first few, and how many more. */
export function some(methods: readonly string[]): string {
  const [shown, rest] = [methods.slice(0, 3), methods.length - 3];
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
