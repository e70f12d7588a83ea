// Why the mail of a queue is not going out, or not faster: the one thing it waits for, who set it and where, and every
// other limit and throttle that applies with its use. Made when an operator asks, out of what the scheduler itself waits by, at a cost
// that depends on the limits and connections, not on the mail.
import { type Limit, NO_LIMIT } from '../base/limit.ts';
import type { Moment, MonoMs, WallMs } from '../base/moment.ts';
import type { Configuration } from '../config/configuration.ts';
import { bindAddress, suspendDelivery } from '../config/options/connection-options.ts';
import { blackhole } from '../config/options/retry-options.ts';
import { SUSPENDED_WITHOUT_END } from '../config/suspension.ts';
import type { CounterIndex, Ledger } from '../limits/ledger.ts';
import type { SharedThrottle, ThrottleValue } from '../limits/throttle-table.ts';
import { NO_COUNTER } from '../limits/wait-list.ts';
import { allocationTarget } from './allocation.ts';
import type { NodeCounters, NodeLimits } from './claims.ts';
import type { HostStates } from './host-states.ts';
import { type LimitSubject, limitOrigin, type SetBy } from './limit-origin.ts';
import type { MailQueue } from './mail-queue.ts';
import type { OutboundConnection } from './outbound-connection.ts';
import { protectionTowards } from './protection.ts';
import { awaitsPlace } from './queue-share.ts';

/** A limit on connections with its use. */
export interface LimitUse {
  readonly counter: CounterIndex;
  /** The option that sets it, as printed; `file descriptors` for that of the system. */
  readonly option: string;
  /** What is counted, in words. */
  readonly counts: string;
  /** NO_LIMIT: none. */
  readonly limit: Limit;
  readonly open: number;
  readonly peak: number;
  readonly setBy: SetBy | 'system';
}

/** A throttle with its use. */
export interface ThrottleUse {
  readonly value: ThrottleValue;
  /** Tokens left in the window. */
  readonly free: number;
  /** Until the next one comes; 0 while there are some. */
  readonly untilMs: number;
}

/** Who has connections that count on a full limit. */
export interface Holder {
  readonly binding: string;
  readonly domain: string;
  readonly connections: number;
}

export type WaitReason =
  /** There is no mail. */
  | { readonly kind: 'empty' }
  /** There is none and will be none: it is disposed of as soon as it comes. */
  | { readonly kind: 'blackholed'; readonly setBy: SetBy }
  /** As many connections as the mail asks for are open or being opened, in all shards together. */
  | { readonly kind: 'served' }
  /** So are as many as it asks for in all shards, and none of them in this one: it gets the place of the next that goes. */
  | { readonly kind: 'place'; readonly open: number }
  | { readonly kind: 'retryTime'; readonly at: WallMs }
  | {
      readonly kind: 'limit';
      readonly limits: readonly LimitUse[];
      readonly holders: readonly Holder[];
      /** The one limit is that of the queue itself, whose own connections use it up: mail goes on over these. */
      readonly isOwn: boolean;
    }
  /** No token; the next comes in so many milliseconds, if no other queue takes it. */
  | { readonly kind: 'throttle'; readonly value: ThrottleValue; readonly untilMs: number }
  | { readonly kind: 'route' }
  | { readonly kind: 'nameServiceDown' }
  /** `until` is null for until further notice. */
  | { readonly kind: 'suspended'; readonly until: WallMs | null; readonly setBy: SetBy }
  /** Quiet hours by that line of the schedule; `until` is null when they end in no foreseeable time, or never. */
  | {
      readonly kind: 'curfew';
      readonly until: WallMs | null;
      readonly neverEnds: boolean;
      readonly file: string;
      readonly line: number;
    }
  | { readonly kind: 'bindingGone' }
  | { readonly kind: 'addressMissing'; readonly address: string; readonly setBy: SetBy }
  | { readonly kind: 'hostsDown'; readonly untilMs: number; readonly hosts: readonly FailedHost[] }
  | { readonly kind: 'nodeTrouble' };

export interface FailedHost {
  readonly host: string;
  readonly address: string;
  readonly reason: string;
  readonly failedAgoMs: number;
}

export interface QueueExplanation {
  readonly binding: string;
  readonly domain: string;
  readonly active: number;
  readonly delayed: number;
  readonly connections: number;
  /**
   * How many connections the mail of all shards asks for now (docs/limits.md, "How many are opened"); where the limit of the
   * queue itself caps them, how many there would be without it.
   */
  readonly wanted: number;
  readonly reason: WaitReason;
  /** How long it has waited without a break, for a token since the last one; null when it does not wait. */
  readonly waitingMs: number | null;
  readonly limits: readonly LimitUse[];
  /** Of its connections and messages, that with the least room first. */
  readonly throttles: readonly ThrottleUse[];
}

