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
import { ClientIntroduction, type IntroductionMove, XCLIENT_NOT_OFFERED } from './client-introduction.ts';
import { ClientOpening, type OpeningMove, type OpeningStep } from './client-opening.ts';
import { ClientOutput } from './client-output.ts';
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
  unexpected,
} from './client-steps.ts';
import { obstacleTo } from './mail-command.ts';
import { isViolation, ReplyReader } from './reply-reader.ts';
import { RunningTransaction } from './running-transaction.ts';

/** Messages in a row that the receiver cannot take, after which the session ends lest a queue of them holds up the rest. */
const UNSENT_MAX = 100;

export class ClientSession<T extends Transaction> {
  readonly #actions: ClientActions<T>;
  readonly #opening: ClientOpening;
  readonly #reader = new ReplyReader();
  readonly #out: ClientOutput<T>;
  readonly #introduction: ClientIntroduction;
  #current: RunningTransaction<T> | null = null;
  #ahead: RunningTransaction<T> | null = null;
  #isOpen = false;
  #isLeaving = false;
  #isOver = false;
  #hasCarriedMail = false;

  constructor(actions: ClientActions<T>) {
    this.#actions = actions;
    this.#out = new ClientOutput(actions);
    this.#introduction = new ClientIntroduction(actions.terms);
    this.#opening = new ClientOpening(actions.tls, actions.terms, (key, text) => actions.keyedMd5(key, text));
  }

  /** Where the session is, for listings and records. */
  get stage(): Stage {
    const step = this.#out.steps[0];
    return step === undefined ? STAGE.idle : STAGES[step];
  }

  // ---- events

  connected(): void {
    this.#out.steps.push('banner');
    this.#actions.setDeadline(this.#actions.settings.timeouts.ehloMs);
  }

