// One question on its way through the servers: each is given `timeoutMs`, a truncated answer is asked for again over TCP,
// a refusal goes on to the next server at once, and all that did not refuse are asked `attempts` times.
import { encodeQuestion, type Question, type Response, readResponse } from './dns-message.ts';
import { type NameServer, orderOfServers } from './name-server.ts';
import type { Exchange, ExchangeEvents } from './udp-lane.ts';

export type Outcome =
  | Extract<Response, { kind: 'answer' | 'alias' }>
  /** No server had a usable answer. `isTimeout`: none had any. */
  | { readonly kind: 'unavailable'; readonly reason: string; readonly isTimeout: boolean };

export interface InquirySettings {
  /** At least one. */
  readonly servers: readonly NameServer[];
  readonly timeoutMs: number;
  readonly attempts: number;
}

/** A server whose system said that nobody listens may be restarting: it is asked again no sooner than this. */
const REFUSED_PAUSE_MS = 1000;

/** What says nothing about the server. */
const NODE_TROUBLE = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS', 'EADDRNOTAVAIL']);

interface Turn {
  readonly server: NameServer;
  hasRefused: boolean;
  lastAskedAt: number;
}

export class Inquiry {
  readonly #question: Question;
  readonly #aliasesBefore: number;
  readonly #timeoutMs: number;
  readonly #done: (outcome: Outcome) => void;
  readonly #turns: readonly Turn[];
  #triesLeft: number;
  #next = 0;
  #exchange: Exchange | null = null;
  #timer: NodeJS.Timeout | undefined;
  #reason = 'no server';
  #hasHeard = false;

  /** @param aliasesBefore how many aliases led to the name */
  constructor(question: Question, aliasesBefore: number, settings: InquirySettings, done: (outcome: Outcome) => void) {
    this.#question = question;
    this.#aliasesBefore = aliasesBefore;
    this.#timeoutMs = settings.timeoutMs;
    this.#done = done;
    this.#turns = orderOfServers(settings.servers).map((server) => ({
      server,
      hasRefused: false,
      lastAskedAt: Number.NEGATIVE_INFINITY,
    }));
    this.#triesLeft = settings.attempts * settings.servers.length;
  }

  begin(): void {
    this.#askNext();
  }

  /** Gives up without an outcome. */
  cancel(): void {
    clearTimeout(this.#timer);
    this.#exchange?.end();
    this.#exchange = null;
  }

  #askNext(): void {
    this.cancel();
    while (this.#triesLeft > 0) {
      const turn = this.#turns[this.#next]!;
      this.#next = (this.#next + 1) % this.#turns.length;
      this.#triesLeft -= 1;
      if (turn.hasRefused) continue;
      const pauseMs = turn.lastAskedAt + REFUSED_PAUSE_MS - performance.now();
      if (pauseMs <= 0) this.#ask(turn, 'udp', true);
      else this.#timer = setTimeout(() => this.#ask(turn, 'udp', true), pauseMs);
      return;
    }
    this.#done({ kind: 'unavailable', reason: this.#reason, isTimeout: !this.#hasHeard });
  }

  #ask(turn: Turn, by: 'udp' | 'tcp', hasEdns: boolean): void {
    this.cancel();
    turn.lastAskedAt = performance.now();
    const encode = (id: number): Buffer => encodeQuestion(id, this.#question, hasEdns);
    const events: ExchangeEvents = {
      received: (message, id) => this.#receive(turn, by, hasEdns, message, id),
      failed: (code) => {
        this.#reason = code;
        if (!NODE_TROUBLE.has(code)) turn.server.noteSilence();
        this.#askNext();
      },
    };
    this.#timer = setTimeout(() => {
      this.#reason = 'timeout';
      turn.server.noteSilence();
      this.#askNext();
    }, this.#timeoutMs);
    this.#exchange = turn.server[by].ask(encode, events);
  }

  #receive(turn: Turn, by: 'udp' | 'tcp', hasEdns: boolean, message: Buffer, id: number): void {
    const response = readResponse(message, id, this.#question, hasEdns, this.#aliasesBefore);
    if (response.kind === 'unrelated' && by === 'udp') return; // the answer may still come
    this.#hasHeard = true;
    turn.server.noteAnswer();
    switch (response.kind) {
      case 'answer':
      case 'alias':
        this.cancel();
        this.#done(response);
        break;
      case 'withoutEdns':
        this.#ask(turn, by, false);
        break;
      case 'truncated':
        if (by === 'udp') this.#ask(turn, 'tcp', hasEdns);
        else this.#refuse(turn, 'an answer that is truncated over TCP too');
        break;
      case 'failed':
        this.#refuse(turn, response.reason);
        break;
      case 'unrelated':
        this.#refuse(turn, 'an answer to another question');
        break;
    }
  }

  #refuse(turn: Turn, reason: string): void {
    turn.hasRefused = true;
    this.#reason = reason;
    this.#askNext();
  }
}