export interface ExplanationParts {
  readonly configuration: Configuration;
  readonly ledger: Ledger;
  readonly node: NodeCounters;
  readonly nodeLimits: NodeLimits;
  readonly hostStates: HostStates;
  readonly connections: Iterable<OutboundConnection>;
}

export const HOLDERS_MAX = 5;

export function explainQueue(queue: MailQueue, parts: ExplanationParts, at: Moment): QueueExplanation {
  const { maxOutboundConnections, connectionsPerMessage } = queue.settings;
  const { ledger } = parts;
  const tasks = ledger.isShared ? ledger.shares.tasks(queue.pairCounter) : queue.active.size + queue.inFlight;
  const target = allocationTarget(tasks, maxOutboundConnections, connectionsPerMessage);
  const unlimited = allocationTarget(tasks, NO_LIMIT, connectionsPerMessage);
  const isCapped = target === maxOutboundConnections && unlimited > target;
  const limits = limitsOf(queue, parts);
  const reason = reasonOf(queue, isCapped, limits, parts, at);
  const waitsSince =
    reason.kind === 'throttle' && queue.hold?.kind === 'throttled' ? queue.hold.since : queue.waitsSince;
  return {
    binding: queue.binding,
    domain: queue.domain,
    active: queue.activeMessages,
    delayed: queue.delayed.messages,
    connections: queue.connections.size,
    wanted: isCapped ? unlimited : target,
    reason,
    waitingMs: waitsSince === null ? null : at.mono - waitsSince,
    limits,
    throttles: throttlesOf(queue, at.mono),
  };
}

/** @param isCapped its own limit is all that keeps it from more connections, once it has as many as that allows */
function reasonOf(
  queue: MailQueue,
  isCapped: boolean,
  limits: readonly LimitUse[],
  parts: ExplanationParts,
  at: Moment,
): WaitReason {
  const { configuration } = parts;
  const { hold, binding, domain } = queue;
  const subject = { binding, domain };
  if (queue.active.size === 0 && queue.inFlight === 0) {
    const dueAt = queue.delayed.nextDueAt;
    if (dueAt !== null) return { kind: 'retryTime', at: dueAt };
    if (!queue.settings.isBlackholed) return { kind: 'empty' };
    return { kind: 'blackholed', setBy: configuration.resolve(blackhole, subject).setBy };
  }
  if (parts.ledger.isShared && awaitsPlace(queue)) {
    return queue.hasNoConnection ? { kind: 'place', open: parts.ledger.open(queue.pairCounter) } : { kind: 'served' };
  }
  const awaited = new Set(queue.waits.map(({ list }) => list.counter).filter((counter) => counter !== NO_COUNTER));
  if (awaited.size > 0) {
    const full = limits.filter(({ counter }) => awaited.has(counter));
    return { kind: 'limit', limits: full, holders: holdersOf(awaited, parts.connections), isOwn: false };
  }
  const pair = limits.find(({ counter }) => counter === queue.pairCounter)!;
  if (hold === null && isCapped && pair.open >= pair.limit) {
    const holders = holdersOf(new Set([queue.pairCounter]), parts.connections);
    return { kind: 'limit', limits: [pair], holders, isOwn: true }; // it asks for no more, and so it waits in no list
  }
  if (hold === null) return { kind: 'served' };
  switch (hold.kind) {
    case 'resolving':
      return { kind: 'route' };
    case 'suspended':
      return {
        kind: 'suspended',
        until: hold.until === SUSPENDED_WITHOUT_END ? null : hold.until,
        setBy: configuration.resolve(suspendDelivery, subject).setBy,
      };
    case 'curfew':
      return curfewReason(queue, at);
    case 'addressMissing':
      return { ...hold, setBy: configuration.resolve(bindAddress, subject).setBy };
    case 'hostsDown':
      return {
        kind: 'hostsDown',
        untilMs: Math.max(0, hold.until - at.mono),
        hosts: failedHosts(queue, parts, at.mono),
      };
    case 'throttled': {
      // Not `until`: others may have taken the token that came then.
      const { value, window } = hold.throttle;
      return { kind: 'throttle', value, untilMs: Math.max(0, window.recoversAt(at.mono) - at.mono) };
    }
    default:
      return hold;
  }
}

function curfewReason({ curfew }: MailQueue, at: Moment): WaitReason {
  const rule = curfew?.ruleAt(at.wall) ?? null;
  if (curfew === null || rule === null) return { kind: 'served' }; // it has ended since the queue was looked at
  const until = curfew.changesAt(at.wall);
  const isEnd = curfew.ruleAt(until) === null;
  const { file, neverEnds } = curfew;
  return { kind: 'curfew', until: isEnd ? until : null, neverEnds, file, line: rule.line };
}

