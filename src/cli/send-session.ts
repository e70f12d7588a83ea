// One connection of `headgate send`: greets, sends message after message, says QUIT. What was answered, and what got no
// answer before the connection broke, is told to the owner exactly once for each message.
import { connect, type Socket } from 'node:net';
import type { OutgoingMessage } from './send-message.ts';
import type { Taken } from './send-source.ts';
import type { SmtpEndpoint } from './sink-endpoint.ts';

/** As the option smtp_pipelining: wait for every reply, send an envelope at once, or together with the message before. */
export type Pipelining = 'no' | 'envelope' | 'overlap';

export interface SessionOptions {
  readonly target: SmtpEndpoint;
  readonly localAddress: string | null;
  readonly reversePath: string;
  /** Used as far as the server offers PIPELINING. */
  readonly pipelining: Pipelining;
  /** Silence of the server after which it is given up. */
  readonly timeoutMs: number;
}

export interface SessionOwner {
  /** The TCP connection stands. */
  connected(): void;
  take(): Taken;
  accepted(message: OutgoingMessage, recipients: readonly string[]): void;
  /** @param code of the reply that decided */
  refused(message: OutgoingMessage, code: number): void;
  recipientRefused(code: number): void;
  /** The connection broke after the final dot was sent and before it was answered: it may arrive or not. */
  unanswered(message: OutgoingMessage): void;
  /** The connection broke before the final dot was sent. */
  unsent(message: OutgoingMessage): void;
  /** The last call. */
  closed(end: SessionEnd): void;
}

export interface SessionEnd {
  /** Said QUIT since there was nothing left. */
  readonly isDone: boolean;
  /** Messages that got an answer. */
  readonly answered: number;
  /** Why there was no session, or null. */
  readonly failure: string | null;
}

interface Reply {
  readonly code: number;
  readonly text: string;
}

interface Expected {
  readonly answered: (reply: Reply) => void;
  readonly isToFinalDot: boolean;
}

interface Transaction {
  readonly message: OutgoingMessage;
  readonly accepted: string[];
  /** The first reply that refused the transaction or, while none of them was accepted, a recipient. */
  refusedWith: number | null;
  isMailAccepted: boolean;
  isDotSent: boolean;
}

/** Longest unfinished reply in characters. */
const REPLY_MAX = 65_536;
const CLOSE_TIMEOUT_MS = 5_000;

