// One console client: reads command lines, has them answered one after the other, writes the answers as frames
// (core/base/text-frames). The protocol is described in docs/console.md. A client that does not read its answers stops
// being served until it does, and is dropped after the idle timeout.
import type { Socket } from 'node:net';
import { framePiece, frameText } from '../../core/base/text-frames.ts';
import type { Answer, ConsoleSession } from '../../core/console/command.ts';
import { COMMAND_OCTETS_MAX, type CommandLine, CommandLines } from './command-lines.ts';

/** Who answers. */
export interface ControlAnswers {
  /** Carries out a command line. A rejection is a bug and is not caught. */
  answer(line: string, session: ConsoleSession): Promise<Answer>;
  /** What may stand in place of the last word of an unfinished line. */
  complete(partialLine: string): readonly string[] | Promise<readonly string[]>;
}

const COMPLETE = '\\complete ';
const WRITE_LENGTH = 65_536;

export class ControlSession {
  readonly #socket: Socket;
  readonly #answers: ControlAnswers;
  readonly #session: ConsoleSession;
  /** `writing`: an answer is on its way to the client, which may be slow to take it. */
  #phase: 'idle' | 'answering' | 'writing' = 'idle';
  #isFinishing = false;
  readonly #finished: Promise<void>;
  #finish: () => void = () => {};
  readonly #chunks: AsyncIterator<Buffer>;
  /** Read before it was wanted, to hear of input while an answer is under way. */
  #pulled: Promise<IteratorResult<Buffer> | null> | null = null;

  /** @param session who this is to the answers @param timeoutMs how long the client may neither send nor take anything */
  constructor(socket: Socket, answers: ControlAnswers, session: ConsoleSession, timeoutMs: number) {
    this.#socket = socket;
    this.#answers = answers;
    this.#session = session;
    this.#chunks = socket.iterator({ destroyOnReturn: false });
    this.#finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
    socket.on('error', () => {}); // the peer is gone; `close` follows and ends the session
    socket.setTimeout(timeoutMs, () => {
      if (this.#phase !== 'answering') socket.destroy();
    });
    void this.#serve();
  }

  /** Ends the session after the answer that is under way. */
  finish(): void {
    this.#isFinishing = true;
    this.#finish();
    if (this.#phase === 'idle') this.#socket.destroySoon();
  }

  async #serve(): Promise<void> {
    const lines = new CommandLines();
    let goesOn = await this.#send('', 'ready');
    while (goesOn) {
      const next = await this.#nextChunk();
      this.#pulled = null;
      if (next === null) break; // reset by the peer, or destroyed by us
      const last = next.done ? lines.end() : null;
      const complete = next.done ? (last === null ? [] : [last]) : lines.push(next.value);
      for (const line of complete) {
        goesOn = await this.#handle(line);
        if (!goesOn) break;
      }
      if (next.done) break;
    }
    this.#socket.destroySoon();
  }

  /** The octets that come next; null when the connection is reset. The same until it is taken. */
  #nextChunk(): Promise<IteratorResult<Buffer> | null> {
    this.#pulled ??= this.#chunks.next().catch(() => null);
    return this.#pulled;
  }

  /** @returns whether the session goes on */
  async #handle(line: CommandLine): Promise<boolean> {
    if (line.kind === 'tooLong') return this.#send(`found a line over ${COMMAND_OCTETS_MAX} octets`, 'refused');
    const { text } = line;
    if (!isTyped(text)) {
      await this.#send('this is the console; goodbye', 'refused');
      return false;
    }
    if (text.trim() === 'quit') {
      await this.#send('', 'ok');
      return false;
    }
    if (text.startsWith(COMPLETE)) {
      const words = await this.#answers.complete(text.slice(COMPLETE.length));
      return this.#send(words.join('\n'), 'ok');
    }
    this.#phase = 'answering';
    const answer = await this.#answers.answer(text, this.#session);
    const status = answer.failed ? 'refused' : 'ok';
    if (answer.rest === undefined) return (await this.#send(answer.text, status)) && !this.#isFinishing;
    await this.#write(framePiece(answer.text));
    const pieces = answer.rest[Symbol.asyncIterator]();
    const interrupted = answer.isLive ? Promise.race([this.#nextChunk(), this.#finished]).then(() => null) : null;
    for (;;) {
      const next = await (interrupted === null ? pieces.next() : Promise.race([pieces.next(), interrupted]));
      if (next === null || next.done || this.#socket.destroyed || this.#isFinishing) break;
      await this.#write(framePiece(next.value));
    }
    await pieces.return?.();
    await this.#write(frameText('', status));
    this.#phase = 'idle';
    return !this.#socket.destroyed && !this.#isFinishing;
  }

  /** @returns whether the client is still there */
  async #send(text: string, status: string): Promise<boolean> {
    await this.#write(frameText(text, status));
    this.#phase = 'idle';
    return !this.#socket.destroyed;
  }

  /** Writes in pieces, as fast as the client takes them. */
  async #write(frame: string): Promise<void> {
    this.#phase = 'writing';
    for (let start = 0; start < frame.length && !this.#socket.destroyed; ) {
      let end = start + WRITE_LENGTH;
      if (isHighSurrogate(frame.charCodeAt(end - 1))) end += 1;
      if (!this.#socket.write(frame.slice(start, end))) await drained(this.#socket);
      start = end;
    }
    this.#phase = 'answering';
  }
}

/**
 * Whether a person or a script may have sent this line. Web pages can make a browser on this machine connect to any
 * local port, with lines of their choice inside an HTTP request or, by way of session tickets, a TLS handshake; neither
 * can be sent without a request line or control characters in front of them.
 */
function isTyped(line: string): boolean {
  return !/[\x00-\x08\x0b-\x1f\x7f]/.test(line) && !/^[A-Z]+ \S+ HTTP\/\d/.test(line);
}

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code < 0xdc00;

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}
