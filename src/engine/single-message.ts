// One message by its id: what is known of it, why it waits, its text, another attempt, its end. The index names its queue; there it is
// looked for in slices, since queues are ordered by time.
import { addWall } from '../core/base/moment.ts';
import type { MessageAction, MessageDetail, MessageText } from '../core/console/mail-view.ts';
import type { MessageExplanation } from '../core/console/server-view.ts';
import type { MailQueue } from '../core/delivery/mail-queue.ts';
import type { QueueExplanation } from '../core/delivery/queue-explanation.ts';
import type { Scheduler } from '../core/delivery/scheduler.ts';
import type { MailId } from '../core/mail/ids.ts';
import { mailboxText } from '../core/mail/mailbox.ts';
import type { Content } from '../core/mail/message.ts';
import { type Task, withRecipients } from '../core/queue/task.ts';
import { type Job, Slice } from './jobs.ts';
import type { IndexedSpool } from './message-index.ts';
import type { Outcomes } from './outcomes.ts';
import type { StoredContent } from './ports.ts';
import type { Place } from './relocation.ts';
import type { Turns } from './turn.ts';

export interface SingleMessageParts {
  readonly turns: Turns;
  readonly scheduler: Scheduler;
  readonly spool: IndexedSpool;
  readonly outcomes: Outcomes;
}

/** Tasks looked at in one turn. */
export const LOOKS_PER_TURN = 20_000;
/** Octets of a body that are shown at most. */
const BODY_OCTETS_MAX = 262_144;

interface Found {
  readonly stored: StoredContent;
  readonly index: number;
  readonly queue: MailQueue;
  /** Null while it is on a connection. */
  readonly waiting: { readonly place: Place; readonly task: Task } | null;
}

export class SingleMessage {
  readonly #parts: SingleMessageParts;

  constructor(parts: SingleMessageParts) {
    this.#parts = parts;
  }

  *detail(id: MailId): Job<MessageDetail | null> {
    const found = yield* this.#find(id);
    if (found === null) return null;
    const { stored, index, queue, waiting } = found;
    const { receivedAt, reversePath, recipients, protocol, size } = stored.envelope;
    return {
      id,
      queue: waiting?.place ?? null,
      binding: queue.binding,
      domain: queue.domain,
      createdAt: receivedAt,
      nextAttemptAt: waiting?.place === 'delayed' ? waiting.task.dueAt : null,
      retries: waiting?.task.retries ?? null,
      protocol,
      reversePath: mailboxText(reversePath),
      recipient: mailboxText(recipients[index]!.mailbox),
      reply: this.#parts.outcomes.lastReplies.find(id),
      size,
    };
  }

  /** @param explain what its queue waits for, in the turn in which it is found */
  *why(id: MailId, explain: (queue: MailQueue) => QueueExplanation): Job<MessageExplanation> {
    const found = yield* this.#find(id);
    if (found === null) return { kind: 'unknown' };
    const { stored, queue, waiting } = found;
    if (waiting === null) return { kind: 'delivering', id };
    return {
      kind: 'found',
      id,
      retries: waiting.task.retries,
      nextAttemptAt: waiting.place === 'delayed' ? waiting.task.dueAt : null,
      expiresAt: addWall(stored.envelope.receivedAt, queue.settings.messageExpirationMs),
      queue: explain(queue),
    };
  }

  *text(id: MailId): Job<MessageText | null> {
    const known = this.#parts.spool.find(id);
    if (known === null) return null;
    let content: Content | null = null;
    yield (resume) =>
      this.#parts.spool.read(known.stored, (read) => {
        content = read;
        resume();
      });
    return content === null ? null : textOf(content);
  }

  *retry(id: MailId): Job<MessageAction> {
    const found = yield* this.#find(id);
    if (found === null) return 'unknown';
    if (found.waiting === null) return 'busy';
    if (found.waiting.place === 'active') return 'done';
    const { scheduler } = this.#parts;
    const task = this.#take(found, found.waiting);
    if (task === null) return 'busy';
    scheduler.addActive(found.queue, task);
    return 'done';
  }

  *fail(id: MailId, reply: string, quiet: boolean): Job<MessageAction> {
    const found = yield* this.#find(id);
    if (found === null) return 'unknown';
    const task = found.waiting === null ? null : this.#take(found, found.waiting);
    if (task === null) return 'busy';
    const { outcomes, turns } = this.#parts;
    outcomes.failByOperator(found.queue, task, reply, quiet, turns.now);
    return 'done';
  }

  *#find(id: MailId): Job<Found | null> {
    const known = this.#parts.spool.find(id);
    if (known === null) return null;
    const { stored, index } = known;
    const { binding, routingDomain } = stored.envelope.recipients[index]!;
    const queue = this.#parts.scheduler.queues.find(binding, routingDomain);
    if (queue === undefined) return null; // it was settled in this moment
    const slice = new Slice(LOOKS_PER_TURN);
    for (const place of ['active', 'delayed'] as const) {
      const tasks = queue[place].list();
      for (let at = 0; at < tasks.length; at++) {
        const task = tasks.isOf(at, stored.sequence) ? tasks.at(at) : null;
        const isIt = task?.recipients.includes(index) === true && queue[place].has(task);
        if (isIt) return { stored, index, queue, waiting: { place, task } };
        yield* slice.count(1);
      }
    }
    return { stored, index, queue, waiting: null };
  }

  /** Takes the one recipient out of its queue; others of its task stay. */
  #take({ queue, index }: Found, { place, task }: NonNullable<Found['waiting']>): Task | null {
    const { scheduler, turns } = this.#parts;
    if (!scheduler.remove(queue, place, task)) return null;
    const others = task.recipients.filter((other) => other !== index);
    if (others.length === 0) return task;
    const rest = withRecipients(task, others);
    if (place === 'active') scheduler.addActive(queue, rest);
    else scheduler.addDelayed(queue, rest, turns.now);
    return withRecipients(task, [index]);
  }
}

function textOf({ headerSection, body }: Content): MessageText {
  const chunks: Uint8Array[] = [];
  let octets = 0;
  let isCut = false;
  for (const chunk of body) {
    const room = BODY_OCTETS_MAX - octets;
    isCut = chunk.length > room;
    chunks.push(isCut ? chunk.subarray(0, room) : chunk);
    octets += Math.min(chunk.length, room);
    if (isCut) break;
  }
  const wire = new TextDecoder().decode(Buffer.concat(chunks)).replaceAll('\r\n', '\n');
  const isWhole = !isCut && wire.endsWith('\n.\n');
  const lines = isWhole ? wire.slice(0, -2) : !isCut && wire === '.\n' ? '' : wire;
  return {
    headerSection: new TextDecoder().decode(Buffer.from(headerSection, 'latin1')).replaceAll('\r\n', '\n'),
    body: lines.replace(/^\.\./gm, '.'),
    isCut,
  };
}
