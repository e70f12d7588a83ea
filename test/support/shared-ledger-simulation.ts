// Several shards on one shared ledger, in any interleaving of their operations on shared memory: one number, the seed, says who
// goes next before each of them. Shards open connections for clients, keep them for a quantum, hand them over, wait and sleep;
// a control thread lowers limits; shards end between any two steps and are replaced. Checked after every step is what receivers
// would see, and at rest that nobody waits who could go on.
import { NO_LIMIT } from '../../src/core/base/limit.ts';
import { type Random, seededRandom } from '../../src/core/base/random.ts';
import { ADMITTED, type CounterIndex } from '../../src/core/limits/cells.ts';
import * as layout from '../../src/core/limits/ledger-memory.ts';
import type { SharedFigures, SharedRun } from './shared-run.ts';
import { Client, type Connection, Shard, type Steps } from './simulated-shard.ts';
import type { Stepped } from './stepped-ledger.ts';

const { BELL, COLD, HOT, LEAVING, LedgerMemory, OPEN, USERS } = layout;

const QUANTUM = 3;
const NODE = 'node';
/** Of all parts of a client together, in whatever shard: it does not bind often. */
const QUEUE_LIMIT = 8;
/** A run that does not come to rest by then never does. */
const REST_STEPS = 200_000;

export function runShared(modules: Stepped, seed: number, run: SharedRun): SharedFigures {
  return new SharedSimulation(modules, seed, run).run();
}

class SharedSimulation {
  readonly #modules: Stepped;
  readonly #random: Random;
  readonly #run: SharedRun;
  readonly #memory;
  readonly #control: Stepped;
  readonly #shards: Shard[];
  readonly #limitByKey = new Map<string, number>();
  readonly #keyByIndex = new Map<CounterIndex, string>();
  /** Limits stored since all shards acknowledged an epoch: the highest of them may still be taken to. */
  readonly #ceilings = new Map<string, number[]>();
  /** What receivers count. */
  readonly #received = new Map<CounterIndex, number>();
  #orphans: Connection[] = [];
  readonly #violations: string[] = [];
  #isDraining = false;
  #isHolding = false;
  #slots = 0;
  #retries = 0;
  #refusals = 0;
  #overtaken = 0;
  #waits = 0;
  #controlSteps: Steps;
  #isControlIdle = false;

