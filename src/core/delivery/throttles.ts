// Which throttles a connection and a message take a token of, and the tokens themselves: the place where queues, hosts and
// throttles meet. Throttles are resolved by reference: who falls back to the same stanza shares one. A connection takes
// all its tokens, with that of its first message, or none; the scheduler asks before it takes slots and takes afterwards. What
// was there when it asked may be gone then, if other shards take tokens, too: so taking may fail, and asks again itself.
import type { Moment, MonoMs } from '../base/moment.ts';
import type { SharedThrottle, ThrottleTable } from '../limits/throttle-table.ts';
import type { Waiter } from '../limits/wait-list.ts';
import type { Candidate } from '../mail/hosts.ts';
import type { Hold, MailQueue } from './mail-queue.ts';
import type { OutboundConnection } from './outbound-connection.ts';
import type { ThrottleValues } from './settings.ts';

export interface Throttles {
  readonly connections: readonly SharedThrottle[];
  readonly messages: readonly SharedThrottle[];
}

/** Null for no throttle at all: all that most messages look at. */
export type MessageThrottles = readonly SharedThrottle[] | null;

/** What a connection that is under way has taken. */
export interface HeldTokens {
  readonly connections: readonly SharedThrottle[];
  readonly messages: readonly SharedThrottle[];
  readonly takenAt: MonoMs;
}

/** A token that a queue has left from a connection that came to nothing. */
export interface KeptToken {
  readonly throttle: SharedThrottle;
  readonly takenAt: MonoMs;
}

/** What a connection was to take: all of it, or nothing because of a throttle that has no token any more. */
export type TakenTokens =
  | { readonly lacking: null; readonly tokens: HeldTokens | null }
  | { readonly lacking: SharedThrottle; readonly tokens: null };

const NONE: Throttles = { connections: [], messages: [] };
const NO_TOKENS: TakenTokens = { lacking: null, tokens: null };

export function referThrottles(table: ThrottleTable, { connections, messages }: ThrottleValues): Throttles {
  if (connections.length === 0 && messages.length === 0) return NONE;
  return {
    connections: connections.map((value) => table.refer(value)),
    messages: messages.map((value) => table.refer(value)),
  };
}

/** Those that the connection was not opened with a token of. */
function wanting({ tokens }: OutboundConnection, throttles: readonly SharedThrottle[]): readonly SharedThrottle[] {
  return tokens === null ? throttles : throttles.filter((throttle) => !tokens.messages.includes(throttle));
}

/** Since when a queue with that hold has waited for the throttle; null when it did not. */
function waitsSince(hold: Hold | null, throttle: SharedThrottle): MonoMs | null {
  return hold?.kind === 'throttled' && hold.throttle === throttle ? hold.since : null;
}

export class Tokens {
  readonly table: ThrottleTable;

  constructor(table: ThrottleTable) {
    this.table = table;
  }

  /** The throttle of the queue's domain chain that keeps it from a connection now, and will for the longest; or null. */
  lackingForQueue(queue: MailQueue, at: MonoMs): SharedThrottle | null {
    return queue.throttles === NONE ? null : this.#lacking(queue, queue.throttles, at);
  }

  /** The same for the host scope of a candidate. */
  lackingForHost(queue: MailQueue, candidate: Candidate, at: MonoMs): SharedThrottle | null {
    const throttles = this.#hostThrottles(queue, candidate);
    return throttles === NONE ? null : this.#lacking(queue, throttles, at);
  }

  /** The throttle that keeps a message from an open connection now, and will for the longest; or null. */
  lackingForMessage(connection: OutboundConnection, at: MonoMs): SharedThrottle | null {
    const { messageThrottles, queue } = connection;
    return messageThrottles === null ? null : this.#longest(queue, wanting(connection, messageThrottles), at, null);
  }

  /** The same for a message of the queue on a connection to the candidate that another queue opened. */
  lackingForMessageTo(queue: MailQueue, candidate: Candidate, at: MonoMs): SharedThrottle | null {
    const host = this.#hostThrottles(queue, candidate);
    return this.#longest(queue, host.messages, at, this.#longest(queue, queue.throttles.messages, at, null));
  }

  /** Takes what a connection and its first message need; the two `lacking` answered null a moment ago. */
  takeForConnection(queue: MailQueue, candidate: Candidate, at: MonoMs): TakenTokens {
    const host = this.#hostThrottles(queue, candidate);
    if (queue.throttles === NONE && host === NONE) return NO_TOKENS;
    this.table.hold(at);
    const lacking = this.table.isShared
      ? (this.lackingForQueue(queue, at) ?? this.lackingForHost(queue, candidate, at))
      : null;
    const taken = lacking === null ? this.#takeAll(queue, host, at) : { lacking, tokens: null };
    this.table.letGo();
    return taken;
  }

