// Several schedulers as they are, each a shard of its own, on one shared ledger: one number, the seed, says what comes and who goes
// on before each operation on shared memory. While one shard stands between two of its operations others have whole turns, which
// may be interrupted in the same way (a turn ends before the one that it interrupts goes on; what lies within the ledger is run in
// any order at all by shared-ledger-simulation.ts). Shards end between any two operations and are replaced.
//
// Checked after each event: what receivers count against the limits in force, and against the counters. At rest: nobody with mail
// has room for a connection. In the end: everything is delivered, and every counter is zero.
import { assert } from '../../src/core/base/assert.ts';
import type { Moment } from '../../src/core/base/moment.ts';
import type { Random } from '../../src/core/base/random.ts';
import { UNIVERSAL_KEYS } from '../../src/core/delivery/claims.ts';
import type { OutboundConnection } from '../../src/core/delivery/outbound-connection.ts';
import type { LedgerControl } from '../../src/core/limits/ledger-control.ts';
import {
  ABSENT,
  BELL,
  COLD,
  HOT,
  LEAVING,
  LedgerMemory,
  LOCK,
  OPEN,
  OWN,
  STATE,
  STOP,
} from '../../src/core/limits/ledger-memory.ts';
import { World } from '../../src/sim/world.ts';
import type { Core } from './edited-core.ts';
import { interruptAtomics } from './interrupted-atomics.ts';
import { SchedulingShard, type ShardedMail, type ShardSurroundings } from './scheduling-shard.ts';
import { planOf, type ShardedPlan } from './sharded-plan.ts';
import { Receivers } from './sharded-receivers.ts';
import { beyondTarget, couldOpen, lowestTarget, starvedOf, tasksOf, wronglyTold } from './sharded-rest.ts';

/** A run is over by then. */
const END_MS = 600_000;
const EVENTS_MAX = 100_000;
/** Of interruptions in interruptions. */
const DEPTH_MAX = 4;
const STOPPED_LOOK_MS = 2;
/** As in the daemon: receivers may count what an ended shard had for so long. */
const HELD_MS = 2000;
const REPLACED_MS = 100;

export interface ShardedFigures {
  readonly violations: readonly string[];
  readonly events: number;
  /** Turns that others had within one. */
  readonly interruptions: number;
  /** The longest that somebody had mail and no connection. */
  readonly waitMsMax: number;
}

/** The thread ends between two operations. */
class ShardEnd extends Error {}

/** Who has turns: a shard, or the control thread. */
type Actor = SchedulingShard | 'control';

export function runSharded(core: Core, plan: ShardedPlan, trace?: (line: string) => void): ShardedFigures {
  return new ShardedSimulation(core, plan, trace).run();
}

class ShardedSimulation implements ShardSurroundings {
  readonly plan: ShardedPlan;
  readonly random: Random;
  readonly #core: Core;
  readonly #world: World;
  readonly #memory: LedgerMemory;
  readonly #control: LedgerControl;
  readonly #shards: SchedulingShard[] = [];
  readonly #receivers: Receivers;
  /** Turns under way, each within the one before. */
  readonly #turns: Actor[] = [];
  /** What came for somebody in the midst of a turn. */
  readonly #deferred: (readonly [Actor, () => void])[] = [];
  /** Mail of shards that are not there. */
  readonly #stored = new Map<number, ShardedMail[]>();
  readonly #undelivered = new Set<number>();
  /** Versions that somebody in the midst of a turn may have gone by. */
  readonly #lately = new Set<number>();
  #version = 0;
  #startedAtMs = 0;
  #pace = 1;
  #pauseIn = 1;
  #mayInterrupt = false;
  /** Others had turns within the one under way. */
  #isInterrupted = false;
  #interruptions = 0;
  #waitMsMax = 0;
  #endEpoch = 0;
  #lastEndMs = 0;
  #isLooking = false;
  #sequence = 0;

