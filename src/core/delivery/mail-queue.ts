// All that is known of one (binding, domain) while it has mail or connections: its mail, its connections, the counters
// it takes slots in, and why it opens nothing at the moment. The scheduler decides; this holds.

import { assert } from '../base/assert.ts';
import type { Limit } from '../base/limit.ts';
import type { MonoMs, WallMs } from '../base/moment.ts';
import { Timer } from '../base/timers.ts';
import type { CounterIndex } from '../limits/ledger.ts';
import type { SharedThrottle } from '../limits/throttle-table.ts';
import { NO_COUNTER, type Wait, type Waiter } from '../limits/wait-list.ts';
import type { DomainName } from '../mail/domain-name.ts';
import type { Candidate } from '../mail/hosts.ts';
import { ActiveQueue } from '../queue/active-queue.ts';
import type { Curfew } from '../queue/curfew.ts';
import { DelayedQueue } from '../queue/delayed-queue.ts';
import type { Sleepers } from '../queue/sleepers.ts';
import type { BindingCounts } from './binding-counts.ts';
import type { OutboundConnection } from './outbound-connection.ts';
import type { DeliverySettings } from './settings.ts';
import type { KeptToken, Throttles } from './throttles.ts';

/** Why a queue with active mail sends nothing more, when it is not a limit (those waits are in the ledger). */
export type Hold =
  | { readonly kind: 'resolving' }
  /** No name server answers anything; it ends when one does. */
  | { readonly kind: 'nameServiceDown' }
  /** Infinite for until further notice. */
  | { readonly kind: 'suspended'; readonly until: WallMs }
  | { readonly kind: 'curfew' }
  | { readonly kind: 'bindingGone' }
  | { readonly kind: 'addressMissing'; readonly address: string }
  | { readonly kind: 'hostsDown'; readonly until: MonoMs }
  | { readonly kind: 'nodeTrouble' }
  | Throttled;

/**
 * `throttle` had no token; the queue looks again at `until`, and others may take the one that comes then. `since`: when it began
 * to wait for this throttle, or took a token after that.
 */
export interface Throttled {
  readonly kind: 'throttled';
  readonly throttle: SharedThrottle;
  readonly until: MonoMs;
  readonly since: MonoMs;
}

/** A counter with the limit that it has for the connections of this queue. */
export interface LimitedCounter {
  readonly counter: CounterIndex;
  readonly limit: Limit;
}

/** Of a candidate: that of (binding, address), then those of stanzas in host scope. */
export type HostCounters = readonly [LimitedCounter, ...LimitedCounter[]];

/** Shared by all queues that know no hosts: with very many, a map of its own for each would be most of what it costs. */
const NO_HOST_COUNTERS: ReadonlyMap<Candidate, HostCounters> = new Map();
const NO_HOST_THROTTLES: ReadonlyMap<Candidate, Throttles> = new Map();
const NO_CANDIDATES: readonly Candidate[] = [];
/** In the same way, of queues that have none of these. */
const NO_CONNECTIONS: ReadonlySet<OutboundConnection> = new Set();
const NO_TOKENS: readonly KeptToken[] = [];

/** Waits for tokens on behalf of the connections that a queue has already. */
export class MessageWaiter implements QueueWaiter {
  readonly queue: MailQueue;
  readonly waits: Wait[] = [];
  readonly hasNoConnection = false;

  constructor(queue: MailQueue) {
    this.queue = queue;
  }
}

/** Who waits in lists is a queue that wants a connection more, or a token for a message on one that it has. */
export interface QueueWaiter extends Waiter {
  readonly queue: MailQueue;
}

export class MailQueue implements QueueWaiter {
  readonly binding: string;
  readonly domain: DomainName;
  readonly active: ActiveQueue;
  readonly delayed: DelayedQueue;
  /** Of its binding, over all domains. */
  readonly bindingCounts: BindingCounts;
  connections: ReadonlySet<OutboundConnection> = NO_CONNECTIONS;
  /** Connections without a message, the one used last at the end. */
  readonly idle: OutboundConnection[] = [];
  /** Tasks that are on a connection now. */
  inFlight = 0;
  /** Recipients of those tasks. */
  inFlightMessages = 0;
  /** Connections on their way out: they hold slots, but take no mail. */
  leaving = 0;
  /**
   * Where other shards have parts of the queue and this one has no connection: the place of one that goes is its own, and all
   * parts together may have so many then. 0 for none (queue-share.ts).
   */
  place: Limit = 0;
  /** When hosts are looked at again although the queue waits for room at those that are full; null = no such wait. */
  tryHostsAt: MonoMs | null = null;
  /** Its waits for all that a connection takes. */
  readonly waits: Wait[] = [];
  #messageWaiter: MessageWaiter | null = null;
  /** What its connections and messages take tokens of, whatever the host; changes with the settings. */
  throttles: Throttles;
  /** The same for hosts; kept and emptied with {@link hostCounters}. */
  hostThrottles: ReadonlyMap<Candidate, Throttles> = NO_HOST_THROTTLES;
  /** Tokens of connections that came to nothing: they are for its next. */
  keptTokens: readonly KeptToken[] = NO_TOKENS;
  hold: Hold | null = null;
  /** Since when it has wanted connections that it does not get; null when it gets them. */
  waitsSince: MonoMs | null = null;
  /** Since when no host of the domain could be reached; null after any success. */
  unreachableSince: MonoMs | null = null;
  consecutiveFailures = 0;
  settings: DeliverySettings;
  /** Its quiet hours; null for none. Changes with the settings. */
  curfew: Curfew | null = null;
  readonly pairCounter: CounterIndex;
  readonly bindingCounter: CounterIndex;
  /** Those of stanzas that set a sum over a scope this queue is in; changes with the settings. */
  scopeCounters: readonly LimitedCounter[];
  /** Filled as hosts are used, emptied when the route or the settings change and with the queue. */
  hostCounters: ReadonlyMap<Candidate, HostCounters> = NO_HOST_COUNTERS;
  /** The route that {@link hostCounters} are of. */
  candidates: readonly Candidate[] = NO_CANDIDATES;
  /** Fires when delayed mail is due, the oldest active mail expires, or a hold ends. */
  readonly timer: Timer;
  isReady = false;
  /** Changed by the watchdog only. */
  isWatched = false;
  /** Since when it has had neither mail nor connections. */
  idleSince: MonoMs | null = null;
  /** Its neighbours among those that rest (resting-queues.ts). */
  restingBefore: MailQueue | null = null;
  restingBehind: MailQueue | null = null;
  /** Messages since the queue was made, whatever was reset since. */
  delivered = 0;
  failed = 0;

