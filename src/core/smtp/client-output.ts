// What a client session says, up to the write that it goes out with, and the replies that are due for it, in order.
import type { ClientActions, Transaction } from './client-actions.ts';
import type { Step } from './client-steps.ts';
import type { Extensions } from './extensions.ts';
import { formFor, mailCommand, rcptCommand, successActionFor } from './mail-command.ts';
import type { RunningTransaction } from './running-transaction.ts';

export class ClientOutput<T extends Transaction> {
  readonly #actions: ClientActions<T>;
  /** The replies to come, the next one first. */
  readonly steps: Step[] = [];
  /** The receiver cannot have seen all that was said. */
  hasUnflushed = false;

  constructor(actions: ClientActions<T>) {
    this.#actions = actions;
  }

  /** @param text whole lines @param deadlineMs for the reply */
  command(text: string, step: Step, deadlineMs: number): void {
    this.#write(text);
    this.steps.push(step);
    this.#actions.setDeadline(deadlineMs);
  }

  /** MAIL alone, or MAIL, RCPT... and DATA together. */
  envelope(running: RunningTransaction<T>, extensions: Extensions, isLockStep: boolean): void {
    const { transaction } = running;
    running.form = formFor(transaction, extensions, this.#actions.settings.transformsEightBit);
    running.successAction = successActionFor(transaction, extensions, this.#actions.terms.method);
    const command = mailCommand(transaction, extensions, running.form);
    if (isLockStep) {
      this.#ofTransaction(running, command, 'mail');
      return;
    }
    let group = command;
    this.steps.push('mail');
    for (let place = 0; place < transaction.mailboxes.length; place++) {
      group += rcptCommand(transaction.mailboxes[place]!, transaction.requestOf?.(place), extensions);
      this.steps.push('rcpt');
    }
    this.#ofTransaction(running, `${group}DATA\r\n`, 'data');
  }

  /** For the next mailbox. */
  rcpt(running: RunningTransaction<T>, extensions: Extensions): void {
    const { transaction, answeredMailboxes: place } = running;
    const command = rcptCommand(transaction.mailboxes[place]!, transaction.requestOf?.(place), extensions);
    this.#ofTransaction(running, command, 'rcpt');
  }

  data(running: RunningTransaction<T>): void {
    this.#ofTransaction(running, 'DATA\r\n', 'data');
  }

  /** @param replies that it is answered with */
  content(running: RunningTransaction<T>, replies: number): void {
    this.#actions.writeContent(running.transaction, running.form);
    this.hasUnflushed = true;
    running.isContentSent = true;
    running.octetsSent += running.transaction.size;
    for (let left = replies; left > 0; left--) this.steps.push('body');
  }

  flush(): void {
    if (!this.hasUnflushed) return;
    this.hasUnflushed = false;
    this.#actions.flush();
  }

  #ofTransaction(running: RunningTransaction<T>, text: string, step: Step): void {
    running.octetsSent += text.length;
    this.#write(text);
    this.steps.push(step);
  }

  #write(text: string): void {
    this.#actions.write(text);
    this.hasUnflushed = true;
  }
}