  constructor(core: Core, plan: ShardedPlan, trace?: (line: string) => void) {
    this.#core = core;
    this.plan = plan;
    this.#world = new World({ seed: plan.seed, ...(trace === undefined ? {} : { trace }) });
    this.random = this.#world.random.stream('run');
    this.#memory = LedgerMemory.make({ shards: plan.shards, counters: 64 }, [plan.seed, 1, 2, 3]);
    this.#control = new core.LedgerControl(this.#memory, UNIVERSAL_KEYS);
    this.#receivers = new Receivers(
      plan,
      this.#memory,
      () => this.#versions(),
      (connection) => this.#turns.slice(0, -1).some((one) => one !== 'control' && one.connections.has(connection)),
      (text) => this.violation(text),
    );
  }

  run(): ShardedFigures {
    interruptAtomics(
      () => this.#beforeOperation(),
      () => {
        for (let number = 0; number < this.plan.shards; number++) this.#admit(number);
        this.#schedule();
        this.#mayInterrupt = true;
        try {
          while (!this.#isBroken && this.#world.step(END_MS)) this.#look();
        } catch (error) {
          this.violation(String((error as Error).stack));
        }
        this.#mayInterrupt = false;
        if (!this.#isBroken) this.#checkEnd();
      },
    );
    return {
      violations: this.#world.violations,
      events: this.#world.events,
      interruptions: this.#interruptions,
      waitMsMax: this.#waitMsMax,
    };
  }

  #schedule(): void {
    const { plan } = this;
    const world = this.#world;
    for (const [place, { at, shard, count, binding, domain }] of plan.arrivals.entries()) {
      world.atPlanned(at, `arrival ${place}`, () => {
        for (let one = 0; one < count; one++) this.#arrive(shard, { sequence: ++this.#sequence, binding, domain });
      });
    }
    for (const [place, { at, version }] of plan.reloads.entries()) {
      world.atPlanned(at, `reload ${place}`, () => {
        this.#version = version;
        for (const shard of this.#shards) this.later(this.random.below(20), shard, () => this.#configure(shard));
      });
    }
    for (const [place, { at, shard: number, operations }] of plan.ends.entries()) {
      world.atPlanned(at, `end ${place}`, () => {
        const shard = this.#shards[number]!;
        if (!shard.isDead) shard.operationsLeft ??= operations;
      });
    }
    for (const [place, { at, shard: number }] of plan.troubles.entries()) {
      world.atPlanned(at, `trouble ${place}`, () => {
        const shard = this.#shards[number]!;
        this.later(0, shard, () => shard.trouble());
      });
    }
  }

  #arrive(number: number, mail: ShardedMail): void {
    this.#undelivered.add(mail.sequence);
    const stored = this.#stored.get(number);
    if (stored !== undefined) stored.push(mail);
    else {
      const shard = this.#shards[number]!;
      shard.mail.set(mail.sequence, mail); // it is in the spool before anything else
      this.later(0, shard, () => shard.receive(mail));
    }
  }

  #configure(shard: SchedulingShard): void {
    this.#lately.add(shard.version);
    this.#world.note(() => `shard ${shard.number} goes by version ${this.#version}`);
    shard.configure(this.#version);
  }

  *#versions(): Generator<number> {
    yield* this.#lately;
    for (const { version, isDead } of this.#shards) if (!isDead) yield version;
  }

  // ---- turns

  get at(): Moment {
    return this.#world.moment;
  }

  later(ms: number, actor: Actor, event: () => void): void {
    this.#world.after(ms, () => this.#turn(actor, event));
  }

  #turn(actor: Actor, event: () => void): void {
    if (actor !== 'control' && actor.isDead) return;
    if (this.#turns.includes(actor)) {
      this.#deferred.push([actor, event]);
      return;
    }
    if (this.#turns.length > 0) {
      this.#interruptions += 1;
      this.#isInterrupted = true;
    } else {
      this.#isInterrupted = false;
      this.#startedAtMs = this.#world.elapsedMs;
      // What others have to do is done at the first pauses: many turns have to have them late.
      this.#pace = this.plan.pace << (2 * this.random.below(4));
      this.#pauseIn = 1 + this.random.below(this.#pace);
    }
    this.#turns.push(actor);
    try {
      if (actor === 'control') event();
      else actor.turn(event);
    } catch (error) {
      if (!(error instanceof ShardEnd)) throw error;
      this.#died(actor as SchedulingShard);
    }
    this.#turns.pop();
    for (const [who, what] of this.#deferred.splice(0)) this.later(0, who, what);
    if (this.#turns.length === 0) this.#lately.clear();
    this.#hearBells();
  }

  /** Somebody is about to read or write shared memory. */
  #beforeOperation(): void {
    const actor = this.#turns.at(-1);
    if (!this.#mayInterrupt || actor === undefined) return;
    if (actor !== 'control' && actor.operationsLeft !== null && this.#mayEnd && actor.operationsLeft-- <= 0) {
      throw new ShardEnd();
    }
    // Who has the table of keys has it for a moment: nobody waits for it here.
    if (--this.#pauseIn > 0 || this.#memory.head[LOCK] !== 0 || this.#turns.length > DEPTH_MAX) return;
    this.#pauseIn = 1 + this.random.below(this.#pace);
    this.#hearBells();
    for (let steps = this.random.below(3); steps >= 0; steps--) {
      if (!this.#world.step(this.#startedAtMs + this.plan.stallMs)) return;
    }
  }

  /** One shard is always there; and while the control thread is at work it cannot hear of one that ends with the table. */
  get #mayEnd(): boolean {
    if (this.#memory.head[LOCK] !== 0 && this.#turns.includes('control')) return false;
    return this.#shards.filter(({ isDead }) => !isDead).length > 1;
  }

  #hearBells(): void {
    for (const shard of this.#shards) {
      if (shard.isDead || shard.isRung || this.#memory.shard(shard.number)[BELL] === 0) continue;
      shard.isRung = true;
      this.later(this.random.below(this.plan.bellMsMax), shard, () => {
        shard.isRung = false;
      });
    }
  }

  // ---- ends of shards

  #admit(number: number): void {
    this.#control.admit(number);
    const shard = new SchedulingShard(this, this.#core, this.#memory, number, this.#version);
    this.#shards[number] = shard;
    const stored = this.#stored.get(number) ?? [];
    this.#stored.delete(number);
    for (const { sequence } of stored) assert(this.#undelivered.has(sequence), 'what is stored is not delivered yet');
    for (const mail of stored) shard.mail.set(mail.sequence, mail);
    this.later(0, shard, () => {
      for (const mail of stored) shard.receive(mail);
    });
  }

  #died(shard: SchedulingShard): void {
    this.#world.note(() => `shard ${shard.number} ends`);
    shard.isDead = true;
    this.#stored.set(shard.number, [...shard.mail.values()]);
    this.#receivers.ended(shard.connections);
    for (const connection of shard.connections) {
      this.#world.after(this.random.below(HELD_MS), () => this.closed(connection));
    }
    // Nobody has the table before the control thread has heard of that.
    if (this.#memory.head[LOCK] === shard.number + 1) this.#hearOfEnd(shard);
    else this.later(this.random.below(10), 'control', () => this.#hearOfEnd(shard));
  }

  #hearOfEnd(shard: SchedulingShard): void {
    const mayInterrupt = this.#mayInterrupt;
    if (this.#memory.head[LOCK] === shard.number + 1) this.#mayInterrupt = false;
    this.#endEpoch = this.#control.ended(shard.number);
    this.#mayInterrupt = mayInterrupt;
    this.#lastEndMs = this.#world.elapsedMs;
    this.#lookAfterEnds();
  }

  #lookAfterEnds(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.later(STOPPED_LOOK_MS, 'control', () => {
      this.#isLooking = false;
      if (this.#control.mustRecover) {
        if (this.#control.isAcknowledged(this.#endEpoch) && this.#control.recover()) this.#replace();
      } else if (this.#world.elapsedMs - this.#lastEndMs >= HELD_MS) {
        for (const { index } of this.#control.held()) this.#control.giveBackHeld(index);
        return;
      }
      this.#lookAfterEnds();
    });
  }

  #replace(): void {
    this.#world.note(() => 'counters are set right');
    for (const { number } of this.#shards) {
      if (this.#isAbsent(number)) this.#world.after(this.random.below(REPLACED_MS), () => this.#begin(number));
    }
  }

  #isAbsent(number: number): boolean {
    return this.#memory.shard(number)[STATE] === ABSENT;
  }

  #begin(number: number): void {
    // Later, when everybody has ended a turn, and this shard was not replaced meanwhile.
    if (this.#turns.length > 0) this.#world.after(1, () => this.#begin(number));
    else if (this.#control.mustRecover) this.#world.after(1, () => this.#begin(number));
    else if (this.#isAbsent(number)) this.#admit(number);
  }

  // ---- what receivers see

  opened(shard: SchedulingShard, connection: OutboundConnection): void {
    const { binding, domain } = connection.queue;
    this.#world.note(() => `${connection.id} opens for ${binding} ${domain} to ${connection.candidate.address}`);
    this.#receivers.opened(connection, shard.ledger);
    if (this.#isInterrupted) return; // others may have told of less meanwhile
    const beyond = beyondTarget(connection, this.#memory);
    if (beyond > 0) this.violation(`${binding} ${domain} has ${beyond} connections more than its mail asks for`);
  }

  closed(connection: OutboundConnection): void {
    this.#world.note(() => `${connection.id} is closed`);
    this.#receivers.closed(connection);
  }

  left(connection: OutboundConnection): void {
    this.#receivers.left(connection);
  }

  entered(shard: SchedulingShard, connection: OutboundConnection): void {
    this.#world.note(() => `${connection.id} goes over to ${connection.queue.binding} ${connection.queue.domain}`);
    this.#receivers.entered(connection, shard.ledger);
  }

  delivered(sequence: number): void {
    this.#undelivered.delete(sequence);
  }

  // ---- checks

  violation(text: string): void {
    this.#world.violation(text);
  }

  get #isBroken(): boolean {
    return this.#world.violations.length > 0;
  }

  /** After each event. */
  #look(): void {
    if (this.#world.events > EVENTS_MAX) this.violation('the shards never come to rest');
    if (this.random.below(1000) < this.plan.rests) this.#rest();
    if (this.#memory.head[STOP] === 0) this.#receivers.check();
    const now = this.#world.mono;
    for (const { isDead, unserved, number } of this.#shards) {
      if (isDead) continue;
      for (const [{ binding, domain }, since] of unserved) {
        const waited = now - since;
        this.#waitMsMax = Math.max(this.#waitMsMax, waited);
        if (this.plan.waitMsMax === null || waited <= this.plan.waitMsMax) continue;
        this.violation(`shard ${number}: ${binding} ${domain} waits for ${waited} ms, ${this.plan.waitMsMax} at most`);
      }
    }
  }

  /** Everybody looks until nobody is rung for any more: whoever has mail then lacks something. */
  #rest(): void {
    if (this.#memory.head[STOP] !== 0 || this.#shards.some(({ isDead }) => isDead)) return;
    this.#mayInterrupt = false;
    for (const shard of this.#shards) this.#turn(shard, () => {}); // timers that are due
    for (let left = 1000; ; left--) {
      const rung = this.#shards.filter(({ number }) => this.#memory.shard(number)[BELL] !== 0);
      if (rung.length === 0) break;
      for (const shard of rung) this.#turn(shard, () => {});
      if (left > 0) continue;
      this.violation('the shards ring for each other without end');
      break;
    }
    const tasks = tasksOf(this.#shards);
    for (const text of wronglyTold(this.#shards, this.#memory, tasks)) this.violation(text);
    for (const shard of this.#shards) {
      if (shard.pausedUntil > this.#world.mono) continue;
      for (const queue of shard.scheduler.queues.values()) {
        const name = `shard ${shard.number}: ${queue.binding} ${queue.domain}`;
        if (
          couldOpen(queue, lowestTarget(queue, tasks, this.#shards, this.plan), shard, this.#memory, this.#world.mono)
        )
          this.violation(`${name} could open a connection and does not`);
        const counter = starvedOf(queue, this.#memory);
        if (counter !== null && this.#shards.some((other) => other.keepsIdle(counter)))
          this.violation(`${name} has no connection because of one with nothing to do`);
      }
    }
    this.#mayInterrupt = true;
  }

  #checkEnd(): void {
    const { hot, cold, held, shards } = this.#memory;
    if (this.#undelivered.size > 0) this.violation(`${this.#undelivered.size} messages are never delivered`);
    if (!this.#receivers.isEmpty) this.violation('connections are left');
    for (const { scheduler, number } of this.#shards) {
      if (!scheduler.isAtRest) this.violation(`shard ${number} is not at rest`);
    }
    for (let index = 0; index < this.#memory.counters; index++) {
      const [open, leaving] = [hot[index * HOT + OPEN]!, cold[index * COLD + LEAVING]!];
      let own = held[index * OWN]!;
      for (let shard = 0; shard < shards; shard++) own += this.#memory.own(shard)[index * OWN]!;
      if (open === 0 && leaving === 0 && own === 0) continue;
      this.violation(`in the end counter ${index} has ${open} slots, ${leaving} leaving, ${own} held`);
    }
    if (this.#isBroken) this.violation(this.#receivers.describe());
  }
}

/** @returns the first of so many seeds that breaks a promise, with its plan, for people; null when none does */
export function firstBroken(core: Core, seeds: number, first = 1): string | null {
  for (let seed = first; seed < first + seeds; seed++) {
    const plan = planOf(seed);
    const { violations } = runSharded(core, plan);
    if (violations.length > 0) return `seed ${seed}: ${violations.join('\n')}\n${JSON.stringify(plan)}`;
  }
  return null;
}
