// What becomes of a recipient after an attempt: the record first, then the settlement, then the queue or the notice to
// the sender. Every way in which mail leaves a queue for good, or waits again, ends here.
import type { Moment } from '../core/base/moment.ts';
import type { MailQueue } from '../core/delivery/mail-queue.ts';
import type { OutboundConnection } from '../core/delivery/outbound-connection.ts';
import type { Scheduler } from '../core/delivery/scheduler.ts';
import {
  type AttemptSource,
  type Disposition,
  type Failure,
  NO_CONNECTION,
  notConnected,
  type SuccessAction,
} from '../core/mail/disposition.ts';
import type { DomainName } from '../core/mail/domain-name.ts';
import { afterTransientFailure } from '../core/queue/retry-schedule.ts';
import { makeTask, type Task } from '../core/queue/task.ts';
import type { DelayNotices } from './delay-notices.ts';
import { LastReplies } from './last-replies.ts';
import type { MailRecords } from './mail-records.ts';
import type { NoticeFailure, Notices } from './notices.ts';
import type { Spool, StoredContent } from './ports.ts';
import { relocate } from './relocation.ts';

export interface OutcomeParts {
  readonly scheduler: Scheduler;
  readonly spool: Spool;
  readonly records: MailRecords;
  readonly notices: Notices;
  readonly delays: DelayNotices;
}

/** What is known of the host that an attempt was made with. */
interface Attempt extends AttemptSource {
  readonly host: string | null;
}

const NO_ATTEMPT: Attempt = { ...NO_CONNECTION, host: null };

/** Who was talked to, for notices. */
function remoteOf({ host, address }: Attempt): NoticeFailure['remote'] {
  return address === null ? null : { host: host ?? address, address };
}

export class Outcomes {
  readonly lastReplies = new LastReplies();
  readonly #scheduler: Scheduler;
  readonly #spool: Spool;
  readonly #records: MailRecords;
  readonly #notices: Notices;
  readonly #delays: DelayNotices;

  constructor(parts: OutcomeParts) {
    this.#scheduler = parts.scheduler;
    this.#spool = parts.spool;
    this.#records = parts.records;
    this.#notices = parts.notices;
    this.#delays = parts.delays;
  }

  /** A connection has carried a task; one outcome for each of its recipients, in order. */
  attempted(connection: OutboundConnection, task: Task, outcomes: readonly Disposition[], at: Moment): void {
    const { queue, candidate, id } = connection;
    const wasDelivered = outcomes.some((outcome) => outcome.kind === 'delivered');
    this.#scheduler.taskEnded(connection, task, wasDelivered);
    this.#settle(queue, task, outcomes, { connectionId: id, address: candidate.address, host: candidate.host }, at);
  }

  /** A task's attempt ended before a session took it. */
  attemptFailed(queue: MailQueue, task: Task, failure: Failure, source: AttemptSource, at: Moment): void {
    const outcomes = new Array<Disposition>(task.recipients.length).fill(failure);
    this.#settle(queue, task, outcomes, { ...source, host: null }, at);
  }

  /** The operator fails a task that is in no queue any more. `quiet`: the sender hears nothing. */
  failByOperator(queue: MailQueue, task: Task, reply: string, quiet: boolean, at: Moment): void {
    const failure = notConnected(reply);
    const failures: NoticeFailure[] = [];
    for (const index of task.recipients) {
      this.#failForGood(queue, task, index, failure, NO_ATTEMPT, at);
      failures.push({ index, reply, remote: null, attemptedAt: null });
    }
    this.#notices.tell(task.stored as StoredContent, failures, quiet ? null : queue.settings);
  }

