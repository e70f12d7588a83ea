// Decides when which queue opens, keeps and closes connections. It owns the queues, the ledger and the memory of failed
// hosts; it is told of every change (mail, routes, connections, time, configuration) and answers through Actions. The
// promise it keeps: no counter above its limit, and no queue below its allocation target while there is room
// (design decision 26). Every wait has a wake-up: a wait list of the ledger, a timer, or a pending route.
import { assert } from '../base/assert.ts';
import { addMono, type Moment, type MonoMs, monoOf } from '../base/moment.ts';
import type { Random } from '../base/random.ts';
import { Timer, type Timers } from '../base/timers.ts';
import { ADMITTED, type Claim, type Ledger } from '../limits/ledger.ts';
import type { SharedThrottle, ThrottleTable } from '../limits/throttle-table.ts';
import type { Waiter } from '../limits/wait-list.ts';
import { type AttemptSource, type Failure, NO_CONNECTION, notConnected, STAGE } from '../mail/disposition.ts';
import type { Candidate, Route } from '../mail/hosts.ts';
import { EXPIRED_REPLY } from '../queue/retry-schedule.ts';
import { type Task, withRecipients } from '../queue/task.ts';
import { allocationTarget } from './allocation.ts';
import { type Allocation, claimFor, fullCounter, hostCounters, type NodeCounters, type NodeLimits } from './claims.ts';
import { chooseHost } from './host-choice.ts';
import { HostStates } from './host-states.ts';
import type { MailQueue, QueueWaiter } from './mail-queue.ts';
import type { OutboundConnection } from './outbound-connection.ts';
import { QueueTable } from './queue-table.ts';
import { Reserve } from './reserve.ts';
import type { DeliverySettings } from './settings.ts';
import { Tokens } from './throttles.ts';

/** Reply of a message whose hosts could all not be connected to in this attempt. */
export const NO_VALID_HOSTS = '451 4.4.1 [internal] No valid hosts (unable to make any connections)';
/** Reply of mail that waited for connect_timeout_to_delay while no host could be reached. */
export const NO_HOST_REACHED = '421 4.4.0 [internal] no MXs for this domain could be reached at this time';

const QUANTUM_MS = 1000;
const QUANTUM_MESSAGES = 20;
/** How long nothing is opened after the system refused a connection for want of its own resources. */
const NODE_TROUBLE_PAUSE_MS = 1000;

/** What the scheduler has done for it. Called in order; only `resume` calls back at once, with {@link Scheduler.next}. */
export interface Actions {
  /** Connects; the slots of `claim` are taken. */
  open(queue: MailQueue, candidate: Candidate, claim: Claim, allocation: Allocation): OutboundConnection;
  /** Gives an idle connection its next message. */
  resume(connection: OutboundConnection): void;
  /** Says QUIT on an idle connection; it is leaving from now on. */
  quit(connection: OutboundConnection): void;
  /** A task's attempt ended before any session took it; `task` is in no queue any more. */
  attemptFailed(queue: MailQueue, task: Task, failure: Failure, source: AttemptSource): void;
  /** The route to the queue's domain, or null while it is looked up (then {@link Scheduler.routeReady}). */
  routeOf(queue: MailQueue): Route | null;
  hasLocalAddress(address: string): boolean;
  /** A connection was wanted and held back for want of descriptors. */
  descriptorsExhausted(): void;
}

export interface SchedulerParts {
  readonly ledger: Ledger;
  readonly throttles: ThrottleTable;
  readonly timers: Timers;
  readonly random: Random;
  readonly node: NodeCounters;
  readonly actions: Actions;
  readonly settingsOf: (binding: string, domain: string) => DeliverySettings;
  readonly nodeLimits: NodeLimits;
}

export class Scheduler {
  readonly queues: QueueTable;
  readonly hostStates = new HostStates();
  readonly #ledger: Ledger;
  readonly #tokens: Tokens;
  readonly #timers: Timers;
  readonly #random: Random;
  readonly #node: NodeCounters;
  readonly #actions: Actions;
  readonly #reserve: Reserve;
  #nodeLimits: NodeLimits;
  #ready: MailQueue[] = [];
  /** Idle connections, the one idle longest first; the first to go when others need their slots. */
  readonly #idle = new Set<OutboundConnection>();
  readonly #pauseTimer: Timer;
  #pausedUntil: MonoMs | null = null;
  /** Queues whose hosts are all set aside, for when one of these answers to another queue of the binding. */
  readonly #heldByHosts = new Set<MailQueue>();
  #isStopping = false;

