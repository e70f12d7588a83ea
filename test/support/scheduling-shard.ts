// One shard of the simulation of several schedulers: a scheduler as it is, its mail and connections, and the receivers' side of
// these. Time, the other shards and what may go wrong come from sharded-simulation.ts.
import { assert } from '../../src/core/base/assert.ts';
import { NO_LIMIT } from '../../src/core/base/limit.ts';
import { addWall, type Moment } from '../../src/core/base/moment.ts';
import { type Random, seededRandom } from '../../src/core/base/random.ts';
import { Timers } from '../../src/core/base/timers.ts';
import type { Actions } from '../../src/core/delivery/actions.ts';
import type { Allocation, NodeCounters, NodeLimits } from '../../src/core/delivery/claims.ts';
import { NO_VALID_HOSTS } from '../../src/core/delivery/connection-opener.ts';
import type { MailQueue } from '../../src/core/delivery/mail-queue.ts';
import { OutboundConnection } from '../../src/core/delivery/outbound-connection.ts';
import type { Scheduler } from '../../src/core/delivery/scheduler.ts';
import type { Claim, CounterIndex, Ledger } from '../../src/core/limits/ledger.ts';
import type { LedgerMemory } from '../../src/core/limits/ledger-memory.ts';
import { notConnected } from '../../src/core/mail/disposition.ts';
import type { Candidate, Route } from '../../src/core/mail/hosts.ts';
import { makeTask, type Task } from '../../src/core/queue/task.ts';
import type { Core } from './edited-core.ts';
import { emptyThrottleTable, nodeLimits } from './scheduler-bench.ts';
import {
  CLOSE_MS_MAX,
  CONNECT_MS_MAX,
  candidatesOf,
  type ShardedPlan,
  SLOW_REPLY_MS,
  settingsFor,
} from './sharded-plan.ts';

/** A message of a run. It is in one shard, in a queue or on a connection, until it is delivered. */
export interface ShardedMail {
  readonly sequence: number;
  readonly binding: string;
  readonly domain: string;
}

/** What a shard has around it. */
export interface ShardSurroundings {
  readonly plan: ShardedPlan;
  readonly random: Random;
  readonly at: Moment;
  /** An event of the shard, one turn of it, in so many milliseconds. */
  later(ms: number, shard: SchedulingShard, event: () => void): void;
  opened(shard: SchedulingShard, connection: OutboundConnection): void;
  closed(connection: OutboundConnection): void;
  left(connection: OutboundConnection): void;
  entered(shard: SchedulingShard, connection: OutboundConnection): void;
  delivered(sequence: number): void;
  violation(text: string): void;
}

const RESERVE_INTERVAL_MS = 200;
const RETRY_MS = 300;

export class SchedulingShard implements Actions {
  readonly number: number;
  readonly scheduler: Scheduler;
  readonly ledger: Ledger;
  readonly node: NodeCounters;
  readonly mail = new Map<number, ShardedMail>();
  readonly connections = new Set<OutboundConnection>();
  /** Queues with mail and without a connection, since when. */
  readonly unserved = new Map<MailQueue, number>();
  version: number;
  isDead = false;
  /** It ends before that operation on shared memory from now; null for never. */
  operationsLeft: number | null = null;
  /** It was told that the system has no connections for it. */
  pausedUntil = 0;
  /** A turn will come because of the bell. */
  isRung = false;
  readonly #world: ShardSurroundings;
  readonly #plan: ShardedPlan;
  readonly #timers = new Timers();
  readonly #idleSince = new Map<OutboundConnection, number>();
  readonly #candidates: ReadonlyMap<string, readonly Candidate[]>;
  /** Of the turn. */
  #at: Moment;
  /** A turn is to come at that time because of a timer. */
  #wakesAt = Number.POSITIVE_INFINITY;
  #connectionCount = 0;