  /** Octets from the peer, as Latin-1. */
  received(text: string): void {
    if (this.#isOver) return;
    this.#reader.push(text);
    while (!this.#isOver) {
      if (this.#out.steps[0] === 'handshake' && !this.#reader.isEmpty) {
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
    if (move.kind === 'refused') this.#giveUp(move.reply);
    else {
      this.#out.steps.shift();
      this.#open(move, 'ehlo');
      this.#flush();
    }
  }

  /** The handshake came to nothing, or what is encrypted cannot be read. */
  tlsFailed(reason: string): void {
    if (!this.#isOver) this.#giveUp(`${this.#isOpen ? CLOSED_BY_PEER : TLS_FAILED}: ${reason}`);
  }

  /** This machine ended the handshake, or never came to it. */
  tlsGivenUp(reason: string): void {
    this.#opening.gaveUp();
    this.tlsFailed(reason);
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
    const step = this.#out.steps[0];
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
    if (this.#out.steps[0] === 'quit') return; // whatever it says, the next move is the peer's: it closes
    const step = this.#out.steps.shift() as Exclude<Step, 'quit' | 'handshake'> | undefined;
    if (reply.code === 421) {
      this.#goodbye(this.#opening.withoutSecrets(replyText(reply)), step);
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
      case 'auth':
        this.#open(this.#opening.answered(reply, step, this.#actions.settings.ehloHostname), step);
        break;
      case 'rset':
        if (isSuccess(reply)) this.#goOn();
        else this.#sayQuit();
        break;
      case 'emptyBody':
        this.#finish(true); // whatever it made of it, RSET ends it
        break;
      case 'xclient':
      case 'greetAgain':
        assert(this.#current !== null, 'it is for a message that XCLIENT is said');
        this.#current.isAnswered = true;
        if (step === 'greetAgain' && isSuccess(reply)) this.#opening.greetedAgain(reply);
        this.#introduce(
          this.#current,
          this.#introduction.answered(reply, step, this.#actions.settings.ehloHostname),
          step,
        );
        break;
      default:
        this.#onTransaction(reply, step);
    }
  }

  #open(move: OpeningMove, step: OpeningStep): void {
    const { ehloMs } = this.#actions.settings.timeouts;
    if (move.kind === 'command') this.#out.command(move.text, move.step, ehloMs);
    else if (move.kind === 'refused') this.#refusedUs(move.reply, step);
    else if (move.kind === 'startTls') {
      this.#out.steps.push('handshake');
      this.#actions.setDeadline(ehloMs);
      if (this.#reader.isEmpty) this.#actions.startTls();
    } else if (!this.#introduction.offered(this.#opening.extensions)) {
      this.#refusedUs(XCLIENT_NOT_OFFERED, step, 'protection');
    } else {
      this.#isOpen = true;
      this.#actions.ready();
      this.#goOn();
    }
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
      this.#giveUp(unexpected(reply), step);
      return;
    }
    if (step === 'mail') this.#onMail(running, reply);
    else if (step === 'rcpt') this.#onRcpt(running, reply);
    else if (step === 'data') this.#onData(running, reply);
    else this.#onBody(running, reply);
  }

  #onMail(running: RunningTransaction<T>, reply: Reply): void {
    if (running.mailAnswered(reply)) {
      if (this.#isLockStep) this.#sendRcpt(running);
      else this.#actions.setDeadline(this.#actions.settings.timeouts.rcptToMs);
    } else if (this.#isLockStep) this.#finish(false);
  }

  #onRcpt(running: RunningTransaction<T>, reply: Reply): void {
    running.rcptAnswered(reply);
    if (!this.#isLockStep) this.#actions.setDeadline(this.#actions.settings.timeouts.rcptToMs);
    else if (running.answeredMailboxes < running.outcomes.length) this.#sendRcpt(running);
    else if (running.acceptedMailboxes > 0) this.#sendData(running);
    else this.#finish(true);
  }

  #onData(running: RunningTransaction<T>, reply: Reply): void {
    if (reply.code === 354) {
      if (running.acceptedMailboxes > 0) this.#sendContent(running);
      // RFC 2920 section 3.1: it waits for a message nobody will get. The lone dot gives it an empty one.
      else if (!this.#isLmtp) this.#out.command('.\r\n', 'emptyBody', this.#actions.settings.timeouts.bodyMs);
      // RFC 2033 section 4.2 forbids the 354, and a lone dot has no reply where nobody was accepted.
      else this.#giveUp(unexpected(reply), 'data');
      return;
    }
    running.refuseUnanswered(replyText(reply), STAGE.afterData);
    this.#finish(running.isMailAccepted);
  }

  #onBody(running: RunningTransaction<T>, reply: Reply): void {
    if (this.#out.hasUnflushed) {
      // It cannot have seen what we still hold: nothing is delivered, and who knows what it answers next.
      this.#giveUp(isSuccess(reply) ? lostStep(reply) : replyText(reply), 'body');
      return;
    }
    if (!this.#isLmtp) running.contentAnswered(reply);
    else if (running.contentAnsweredForNext(reply) > 0) {
      this.#actions.setDeadline(this.#actions.settings.timeouts.bodyMs);
      return;
    }
    this.#finish(false);
  }

  // ---- commands

  get #isLmtp(): boolean {
    return this.#actions.terms.method === 'lmtp';
  }

  get #isLockStep(): boolean {
    return !this.#opening.extensions.pipelining || this.#pipelining === 'no';
  }

  /** Fixed at each envelope, since the replies to come depend on it. */
  #pipelining: ClientSettings['pipelining'] = 'no';

  #sendEnvelope(running: RunningTransaction<T>): void {
    this.#out.envelope(running, this.#opening.extensions, this.#isLockStep);
    if (running === this.#current) this.#actions.setDeadline(this.#actions.settings.timeouts.mailFromMs);
  }

  #sendRcpt(running: RunningTransaction<T>): void {
    this.#out.rcpt(running, this.#opening.extensions);
    this.#actions.setDeadline(this.#actions.settings.timeouts.rcptToMs);
  }

  #sendData(running: RunningTransaction<T>): void {
    this.#out.data(running);
    this.#actions.setDeadline(this.#actions.settings.timeouts.rcptToMs); // Reading: 354 has no timeout of its own
  }

  /** The content, and with `overlap` the envelope of the next transaction behind it in the same write. */
  #sendContent(running: RunningTransaction<T>): void {
    // RFC 2033 section 4.2: LMTP answers for each recipient that it accepted.
    this.#out.content(running, this.#isLmtp ? running.acceptedMailboxes : 1);
    this.#actions.setDeadline(this.#actions.settings.timeouts.bodyMs);
    if (this.#isLockStep || this.#pipelining !== 'overlap' || this.#introduction.isDue) return;
    const next = this.#actions.next(true);
    if (typeof next === 'string' || this.#refusedUnsent(next)) return;
    this.#ahead = new RunningTransaction(next, true, true);
    this.#sendEnvelope(this.#ahead);
  }

  #flush(): void {
    if (!this.#isOver) this.#out.flush();
  }

  // ---- XCLIENT

  /** @param step that was answered */
  #introduce(running: RunningTransaction<T>, move: IntroductionMove, step: Step): void {
    if (move.kind === 'say') {
      this.#out.command(move.text, move.step, this.#actions.settings.timeouts.ehloMs);
    } else if (move.kind === 'done') this.#sendEnvelope(running);
    else {
      running.refuseUnanswered(move.reply, STAGES[step], 'transientFailure');
      this.#loseTransactions(move.reply);
      this.#sayQuit();
    }
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
    else if (isOpen) this.#out.command('RSET\r\n', 'rset', timeouts.rsetMs);
    else this.#goOn();
  }

  #tellEnded(running: RunningTransaction<T>): void {
    const { outcomes } = running;
    assert(!outcomes.includes(null), 'a transaction that is over has an outcome for each recipient');
    this.#actions.attempted(running.transaction, outcomes as Disposition[]);
  }