  constructor(parts: SchedulerParts) {
    this.#ledger = parts.ledger;
    this.#tokens = new Tokens(parts.throttles);
    this.#timers = parts.timers;
    this.#random = parts.random;
    this.#node = parts.node;
    this.#actions = parts.actions;
    this.#reserve = new Reserve(parts.ledger, parts.timers, parts.node);
    this.#nodeLimits = parts.nodeLimits;
    this.queues = new QueueTable(parts.ledger, parts.throttles, parts.timers, parts.settingsOf, (queue) =>
      this.#markReady(queue),
    );
    this.#pauseTimer = new Timer(() => this.#endPause());
  }

  /** Those in force. */
  get nodeLimits(): NodeLimits {
    return this.#nodeLimits;
  }

  // ---- mail

  /** Mail that wants an attempt now. */
  addActive(queue: MailQueue, task: Task): void {
    queue.active.add(task);
    this.#markReady(queue);
  }

  /** Mail that waits until `task.dueAt`. */
  addDelayed(queue: MailQueue, task: Task, at: Moment): void {
    queue.delayed.add(task);
    this.#setTimer(queue, at);
  }

  /** Delayed mail of the queue is due now. @returns how many messages that were */
  flush(queue: MailQueue): number {
    const messages = queue.delayed.messages;
    for (const task of queue.delayed.takeAll()) queue.active.add(task);
    this.#markReady(queue);
    return messages;
  }

  /** Takes all waiting mail of the queue out, for the operator; what is on a connection stays there. */
  takeAll(queue: MailQueue): readonly Task[] {
    this.#markReady(queue);
    return [...queue.active.takeAll(), ...queue.delayed.takeAll()];
  }

  // ---- connections

  /**
   * What a connection whose session is ready does next: a task to send, or to stay idle, or to leave.
   * `whileBusy` when it is asked before the current message is answered (overlap): then it never leaves or idles here.
   */
  next(connection: OutboundConnection, at: Moment, whileBusy: boolean): Task | 'idle' | 'leave' {
    const { queue } = connection;
    const isThrottled = connection.messageThrottles !== null && queue.active.size > 0;
    const lacking = isThrottled ? this.#tokens.lackingForMessage(connection, at.mono) : null;
    const task = lacking !== null || this.#mustLeave(connection, at) ? undefined : this.#take(queue);
    if (task === undefined) {
      if (whileBusy) return 'idle';
      const { idleTimeoutMs } = queue.settings;
      if (
        this.#mustLeave(connection, at, lacking !== null) ||
        idleTimeoutMs === 0 ||
        this.#isLong(lacking, queue, at)
      ) {
        this.#leave(connection);
        return 'leave';
      }
      connection.tokens = null; // there was nothing to send with it
      connection.state = 'idle';
      if (lacking !== null) this.#markReady(queue); // it waits for the token
      queue.idle.push(connection);
      this.#idle.add(connection);
      return 'idle';
    }
    if (connection.messageThrottles !== null) this.#tokens.takeForMessage(connection, at.mono);
    else connection.tokens = null;
    connection.state = 'busy';
    connection.deliveries += 1;
    if (connection.quantumMessages === 0) connection.quantumStartedAt = at.mono;
    connection.quantumMessages += 1;
    queue.countInFlight(1, task.recipients.length);
    return task;
  }

  /** A task that `next` gave out came to its end. `wasDelivered` when at least one recipient was accepted. */
  taskEnded(connection: OutboundConnection, task: Task, wasDelivered: boolean): void {
    const { queue } = connection;
    if (!wasDelivered) connection.deliveries -= 1;
    queue.countInFlight(-1, -task.recipients.length);
    this.#markReady(queue);
  }

