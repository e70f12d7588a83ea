// What the console sees of the engine (core/console/server-view.ts): figures and rows made at the call, out of the
// structures that the scheduler works with, and the operator's actions on queues.
import type { Timers } from '../core/base/timers.ts';
import type { Configuration } from '../core/config/configuration.ts';
import { mtaStsDnsCnameMaxDepth } from '../core/config/options/transport-policy-options.ts';
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
import type { PolicyView } from '../core/console/policy-view.ts';
import type {
  BindingRow,
  CurfewView,
  DomainDetail,
  DomainRow,
  ExchangerDetail,
  InboundRow,
  MessageExplanation,
  OutboundRow,
  QueuedMessage,
  QueueRow,
  ServerView,
  SummaryFigures,
  ThrottleRow,
  WatchdogFigures,
} from '../core/console/server-view.ts';
import type { TlsReportView } from '../core/console/tls-report-view.ts';
import type { TraceView } from '../core/console/trace-view.ts';
import { bindingKey, type NodeCounters } from '../core/delivery/claims.ts';
import type { HostTimesTable } from '../core/delivery/host-times.ts';
import type { MailQueue, QueueWaiter } from '../core/delivery/mail-queue.ts';
import type { OutboundConnection } from '../core/delivery/outbound-connection.ts';
import { protectionTowards } from '../core/delivery/protection.ts';
import { explainQueue, type QueueExplanation } from '../core/delivery/queue-explanation.ts';
import type { Ledger } from '../core/limits/ledger.ts';
import type { SharedThrottle, ThrottleTable } from '../core/limits/throttle-table.ts';
import type { Waiter } from '../core/limits/wait-list.ts';
import { STAGE_NAMES } from '../core/mail/disposition.ts';
import type { DomainName } from '../core/mail/domain-name.ts';
import type { Candidate } from '../core/mail/hosts.ts';
import type { MailId } from '../core/mail/ids.ts';
import { mailboxText } from '../core/mail/mailbox.ts';
import type { Task } from '../core/queue/task.ts';
import type { Inbound } from './inbound.ts';
import { type Job, Jobs } from './jobs.ts';
import type { IndexedSpool } from './message-index.ts';
import { NameInquiries, type NameInquiryParts } from './name-inquiries.ts';
import { OperatorActions, type OperatorParts, selectedQueues } from './operator-actions.ts';
import type { OutboundSession } from './outbound-session.ts';
import { StsView } from './policy-view.ts';
import type { QuietHours } from './quiet-hours.ts';
import type { RoutedMail } from './routes.ts';
import { SingleMessage } from './single-message.ts';
import type { SmtpDialogues } from './smtp-dialogues.ts';

export interface ViewParts extends OperatorParts, NameInquiryParts {
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
  readonly tlsReports: TlsReportView | null;
  configuration(): Configuration;
  dnsFigures(): SummaryFigures['dns'];
  resetDnsFigures(): void;
}

/** How many other queues are looked at for domains that share an address. */
const SHARING_LOOKS_MAX = 1000;
const SHARING_ROWS_MAX = 4;

