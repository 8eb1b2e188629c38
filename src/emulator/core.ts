/** The emulator as the rest of its folder sees it. */
import type { Fault } from './faults.ts';
import type { Answer, EmulatorRequest } from './http.ts';
import type { AccountState } from './state.ts';
import type { Sts } from './sts.ts';

/** One call of the control plane, of STS or of a secret store; never one of an API's clients. `status` is 0 while there is no answer, and where a fault kept it back; `errorCode` then names the fault. */
export interface RequestRecord {
  readonly operation: string;
  /** `GET`. */
  readonly method: string;
  /** As it was sent, percent-encoded and without the query: what a policy's ARN ends with. */
  readonly path: string;
  readonly account: string;
  readonly region: string;
  /** Milliseconds since the epoch, by the emulator's clock. */
  readonly at: number;
  status: number;
  errorCode?: string;
  /** The ids in the path, with `/` between them; of a create, the id of what was made. */
  id?: string;
}

/** The emulator without a socket. */
export interface EmulatorCore {
  /** Oldest first; the last 100,000 at least. */
  readonly requests: readonly RequestRecord[];
  readonly sts: Sts;
  handle(request: EmulatorRequest): Promise<Answer>;
  /** The live state; default account 123456789012, region eu-west-2. */
  state(account?: string, region?: string): AccountState;
  inject(fault: Fault): void;
  clearFaults(): void;
  clearRequests(): void;
  /** Forgets all state, faults, requests, sessions and quota use. */
  reset(): void;
}