  #goOn(): void {
    for (let unsent = 0; unsent < UNSENT_MAX; unsent++) {
      const next = this.#actions.next(false);
      if (next === 'leave') this.#sayQuit();
      else if (next === 'idle') this.#actions.setDeadline(this.#actions.settings.idleTimeoutMs);
      else if (this.#refusedUnsent(next)) continue;
      else {
        this.#pipelining = this.#actions.settings.pipelining;
        this.#current = new RunningTransaction(next, false, this.#hasCarriedMail);
        if (!this.#introduction.isDue) this.#sendEnvelope(this.#current);
        else this.#introduce(this.#current, this.#introduction.start(next.client), 'rset');
      }
      return;
    }
    this.#sayQuit();
  }

  /** @returns whether the receiver cannot take it; then its attempt is over, and nothing was said of it */
  #refusedUnsent(transaction: T): boolean {
    const obstacle = obstacleTo(transaction, this.#opening.extensions);
    if (obstacle === null) return false;
    this.#actions.attempted(transaction, new Array<Disposition>(transaction.mailboxes.length).fill(obstacle));
    return true;
  }

  // ---- ends

  /** The receiver does not want us now, before any message was named. */
  #refusedUs(reply: string, step: Step, blame = this.#opening.blame(step)): void {
    this.#leave();
    this.#actions.hostFailed(reply, STAGES[step], blame);
    this.#sayQuit();
  }

  /** 421: it is about to close (RFC 5321 section 3.8); QUIT ends it in order should it wait for that. */
  #goodbye(reply: string, step: Step | undefined): void {
    if (!this.#isOpen) {
      this.#refusedUs(reply, step ?? 'banner');
      return;
    }
    this.#loseTransactions(reply, step);
    this.#out.steps.length = 0;
    this.#sayQuit();
  }

  #sayQuit(): void {
    this.#leave();
    this.#out.steps.length = 0;
    this.#out.command('QUIT\r\n', 'quit', QUIT_MS);
  }

  /** There is no orderly end: it broke the protocol or kept silent for too long. */
  #giveUp(reply: string, step = this.#out.steps[0]): void {
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
  #loseTransactions(reply: string, step = this.#out.steps[0]): void {
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
      if (running.isNoAttempt) this.#actions.returned(running.transaction);
      else {
        running.refuseUnanswered(reply, step === undefined ? STAGE.unknown : STAGES[step]);
        this.#tellEnded(running);
      }
    }
    if (ahead !== null) this.#actions.returned(ahead.transaction);
  }
}
