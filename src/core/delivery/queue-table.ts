// The queues by (binding, domain). A queue is made when mail for it arrives and kept for a while after its last message,
// so that listings still show it; idle ones are dropped oldest first, so a million former domains cost nothing.
import { addMono, type MonoMs } from '../base/moment.ts';
import type { Timers } from '../base/timers.ts';
import type { Ledger } from '../limits/ledger.ts';
import type { ThrottleTable } from '../limits/throttle-table.ts';
import type { DomainName } from '../mail/domain-name.ts';
import type { Candidate } from '../mail/hosts.ts';
import type { Curfew } from '../queue/curfew.ts';
import { Sleepers } from '../queue/sleepers.ts';
import type { StoredMessages } from '../queue/stored-messages.ts';
import { BindingCounts } from './binding-counts.ts';
import { bindingKey, pairKey, referAll, unreferAll } from './claims.ts';
import { MailQueue } from './mail-queue.ts';
import { RestingQueues } from './resting-queues.ts';
import type { DeliverySettings } from './settings.ts';
import { referThrottles } from './throttles.ts';

const KEEP_RESTING_MS = 3_600_000;
const MOST_RESTING = 50_000;

export type CurfewOf = (binding: string, domain: DomainName) => Curfew | null;

export interface QueueTableParts {
  readonly ledger: Ledger;
  readonly throttles: ThrottleTable;
  readonly timers: Timers;
  readonly settingsOf: (binding: string, domain: string) => DeliverySettings;
  readonly curfewOf: CurfewOf;
  /** Left out where messages are no more than objects. */
  readonly messages?: StoredMessages;
  /** A queue's timer has come. */
  readonly wake: (queue: MailQueue) => void;
}

export class QueueTable {
  /** By binding, then by domain: both names are there, so that finding a queue, as every message does, makes no key. */
  readonly #queues = new Map<string, Map<DomainName, MailQueue>>();
  #size = 0;
  readonly #queuesByDomain = new Map<DomainName, MailQueue[]>();
  /** For every binding that has or had mail; few, and kept for the counts. */
  readonly #countsByBinding = new Map<string, BindingCounts>();
  /** They hold no slots. */
  readonly #resting = new RestingQueues();
  readonly #ledger: Ledger;
  readonly #throttles: ThrottleTable;
  readonly #timers: Timers;
  readonly #settingsOf: (binding: string, domain: string) => DeliverySettings;
  readonly #curfewOf: CurfewOf;
  readonly #sleepers: Sleepers;
  readonly #wake: (queue: MailQueue) => void;

  constructor(parts: QueueTableParts) {
    this.#ledger = parts.ledger;
    this.#throttles = parts.throttles;
    this.#timers = parts.timers;
    this.#settingsOf = parts.settingsOf;
    this.#curfewOf = parts.curfewOf;
    this.#sleepers = new Sleepers(parts.messages);
    this.#wake = parts.wake;
  }

  get size(): number {
    return this.#size;
  }

  /** The queue of (binding, domain), made at its first mail. */
  queueFor(binding: string, domain: DomainName): MailQueue {
    const found = this.find(binding, domain);
    if (found !== undefined && found.idleSince === null) return found;
    if (found !== undefined) {
      this.#resting.remove(found);
      found.idleSince = null;
      return found;
    }
    const settings = this.#settingsOf(binding, domain);
    const counters = {
      pair: this.#ledger.refer(pairKey(binding, domain)),
      binding: this.#ledger.refer(bindingKey(binding)),
      scopes: referAll(this.#ledger, settings.scopeLimits),
    };
    const throttles = referThrottles(this.#throttles, settings.throttles);
    const counts = this.countsOf(binding);
    const queue = new MailQueue(binding, domain, settings, throttles, counters, counts, this.#sleepers, this.#wake);
    queue.curfew = this.#curfewOf(binding, domain);
    this.#add(queue);
    const siblings = this.#queuesByDomain.get(domain);
    if (siblings === undefined) this.#queuesByDomain.set(domain, [queue]);
    else siblings.push(queue);
    return queue;
  }

  /** What is counted for a binding, from its first mail on. */
  countsOf(binding: string): BindingCounts {
    let counts = this.#countsByBinding.get(binding);
    if (counts === undefined) {
      counts = new BindingCounts();
      this.#countsByBinding.set(binding, counts);
    }
    return counts;
  }

  /** Every binding that has or had mail, with its counts. */
  get countsByBinding(): ReadonlyMap<string, BindingCounts> {
    return this.#countsByBinding;
  }

  /** Domains with at least one queue, and their queues. */
  get queuesByDomain(): ReadonlyMap<DomainName, readonly MailQueue[]> {
    return this.#queuesByDomain;
  }

  find(binding: string, domain: DomainName): MailQueue | undefined {
    return this.#queues.get(binding)?.get(domain);
  }

  *values(): Generator<MailQueue> {
    for (const queues of this.#queues.values()) yield* queues.values();
  }

  #add(queue: MailQueue): void {
    const queues = this.#queues.get(queue.binding);
    if (queues === undefined) this.#queues.set(queue.binding, new Map([[queue.domain, queue]]));
    else queues.set(queue.domain, queue);
    this.#size += 1;
  }

  /** The queue has neither mail nor connections; it may be dropped when there are too many of its kind. */
  rest(queue: MailQueue, now: MonoMs): void {
    queue.hold = null;
    queue.dropKeptTokens();
    this.#timers.drop(queue.timer);
    this.#dropHostCounters(queue);
    if (queue.idleSince === null) {
      queue.idleSince = now;
      this.#resting.add(queue);
    }
    for (let { oldest } = this.#resting; oldest !== null; { oldest } = this.#resting) {
      if (this.#resting.size <= MOST_RESTING && addMono(oldest.idleSince!, KEEP_RESTING_MS) > now) return;
      this.#drop(oldest);
    }
  }

  /** The queue goes by the configuration in force now. What its connections hold is left as it is. */
  resettle(queue: MailQueue): void {
    queue.settings = this.#settingsOf(queue.binding, queue.domain);
    queue.curfew = this.#curfewOf(queue.binding, queue.domain);
    const before = queue.scopeCounters;
    queue.scopeCounters = referAll(this.#ledger, queue.settings.scopeLimits); // before others are let go: some stay
    unreferAll(this.#ledger, before);
    queue.throttles = referThrottles(this.#throttles, queue.settings.throttles);
    this.#dropHostCounters(queue);
  }

  /** The queue goes by these hosts from now on. */
  follow(queue: MailQueue, candidates: readonly Candidate[]): void {
    if (queue.candidates === candidates) return;
    this.#dropHostCounters(queue);
    queue.candidates = candidates;
  }

  #dropHostCounters(queue: MailQueue): void {
    for (const counters of queue.hostCounters.values()) unreferAll(this.#ledger, counters);
    queue.forgetHosts();
  }

  #drop(queue: MailQueue): void {
    this.#resting.remove(queue);
    const queues = this.#queues.get(queue.binding)!;
    queues.delete(queue.domain);
    if (queues.size === 0) this.#queues.delete(queue.binding);
    this.#size -= 1;
    const siblings = this.#queuesByDomain.get(queue.domain)!;
    if (siblings.length === 1) this.#queuesByDomain.delete(queue.domain);
    else siblings.splice(siblings.indexOf(queue), 1);
    this.#ledger.unrefer(queue.pairCounter);
    this.#ledger.unrefer(queue.bindingCounter);
    unreferAll(this.#ledger, queue.scopeCounters);
  }
}
