// What the console sees of the engine (core/console/server-view.ts): figures and rows made at the call, out of the
// structures that the scheduler works with, and the operator's actions on queues.
import type { Timers } from '../core/base/timers.ts';
import type { Configuration } from '../core/config/configuration.ts';
import { mtaStsDnsCnameMaxDepth } from '../core/config/options/transport-policy-options.ts';
import { type CurfewView, ScheduleView } from '../core/console/curfew-view.ts';
import type { LimitView } from '../core/console/limit-view.ts';
import type {
  ActionOutcome,
  DelayOutcome,
  DelayRequest,
  FailRequest,
  MessageAction,
  MessageDetail,
  MessageText,
  QueueSelection,
  RequeueRequest,
} from '../core/console/mail-view.ts';
import { inPages, type Pages } from '../core/console/pages.ts';
import type { PolicyView } from '../core/console/policy-view.ts';
import type {
  BindingRow,
  DomainDetail,
  DomainRow,
  InboundRow,
  MessageExplanation,
  MessageList,
  OutboundRow,
  QueuedMessage,
  QueueRow,
  ServerView,
  SummaryFigures,
  ThrottleRow,
  WatchdogFigures,
} from '../core/console/server-view.ts';
import type { TlsReportView } from '../core/console/tls-report-view.ts';
import type { TlsCacheView } from '../core/console/tls-view.ts';
import type { TraceView } from '../core/console/trace-view.ts';
import { bindingKey, type NodeCounters } from '../core/delivery/claims.ts';
import type { HostTimesTable } from '../core/delivery/host-times.ts';
import type { MailQueue, QueueWaiter } from '../core/delivery/mail-queue.ts';
import type { OutboundConnection } from '../core/delivery/outbound-connection.ts';
import { explainQueue, type Holder, holdersOf, type QueueExplanation } from '../core/delivery/queue-explanation.ts';
import type { CounterIndex } from '../core/limits/cells.ts';
import type { Ledger } from '../core/limits/ledger.ts';
import type { SharedThrottle, ThrottleTable } from '../core/limits/throttle-table.ts';
import type { WaitList } from '../core/limits/wait-list.ts';
import { STAGE_NAMES } from '../core/mail/disposition.ts';
import type { DomainName } from '../core/mail/domain-name.ts';
import type { MailId } from '../core/mail/ids.ts';
import { mailboxText } from '../core/mail/mailbox.ts';
import type { Task } from '../core/queue/task.ts';
import { DomainDetails } from './domain-details.ts';
import type { Inbound } from './inbound.ts';
import { type Job, Jobs } from './jobs.ts';
import { RunningLimits } from './limit-view.ts';
import type { IndexedSpool } from './message-index.ts';
import { NameInquiries, type NameInquiryParts } from './name-inquiries.ts';
import { OperatorActions, type OperatorParts, selectedQueues } from './operator-actions.ts';
import type { OutboundSession } from './outbound-session.ts';
import { StsView } from './policy-view.ts';
import type { QuietHours } from './quiet-hours.ts';
import type { Place } from './relocation.ts';
import { SingleMessage } from './single-message.ts';
import type { SmtpDialogues } from './smtp-dialogues.ts';
import { ReportsView } from './tls-report-view.ts';
import type { TlsReports } from './tls-reports.ts';

export interface ViewParts extends OperatorParts, Omit<NameInquiryParts, 'nextTurn'> {
  readonly timers: Timers;
  readonly dialogues: SmtpDialogues;
  readonly quietHours: QuietHours;
  readonly spool: IndexedSpool;
  readonly ledger: Ledger;
  readonly throttles: ThrottleTable;
  readonly node: NodeCounters;
  readonly inbound: Inbound;
  readonly hostTimes: HostTimesTable;
  readonly sessions: ReadonlyMap<OutboundConnection, OutboundSession>;
  readonly tlsReports: TlsReports | null;
  readonly tlsCache: TlsCacheView | undefined;
  configuration(): Configuration;
  dnsFigures(): SummaryFigures['dns'];
  resetDnsFigures(): void;
}

