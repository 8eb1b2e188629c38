/** One pass over the Targets of one account and region, as its parts see it. */

import type { Emit } from '../../core/model/events.ts';
import type { Desired, Target } from '../../core/model/model.ts';
import type { TargetReport } from '../../core/model/report.ts';
import { readOnly, type Send } from '../../gateway/send.ts';
import { kinds } from '../../kinds/index.ts';
import type { Tree } from '../../manifests/load.ts';
import type { ObserveOptions } from '../observe/observe.ts';
import type { EngineDeps, ReconcileRequest, Settings } from '../state/settings.ts';
import type { ManifestReader } from './manifest-reader.ts';
import { placeOf } from './place.ts';
import { readWithAny } from './read-with-any.ts';
import type { Account, Session } from './sessions.ts';

/** Tells a pass of newer commits. */
export interface Newer {
  /** Whether one has arrived since the pass began. */
  readonly hasArrived: boolean;
  /** Calls the listener at each arrival, until it is disposed of. */
  listen(listener: () => void): Disposable;
}

export interface PassRequest extends ReconcileRequest {
  /**
   * A newer commit ends no reading: its revocations are carried out meanwhile. After that, no further
   * write of the older commit begins.
   */
  readonly newer?: Newer;
  /** The manifests as they were read last. */
  readonly newest?: () => Tree | undefined;
  /** Reads again only what is touched or in doubt, where a reading is kept; a change does so in any case. */
  readonly keepsReading?: boolean;
}

/** A Target that is connected. */
export interface Member {
  readonly target: Target;
  readonly session: Session;
  readonly emit: Emit;
}

export interface AccountPass {
  readonly account: Account;
  /** At least one. The Targets of the account that are not among them still declare their documents. */
  readonly members: readonly Member[];
  readonly tree: Tree;
  readonly manifests: Pick<ManifestReader, 'doubtOf' | 'secondLookAt' | 'lookAgain'>;
  readonly settings: Settings;
  readonly surroundings: EngineDeps;
  readonly request: PassRequest;
  /** Ids of keys from which the pass took access before its plan: the guards count them too. */
  readonly lost?: Set<string>;
  /** Asked with the plans, before the first write. */
  readonly mayWrite: (planned: readonly TargetReport[]) => Promise<boolean>;
}

/** Reads are sent when nothing else waits for the budget. */
const READING = 5;

/** All Targets of the account, connected or not. */
export function targetsOf({ tree, members, surroundings }: AccountPass): readonly Target[] {
  const places = new Set(members.map(({ target }) => placeOf(target, surroundings.env)));
  return tree.targets.filter((target) => places.has(placeOf(target, surroundings.env)));
}

/** The namespaces that Targets of the account bear; undefined where not all Targets are known. */
export function namespacesOf(pass: AccountPass): ReadonlySet<string> | undefined {
  const { targets, targetNamespaces } = pass.tree;
  const here = new Set(targetsOf(pass));
  // An unusable Target may be anywhere.
  const others = targets.filter((one) => one.unusable === undefined && !here.has(one));
  const elsewhere = new Set(others.map(({ namespace }) => namespace));
  return targetNamespaces && new Set(targetNamespaces.filter((name) => !elsewhere.has(name)));
}

/** The documents of all Targets of the account. */
export function documentsOf(pass: AccountPass): Desired[] {
  const namespaces = new Set(targetsOf(pass).map(({ namespace }) => namespace));
  return pass.tree.desired.filter(({ namespace }) => namespaces.has(namespace));
}

export function observing(pass: AccountPass): ObserveOptions {
  const { account, members, surroundings, request } = pass;
  return {
    send: reader(pass, request.signal),
    kinds,
    desired: documentsOf(pass),
    owners: new Set(members.map(({ target }) => target.owner)),
    memory: account.memory,
    clock: surroundings.clock,
  };
}

function reader({ members }: AccountPass, signal: AbortSignal | undefined): Send {
  const door = readOnly(readWithAny(members.map(({ session }) => session.send)));
  return (command, more) => door(command, { signal, urgency: READING, ...more });
}

/** A signal that aborts when the process stops or something newer arrives, whichever comes first. */
export function writingSignal({ signal, newer }: PassRequest): AbortSignal & Disposable {
  const writing = new AbortController();
  const stop = () => writing.abort(signal?.reason);
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop, { once: true });
  const outdated = () => writing.abort(new Error('something newer arrived before its turn'));
  if (newer?.hasArrived) outdated();
  const listening = newer?.listen(outdated);
  return Object.assign(writing.signal, {
    [Symbol.dispose]() {
      signal?.removeEventListener('abort', stop);
      listening?.[Symbol.dispose]();
    },
  });
}
