// One SMTP session with a receiver, from the banner to the last reply to QUIT: what is said, what each reply means for
// which recipient, and what is to happen when the peer does not play along. It opens and reads nothing itself: octets
// come in through the methods, everything it wants goes out through ClientActions, in order. The connection belongs to
// engine/outbound.ts, the choice of the next message to delivery/scheduler.ts.
//
// Replies come in the order of the commands, so what is expected is one row of steps. With `overlap` the envelope of the
// next transaction is written together with the end of the current one (design decision 20): the row then holds the
// steps of both, and the next becomes the current one with the reply to the final dot.
//
// Commands of a connection: what opens the session (client-opening.ts), then for each transaction MAIL, RCPT..., DATA, the
// content; RSET before the next MAIL whenever a transaction stays open; QUIT, and the peer closes first (decision 6).
import { assert } from '../base/assert.ts';
import { type Disposition, STAGE, type Stage } from '../mail/disposition.ts';
import { type Reply, replyText } from '../mail/reply.ts';
import type { TlsPeer } from '../mail/tls-policy.ts';
import type { ClientActions, ClientSettings, Transaction } from './client-actions.ts';
import { ClientOpening, type OpeningMove, type OpeningStep } from './client-opening.ts';
import {
  CLOSED_BY_PEER,
  CONTENT_LOST,
  INJECTED,
  isRefusal,
  isSuccess,
  lostStep,
  QUIT_MS,
  SILENCES,
  STAGES,
  type Step,
  TLS_FAILED,
  type TransactionStep,
} from './client-steps.ts';
import { isViolation, ReplyReader } from './reply-reader.ts';
import { RunningTransaction, refusal } from './running-transaction.ts';

export class ClientSession<T extends Transaction> {
  readonly #actions: ClientActions<T>;
  readonly #opening: ClientOpening;
  readonly #reader = new ReplyReader();
  /** The replies to come, the next one first. */
  readonly #steps: Step[] = [];
  #current: RunningTransaction<T> | null = null;
  #ahead: RunningTransaction<T> | null = null;
  #isOpen = false;
  #isLeaving = false;
  #isOver = false;
  #hasCarriedMail = false;
  #hasUnflushed = false;

  constructor(actions: ClientActions<T>) {
    this.#actions = actions;
    this.#opening = new ClientOpening(actions.tls);
  }

  /** Where the session is, for listings and records. */
  get stage(): Stage {
    const step = this.#steps[0];
    return step === undefined ? STAGE.idle : STAGES[step];
  }

  // ---- events

  connected(): void {
    this.#expect('banner');
    this.#actions.setDeadline(this.#actions.settings.timeouts.ehloMs);
  }

