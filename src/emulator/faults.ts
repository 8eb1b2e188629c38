import { ServiceError, tooManyRequests } from './errors.ts';
import type { AccountState } from './state.ts';

/** What goes wrong. */
export type FaultEffect =
  /** 429 TooManyRequestsException; `retryAfter` in whole seconds, omitted: no header. */
  | { readonly type: 'throttle'; readonly retryAfter?: number }
  | {
      readonly type: 'error';
      readonly status: number;
      readonly code: string;
      readonly message: string;
    }
  /** The connection is reset; nothing was done. */
  | { readonly type: 'drop-before' }
  /** The call is carried out, then the connection is reset. */
  | { readonly type: 'drop-after' }
  /** The call is carried out after `ms` milliseconds of real time. */
  | { readonly type: 'delay'; readonly ms: number }
  /** The call is neither carried out nor answered. */
  | { readonly type: 'hang' }
  /** Lists show an older state: of `lag` milliseconds ago by the emulator's clock, or of `writes` writes ago; never older than the fault itself. */
  | { readonly type: 'stale-lists'; readonly lag: number }
  | { readonly type: 'stale-lists'; readonly writes: number }
  | { readonly type: 'lists-without-tags' }
  /** The stages in GetUsagePlans lack their method throttles. */
  | { readonly type: 'lists-without-throttle' }
  /** A success whose body is cut in half. */
  | { readonly type: 'malformed-json' };

export interface Fault {
  /** An operation's name, a prefix of names followed by `*` (`Get*`), or `*`; omitted: all. */
  readonly operation?: string;
  /** Omitted: every account. */
  readonly account?: string;
  /** How many calls it hits; omitted: every one. */
  readonly times?: number;
  /** How many matching calls it lets pass first. */
  readonly skip?: number;
  readonly fault: FaultEffect;
}

interface Moment {
  readonly at: number;
  readonly state: AccountState;
}

export interface Faults {
  /** Throws for a type that does not exist. */
  inject(fault: Fault, states: Iterable<AccountState>, now: number): void;
  clear(): void;
  /** The effects on this call; counts it. */
  take(operation: string, account: string, isList: boolean): FaultEffect[];
  /** To be called after each write: keeps the past as long as a fault needs it. */
  remember(state: AccountState, now: number): void;
  /** The state as a list shows it. */
  seen(state: AccountState, effects: readonly FaultEffect[], now: number): AccountState;
}

/** Which calls an effect can hit. */
const SCOPES: Readonly<Record<FaultEffect['type'], 'all' | 'lists'>> = {
  throttle: 'all',
  error: 'all',
  'drop-before': 'all',
  'drop-after': 'all',
  delay: 'all',
  hang: 'all',
  'malformed-json': 'all',
  'stale-lists': 'lists',
  'lists-without-tags': 'lists',
  'lists-without-throttle': 'lists',
};

const matches = (pattern: string, operation: string): boolean =>
  pattern.endsWith('*') ? operation.startsWith(pattern.slice(0, -1)) : pattern === operation;

export function newFaults(): Faults {
  let active: { rule: Fault; passed: number; hit: number }[] = [];
  const past = new Map<string, Moment[]>();

  const keep = (state: AccountState, now: number) => {
    const name = `${state.account} ${state.region}`;
    const moments = past.get(name) ?? [];
    past.set(
      name,
      [...moments, { at: now, state: structuredClone(state) }].slice(
        firstNeeded(
          moments,
          active.map(({ rule }) => rule.fault),
          now,
        ),
      ),
    );
  };

  return {
    inject(rule, states, now) {
      if (!Object.hasOwn(SCOPES, rule.fault?.type)) {
        throw new Error(
          `No such fault: ${rule.fault?.type}. There are: ${Object.keys(SCOPES).join(', ')}`,
        );
      }
      active.push({ rule, passed: 0, hit: 0 });
      if (rule.fault.type === 'stale-lists') for (const state of states) keep(state, now);
    },
    clear() {
      active = [];
      past.clear();
    },
    take(operation, account, isList) {
      const effects: FaultEffect[] = [];
      for (const entry of active) {
        const {
          operation: pattern = '*',
          account: only,
          times = Number.POSITIVE_INFINITY,
          skip = 0,
          fault,
        } = entry.rule;
        if (
          !matches(pattern, operation) ||
          (only !== undefined && only !== account) ||
          entry.hit >= times
        )
          continue;
        if (SCOPES[fault.type] === 'lists' && !isList) continue;
        if (entry.passed++ < skip) continue;
        entry.hit++;
        effects.push(fault);
      }
      return effects;
    },
    remember(state, now) {
      if (active.some(({ rule }) => rule.fault.type === 'stale-lists')) keep(state, now);
    },
    seen(state, effects, now) {
      const stale = effects.find((effect) => effect.type === 'stale-lists');
      const moments = past.get(`${state.account} ${state.region}`);
      if (!stale || !moments?.length) return state;
      const old =
        'writes' in stale
          ? moments.at(-1 - stale.writes)
          : moments.findLast(({ at }) => at <= now - stale.lag);
      return (old ?? moments[0])?.state ?? state;
    },
  };
}

/** How many of the oldest moments no fault can ask for any more. */
function firstNeeded(
  moments: readonly Moment[],
  effects: readonly FaultEffect[],
  now: number,
): number {
  const stale = effects.filter((effect) => effect.type === 'stale-lists');
  const needs = stale.map((effect) =>
    'writes' in effect
      ? moments.length - effect.writes
      : moments.findLastIndex(({ at }) => at <= now - effect.lag),
  );
  return Math.max(0, Math.min(...needs));
}

/** The error that an effect stands for, if it is one. */
export function errorOf(effect: FaultEffect): ServiceError | undefined {
  if (effect.type === 'throttle') return tooManyRequests(effect.retryAfter);
  if (effect.type === 'error') return new ServiceError(effect.status, effect.code, effect.message);
  return undefined;
}

/** A list's wire body as the effects leave it. */
export function maimed(body: unknown, effects: readonly FaultEffect[]): unknown {
  const list = body as { item?: Record<string, unknown>[] } | undefined;
  if (!Array.isArray(list?.item)) return body;
  let items = list.item;
  if (effects.some(({ type }) => type === 'lists-without-tags'))
    items = items.map(({ tags: _, ...item }) => item);
  if (effects.some(({ type }) => type === 'lists-without-throttle'))
    items = items.map(withoutMethodThrottles);
  return { ...list, item: items };
}

function withoutMethodThrottles(item: Record<string, unknown>): Record<string, unknown> {
  const { apiStages } = item as { apiStages?: { throttle?: unknown }[] };
  return apiStages
    ? { ...item, apiStages: apiStages.map(({ throttle: _, ...stage }) => stage) }
    : item;
}
