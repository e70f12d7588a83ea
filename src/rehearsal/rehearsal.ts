// A rehearsal of one configuration: the scheduler, its queues, ledger, throttles and routes are those of the server; the
// clock is made up, the receivers are models, and mail is nothing but a time, a binding, a domain and a size. Mail is
// handed in, in order of time; what happens in between happens then.
import { assert } from '../core/base/assert.ts';
import { NO_LIMIT } from '../core/base/limit.ts';
import { addMono, type Moment, type MonoMs, monoMs, type WallMs, wallMs } from '../core/base/moment.ts';
import { seededRandom } from '../core/base/random.ts';
import { Timer, Timers } from '../core/base/timers.ts';
import type { Configuration } from '../core/config/configuration.ts';
import { routingDomainOf } from '../core/config/routing-domain.ts';
import type { Actions } from '../core/delivery/actions.ts';
import { type NodeLimits, referNodeCounters } from '../core/delivery/claims.ts';
import type { MailQueue } from '../core/delivery/mail-queue.ts';
import { OutboundConnection } from '../core/delivery/outbound-connection.ts';
import { routePolicy } from '../core/delivery/route-policy.ts';
import { Scheduler } from '../core/delivery/scheduler.ts';
import type { DeliverySettings } from '../core/delivery/settings.ts';
import { deliverySettings, nodeLimits } from '../core/delivery/settings-of.ts';
import { Ledger } from '../core/limits/ledger.ts';
import { ThrottleMemory } from '../core/limits/throttle-memory.ts';
import { ThrottleTable } from '../core/limits/throttle-table.ts';
import type { Disposition } from '../core/mail/disposition.ts';
import type { DomainName } from '../core/mail/domain-name.ts';
import type { Route } from '../core/mail/hosts.ts';
import { NO_ID } from '../core/mail/ids.ts';
import type { CurfewSchedule } from '../core/queue/curfew-schedule.ts';
import { afterTransientFailure } from '../core/queue/retry-schedule.ts';
import { makeTask, type Task } from '../core/queue/task.ts';
import { type RouteRequest, routeKey } from '../core/routing/route-request.ts';
import { RouteTable } from '../core/routing/route-table.ts';
import { ModelledConnection, type Surroundings } from './modelled-connection.ts';
import { NameService } from './name-service.ts';
import { type Place, Places } from './places.ts';
import { SourceMemory } from './receiver.ts';
import type { Receivers } from './receivers-file.ts';
import type { RefusalKind } from './tally.ts';

/** A message, as a trace or a generator gives it. */
export interface Arrival {
  readonly at: WallMs;
  readonly binding: string;
  /** Of its recipients, canonical. */
  readonly domain: DomainName;
  readonly recipients: number;
  /** Octets. */
  readonly size: number;
}

export interface RehearsalParts {
  readonly configuration: Configuration;
  /** Null where the configuration has no quiet hours. */
  readonly curfew: CurfewSchedule | null;
  readonly receivers: Receivers;
  readonly seed: number;
  /** Not after the first arrival. */
  readonly startsAt: WallMs;
}

/** What reserving tokens of long throttles takes: a write to the disk. */
const DISK_WRITE_MS = 1;
const HOSTNAME = 'rehearsal.invalid';

export class Rehearsal implements Surroundings {
  readonly seed: number;
  readonly timers = new Timers();
  readonly scheduler: Scheduler;
  readonly startsAt: WallMs;
  readonly places = new Places();
  readonly nodeLimits: NodeLimits;
  at: Moment;
  readonly #configuration: Configuration;
  readonly #receivers: Receivers;
  readonly #routes: RouteTable<MailQueue>;
  readonly #askedByQueue = new WeakMap<MailQueue, { readonly request: RouteRequest; readonly key: string }>();
  readonly #connections = new Map<OutboundConnection, Open>();
  readonly #memories = new Map<string, SourceMemory>();
  /** By binding and domain of recipients. */
  readonly #placesOfArrivals = new Map<string, Map<DomainName, Place>>();
  #sequence = 0;
  #connectionNumber = 0;