/** For who adds up those of several shards. */
const HOLDERS_LISTED = 100;
const NO_TLS_CACHE: TlsCacheView = { contexts: async () => [], flush: async () => {} };

export class EngineView implements ServerView {
  readonly traces: TraceView;
  readonly policies: PolicyView;
  readonly dns: NameInquiries;
  readonly tlsReports: TlsReportView;
  readonly tls: TlsCacheView;
  readonly curfew: CurfewView;
  readonly limits: LimitView;
  readonly #parts: ViewParts;
  readonly #domains: DomainDetails;
  readonly #startedAt: number;
  readonly #jobs: Jobs;
  readonly #actions: OperatorActions;
  readonly #message: SingleMessage;
  #resetAt: number;

  constructor(parts: ViewParts) {
    this.#parts = parts;
    this.traces = parts.dialogues;
    this.policies = new StsView(parts.routes, parts.turns, (domain) => ({
      aliasesMax: parts.configuration().value(mtaStsDnsCnameMaxDepth, { domain }),
    }));
    const nextTurn = () => this.nextTurn();
    this.dns = new NameInquiries({ ...parts, nextTurn });
    this.#domains = new DomainDetails({ ...parts, dug: (domain) => this.dns.dug(domain) });
    this.tlsReports = new ReportsView(parts.tlsReports, this);
    this.tls = parts.tlsCache ?? NO_TLS_CACHE;
    this.curfew = new ScheduleView(() => parts.quietHours.inForce(), this);
    this.limits = new RunningLimits({ ...parts, now: () => parts.turns.clock(), nextTurn });
    this.#jobs = new Jobs(parts.turns, parts.timers);
    this.#actions = new OperatorActions(parts);
    this.#message = new SingleMessage(parts);
    this.#startedAt = parts.turns.now.mono;
    this.#resetAt = this.#startedAt;
  }

