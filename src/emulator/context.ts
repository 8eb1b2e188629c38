import type { Random } from './random.ts';
import type { AccountState } from './state.ts';

/** What an operation works on. `now` is in milliseconds since the epoch. */
export interface Context {
  readonly state: AccountState;
  readonly now: number;
  readonly random: Random;
}

/** An operation of the control plane: typed input to output shape; it throws a ServiceError for what the service refuses. */
export type Operation<In, Out = unknown> = (input: Input<In>, context: Context) => Out;

/** An SDK request type as the handler sees it: what is required has been checked. */
export type Input<T> = {
  [K in keyof T]: Record<never, never> extends Pick<T, K> ? T[K] : Exclude<T[K], undefined>;
};
