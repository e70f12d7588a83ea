// Opens the connections that a queue lacks. Asks what holds the queue as a whole, then the route for hosts, the throttles
// for tokens and the ledger for slots, in that order; whatever it finds missing, the queue waits for or is held by.
import { addMono, type Moment, type MonoMs } from '../base/moment.ts';
import type { Random } from '../base/random.ts';
import { Timer, type Timers } from '../base/timers.ts';
import { ADMITTED, type Claim, type CounterIndex, type Ledger } from '../limits/ledger.ts';
import { NO_CONNECTION, notConnected } from '../mail/disposition.ts';
import type { Candidate, KnownRoute, PartialRoute } from '../mail/hosts.ts';
import type { Actions } from './actions.ts';
import { allocationTarget } from './allocation.ts';
import { type Allocation, claimFor, fullCounter, hostCounters, type NodeCounters, type NodeLimits } from './claims.ts';
import { chooseHost, fewestFailures, type HostChoice } from './host-choice.ts';
import type { HostStates } from './host-states.ts';
import type { IdleConnections } from './idle-connections.ts';
import type { MailQueue } from './mail-queue.ts';
import { awaitPlace, awaitsPlace, ownTarget, shareLimit, tellTasks, waitsInVain, withinShare } from './queue-share.ts';
import type { QueueTable } from './queue-table.ts';
import type { Reserve } from './reserve.ts';
import type { SiblingConnections, SlotWatch } from './sibling-connections.ts';
import { isOrderedToWait, orderToWait } from './standing-orders.ts';
import type { Tokens } from './throttles.ts';

/** Reply of a message whose hosts could all not be connected to in this attempt. */
export const NO_VALID_HOSTS = '451 4.4.1 [internal] No valid hosts (unable to make any connections)';
/** Reply of mail whose hosts could not be reached for connect_timeout_to_delay, or mx_failures_to_delay times each. */
const NO_HOST_REACHED = '421 4.4.0 [internal] no MXs for this domain could be reached at this time';

type RouteToHosts = Extract<KnownRoute, { kind: 'hosts' }> | PartialRoute;

const NO_CLAIM: Claim = { counters: [], limits: [], bounds: [] };
/** Chooses without chance, where nothing comes of the choice. */
const FIRST: Pick<Random, 'below'> = { below: () => 0 };

export interface OpenerParts {
  readonly ledger: Ledger;
  readonly tokens: Tokens;
  readonly timers: Timers;
  readonly random: Random;
  readonly node: NodeCounters;
  readonly nodeLimits: NodeLimits;
  readonly actions: Actions;
  readonly hostStates: HostStates;
  readonly queues: QueueTable;
  readonly reserve: Reserve;
  readonly siblings: SiblingConnections;
  readonly idle: IdleConnections;
  readonly slotWatch?: SlotWatch;
  /** Somebody now waits for a counter of `claim`: idle connections that hold one of those go. */
  evictIdle(claim: Claim): void;
  /** The queue is to be looked at. */
  readonly markReady: (queue: MailQueue) => void;
}

export class ConnectionOpener {
  /** Those in force. */
  nodeLimits: NodeLimits;
  #isStopping = false;
  /** Nothing is opened before then; null = no pause. */
  #pausedUntil: MonoMs | null = null;
  readonly #pauseTimer = new Timer(() => this.#endPause());
  readonly #parts: OpenerParts;
  readonly #ledger: Ledger;
  readonly #tokens: Tokens;
  readonly #actions: Actions;
  /** Queues held up by hosts that are set aside, for when one of these answers to another queue of the binding. */
  readonly #heldByHosts = new Set<MailQueue>();

  constructor(parts: OpenerParts) {
    this.#parts = parts;
    this.#ledger = parts.ledger;
    this.#tokens = parts.tokens;
    this.#actions = parts.actions;
    this.nodeLimits = parts.nodeLimits;
  }

  /** Nothing is opened any more. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Whether anybody may open anything. */
  get mayOpen(): boolean {
    return !this.#isStopping && this.#pausedUntil === null;
  }

  stop(): void {
    this.#isStopping = true;
    this.#ledger.pause(true);
  }