  constructor({ configuration, curfew, receivers, seed, startsAt }: RehearsalParts) {
    this.seed = seed;
    this.startsAt = startsAt;
    this.at = { wall: startsAt, mono: monoMs(0) };
    this.#configuration = configuration;
    this.#receivers = receivers;
    const nameService = new NameService(receivers);
    this.#routes = new RouteTable<MailQueue>({
      query: (name, type, answered) => this.#later(0, () => answered(nameService.answer(name, type), this.at.mono)),
      ready: (queue) => this.scheduler.routeReady(queue),
    });
    this.nodeLimits = nodeLimits(configuration, NO_LIMIT); // it has the descriptors that it needs
    const ledger = new Ledger();
    const written = (): void => this.#later(DISK_WRITE_MS, () => this.scheduler.throttlesWritten(true, this.at));
    const memory = new ThrottleMemory({ records: [], isDamaged: false }, this.at);
    this.scheduler = new Scheduler({
      ledger,
      throttles: new ThrottleTable(this.timers, memory, { reserve: written, writeAll: written }),
      timers: this.timers,
      random: seededRandom(seed).stream('host-choice'),
      node: referNodeCounters(ledger, this.nodeLimits),
      nodeLimits: this.nodeLimits,
      actions: this.#actions(),
      curfewOf: (binding, domain) => curfew?.curfewOf(binding, configuration.groupOf(binding), domain) ?? null,
      slotWatch: {
        returned: (connection) => this.#connections.get(connection)!.place.uncounted(this.at.mono),
        taken: (connection) =>
          this.#movedTo(connection, this.#placeOfQueue(connection.queue.binding, connection.queue.domain)),
      },
      settingsOf: (binding, domain) => this.#settingsOf(binding, domain),
    });
  }

  // ---- time

  /** A message arrives. One that is older than the one before arrives now. */
  receive({ at, binding, domain, recipients, size }: Arrival): void {
    this.#advanceTo(monoMs(at - this.startsAt));
    const place = this.#placeOfArrival(binding, domain);
    const queue = this.scheduler.queues.queueFor(binding, place.origin.domain);
    queue.countReceived(recipients);
    place.received(recipients, this.at.mono);
    const envelope = {
      batchId: NO_ID,
      receivedAt: this.at.wall,
      reversePath: null,
      recipients: place.recipients(recipients),
      eightBit: false,
      size,
      protocol: 'esmtp',
    };
    const stored = { envelope, sequence: this.#sequence++ };
    this.scheduler.addActive(queue, makeTask(stored, indices(recipients), 0, this.at.wall));
    this.scheduler.run(this.at);
  }

  /** No more mail arrives: goes on until everything is delivered or failed and closed, for `mostMs` at most. */
  finish(mostMs: number): void {
    const endsAt = addMono(this.at.mono, mostMs);
    while (this.places.all.backlog > 0 || this.#connections.size > 0) {
      const next = this.timers.nextAt;
      if (next === null || next > endsAt) return;
      this.#step(next);
    }
  }

  #advanceTo(until: MonoMs): void {
    for (let next = this.timers.nextAt; next !== null && next <= until; next = this.timers.nextAt) this.#step(next);
    if (until > this.at.mono) this.#setTime(until);
  }

  #step(next: MonoMs): void {
    if (next > this.at.mono) this.#setTime(next);
    this.timers.advance(this.at.mono);
    this.scheduler.run(this.at);
  }

  #setTime(mono: MonoMs): void {
    this.at = { mono, wall: wallMs(this.startsAt + mono) };
  }

  #later(ms: number, happens: () => void): void {
    this.timers.set(new Timer(happens), addMono(this.at.mono, ms));
  }

  // ---- mail

  #placeOfArrival(binding: string, domain: DomainName): Place {
    let places = this.#placesOfArrivals.get(binding);
    if (places === undefined) {
      places = new Map();
      this.#placesOfArrivals.set(binding, places);
    }
    let place = places.get(domain);
    if (place === undefined) {
      place = this.#placeOfQueue(binding, routingDomainOf(this.#configuration, binding, domain));
      places.set(domain, place);
    }
    return place;
  }

  #placeOfQueue(binding: string, domain: DomainName): Place {
    return this.places.find(binding, domain) ?? this.#newPlace(binding, domain);
  }

  #newPlace(binding: string, domain: DomainName): Place {
    const { maxOutboundConnections, bindingConnections, scopeLimits } = this.#settingsOf(binding, domain);
    const bindingLimit = Math.min(bindingConnections, this.nodeLimits.ceiling);
    return this.places.add({
      binding,
      domain,
      limit: Math.min(maxOutboundConnections, bindingLimit, ...scopeLimits.map(({ limit }) => limit)),
      bindingLimit,
      behaviour: this.#receivers.behaviourOf(domain),
    });
  }

  #settingsOf(binding: string, domain: DomainName): DeliverySettings {
    return remembering(deliverySettings(this.#configuration, binding, domain, HOSTNAME));
  }

  /** As engine/routes.ts; the configuration does not change here. */
  #routeOf(queue: MailQueue): Route | null {
    let asked = this.#askedByQueue.get(queue);
    if (asked === undefined) {
      const { domain } = queue;
      const { gateway, routes, remotePort: port, useIpv6 } = queue.settings;
      const request = { domain, gateway, routes, port, useIpv6, policy: routePolicy(this.#configuration, domain) };
      asked = { request, key: routeKey(request) };
      this.#askedByQueue.set(queue, asked);
    }
    return this.#routes.routeOf(asked.request, asked.key, queue, this.at.mono);
  }

  attempted({ connection }: ModelledConnection, task: Task, outcomes: readonly Disposition[]): void {
    const wasDelivered = outcomes.some(({ kind }) => kind === 'delivered');
    this.scheduler.taskEnded(connection, task, wasDelivered);
    this.#settle(connection.queue, this.#connections.get(connection)!.place, task, outcomes);
  }

  /** As engine/outcomes.ts, without records, spool and notices. */
  #settle(queue: MailQueue, place: Place, task: Task, outcomes: readonly Disposition[]): void {
    const { receivedAt } = task.stored.envelope;
    let deferred: number[] | null = null;
    let nextAttemptAt = task.dueAt;
    for (let index = 0; index < outcomes.length; index++) {
      const outcome = outcomes[index]!;
      if (outcome.kind === 'delivered') {
        queue.countDelivered();
        place.delivered(this.at.wall - receivedAt, this.at.mono);
        continue;
      }
      if (outcome.kind === 'transientFailure') {
        const after = afterTransientFailure(task.retries, receivedAt, this.at.wall, queue.settings);
        if (after.kind === 'retry') {
          nextAttemptAt = after.nextAttemptAt;
          deferred ??= [];
          deferred.push(task.recipients[index]!);
          continue;
        }
      }
      queue.countFailed();
      place.failed(this.at.mono);
    }
    if (deferred === null) return;
    this.scheduler.addDelayed(queue, makeTask(task.stored, deferred, task.retries + 1, nextAttemptAt), this.at);
  }

  // ---- connections

  refused({ connection }: ModelledConnection, kind: RefusalKind, count: number): void {
    this.#connections.get(connection)!.place.refused(kind, count, this.at.mono);
  }

  closed({ connection }: ModelledConnection): void {
    this.#connections.get(connection)!.place.uncounted(this.at.mono);
    this.#connections.delete(connection);
  }

  #movedTo(connection: OutboundConnection, place: Place): void {
    const open = this.#connections.get(connection)!;
    open.place = place;
    open.modelled.serve(place.origin.behaviour);
    place.counted(this.at.mono);
  }

  /** Bindings that mail came from and the configuration does not have. */
  get heldBindings(): readonly { readonly name: string; readonly messages: number }[] {
    const names = Array.from(this.places.bindings, ([name, { tally }]) => ({ name, messages: tally.received }));
    return names.filter(({ name }) => !this.#configuration.hasBinding(name));
  }

  /** For tests: the most connections that any exchanger had greeted from one source address at one time. */
  get greetedMax(): number {
    return Math.max(0, ...Array.from(this.#memories.values(), ({ peak }) => peak));
  }

  #memoryOf(address: string, source: string): SourceMemory {
    const key = `${address} ${source}`;
    let memory = this.#memories.get(key);
    if (memory === undefined) {
      memory = new SourceMemory();
      this.#memories.set(key, memory);
    }
    return memory;
  }

  #actions(): Actions {
    return {
      open: (queue, candidate, claim, allocation) => {
        const connection = new OutboundConnection(NO_ID, queue, candidate, claim, allocation, this.at.mono);
        const place = this.#placeOfQueue(queue.binding, queue.domain);
        const memory = this.#memoryOf(candidate.address, queue.settings.bindAddress ?? '*');
        const { behaviour } = place.origin;
        const modelled = new ModelledConnection(connection, this.#connectionNumber++, behaviour, memory, this);
        this.#connections.set(connection, { modelled, place });
        place.opened(this.at.mono);
        return connection;
      },
      resume: (connection) => this.#connections.get(connection)!.modelled.resume(),
      quit: (connection) => this.#connections.get(connection)!.modelled.quit(),
      attemptFailed: (queue, task, failure) => {
        const place = this.#placeOfQueue(queue.binding, queue.domain);
        this.#settle(queue, place, task, new Array<Disposition>(task.recipients.length).fill(failure));
      },
      routeOf: (queue) => this.#routeOf(queue),
      hasLocalAddress: () => true,
      descriptorsExhausted: () => assert(false, 'a rehearsal has the descriptors that it needs'),
    };
  }
}

interface Open {
  readonly modelled: ModelledConnection;
  /** Where it counts; another when a sibling takes it over. */
  place: Place;
}

/**
 * The same settings, with the last answer for a host kept: a queue forgets them whenever it is empty, which in a
 * rehearsal is all the time.
 */
function remembering(settings: DeliverySettings): DeliverySettings {
  return {
    ...settings,
    hostLimit: askedOnce(settings.hostLimit),
    hostScopeLimits: askedOnce(settings.hostScopeLimits),
    hostThrottles: askedOnce(settings.hostThrottles),
  };
}

/** Nearly always of one host. */
function askedOnce<T>(ask: (host: string, address: string) => T): (host: string, address: string) => T {
  let last: { readonly host: string; readonly address: string; readonly answer: T } | null = null;
  return (host, address) => {
    if (last === null || last.host !== host || last.address !== address) {
      last = { host, address, answer: ask(host, address) };
    }
    return last.answer;
  };
}

const INDICES: (readonly number[])[] = [];

function indices(count: number): readonly number[] {
  INDICES[count] ??= Array.from({ length: count }, (_, index) => index);
  return INDICES[count];
}
