// What the operator does to mail that waits (core/console/mail-view.ts), in slices. The tasks of a queue are taken down
// as a list of numbers when its turn comes (a few milliseconds for a million); each is looked for again when its own
// turn comes, since connections take mail meanwhile.
import { addWall, type Moment } from '../core/base/moment.ts';
import type {
  ActionOutcome,
  DelayOutcome,
  DelayRequest,
  FailRequest,
  HeaderFilter,
  MessageSelection,
  QueueSelection,
  RequeueRequest,
} from '../core/console/mail-view.ts';
import { SAMPLES_MAX } from '../core/console/mail-view.ts';
import type { MailQueue } from '../core/delivery/mail-queue.ts';
import type { Scheduler } from '../core/delivery/scheduler.ts';
import { mailboxText } from '../core/mail/mailbox.ts';
import type { Task } from '../core/queue/task.ts';
import type { TaskList } from '../core/queue/task-list.ts';
import type { DelayNotices } from './delay-notices.ts';
import { hasHeaderLine } from './header-filter.ts';
import { type Job, Slice } from './jobs.ts';
import type { Outcomes } from './outcomes.ts';
import type { Spool, StoredContent } from './ports.ts';
import { type Place, relocate } from './relocation.ts';
import type { Turns } from './turn.ts';

export interface OperatorParts {
  readonly turns: Turns;
  readonly scheduler: Scheduler;
  readonly spool: Spool;
  readonly outcomes: Outcomes;
  readonly delays: DelayNotices;
  /** Most messages that are acted on in one turn; null for the usual number. */
  readonly messagesPerTurn: number | null;
}

const BOTH = ['active', 'delayed'] as const;

/** Failing one, with its records, takes some 30 microseconds. */
const MESSAGES_PER_TURN = 250;
/** Contents read at a time for a header filter: so many, and while they have fewer octets than this. */
const READS_AT_ONCE = 32;
const READ_OCTETS_AT_ONCE = 8_388_608;

export class OperatorActions {
  readonly #parts: OperatorParts;

  constructor(parts: OperatorParts) {
    this.#parts = parts;
  }