  /** Octets from the peer, as Latin-1. */
  received(text: string): void {
    if (this.#isOver) return;
    this.#reader.push(text);
    while (!this.#isOver) {
      if (this.#steps[0] === 'handshake' && !this.#reader.isEmpty) {
        this.#opening.injected();
        this.#giveUp(INJECTED);
        return;
      }
      const reply = this.#reader.take();
      if (reply === null) break;
      if (isViolation(reply)) this.#giveUp(`451 4.5.0 [internal] ${reply.rule} from remote host`);
      else this.#answered(reply);
    }
    this.#flush();
  }

  /** The handshake asked for with `startTls` is done. */
  secured(peer: TlsPeer): void {
    if (this.#isOver) return;
    const move = this.#opening.secured(peer, this.#actions.settings.ehloHostname);
    if (move.kind === 'refused') {
      this.#giveUp(move.reply);
      return;
    }
    this.#steps.shift();
    this.#open(move, 'ehlo');
    this.#flush();
  }

  /** The handshake came to nothing, or what is encrypted cannot be read. */
  tlsFailed(reason: string): void {
    if (!this.#isOver) this.#giveUp(`${this.#isOpen ? CLOSED_BY_PEER : TLS_FAILED}: ${reason}`);
  }

  /** The peer's FIN. */
  peerEnded(): void {
    if (this.#isOver) return;
    this.#loseTransactions(CLOSED_BY_PEER);
    this.#isOver = true;
    this.#actions.end();
  }

  /** The connection is gone, by whatever way. */
  closed(): void {
    if (this.#isOver) return;
    this.#loseTransactions(CLOSED_BY_PEER);
    this.#isOver = true;
  }

  /** The time asked for with `setDeadline` has come. */
  timedOut(): void {
    if (this.#isOver) return;
    const step = this.#steps[0];
    if (step === undefined) this.quit();
    else this.#giveUp(SILENCES[step]);
  }

  /** The stored content of `transaction` could not be read; the peer waits for the rest in vain. */
  contentLost(transaction: T): void {
    if (this.#isOver) return;
    const running = this.#current;
    // A peer that answered a message it never got has ended it already.
    if (running?.transaction === transaction) running.refuseUnanswered(CONTENT_LOST, STAGE.sendingBody);
    this.#giveUp(CONTENT_LOST);
  }

  /** Gives an idle session something to do. */
  resume(): void {
    assert(this.#isOpen && this.#current === null && !this.#isLeaving, 'only an idle session is resumed');
    this.#goOn();
    this.#flush();
  }

  /** Ends an idle session. */
  quit(): void {
    this.#sayQuit();
    this.#flush();
  }

  // ---- replies

  #answered(reply: Reply): void {
    if (this.#steps[0] === 'quit') return; // whatever it says, the next move is the peer's: it closes
    const step = this.#steps.shift() as Exclude<Step, 'quit' | 'handshake'> | undefined;
    if (reply.code === 421) {
      this.#goodbye(replyText(reply), step);
      return;
    }
    switch (step) {
      case undefined:
        this.#giveUp('451 4.5.0 [internal] a reply to no command from remote host');
        break;
      case 'banner':
      case 'ehlo':
      case 'helo':
      case 'starttls':
        this.#open(this.#opening.answered(reply, step, this.#actions.settings.ehloHostname), step);
        break;
      case 'rset':
        this.#onRset(reply);
        break;
      case 'emptyBody':
        this.#finish(true); // whatever it made of it, RSET ends it
        break;
      default:
        this.#onTransaction(reply, step);
    }
  }

  #open(move: OpeningMove, step: OpeningStep): void {
    const { ehloMs } = this.#actions.settings.timeouts;
    if (move.kind === 'command') this.#command(move.text, move.step, ehloMs);
    else if (move.kind === 'refused') this.#refusedUs(move.reply, step);
    else if (move.kind === 'startTls') {
      this.#expect('handshake');
      this.#actions.setDeadline(ehloMs);
      if (this.#reader.isEmpty) this.#actions.startTls();
    } else {
      this.#isOpen = true;
      this.#actions.ready();
      this.#goOn();
    }
  }

  #onRset(reply: Reply): void {
    if (reply.code >= 200 && reply.code <= 299) this.#goOn();
    else this.#sayQuit();
  }

  #onTransaction(reply: Reply, step: TransactionStep): void {
    const running = this.#current;
    assert(running !== null, 'a transaction step has a transaction');
    running.isAnswered = true;
    if (reply.code === 503 && running.isInStep(step)) {
      // It lost step with us: what it says about this message means nothing.
      this.#giveUp(lostStep(reply), step);
      return;
    }
    if (!isRefusal(reply) && !(step === 'data' ? reply.code === 354 : isSuccess(reply))) {
      this.#giveUp(`451 4.5.0 [internal] unexpected reply from remote host: ${replyText(reply)}`, step);
      return;
    }
    if (step === 'mail') this.#onMail(running, reply);
    else if (step === 'rcpt') this.#onRcpt(running, reply);
    else if (step === 'data') this.#onData(running, reply);
    else this.#onBody(running, reply);
  }

  #onMail(running: RunningTransaction<T>, reply: Reply): void {
    if (isSuccess(reply)) {
      running.isMailAccepted = true;
      if (this.#isLockStep) this.#sendRcpt(running);
      else this.#actions.setDeadline(this.#actions.settings.timeouts.rcptToMs);
      return;
    }
    running.refuseUnanswered(replyText(reply), STAGE.afterMail);
    if (this.#isLockStep) this.#finish(false);
  }

  #onRcpt(running: RunningTransaction<T>, reply: Reply): void {
    const index = running.answeredMailboxes++;
    if (isSuccess(reply)) running.acceptedMailboxes += running.outcomes[index] === null ? 1 : 0;
    else running.outcomes[index] ??= refusal(replyText(reply), STAGE.afterRcpt, running.octetsSent);
    if (!this.#isLockStep) {
      this.#actions.setDeadline(this.#actions.settings.timeouts.rcptToMs);
      return;
    }
    if (running.answeredMailboxes < running.outcomes.length) this.#sendRcpt(running);
    else if (running.acceptedMailboxes > 0) this.#sendData(running);
    else this.#finish(true);
  }

  #onData(running: RunningTransaction<T>, reply: Reply): void {
    if (reply.code === 354) {
      if (running.acceptedMailboxes > 0) this.#sendContent(running);
      // RFC 2920 section 3.1: it waits for a message nobody will get. The lone dot gives it an empty one.
      else this.#command('.\r\n', 'emptyBody', this.#actions.settings.timeouts.bodyMs);
      return;
    }
    running.refuseUnanswered(replyText(reply), STAGE.afterData);
    this.#finish(running.isMailAccepted);
  }

  #onBody(running: RunningTransaction<T>, reply: Reply): void {
    if (this.#hasUnflushed) {
      // It cannot have seen what we still hold: nothing is delivered, and who knows what it answers next.
      this.#giveUp(isSuccess(reply) ? lostStep(reply) : replyText(reply), 'body');
      return;
    }
    if (isSuccess(reply)) {
      const delivered: Disposition = { kind: 'delivered', reply: replyText(reply) };
      const { outcomes } = running;
      for (let index = 0; index < outcomes.length; index++) outcomes[index] ??= delivered;
    } else {
      running.refuseUnanswered(replyText(reply), STAGE.readingConfirmation);
    }
    this.#finish(false);
  }

  // ---- commands

  get #isLockStep(): boolean {
    return !this.#opening.extensions.pipelining || this.#pipelining === 'no';
  }

  /** Fixed at each envelope, since the replies to come depend on it. */
  #pipelining: ClientSettings['pipelining'] = 'no';

  #sendEnvelope(running: RunningTransaction<T>): void {
    const { mailboxes } = running.transaction;
    if (this.#isLockStep) {
      this.#send(running, this.#mailCommand(running.transaction), 'mail');
    } else {
      let group = this.#mailCommand(running.transaction);
      this.#steps.push('mail');
      for (const mailbox of mailboxes) {
        group += `RCPT TO:<${mailbox}>\r\n`;
        this.#steps.push('rcpt');
      }
      this.#send(running, `${group}DATA\r\n`, 'data');
    }
    if (running === this.#current) this.#actions.setDeadline(this.#actions.settings.timeouts.mailFromMs);
  }

  #mailCommand({ reversePath, size, eightBit }: T): string {
    let command = `MAIL FROM:<${reversePath ?? ''}>`;
    if (this.#opening.extensions.size) command += ` SIZE=${size}`;
    if (eightBit && this.#opening.extensions.eightBitMime) command += ' BODY=8BITMIME';
    return `${command}\r\n`;
  }

  #sendRcpt(running: RunningTransaction<T>): void {
    this.#send(running, `RCPT TO:<${running.transaction.mailboxes[running.answeredMailboxes]}>\r\n`, 'rcpt');
    this.#actions.setDeadline(this.#actions.settings.timeouts.rcptToMs);
  }

  #sendData(running: RunningTransaction<T>): void {
    this.#send(running, 'DATA\r\n', 'data');
    this.#actions.setDeadline(this.#actions.settings.timeouts.rcptToMs); // Reading: 354 has no timeout of its own
  }

  /** The content, and with `overlap` the envelope of the next transaction behind it in the same write. */
  #sendContent(running: RunningTransaction<T>): void {
    this.#actions.writeContent(running.transaction);
    this.#hasUnflushed = true;
    running.isContentSent = true;
    running.octetsSent += running.transaction.size;
    this.#steps.push('body');
    this.#actions.setDeadline(this.#actions.settings.timeouts.bodyMs);
    if (this.#isLockStep || this.#pipelining !== 'overlap') return;
    const next = this.#actions.next(true);
    if (typeof next === 'string') return;
    this.#ahead = new RunningTransaction(next, true, true);
    this.#sendEnvelope(this.#ahead);
  }

  #send(running: RunningTransaction<T>, text: string, step: Step): void {
    running.octetsSent += text.length;
    this.#write(text);
    this.#steps.push(step);
  }

  #command(text: string, step: Step, deadlineMs: number): void {
    this.#write(text);
    this.#expect(step);
    this.#actions.setDeadline(deadlineMs);
  }

