// The unit that waits in a queue and travels in one SMTP transaction: some recipients of one stored transaction that
// share routing domain, binding and retry history.
import type { WallMs } from '../base/moment.ts';
import { isAscii } from '../base/octets.ts';
import type { Envelope } from '../mail/message.ts';

/** What the spool keeps; the queue only hands it on. */
export interface StoredMessage {
  readonly envelope: Envelope;
  readonly sequence: number;
}

export interface Task {
  readonly stored: StoredMessage;
  /** That of the envelope, again: queues are ordered and expire by it, and a million envelopes are not near at hand. */
  readonly receivedAt: WallMs;
  /** Places in `stored.envelope.recipients`. Never empty. */
  readonly recipients: readonly number[];
  /** Attempts made before; 0 while the first is to come. */
  readonly retries: number;
  /** When the task is due, while it is in the delayed queue. */
  dueAt: WallMs;
  /** The row that this is a look at (sleepers.ts); -1 for a task that is no look at another. */
  row: number;
  /** Which of the tasks that the row was in turn. */
  stamp: number;
}

/** The places of most tasks, once for all of them. */
const THE_FIRST: readonly number[] = [0];

export function makeTask(
  stored: StoredMessage,
  recipients: readonly number[],
  retries: number,
  dueAt: WallMs,
  receivedAt = stored.envelope.receivedAt,
): Task {
  const places = recipients.length === 1 && recipients[0] === 0 ? THE_FIRST : recipients;
  return { stored, receivedAt, recipients: places, retries, dueAt, row: -1, stamp: 0 };
}

/**
 * Recipients with equal keys share a task: those of a queue, but for addresses that need SMTPUTF8, lest the others fail
 * with them.
 */
export function taskKeyOf({ recipients, utf8 }: Envelope, index: number): string {
  const { binding, routingDomain, mailbox } = recipients[index]!;
  return `${binding} ${routingDomain}${utf8 === 'addresses' && !isAscii(mailbox) ? ' utf8' : ''}`;
}

/** The same mail for some of its recipients, with the same history. */
export function withRecipients(task: Task, recipients: readonly number[]): Task {
  return makeTask(task.stored, recipients, task.retries, task.dueAt);
}
