/** Histories that broke a law once, each in its smallest form. */
import type { Choice, EditName } from './edits.ts';
import type { Event, HandName, History, PassKind } from './events.ts';
import type { ThirdTarget } from './git.ts';

export interface Found {
  /** The item of the list of what broke, and the face of it. */
  readonly name: string;
  readonly history: History;
}

const commit = (...edits: readonly (readonly [EditName, Choice?, Choice?])[]): Event => ({
  event: 'commit',
  edits: edits.map(([edit, pick = 0, other = 0]) => ({ edit, pick, other })),
});
const pass = (as: PassKind): Event => ({ event: 'pass', as });
const revert: Event = { event: 'revert' };
const hand = (what: HandName, pick: Choice = 0): Event => ({ event: 'hand', hand: what, pick });
const kill = (as: PassKind, write: number, when: 'before' | 'after'): Event => ({
  event: 'kill',
  as,
  write,
  when,
});
const wait = (hours: number): Event => ({ event: 'wait', hours });

function found(
  name: string,
  events: readonly Event[],
  { third = 'none', prune = [true, true, true] }: Partial<Pick<History, 'third' | 'prune'>> = {},
): Found {
  return { name, history: { third, prune, events } };
}

const third = (which: ThirdTarget) => ({ third: which });

export const FOUND: readonly Found[] = [
  found('1: a key takes the name of a removed key', [
    commit(['remove', 'acme']),
    pass('change'),
    commit(['take the name of a removed key', 'acme-2', 'acme']),
    pass('change'),
  ]),
  found('1: both in one commit', [
    commit(['remove', 'acme'], ['take the name of a removed key', 'acme-2', 'acme']),
    pass('change'),
  ]),
  found('1: a Consumer takes the name of a removed Consumer', [
    commit(['add a Consumer', 'b']),
    pass('change'),
    commit(['remove', 'carl']),
    pass('change'),
    commit(['take the name of a removed key', 'name-1', 'carl']),
    pass('change'),
  ]),
  found(
    '1: without prune',
    [
      commit(['remove', 'acme']),
      pass('change'),
      commit(['take the name of a removed key', 'acme-2', 'acme']),
      pass('change'),
    ],
    { prune: [false, true, true] },
  ),
  found('1: a plan takes the name of a removed plan that waits for its keys', [
    commit(['remove', 'acme'], ['remove a plan', 'iron']),
    pass('change'),
    commit(['take the name of a removed plan', 'gold', 'iron']),
    pass('change'),
  ]),
  found('2: a rename is reverted', [
    commit(['rename', 'acme']),
    pass('change'),
    revert,
    pass('change'),
  ]),
  found('2: two renames of which no pass saw the first', [
    commit(['rename', 'acme']),
    commit(['rename', 'name-1']),
    pass('change'),
  ]),
  found('2: a plan is renamed, and that is reverted', [
    commit(['rename a plan', 'gold']),
    pass('change'),
    revert,
    pass('change'),
  ]),
  found('6: a move whose moved-from the next commit drops', [
    commit(['remove', 'acme-2'], ['leave', 'acme']),
    pass('change'),
    commit(['move with its plans', 'acme']),
    pass('change'),
    commit(['drop moved-from']),
    pass('change'),
  ]),
  found('6: a plan that moved, and whose moved-from the next commit drops', [
    commit(['move a plan', 'gold']),
    pass('change'),
    commit(['drop moved-from']),
    pass('change'),
  ]),
  found('6: a key that moved, and moves back', [
    commit(['move', 'acme']),
    pass('change'),
    commit(['move', 'acme']),
    pass('change'),
  ]),
  found("7: a key leaves a plan of one Target and joins another Target's", [
    commit(['join', 'acme', 'silver']),
    pass('change'),
  ]),
  found(
    "8: another owner's document adopts what a document of this tree declares",
    [commit(['steal', 'acme']), pass('change')],
    third('other owner'),
  ),
  found(
    "8: another owner's document that adopts a key does not hold its revocation",
    [commit(['disable', 'acme'], ['steal', 'acme']), pass('change')],
    third('other owner'),
  ),
  found('9: a typo in the document that a key moves to', [
    commit(['move, broken', 'acme']),
    pass('change'),
  ]),
  found('9: a broken document that a plan moves to', [
    commit(['break a plan', 'gold'], ['move a plan', 'gold']),
    pass('fresh'),
  ]),
  found('9: a moved-from that names nothing, in another namespace', [
    commit(['move, misspelt', 'acme']),
    pass('change'),
  ]),
  found(
    '9: a move to another region',
    [commit(['move to another region', 'acme']), pass('change')],
    third('other region'),
  ),
  found('16: a decoy while the key is revoked', [
    hand('decoy', 'acme'),
    pass('schedule'),
    commit(['disable', 'acme']),
    pass('change'),
  ]),
  found('17: a claimed key whose time is over is deleted at once', [
    hand('make a key'),
    hand('claim'),
    hand('expire claimed'),
    pass('schedule'),
    pass('schedule'),
  ]),
  found('17: a removed key gets a time that is over', [
    commit(['remove', 'acme-2']),
    pass('change'),
    hand('expire', 'acme-2'),
    pass('schedule'),
  ]),
  found('17: a removed key is enabled by hand until its time is over', [
    commit(['remove', 'beta']),
    pass('change'),
    hand('enable by hand', 'beta'),
    wait(15 * 24),
    pass('schedule'),
  ]),
  found('9: a broken rename that a process finds when it starts', [
    commit(['rename, broken', 'acme']),
    pass('fresh'),
  ]),
  found('19: an adopted key that was disabled leaves Git, and comes back', [
    hand('make a disabled key'),
    commit(['adopt', 0, 'gold']),
    pass('schedule'),
    commit(['remove', 'name-2']),
    pass('change'),
    revert,
    pass('change'),
  ]),
  found('19: an adopted key is disabled, and the process dies before it is tagged', [
    hand('make a key'),
    commit(['adopt', 0, 'gold']),
    pass('schedule'),
    commit(['remove', 'name-2']),
    kill('change', 1, 'after'),
    revert,
    pass('fresh'),
  ]),
  found('5: a grace that ran out while prune was off', [
    commit(['remove', 'acme']),
    pass('change'),
    commit(['return', 'acme'], ['prune off', 'a']),
    pass('change'),
    wait(15 * 24),
    commit(['remove', 'acme'], ['prune on', 'a']),
    pass('change'),
    pass('schedule'),
  ]),
];
