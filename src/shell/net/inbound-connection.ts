// One connection of a client to us: command lines, message data and replies over a socket (the port InboundConnection).
// It knows where lines and messages end and nothing of SMTP; the session behind InboundEvents decides.
//
// Bounds: a command line is 4096 octets, the rest of a longer one is dropped as it comes. Input that waits for `proceed`
// and replies the client does not read are 64 KiB each plus one chunk of the socket; beyond that nothing is read.
//
// Lines end at CRLF. A bare LF is delivered at once as part of the line, for the session to refuse: a client that ends
// its lines so gets an answer and does not wait for ours. So is a CR elsewhere. Replies of
// one turn are written together: at the end of the chunk that caused them, or at the end of the turn in which they came.
import type { Socket } from 'node:net';
import { assert } from '../../core/base/assert.ts';
import { type MonoMs, monoMs } from '../../core/base/moment.ts';
import type { AcceptInbound, DataRules, InboundConnection, InboundEvents } from '../../engine/ports.ts';
import { DataBlocks } from './data-blocks.ts';
import { DataReader } from './data-reader.ts';
import { readInPlace } from './read-in-place.ts';

/** Longest command line in octets, without its line end. */
export const LINE_OCTETS_MAX = 4_096;
/** Input that is kept while it cannot be worked on. */
const WAITING_OCTETS_MAX = 65_536;
/** Replies that the kernel did not take yet. */
const UNSENT_OCTETS_MAX = 65_536;
/** How long a client may take to answer our FIN, or to read what stands before it. */
const CLOSE_GRACE_MS = 2_000;

const CR = 0x0d;
const LF = 0x0a;
const IPV4_MAPPED = '::ffff:';
/** Of all connections of a thread. */
const blocks = new DataBlocks();

/**
 * What the next octets are: command lines, the rest of a line that is too long, message data, or input that waits for
 * `proceed`. Closing: our side ends, what comes is dropped. Closed: the descriptor is gone.
 */
type Phase = 'commands' | 'longLine' | 'data' | 'answering' | 'closing' | 'closed';

export class SocketInboundConnection implements InboundConnection {
  readonly id: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  lastActivityAt: MonoMs;
  readonly #socket: Socket;
  readonly #events: InboundEvents;
  #phase: Phase = 'commands';
  #reader: DataReader | null = null;
  /** The beginning of a line whose end has not come. In phase longLine: its last octet, if that is a CR. */
  #lineStart = '';
  /** Chunks that came and were not worked on. */
  #waiting: Buffer[] = [];
  #waitingOctets = 0;
  #replies = '';
  #isWorking = false;
  #isTurnScheduled = false;
  #isPeerEnded = false;
  #graceTimer: NodeJS.Timeout | null = null;