  /** The exchangers of its domain say that a task, which is in no queue any more, waits under another name. */
  rolledUp({ binding }: MailQueue, task: Task, routingDomain: DomainName, at: Moment): void {
    const parts = { scheduler: this.#scheduler, spool: this.#spool, delays: this.#delays };
    relocate(parts, task, 'active', { binding, routingDomain }, at);
  }

  #settle(queue: MailQueue, task: Task, outcomes: readonly Disposition[], attempt: Attempt, at: Moment): void {
    const stored = task.stored as StoredContent;
    const { recipients, retries } = task;
    let failures: NoticeFailure[] | null = null;
    let taken: NoticeFailure[] | null = null;
    let successAction: SuccessAction | null = null;
    let deferred: number[] | null = null;
    let nextAttemptAt = task.dueAt;
    for (let place = 0; place < recipients.length; place++) {
      const index = recipients[place]!;
      let outcome = outcomes[place]!;
      if (outcome.kind === 'delivered') {
        this.#delivered(queue, task, index, attempt, at);
        if (outcome.successAction === undefined || !isToldOfSuccess(stored, index)) {
          this.#spool.settle(stored, index, DELIVERED);
        } else {
          successAction = outcome.successAction;
          taken ??= [];
          taken.push({ index, reply: outcome.reply, remote: remoteOf(attempt), attemptedAt: at.wall });
        }
        continue;
      }
      const { reply } = outcome;
      if (outcome.kind === 'transientFailure') {
        const after = afterTransientFailure(retries, stored.envelope.receivedAt, at.wall, queue.settings);
        if (after.kind === 'retry') {
          this.#records.failed('T', this.#describe(queue, task, index, outcome, attempt, at));
          this.#spool.settle(stored, index, { ...after, kind: 'deferred' });
          this.lastReplies.note(stored.envelope.recipients[index]!.messageId, reply);
          if (queue.settings.generateDelayNotices) {
            const failure = { index, reply, remote: remoteOf(attempt), attemptedAt: at.wall };
            const { retries: nextRetry, nextAttemptAt: dueAt } = after;
            this.#delays.deferred(stored, { failure, retries: nextRetry, nextAttemptAt: dueAt }, queue.settings);
          }
          nextAttemptAt = after.nextAttemptAt;
          deferred ??= [];
          deferred.push(index);
          continue;
        }
        outcome = { ...outcome, kind: 'permanentFailure', reply: after.reply };
      }
      this.#failForGood(queue, task, index, outcome, attempt, at);
      failures ??= [];
      failures.push({ index, reply: outcome.reply, lastReply: reply, remote: remoteOf(attempt), attemptedAt: at.wall });
    }
    if (deferred !== null) {
      this.#spool.release(stored);
      this.#scheduler.addDelayed(queue, makeTask(stored, deferred, retries + 1, nextAttemptAt), at);
    }
    if (failures !== null) this.#notices.tell(stored, failures, queue.settings);
    if (taken !== null) this.#notices.tellOfSuccess(stored, taken, queue.settings, successAction!);
  }

  /** The settlement is the caller's: at once, or when the sender's notice is durable. */
  #delivered(queue: MailQueue, task: Task, index: number, attempt: Attempt, at: Moment): void {
    const { envelope } = task.stored;
    queue.countDelivered();
    this.#records.delivered({
      at: at.wall,
      envelope,
      recipient: envelope.recipients[index]!,
      connectionId: attempt.connectionId,
      group: queue.settings.group,
      address: attempt.address ?? '',
      retries: task.retries,
      bytes: envelope.size,
    });
    this.#delays.ended(task.stored as StoredContent, index);
  }

  /** The record now; the settlement when the sender's notice is durable. */
  #failForGood(queue: MailQueue, task: Task, index: number, failure: Failure, attempt: Attempt, at: Moment): void {
    queue.countFailed();
    this.#delays.ended(task.stored as StoredContent, index);
    this.#records.failed('P', this.#describe(queue, task, index, failure, attempt, at));
  }

  #describe(queue: MailQueue, task: Task, index: number, failure: Failure, attempt: Attempt, at: Moment) {
    const { envelope } = task.stored;
    return {
      at: at.wall,
      envelope,
      recipient: envelope.recipients[index]!,
      connectionId: attempt.connectionId,
      group: queue.settings.group,
      address: attempt.address,
      retries: task.retries,
      bytes: failure.bytesSent,
      stage: failure.stage,
      reply: failure.reply,
    };
  }
}

/** The null sender hears of nothing. */
function isToldOfSuccess({ envelope }: StoredContent, index: number): boolean {
  return envelope.reversePath !== null && envelope.recipients[index]!.request?.notify?.success === true;
}

const DELIVERED = { kind: 'delivered' } as const;
