// What the ledger asks of the numbers behind it. There are two: those of a process with one shard (counter-cells.ts), and one
// shard's view of numbers that several shards share (shared-cells.ts). A process has one kind only, so that calls through
// this interface cost what direct ones do.
import type { Limit } from '../base/limit.ts';

/** A place in the ledger's arrays. Resolve a key once and keep the index: looking it up costs 17 times an acquire. */
export type CounterIndex = number;

/** Answer of {@link Cells.acquire}: every counter had room and now counts one more. */
export const ADMITTED = -1;

/** What one connection needs: counters in ascending order, each with the value its limit has for this connection. */
export interface Claim {
  readonly counters: readonly CounterIndex[];
  /** A slot is taken below these only. */
  readonly limits: readonly Limit[];
  /** How much may be open while the slots are held; above a limit where others may take more than this connection. */
  readonly bounds: readonly Limit[];
}

/** Whose turn it is to take a slot, among all shards: 0 for nobody who waits; see wait-priority.ts. */
export type Priority = number;

/** What a shard tells the others of those who wait for a counter in it. */
export interface Standing {
  /** Of the one who goes first; 0 when nobody waits. */
  readonly priority: Priority;
  /** Which that one waits to be below. */
  readonly limit: Limit;
  /** The highest of those that the others wait to be below. */
  readonly limitMax: Limit;
  readonly count: number;
  readonly countWithoutConnection: number;
  /** Of the counter of a queue: how many tasks its limit was reckoned from; 0 for a limit that does not depend on them. */
  readonly tasksSeen: number;
}

/** A counter as one who holds a slot of it sees it. */
export interface Holding {
  /** How many are open and not on their way out, and how many are. */
  readonly staying: number;
  readonly leaving: number;
  readonly isUniversal: boolean;
  /** How many others of this shard wait for the slot. */
  readonly waiting: number;
  /** The counter of the queue that keeps the slot busy: parts of it in other shards that have as many do not want it. */
  readonly busy: CounterIndex | null;
}

/** What shards tell each other of the parts that they have of a queue, by its counter. */
export interface QueueShares {
  /** The part in this shard has so many tasks. */
  tellTasks(queue: CounterIndex, count: number): void;
  /** The sum of what all shards have told. */
  tasks(queue: CounterIndex): number;
  /** The tasks ask for so many connections: parts that wait, and have not seen as many tasks, are told of room. */
  offer(queue: CounterIndex, target: number): void;
}

export interface Cells extends QueueShares {
  /** Others take slots in the same counters. */
  readonly isShared: boolean;
  /** Nothing may be taken at the moment, and what is given back counts later. */
  readonly isStopped: boolean;

  /** The counter of a key that is new to this shard. */
  begin(key: string): CounterIndex;
  /** It is of no use to this shard any more: see {@link isUnused}. */
  end(index: CounterIndex): void;
  /** Nobody of this shard holds, awaits or refers to the counter. */
  isUnused(index: CounterIndex): boolean;
  refer(index: CounterIndex): void;
  unrefer(index: CounterIndex): void;

  open(index: CounterIndex): number;
  /** Slots that this shard holds. */
  own(index: CounterIndex): number;
  /** The most slots held at once since the counter was made. */
  peak(index: CounterIndex): number;
  /** How many of what is open are on their way out. */
  leaving(index: CounterIndex): number;
  /** The lower of `limit` and the limit in force for everybody. */
  limitOf(index: CounterIndex, limit: Limit): Limit;

  /** Takes one slot in every counter of the claim, or none. @returns the position of the first that was full, or ADMITTED */
  acquire(claim: Claim): number;
  /** Counts one more, whatever the limits. */
  take(index: CounterIndex): void;
  give(index: CounterIndex): void;
  /** Whether {@link acquire} would find room in the counter. */
  hasRoom(index: CounterIndex, limit: Limit): boolean;
  addLeaving(index: CounterIndex, change: 1 | -1): void;
  /** Whether a limit was lowered below what is open and not yet on its way out, so that this connection must go. */
  isSurplus(claim: Claim): boolean;

  /** Whether somebody of this shard is in a list of the counter. */
  isAwaited(index: CounterIndex): boolean;
  setAwaited(index: CounterIndex, isAwaited: boolean): void;
  /** Whether other shards are to hear of slots of the counter. */
  isAwaitedElsewhere(index: CounterIndex): boolean;
  /** A number for who begins to wait, above all that were given out, in any shard. */
  ticket(): number;
  /** Whether who waits with `priority` may take a slot: there is room, and more than those before it elsewhere need. */
  mayTake(index: CounterIndex, limit: Limit, priority: Priority): boolean;
  /** Until the next call, and once, {@link acquire} takes for somebody who has waited with `priority`. */
  beginTurn(priority: Priority): void;
  /**
   * Those who wait for the counter in this shard are others. Whoever may take a slot because of that is told.
   * @param isAgain one of them waits for it again since the same time
   */
  publish(index: CounterIndex, standing: Standing, isAgain: boolean): void;
  /** The part of a queue in this shard waits for `counter` although it has connections; null when it does not. */
  tellPart(queue: CounterIndex, counter: CounterIndex | null): void;
  /** Whether nobody of another shard goes before `priority` for a slot that this shard gives back. */
  goesFirst(index: CounterIndex, priority: Priority): boolean;
  /** This shard is to hear of slots of the counter although nobody waits for it here. */
  listen(index: CounterIndex): void;
  /** Whether others wait for a slot of the counter that would come to them, beyond those which are on their way out. */
  wants(index: CounterIndex, holding: Holding): boolean;

  /** This shard opens nothing for the time being, or does again: nobody leaves slots to it while it does not. */
  pause(isPaused: boolean): void;
  /** Whether this shard holds connections with nothing to do: only then it hears of who needs their slots. */
  setIdle(isIdle: boolean): void;

  /**
   * Once a turn: hears of what is in force, and of others. @returns a bit for each index modulo 32 that others need slots of;
   * all of them when other limits may be in force
   */
  poll(): number;
  /** Counters that had a release elsewhere, or may have, since the last call, and those of slots given back late. */
  takeReleased(): Iterable<CounterIndex>;
}
