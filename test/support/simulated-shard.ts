// A shard of the simulated ledger, and the clients in it that want slots: what they have and wait for. What they do is in
// shared-ledger-simulation.ts.
import type { Claim, CounterIndex } from '../../src/core/limits/cells.ts';
import { NO_COUNTER, type Wait, type Waiter } from '../../src/core/limits/wait-list.ts';
import type { Stepped } from './stepped-ledger.ts';

/** Goes on at each call by one operation on shared memory. */
export type Steps = Generator<void, void, void>;

export interface Connection {
  readonly claim: Claim;
  served: number;
  isLeaving: boolean;
}

export class Client implements Waiter {
  readonly waits: Wait[] = [];
  readonly connections: Connection[] = [];
  readonly name: string;
  readonly keys: readonly string[];
  readonly isWide: boolean;
  claim: Claim = { counters: [], limits: [], bounds: [] };
  /** Others of the same number in other shards are parts of the same. */
  pairCounter = NO_COUNTER;
  mail = 0;
  /** What it waits for since when; null when it does not. */
  waitsAt: CounterIndex | null = null;
  waitsSince = 0;
  overtaken = 0;

  constructor(name: string, keys: readonly string[], isWide: boolean) {
    this.name = name;
    this.keys = keys;
    this.isWide = isWide;
  }
  get hasNoConnection(): boolean {
    return this.connections.length === 0;
  }
  get wants(): boolean {
    return this.mail > this.connections.length && this.connections.length < 3;
  }
}

export class Shard {
  readonly number: number;
  readonly clients: Client[] = [];
  steps: Steps | null = null;
  cells: Stepped = null;
  ledger: Stepped = null;
  isAsleep = false;
  /** It died, and the control thread does not know yet. */
  isDead = false;
  /** The control thread knows, and has not replaced it yet. */
  isEnded = false;
  trying: Client | null = null;
  constructor(number: number) {
    this.number = number;
  }

  /** It may open nothing for some turns, as for want of descriptors. */
  *pauseFor(turns: number): Steps {
    yield* this.cells.pause(true);
    for (let turn = 0; turn < turns; turn++) {
      yield* this.ledger.poll();
      yield;
    }
    yield* this.cells.pause(false);
  }

  /**
   * A connection without mail goes to another client, if there is room for it there.
   * @param receive what receivers count changes
   */
  *move(
    from: Client,
    connection: Connection,
    to: Client,
    receive: (counter: CounterIndex, change: 1 | -1) => void,
  ): Generator<void, boolean, void> {
    if (to === from || to.claim.counters.length === 0) return false;
    const { claim } = connection;
    const left = claim.counters.filter((counter) => !to.claim.counters.includes(counter));
    const entered = to.claim.counters.filter((counter) => !claim.counters.includes(counter));
    for (const counter of left) receive(counter, -1); // it holds more than that until it has gone over
    this.trying = to;
    const isMoved: boolean = yield* this.ledger.trade(claim, to.claim, () => {});
    this.trying = null;
    for (const counter of isMoved ? entered : left) receive(counter, 1);
    if (!isMoved) return false;
    this.ledger.stopWaiting(to);
    to.waitsAt = null;
    from.connections.splice(from.connections.indexOf(connection), 1);
    to.connections.push({ claim: to.claim, served: 0, isLeaving: false });
    if (from.hasNoConnection) yield* this.ledger.rerank(from);
    return true;
  }

  /** Others began to wait: connections that have served so much go, if that helps. */
  *handOver(quantum: number): Steps {
    for (const client of this.clients) {
      for (const connection of client.connections) {
        if (connection.isLeaving || connection.served < quantum) continue;
        if (yield* this.ledger.isAwaited(connection.claim, client)) yield* this.leave(connection);
      }
    }
  }

  *leave(connection: Connection): Steps {
    connection.isLeaving = true;
    yield* this.ledger.startLeaving(connection.claim);
  }

  /** Somebody wants a connection and has not asked. */
  get couldTry(): boolean {
    return this.clients.some((one) => one.wants && one.waits.length === 0);
  }

  /** Names of clients that want a slot, all of whose counters have room. */
  sleepersWithRoom(isFull: (index: CounterIndex, limit: number) => boolean): string[] {
    const hasRoom = ({ counters, limits }: Claim) => !counters.some((counter, at) => isFull(counter, limits[at]!));
    return this.clients.filter((one) => one.wants && hasRoom(one.claim)).map(({ name }) => name);
  }

  /** Names of clients that have mail or connections left. */
  unserved(): string[] {
    return this.clients.filter((one) => one.mail > 0 || !one.hasNoConnection).map(({ name }) => name);
  }

  /**
   * A client of another shard takes a slot: counts it for those without a connection who have waited for longer, and could have
   * had it. @returns how often that came to one of them by now
   */
  overtake(taker: Client, index: CounterIndex, open: number): number {
    let most = 0;
    for (const client of this.isDead ? [] : this.clients) {
      if (client.waitsAt !== index || !client.hasNoConnection || client.waits.length === 0) continue;
      if (taker.waitsAt === index && taker.waitsSince < client.waitsSince) continue;
      if (open >= client.claim.limits[client.claim.counters.indexOf(index)]!) continue;
      client.overtaken += 1;
      most = Math.max(most, client.overtaken);
    }
    return most;
  }

  /** For people: a line for each client. */
  describe(): string[] {
    return this.clients.map(({ name, mail, connections, waits, claim }) => {
      const waiting = waits.map(({ list, ticket }) => `${list.counter} below ${list.limit} (${ticket})`);
      const state = this.isDead ? ' dead' : this.isAsleep ? ' asleep' : '';
      const limits = claim.counters.map((counter, at) => `${counter} below ${claim.limits[at]}`);
      return `${name}${state}: mail ${mail}, connections ${connections.length}, needs ${limits}, waits for ${waiting}`;
    });
  }
}