  #takeAll(queue: MailQueue, host: Throttles, at: MonoMs): TakenTokens {
    const connections = [...queue.throttles.connections, ...host.connections];
    const messages = [...queue.throttles.messages, ...host.messages];
    let takenAt = at;
    for (const throttle of connections) takenAt = this.#take(queue, throttle, at);
    for (const throttle of messages) takenAt = this.#take(queue, throttle, at);
    this.#dropWorthless(queue, at);
    return { lacking: null, tokens: { connections, messages, takenAt } };
  }

  /**
   * Takes what a message on an open connection needs: what it was opened with, or a token of each. @returns null, or what it
   * lacks because another shard was faster; then nothing is taken
   */
  takeForMessage(connection: OutboundConnection, at: MonoMs): SharedThrottle | null {
    const { queue, messageThrottles } = connection;
    this.table.hold(at);
    const lacking = this.table.isShared ? this.lackingForMessage(connection, at) : null;
    if (lacking === null) {
      for (const throttle of wanting(connection, messageThrottles!)) this.#take(queue, throttle, at);
      connection.tokens = null;
      if (queue.hold?.kind === 'throttled') queue.hold = { ...queue.hold, since: at };
    }
    this.table.letGo();
    return lacking;
  }

  /** What messages on the connection take tokens of, by the settings and the route in force. */
  settle(connection: OutboundConnection): void {
    const { queue, candidate } = connection;
    const host = this.#hostThrottles(queue, candidate);
    const messages = [...queue.throttles.messages, ...host.messages];
    connection.messageThrottles = messages.length === 0 ? null : messages;
  }

  /** The connection came to nothing before its first message: what the receiver cannot have counted is for the next. */
  keep(connection: OutboundConnection): void {
    const { queue, tokens, isEstablished } = connection;
    connection.tokens = null;
    if (tokens === null) return;
    const { takenAt } = tokens;
    for (const throttle of tokens.messages) queue.keepToken({ throttle, takenAt });
    if (!isEstablished) for (const throttle of tokens.connections) queue.keepToken({ throttle, takenAt });
  }

  // ---- waiting

  /** The queue, or its waiter for messages, waits for a token, and people may know of it. */
  await(queue: MailQueue, waiter: Waiter, lacking: SharedThrottle, at: Moment): void {
    this.table.wait(waiter, lacking, at.mono);
    const until = this.table.recoversAt(lacking, at.mono);
    const { hold } = queue;
    if (hold !== null && !(hold.kind === 'throttled' && until < hold.until)) return;
    queue.hold = { kind: 'throttled', throttle: lacking, until, since: waitsSince(hold, lacking) ?? at.mono };
  }

  /** The queue looked for tokens, and came by none: it has waited since before. @param former its hold before that */
  goOnWaiting(queue: MailQueue, former: Hold | null): void {
    const { hold } = queue;
    if (hold?.kind !== 'throttled') return;
    const since = waitsSince(former, hold.throttle);
    if (since !== null) queue.hold = { ...hold, since };
  }

  /** Mail waits beside idle connections: each waits for the throttle that keeps it from sending. */
  awaitForMessages(queue: MailQueue, at: Moment): void {
    queue.waitsSince ??= at.mono;
    for (const connection of queue.idle) {
      const lacking = this.lackingForMessage(connection, at.mono);
      if (lacking === null) continue;
      this.await(queue, queue.messageWaiter, lacking, at);
      if (queue.throttles.messages.includes(lacking)) return;
    }
  }

  /** The idle connection used last among those whose next message has its tokens. */
  idleWithTokens(queue: MailQueue, at: Moment): OutboundConnection | undefined {
    for (let index = queue.idle.length - 1; index >= 0; index--) {
      const connection = queue.idle[index]!;
      const lacking = this.lackingForMessage(connection, at.mono);
      if (lacking === null) return connection;
      if (queue.throttles.messages.includes(lacking)) return undefined; // it is that of all
    }
    return undefined;
  }

  /** Whether an idle connection would pass its timeout before there is a token. */
  isLongWithout(lacking: SharedThrottle | null, queue: MailQueue, at: Moment): boolean {
    if (lacking === null) return false;
    return this.table.recoversAt(lacking, at.mono) - at.mono > queue.settings.idleTimeoutMs;
  }

  #lacking(queue: MailQueue, { connections, messages }: Throttles, at: MonoMs): SharedThrottle | null {
    return this.#longest(queue, messages, at, this.#longest(queue, connections, at, null));
  }

  #longest(
    queue: MailQueue,
    throttles: readonly SharedThrottle[],
    at: MonoMs,
    other: SharedThrottle | null,
  ): SharedThrottle | null {
    let longest = other;
    for (const throttle of throttles) {
      if (this.#kept(queue, throttle, at) !== -1 || this.table.hasRoom(throttle, queue.waiters, at)) continue;
      if (longest === null || this.table.recoversAt(throttle, at) > this.table.recoversAt(longest, at)) {
        longest = throttle;
      }
    }
    return longest;
  }

  /** @returns the time at which it counts */
  #take(queue: MailQueue, throttle: SharedThrottle, at: MonoMs): MonoMs {
    const kept = this.#kept(queue, throttle, at);
    if (kept === -1) return this.table.take(throttle, at);
    return this.table.move(throttle, queue.takeKeptToken(kept).takenAt, at);
  }

  /** Kept tokens whose time has left the window are worth nothing. */
  #dropWorthless(queue: MailQueue, at: MonoMs): void {
    for (let place = queue.keptTokens.length - 1; place >= 0; place--) {
      const { throttle, takenAt } = queue.keptTokens[place]!;
      if (!throttle.window.holds(takenAt, at)) queue.takeKeptToken(place);
    }
  }

  /** The place of a kept token that may be used now, or -1. */
  #kept({ keptTokens }: MailQueue, throttle: SharedThrottle, at: MonoMs): number {
    for (let index = 0; index < keptTokens.length; index++) {
      const kept = keptTokens[index]!;
      if (kept.throttle !== throttle) continue;
      if (this.table.canMove(throttle, kept.takenAt, at)) return index;
    }
    return -1;
  }

  #hostThrottles(queue: MailQueue, candidate: Candidate): Throttles {
    let found = queue.hostThrottles.get(candidate);
    if (found === undefined) {
      found = referThrottles(this.table, queue.settings.hostThrottles(candidate.host, candidate.address));
      queue.keepHostThrottles(candidate, found);
    }
    return found;
  }
}
