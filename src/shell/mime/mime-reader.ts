// The MimeReader port of the engine: a thread that takes mail apart, started when the first mail wants it. Whatever
// somebody sends costs the server no more than that thread: one that takes too long, or too much memory, is given up with
// the mail it was at, and another goes on.
import { Worker } from 'node:worker_threads';
import type { Content } from '../../core/mail/message.ts';
import type { MimeParts } from '../../core/mail/mime-parts.ts';
import { CONTENT_OCTETS_MAX, type MailBeginning } from './read-mime.ts';

type Done = (parts: MimeParts | null) => void;

interface Job {
  readonly id: number;
  readonly beginning: MailBeginning;
  readonly done: Done;
}

/** A mail takes some milliseconds. */
const PATIENCE_MS = 10_000;
const HEAP_MB_MAX = 64;
const THREAD = new URL('./mime-thread.ts', import.meta.url);

export class ThreadedMimeReader {
  readonly #patienceMs: number;
  readonly #thread: URL;
  /** In the order in which they were asked for; the first is being read. */
  #jobs: Job[] = [];
  #worker: Worker | null = null;
  #timer: NodeJS.Timeout | null = null;
  #lastId = 0;

  /** Both are for tests. */
  constructor(patienceMs = PATIENCE_MS, thread = THREAD) {
    this.#patienceMs = patienceMs;
    this.#thread = thread;
  }

  read(content: Content, done: Done): void {
    const job = { id: ++this.#lastId, beginning: beginningOf(content), done };
    this.#jobs.push(job);
    if (this.#worker === null) this.#start();
    else this.#worker.postMessage({ id: job.id, beginning: job.beginning });
    if (this.#jobs.length === 1) this.#wait();
  }

  /** Begins with what is to be read. */
  #start(): void {
    const worker = new Worker(this.#thread, { resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX } });
    this.#worker = worker;
    worker.on('message', ({ id, parts }: { readonly id: number; readonly parts: MimeParts | null }) => {
      if (this.#worker === worker && this.#jobs[0]?.id === id) this.#answered(parts);
    });
    worker.on('error', () => this.#lost(worker));
    worker.on('exit', () => this.#lost(worker));
    worker.unref();
    for (const { id, beginning } of this.#jobs) worker.postMessage({ id, beginning });
  }

  #answered(parts: MimeParts | null): void {
    const { done } = this.#jobs.shift()!;
    this.#wait();
    done(parts);
  }

  /** The thread ended, or is given up: so is the mail that it was at. */
  #lost(worker: Worker): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    void worker.terminate();
    if (this.#jobs.length === 0) return;
    const { done } = this.#jobs.shift()!;
    if (this.#jobs.length > 0) this.#start();
    this.#wait();
    done(null);
  }

  /** For the answer to the first. */
  #wait(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const worker = this.#worker;
    if (this.#jobs.length === 0 || worker === null) this.#timer = null;
    else this.#timer = setTimeout(() => this.#lost(worker), this.#patienceMs).unref();
  }
}

function beginningOf({ headerSection, body }: Content): MailBeginning {
  const header = headerSection.slice(0, CONTENT_OCTETS_MAX);
  const chunks: Uint8Array[] = [];
  let room = CONTENT_OCTETS_MAX - header.length;
  for (const chunk of body) {
    if (room <= 0) break;
    chunks.push(chunk.subarray(0, room));
    room -= chunk.length;
  }
  return { headerSection: header, body: Buffer.concat(chunks) };
}
