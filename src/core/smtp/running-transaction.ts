// A transaction on its way, with what the receiver has said of it so far.
import { type Disposition, type Failure, STAGE, type Stage, type SuccessAction } from '../mail/disposition.ts';
import { type Reply, replyText } from '../mail/reply.ts';
import type { ContentForm, Transaction } from './client-actions.ts';
import { isSuccess, type TransactionStep } from './client-steps.ts';

/** A transaction with what is known of it so far. */
export class RunningTransaction<T extends Transaction> {
  readonly transaction: T;
  /** How the attempt ended for each mailbox; null while it has not. */
  readonly outcomes: (Disposition | null)[];
  /** Its envelope was written before the one before was answered. */
  readonly wasAhead: boolean;
  /** The connection had carried another before, so a break says more about the connection than about this message. */
  readonly isOnUsedConnection: boolean;
  /** How its content goes. */
  form: ContentForm = 'stored';
  /** What its sender is to be told of success. */
  successAction: SuccessAction | null = null;
  isMailAccepted = false;
  /** The next mailbox a RCPT reply is about. */
  answeredMailboxes = 0;
  acceptedMailboxes = 0;
  /** Any of its commands was answered. */
  isAnswered = false;
  isContentSent = false;
  octetsSent = 0;

  constructor(transaction: T, wasAhead: boolean, isOnUsedConnection: boolean) {
    this.transaction = transaction;
    this.outcomes = new Array<Disposition | null>(transaction.mailboxes.length).fill(null);
    this.wasAhead = wasAhead;
    this.isOnUsedConnection = isOnUsedConnection;
  }

  /** Whether the commands so far were accepted, so that "bad sequence" cannot be the right answer. */
  isInStep(step: TransactionStep): boolean {
    if (step === 'mail' || step === 'body') return true;
    return step === 'rcpt' ? this.isMailAccepted : this.acceptedMailboxes > 0;
  }

  /** Whether a connection that breaks now costs it nothing. */
  get isNoAttempt(): boolean {
    return this.wasAhead ? !this.isContentSent : this.isOnUsedConnection && !this.isAnswered;
  }

  /** @returns whether it was accepted */
  mailAnswered(reply: Reply): boolean {
    this.isMailAccepted = isSuccess(reply);
    if (!this.isMailAccepted) this.refuseUnanswered(replyText(reply), STAGE.afterMail);
    return this.isMailAccepted;
  }

  /** Of the next mailbox. */
  rcptAnswered(reply: Reply): void {
    const { outcomes } = this;
    const index = this.answeredMailboxes++;
    if (isSuccess(reply)) this.acceptedMailboxes += outcomes[index] === null ? 1 : 0;
    else outcomes[index] ??= refusal(replyText(reply), STAGE.afterRcpt, this.octetsSent);
  }

  /** The reply to the final dot, for all that were accepted. */
  contentAnswered(reply: Reply): void {
    if (!isSuccess(reply)) {
      this.refuseUnanswered(replyText(reply), STAGE.readingConfirmation);
      return;
    }
    const delivered = this.#delivered(reply);
    const { outcomes } = this;
    for (let index = 0; index < outcomes.length; index++) outcomes[index] ??= delivered;
  }

  /** The same for the next one that was accepted. @returns how many are still to be answered for */
  contentAnsweredForNext(reply: Reply): number {
    const { outcomes } = this;
    outcomes[outcomes.indexOf(null)] = isSuccess(reply)
      ? this.#delivered(reply)
      : refusal(replyText(reply), STAGE.readingConfirmation, this.octetsSent);
    this.acceptedMailboxes -= 1;
    return this.acceptedMailboxes;
  }

  #delivered(reply: Reply): Disposition {
    const { successAction } = this;
    const delivered = { kind: 'delivered', reply: replyText(reply) } as const;
    return successAction === null ? delivered : { ...delivered, successAction };
  }

  /** The same refusal for every recipient that has no outcome yet. @param kind where its first digit does not decide */
  refuseUnanswered(reply: string, stage: Stage, kind: Failure['kind'] | null = null): void {
    const { outcomes } = this;
    let disposition: Disposition | null = null;
    for (let index = 0; index < outcomes.length; index++) {
      if (outcomes[index] !== null) continue;
      disposition ??= { ...refusal(reply, stage, this.octetsSent), ...(kind === null ? {} : { kind }) };
      outcomes[index] = disposition;
    }
    this.acceptedMailboxes = 0;
  }
}

/** RFC 5321 section 4.2.1: 4yz may succeed later, 5yz will not. */
export function refusal(reply: string, stage: Stage, bytesSent: number): Failure {
  return { kind: reply.startsWith('5') ? 'permanentFailure' : 'transientFailure', reply, stage, bytesSent };
}