  *flush(selection: QueueSelection): Job<number> {
    const { scheduler } = this.#parts;
    const slice = new Slice(this.#parts.messagesPerTurn ?? MESSAGES_PER_TURN);
    for (const queue of selectedQueues(scheduler, selection)) {
      scheduler.tryHostsAgain(queue);
      yield* slice.count(1);
    }
    let count = 0;
    yield* this.#each({ ...selection, header: null }, ['delayed'], (queue, place, task) => {
      if (!scheduler.remove(queue, place, task)) return;
      scheduler.addActive(queue, task);
      count += task.recipients.length;
    });
    return count;
  }

  *fail(request: FailRequest): Job<ActionOutcome> {
    const { turns, scheduler, outcomes } = this.#parts;
    const tally = new Tally();
    yield* this.#each(request, BOTH, (queue, place, task) => {
      if (request.dryRun ? !queue[place].has(task) : !scheduler.remove(queue, place, task)) return;
      tally.add(queue, task);
      if (!request.dryRun) outcomes.failByOperator(queue, task, request.reply, request.quiet, turns.now);
    });
    return tally.outcome(true);
  }

  *delay(request: DelayRequest): Job<DelayOutcome> {
    const { turns, scheduler } = this.#parts;
    const tally = new Tally();
    yield* this.#each(request, ['active'], (queue, place, task) => {
      if (!scheduler.remove(queue, place, task)) return;
      tally.add(queue, task);
      this.#defer(queue, task, request.delayMs, turns.now);
    });
    let delivering = 0;
    const slice = new Slice(this.#parts.messagesPerTurn ?? MESSAGES_PER_TURN);
    for (const queue of selectedQueues(scheduler, request)) {
      delivering += queue.inFlightMessages;
      yield* slice.count(1);
    }
    return { ...tally.outcome(yield* this.#isDurable(tally)), delivering };
  }

  *requeue(request: RequeueRequest): Job<ActionOutcome> {
    const { turns, scheduler } = this.#parts;
    const tally = new Tally();
    yield* this.#each(request, BOTH, (queue, place, task) => {
      const [binding, domain] = [request.toBinding ?? queue.binding, request.toDomain ?? queue.domain];
      if (binding === queue.binding && domain === queue.domain) return;
      if (request.dryRun ? !queue[place].has(task) : !scheduler.remove(queue, place, task)) return;
      tally.add(queue, task);
      if (!request.dryRun) relocate(this.#parts, task, place, { binding, routingDomain: domain }, turns.now);
    });
    return tally.outcome(request.dryRun || (yield* this.#isDurable(tally)));
  }

  #defer(queue: MailQueue, task: Task, delayMs: number, at: Moment): void {
    const { scheduler, spool } = this.#parts;
    const stored = task.stored as StoredContent;
    task.dueAt = addWall(at.wall, delayMs);
    const settlement = { kind: 'deferred', retries: task.retries, nextAttemptAt: task.dueAt } as const;
    for (const index of task.recipients) spool.settle(stored, index, settlement);
    spool.release(stored);
    scheduler.addDelayed(queue, task, at);
  }

  *#isDurable({ count }: Tally): Job<boolean> {
    let isDurable = true;
    if (count === 0) return isDurable;
    yield (resume) =>
      this.#parts.spool.whenSettled((is) => {
        isDurable = is;
        resume();
      });
    return isDurable;
  }

  /** Calls `act` for every task of the selection, in turns of the loop; it may be in its place no more. */
  *#each(
    selection: MessageSelection,
    places: readonly Place[],
    act: (queue: MailQueue, place: Place, task: Task) => void,
  ): Job<void> {
    const slice = new Slice(this.#parts.messagesPerTurn ?? MESSAGES_PER_TURN);
    for (const queue of selectedQueues(this.#parts.scheduler, selection)) {
      const lists = places.map((place) => ({ place, tasks: queue[place].list() }));
      for (const { place, tasks } of lists) {
        if (selection.header === null) {
          for (const task of tasks) {
            act(queue, place, task);
            yield* slice.count(task.recipients.length);
          }
        } else {
          yield* this.#eachWithHeader(tasks, selection.header, slice, (task) => act(queue, place, task));
        }
      }
      yield* slice.count(1);
    }
  }

  *#eachWithHeader(tasks: TaskList, header: HeaderFilter, slice: Slice, act: (task: Task) => void): Job<void> {
    let batch: Task[] = [];
    let octets = 0;
    for (let place = 0; place < tasks.length; place++) {
      const task = tasks.at(place);
      if (task !== null) batch.push(task);
      octets += task?.stored.envelope.size ?? 0;
      if (batch.length < READS_AT_ONCE && octets < READ_OCTETS_AT_ONCE && place < tasks.length - 1) continue;
      for (const found of yield* this.#withHeader(batch, header)) act(found);
      yield* slice.count(batch.length);
      batch = [];
      octets = 0;
    }
  }

  /** Those of the tasks whose header has the line. What is gone, or damaged, has not. */
  *#withHeader(batch: readonly Task[], header: HeaderFilter): Job<Task[]> {
    const { scheduler, spool } = this.#parts;
    const isThere = (task: Task): boolean => {
      const queue = scheduler.queues.find(...placeOf(task));
      return queue !== undefined && (queue.active.has(task) || queue.delayed.has(task));
    };
    const waiting = batch.filter(isThere);
    const found = new Set<Task>();
    if (waiting.length === 0) return [];
    yield (resume) => {
      let open = waiting.length;
      for (const task of waiting) {
        spool.read(task.stored as StoredContent, (content) => {
          if (content !== null && hasHeaderLine(content.headerSection, header)) found.add(task);
          open -= 1;
          if (open === 0) resume();
        });
      }
    };
    return waiting.filter((task) => found.has(task));
  }
}

/** Binding and routing domain of the queue that a task is in or was in last. */
function placeOf(task: Task): [binding: string, domain: string] {
  const { binding, routingDomain } = task.stored.envelope.recipients[task.recipients[0]!]!;
  return [binding, routingDomain];
}

export function selectedQueues(scheduler: Scheduler, { domain, binding }: QueueSelection): readonly MailQueue[] {
  const { queues } = scheduler;
  if (domain !== null && binding !== null) return [queues.find(binding, domain)].filter((queue) => queue !== undefined);
  const ofDomain = domain === null ? [...queues.values()] : [...(queues.queuesByDomain.get(domain) ?? [])];
  return binding === null ? ofDomain : ofDomain.filter((queue) => queue.binding === binding);
}

/** What an action was about so far. */
class Tally {
  count = 0;
  readonly #samples: ActionOutcome['samples'][number][] = [];

  add({ domain }: MailQueue, task: Task): void {
    this.count += task.recipients.length;
    for (const index of task.recipients) {
      if (this.#samples.length === SAMPLES_MAX) return;
      const { reversePath, recipients } = task.stored.envelope;
      const { messageId: id, mailbox } = recipients[index]!;
      this.#samples.push({ id, domain, reversePath: mailboxText(reversePath), recipient: mailboxText(mailbox) });
    }
  }

  outcome(isDurable: boolean): ActionOutcome {
    return { count: this.count, samples: this.#samples, isDurable };
  }
}