  constructor(id: number, socket: Socket, accept: AcceptInbound) {
    this.id = id;
    this.#socket = socket;
    this.remoteAddress = plainAddress(socket.remoteAddress);
    this.remotePort = socket.remotePort ?? 0;
    this.localAddress = plainAddress(socket.localAddress);
    this.localPort = socket.localPort ?? 0;
    this.lastActivityAt = monoMs(performance.now());
    socket.on('error', ignore); // `close` follows and tells all that the session needs to know
    socket.on('close', () => this.#socketClosed());
    this.#events = accept(this);
    readInPlace(socket, (chunk) => this.#received(chunk));
    socket.on('end', () => this.#peerEnded());
    socket.on('drain', () => this.#drained());
  }

  reply(text: string): void {
    if (this.#phase === 'closing' || this.#phase === 'closed') return;
    this.#replies += text;
    if (!this.#isWorking) this.#scheduleTurn();
  }

  readData(rules: DataRules): void {
    if (this.#phase === 'closing' || this.#phase === 'closed') return;
    assert(this.#phase === 'commands', 'message data is read in place of a command');
    this.#reader = new DataReader(rules, blocks);
    this.#phase = 'data';
  }

  proceed(): void {
    if (this.#phase === 'closing' || this.#phase === 'closed') return;
    assert(this.#phase === 'answering', 'a connection proceeds when a message was answered');
    this.#phase = 'commands';
    if (!this.#isWorking) this.#scheduleTurn();
  }

  close(): void {
    if (this.#phase === 'closing' || this.#phase === 'closed') return;
    this.#phase = 'closing';
    this.#forgetInput();
    if (this.#replies !== '') this.#socket.write(this.#replies, 'latin1');
    this.#replies = '';
    this.#socket.end();
    this.#socket.resume(); // what comes is dropped, but the client's FIN must be seen
    this.#graceTimer = setTimeout(() => this.#socket.destroy(), CLOSE_GRACE_MS);
    this.#graceTimer.unref();
  }

  /** @param chunk there until this returns */
  #received(chunk: Buffer): void {
    this.lastActivityAt = monoMs(performance.now());
    if (this.#phase === 'closing' || this.#phase === 'closed') return;
    if (this.#mustWait) this.#wait(Buffer.from(chunk));
    else this.#work(chunk);
    this.#finishTurn();
  }

  /** Nothing is worked on while a message is being answered, behind other input, or for a client that does not read. */
  get #mustWait(): boolean {
    return this.#phase === 'answering' || this.#waiting.length > 0 || this.#isPeerSlow;
  }

  get #isPeerSlow(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** Delivers what the chunk holds, up to where the session must answer first. */
  #work(chunk: Buffer): void {
    this.#isWorking = true;
    let at = 0;
    while (at < chunk.length) {
      // The session may have changed the phase in any event.
      const phase = this.#phase as Phase;
      if (phase === 'commands') at = this.#readLine(chunk, at);
      else if (phase === 'data') at = this.#readMessage(chunk, at);
      else if (phase === 'longLine') at = this.#skipLine(chunk, at);
      else break;
      if (this.#replies.length >= UNSENT_OCTETS_MAX) {
        this.#flush();
        if (this.#isPeerSlow) break;
      }
    }
    this.#isWorking = false;
    if (at < chunk.length && this.#phase !== 'closing' && this.#phase !== 'closed') {
      this.#putBack(Buffer.from(chunk.subarray(at)));
    }
  }

  #readLine(chunk: Buffer, at: number): number {
    const end = lineEndAt(chunk, at);
    const length = this.#lineStart.length + (end < 0 ? chunk.length : end) - at;
    // The last octet may be the CR of a line end.
    if (end < 0 && length > LINE_OCTETS_MAX + 1) {
      this.#phase = 'longLine';
      return this.#skipLine(chunk, at);
    }
    if (end < 0) {
      this.#lineStart += chunk.toString('latin1', at);
      return chunk.length;
    }
    if (length - 2 > LINE_OCTETS_MAX) {
      this.#lineStart = '';
      this.#events.lineTooLong();
      return end;
    }
    let line = chunk.toString('latin1', at, end);
    if (this.#lineStart !== '') {
      line = this.#lineStart + line;
      this.#lineStart = '';
    }
    this.#events.line(line.endsWith('\r\n') ? line.slice(0, -2) : line);
    return end;
  }

  #skipLine(chunk: Buffer, at: number): number {
    const end = lineEndAt(chunk, at);
    if (end < 0) {
      this.#lineStart = chunk[chunk.length - 1] === CR ? '\r' : '';
      return chunk.length;
    }
    this.#lineStart = '';
    this.#phase = 'commands';
    this.#events.lineTooLong();
    return end;
  }

  #readMessage(chunk: Buffer, at: number): number {
    const reader = this.#reader!;
    const end = reader.push(chunk, at);
    if (end < 0) return chunk.length;
    this.#reader = null;
    this.#phase = 'answering';
    this.#events.data(reader.outcome());
    reader.release();
    return end;
  }

  #wait(chunk: Buffer): void {
    this.#waiting.push(chunk);
    this.#waitingOctets += chunk.length;
    if (this.#waitingOctets > WAITING_OCTETS_MAX || this.#waiting.length > WAITING_CHUNKS_MAX) this.#socket.pause();
  }

  #putBack(rest: Buffer): void {
    this.#waiting.unshift(rest);
    this.#waitingOctets += rest.length;
    if (this.#waitingOctets > WAITING_OCTETS_MAX || this.#isPeerSlow) this.#socket.pause();
  }

  #workOffWaiting(): void {
    while (this.#waiting.length > 0 && this.#phase !== 'answering' && !this.#isPeerSlow) {
      const chunk = this.#waiting.shift()!;
      this.#waitingOctets -= chunk.length;
      this.#work(chunk);
    }
    const isAble = this.#waiting.length === 0 && !this.#isPeerSlow;
    if (isAble && this.#socket.isPaused()) this.#socket.resume();
  }

  #finishTurn(): void {
    if (this.#phase === 'closing' || this.#phase === 'closed') return;
    this.#flush();
    if (this.#isPeerSlow) this.#socket.pause();
    if (this.#isPeerEnded && this.#waiting.length === 0 && this.#phase !== 'answering') this.close();
  }

  #flush(): void {
    const replies = this.#replies;
    if (replies === '') return;
    this.#replies = '';
    this.#socket.write(replies, 'latin1');
  }

  /** Not at once: events never come from inside a call, and more replies may come in this turn. */
  #scheduleTurn(): void {
    if (this.#isTurnScheduled) return;
    this.#isTurnScheduled = true;
    queueMicrotask(() => {
      this.#isTurnScheduled = false;
      this.#workOffWaiting();
      this.#finishTurn();
    });
  }

  #drained(): void {
    this.#workOffWaiting();
    this.#finishTurn();
  }

  /** The client says no more, but may still read: what it said is answered first. */
  #peerEnded(): void {
    this.#isPeerEnded = true;
    this.#finishTurn();
  }

  #socketClosed(): void {
    this.#phase = 'closed';
    this.#forgetInput();
    this.#replies = '';
    if (this.#graceTimer !== null) clearTimeout(this.#graceTimer);
    this.#events.closed();
  }

  #forgetInput(): void {
    this.#reader?.release();
    this.#reader = null;
    this.#lineStart = '';
    this.#waiting = [];
    this.#waitingOctets = 0;
  }
}

/** A client that sends octet by octet gets no larger share of our memory. */
const WAITING_CHUNKS_MAX = 64;

const ignore = (): void => {};

const plainAddress = (address = ''): string =>
  address.startsWith(IPV4_MAPPED) ? address.slice(IPV4_MAPPED.length) : address;

/** @returns the index behind the first LF, or -1 */
function lineEndAt(chunk: Buffer, from: number): number {
  return chunk.indexOf(LF, from) + 1 || -1;
}