  /** The idle timeout of a connection passed, or the peer said it goes, or the engine gives it up. */
  startLeaving(connection: OutboundConnection): void {
    if (connection.state !== 'leaving') this.#leave(connection);
  }

  /** The host answered: it and its domain are in order. */
  hostAnswered(connection: OutboundConnection): void {
    const { queue, candidate } = connection;
    if (this.hostStates.succeed(queue.binding, candidate.address)) {
      // The queue may have held its mail because of that failure, or wait for room at the hosts that were left.
      this.#ledger.stopWaiting(queue);
      queue.tryHostsAt = null;
      this.#markReady(queue);
      for (const held of this.#heldByHosts) if (held.binding === queue.binding) this.#markReady(held);
    }
    queue.unreachableSince = null;
    queue.consecutiveFailures = 0;
  }

  /** The address failed to connect or refused us in its banner; it is set aside and the next candidate is tried. */
  hostFailed(connection: OutboundConnection, reason: string, failure: Failure, at: Moment): void {
    const { queue, candidate } = connection;
    this.hostStates.fail(queue.binding, candidate.address, reason, at.mono, queue.settings.hostFailureRetryMs);
    queue.consecutiveFailures += 1;
    queue.unreachableSince ??= at.mono;
    this.#hostAttemptFailed(queue, connection, failure, at);
  }

  /** The system could not give us a socket: nobody's host is to blame, and everything pauses for a moment. */
  nodeTrouble(at: Moment): void {
    this.pause(addMono(at.mono, NODE_TROUBLE_PAUSE_MS));
  }

  /** Opens nothing before `until`. */
  pause(until: MonoMs): void {
    if (this.#pausedUntil !== null && this.#pausedUntil >= until) return;
    this.#pausedUntil = until;
    this.#timers.set(this.#pauseTimer, until);
  }

  /** The receiver cannot count the connection any more: its slots are free. */
  closed(connection: OutboundConnection): void {
    const { queue } = connection;
    this.#forgetIdle(connection);
    queue.connections.delete(connection);
    if (connection.state === 'leaving') queue.leaving -= 1;
    if (queue.hasNoConnection) this.#ledger.rerank(queue);
    this.#ledger.release(connection.claim, connection.state === 'leaving');
    this.#markReady(queue);
  }

  // ---- routes, configuration, end

  routeReady(queue: MailQueue): void {
    if (queue.hold?.kind === 'resolving') queue.hold = null;
    this.#markReady(queue);
  }

  /** What was to be reserved for throttles is on stable storage, or could not be put there. */
  throttlesWritten(isDurable: boolean, at: Moment): void {
    this.#tokens.table.written(isDurable, at.mono);
  }

  /** Takes new settings into force: all queues resolve again, surplus connections go (design decision 7). */
  reconfigure(nodeLimits: NodeLimits, at: Moment): void {
    this.#nodeLimits = nodeLimits;
    this.#ledger.setUniversalLimit(this.#node.total, nodeLimits.total);
    this.#ledger.setUniversalLimit(this.#node.descriptors, nodeLimits.descriptors);
    this.#reserve.disarm();
    for (const queue of this.queues.values()) this.#stopWaiting(queue);
    this.#tokens.table.forget(at.mono);
    for (const queue of this.queues.values()) {
      this.queues.resettle(queue);
      for (const connection of queue.connections) {
        const claim = this.#claim(queue, connection.candidate, connection.allocation);
        this.#ledger.exchange(connection.claim, claim, connection.state === 'leaving');
        connection.claim = claim;
        this.#tokens.settle(connection);
      }
      this.#markReady(queue);
    }
    for (const connection of [...this.#idle].reverse()) {
      if (this.#mustLeave(connection, at)) this.#quitIdle(connection);
    }
  }

  /** Opens nothing any more; idle connections go now, busy ones after their message. */
  stop(): void {
    this.#isStopping = true;
    for (const connection of [...this.#idle]) this.#quitIdle(connection);
  }

  /**
   * Lets every queue that may have something to do do it. Called once at the end of every event. Those who wait come before
   * those who only now want something, such as another connection in place of the one whose slot has come back.
   */
  run(at: Moment): void {
    for (;;) {
      const mayOpen = !this.#isStopping && this.#pausedUntil === null;
      const waiter = (mayOpen ? this.#ledger.nextEligible() : null) ?? this.#tokens.table.nextEligible(at.mono);
      if (waiter !== null) this.#maintain((waiter as QueueWaiter).queue, at);
      else if (this.#ready.length > 0) this.#maintainReady(at);
      else if (!this.#reserve.takeDue(this.#nodeLimits, at.mono)) break;
      else if (mayOpen) this.#sweepReserve(at);
    }
    this.#tokens.table.write(at);
  }

  #maintainReady(at: Moment): void {
    const ready = this.#ready;
    this.#ready = [];
    for (const queue of ready) {
      queue.isReady = false;
      this.#maintain(queue, at);
    }
  }

  /** Queues that the node's total keeps from any connection get one each, as far as the reserve goes. */
  #sweepReserve(at: Moment): void {
    for (const queue of this.#reserve.starving()) {
      if (!this.#reserve.hasRoom(this.#nodeLimits)) return;
      this.#ledger.stopWaiting(queue);
      this.#openUpToTarget(queue, at, 'reserve');
      this.#markReady(queue);
    }
  }

  // ---- one queue

  #maintain(queue: MailQueue, at: Moment): void {
    for (let task = queue.delayed.takeDue(at.wall); task !== undefined; task = queue.delayed.takeDue(at.wall)) {
      queue.active.add(task);
    }
    if (queue.tryHostsAt !== null && at.mono >= queue.tryHostsAt) {
      queue.tryHostsAt = null;
      this.#ledger.stopWaiting(queue);
    }
    while (queue.active.size > 0 && queue.idle.length > 0 && !queue.settings.suspendDelivery) {
      const connection = this.#idleWithToken(queue, at);
      if (connection === undefined) break;
      this.#forgetIdle(connection);
      connection.state = 'busy';
      connection.quantumMessages = 0;
      this.#actions.resume(connection);
    }
    if (queue.active.size > 0) this.#openUpToTarget(queue, at, 'ordinary');
    if (queue.active.size > 0 && queue.idle.length > 0) this.#awaitMessageTokens(queue, at);
    if (queue.hold?.kind === 'throttled' && !queue.awaitsToken) queue.hold = null;
    if (queue.active.size > 0) this.#expire(queue, at);
    if (queue.active.size === 0) this.#stopWanting(queue);
    this.#setTimer(queue, at);
    if (!queue.isEmpty) return;
    this.#heldByHosts.delete(queue);
    this.queues.rest(queue, at.mono);
  }

  #stopWanting(queue: MailQueue): void {
    this.#stopWaiting(queue);
    queue.keptTokens.length = 0;
    queue.waitsSince = null;
  }

  /** Opens what the queue lacks; out of the reserve one connection at most. */
  #openUpToTarget(queue: MailQueue, at: Moment, allocation: Allocation): void {
    // Who has tokens left from a connection that failed may go on although it waits for others.
    if ((queue.waits.length > 0 && queue.keptTokens.length === 0) || this.#isStopping) return;
    queue.hold = null;
    this.#heldByHosts.delete(queue);
    const { settings } = queue;
    const target = allocationTarget(
      queue.active.size + queue.inFlight,
      settings.maxOutboundConnections,
      settings.connectionsPerMessage,
    );
    const isServed = () => queue.connections.size - queue.leaving >= target;
    if (isServed()) {
      if (!queue.awaitsToken) queue.waitsSince = null;
      return;
    }
    queue.waitsSince ??= at.mono;
    if (!settings.bindingExists) queue.hold = { kind: 'bindingGone' };
    else if (settings.suspendDelivery) queue.hold = { kind: 'suspended' };
    else if (this.#pausedUntil !== null) queue.hold = { kind: 'nodeTrouble' };
    else if (settings.bindAddress !== null && !this.#actions.hasLocalAddress(settings.bindAddress)) {
      queue.hold = { kind: 'addressMissing', address: settings.bindAddress };
    }
    const route = queue.hold === null ? this.#actions.routeOf(queue) : null;
    if (route === null) {
      queue.hold ??= { kind: 'resolving' };
      this.#ledger.stopWaiting(queue); // a hold ends by itself
    } else if (route.kind === 'unroutable') {
      for (const task of queue.active.takeAll()) this.#failWithoutConnection(queue, task, route.reply);
    } else {
      this.queues.follow(queue, route.candidates);
      if (allocation === 'reserve') this.#openOne(queue, route.candidates, at, allocation);
      else while (!isServed() && this.#openOne(queue, route.candidates, at, allocation));
      if (isServed()) queue.waitsSince = null;
    }
  }

  /** Opens one connection, or leaves the queue waiting for what it lacks. */
  #openOne(queue: MailQueue, candidates: readonly Candidate[], at: Moment, allocation: Allocation): boolean {
    const fullAt = (candidate: Candidate) => fullCounter(this.#ledger, hostCounters(this.#ledger, queue, candidate));
    const hasRoom = (candidate: Candidate) =>
      fullAt(candidate) === null && this.#tokens.lackingForHost(queue, candidate, at.mono) === null;
    const choice = chooseHost(candidates, queue, this.hostStates, this.#random, at.mono, hasRoom);
    if (choice.kind === 'chosen') {
      const lacking = this.#tokens.lackingForQueue(queue, at.mono);
      if (lacking !== null) {
        this.#awaitToken(queue, queue, lacking, at);
        return false;
      }
      const claim = this.#claim(queue, choice.candidate, allocation);
      const full = this.#ledger.acquire(claim);
      if (full === ADMITTED) {
        const connection = this.#actions.open(queue, choice.candidate, claim, allocation);
        this.#tokens.takeForConnection(connection, at.mono);
        queue.connections.add(connection);
        return true;
      }
      const counter = claim.counters[full]!;
      if (counter === this.#node.descriptors) this.#actions.descriptorsExhausted();
      if (counter === this.#node.total) this.#reserve.arm(this.#nodeLimits, at.mono);
      this.#ledger.wait(queue, counter, claim.limits[full]!);
      this.#evictIdle(claim);
      return false;
    }
    if (choice.kind === 'allFull') {
      for (const candidate of choice.full) {
        const full = fullAt(candidate);
        if (full === null) {
          this.#awaitToken(queue, queue, this.#tokens.lackingForHost(queue, candidate, at.mono)!, at);
        } else {
          this.#ledger.wait(queue, full.counter, full.limit);
          this.#evictIdle(this.#claim(queue, candidate, allocation));
        }
      }
      queue.tryHostsAt = earlier(choice.downUntil, addMono(at.mono, queue.settings.delayedQueueScanIntervalMs));
      return false;
    }
    this.#ledger.stopWaiting(queue);
    queue.keptTokens.length = 0; // with no candidate left they are spent
    if (choice.kind === 'allDown') {
      this.#holdForHosts(queue, choice.until, at);
      return false;
    }
    // Every candidate is of another address family than the source address: nothing will change by waiting.
    for (const task of queue.active.takeAll()) this.#failWithoutConnection(queue, task, NO_VALID_HOSTS);
    return false;
  }

  /** One of those who wait for the queue waits for a token, and people may know of it. */
  #awaitToken(queue: MailQueue, waiter: Waiter, lacking: SharedThrottle, at: Moment): void {
    const { table } = this.#tokens;
    table.wait(waiter, lacking, at.mono);
    const until = table.recoversAt(lacking, at.mono);
    if (queue.hold !== null && !(queue.hold.kind === 'throttled' && until < queue.hold.until)) return;
    queue.hold = { kind: 'throttled', value: lacking.value, until };
  }

  /** The idle connection used last among those whose next message has its tokens. */
  #idleWithToken(queue: MailQueue, at: Moment): OutboundConnection | undefined {
    for (let index = queue.idle.length - 1; index >= 0; index--) {
      const connection = queue.idle[index]!;
      const lacking = this.#tokens.lackingForMessage(connection, at.mono);
      if (lacking === null) return connection;
      if (queue.throttles.messages.includes(lacking)) return undefined; // it is that of all
    }
    return undefined;
  }

  /** Mail waits beside idle connections: each waits for the throttle that keeps it from sending. */
  #awaitMessageTokens(queue: MailQueue, at: Moment): void {
    if (queue.settings.suspendDelivery) return;
    queue.waitsSince ??= at.mono;
    for (const connection of queue.idle) {
      const lacking = this.#tokens.lackingForMessage(connection, at.mono);
      if (lacking === null) continue;
      this.#awaitToken(queue, queue.messageWaiter, lacking, at);
      if (queue.throttles.messages.includes(lacking)) return;
    }
  }

  /** Whether an idle connection would pass its timeout before there is a token. */
  #isLong(lacking: SharedThrottle | null, queue: MailQueue, at: Moment): boolean {
    if (lacking === null) return false;
    return this.#tokens.table.recoversAt(lacking, at.mono) - at.mono > queue.settings.idleTimeoutMs;
  }

  /** The queue and its connections wait for nothing any more. */
  #stopWaiting(queue: MailQueue): void {
    for (const waiter of queue.waiters) if (waiter.waits.length > 0) this.#ledger.stopWaiting(waiter);
  }

  #claim(queue: MailQueue, candidate: Candidate, allocation: Allocation): Claim {
    return claimFor(this.#ledger, queue, candidate, this.#node, this.#nodeLimits, allocation);
  }

  /** All hosts are set aside: the mail stays active until one may be tried again, or is delayed when that takes long. */
  #holdForHosts(queue: MailQueue, until: MonoMs, at: Moment): void {
    queue.hold = { kind: 'hostsDown', until };
    this.#heldByHosts.add(queue);
    const since = queue.unreachableSince;
    if (since === null || !queue.hasNoConnection) return;
    if (at.mono - since < queue.settings.connectTimeoutToDelayMs) return;
    for (const task of queue.active.takeAll()) this.#failWithoutConnection(queue, task, NO_HOST_REACHED);
  }

  /** A connection that was to be came to nothing. With no host left to try, one message has had its attempt. */
  #hostAttemptFailed(queue: MailQueue, connection: OutboundConnection, failure: Failure, at: Moment): void {
    this.#markReady(queue);
    if ([...queue.connections].some((other) => other !== connection && other.state !== 'leaving')) return;
    const route = this.#actions.routeOf(queue);
    if (route === null || route.kind === 'unroutable') return;
    const isUsable = (candidate: Candidate) =>
      this.hostStates.retryAt(queue.binding, candidate.address, at.mono) === null &&
      candidate.address !== connection.candidate.address;
    if (route.candidates.some(isUsable)) return;
    const task = this.#take(queue);
    if (task === undefined) return;
    const wasConnected = failure.stage !== STAGE.notConnected;
    const source = wasConnected
      ? { connectionId: connection.id, address: connection.candidate.address }
      : NO_CONNECTION;
    this.#actions.attemptFailed(queue, task, failure, source);
  }

  #failWithoutConnection(queue: MailQueue, task: Task, reply: string): void {
    this.#actions.attemptFailed(queue, task, notConnected(reply), NO_CONNECTION);
  }

  /** The oldest task, cut to max_recipients_per_batch; the rest goes back to the head. */
  #take(queue: MailQueue): Task | undefined {
    if (queue.settings.suspendDelivery) return undefined;
    const task = queue.active.take();
    if (task === undefined) return undefined;
    const most = Math.max(1, queue.settings.maxRecipientsPerBatch);
    if (task.recipients.length <= most) return task;
    queue.active.add(withRecipients(task, task.recipients.slice(most)));
    this.#markReady(queue); // one task has become two, so the queue may want one connection more
    return withRecipients(task, task.recipients.slice(0, most));
  }

  /** @param isThrottled there is mail for it, but no token: then others do not wait for the end of its quantum */
  #mustLeave(connection: OutboundConnection, at: Moment, isThrottled = false): boolean {
    const { queue, claim } = connection;
    const { settings } = queue;
    if (this.#isStopping || settings.suspendDelivery || !settings.bindingExists) return true;
    const most = settings.maxDeliveriesPerConnection;
    if (most > 0 && connection.deliveries >= most) return true;
    if (this.#ledger.isSurplus(claim)) return true;
    const hasServedQuantum =
      connection.quantumMessages >= QUANTUM_MESSAGES ||
      (connection.quantumMessages > 0 && at.mono - connection.quantumStartedAt >= QUANTUM_MS);
    if (!hasServedQuantum && queue.active.size > 0 && !isThrottled) return false;
    // Once it has served its quantum it is the next to go, however long after that somebody comes.
    return this.#ledger.isAwaited(claim, queue);
  }

  #leave(connection: OutboundConnection): void {
    this.#forgetIdle(connection);
    if (connection.tokens !== null) this.#tokens.keep(connection);
    connection.queue.leaving += 1;
    connection.state = 'leaving';
    this.#ledger.startLeaving(connection.claim);
    this.#markReady(connection.queue); // where there is room another may open before this one is gone
  }

  #quitIdle(connection: OutboundConnection): void {
    this.#leave(connection);
    this.#actions.quit(connection);
  }

  #forgetIdle(connection: OutboundConnection): void {
    if (!this.#idle.delete(connection)) return;
    const { idle } = connection.queue;
    idle.splice(idle.lastIndexOf(connection), 1);
  }

  /** Somebody now waits for a counter of `claim`: idle connections that hold one of those go, the one idle longest first. */
  #evictIdle(claim: Claim): void {
    for (const connection of this.#idle) {
      if (!connection.claim.counters.some((counter) => claim.counters.includes(counter))) continue;
      if (this.#ledger.isAwaited(connection.claim, connection.queue)) this.#quitIdle(connection);
    }
  }

  /** Active mail that is past its time and that no connection is going to fetch ends here. */
  #expire(queue: MailQueue, at: Moment): void {
    // Those that have no token are not going to fetch it in time.
    const isServed = queue.hold?.kind !== 'throttled' && queue.connections.size > queue.leaving;
    if (isServed || queue.hold?.kind === 'resolving') return;
    for (let task = queue.active.peek(); task !== undefined; task = queue.active.peek()) {
      if (at.wall < task.stored.envelope.receivedAt + queue.settings.messageExpirationMs) return;
      queue.active.take();
      this.#failWithoutConnection(queue, task, EXPIRED_REPLY);
    }
  }