  constructor(modules: Stepped, seed: number, run: SharedRun) {
    this.#modules = modules;
    this.#random = seededRandom(seed);
    this.#run = run;
    this.#limitByKey.set(NODE, run.nodeLimit);
    for (const [at, limit] of run.limits.entries()) this.#limitByKey.set(`counter ${at}`, limit);
    for (let at = 0; at < run.clientsPerShard; at++) this.#limitByKey.set(`queue ${at}`, QUEUE_LIMIT);
    this.#memory = LedgerMemory.make({ shards: run.shards, counters: 256 }, [seed, 1, 2, 3]);
    this.#control = new modules.LedgerControl(this.#memory, [NODE]);
    this.#shards = Array.from({ length: run.shards }, (_, at) => new Shard(at));
    for (const shard of this.#shards) {
      for (let at = 0; at < run.clientsPerShard; at++) {
        const draw = () => `counter ${this.#random.below(run.limits.length)}`;
        const keys = [...new Set([NODE, draw(), draw()]), `queue ${at}`];
        shard.clients.push(new Client(`${shard.number}.${at}`, keys, this.#random.below(4) === 0));
      }
      complete(this.#control.admit(shard.number));
      shard.steps = this.#live(shard);
    }
    this.#controlSteps = this.#rule();
  }

  run(): SharedFigures {
    for (let round = 0; round < this.#run.rounds && !this.#isBroken; round++) {
      this.#isDraining = false;
      this.#isHolding = false;
      const steps = this.#random.below(2 * this.#run.steps);
      for (let step = 0; step < steps && !this.#isBroken; step++) this.#disturb();
      const isLast = round === this.#run.rounds - 1;
      if (isLast || this.#random.below(2) === 0) this.#hold();
      if (isLast || this.#random.below(2) === 0) this.#drain();
    }
    if (this.#isBroken) this.#violations.push(this.#describe());
    for (const shard of this.#shards) this.#countTakings(shard);
    return {
      violations: this.#violations,
      slots: this.#slots,
      retries: this.#retries,
      refusals: this.#refusals,
      overtaken: this.#overtaken,
    };
  }

  #disturb(): void {
    if (this.#run.endsOfShards && this.#random.below(600) === 0) this.#kill();
    // Mail comes in where nobody is awake, too.
    if (this.#random.below(50) === 0) this.#shards[this.#random.below(this.#shards.length)]!.isAsleep = false;
    this.#step();
  }

  /** Nobody closes anything: who waits then waits for what somebody has. */
  #hold(): void {
    this.#isHolding = true;
    this.#rest('while connections stay as they are');
    if (!this.#isBroken) this.#checkNobodyCouldGo();
    this.#isHolding = false;
  }

  /** No mail comes in: in the end all of it has gone out, and nothing is left. */
  #drain(): void {
    this.#isDraining = true;
    for (const shard of this.#shards) if (shard.clients.some((one) => !one.hasNoConnection)) shard.isAsleep = false;
    this.#rest('at the end');
    if (!this.#isBroken) this.#checkAllIsGivenBack();
  }

  get #isBroken(): boolean {
    return this.#violations.length > 0;
  }

  // ---- who goes next

  /** @returns false when nobody has anything to do */
  #step(): boolean {
    const awake = this.#shards.filter(
      (shard) => !shard.isDead && (!shard.isAsleep || this.#memory.shard(shard.number)[BELL] !== 0),
    );
    const isControlAwake = !this.#isControlIdle || !this.#isQuiet;
    const count = awake.length + (isControlAwake ? 1 : 0);
    if (count === 0) return false;
    const shard = awake[this.#random.below(count)];
    const before = Int32Array.from(this.#memory.hot.subarray(0, 32 * HOT));
    try {
      if (shard === undefined) this.#controlSteps.next();
      else {
        shard.isAsleep = false;
        // Now and then the same for a while, as when others have stopped.
        const bursts = this.#random.below(8) === 0 ? 1 + this.#random.below(30) : 1;
        for (let burst = 0; burst < bursts && !shard.isAsleep; burst++) shard.steps!.next();
        if (bursts > 1) return true;
      }
    } catch (error) {
      this.#violations.push(`${shard === undefined ? 'control' : `shard ${shard.number}`}: ${(error as Error).stack}`);
    }
    this.#checkStep(before, shard);
    return true;
  }

  get #isQuiet(): boolean {
    const isMailAround = !this.#isHolding && !this.#isDraining;
    if (isMailAround || this.#orphans.length > 0 || this.#shards.some(({ isDead }) => isDead)) return false;
    return this.#control.held().next().done === true;
  }

  #rest(when: string): void {
    for (let step = 0; step < REST_STEPS && !this.#isBroken; step++) if (!this.#step()) return;
    if (!this.#isBroken) this.#violations.push(`${when}: the shards never come to rest\n${this.#describe()}`);
  }

  /** For people: who holds what, and who waits for what. */
  #describe(): string {
    const { hot } = this.#memory;
    const counters = [...this.#keyByIndex].map(([index, key]) => {
      const ceiling = this.#ceilings.get(key)?.join('/') ?? '-';
      return `${key} (${index}): ${hot[index * HOT + OPEN]} open, ceiling ${ceiling}`;
    });
    const clients = this.#shards.flatMap((shard) => shard.describe());
    return [...counters, ...clients].join('\n');
  }

  #kill(): void {
    const shard = this.#shards[this.#random.below(this.#shards.length)]!;
    if (shard.isDead || this.#shards.filter(({ isDead }) => !isDead).length === 1) return;
    shard.isDead = true;
    shard.steps = null;
  }

  // ---- a shard

  *#live(shard: Shard): Steps {
    const { Ledger, SharedCells } = this.#modules;
    const cells = new SharedCells(this.#memory, shard.number);
    const ledger = new Ledger(cells);
    shard.cells = cells;
    shard.ledger = ledger;
    yield* ledger.addUniversal(NODE, this.#limitByKey.get(NODE)!);
    yield* ledger.setIdle(true);
    for (;;) {
      if ((yield* ledger.poll()) !== 0 && !this.#isHolding) yield* shard.handOver(QUANTUM);
      if (this.#random.below(60) === 0) yield* shard.pauseFor(this.#random.below(30));
      yield* this.#wake(shard);
      const client = shard.clients[this.#random.below(shard.clients.length)]!;
      if (!this.#isDraining && !this.#isHolding && client.mail < 12 && this.#random.below(3) === 0) {
        if (client.claim.counters.length === 0) yield* this.#refer(ledger, client);
        client.mail += 1 + this.#random.below(8);
      }
      for (const one of shard.clients) if (one.wants && one.waits.length === 0) yield* this.#open(shard, one);
      yield* this.#wake(shard);
      if (!this.#isHolding) yield* this.#serve(shard);
      yield* this.#wake(shard);
      const isOpen = shard.clients.some((one) => one.connections.length > 0);
      const maySleep = !shard.couldTry && (this.#isHolding || !isOpen);
      if (maySleep && (this.#isHolding || this.#isDraining || this.#random.below(2) === 0)) shard.isAsleep = true;
      yield;
    }
  }

  *#refer(ledger: Stepped, client: Client): Steps {
    const parts: [CounterIndex, number][] = [];
    for (const key of client.keys) {
      const index: CounterIndex = yield* ledger.refer(key);
      this.#keyByIndex.set(index, key);
      if (key.startsWith('queue')) client.pairCounter = index;
      parts.push([index, this.#limitByKey.get(key)! + (client.isWide && key !== NODE ? 1 : 0)]);
    }
    client.claim = this.#modules.makeClaim(parts);
  }

  *#wake(shard: Shard): Steps {
    for (;;) {
      const waiter: Client | null = yield* shard.ledger.nextEligible();
      if (waiter === null) return;
      yield* this.#open(shard, waiter);
    }
  }

  *#open(shard: Shard, client: Client): Steps {
    const { ledger } = shard;
    if (!client.wants) return;
    const { claim } = client;
    shard.trying = client;
    const at: number = yield* ledger.acquire(claim);
    shard.trying = null;
    if (at === ADMITTED) {
      client.connections.push({ claim, served: 0, isLeaving: false });
      for (const counter of claim.counters) this.#receive(counter, 1);
      this.#slots += claim.counters.length;
      client.waitsAt = null;
      client.overtaken = 0;
      if (client.wants) yield* this.#open(shard, client);
      return;
    }
    if (client.waitsAt !== claim.counters[at]!) {
      client.overtaken = 0;
      client.waitsSince = ++this.#waits;
    }
    client.waitsAt = claim.counters[at]!;
    yield* ledger.wait(client, claim.counters[at]!, claim.limits[at]!);
  }

  *#serve(shard: Shard): Steps {
    for (const client of shard.clients) {
      for (const connection of [...client.connections]) {
        if (connection.isLeaving) {
          if (this.#random.below(2) === 0) yield* this.#close(shard, client, connection);
          continue;
        }
        if (client.mail > 0 && this.#random.below(2) === 0) {
          client.mail -= 1;
          connection.served += 1;
        }
        const to = shard.clients[this.#random.below(2 * shard.clients.length)];
        const receive = (counter: CounterIndex, change: 1 | -1): void => this.#receive(counter, change);
        if (client.mail === 0 && to?.wants && (yield* shard.move(client, connection, to, receive))) continue;
        if (client.mail === 0) yield* this.#close(shard, client, connection);
        else if (connection.served >= QUANTUM && (yield* shard.ledger.isAwaited(connection.claim, client, true))) {
          yield* shard.leave(connection);
        } else if (yield* shard.ledger.isSurplus(connection.claim)) yield* shard.leave(connection);
      }
    }
    yield* this.#letGo(shard);
  }

  /** Who has nothing more to send holds no references. */
  *#letGo({ clients, ledger }: Shard): Steps {
    for (const client of clients) {
      if (client.mail > 0 || client.connections.length > 0 || client.claim.counters.length === 0) continue;
      ledger.stopWaiting(client);
      client.waitsAt = null;
      const { counters } = client.claim;
      client.claim = { counters: [], limits: [], bounds: [] };
      for (const counter of counters) yield* ledger.unrefer(counter);
    }
  }

  *#close(shard: Shard, client: Client, connection: Connection): Steps {
    client.connections.splice(client.connections.indexOf(connection), 1);
    for (const counter of connection.claim.counters) this.#receive(counter, -1);
    if (client.hasNoConnection) yield* shard.ledger.rerank(client);
    yield* shard.ledger.release(connection.claim, connection.isLeaving);
  }

  #receive(counter: CounterIndex, change: 1 | -1): void {
    this.#received.set(counter, (this.#received.get(counter) ?? 0) + change);
  }

  // ---- the control thread

  *#rule(): Steps {
    for (;;) {
      this.#isControlIdle = true;
      yield;
      this.#isControlIdle = false;
      const held: CounterIndex[] = [...this.#control.held()].map(({ index }) => index);
      if (this.#shards.some(({ isDead }) => isDead)) yield* this.#replace();
      else if (held.length > 0) yield* this.#control.giveBackHeld(held[0]);
      else if (this.#run.lowerings && !this.#isHolding && (this.#isDraining || this.#random.below(20) === 0)) {
        yield* this.#changeLimit();
      }
    }
  }

  *#changeLimit(): Steps {
    const keys = [...this.#limitByKey.keys()].filter((key) => !this.#isDraining || this.#ceilings.has(key));
    const key = keys[this.#random.below(keys.length)];
    if (key === undefined) return;
    const limit = this.#limitByKey.get(key)!;
    const value = this.#isDraining || this.#random.below(3) === 0 ? NO_LIMIT : 1 + this.#random.below(limit);
    const stored = this.#ceilings.get(key) ?? [NO_LIMIT];
    this.#ceilings.set(key, [...stored, value]);
    if (!(yield* this.#control.storeLimit(key, value))) {
      // A shard has ended with the table: another time.
      if (stored[0] === NO_LIMIT) this.#ceilings.delete(key);
      else this.#ceilings.set(key, stored);
      return;
    }
    yield* this.#acknowledged(yield* this.#control.raiseEpoch());
    if (value === NO_LIMIT) this.#ceilings.delete(key);
    else this.#ceilings.set(key, [value]);
  }

  *#acknowledged(first: number): Steps {
    for (let epoch = first; !(yield* this.#control.isAcknowledged(epoch)); ) {
      epoch = yield* this.#hearOfEnds(epoch);
      yield;
    }
  }

  /** @returns the epoch to wait for */
  *#hearOfEnds(before: number): Generator<void, number, void> {
    let epoch = before;
    for (const shard of this.#shards) {
      if (!shard.isDead || shard.isEnded) continue;
      this.#abandon(shard);
      epoch = yield* this.#control.ended(shard.number);
    }
    return epoch;
  }

  *#replace(): Steps {
    do {
      yield* this.#acknowledged(yield* this.#hearOfEnds(0));
      yield;
    } while (!(yield* this.#control.recover()));
    for (const shard of this.#shards) {
      if (!shard.isEnded) continue;
      yield* this.#control.admit(shard.number);
      shard.isDead = false;
      shard.isEnded = false;
      shard.isAsleep = false;
      shard.steps = this.#live(shard);
    }
    for (let wait = this.#random.below(40); wait > 0; wait--) yield;
    for (const { claim } of this.#orphans.splice(0)) for (const counter of claim.counters) this.#receive(counter, -1);
  }

  /** What the dead shard had: its connections are there until receivers notice, its clients come back with their mail. */
  #abandon(shard: Shard): void {
    this.#countTakings(shard);
    shard.isEnded = true;
    shard.ledger = null;
    shard.cells = null;
    shard.trying = null;
    shard.clients.splice(
      0,
      shard.clients.length,
      ...shard.clients.map((client) => {
        this.#orphans.push(...client.connections);
        return new Client(client.name, client.keys, client.isWide);
      }),
    );
  }

  #countTakings({ cells }: Shard): void {
    this.#retries += cells?.retries ?? 0;
    this.#refusals += cells?.refusals ?? 0;
  }

  // ---- checks

  #checkStep(before: Int32Array, shard: Shard | undefined): void {
    const { hot } = this.#memory;
    for (const [index, key] of this.#keyByIndex) {
      const open = hot[index * HOT + OPEN]!;
      const received = this.#received.get(index) ?? 0;
      if (open < received) this.#violations.push(`${key}: receivers count ${received}, the counter ${open}`);
      if (shard === undefined || shard.trying === null || open <= before[index * HOT + OPEN]!) continue;
      const { claim } = shard.trying;
      const most = Math.min(
        claim.limits[claim.counters.indexOf(index)] ?? -1,
        Math.max(...(this.#ceilings.get(key) ?? [NO_LIMIT])),
      );
      if (open > most)
        this.#violations.push(`shard ${shard.number} took slot ${open} of ${key}, whose limit is ${most}`);
      for (const other of this.#shards) {
        if (other !== shard) this.#overtaken = Math.max(this.#overtaken, other.overtake(shard.trying, index, open - 1));
      }
    }
  }

  #checkNobodyCouldGo(): void {
    const { hot } = this.#memory;
    for (const shard of this.#shards) {
      const isFull = (index: CounterIndex, limit: number): boolean => {
        const ceiling = this.#ceilings.get(this.#keyByIndex.get(index)!)?.at(-1) ?? NO_LIMIT;
        return hot[index * HOT + OPEN]! >= Math.min(limit, ceiling);
      };
      for (const name of shard.sleepersWithRoom(isFull)) {
        this.#violations.push(`at rest client ${name} of shard ${shard.number} sleeps although all it needs has room`);
      }
    }
  }

  #checkAllIsGivenBack(): void {
    for (const shard of this.#shards) {
      for (const name of shard.unserved())
        this.#violations.push(`client ${name} of shard ${shard.number} is never served`);
    }
    for (const [index, key] of this.#keyByIndex) {
      const [open, leaving] = [this.#memory.hot[index * HOT + OPEN]!, this.#memory.cold[index * COLD + LEAVING]!];
      if (open !== 0 || leaving !== 0)
        this.#violations.push(`at the end ${key} has ${open} slots, ${leaving} of them leaving`);
    }
    const used = this.#memory.slots.filter((slot) => slot !== 0).map((slot) => slot - 1);
    const expected = new Set([NODE, ...this.#ceilings.keys()]).size;
    if (used.length === expected) return;
    const users = [...used].map((index) => `${index}: ${this.#memory.cold[index * COLD + USERS]!.toString(2)}`);
    this.#violations.push(`at the end ${expected} counters should have users: ${users.join(', ')}`);
  }
}

function complete(steps: Steps): void {
  while (!steps.next().done);
}
