// One audit out of what several shards tell of their slots (shared-limit-audit.ts): puts it in the order in which it came about,
// without a gap, and writes the lines. Counts along, so that it can list what is open when a part of the log begins; in the
// lines of connections stand the counts of the shards, so that an error of either is one that `headgate audit` finds.
//
// When a shard ends, what it had not told of is unknown, and nobody counts until that is set right (ledger-control.ts). Then the
// part of the log ends without a closing line and another begins with what is open in fact: connections of living shards, and
// slots that the ended one held, until its receivers cannot count those any more.
import { assert } from '../base/assert.ts';
import { type Limit, NO_LIMIT } from '../base/limit.ts';
import type { WallMs } from '../base/moment.ts';
import type { AuditOrder } from '../limits/audit-order.ts';
import type { CounterIndex } from '../limits/ledger.ts';
import {
  type AuditEntry,
  type BeginReason,
  type EndReason,
  type FreedSlots,
  NOT_ASKED,
  type TakenSlot,
} from '../records/audit-record.ts';
import type { SeenConfiguration } from '../records/audit-recount.ts';
import type { AuditEvent, CountedSlot, NumberedEvent } from './audit-event.ts';
import type { AuditedSlot } from './audited-counters.ts';
import type { AuditTrail } from './limit-audit.ts';

interface MergedCounter {
  readonly name: string;
  readonly index: CounterIndex;
  open: number;
  /** Of these, what ended shards held. */
  held: number;
  /** Limits with where they are set, by the newest configuration that is in force in any shard that holds it. */
  readonly originByLimit: Map<Limit, string>;
  version: number;
  /** Those that were written down since the configuration changed last. */
  readonly stated: Set<Limit>;
}

interface MergedConnection {
  readonly shard: number;
  readonly counters: readonly MergedCounter[];
}

type Step = { readonly shard: number; readonly told: NumberedEvent } | (() => void);

/**
 * - off: nothing is known;
 * - gathering: shards begin to tell, and nothing is written;
 * - on: lines are written.
 */
type Phase = 'off' | 'gathering' | 'on';

export class AuditMerge {
  #phase: Phase = 'off';
  #trail: AuditTrail | null = null;
  /** The number that comes next. */
  #next: number;
  /** By number: what was told before something that comes first. */
  readonly #early = new Map<number, Step>();
  readonly #lost = new Set<number>();
  /** In use, by name. */
  readonly #counters = new Map<string, MergedCounter>();
  readonly #connections = new Map<string, MergedConnection>();
  #configuration: SeenConfiguration = { version: 0, file: '' };
  /** Who waits until everything up to a number is written. */
  #isGivenUp = false;
  #waiting: { readonly number: number; readonly done: () => void }[] = [];

  /** @param first number that is told */
  constructor(first = 1) {
    this.#next = first;
  }