export class SendSession {
  readonly #options: SessionOptions;
  readonly #owner: SessionOwner;
  readonly #socket: Socket;
  /** What the coming replies answer, in order. */
  readonly #expected: Expected[] = [];
  readonly #open = new Set<Transaction>();
  #text = '';
  #lines = '';
  #out = '';
  #pipelining: Pipelining = 'no';
  #isLeaving = false;
  #isDone = false;
  #mustReset = false;
  #answered = 0;
  #failure: string | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: SessionOptions, owner: SessionOwner) {
    this.#options = options;
    this.#owner = owner;
    const { target, localAddress, timeoutMs } = options;
    this.#socket = connect({
      host: target.address,
      port: target.port,
      noDelay: true,
      ...(localAddress === null ? {} : { localAddress }),
    });
    this.#socket.setEncoding('latin1');
    this.#socket.setTimeout(timeoutMs, () => this.#silence());
    this.#socket.on('connect', () => owner.connected());
    this.#socket.on('data', (text: string) => this.#receive(text));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#failure = error.code ?? error.message;
    });
    this.#socket.on('close', () => this.#close());
    this.#expect((reply) => this.#banner(reply));
  }

  /** Says QUIT as soon as nothing is open. */
  finish(): void {
    this.#isLeaving = true;
    if (this.#open.size === 0 && this.#expected.length === 0) this.#quit();
  }

  #receive(text: string): void {
    this.#text += text;
    let from = 0;
    for (let end = this.#text.indexOf('\n', from); end >= 0; end = this.#text.indexOf('\n', from)) {
      const line = this.#text.slice(from, end).trimEnd();
      from = end + 1;
      if (!/^\d{3}(?:[ -]|$)/.test(line)) {
        this.#giveUp(`an answer that is none: ${line.slice(0, 80)}`);
        return;
      }
      this.#lines += `${line}\n`;
      if (line[3] !== '-') this.#take({ code: Number(line.slice(0, 3)), text: this.#lines });
    }
    this.#text = this.#text.slice(from);
    if (this.#text.length + this.#lines.length > REPLY_MAX) {
      this.#giveUp('an answer without end');
      return;
    }
    this.#flush();
  }

  #take(reply: Reply): void {
    this.#lines = '';
    const expected = this.#expected.shift();
    if (reply.code === 421) this.#leave(reply);
    if (expected === undefined && reply.code !== 421) {
      this.#giveUp(`an answer to nothing: ${reply.text.slice(0, 80)}`);
    } else if (reply.code !== 421 || expected?.isToFinalDot) expected!.answered(reply);
  }

  /** The server says it will close. What it has not taken can be sent over another connection. */
  #leave({ text }: Reply): void {
    this.#isLeaving = true;
    this.#failure ??= `the server answered ${text.trimEnd()}`;
    this.#socket.setTimeout(CLOSE_TIMEOUT_MS);
  }

  #flush(): void {
    if (this.#out === '') return;
    const out = this.#out;
    this.#out = '';
    this.#socket.write(out, 'latin1');
  }

  #banner({ code, text }: Reply): void {
    if (code !== 220) {
      this.#giveUp(`the server answered ${text.trimEnd()}`);
      return;
    }
    this.#command('EHLO send.headgate.test', (ehlo) => {
      if (ehlo.code !== 250) {
        this.#command('HELO send.headgate.test', (helo) => {
          if (helo.code !== 250) this.#giveUp(`the server answered ${helo.text.trimEnd()}`);
          else this.#next();
        });
        return;
      }
      if (/^250[ -]PIPELINING$/im.test(ehlo.text)) this.#pipelining = this.#options.pipelining;
      this.#next();
    });
  }

  #command(line: string, answered: (reply: Reply) => void): void {
    this.#out += `${line}\r\n`;
    this.#expect(answered);
  }

  #expect(answered: (reply: Reply) => void, isToFinalDot = false): void {
    this.#expected.push({ answered, isToFinalDot });
  }

  /** Goes on when nothing is open. */
  #next(): void {
    if (this.#open.size > 0 || this.#timer !== null || this.#isDone || this.#failure !== null) return;
    if (this.#isLeaving) {
      this.#quit();
      return;
    }
    const taken = this.#owner.take();
    if (taken.kind === 'none') {
      this.#quit();
      return;
    }
    if (taken.kind === 'message') {
      this.#start(taken.message);
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#next();
      this.#flush();
    }, taken.ms);
  }

  #start(message: OutgoingMessage): void {
    const transaction: Transaction = {
      message,
      accepted: [],
      refusedWith: null,
      isMailAccepted: false,
      isDotSent: false,
    };
    this.#open.add(transaction);
    if (this.#mustReset) this.#command('RSET', () => {});
    this.#mustReset = false;
    if (this.#pipelining === 'no') {
      this.#mailAlone(transaction);
      return;
    }
    this.#command(`MAIL FROM:<${this.#options.reversePath}>`, (reply) => this.#mailAnswered(transaction, reply));
    for (const recipient of message.recipients) this.#rcpt(transaction, recipient, () => {});
    this.#data(transaction);
  }

  #mailAlone(transaction: Transaction): void {
    this.#command(`MAIL FROM:<${this.#options.reversePath}>`, (reply) => {
      this.#mailAnswered(transaction, reply);
      if (transaction.isMailAccepted) this.#rcptAlone(transaction, 0);
      else this.#refuse(transaction, reply.code);
    });
  }

  #rcptAlone(transaction: Transaction, index: number): void {
    const recipient = transaction.message.recipients[index];
    if (recipient !== undefined) {
      this.#rcpt(transaction, recipient, () => this.#rcptAlone(transaction, index + 1));
      return;
    }
    if (transaction.accepted.length > 0) {
      this.#data(transaction);
      return;
    }
    this.#mustReset = true;
    this.#refuse(transaction, transaction.refusedWith!);
  }

  #mailAnswered(transaction: Transaction, { code }: Reply): void {
    if (code === 250) transaction.isMailAccepted = true;
    else transaction.refusedWith = code;
  }

  #rcpt(transaction: Transaction, recipient: string, then: () => void): void {
    this.#command(`RCPT TO:<${recipient}>`, ({ code }) => {
      if (code >= 200 && code < 300) transaction.accepted.push(recipient);
      else {
        if (transaction.isMailAccepted) this.#owner.recipientRefused(code);
        transaction.refusedWith ??= code;
      }
      then();
    });
  }

  #data(transaction: Transaction): void {
    this.#command('DATA', ({ code }) => {
      if (code === 354) {
        this.#body(transaction);
        return;
      }
      this.#mustReset = transaction.isMailAccepted;
      // Behind refused recipients this refusal says no more than theirs.
      const isOwn = transaction.accepted.length > 0;
      this.#refuse(transaction, isOwn ? code : (transaction.refusedWith ?? code));
    });
  }

  #body(transaction: Transaction): void {
    const isEmpty = transaction.accepted.length === 0;
    this.#out += isEmpty ? '.\r\n' : transaction.message.data;
    transaction.isDotSent = !isEmpty;
    this.#expect(({ code }) => {
      if (isEmpty) this.#refuse(transaction, transaction.refusedWith ?? code);
      else if (code !== 250) this.#refuse(transaction, code);
      else {
        this.#end(transaction);
        this.#owner.accepted(transaction.message, transaction.accepted);
        this.#next();
      }
    }, true);
    if (this.#pipelining !== 'overlap' || this.#isLeaving) return;
    const taken = this.#owner.take();
    if (taken.kind === 'message') this.#start(taken.message);
  }

  #refuse(transaction: Transaction, code: number): void {
    this.#end(transaction);
    this.#owner.refused(transaction.message, code);
    this.#next();
  }

  #end(transaction: Transaction): void {
    this.#open.delete(transaction);
    this.#answered += 1;
  }

  #quit(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#socket.setTimeout(CLOSE_TIMEOUT_MS);
    this.#command('QUIT', () => {}); // the server closes, then so do we
    this.#flush();
  }

  #silence(): void {
    if (this.#timer === null) this.#giveUp('the server was silent for too long');
  }

  #giveUp(reason: string): void {
    this.#failure ??= reason;
    this.#expected.length = 0;
    this.#socket.destroy();
  }

  #close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const { message, isDotSent } of this.#open) {
      if (isDotSent) this.#owner.unanswered(message);
      else this.#owner.unsent(message);
    }
    this.#open.clear();
    this.#owner.closed({
      isDone: this.#isDone,
      answered: this.#answered,
      failure: this.#isDone ? null : this.#failure,
    });
  }
}
