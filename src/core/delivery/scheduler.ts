// Decides when which queue opens, keeps and closes connections. It owns the queues, the ledger and the memory of failed
// hosts; it is told of every change (mail, routes, connections, time, configuration) and answers through Actions. The
// promise it keeps: no counter above its limit, and no queue below its allocation target while there is room
// (design decision 26). Every wait has a wake-up: a wait list of the ledger, a timer, or a pending route.
import { assert } from '../base/assert.ts';
import { addMono, type Moment, type MonoMs } from '../base/moment.ts';
import type { Timers } from '../base/timers.ts';
import type { Ledger } from '../limits/ledger.ts';
import { type Failure, NO_CONNECTION, notConnected } from '../mail/disposition.ts';
import { EXPIRED_REPLY, NOT_ATTEMPTED_REPLY } from '../queue/retry-schedule.ts';
import { type Task, withRecipients } from '../queue/task.ts';
import type { Actions } from './actions.ts';
import type { NodeCounters, NodeLimits } from './claims.ts';
import { ConnectionOpener } from './connection-opener.ts';
import { takeExpired } from './expiry.ts';
import { HostOutcomes } from './host-outcomes.ts';
import { HostStates } from './host-states.ts';
import { IdleConnections } from './idle-connections.ts';
import { IdleEviction } from './idle-eviction.ts';
import { mustLeave } from './leave-taking.ts';
import type { MailQueue, QueueWaiter } from './mail-queue.ts';
import { setNextLook } from './next-look.ts';
import type { OutboundConnection } from './outbound-connection.ts';
import { offerRest } from './queue-share.ts';
import { QueueTable } from './queue-table.ts';
import { Reserve } from './reserve.ts';
import { RollUp } from './roll-up.ts';
import type { SchedulerParts } from './scheduler-parts.ts';
import { SiblingConnections, type SlotWatch } from './sibling-connections.ts';
import { BLACKHOLED_REPLY, isOrderedToWait } from './standing-orders.ts';
import { Tokens } from './throttles.ts';
import { Watchdog } from './watchdog.ts';

/** How long nothing is opened after the system refused a connection for want of its own resources. */
const NODE_TROUBLE_PAUSE_MS = 1000;

export class Scheduler {
  readonly queues: QueueTable;
  readonly hostStates = new HostStates();
  readonly #ledger: Ledger;
  readonly #tokens: Tokens;
  readonly #timers: Timers;
  readonly #node: NodeCounters;
  readonly #actions: Actions;
  readonly #reserve: Reserve;
  #ready: MailQueue[] = [];
  readonly #opener: ConnectionOpener;
  readonly #siblings: SiblingConnections;
  readonly watchdog: Watchdog;
  readonly #idle = new IdleConnections();
  readonly #eviction: IdleEviction;
  readonly #hosts: HostOutcomes;
  readonly #rollUp: RollUp | null;
  readonly #slotWatch: SlotWatch | undefined;

