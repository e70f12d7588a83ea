// How a receiver behaves, and what it remembers. Each of its exchangers counts by itself: the connections of every source
// address, and their messages of this minute.
import { type Limit, NO_LIMIT } from '../core/base/limit.ts';
import type { Span } from './chance.ts';

/** Milliseconds since the start of the rehearsal. */
export interface Outage {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Exchanger {
  readonly name: string;
  readonly preference: number;
}

/** What a receivers file says for a domain. */
export interface ReceiverBehaviour {
  /** From connect() to the end of the greeting. */
  readonly connectTime: Span;
  /** From one message on a connection to the next. */
  readonly transactionTime: Span;
  /** From QUIT until it does not count the connection any more. */
  readonly quitTime: Span;
  /** Octets of content that it takes in a second on a connection, or null: as fast as they come. */
  readonly octetsPerSecond: number | null;
  readonly connectionsPerSource: Limit;
  readonly messagesPerConnection: Limit;
  readonly messagesPerMinute: Limit;
  /** Of attempts. */
  readonly transientShare: number;
  readonly permanentShare: number;
  /** Null for one of its own. */
  readonly exchangers: readonly Exchanger[] | null;
  readonly outages: readonly Outage[];
  /** How many of the exchangers, from the first, an outage is about. */
  readonly exchangersDown: number;
}

export const PLAIN_RECEIVER: ReceiverBehaviour = {
  connectTime: { fromMs: 50, toMs: 300 },
  transactionTime: { fromMs: 100, toMs: 800 },
  quitTime: { fromMs: 20, toMs: 100 },
  octetsPerSecond: null,
  connectionsPerSource: NO_LIMIT,
  messagesPerConnection: NO_LIMIT,
  messagesPerMinute: NO_LIMIT,
  transientShare: 0.01,
  permanentShare: 0.005,
  exchangers: null,
  outages: [],
  exchangersDown: Number.POSITIVE_INFINITY,
};

/** Whether the exchanger of that name is down. One that a route names, and the receivers file does not, goes as the first. */
export function isDown(behaviour: ReceiverBehaviour, host: string, sinceStartMs: number): boolean {
  const { outages, exchangers, exchangersDown } = behaviour;
  if (outages.length === 0) return false;
  const place = exchangers?.findIndex(({ name }) => name === host) ?? 0;
  if (Math.max(0, place) >= exchangersDown) return false;
  return outages.some(({ fromMs, toMs }) => sinceStartMs >= fromMs && sinceStartMs < toMs);
}

/** What one address of an exchanger remembers of one source address. */
export class SourceMemory {
  /** Greeted and not closed yet. */
  open = 0;
  /** The most at any time. */
  peak = 0;
  #minute = -1;
  #messages = 0;

  /** A connection is there. @returns whether it is greeted; then {@link leave} when it has ended */
  greet(limit: Limit): boolean {
    if (this.open >= limit) return false;
    this.open += 1;
    if (this.open > this.peak) this.peak = this.open;
    return true;
  }

  leave(): void {
    this.open -= 1;
  }

  /** Counts a message. @returns whether it is within what the receiver takes in a minute */
  take(limit: Limit, sinceStartMs: number): boolean {
    const minute = Math.floor(sinceStartMs / 60_000);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#messages = 0;
    }
    this.#messages += 1;
    return this.#messages <= limit;
  }
}