  constructor(
    binding: string,
    domain: DomainName,
    settings: DeliverySettings,
    throttles: Throttles,
    counters: {
      readonly pair: CounterIndex;
      readonly binding: CounterIndex;
      readonly scopes: readonly LimitedCounter[];
    },
    bindingCounts: BindingCounts,
    sleepers: Sleepers,
    wake: (queue: MailQueue) => void,
  ) {
    this.bindingCounts = bindingCounts;
    this.active = new ActiveQueue(bindingCounts, sleepers);
    this.delayed = new DelayedQueue(bindingCounts, sleepers);
    this.binding = binding;
    this.domain = domain;
    this.settings = settings;
    this.throttles = throttles;
    this.pairCounter = counters.pair;
    this.bindingCounter = counters.binding;
    this.scopeCounters = counters.scopes;
    this.timer = new Timer(() => wake(this));
  }

  get queue(): MailQueue {
    return this;
  }

  get hasNoConnection(): boolean {
    return this.connections.size === 0;
  }

  addConnection(connection: OutboundConnection): void {
    if (this.connections === NO_CONNECTIONS) this.connections = new Set();
    (this.connections as Set<OutboundConnection>).add(connection);
    this.place = 0;
  }

  removeConnection(connection: OutboundConnection): void {
    (this.connections as Set<OutboundConnection>).delete(connection);
    if (this.connections.size === 0) this.connections = NO_CONNECTIONS;
  }

  keepToken(token: KeptToken): void {
    if (this.keptTokens === NO_TOKENS) this.keptTokens = [];
    (this.keptTokens as KeptToken[]).push(token);
  }

  /** Takes out the kept token at `place`. */
  takeKeptToken(place: number): KeptToken {
    const token = (this.keptTokens as KeptToken[]).splice(place, 1)[0];
    assert(token !== undefined, 'a token that was found is there');
    return token;
  }

  dropKeptTokens(): void {
    this.keptTokens = NO_TOKENS;
  }

  /** It asks for no connection any more. */
  wantNothing(): void {
    this.dropKeptTokens();
    this.waitsSince = null;
    this.place = 0;
  }

  get messageWaiter(): MessageWaiter {
    this.#messageWaiter ??= new MessageWaiter(this);
    return this.#messageWaiter;
  }

  /** Whether it, or one of its connections, waits for anything. */
  get isWaiting(): boolean {
    return this.waits.length > 0 || (this.#messageWaiter !== null && this.#messageWaiter.waits.length > 0);
  }

  /** The queue and its waiter for messages, as one of those who want tokens. */
  get waiters(): readonly Waiter[] {
    return this.#messageWaiter === null ? [this] : [this, this.#messageWaiter];
  }

  /** Whether it, or one of its connections, waits for a throttle. */
  get awaitsToken(): boolean {
    return this.isWaiting && this.waiters.some(({ waits }) => waits.some(({ list }) => list.counter === NO_COUNTER));
  }

  /** Whether it holds neither mail nor connections. */
  get isEmpty(): boolean {
    return this.active.size === 0 && this.delayed.size === 0 && this.connections.size === 0 && this.inFlight === 0;
  }

  keepHostCounters(candidate: Candidate, counters: HostCounters): void {
    if (this.hostCounters === NO_HOST_COUNTERS) this.hostCounters = new Map();
    (this.hostCounters as Map<Candidate, HostCounters>).set(candidate, counters);
  }

  keepHostThrottles(candidate: Candidate, throttles: Throttles): void {
    if (this.hostThrottles === NO_HOST_THROTTLES) this.hostThrottles = new Map();
    (this.hostThrottles as Map<Candidate, Throttles>).set(candidate, throttles);
  }

  /** What was kept for the hosts of a route goes with it. */
  forgetHosts(): void {
    this.hostCounters = NO_HOST_COUNTERS;
    this.hostThrottles = NO_HOST_THROTTLES;
    this.candidates = NO_CANDIDATES;
  }

  countReceived(messages: number): void {
    this.bindingCounts.received += messages;
  }

  countDelivered(): void {
    this.delivered += 1;
    this.bindingCounts.delivered += 1;
  }

  countFailed(): void {
    this.failed += 1;
    this.bindingCounts.failed += 1;
  }

  /** Messages went to a connection, or (negative) came off it. */
  countInFlight(tasks: 1 | -1, messages: number): void {
    this.inFlight += tasks;
    this.inFlightMessages += messages;
    this.bindingCounts.inFlight += messages;
  }

  /** Delayed mail that is due wants an attempt now. */
  moveDue(now: WallMs): void {
    for (let row = this.delayed.takeDue(now); row !== null; row = this.delayed.takeDue(now)) this.active.addAsleep(row);
  }

  /** Messages that want an attempt now, those on a connection included. */
  get activeMessages(): number {
    return this.active.messages + this.inFlightMessages;
  }
}
