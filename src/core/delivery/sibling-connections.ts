// Connections that go from one queue to another of the same binding without being closed: two domains with an exchanger in
// common are siblings, and an idle connection of one to that exchanger serves the other as well. It takes the slots that a
// connection of the other would take, or stays where it is; a token of a throttle of connections it has already.
import type { Moment } from '../base/moment.ts';
import type { Claim, CounterIndex, Ledger } from '../limits/ledger.ts';
import type { Candidate } from '../mail/hosts.ts';
import { policyTowards } from '../mail/tls-policy.ts';
import { type Allocation, hostCounters } from './claims.ts';
import type { IdleConnections } from './idle-connections.ts';
import type { MailQueue, QueueWaiter } from './mail-queue.ts';
import type { OutboundConnection } from './outbound-connection.ts';
import { withinShare } from './queue-share.ts';
import { haveSameSessions } from './settings.ts';
import { isOrderedToWait } from './standing-orders.ts';
import type { Tokens } from './throttles.ts';

/** Told when a connection goes to another queue: its slots are free for a moment, then it has others, in one event. */
export interface SlotWatch {
  /** What is taken and given back until {@link letGo} is one step for whoever counts with us. Left out: nobody does. */
  hold?(): void;
  letGo?(): void;
  /** @param kept slots that it takes again, which are counted still */
  returned(connection: OutboundConnection, kept: readonly CounterIndex[]): void;
  taken(connection: OutboundConnection): void;
}

export interface SiblingParts {
  readonly ledger: Ledger;
  readonly tokens: Tokens;
  readonly idle: IdleConnections;
  readonly slotWatch: SlotWatch | undefined;
  claim(queue: MailQueue, candidate: Candidate, allocation: Allocation): Claim;
  /** Something has changed for the queue. */
  markReady(queue: MailQueue): void;
}

export class SiblingConnections {
  readonly #parts: SiblingParts;

  constructor(parts: SiblingParts) {
    this.#parts = parts;
  }

  /** Gives the queue an idle connection of a sibling to one of the candidates, the first of them that has one. */
  takeIdle(queue: MailQueue, candidates: readonly Candidate[], at: Moment): boolean {
    const { idle, ledger } = this.#parts;
    if (idle.size === 0 || !queue.settings.sharesConnections) return false;
    for (const candidate of candidates) {
      const [{ counter }] = hostCounters(ledger, queue, candidate);
      for (const connection of idle.to(counter)) {
        if (!this.#move(connection, queue, candidate, at)) continue;
        idle.add(connection);
        return true;
      }
    }
    return false;
  }

  /**
   * A connection that has nothing to do, and that would leave because somebody waits for one of its slots, goes to that
   * queue instead, if that is a sibling.
   */
  handOver(connection: OutboundConnection, at: Moment): boolean {
    const { ledger } = this.#parts;
    const { queue: from, claim } = connection;
    if (from.active.size > 0 || !from.settings.sharesConnections || ledger.isSurplus(claim)) return false;
    const waiter = ledger.firstAwaiting(claim, from) as QueueWaiter | null;
    if (waiter === null) return false;
    const { queue } = waiter;
    for (const candidate of queue.candidates) {
      if (!this.#move(connection, queue, candidate, at)) continue;
      ledger.stopWaiting(queue);
      return true;
    }
    return false;
  }

  /** Exchanges the slots, if the connection can serve the queue and there is room for it there. */
  #move(connection: OutboundConnection, queue: MailQueue, candidate: Candidate, at: Moment): boolean {
    const { ledger, tokens, slotWatch } = this.#parts;
    const { queue: from } = connection;
    if (!canServe(connection, queue, candidate, at)) return false;
    if (tokens.lackingForMessageTo(queue, candidate, at.mono) !== null) return false;
    const held = connection.claim;
    const next = this.#parts.claim(queue, candidate, connection.allocation);
    const asked = withinShare(ledger, queue, next);
    slotWatch?.hold?.();
    if (!ledger.trade(held, asked, (kept) => slotWatch?.returned(connection, kept))) {
      slotWatch?.letGo?.();
      return false;
    }
    this.#parts.idle.remove(connection);
    from.removeConnection(connection);
    connection.goTo(queue, candidate, next);
    connection.tokens = null; // there was nothing to send with them
    connection.quantumMessages = 0;
    tokens.settle(connection);
    queue.addConnection(connection);
    slotWatch?.taken(connection);
    slotWatch?.letGo?.();
    queue.unreachableSince = null;
    queue.consecutiveFailures = 0;
    this.#parts.markReady(from);
    this.#parts.markReady(queue);
    return true;
  }
}

/** Whether mail of the queue may go over a connection that was made for another. */
function canServe(connection: OutboundConnection, queue: MailQueue, candidate: Candidate, at: Moment): boolean {
  const { queue: from, candidate: reached } = connection;
  if (from === queue || from.binding !== queue.binding || from.active.size > 0 || connection.isOutdated) return false;
  if (reached.host !== candidate.host || reached.address !== candidate.address || reached.port !== candidate.port) {
    return false;
  }
  const most = queue.settings.maxDeliveriesPerConnection;
  if (most > 0 && connection.deliveries >= most) return false;
  if (!haveSameSessions(from.settings, queue.settings)) return false;
  const isProtected =
    policyTowards(from.settings.tls, reached).key === policyTowards(queue.settings.tls, candidate).key;
  return isProtected && !isOrderedToWait(queue, at);
}