export class EngineView implements ServerView {
  readonly traces: TraceView;
  readonly policies: PolicyView;
  readonly dns: NameInquiries;
  readonly tlsReports: TlsReportView | null;
  readonly #parts: ViewParts;
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
    this.dns = new NameInquiries(parts);
    this.tlsReports = parts.tlsReports;
    this.#jobs = new Jobs(parts.turns, parts.timers);
    this.#actions = new OperatorActions(parts);
    this.#message = new SingleMessage(parts);
    this.#startedAt = parts.turns.now.mono;
    this.#resetAt = this.#startedAt;
  }

  summary(): SummaryFigures {
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

  resetSummary(): void {
    for (const counts of this.#parts.scheduler.queues.countsByBinding.values()) counts.reset();
    this.#parts.inbound.resetCounts();
    this.#parts.resetDnsFigures();
    this.#parts.routes.pacer.resetFigures();
    this.#resetAt = this.#parts.turns.clock().mono;
  }

  *domains(): Iterable<DomainRow> {
    for (const [domain, queues] of this.#parts.scheduler.queues.queuesByDomain) yield domainRow(domain, queues);
  }

  *domainsOfBinding(binding: string): Iterable<DomainRow> {
    for (const queue of this.#parts.scheduler.queues.values()) {
      if (queue.binding === binding) yield domainRow(queue.domain, [queue]);
    }
  }

  domain(domain: DomainName): DomainDetail | null {
    const queues = this.#parts.scheduler.queues.queuesByDomain.get(domain) ?? [];
    const at = this.#parts.turns.clock();
    const [first, ...others] = queues;
    // Bindings may differ in routes and gateway; the queue with the most to do is the one that is asked about. Without
    // mail there is what `dig` looked up.
    const shown =
      first === undefined
        ? this.dns.dug(domain)
        : others.reduce((best, queue) => (isBusier(queue, best) ? queue : best), first);
    if (shown === null) return null;
    const inspected = this.#parts.routes.inspect(shown, at);
    const isKnown = inspected !== null && (inspected.route !== null || inspected.isBeingLookedUp);
    if (first === undefined && !isKnown) return null;
    const route = inspected?.route ?? null;
    const ttlSeconds = Math.ceil((inspected?.ttlMs ?? 0) / 1000);
    const sum = domainRow(domain, queues);
    return {
      domain,
      exchangers: route?.kind === 'hosts' ? this.#exchangers(shown, queues, route.candidates, ttlSeconds) : [],
      unroutable: route?.kind === 'unroutable' ? route.reply : null,
      ttlSeconds,
      consecutiveFailures: Math.max(0, ...queues.map((queue) => queue.consecutiveFailures)),
      active: sum.active,
      delayed: sum.delayed,
      delivered: sum.delivered,
      failed: queues.reduce((failed, queue) => failed + queue.failed, 0),
      sessions: queues.flatMap((queue) =>
        Array.from(queue.connections, (connection) => {
          const session = this.#parts.sessions.get(connection)!;
          const { address } = connection.candidate;
          const stage = STAGE_NAMES[session.stage];
          return { id: session.number, address, stage, stageMs: at.mono - session.stageSince };
        }),
      ),
    };
  }

  *queues(): Iterable<QueueRow> {
    for (const { binding, domain, settings, activeMessages, delayed } of this.#parts.scheduler.queues.values()) {
      yield { group: settings.group, binding, domain, active: activeMessages, delayed: delayed.messages };
    }
  }

  *bindings(): Iterable<BindingRow> {
    const configuration = this.#parts.configuration();
    for (const { name, group } of configuration.bindings()) yield this.#bindingRow(name, group);
    for (const [name, counts] of this.#parts.scheduler.queues.countsByBinding) {
      const holdsMail = counts.active + counts.delayed + counts.inFlight > 0;
      if (holdsMail && !configuration.hasBinding(name)) yield this.#bindingRow(name, null);
    }
  }

  *outbound(): Iterable<OutboundRow> {
    for (const session of this.#parts.sessions.values()) {
      const { number: id, connection, stage, stageSince } = session;
      const { host, family, address } = connection.candidate;
      const { binding, domain } = connection.queue;
      const stateMs = this.#parts.turns.clock().mono - stageSince;
      const { deliveries } = connection;
      yield { id, host, family, address, binding, domain, state: STAGE_NAMES[stage], stateMs, deliveries };
    }
  }

  inbound(): Iterable<InboundRow> {
    return this.#parts.inbound.rows();
  }

  *messages(selection: QueueSelection & { readonly domain: DomainName }, limit: number, offset: number) {
    const queues = selectedQueues(this.#parts.scheduler, selection);
    let skip = offset;
    let left = limit;
    for (const kind of ['active', 'delayed'] as const) {
      for (const queue of queues) {
        for (const task of queue[kind].list()) {
          for (const message of queuedMessages(task, kind, queue.binding)) {
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

  why(binding: string, domain: DomainName): QueueExplanation | null {
    const queue = this.#parts.scheduler.queues.find(binding, domain);
    return queue === undefined ? null : this.#explain(queue);
  }

  *throttles(binding: string | null): Iterable<ThrottleRow> {
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
        waiting: waiters.countWithoutConnection + queuesOf(waiters.withConnection()),
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

  curfew(): CurfewView | null {
    return this.#parts.quietHours.view();
  }

  watchdog(): WatchdogFigures {
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

  /** @param queues all those of the domain: each binding remembers failures by itself */
  #exchangers(
    shown: RoutedMail,
    queues: readonly MailQueue[],
    candidates: readonly Candidate[],
    ttlSeconds: number,
  ): ExchangerDetail[] {
    const { scheduler, hostTimes } = this.#parts;
    const { mono } = this.#parts.turns.clock();
    const failureOf = ({ binding, settings }: RoutedMail, candidate: Candidate) =>
      scheduler.hostStates.failure(binding, candidate.address, mono, protectionTowards(settings, candidate));
    const next = candidates.find((candidate) => failureOf(shown, candidate) === null);
    const exchangers = new Map<string, ExchangerDetail & { addresses: ExchangerDetail['addresses'][number][] }>();
    for (const candidate of candidates) {
      const { host, preference, address, family } = candidate;
      const key = `${preference} ${host}`;
      const exchanger = exchangers.get(key) ?? { host, preference, ttlSeconds, addresses: [] };
      exchangers.set(key, exchanger);
      const failures = queues.flatMap((queue) => {
        const failure = failureOf(queue, candidate);
        return failure === null ? [] : [{ binding: queue.binding, since: failure.since }];
      });
      const { connectMs, deliverMs } = hostTimes.peek(address);
      exchanger.addresses.push({
        address,
        family,
        connectMs,
        deliverMs,
        failedAgoMs: failures.length === 0 ? null : mono - Math.max(...failures.map(({ since }) => since)),
        setAsideBy: failures.length === queues.length ? [] : failures.map(({ binding }) => binding),
        isNext: candidate === next,
        alsoUsedBy: this.#othersAt(address, shown.domain),
      });
    }
    return [...exchangers.values()];
  }

  /** Other domains whose mail may go to an address, as far as a bounded look finds them. */
  #othersAt(address: string, domain: DomainName): { domain: DomainName; preference: number }[] {
    const { scheduler, routes, turns } = this.#parts;
    const found: { domain: DomainName; preference: number }[] = [];
    let looks = 0;
    for (const [other, [queue]] of scheduler.queues.queuesByDomain) {
      if (++looks > SHARING_LOOKS_MAX || found.length === SHARING_ROWS_MAX) break;
      if (other === domain || queue === undefined) continue;
      const route = routes.inspect(queue, turns.clock())?.route;
      const same = route?.kind === 'hosts' ? route.candidates.find((one) => one.address === address) : undefined;
      if (same !== undefined) found.push({ domain: other, preference: same.preference });
    }
    return found;
  }
}

function* pause(): Job<void> {
  yield 'nextTurn';
}

function domainRow(domain: DomainName, queues: readonly MailQueue[]): DomainRow {
  const row = { domain, connections: 0, active: 0, delayed: 0, delivered: 0 };
  for (const queue of queues) {
    row.connections += queue.connections.size;
    row.active += queue.activeMessages;
    row.delayed += queue.delayed.messages;
    row.delivered += queue.delivered;
  }
  return row;
}

function* queuedMessages(task: Task, queue: QueuedMessage['queue'], binding: string): Iterable<QueuedMessage> {
  const { recipients, receivedAt: createdAt } = task.stored.envelope;
  const reversePath = mailboxText(task.stored.envelope.reversePath);
  for (const index of task.recipients) {
    const { messageId: id, mailbox } = recipients[index]!;
    yield { queue, binding, id, createdAt, reversePath, recipient: mailboxText(mailbox) };
  }
}

/** A queue may wait twice: for a connection more, and for a message on one that it has. */
function queuesOf(waiters: Iterable<Waiter>): number {
  const queues = new Set<MailQueue>();
  for (const waiter of waiters) queues.add((waiter as QueueWaiter).queue);
  return queues.size;
}

function isBusier(one: MailQueue, other: MailQueue): boolean {
  if (one.connections.size !== other.connections.size) return one.connections.size > other.connections.size;
  return one.activeMessages > other.activeMessages;
}
