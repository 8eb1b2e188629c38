/** What the documents are called: the same for a part of the account as for all of it. */

import { claimOf } from '../core/compare/ownership.ts';
import { compareText } from '../core/model/json.ts';
import type { Live } from '../core/model/model.ts';
import { createNames } from '../manifest-writer/names.ts';
import { type ExportOptions, keyOf } from './model.ts';

export interface Naming {
  /** The document of an object; undefined where there is none, because our tags place it in another namespace, or another object bears the same ones. */
  nameOf(live: Pick<Live, 'kind' | 'id'>): string | undefined;
  /** What the documents of an API are named after. */
  apiName(id: string): string;
  /** Others whose tags claim the same document, by id. */
  rivalsOf(live: Pick<Live, 'kind' | 'id'>): readonly Live[];
}

/** Objects that are ours keep the name that their tags give them; the others get the one nearest to their own, by name and id, so that the order of lists decides nothing. */
export function createNaming({ account, owner, namespace, declared }: ExportOptions): Naming {
  const names = new Map<string, string>();
  const claims = new Map<string, Live[]>();
  const free: Named[] = [];
  for (const live of account.live) {
    const claim = claimOf(live, owner);
    if (claim?.namespace === namespace) {
      const document = `${live.kind}/${claim.name}`;
      const claimants = claims.get(document) ?? [];
      claims.set(document, [...claimants, live]);
      if (claimants.length === 0) names.set(keyOf(live), claim.name);
    } else if (!claim) free.push(live);
  }
  const create = createNames([
    ...claims.keys(),
    ...declared.map(({ kind, name }) => `${kind}/${name}`),
  ]);
  const nameAll = (all: readonly Named[]) => {
    for (const one of all.toSorted(
      (a, b) => compareText(a.name, b.name) || compareText(a.id, b.id),
    ))
      names.set(
        keyOf(one),
        create(one.kind, one.name || `${NAMELESS[one.kind] ?? one.kind}-${one.id}`),
      );
  };
  nameAll(account.apis.map((api) => ({ ...api, kind: 'RestApi' })));
  const apiName = (id: string) => names.get(keyOf({ kind: 'RestApi', id })) ?? id;
  nameAll(free.map((one) => ({ ...one, name: PREFIXED[one.kind]?.(one, apiName) ?? one.name })));
  return {
    nameOf: (live) => names.get(keyOf(live)),
    apiName,
    rivalsOf: (live) => {
      const mine = names.get(keyOf(live));
      return (claims.get(`${live.kind}/${mine}`) ?? []).filter((other) => other.id !== live.id);
    },
  };
}

interface Named {
  readonly kind: string;
  readonly id: string;
  readonly name: string;
}

/** How a name begins that is made from an id. */
const NAMELESS: Readonly<Record<string, string>> = {
  ApiKey: 'key',
  UsagePlan: 'plan',
  RestApi: 'api',
};

/** What hangs on an API is named after it: a stage's own name says little. */
const PREFIXED: Readonly<Record<string, (one: Named, apiName: (id: string) => string) => string>> =
  {
    Stage: ({ id, name }, apiName) => `${apiName(id.split(':')[0] ?? '')}-${name}`,
    KeyRequirement: ({ id }, apiName) => apiName(id),
  };