  constructor(world: ShardSurroundings, core: Core, memory: LedgerMemory, number: number, version: number) {
    this.#world = world;
    this.#plan = world.plan;
    this.#at = world.at;
    this.number = number;
    this.version = version;
    this.#candidates = new Map(this.#plan.domains.map(({ name }) => [name, candidatesOf(this.#plan, name)]));
    this.ledger = new core.Ledger(new core.SharedCells(memory, number));
    const limits = this.#nodeLimits();
    this.node = core.referNodeCounters(this.ledger, limits);
    this.scheduler = new core.Scheduler({
      ledger: this.ledger,
      throttles: emptyThrottleTable(this.#timers, world.at, () => {}),
      timers: this.#timers,
      random: seededRandom(world.random.below(2 ** 31)),
      node: this.node,
      actions: this,
      settingsOf: (_binding, domain) => settingsFor(this.#plan, this.version, domain),
      nodeLimits: limits,
      slotWatch: {
        returned: (connection) => world.left(connection),
        taken: (connection) => world.entered(this, connection),
      },
      stalled: ({ binding, domain }, text) => world.violation(`shard ${number}: ${binding} ${domain} stalls: ${text}`),
    });
  }

  #nodeLimits(): NodeLimits {
    const { node, reserve } = this.#plan.versions[this.version]!;
    return { ...nodeLimits(node, reserve), reserveIntervalMs: RESERVE_INTERVAL_MS };
  }

  // ---- turns

  /** One event, and all that follows from it. */
  turn(event: () => void): void {
    this.#at = this.#world.at;
    this.#timers.advance(this.#at.mono);
    event();
    this.scheduler.run(this.#at);
    for (const queue of this.scheduler.queues.values()) {
      if (queue.active.size === 0 || !queue.hasNoConnection) this.unserved.delete(queue);
      else if (!this.unserved.has(queue)) this.unserved.set(queue, this.#at.mono);
    }
    const { nextAt } = this.#timers;
    if (nextAt === null || nextAt >= this.#wakesAt) return;
    this.#wakesAt = nextAt;
    this.#world.later(Math.max(0, Math.ceil(nextAt - this.#at.mono)), this, () => {
      if (this.#wakesAt === nextAt) this.#wakesAt = Number.POSITIVE_INFINITY;
    });
  }

  receive(mail: ShardedMail): void {
    this.mail.set(mail.sequence, mail);
    const { wall } = this.#at;
    const envelope = {
      batchId: '',
      receivedAt: wall,
      reversePath: null,
      recipients: [],
      eightBit: false,
      size: 0,
      protocol: 'esmtp',
    };
    const queue = this.scheduler.queues.queueFor(mail.binding, mail.domain);
    this.scheduler.addActive(queue, makeTask({ envelope, sequence: mail.sequence }, [0], 0, wall));
  }

  configure(version: number): void {
    this.version = version;
    this.scheduler.reconfigure(this.#nodeLimits(), this.#at);
  }

  trouble(): void {
    this.scheduler.nodeTrouble(this.#at);
    this.pausedUntil = this.#at.mono + 1100;
  }

  // ---- connections

  /** Whether a connection with nothing to do holds a slot of the counter. */
  keepsIdle(counter: CounterIndex): boolean {
    return [...this.connections].some(({ state, claim }) => state === 'idle' && claim.counters.includes(counter));
  }

  open(queue: MailQueue, candidate: Candidate, claim: Claim, allocation: Allocation): OutboundConnection {
    const { random } = this.#world;
    const id = `${this.number}.${++this.#connectionCount}`;
    const connection = new OutboundConnection(id, queue, candidate, claim, allocation, this.#at.mono);
    this.connections.add(connection);
    this.#world.opened(this, connection);
    const isRefused = random.below(1000) < this.#plan.refusals;
    this.#world.later(1 + random.below(CONNECT_MS_MAX), this, () => {
      if (!this.connections.has(connection) || connection.state === 'leaving') return;
      if (isRefused) {
        this.scheduler.hostFailed(connection, 'refused', notConnected(NO_VALID_HOSTS), this.#at);
        this.#close(connection);
        return;
      }
      connection.isEstablished = true;
      this.scheduler.hostAnswered(connection);
      this.#ask(connection);
    });
    return connection;
  }

  resume(connection: OutboundConnection): void {
    this.#idleSince.delete(connection);
    this.#ask(connection);
  }

  quit(connection: OutboundConnection): void {
    this.#idleSince.delete(connection);
    this.#world.later(1 + this.#world.random.below(CLOSE_MS_MAX), this, () => this.#close(connection));
  }

  #ask(connection: OutboundConnection): void {
    const next = this.scheduler.next(connection, this.#at, false);
    if (next === 'leave') this.quit(connection);
    else if (next === 'idle') this.#keep(connection);
    else this.#send(connection, next);
  }

  #send(connection: OutboundConnection, task: Task): void {
    const { random } = this.#world;
    const ms = random.below(1000) < this.#plan.slowReplies ? SLOW_REPLY_MS : 1 + random.below(this.#plan.replyMsMax);
    this.#world.later(ms, this, () => {
      this.mail.delete(task.stored.sequence);
      this.#world.delivered(task.stored.sequence);
      this.scheduler.taskEnded(connection, task, true);
      this.#ask(connection);
    });
  }

  #keep(connection: OutboundConnection): void {
    const since = this.#at.mono;
    this.#idleSince.set(connection, since);
    this.#world.later(this.#plan.idleTimeoutMs, this, () => {
      if (this.#idleSince.get(connection) !== since || connection.state !== 'idle') return;
      this.scheduler.startLeaving(connection);
      this.quit(connection);
    });
  }

  #close(connection: OutboundConnection): void {
    assert(this.connections.delete(connection), 'a connection is closed once');
    this.#world.closed(connection);
    this.scheduler.closed(connection);
  }

  // ---- what a scheduler asks

  attemptFailed(queue: MailQueue, { stored, retries }: Task): void {
    const task = makeTask(stored, [0], retries + 1, addWall(this.#at.wall, RETRY_MS));
    this.scheduler.addDelayed(queue, task, this.#at);
  }

  routeOf({ domain }: MailQueue): Route {
    return { kind: 'hosts', candidates: this.#candidates.get(domain)!, ttlMs: NO_LIMIT };
  }

  hasLocalAddress(): boolean {
    return true;
  }

  descriptorsExhausted(): void {}
}
