// A run of `headgate send`: keeps its sessions going until every message was answered or cannot be sent, and knows
// exactly which messages got a 250. Tests use it for that, also when the server dies in between.
import { randomBytes } from 'node:crypto';
import { MessageMaker, type MessagePlan } from './send-message.ts';
import { type Pipelining, SendSession, type SessionEnd, type SessionOwner } from './send-session.ts';
import { SendSource } from './send-source.ts';
import type { SmtpEndpoint } from './sink-endpoint.ts';

export interface SendOptions extends Partial<MessagePlan> {
  readonly target: SmtpEndpoint;
  readonly messages: number;
  /** Connections at once; 20 when left out, fewer for fewer messages. */
  readonly sessions?: number;
  /** Messages a second over all sessions; 0 = as fast as they go. */
  readonly rate?: number;
  /** `envelope` when left out. */
  readonly pipelining?: Pipelining;
  /** Tries again for so long when there is no connection; 0 = does not. */
  readonly reconnectMs?: number;
  readonly timeoutMs?: number;
  readonly localAddress?: string;
  /** Ends the run in order: open transactions are finished. */
  readonly signal?: AbortSignal;
}

export interface SendResult {
  /** The recipients of each message that got a 250, by its id. */
  readonly accepted: ReadonlyMap<string, readonly string[]>;
  /** Messages that were refused, by the code of the reply. */
  readonly refusedByCode: ReadonlyMap<number, number>;
  /** Recipients that were refused, by the code of the reply; those of refused messages too. */
  readonly recipientsRefusedByCode: ReadonlyMap<number, number>;
  /** Ids of messages whose answer was lost: they may arrive or not. They are not sent again. */
  readonly unanswered: readonly string[];
  /** Messages that were not sent. */
  readonly unsent: number;
  /** Connections that came about. */
  readonly connections: number;
  /** Why the last session failed that did, or null. */
  readonly failure: string | null;
  readonly seconds: number;
}

const DEFAULT_SIZE = 2_048;
const DEFAULT_SESSIONS = 20;
const DEFAULT_TIMEOUT_MS = 60_000;
const RETRY_MS = 100;

/** Sends everything it can. Never throws for what the server does. */
export function sendMail(options: SendOptions): Promise<SendResult> {
  return new SendRun(options).run();
}

class SendRun {
  readonly #options: SendOptions;
  readonly #source: SendSource;
  readonly #startedAt = performance.now();
  readonly #accepted = new Map<string, readonly string[]>();
  readonly #refusedByCode = new Map<number, number>();
  readonly #recipientsRefusedByCode = new Map<number, number>();
  readonly #unanswered: string[] = [];
  readonly #sessions = new Set<SendSession>();
  #connections = 0;
  #failure: string | null = null;
  /** When a message was last answered, or the run began: from then on reconnecting has its time. */
  #successAt = this.#startedAt;

  constructor(options: SendOptions) {
    this.#options = options;
    const maker = new MessageMaker({
      size: options.size ?? DEFAULT_SIZE,
      domains: options.domains ?? ['example.com'],
      recipientsPerMessage: options.recipientsPerMessage ?? 1,
      reversePath: options.reversePath ?? 'sender@origin.example',
      headers: options.headers ?? [],
      bindings: options.bindings ?? [],
      idPrefix: options.idPrefix ?? randomBytes(4).toString('hex'),
    });
    this.#source = new SendSource(maker, options.messages, options.rate ?? 0, this.#startedAt);
  }

  async run(): Promise<SendResult> {
    const { signal, sessions = DEFAULT_SESSIONS, messages } = this.#options;
    const stop = (): void => {
      this.#source.stop();
      for (const session of this.#sessions) session.finish();
    };
    signal?.addEventListener('abort', stop);
    if (signal?.aborted) stop();
    await Promise.all(Array.from({ length: Math.min(sessions, messages) }, () => this.#keepSession()));
    signal?.removeEventListener('abort', stop);
    return {
      accepted: this.#accepted,
      refusedByCode: this.#refusedByCode,
      recipientsRefusedByCode: this.#recipientsRefusedByCode,
      unanswered: this.#unanswered,
      unsent: this.#source.left,
      connections: this.#connections,
      failure: this.#failure,
      seconds: (performance.now() - this.#startedAt) / 1000,
    };
  }

  /** One session after the other, until there is nothing to send or no way to. */
  async #keepSession(): Promise<void> {
    const { reconnectMs = 0, signal } = this.#options;
    while (this.#source.left > 0 && signal?.aborted !== true) {
      const { isDone, answered, failure } = await this.#session();
      if (failure !== null) this.#failure = failure;
      if (isDone && failure === null) return;
      if (answered > 0) continue; // a connection that was of use is replaced
      if (performance.now() - this.#successAt >= reconnectMs) return;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  #session(): Promise<SessionEnd> {
    const { target, localAddress = null, reversePath = 'sender@origin.example' } = this.#options;
    const { pipelining = 'envelope', timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    return new Promise((resolve) => {
      const owner: SessionOwner = {
        take: () => this.#source.take(performance.now()),
        accepted: (message, recipients) => {
          this.#accepted.set(message.id, recipients);
          this.#successAt = performance.now();
        },
        refused: (_, code) => {
          countUp(this.#refusedByCode, code);
          this.#successAt = performance.now();
        },
        recipientRefused: (code) => countUp(this.#recipientsRefusedByCode, code),
        unanswered: (message) => this.#unanswered.push(message.id),
        unsent: (message) => this.#source.giveBack(message),
        connected: () => {
          this.#connections += 1;
        },
        closed: (end) => {
          this.#sessions.delete(session);
          resolve(end);
        },
      };
      const session = new SendSession({ target, localAddress, reversePath, pipelining, timeoutMs }, owner);
      this.#sessions.add(session);
    });
  }
}

function countUp(countsByCode: Map<number, number>, code: number): void {
  countsByCode.set(code, (countsByCode.get(code) ?? 0) + 1);
}
