// The client's end of a console connection: asks one thing after the other and hands on the text of each answer as it
// comes. The protocol is described in docs/console.md. What is shown, and when to connect again, is the caller's.
import { connect, type Socket } from 'node:net';
import { type FramePart, FrameReader } from '../core/base/text-frames.ts';
import type { ConsoleEndpoint } from './console-endpoint.ts';

/** How an answer ended; `lost` when the connection did before the answer was complete. */
export type AnswerEnd = 'ok' | 'refused' | 'lost';

export type OpenedConsole =
  | { readonly kind: 'connected'; readonly client: ConsoleClient }
  | { readonly kind: 'failed'; readonly reason: string };

interface Question {
  readonly take: (text: string) => void;
  readonly end: (status: string) => void;
}

const GREETING_TIMEOUT_MS = 5_000;
/** Longest line taken from a server, in characters: a list value fills one, a stream that is no console has none. */
const LINE_LENGTH_MAX = 16_777_216;
const NO_CONSOLE = 'what answers there is no console';

/** Connects and waits for the server's greeting. */
export async function openConsole(endpoint: ConsoleEndpoint): Promise<OpenedConsole> {
  const socket = connect('path' in endpoint ? { path: endpoint.path } : { host: endpoint.host, port: endpoint.port });
  let failure = NO_CONSOLE;
  socket.on('error', (error: NodeJS.ErrnoException) => {
    failure = explain(error);
  });
  const timeout = setTimeout(() => {
    failure = `no greeting within ${GREETING_TIMEOUT_MS / 1000} s`;
    socket.destroy();
  }, GREETING_TIMEOUT_MS);
  const client = new ConsoleClient(socket);
  const { status, text } = await client.greeting;
  clearTimeout(timeout);
  if (status === 'ready') return { kind: 'connected', client };
  client.close();
  return { kind: 'failed', reason: status === 'refused' ? text.trimEnd() : failure };
}

export class ConsoleClient {
  readonly #socket: Socket;
  readonly #frames = new FrameReader();
  /** What was asked, oldest first; the server answers in order. */
  readonly #questions: Question[] = [];
  /** The server's first frame: `ready`, or `refused` with the reason. */
  readonly greeting: Promise<{ readonly status: string; readonly text: string }>;

  constructor(socket: Socket) {
    this.#socket = socket;
    let text = '';
    const take = (piece: string): void => {
      text += piece;
    };
    this.greeting = this.#nextFrame(take).then((status) => ({ status, text }));
    socket.setEncoding('utf8').setNoDelay(true);
    socket.on('error', () => {}); // `close` follows
    socket.on('data', (chunk: string) => this.#receive(chunk));
    socket.on('close', () => {
      for (const question of this.#questions.splice(0)) question.end('lost');
    });
  }

  get isConnected(): boolean {
    return this.#socket.readyState === 'open';
  }

  /** Has a command line carried out. @param take is called with complete lines as they come */
  async ask(line: string, take: (text: string) => void): Promise<AnswerEnd> {
    if (!this.isConnected) return 'lost';
    this.#socket.write(`${line.replace(/[\r\n]+/g, ' ')}\n`);
    const status = await this.#nextFrame(take);
    return status === 'ok' || status === 'lost' ? status : 'refused';
  }

  /** What may stand in place of the last word of `partialLine`; nothing when the connection is lost. */
  async complete(partialLine: string): Promise<string[]> {
    let words = '';
    await this.ask(`\\complete ${partialLine}`, (text) => {
      words += text;
    });
    return words.split('\n').filter((word) => word !== '');
  }

  /** Stops and starts taking what the server sends, for a slow output. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** @returns the status of the first frame that no earlier question waits for */
  #nextFrame(take: (text: string) => void): Promise<string> {
    return new Promise((end) => this.#questions.push({ take, end }));
  }

  #receive(chunk: string): void {
    for (const part of this.#frames.push(chunk)) {
      if (!this.#hand(part)) {
        this.close();
        return;
      }
    }
    if (this.#frames.pendingLength > LINE_LENGTH_MAX) this.close();
  }

  /** @returns false for what no console sends */
  #hand(part: FramePart): boolean {
    const question = this.#questions[0];
    if (question === undefined || part.kind === 'violation') return false;
    if (part.kind === 'text') question.take(part.text);
    else {
      this.#questions.shift();
      question.end(part.status);
    }
    return true;
  }
}

function explain(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ENOENT':
      return 'there is no such socket; is the server running, and is this its Control_Listener?';
    case 'ECONNREFUSED':
      return 'nobody answers; is the server running?';
    case 'EACCES':
      return 'permission denied; file_mode of the Control_Listener says who may connect';
    default:
      return error.code ?? error.message;
  }
}
