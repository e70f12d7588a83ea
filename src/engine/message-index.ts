// Finds a message by its id without a look at any other: every recipient of the spool that is not settled for good. It stands
// before the spool and sees what comes and goes. It holds numbers only, and so do the queues, which find messages here.
import { IdTable } from '../core/mail/id-table.ts';
import type { MailId } from '../core/mail/ids.ts';
import type { Content, Envelope, QueuePlace, Settlement } from '../core/mail/message.ts';
import type { StoredMessages } from '../core/queue/stored-messages.ts';
import type { AppendResult, NumberedSpool, RecoveredRecord, Spool, StoredContent } from './ports.ts';

export class IndexedSpool implements Spool, StoredMessages {
  readonly #spool: NumberedSpool;
  readonly #numbers = new IdTable();

  constructor(spool: NumberedSpool) {
    this.#spool = spool;
  }

  find(id: MailId): { readonly stored: StoredContent; readonly index: number } | null {
    for (const number of this.#numbers.find(id)) {
      const stored = this.#spool.at(number);
      const index = stored.envelope.recipients.findIndex(({ messageId }) => messageId === id);
      if (index >= 0) return { stored, index };
    }
    return null;
  }

  recovered(record: RecoveredRecord): RecoveredRecord {
    const { stored, open } = record;
    const { recipients } = stored.envelope;
    const number = this.#spool.numberOf(stored);
    for (const { index } of open) this.#numbers.add(recipients[index]!.messageId, number);
    return record;
  }

  append(envelope: Envelope, content: Content, done: (result: AppendResult) => void): void {
    this.#spool.append(envelope, content, (result) => {
      if (result.kind === 'durable') {
        const number = this.#spool.numberOf(result.stored);
        for (const { messageId } of envelope.recipients) this.#numbers.add(messageId, number);
      }
      done(result);
    });
  }

  settle(stored: StoredContent, index: number, settlement: Settlement): void {
    if (settlement.kind !== 'deferred') {
      this.#numbers.remove(stored.envelope.recipients[index]!.messageId, this.#spool.numberOf(stored));
    }
    this.#spool.settle(stored, index, settlement);
  }

  requeue(stored: StoredContent, index: number, place: QueuePlace): void {
    this.#spool.requeue(stored, index, place);
  }

  whenSettled(done: (isDurable: boolean) => void): void {
    this.#spool.whenSettled(done);
  }

  read(stored: StoredContent, done: (content: Content | null) => void): void {
    this.#spool.read(stored, done);
  }

  release(stored: StoredContent): void {
    this.#spool.release(stored);
  }

  // ---- for the queues

  keep(stored: StoredContent): number {
    return this.#spool.numberOf(stored);
  }

  at(number: number): StoredContent {
    return this.#spool.at(number);
  }

  /** Nothing was kept for them: a record has its number until it is settled for good. */
  letGo(): void {}
}
