// The thread of a shard, as the control thread has it: asks it and hears it, and knows when it is gone.
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { FromShard, ShardAnswer, ShardRequest, ShardSetup, ToShard } from './shard-messages.ts';
import type { StartFailure } from './shards.ts';

export interface ShardThreadParts {
  readonly setup: Omit<ShardSetup, 'viewPort'>;
  readonly file: URL;
  /** Its spool is read: the counters are made ready for it. */
  admit(): void;
  told(message: FromShard & { readonly kind: 'panic' | 'report' | 'policy' | 'audit' }): void;
  /** Resolves when what it has told for the audit is in the file. */
  flushAudit(): Promise<void>;
  /** Called once, also when that was asked for. @param reason in words */
  ended(thread: ShardThread, reason: string): void;
}

/** The thread has ended. */
export const GONE: ShardAnswer = { problems: ['it has ended'], portByKey: new Map(), places: [] };

export class ShardThread {
  readonly number: number;
  /** Where the console asks. */
  readonly viewPort: MessagePort;
  /** Null once it is open. */
  readonly opened: Promise<StartFailure | null>;
  readonly #parts: ShardThreadParts;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, (answer: ShardAnswer) => void>();
  #lastId = 0;
  #reason = 'for no known reason';
  #isOpened: (failure: StartFailure | null) => void = () => {};
  #isGone = false;

  constructor(parts: ShardThreadParts) {
    const { setup, file } = parts;
    this.number = setup.number;
    this.#parts = parts;
    this.opened = new Promise((resolve) => {
      this.#isOpened = resolve;
    });
    const { port1, port2 } = new MessageChannel();
    this.viewPort = port1;
    const workerData: ShardSetup = { ...setup, viewPort: port2 };
    this.#worker = new Worker(file, { workerData, transferList: [port2] });
    this.#worker.on('message', (message: FromShard) => this.#hear(message));
    this.#worker.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ERR_WORKER_OUT_OF_MEMORY') throw error; // a bug, which stops the process
      this.#reason = 'out of memory';
    });
    this.#worker.on('exit', () => this.#ended());
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  ask(request: ShardRequest): Promise<ShardAnswer> {
    if (this.#isGone) return Promise.resolve(GONE);
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#say({ kind: 'request', id, request });
    });
  }

  /** Ends it, whatever it is at. Resolves when it is gone. */
  async terminate(): Promise<void> {
    this.#reason = 'it was told to';
    await this.#worker.terminate();
  }

  #say(message: ToShard): void {
    this.#worker.postMessage(message);
  }

  #hear(message: FromShard): void {
    switch (message.kind) {
      case 'read':
        this.#parts.admit();
        this.#say({ kind: 'admitted' });
        return;
      case 'opened':
        this.#isOpened(null);
        return;
      case 'failed':
        this.#isOpened(message.failure);
        return;
      case 'answer':
        this.#waiting.get(message.id)!(message.answer);
        this.#waiting.delete(message.id);
        return;
      case 'flushAudit':
        void this.#parts.flushAudit().then(() => {
          if (!this.#isGone) this.#say({ kind: 'auditFlushed', id: message.id });
        });
        return;
      default:
        this.#parts.told(message);
    }
  }

  #ended(): void {
    this.#isGone = true;
    this.#isOpened({ status: 1, lines: [`shard ${this.number + 1} ended while it was opened: ${this.#reason}`] });
    for (const answered of this.#waiting.values()) answered(GONE);
    this.#waiting.clear();
    this.#parts.ended(this, this.#reason);
  }
}