  #expect(step: Step): void {
    this.#steps.push(step);
  }

  #write(text: string): void {
    this.#actions.write(text);
    this.#hasUnflushed = true;
  }

  #flush(): void {
    if (!this.#hasUnflushed || this.#isOver) return;
    this.#hasUnflushed = false;
    this.#actions.flush();
  }

  // ---- from one transaction to the next

  /** The current transaction is over; with `isOpen` the receiver still holds on to it and has to be told. */
  #finish(isOpen: boolean): void {
    const running = this.#current;
    assert(running !== null, 'a transaction that ends was running');
    this.#current = this.#ahead;
    this.#ahead = null;
    this.#hasCarriedMail = true;
    this.#tellEnded(running);
    const { timeouts } = this.#actions.settings;
    if (this.#current !== null) this.#actions.setDeadline(timeouts.mailFromMs);
    else if (isOpen) this.#command('RSET\r\n', 'rset', timeouts.rsetMs);
    else this.#goOn();
  }

  #tellEnded(running: RunningTransaction<T>): void {
    const { outcomes } = running;
    assert(!outcomes.includes(null), 'a transaction that is over has an outcome for each recipient');
    this.#actions.attempted(running.transaction, outcomes as Disposition[]);
  }

  #goOn(): void {
    const next = this.#actions.next(false);
    if (next === 'leave') this.#sayQuit();
    else if (next === 'idle') this.#actions.setDeadline(this.#actions.settings.idleTimeoutMs);
    else {
      this.#pipelining = this.#actions.settings.pipelining;
      this.#current = new RunningTransaction(next, false, this.#hasCarriedMail);
      this.#sendEnvelope(this.#current);
    }
  }

  // ---- ends

  /** The receiver does not want us now, before any message was named. */
  #refusedUs(reply: string, step: Step): void {
    this.#leave();
    this.#actions.hostFailed(reply, STAGES[step], this.#opening.blame(step));
    this.#sayQuit();
  }

  /** 421: it is about to close (RFC 5321 section 3.8); QUIT ends it in order should it wait for that. */
  #goodbye(reply: string, step: Step | undefined): void {
    if (!this.#isOpen) {
      this.#refusedUs(reply, step ?? 'banner');
      return;
    }
    this.#loseTransactions(reply, step);
    this.#steps.length = 0;
    this.#sayQuit();
  }

  #sayQuit(): void {
    this.#leave();
    this.#write('QUIT\r\n');
    this.#steps.length = 0;
    this.#expect('quit');
    this.#actions.setDeadline(QUIT_MS);
  }

  /** There is no orderly end: it broke the protocol or kept silent for too long. */
  #giveUp(reply: string, step = this.#steps[0]): void {
    this.#loseTransactions(reply, step);
    this.#isOver = true;
    this.#actions.reset();
  }

  #leave(): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    this.#actions.leaving();
  }

  /** The connection breaks. What was not answered is retried; what was no attempt yet goes back to its queue. */
  #loseTransactions(reply: string, step = this.#steps[0]): void {
    const wasLeaving = this.#isLeaving;
    this.#leave();
    if (!this.#isOpen) {
      if (wasLeaving) return;
      const stage = step === undefined ? STAGE.notConnected : STAGES[step];
      this.#actions.hostFailed(reply, stage, this.#opening.blame(step));
      return;
    }
    const [running, ahead] = [this.#current, this.#ahead];
    this.#current = null;
    this.#ahead = null;
    if (running !== null) {
      const isNoAttempt = running.wasAhead ? !running.isContentSent : running.isOnUsedConnection && !running.isAnswered;
      if (isNoAttempt) this.#actions.returned(running.transaction);
      else {
        running.refuseUnanswered(reply, step === undefined ? STAGE.unknown : STAGES[step]);
        this.#tellEnded(running);
      }
    }
    if (ahead !== null) this.#actions.returned(ahead.transaction);
  }
}