  constructor(parts: SchedulerParts) {
    this.#ledger = parts.ledger;
    this.#slotWatch = parts.slotWatch;
    this.#tokens = new Tokens(parts.throttles);
    this.#timers = parts.timers;
    this.#node = parts.node;
    this.#actions = parts.actions;
    this.#reserve = new Reserve(parts.ledger, parts.timers, parts.node);
    this.queues = new QueueTable({
      ...parts,
      curfewOf: parts.curfewOf ?? (() => null),
      wake: (queue) => this.#markReady(queue),
    });
    this.watchdog = new Watchdog({
      timers: parts.timers,
      findRoom: (queue, at) => this.#opener.findRoom(queue, at),
      found: (queue, text) => {
        parts.stalled?.(queue, text);
        this.#stopWaiting(queue);
        this.#markReady(queue);
      },
    });
    this.#eviction = new IdleEviction({
      ledger: parts.ledger,
      idle: this.#idle,
      quit: (connection) => this.#quit(connection),
    });
    this.#siblings = new SiblingConnections({
      ledger: parts.ledger,
      tokens: this.#tokens,
      idle: this.#idle,
      slotWatch: parts.slotWatch,
      claim: (queue, candidate, allocation) => this.#opener.claim(queue, candidate, allocation),
      markReady: (queue) => this.#markReady(queue),
    });
    this.#opener = new ConnectionOpener({
      ...parts,
      tokens: this.#tokens,
      hostStates: this.hostStates,
      queues: this.queues,
      reserve: this.#reserve,
      siblings: this.#siblings,
      idle: this.#idle,
      evictIdle: (claim) => this.#eviction.evict(claim),
      markReady: (queue) => this.#markReady(queue),
    });
    this.#hosts = new HostOutcomes({
      ...parts,
      hostStates: this.hostStates,
      heldByHosts: (binding) => this.#opener.heldByHosts(binding),
      take: (queue, at) => this.#take(queue, at),
      markReady: (queue) => this.#markReady(queue),
    });
    const { rollUp, timers, actions } = parts;
    this.#rollUp = rollUp === undefined ? null : new RollUp(rollUp, timers, actions, (queue) => this.#markReady(queue));
  }

  /** Those in force. */
  get nodeLimits(): NodeLimits {
    return this.#opener.nodeLimits;
  }

  // ---- mail

  /** Mail that wants an attempt now. */
  addActive(queue: MailQueue, task: Task): void {
    queue.active.add(task);
    this.watchdog.note(queue);
    this.#markReady(queue);
  }

  /** Mail that waits until `task.dueAt`. */
  addDelayed(queue: MailQueue, task: Task, at: Moment): void {
    queue.delayed.add(task);
    if (queue.settings.isBlackholed) this.#markReady(queue); // it may come from another queue
    setNextLook(this.#timers, queue, at);
  }

  /** Takes a waiting task out, for the operator; what is on a connection stays there. @returns false when it is not there */
  remove(queue: MailQueue, place: 'active' | 'delayed', task: Task): boolean {
    if (!queue[place].remove(task)) return false;
    this.#markReady(queue);
    return true;
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
    const task = lacking !== null || this.#mustLeave(connection, at) ? undefined : this.#take(queue, at);
    if (task === undefined) {
      if (whileBusy) return 'idle';
      if (this.#opener.mayOpen && this.#siblings.handOver(connection, at)) return this.next(connection, at, false);
      const { idleTimeoutMs } = queue.settings;
      if (
        this.#mustLeave(connection, at, lacking !== null) ||
        idleTimeoutMs === 0 ||
        this.#tokens.isLongWithout(lacking, queue, at)
      ) {
        this.#leave(connection);
        return 'leave';
      }
      connection.tokens = null; // there was nothing to send with it
      if (lacking !== null) this.#markReady(queue); // it waits for the token
      this.#idle.add(connection);
      return 'idle';
    }
    if (connection.messageThrottles === null) {
      connection.tokens = null;
    } else if (this.#tokens.takeForMessage(connection, at.mono) !== null) {
      queue.active.add(task);
      return this.next(connection, at, whileBusy);
    }
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

  /** The host answered: it and its domain are in order. @param protection of the session: the key of a TLS policy */
  hostAnswered(connection: OutboundConnection, protection = ''): void {
    this.#hosts.answered(connection, protection);
  }

  /**
   * The address failed to connect or refused us in its banner; it is set aside and the next candidate is tried.
   * @param protection that it failed under; empty when it is to blame whatever is asked of it
   */
  hostFailed(connection: OutboundConnection, reason: string, failure: Failure, at: Moment, protection = ''): void {
    this.#hosts.failed(connection, reason, failure, at, protection);
  }

  /** This machine ended a session there before it was open, which is no failure of the address. */
  hostGivenUp(connection: OutboundConnection, reason: string, at: Moment, protection: string): void {
    this.#hosts.givenUp(connection, reason, at, protection);
  }

  /** The operator says that the hosts of the queue are back: they are tried at once. */
  tryHostsAgain(queue: MailQueue): void {
    this.#hosts.forget(queue);
  }

  /** The system could not give us a socket: nobody's host is to blame, and everything pauses for a moment. */
  nodeTrouble(at: Moment): void {
    this.pause(addMono(at.mono, NODE_TROUBLE_PAUSE_MS));
  }

  /** Opens nothing before `until`. */
  pause(until: MonoMs): void {
    this.#opener.pause(until);
  }

  /** The receiver cannot count the connection any more: its slots are free. */
  closed(connection: OutboundConnection): void {
    const { queue } = connection;
    this.#idle.remove(connection);
    queue.removeConnection(connection);
    if (connection.state === 'leaving') queue.leaving -= 1;
    if (queue.hasNoConnection) this.#ledger.rerank(queue);
    this.#slotWatch?.hold?.(); // until that is told
    this.#ledger.release(connection.claim, connection.state === 'leaving');
    this.#eviction.noteReturned(connection.claim);
    this.#markReady(queue);
  }

  // ---- routes, configuration, end

  routeReady(queue: MailQueue): void {
    if (queue.hold?.kind === 'resolving' || queue.hold?.kind === 'nameServiceDown') queue.hold = null;
    this.#markReady(queue);
  }

  /** What was to be reserved for throttles is on stable storage, or could not be put there. */
  throttlesWritten(isDurable: boolean, at: Moment): void {
    this.#tokens.table.written(isDurable, at.mono);
  }

  /** Takes new settings into force: all queues resolve again, surplus connections go (design decision 7). */
  reconfigure(nodeLimits: NodeLimits, at: Moment): void {
    this.#opener.nodeLimits = nodeLimits;
    this.#ledger.setUniversalLimit(this.#node.total, nodeLimits.total);
    this.#ledger.setUniversalLimit(this.#node.descriptors, nodeLimits.descriptors);
    this.#reserve.disarm();
    for (const queue of this.queues.values()) this.#stopWaiting(queue);
    this.#tokens.table.forget(at.mono);
    this.#slotWatch?.hold?.(); // until that is told
    for (const queue of this.queues.values()) {
      const { candidates, settings: former } = queue;
      this.queues.resettle(queue);
      if (queue.settings.hostFailureRetryMs < former.hostFailureRetryMs) this.#hosts.shorten(queue, candidates);
      for (const connection of queue.connections) {
        const claim = this.#opener.claim(queue, connection.candidate, connection.allocation);
        this.#ledger.exchange(connection.claim, claim, connection.state === 'leaving');
        connection.claim = claim;
        this.#tokens.settle(connection);
        connection.compareSettings();
        // Nobody has answered yet, and perhaps nobody will: what it was to connect to is not wanted any more.
        if (connection.isOutdated && connection.state === 'connecting' && !connection.isEstablished)
          this.#quit(connection);
      }
      this.#markReady(queue);
    }
    for (const connection of this.#idle.newestFirst()) {
      if (this.#mustLeave(connection, at)) this.#quit(connection);
    }
  }

  /** The wall clock was set: what any queue waits for, or has begun, may be another thing by the new time. */
  lookAgain(): void {
    for (const queue of this.queues.values()) if (queue.idleSince === null) this.#markReady(queue);
  }

  /** Opens nothing any more; idle connections go now, busy ones after their message. */
  stop(): void {
    this.#opener.stop();
    for (const connection of this.#idle.newestFirst()) this.#quit(connection);
  }

  /**
   * Lets every queue that may have something to do do it. Called once at the end of every event. Those who wait come before
   * those who only now want something, such as another connection in place of the one whose slot has come back.
   */
  run(at: Moment): void {
    this.#eviction.noteWanted(this.#ledger.poll());
    this.#tokens.table.poll();
    for (;;) {
      const { mayOpen } = this.#opener;
      const waiter = (mayOpen ? this.#ledger.nextEligible() : null) ?? this.#tokens.table.nextEligible(at.mono);
      if (waiter !== null) this.#maintain((waiter as QueueWaiter).queue, at);
      else if (this.#ready.length > 0) this.#maintainReady(at);
      else if (this.#reserve.takeDue(this.nodeLimits, at.mono)) {
        if (mayOpen) this.#sweepReserve(at);
      } else if (!this.#eviction.evictNoted() && !this.watchdog.look(at)) break;
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
      if (!this.#reserve.hasRoom(this.nodeLimits)) return;
      this.#ledger.stopWaiting(queue);
      this.#opener.openUpToTarget(queue, at, 'reserve');
      this.#markReady(queue);
    }
  }

  // ---- one queue

  #maintain(queue: MailQueue, at: Moment): void {
    queue.moveDue(at.wall);
    if (queue.settings.isBlackholed) this.#disposeOfAll(queue);
    if (queue.settings.neverAttemptExpired) this.#expire(queue, at);
    if (isOrderedToWait(queue, at)) this.#holdBack(queue);
    if (this.#rollUp?.move(queue, at) === true) {
      this.#stopWaiting(queue);
      if (this.#ledger.isShared) offerRest(this.#ledger, queue);
      return;
    }
    if (queue.tryHostsAt !== null && at.mono >= queue.tryHostsAt) {
      queue.tryHostsAt = null;
      this.#ledger.stopWaiting(queue);
    }
    this.#useIdle(queue, at);
    if (queue.active.size > 0) this.#opener.openUpToTarget(queue, at, 'ordinary');
    this.#useIdle(queue, at); // what siblings had
    if (queue.active.size > 0 && queue.idle.length > 0) this.#tokens.awaitForMessages(queue, at);
    if (queue.hold?.kind === 'throttled' && !queue.awaitsToken) queue.hold = null;
    if (queue.active.size > 0) this.#expire(queue, at);
    if (queue.active.size === 0) this.#stopWanting(queue);
    if (this.#ledger.isShared) offerRest(this.#ledger, queue);
    setNextLook(this.#timers, queue, at);
    this.watchdog.note(queue);
    if (!queue.isEmpty) return;
    this.#opener.forget(queue);
    this.queues.rest(queue, at.mono);
  }

  #useIdle(queue: MailQueue, at: Moment): void {
    while (queue.active.size > 0 && queue.idle.length > 0) {
      const connection = this.#tokens.idleWithTokens(queue, at);
      if (connection === undefined) return;
      this.#idle.remove(connection);
      connection.state = 'busy';
      connection.quantumMessages = 0;
      this.#actions.resume(connection);
    }
  }

  #expire(queue: MailQueue, at: Moment): void {
    const reply = queue.settings.neverAttemptExpired ? NOT_ATTEMPTED_REPLY : EXPIRED_REPLY;
    for (const task of takeExpired(queue, at)) this.#failWithoutConnection(queue, task, reply);
  }

  /** What is on a connection stays there. */
  #disposeOfAll(queue: MailQueue): void {
    for (const place of [queue.active, queue.delayed]) {
      for (let left = place.size; left > 0; left--) this.#failWithoutConnection(queue, place.take()!, BLACKHOLED_REPLY);
    }
  }

  /** The queue sends nothing for now: it waits for nobody's room, and keeps nobody's. */
  #holdBack(queue: MailQueue): void {
    this.#stopWaiting(queue);
    for (const connection of [...queue.idle]) this.#quit(connection);
  }

  #stopWanting(queue: MailQueue): void {
    this.#stopWaiting(queue);
    queue.wantNothing();
  }

  /** The queue and its connections wait for nothing any more. */
  #stopWaiting(queue: MailQueue): void {
    if (queue.isWaiting) for (const waiter of queue.waiters) this.#ledger.stopWaiting(waiter);
  }

  #failWithoutConnection(queue: MailQueue, task: Task, reply: string): void {
    this.#actions.attemptFailed(queue, task, notConnected(reply), NO_CONNECTION);
  }

  /** The oldest task, cut to max_recipients_per_batch; the rest goes back to the head. */
  #take(queue: MailQueue, at: Moment): Task | undefined {
    if (isOrderedToWait(queue, at)) return undefined;
    if (queue.settings.neverAttemptExpired) this.#expire(queue, at);
    const task = queue.active.take();
    if (task === undefined) return undefined;
    const most = Math.max(1, queue.settings.maxRecipientsPerBatch);
    if (task.recipients.length <= most) return task;
    queue.active.add(withRecipients(task, task.recipients.slice(most)));
    this.#markReady(queue); // one task has become two, so the queue may want one connection more
    return withRecipients(task, task.recipients.slice(0, most));
  }

  #mustLeave(connection: OutboundConnection, at: Moment, isThrottled = false): boolean {
    return this.#opener.isStopping || mustLeave(connection, this.#ledger, at, isThrottled);
  }

  #leave(connection: OutboundConnection): void {
    this.#idle.remove(connection);
    if (connection.tokens !== null) this.#tokens.keep(connection);
    connection.queue.leaving += 1;
    connection.state = 'leaving';
    this.#ledger.startLeaving(connection.claim);
    this.#markReady(connection.queue); // where there is room another may open before this one is gone
  }

  #quit(connection: OutboundConnection): void {
    this.#leave(connection);
    this.#actions.quit(connection);
  }

  #markReady(queue: MailQueue): void {
    if (queue.isReady) return;
    queue.isReady = true;
    this.#ready.push(queue);
  }

  /** For checks: nothing is open, waiting to be looked at, or on its way. */
  get isAtRest(): boolean {
    const own = this.#ledger.own(this.#node.total);
    assert(this.#idle.size === 0 || own > 0, 'idle connections are counted');
    return this.#ready.length === 0 && own === 0;
  }
}
