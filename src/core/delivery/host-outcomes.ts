// What follows for the mail of a queue when one of its hosts answers, fails, or is said to be back: who may try what again,
// and which message has had its attempt. The memory itself is host-states.ts.
import type { Moment } from '../base/moment.ts';
import type { Ledger } from '../limits/ledger.ts';
import { type Failure, NO_CONNECTION, STAGE } from '../mail/disposition.ts';
import type { Candidate } from '../mail/hosts.ts';
import type { Task } from '../queue/task.ts';
import type { Actions } from './actions.ts';
import { canReach } from './host-choice.ts';
import type { HostStates } from './host-states.ts';
import type { MailQueue } from './mail-queue.ts';
import type { OutboundConnection } from './outbound-connection.ts';
import { protectionTowards } from './protection.ts';

/** Longer than the slot of such a connection is held, so that a queue without any other sees that it reaches nobody. */
const GIVEN_UP_PAUSE_MS = 5000;

export interface HostOutcomesParts {
  readonly ledger: Ledger;
  readonly hostStates: HostStates;
  readonly actions: Actions;
  /** Queues of a binding that wait until a host may be tried again, or for room at those that are left. */
  heldByHosts(binding: string): Iterable<MailQueue>;
  /** The oldest mail of the queue that may be attempted. */
  take(queue: MailQueue, at: Moment): Task | undefined;
  /** The queue is to be looked at. */
  markReady(queue: MailQueue): void;
}

export class HostOutcomes {
  readonly #parts: HostOutcomesParts;

  constructor(parts: HostOutcomesParts) {
    this.#parts = parts;
  }

  /** It and its domain are in order. @param protection of the session: the key of a TLS policy */
  answered({ queue, candidate }: OutboundConnection, protection: string): void {
    const { address } = candidate;
    if (this.#parts.hostStates.succeed(queue.binding, address, protection)) this.#tryAgain(queue, [address]);
    queue.unreachableSince = null;
    queue.consecutiveFailures = 0;
  }

  /** It is set aside and the next candidate is tried. @param protection that it failed under; empty for whatever is asked of it */
  failed(connection: OutboundConnection, reason: string, failure: Failure, at: Moment, protection: string): void {
    const { queue, candidate, isOutdated } = connection;
    const { hostStates, markReady } = this.#parts;
    markReady(queue);
    if (isOutdated) return; // what is opened now may well get there
    const { hostFailureRetryMs } = queue.settings;
    hostStates.fail(queue.binding, candidate.address, reason, at.mono, hostFailureRetryMs, protection);
    queue.consecutiveFailures += 1;
    queue.unreachableSince ??= at.mono;
    this.#attemptFailed(queue, connection, failure, at);
  }

  /**
   * It is left alone for a moment, lest it is tried over and over, and the next candidate is tried. No message has had an
   * attempt by it; one that fares so with all its hosts is delayed after connect_timeout_to_delay.
   */
  givenUp({ queue, candidate, isOutdated }: OutboundConnection, reason: string, at: Moment, protection: string): void {
    const { hostStates, markReady } = this.#parts;
    markReady(queue);
    if (isOutdated) return;
    hostStates.pause(queue.binding, candidate.address, reason, at.mono, GIVEN_UP_PAUSE_MS, protection);
    queue.unreachableSince ??= at.mono;
  }

  /** The operator says that the hosts of the queue are back: they count as never having failed. */
  forget(queue: MailQueue): void {
    const { hostStates } = this.#parts;
    const addresses: string[] = [];
    for (const candidate of queue.candidates) {
      const protection = protectionTowards(queue.settings, candidate);
      if (hostStates.succeed(queue.binding, candidate.address, protection)) addresses.push(candidate.address);
    }
    if (addresses.length > 0) this.#tryAgain(queue, addresses);
  }

  /** Host_Failure_Retry of the queue is less than it was: waits that run count by it. @param candidates it knows so far */
  shorten({ binding, settings }: MailQueue, candidates: readonly Candidate[]): void {
    for (const candidate of candidates) {
      const protection = protectionTowards(settings, candidate);
      this.#parts.hostStates.shorten(binding, candidate.address, settings.hostFailureRetryMs, protection);
    }
  }

  /** Failures are over by which queues may have held their mail, or waited for room at the hosts that were left. */
  #tryAgain(queue: MailQueue, addresses: readonly string[]): void {
    const { ledger, heldByHosts, markReady } = this.#parts;
    const isBack = ({ address }: Candidate) => addresses.includes(address);
    for (const held of new Set([queue, ...heldByHosts(queue.binding)])) {
      // Who waits for other hosts keeps its place there.
      if (held !== queue && !held.candidates.some(isBack)) continue;
      ledger.stopWaiting(held);
      held.tryHostsAt = null;
      markReady(held);
    }
  }

  /** A connection that was to be came to nothing. With no host left to try, one message has had its attempt. */
  #attemptFailed(queue: MailQueue, connection: OutboundConnection, failure: Failure, at: Moment): void {
    const { actions, hostStates } = this.#parts;
    if ([...queue.connections].some((other) => other !== connection && other.state !== 'leaving')) return;
    const route = actions.routeOf(queue);
    if (route === null || route.kind !== 'hosts') return;
    const isUsable = (candidate: Candidate) => {
      if (!canReach(queue, candidate)) return false;
      const protection = protectionTowards(queue.settings, candidate);
      if (hostStates.retryAt(queue.binding, candidate.address, at.mono, protection) !== null) return false;
      return candidate.address !== connection.candidate.address;
    };
    if (route.candidates.some(isUsable)) return;
    const task = this.#parts.take(queue, at);
    if (task === undefined) return;
    const wasConnected = failure.stage !== STAGE.notConnected;
    const source = wasConnected
      ? { connectionId: connection.id, address: connection.candidate.address }
      : NO_CONNECTION;
    actions.attemptFailed(queue, task, failure, source);
  }
}