  async summary(): Promise<SummaryFigures> {
    const { scheduler, ledger, node, inbound } = this.#parts;
    const at = this.#parts.turns.clock();
    const sum = { active: 0, delayed: 0, inFlight: 0, delivered: 0, failed: 0 };
    for (const counts of scheduler.queues.countsByBinding.values()) {
      sum.active += counts.active;
      sum.delayed += counts.delayed;
      sum.inFlight += counts.inFlight;
      sum.delivered += counts.delivered;
      sum.failed += counts.failed;
    }
    return {
      outboundConnections: ledger.open(node.total),
      inboundConnections: inbound.sessions,
      domains: scheduler.queues.queuesByDomain.size,
      activeMessages: sum.active,
      delayedMessages: sum.delayed,
      totalMessages: sum.active + sum.delayed + sum.inFlight,
      dns: { ...this.#parts.dnsFigures(), limiter: this.#parts.routes.pacer.figures },
      delivered: sum.delivered,
      failed: sum.failed,
      rejected: inbound.rejected,
      received: inbound.received,
      sinceResetSeconds: Math.floor((at.mono - this.#resetAt) / 1000),
      uptimeSeconds: Math.floor((at.mono - this.#startedAt) / 1000),
    };
  }

  async resetSummary(): Promise<void> {
    for (const counts of this.#parts.scheduler.queues.countsByBinding.values()) counts.reset();
    this.#parts.inbound.resetCounts();
    this.#parts.resetDnsFigures();
    this.#parts.routes.pacer.resetFigures();
    this.#resetAt = this.#parts.turns.clock().mono;
  }

  domains(): Pages<DomainRow> {
    return inPages(this.#domains.rows(), this);
  }

  domainsOfBinding(binding: string): Pages<DomainRow> {
    return inPages(this.#domains.rowsOfBinding(binding), this);
  }

  async domain(domain: DomainName): Promise<DomainDetail | null> {
    return this.#domains.detail(domain);
  }

  queues(): Pages<QueueRow> {
    return inPages(this.#queues(), this);
  }

  *#queues(): Iterable<QueueRow> {
    for (const { binding, domain, settings, activeMessages, delayed } of this.#parts.scheduler.queues.values()) {
      yield { group: settings.group, binding, domain, active: activeMessages, delayed: delayed.messages };
    }
  }

  bindings(): Pages<BindingRow> {
    return inPages(this.#bindings(), this);
  }

  *#bindings(): Iterable<BindingRow> {
    const configuration = this.#parts.configuration();
    for (const { name, group } of configuration.bindings()) yield this.#bindingRow(name, group);
    for (const [name, counts] of this.#parts.scheduler.queues.countsByBinding) {
      const holdsMail = counts.active + counts.delayed + counts.inFlight > 0;
      if (holdsMail && !configuration.hasBinding(name)) yield this.#bindingRow(name, null);
    }
  }

  outbound(): Pages<OutboundRow> {
    return inPages(this.#outbound(), this);
  }

  *#outbound(): Iterable<OutboundRow> {
    for (const session of this.#parts.sessions.values()) {
      const { number: id, connection, stage, stageSince } = session;
      const { host, family, address } = connection.candidate;
      const { binding, domain } = connection.queue;
      const stateMs = this.#parts.turns.clock().mono - stageSince;
      const { deliveries } = connection;
      yield { id, host, family, address, binding, domain, state: STAGE_NAMES[stage], stateMs, deliveries };
    }
  }

  inbound(): Pages<InboundRow> {
    return inPages(this.#parts.inbound.rows(), this);
  }

  messages(list: MessageList, limit: number, offset: number): Pages<QueuedMessage> {
    return inPages(this.#messages(list, limit, offset), this);
  }

  *#messages(list: MessageList, limit: number, offset: number): Iterable<QueuedMessage> {
    const queues = selectedQueues(this.#parts.scheduler, list);
    let skip = offset;
    let left = limit;
    for (const place of placesOf(list)) {
      for (const queue of queues) {
        if (skip >= queue[place].messages) {
          skip -= queue[place].messages;
          continue;
        }
        const tasks = queue[place].list();
        for (let at = 0; at < tasks.length; at++) {
          if (skip >= tasks.messagesAt(at)) {
            skip -= tasks.messagesAt(at);
            continue;
          }
          for (const message of queuedMessages(tasks.at(at)!, place, queue.binding)) {
            if (left === 0) return;
            if (skip > 0) skip -= 1;
            else {
              left -= 1;
              yield message;
            }
          }
        }
      }
    }
  }

  async countMessages(list: MessageList): Promise<number> {
    let count = 0;
    for (const queue of selectedQueues(this.#parts.scheduler, list)) {
      for (const place of placesOf(list)) count += queue[place].messages;
    }
    return count;
  }

  async why(binding: string, domain: DomainName): Promise<QueueExplanation | null> {
    const queue = this.#parts.scheduler.queues.find(binding, domain);
    return queue === undefined ? null : this.#explain(queue);
  }

  async holders(counters: readonly CounterIndex[]): Promise<readonly Holder[]> {
    return holdersOf(new Set(counters), this.#parts.sessions.keys(), HOLDERS_LISTED);
  }

  throttles(binding: string | null): Pages<ThrottleRow> {
    return inPages(this.#throttles(binding), this);
  }

  *#throttles(binding: string | null): Iterable<ThrottleRow> {
    const at = this.#parts.turns.clock().mono;
    for (const throttle of binding === null ? this.#parts.throttles.values() : this.#throttlesOf(binding)) {
      const { value, window, waiters } = throttle;
      const [option = '', ...scope] = value.key.split(' ');
      const free = throttle.free(at);
      yield {
        option,
        scope: scope.join(' ') === 'global' ? '' : scope.join(' '),
        count: value.count,
        periodMs: value.periodMs,
        used: value.count - window.free(at),
        nextMs: free > 0 ? 0 : Math.max(0, window.recoversAt(at) - at),
        waiting: waiters.countWithoutConnection + queuesOf(waiters),
        setAt: value.setAt,
      };
    }
  }

  #throttlesOf(binding: string): Iterable<SharedThrottle> {
    const found = new Set<SharedThrottle>();
    for (const queue of this.#parts.scheduler.queues.values()) {
      if (queue.binding !== binding) continue;
      for (const { connections, messages } of [queue.throttles, ...queue.hostThrottles.values()])
        for (const throttle of [...connections, ...messages]) found.add(throttle);
    }
    return found;
  }

  async watchdog(): Promise<WatchdogFigures> {
    const { stalls, watched } = this.#parts.scheduler.watchdog;
    return { stalls, watched };
  }

  whyMessage(id: MailId): Promise<MessageExplanation> {
    return this.#jobs.run(this.#message.why(id, (queue) => this.#explain(queue)));
  }

  #explain(queue: MailQueue): QueueExplanation {
    const { ledger, node, scheduler, sessions } = this.#parts;
    const parts = {
      configuration: this.#parts.configuration(),
      ledger,
      node,
      nodeLimits: scheduler.nodeLimits,
      hostStates: scheduler.hostStates,
      connections: sessions.keys(),
    };
    return explainQueue(queue, parts, this.#parts.turns.clock());
  }

  // ---- the operator's actions

  flush(selection: QueueSelection): Promise<number> {
    return this.#jobs.run(this.#actions.flush(selection));
  }

  failDomain(request: FailRequest): Promise<ActionOutcome> {
    return this.#jobs.run(this.#actions.fail(request));
  }

  delay(request: DelayRequest): Promise<DelayOutcome> {
    return this.#jobs.run(this.#actions.delay(request));
  }

  requeue(request: RequeueRequest): Promise<ActionOutcome> {
    return this.#jobs.run(this.#actions.requeue(request));
  }

  findMessage(id: MailId): Promise<MessageDetail | null> {
    return this.#jobs.run(this.#message.detail(id));
  }

  readMessage(id: MailId): Promise<MessageText | null> {
    return this.#jobs.run(this.#message.text(id));
  }

  retryMessage(id: MailId): Promise<MessageAction> {
    return this.#jobs.run(this.#message.retry(id));
  }

  failMessage(id: MailId, reply: string, quiet: boolean): Promise<MessageAction> {
    return this.#jobs.run(this.#message.fail(id, reply, quiet));
  }

  nextTurn(): Promise<void> {
    return this.#jobs.run(pause());
  }

  #bindingRow(binding: string, group: string | null): BindingRow {
    const counts = this.#parts.scheduler.queues.countsByBinding.get(binding);
    const active = (counts?.active ?? 0) + (counts?.inFlight ?? 0);
    return {
      group,
      binding,
      isGone: !this.#parts.configuration().servesBinding(binding),
      connections: this.#parts.ledger.openOf(bindingKey(binding)),
      active,
      total: active + (counts?.delayed ?? 0),
      delivered: counts?.delivered ?? 0,
      failed: counts?.failed ?? 0,
      received: counts?.received ?? 0,
      // Content is kept in memory up to the first attempt; what is beyond the cap is read back when its turn comes.
      resident: active,
    };
  }
}

function* pause(): Job<void> {
  yield 'nextTurn';
}

const placesOf = ({ queue }: MessageList): readonly Place[] => (queue === null ? ['active', 'delayed'] : [queue]);

function* queuedMessages(task: Task, queue: QueuedMessage['queue'], binding: string): Iterable<QueuedMessage> {
  const { recipients, receivedAt: createdAt } = task.stored.envelope;
  const reversePath = mailboxText(task.stored.envelope.reversePath);
  for (const index of task.recipients) {
    const { messageId: id, mailbox } = recipients[index]!;
    yield { queue, binding, id, createdAt, reversePath, recipient: mailboxText(mailbox) };
  }
}

/**
 * Those in the rank of waiters with a connection. A queue may wait twice: for a connection more, and for a message on one that it
 * has, or had; then it waits itself among those without a connection, or in this rank as well.
 */
function queuesOf(waiters: WaitList): number {
  let count = 0;
  for (const waiter of waiters.withConnection()) {
    const { queue } = waiter as QueueWaiter;
    if (waiter === queue || !queue.waits.some(({ list }) => list === waiters)) count += 1;
  }
  return count;
}
