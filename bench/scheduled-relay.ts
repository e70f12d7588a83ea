// A scheduler without anything around it, for the programs here that measure what it costs: connections are established,
// served and closed as soon as it is asked to go on, by receivers that take no time. Nothing is sent and nothing is stored.
import { type Moment, monoMs, wallMs } from '../src/core/base/moment.ts';
import { seededRandom } from '../src/core/base/random.ts';
import { Timers } from '../src/core/base/timers.ts';
import type { Configuration } from '../src/core/config/configuration.ts';
import { loadConfiguration } from '../src/core/config/load.ts';
import type { Actions } from '../src/core/delivery/actions.ts';
import { OutboundConnection } from '../src/core/delivery/outbound-connection.ts';
import { Scheduler } from '../src/core/delivery/scheduler.ts';
import { deliverySettings, nodeLimits } from '../src/core/delivery/settings-of.ts';
import { Ledger } from '../src/core/limits/ledger.ts';
import { ThrottleMemory } from '../src/core/limits/throttle-memory.ts';
import { ThrottleTable } from '../src/core/limits/throttle-table.ts';
import type { Route } from '../src/core/mail/hosts.ts';
import { makeTask, type Task } from '../src/core/queue/task.ts';

/** What each event takes of the time that the scheduler sees, unless told otherwise. */
const EVENT_MS = 0.05;
const HOUR_MS = 3_600_000;

/** The queue that a message belongs to. */
export type Place = readonly [binding: string, domain: string];

export function configurationOf(text: string): Configuration {
  const loaded = loadConfiguration('bench.conf', () => ({ text }), { version: 1 });
  if (loaded.kind === 'problems') throw new Error(JSON.stringify(loaded.problems));
  return loaded.configuration;
}

export class ScheduledRelay implements Actions {
  at: Moment = { mono: monoMs(0), wall: wallMs(1_764_000_000_000) };
  delivered = 0;
  opened = 0;
  /** How often a queue was looked at that wants connections. */
  looks = 0;
  readonly timers = new Timers();
  readonly scheduler: Scheduler;
  readonly #routes = new Map<string, Route>();
  readonly #busy: { readonly connection: OutboundConnection; task: Task | null }[] = [];
  readonly #eventMs: number;
  #sequence = 0;

  constructor(configuration: Configuration, eventMs = EVENT_MS) {
    this.#eventMs = eventMs;
    const ledger = new Ledger();
    const limits = nodeLimits(configuration, 1_000_000);
    const node = {
      total: ledger.addUniversal('node', limits.total),
      descriptors: ledger.addUniversal('descriptors', limits.descriptors),
      ordinary: ledger.refer('ordinary'),
    };
    const nowhere = { reserve: () => {}, writeAll: () => {} };
    const memory = new ThrottleMemory({ records: [], isDamaged: false }, this.at);
    this.scheduler = new Scheduler({
      ledger,
      throttles: new ThrottleTable(this.timers, memory, nowhere),
      timers: this.timers,
      random: seededRandom(1),
      node,
      nodeLimits: limits,
      actions: this,
      settingsOf: (binding, domain) => deliverySettings(configuration, binding, domain, 'bench.example'),
    });
  }

  /** As they come from clients: one event each. @param placeOf of the message with that number */
  queue(messages: number, placeOf: (index: number) => Place, dueInMs = 0): void {
    for (let index = 0; index < messages; index++) {
      const [binding, domain] = placeOf(index);
      const task = this.#task(binding, domain, dueInMs);
      const queue = this.scheduler.queues.queueFor(binding, domain);
      if (dueInMs === 0) this.scheduler.addActive(queue, task);
      else this.scheduler.addDelayed(queue, task, this.at);
      this.scheduler.run(this.at);
    }
  }

  #task(binding: string, domain: string, dueInMs: number): Task {
    this.#sequence += 1;
    const id = `00/00-00001-${this.#sequence.toString(16).padStart(8, '0')}`;
    const envelope = {
      batchId: id,
      receivedAt: this.at.wall,
      reversePath: `bounces-${this.#sequence}@sender.example`,
      recipients: [{ messageId: id, mailbox: `someone-${this.#sequence}@${domain}`, routingDomain: domain, binding }],
      eightBit: false,
      size: 2_048,
      protocol: 'esmtp',
    };
    return makeTask({ envelope, sequence: this.#sequence }, [0], 0, wallMs(this.at.wall + dueInMs));
  }

  /** Delivers everything. Each connection has its turn: the answer to its message, or that it is there. */
  deliver(): void {
    const busy = this.#busy;
    while (busy.length > 0) {
      for (let place = 0; place < busy.length; ) if (this.#advance(place)) place++;
    }
  }

  /** @returns whether the place is in use by a connection that had its turn */
  #advance(place: number): boolean {
    const { scheduler } = this;
    const session = this.#busy[place]!;
    const { connection, task } = session;
    this.at = { mono: monoMs(this.at.mono + this.#eventMs), wall: wallMs(this.at.wall + this.#eventMs) };
    this.timers.advance(this.at.mono);
    if (task === null) {
      scheduler.hostAnswered(connection);
    } else {
      scheduler.taskEnded(connection, task, true);
      connection.queue.countDelivered();
      this.delivered += 1;
    }
    const next = scheduler.next(connection, this.at, false);
    if (typeof next === 'object') {
      session.task = next;
      scheduler.run(this.at);
      return true;
    }
    if (next === 'idle') scheduler.startLeaving(connection);
    scheduler.run(this.at);
    scheduler.closed(connection);
    this.#busy[place] = this.#busy.at(-1)!;
    this.#busy.pop();
    scheduler.run(this.at);
    return false;
  }

  /** An event that concerns none of the queues. */
  runIdle(): void {
    this.at = { mono: monoMs(this.at.mono + 0.001), wall: this.at.wall };
    this.timers.advance(this.at.mono);
    this.scheduler.run(this.at);
  }

  open(...[queue, candidate, claim, allocation]: Parameters<Actions['open']>): OutboundConnection {
    this.opened += 1;
    const connection = new OutboundConnection('', queue, candidate, claim, allocation, this.at.mono);
    this.#busy.push({ connection, task: null });
    return connection;
  }
  routeOf({ domain }: { readonly domain: string }): Route {
    this.looks += 1;
    let route = this.#routes.get(domain);
    if (route === undefined) {
      const number = this.#routes.size;
      const address = `10.${number >>> 16}.${(number >>> 8) & 255}.${number & 255}`;
      const host = `mx.${domain}`;
      route = { kind: 'hosts', candidates: [{ host, address, family: 4, port: 25, preference: 10 }], ttlMs: HOUR_MS };
      this.#routes.set(domain, route);
    }
    return route;
  }
  resume(): never {
    throw new Error('idle connections are closed at once');
  }
  quit(): never {
    throw new Error('idle connections are closed at once');
  }
  attemptFailed(): never {
    throw new Error('nothing fails');
  }
  hasLocalAddress(): boolean {
    return true;
  }
  descriptorsExhausted(): never {
    throw new Error('there are descriptors');
  }
}