  /** The next moment at which this queue has something to do by itself. */
  #setTimer(queue: MailQueue, at: Moment): void {
    let next = Number.POSITIVE_INFINITY;
    const dueAt = queue.delayed.nextDueAt;
    if (dueAt !== null) next = monoOf(dueAt, at);
    const oldest = queue.active.peek();
    if (oldest !== undefined) {
      const expiresIn = oldest.stored.envelope.receivedAt + queue.settings.messageExpirationMs - at.wall;
      const scan = queue.settings.delayedQueueScanIntervalMs;
      next = Math.min(next, at.mono + (expiresIn > 0 ? expiresIn : scan));
      if (queue.hold?.kind === 'hostsDown') next = Math.min(next, queue.hold.until);
      if (queue.tryHostsAt !== null) next = Math.min(next, queue.tryHostsAt);
      if (queue.hold?.kind === 'addressMissing') next = Math.min(next, at.mono + scan);
    }
    if (next === Number.POSITIVE_INFINITY) this.#timers.clear(queue.timer);
    else this.#timers.set(queue.timer, next as MonoMs);
  }

  #markReady(queue: MailQueue): void {
    if (queue.isReady) return;
    queue.isReady = true;
    this.#ready.push(queue);
  }

  #endPause(): void {
    this.#pausedUntil = null;
    for (const queue of this.queues.values()) if (queue.hold?.kind === 'nodeTrouble') this.#markReady(queue);
  }

  /** For checks: nothing is open, waiting to be looked at, or on its way. */
  get isAtRest(): boolean {
    assert(this.#idle.size === 0 || this.#ledger.open(this.#node.total) > 0, 'idle connections are counted');
    return this.#ready.length === 0 && this.#ledger.open(this.#node.total) === 0;
  }
}

function earlier(a: MonoMs | null, b: MonoMs): MonoMs {
  return a !== null && a < b ? a : b;
}