  /** Shards are told to begin; what they say then is gathered until {@link start}. @param configuration in force by then */
  gather(configuration: SeenConfiguration): void {
    if (this.#phase !== 'off') return;
    this.#phase = 'gathering';
    this.#counters.clear();
    this.#connections.clear();
    this.#configuration = configuration;
  }

  get isOn(): boolean {
    return this.#phase === 'on';
  }

  get isGathering(): boolean {
    return this.#phase === 'gathering';
  }

  /** Whether slots are open by what was told. */
  get hasOpen(): boolean {
    return this.#counters.size > 0;
  }

  // ---- parts of the log

  /** Begins with what is open now. @param isUnclean the part before has no closing line */
  start(trail: AuditTrail, reason: BeginReason, isUnclean: boolean, at: WallMs): void {
    assert(this.#phase === 'gathering', 'an audit begins with what shards have told');
    this.#phase = 'on';
    this.#trail = trail;
    this.#begin(reason, isUnclean, at);
  }

  stop(reason: EndReason, at: WallMs): void {
    if (this.#trail !== null) this.#trail.write(this.#trail.chain.end(at, reason));
    this.abandon();
  }

  /** Without a closing line: what happened last is not known. */
  abandon(): void {
    this.#trail = null;
    this.#phase = 'off';
  }

  /** Ends a part and begins the next of the same chain. @param between called between the two */
  rotate(at: WallMs, between: () => void): void {
    const trail = this.#trail;
    if (trail !== null) trail.write(trail.chain.end(at, 'rotation'));
    between();
    if (trail !== null) this.#begin('rotation', false, at); // else it was given up, since the server stops
  }

  #begin(reason: BeginReason, isUnclean: boolean, at: WallMs): void {
    const trail = this.#trail!;
    trail.write(trail.chain.begin(at, reason, isUnclean));
    this.#writeConfiguration([], at);
  }

  // ---- what is told

  /** In any order. */
  tell(shard: number, told: NumberedEvent): void {
    this.#take(told.number, { shard, told });
  }

  /** `run` is called when everything before that number is written. */
  atNumber(number: number, run: () => void): void {
    this.#take(number, run);
  }

  /**
   * For the control thread, when shards have ended: nobody counts until it lets the order go, and all that was told is written.
   * @returns false when that is to be tried again in another turn
   */
  takeOver(order: AuditOrder): boolean {
    const untold = order.takeOver();
    if (untold === null) return false;
    this.#lose(untold.after, untold.last);
    if (this.hasReached(untold.last)) return true;
    order.letGo();
    return false;
  }

  /** Nobody is going to tell what has a number behind `after` up to `last`, unless it was told already. */
  #lose(after: number, last: number): void {
    for (let number = after; number !== last; ) {
      number = (number + 1) | 0;
      if (distance(this.#next, number) >= 0 && !this.#early.has(number)) this.#lost.add(number);
    }
    this.#goOn();
  }

  /** Whether everything up to the number is written. */
  hasReached(number: number): boolean {
    return distance(number, this.#next) > 0;
  }

  /** Resolves when everything up to the number is written, as far as anything is. */
  reached(number: number): Promise<void> {
    if (this.#isGivenUp || this.hasReached(number)) return Promise.resolve();
    return new Promise((done) => this.#waiting.push({ number, done }));
  }

  /** Something will never be told: nobody waits for it. */
  giveUp(): void {
    this.abandon();
    this.#isGivenUp = true;
    for (const { done } of this.#waiting.splice(0)) done();
  }

  #take(number: number, step: Step): void {
    assert(distance(this.#next, number) >= 0 && !this.#early.has(number), 'each number is given out once');
    this.#early.set(number, step);
    this.#goOn();
  }

  #goOn(): void {
    for (;;) {
      const step = this.#early.get(this.#next);
      if (step === undefined && !this.#lost.delete(this.#next)) break;
      this.#early.delete(this.#next);
      this.#next = (this.#next + 1) | 0;
      if (typeof step === 'function') step();
      else if (step !== undefined && this.#phase !== 'off') this.#apply(step.shard, step.told.at, step.told.event);
    }
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ number }) => !this.hasReached(number));
    for (const { number, done } of waiting) if (this.hasReached(number)) done();
  }

  #apply(shard: number, at: WallMs, event: AuditEvent): void {
    if (event.kind === 'holds') this.#holds(shard, at, event);
    else if (event.kind === 'opened') this.#opened(shard, at, event);
    else this.#closed(at, event);
  }

  // ---- connections

  #opened(shard: number, at: WallMs, { connection, slots }: Extract<AuditEvent, { kind: 'opened' }>): void {
    const counters = slots.map((slot) => this.#enter(slot, this.#configuration.version));
    this.#connections.set(connection, { shard, counters });
    this.#write(at, { kind: 'opened', connection, slots: counters.map((counter, n) => state(counter, slots[n]!)) });
  }

  #closed(at: WallMs, { connection, slots }: Extract<AuditEvent, { kind: 'closed' }>): void {
    for (const counter of this.#connections.get(connection)?.counters ?? []) this.#leave(counter);
    this.#connections.delete(connection);
    this.#write(at, { kind: 'closed', connection, slots });
  }

  #enter(slot: AuditedSlot, version: number): MergedCounter {
    let counter = this.#counters.get(slot.counter);
    if (counter === undefined) {
      const { counter: name, index } = slot;
      counter = { name, index, open: 0, held: 0, originByLimit: new Map(), version, stated: new Set() };
      this.#counters.set(name, counter);
    }
    counter.open += 1;
    this.#learn(counter, slot, version);
    return counter;
  }

  #learn(counter: MergedCounter, { limit, origin }: AuditedSlot, version: number): void {
    if (version > counter.version) counter.originByLimit.clear();
    counter.version = version;
    if (origin !== null) counter.originByLimit.set(limit, origin);
  }

  #leave(counter: MergedCounter): void {
    counter.open -= 1;
    if (counter.open <= 0) this.#counters.delete(counter.name);
  }

  // ---- configurations

  /** Everything that the shard has, by the configuration that is in force in it now. */
  #holds(shard: number, at: WallMs, { version, file, connections }: Extract<AuditEvent, { kind: 'holds' }>): void {
    const isOlder = (counter: MergedCounter): boolean => counter.version < version;
    const isNews = connections.length > 0 || version > this.#configuration.version || this.#isAny(isOlder);
    if (version >= this.#configuration.version) this.#configuration = { version, file };
    const moved: AuditEntry[] = [];
    for (const { connection, slots } of connections) {
      const before = this.#connections.get(connection)?.counters ?? [];
      const counters = slots.map((slot) => this.#enter(slot, version));
      for (const counter of before) this.#leave(counter);
      this.#connections.set(connection, { shard, counters });
      const left = namesOf(before.filter((counter) => !counters.includes(counter)));
      const entered = namesOf(counters.filter((counter) => !before.includes(counter)));
      if (left.length + entered.length > 0) moved.push({ kind: 'moved', connection, left, entered });
    }
    if (isNews) this.#writeConfiguration(moved, at);
  }

  #isAny(claim: (counter: MergedCounter) => boolean): boolean {
    for (const counter of this.#counters.values()) if (claim(counter)) return true;
    return false;
  }

  #writeConfiguration(moved: readonly AuditEntry[], at: WallMs): void {
    const limits: AuditEntry[] = [];
    const { version, file } = this.#configuration;
    for (const counter of this.#counters.values()) {
      counter.stated.clear();
      if (counter.version < version && counter.held === counter.open) {
        const { name, open } = counter;
        limits.push({ kind: 'limit', counter: name, open, limit: NO_LIMIT, origin: NOT_ASKED });
        continue;
      }
      for (const [limit, origin] of counter.originByLimit) {
        counter.stated.add(limit);
        limits.push({ kind: 'limit', counter: counter.name, open: counter.open, limit, origin });
      }
    }
    this.#write(at, { kind: 'configuration', version, file, moved: moved.length, limits: limits.length });
    for (const entry of [...moved, ...limits]) this.#write(at, entry);
  }

  // ---- shards that ended

  /**
   * Nobody counts at the moment, and everything told is written.
   * @param heldByIndex slots of all shards that ended, by counter, which count still
   * @returns those of them that nobody has told of: no connection was made with these
   */
  ended(
    shards: ReadonlySet<number>,
    heldByIndex: ReadonlyMap<CounterIndex, number>,
    at: WallMs,
  ): ReadonlySet<CounterIndex> {
    const untold = new Set(heldByIndex.keys());
    for (const [connection, { shard }] of this.#connections) {
      if (shards.has(shard)) this.#connections.delete(connection);
    }
    for (const counter of this.#counters.values()) {
      counter.held = heldByIndex.get(counter.index) ?? 0;
      counter.open = counter.held;
      untold.delete(counter.index);
    }
    for (const { counters } of this.#connections.values()) for (const counter of counters) counter.open += 1;
    for (const counter of this.#counters.values()) if (counter.open === 0) this.#counters.delete(counter.name);
    if (this.#phase !== 'on') return new Set();
    this.#begin('shard', true, at);
    return untold;
  }

  /** Slots of ended shards were given back, all those of each counter. */
  freed(indices: ReadonlySet<CounterIndex>, at: WallMs): void {
    const freed: FreedSlots[] = [];
    for (const counter of this.#counters.values()) {
      const slots = counter.held;
      if (slots === 0 || !indices.has(counter.index)) continue;
      counter.held = 0;
      counter.open -= slots;
      freed.push({ counter: counter.name, slots, open: counter.open });
      if (counter.open <= 0) this.#counters.delete(counter.name);
    }
    if (freed.length > 0) this.#write(at, { kind: 'freed', counters: freed });
  }

  #write(at: WallMs, entry: AuditEntry): void {
    if (this.#trail !== null) this.#trail.write(this.#trail.chain.line(at, entry));
  }
}

/** What the line of a connection says of one of its slots. */
function state({ stated, originByLimit }: MergedCounter, { counter, open, limit }: CountedSlot): TakenSlot {
  const origin = stated.has(limit) ? null : (originByLimit.get(limit) ?? null);
  stated.add(limit);
  return { counter, open, limit, origin };
}

/** How far `to` is behind `from`, in numbers of 32 bits that begin anew behind the last. */
function distance(from: number, to: number): number {
  return (to - from) | 0;
}

function namesOf(counters: readonly MergedCounter[]): string[] {
  return counters.map(({ name }) => name);
}