  /** Opens nothing before `until`. */
  pause(until: MonoMs): void {
    if (this.#pausedUntil !== null && this.#pausedUntil >= until) return;
    if (this.mayOpen) this.#ledger.pause(true);
    this.#pausedUntil = until;
    this.#parts.timers.set(this.#pauseTimer, until);
  }

  #endPause(): void {
    this.#pausedUntil = null;
    if (this.mayOpen) this.#ledger.pause(false);
    const { queues, markReady } = this.#parts;
    for (const queue of queues.values()) if (queue.hold?.kind === 'nodeTrouble') markReady(queue);
  }

  /** Queues of a binding that wait until a host may be tried again, or for room at those that are left. */
  *heldByHosts(binding: string): Generator<MailQueue> {
    for (const queue of this.#heldByHosts) if (queue.binding === binding) yield queue;
  }

  /** The queue holds nothing any more. */
  forget(queue: MailQueue): void {
    this.#heldByHosts.delete(queue);
  }

  claim(queue: MailQueue, candidate: Candidate, allocation: Allocation): Claim {
    return claimFor(this.#ledger, queue, candidate, this.#parts.node, this.nodeLimits, allocation);
  }

  /** Why the queue could open a connection now, for people; null when something keeps it from that. Changes nothing. */
  findRoom(queue: MailQueue, at: Moment): string | null {
    const { hold, settings } = queue;
    if (!this.mayOpen || isOrderedToWait(queue, at) || settings.maxOutboundConnections === 0) return null;
    if (hold === null && queue.waits.length === 0) return queue.isReady ? null : 'it waits for nothing';
    switch (hold?.kind) {
      case 'resolving':
      case 'nameServiceDown':
      case 'addressMissing':
        return null; // they end by themselves
      case 'bindingGone':
      case 'suspended':
      case 'curfew':
      case 'nodeTrouble':
        return 'what held it is over';
    }
    if ((hold?.kind === 'hostsDown' || hold?.kind === 'throttled') && hold.until > at.mono) return null;
    const { hostStates } = this.#parts;
    const hasRoom = (candidate: Candidate) => {
      const claim = this.claim(queue, candidate, 'ordinary');
      return (
        this.#ledger.hasRoomInPlaceOf(NO_CLAIM, withinShare(this.#ledger, queue, claim)) &&
        this.#tokens.lackingForHost(queue, candidate, at.mono) === null
      );
    };
    const choice = chooseHost(queue.candidates, queue, hostStates, FIRST, at.mono, hasRoom);
    if (choice.kind !== 'chosen' || this.#tokens.lackingForQueue(queue, at.mono) !== null) return null;
    const { host, address } = choice.candidate;
    return `there is room for a connection to ${host} [${address}]`;
  }

  /** The queue's mail makes no attempt: each task ends with the reply, without a connection. */
  failActive(queue: MailQueue, reply: string): void {
    for (let left = queue.active.size; left > 0; left--) {
      this.#actions.attemptFailed(queue, queue.active.take()!, notConnected(reply), NO_CONNECTION);
    }
  }

  /** Opens what the queue lacks; out of the reserve one connection at most. */
  openUpToTarget(queue: MailQueue, at: Moment, allocation: Allocation): void {
    const { isShared } = this.#ledger;
    if (isShared) tellTasks(this.#ledger, queue);
    if (isShared && waitsInVain(this.#ledger, queue)) this.#ledger.stopWaiting(queue);
    // Who has tokens left from a connection that failed may go on although it waits for others.
    if ((queue.waits.length > 0 && queue.keptTokens.length === 0) || this.#isStopping) return;
    const { settings, hold } = queue;
    queue.hold = null;
    this.#heldByHosts.delete(queue);
    const { maxOutboundConnections, connectionsPerMessage } = settings;
    const target = isShared
      ? ownTarget(queue)
      : allocationTarget(queue.active.size + queue.inFlight, maxOutboundConnections, connectionsPerMessage);
    const isServed = () => queue.connections.size - queue.leaving >= target;
    if (isServed()) {
      if (!queue.awaitsToken) queue.waitsSince = null;
      return;
    }
    queue.waitsSince ??= at.mono;
    const order = orderToWait(queue, at);
    if (order !== null) queue.hold = order;
    else if (this.#pausedUntil !== null) queue.hold = { kind: 'nodeTrouble' };
    else if (settings.bindAddress !== null && !this.#actions.hasLocalAddress(settings.bindAddress)) {
      queue.hold = { kind: 'addressMissing', address: settings.bindAddress };
    }
    const route = queue.hold === null ? this.#actions.routeOf(queue) : null;
    if (route === null || route.kind === 'outage') {
      queue.hold ??= { kind: route === null ? 'resolving' : 'nameServiceDown' };
      this.#ledger.stopWaiting(queue); // a hold ends by itself
    } else if (route.kind === 'unroutable') {
      this.failActive(queue, route.reply);
    } else {
      this.#parts.queues.follow(queue, route.candidates);
      const before = queue.connections.size;
      if (allocation === 'reserve') this.#openOne(queue, route, at, allocation);
      else while (!isServed() && this.#openOne(queue, route, at, allocation));
      if (queue.connections.size === before) this.#tokens.goOnWaiting(queue, hold);
      if (isServed() || (isShared && awaitsPlace(queue) && !queue.hasNoConnection)) queue.waitsSince = null;
    }
  }

  /** Opens one connection, or leaves the queue waiting for what it lacks. */
  #openOne(queue: MailQueue, route: RouteToHosts, at: Moment, allocation: Allocation, looks = 0): boolean {
    const { candidates } = route;
    if (this.#waitsForNode(queue, at, allocation) || this.#waitsForPlace(queue)) return false;
    const fullAt = (candidate: Candidate) => fullCounter(this.#ledger, hostCounters(this.#ledger, queue, candidate));
    const hasRoom = (candidate: Candidate) =>
      fullAt(candidate) === null && this.#tokens.lackingForHost(queue, candidate, at.mono) === null;
    const choice = chooseHost(candidates, queue, this.#parts.hostStates, this.#parts.random, at.mono, hasRoom);
    if (this.#takeIdle(queue, candidates, choice, at)) return true;
    if (choice.kind === 'chosen') {
      const lacking = this.#tokens.lackingForQueue(queue, at.mono);
      if (lacking !== null) {
        this.#tokens.await(queue, queue, lacking, at);
        return false;
      }
      const claim = this.claim(queue, choice.candidate, allocation);
      const asked = withinShare(this.#ledger, queue, claim);
      const { slotWatch } = this.#parts;
      slotWatch?.hold?.();
      const full = this.#ledger.acquire(asked);
      if (full === ADMITTED) {
        const taken = this.#tokens.takeForConnection(queue, choice.candidate, at.mono);
        if (taken.lacking !== null) {
          this.#ledger.release(claim, false);
          slotWatch?.letGo?.();
          if (looks < candidates.length) return this.#openOne(queue, route, at, allocation, looks + 1);
          this.#tokens.await(queue, queue, taken.lacking, at);
          return false;
        }
        const connection = this.#actions.open(queue, choice.candidate, claim, allocation);
        this.#tokens.settle(connection);
        connection.tokens = taken.tokens;
        [{ counter: connection.addressCounter }] = hostCounters(this.#ledger, queue, choice.candidate);
        queue.addConnection(connection);
        // What another waited for may be gone with this slot: then it needs that of an idle connection.
        if (claim.counters.some((one) => this.#ledger.isWaitedFor(one))) this.#parts.evictIdle(claim);
        return true;
      }
      slotWatch?.letGo?.();
      const counter = claim.counters[full]!;
      if (looks < candidates.length && this.#wasTaken(queue, choice.candidate, counter)) {
        return this.#openOne(queue, route, at, allocation, looks + 1);
      }
      if (counter === queue.pairCounter && asked.limits[full]! < claim.limits[full]!) {
        awaitPlace(this.#ledger, queue);
        return false;
      }
      if (counter === this.#parts.node.descriptors) this.#actions.descriptorsExhausted();
      if (counter === this.#parts.node.total) this.#parts.reserve.arm(this.nodeLimits, at.mono);
      this.#ledger.wait(queue, counter, claim.limits[full]!);
      this.#parts.evictIdle(claim);
      return false;
    }
    if (route.kind === 'partial') {
      queue.hold = { kind: 'resolving' }; // one of those to come may be better off
      this.#ledger.stopWaiting(queue);
      return false;
    }
    if (choice.kind === 'allFull') {
      for (const candidate of choice.full) {
        const full = fullAt(candidate);
        const lacking = full === null ? this.#tokens.lackingForHost(queue, candidate, at.mono) : null;
        if (full !== null) {
          this.#ledger.wait(queue, full.counter, full.limit);
          this.#parts.evictIdle(this.claim(queue, candidate, allocation));
        } else if (lacking !== null) {
          this.#tokens.await(queue, queue, lacking, at);
        } else {
          // Another shard has given a slot back since the hosts were looked at.
          this.#ledger.stopWaiting(queue);
          this.#parts.markReady(queue);
          return false;
        }
      }
      if (choice.downUntil !== null) this.#heldByHosts.add(queue);
      queue.tryHostsAt = earlier(choice.downUntil, addMono(at.mono, queue.settings.delayedQueueScanIntervalMs));
      return false;
    }
    this.#ledger.stopWaiting(queue);
    queue.dropKeptTokens(); // with no candidate left they are spent
    if (choice.kind === 'allDown') {
      this.#holdForHosts(queue, candidates, choice.until, at);
      return false;
    }
    // Every candidate is of another address family than the source address: nothing will change by waiting.
    this.failActive(queue, NO_VALID_HOSTS);
    return false;
  }

  /** Another shard took the room that the host was chosen for: another host may have some. */
  #wasTaken(queue: MailQueue, candidate: Candidate, full: CounterIndex): boolean {
    if (!this.#ledger.isShared) return false;
    return hostCounters(this.#ledger, queue, candidate).some(({ counter }) => counter === full);
  }

  /**
   * With the node's total used up, all else that a connection takes need not be looked at: with very many queues that would
   * be most of their cost. Not for queues in trouble, which may find that there is nobody to connect to.
   */
  #waitsForNode(queue: MailQueue, at: Moment, allocation: Allocation): boolean {
    const { node, idle, reserve } = this.#parts;
    const { total } = this.nodeLimits;
    if (allocation !== 'ordinary' || this.#ledger.open(node.total) < total || idle.size > 0) return false;
    if (queue.keptTokens.length > 0 || queue.unreachableSince !== null) return false;
    reserve.arm(this.nodeLimits, at.mono);
    this.#ledger.wait(queue, node.total, total);
    return true;
  }

  /** All parts of the queue together have as many connections as its mail asks for. */
  #waitsForPlace(queue: MailQueue): boolean {
    if (!this.#ledger.isShared) return false;
    const limit = shareLimit(this.#ledger, queue);
    if (limit >= queue.settings.maxOutboundConnections || this.#ledger.hasRoom(queue.pairCounter, limit)) return false;
    awaitPlace(this.#ledger, queue);
    return true;
  }

  /** Rather than opening one, the queue takes a connection to a host no worse that a sibling does not need. */
  #takeIdle(queue: MailQueue, candidates: readonly Candidate[], choice: HostChoice, at: Moment): boolean {
    const { siblings } = this.#parts;
    if (choice.kind === 'allFull') return siblings.takeIdle(queue, choice.full, at);
    if (choice.kind !== 'chosen') return false;
    const { preference } = choice.candidate;
    const others = candidates.filter((one) => one.preference <= preference);
    return siblings.takeIdle(queue, others, at);
  }

  /**
   * All hosts are set aside: the mail stays active until one may be tried again, or is delayed when that takes long or each
   * has failed often.
   */
  #holdForHosts(queue: MailQueue, candidates: readonly Candidate[], until: MonoMs, at: Moment): void {
    queue.hold = { kind: 'hostsDown', until };
    this.#heldByHosts.add(queue);
    const since = queue.unreachableSince;
    if (since === null || !queue.hasNoConnection) return;
    const { connectTimeoutToDelayMs, mxFailuresToDelay } = queue.settings;
    const isLong = at.mono - since >= connectTimeoutToDelayMs;
    const isOften = () => fewestFailures(candidates, queue, this.#parts.hostStates) >= mxFailuresToDelay;
    if (isLong || (mxFailuresToDelay > 0 && isOften())) this.failActive(queue, NO_HOST_REACHED);
  }
}

function earlier(a: MonoMs | null, b: MonoMs): MonoMs {
  return a !== null && a < b ? a : b;
}
