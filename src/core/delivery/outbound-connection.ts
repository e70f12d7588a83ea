// One connection to a receiver, from the moment its slots are taken until they are given back.
import type { MonoMs } from '../base/moment.ts';
import type { Claim, CounterIndex } from '../limits/ledger.ts';
import { NO_COUNTER } from '../limits/wait-list.ts';
import type { Candidate } from '../mail/hosts.ts';
import type { MailId } from '../mail/ids.ts';
import type { Allocation } from './claims.ts';
import type { MailQueue } from './mail-queue.ts';
import { areOpenedAlike, type DeliverySettings } from './settings.ts';
import type { HeldTokens, MessageThrottles } from './throttles.ts';

/**
 * - connecting: slots are taken, nothing was sent;
 * - busy: talks, from the banner to the reply of the last message;
 * - idle: kept for the next message of its queue;
 * - leaving: QUIT or reset; holds its slots until the receiver cannot count it any more (design decision 6).
 */
export type ConnectionState = 'connecting' | 'busy' | 'idle' | 'leaving';

export class OutboundConnection {
  readonly id: MailId;
  /** Changed by the scheduler only, while it has no message: when a sibling takes it over. */
  queue: MailQueue;
  candidate: Candidate;
  /** Changed by the scheduler only, with the configuration and with the queue. */
  claim: Claim;
  /** That of its binding and address. Set by the scheduler when it is opened. */
  addressCounter: CounterIndex = NO_COUNTER;
  readonly allocation: Allocation;
  /** Settings of its queue that it is opened under; others that come to the same take their place. */
  #openedUnder: DeliverySettings;
  /** The operator has changed what it was opened with: it ends its message and goes. */
  isOutdated = false;
  /** Changed by the scheduler only. */
  state: ConnectionState = 'connecting';
  /** Successful deliveries, messages on their way included: what max_deliveries_per_connection counts. */
  deliveries = 0;
  /** Since when, and for how many messages, it has served its queue without pause: the quantum of hand-over. */
  quantumStartedAt: MonoMs;
  quantumMessages = 0;
  /** What each message on it takes a token of; null for nothing. Changed by the scheduler only, with the configuration. */
  messageThrottles: MessageThrottles = null;
  /** Tokens taken for it and for its first message, until that is chosen. Changed by the scheduler only. */
  tokens: HeldTokens | null = null;
  /** The receiver may have counted it: TCP's handshake is done. Set by the engine. */
  isEstablished = false;

  constructor(id: MailId, queue: MailQueue, candidate: Candidate, claim: Claim, allocation: Allocation, now: MonoMs) {
    this.id = id;
    this.queue = queue;
    this.candidate = candidate;
    this.claim = claim;
    this.allocation = allocation;
    this.quantumStartedAt = now;
    this.#openedUnder = queue.settings;
  }

  /** The settings of its queue are others. When they change back it is as good as ever. */
  compareSettings(): void {
    const { settings } = this.queue;
    if (!settings.bindingExists) return; // it drains, and nothing else is known of what was wanted
    this.isOutdated = !areOpenedAlike(this.#openedUnder, settings);
    if (!this.isOutdated) this.#openedUnder = settings;
  }

  /** It serves a sibling from now on, under whose settings it might have been opened. */
  goTo(queue: MailQueue, candidate: Candidate, claim: Claim): void {
    this.queue = queue;
    this.candidate = candidate;
    this.claim = claim;
    this.#openedUnder = queue.settings;
  }
}
