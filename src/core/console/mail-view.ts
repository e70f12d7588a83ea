// What the operator does to waiting mail, and how single messages are found: the part of ServerView that the engine
// carries out in slices, a bounded number of messages in one turn of the loop, so that mail flows meanwhile. What is on
// a connection at that moment is left alone.
import type { WallMs } from '../base/moment.ts';
import type { DomainName } from '../mail/domain-name.ts';
import type { MailId } from '../mail/ids.ts';
import type { Mailbox, ReversePath } from '../mail/mailbox.ts';
import type { Pauses } from './pages.ts';

/** Most messages that the outcome of an action describes. */
export const SAMPLES_MAX = 25;

/** Which queues an action is about; null means all. */
export interface QueueSelection {
  readonly domain: DomainName | null;
  readonly binding: string | null;
}

/** One physical line of a header field. Octets as Latin-1. */
export interface HeaderFilter {
  /** Compared without case. */
  readonly name: string;
  /** Of the field's first line what follows the colon and blanks behind it; a folded line with its leading blanks. */
  readonly line: string;
}

/** Which messages an action is about. */
export interface MessageSelection extends QueueSelection {
  /** Null: whatever their header. With one, each header section is read, from the spool where it is not in memory. */
  readonly header: HeaderFilter | null;
}

export interface FailRequest extends MessageSelection {
  /** No bounce is made, whatever generate_bounces says. */
  readonly quiet: boolean;
  /** The reply text that records and bounces give as the reason, with its code. */
  readonly reply: string;
  /** Count and describe only. */
  readonly dryRun: boolean;
}

export interface DelayRequest extends MessageSelection {
  readonly delayMs: number;
}

export interface RequeueRequest extends MessageSelection {
  /** Null leaves it as it is. */
  readonly toDomain: DomainName | null;
  readonly toBinding: string | null;
  readonly dryRun: boolean;
}

export interface ActionOutcome {
  readonly count: number;
  /** The first of them, at most {@link SAMPLES_MAX}. */
  readonly samples: readonly {
    readonly id: MailId;
    readonly domain: DomainName;
    readonly reversePath: ReversePath;
    readonly recipient: Mailbox;
  }[];
  /** False when the spool could not write down yet what a restart has to know; it goes on trying. */
  readonly isDurable: boolean;
}

export interface DelayOutcome extends ActionOutcome {
  /** Messages of the selected queues that are on a connection, and so were left alone; no header filter is asked. */
  readonly delivering: number;
}

/** A message (recipient) that the server has. */
export interface MessageDetail {
  readonly id: MailId;
  /** Null while it is on a connection. */
  readonly queue: 'active' | 'delayed' | null;
  readonly binding: string;
  readonly domain: DomainName;
  readonly createdAt: WallMs;
  /** Null when it wants an attempt now. */
  readonly nextAttemptAt: WallMs | null;
  /** Null while it is on a connection. */
  readonly retries: number | null;
  /** Protocol of the reception, such as `esmtp`. */
  readonly protocol: string;
  readonly reversePath: ReversePath;
  readonly recipient: Mailbox;
  /** To the last attempt, on one line; null when there was none, or it is not known any more. */
  readonly reply: string | null;
  /** Octets of the content without dot-stuffing. */
  readonly size: number;
}

/** The content of a message for people. */
export interface MessageText {
  /** Complete lines with LF. */
  readonly headerSection: string;
  /** The beginning of the body, without dot-stuffing. */
  readonly body: string;
  /** The body goes on. */
  readonly isCut: boolean;
}

/** `busy`: it is on a connection and was left alone. */
export type MessageAction = 'done' | 'busy' | 'unknown';

export interface MailView extends Pauses {
  /** Makes every delayed message of the selection due now. @returns how many */
  flush(selection: QueueSelection): Promise<number>;
  /** Fails active and delayed messages of the selection for good, or counts them. */
  failDomain(request: FailRequest): Promise<ActionOutcome>;
  /** Puts active messages of the selection into the delayed queue. */
  delay(request: DelayRequest): Promise<DelayOutcome>;
  /** Moves messages of the selection to the queues of another domain or binding, for good. */
  requeue(request: RequeueRequest): Promise<ActionOutcome>;
  /** Null for an id that no message of the server has. O(1), and O(messages of its queue) in slices. */
  findMessage(id: MailId): Promise<MessageDetail | null>;
  /** Null when there is none, or its content is damaged. */
  readMessage(id: MailId): Promise<MessageText | null>;
  /** It is due now. */
  retryMessage(id: MailId): Promise<MessageAction>;
  failMessage(id: MailId, reply: string, quiet: boolean): Promise<MessageAction>;
}