function failedHosts(queue: MailQueue, { hostStates }: ExplanationParts, now: MonoMs): FailedHost[] {
  return queue.candidates.flatMap((candidate) => {
    const { host, address } = candidate;
    const failure = hostStates.failure(queue.binding, address, now, protectionTowards(queue.settings, candidate));
    return failure === null ? [] : [{ host, address, reason: failure.reason, failedAgoMs: now - failure.since }];
  });
}

/** Those with the most connections first. */
export function holdersOf(
  counters: ReadonlySet<CounterIndex>,
  connections: Iterable<OutboundConnection>,
  most = HOLDERS_MAX,
): Holder[] {
  const countsByQueue = new Map<MailQueue, number>();
  for (const { queue, claim } of connections) {
    if (!claim.counters.some((counter) => counters.has(counter))) continue;
    countsByQueue.set(queue, (countsByQueue.get(queue) ?? 0) + 1);
  }
  return [...countsByQueue]
    .sort((a, b) => b[1] - a[1])
    .slice(0, most)
    .map(([{ binding, domain }, count]) => ({ binding, domain, connections: count }));
}

// ---- limits

/** Every limit that a connection of the queue would have to find room below, as far as its hosts are known. */
function limitsOf(queue: MailQueue, parts: ExplanationParts): LimitUse[] {
  const { node, nodeLimits } = parts;
  const { binding, domain, settings } = queue;
  const subject = { binding, domain };
  const found = [
    useOf(queue.pairCounter, settings.maxOutboundConnections, subject, parts),
    useOf(node.total, nodeLimits.total, subject, parts),
    useOf(node.descriptors, nodeLimits.descriptors, subject, parts),
  ];
  const rest = [{ counter: queue.bindingCounter, limit: settings.bindingConnections }, ...queue.scopeCounters];
  for (const { counter, limit } of rest) if (limit !== NO_LIMIT) found.push(useOf(counter, limit, subject, parts));
  for (const candidate of queue.candidates) {
    const { host, address } = candidate;
    for (const { counter, limit } of queue.hostCounters.get(candidate) ?? []) {
      if (limit !== NO_LIMIT) found.push(useOf(counter, limit, { ...subject, host, address }, parts));
    }
  }
  return found.filter(({ counter }, index) => found.findIndex((other) => other.counter === counter) === index);
}

// ---- throttles

/** What its connections and messages take tokens of, as far as its hosts are known. */
function throttlesOf(queue: MailQueue, now: MonoMs): ThrottleUse[] {
  const ofHosts = queue.candidates.flatMap((candidate) => queue.hostThrottles.get(candidate) ?? []);
  const all = [queue.throttles, ...ofHosts].flatMap(({ connections, messages }) => [...connections, ...messages]);
  return [...new Set(all)].map((throttle) => throttleUse(throttle, now)).sort(byRoom);
}

function throttleUse({ value, window }: SharedThrottle, now: MonoMs): ThrottleUse {
  const free = window.free(now);
  return { value, free, untilMs: free > 0 ? 0 : Math.max(0, window.recoversAt(now) - now) };
}

/** That which gives a token last, or has the fewest left, comes first. */
export const byRoom = (a: ThrottleUse, b: ThrottleUse): number => b.untilMs - a.untilMs || a.free - b.free;

// ---- one limit

function useOf(
  counter: CounterIndex,
  limit: Limit,
  subject: LimitSubject,
  { configuration, ledger }: ExplanationParts,
): LimitUse {
  const key = ledger.keyOf(counter);
  const { option, setBy } = limitOrigin(configuration, key, limit, subject);
  return {
    counter,
    option: option?.display ?? 'file descriptors',
    counts: countsOf(key, subject, setBy),
    limit,
    open: ledger.open(counter),
    peak: ledger.peak(counter),
    setBy: option === null ? 'system' : setBy,
  };
}

/** What a counter counts, in words. */
function countsOf(key: string, { binding, domain, host, address }: LimitSubject, setBy: SetBy): string {
  const [kind] = key.split(' ', 1);
  switch (kind) {
    case 'node':
      return 'all connections';
    case 'descriptors':
      return 'all connections in and out';
    case 'pair':
      return `binding "${binding}" to ${domain}`;
    case 'binding':
      return `all of binding "${binding}"`;
    case 'address':
      return `binding "${binding}" to ${host} [${address}]`;
    case 'exchanger':
      return 'the host with all its addresses';
    default:
      return `all of ${(setBy === 'default' ? '' : setBy.scope) || 'the server'}`;
  }
}
