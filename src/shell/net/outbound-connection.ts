// One connection of ours to a remote host (the port Connection). Octets leave in the order in which they were written:
// where content has to be read from the spool first, everything behind it waits, and behind lost content nothing leaves.
//
// Bodies are referenced, never copied (small ones are put together with the commands around them). At most 128 KiB are
// with the socket at a time, the rest waits here as references, so `bytesWritten` moves while a slow host reads.
//
// TLS begins in the middle of a connection (RFC 3207). From then on what is written goes through an encrypting socket on
// top of the first one, and what is read comes from it; without TLS nothing of that is there.
//
// A connection we give up is reset; what the kernel still holds of it is discarded (design decision 6). We send a FIN
// only when asked to; the peer's FIN leaves our side open. A peer that then neither reads nor closes is reset too.
import { connect, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { assert } from '../../core/base/assert.ts';
import type { Content } from '../../core/mail/message.ts';
import type { TlsPeer } from '../../core/mail/tls-policy.ts';
import type { ContentForm } from '../../core/smtp/client-actions.ts';
import type {
  ConnectFailure,
  Connection,
  ConnectionEvents,
  ConnectTarget,
  StoredContent,
  TlsRequest,
} from '../../engine/ports.ts';
import { connectFailure } from './connect-failure.ts';
import { closeWhenDestroyed, OutboundHandshake, type TlsParts } from './outbound-handshake.ts';
import { SevenBitForm } from './seven-bit-form.ts';
import { ASSEMBLED_OCTETS_MAX, type SharedBuffers } from './shared-buffers.ts';

/** Stays as it is until it is given back. */
export interface ContentInMemory {
  readonly headerSection: Uint8Array;
  readonly body: readonly Uint8Array[];
  /** Gives it back; called once. */
  done(): void;
}

/** Where the content of stored transactions comes from. */
export interface ContentSource {
  /** The content when it is in memory. */
  inMemory(stored: StoredContent): ContentInMemory | null;
  /** Null when it is damaged or gone. */
  read(stored: StoredContent, done: (content: Content | null) => void): void;
}

/** Octets handed to the socket at a time. As large as its buffer, so that the socket tells when they are through. */
const PORTION_OCTETS = 65_536;
/** How long after `end` a connection may stand still before it is reset. */
const END_GRACE_MS = 2_000;
const CRLF = Buffer.from('\r\n');
const DOT = 0x2e;

type Octets = string | Uint8Array;
/** What stands in a queue. */
type Piece = Octets | Reading | SevenBitForm;

/** Content that is being read from the spool. */
interface Reading {
  readonly stored: StoredContent;
  readonly form: ContentForm;
  /** Undefined until the answer is there; null when the content is lost. */
  content: Content | null | undefined;
}

/**
 * Open includes our FIN being asked for. Ending: the FIN is on its way. Resetting: `reset` was called. Over: the last
 * event was told.
 */
type Phase = 'connecting' | 'open' | 'ending' | 'resetting' | 'over';

export class SocketConnection implements Connection {
  readonly #events: ConnectionEvents;
  readonly #contents: ContentSource;
  readonly #buffers: SharedBuffers;
  readonly #tls: TlsParts;
  readonly #peer: string;
  /** That of TCP. */
  readonly #raw: Socket | null;
  /** What is written to: the same, or the one that encrypts. */
  #socket: Socket | null;
  #handshake: OutboundHandshake | null = null;
  #phase: Phase = 'connecting';
  #error: NodeJS.ErrnoException | null = null;
  /** Text since the last flush, behind `#staged`. */
  #stagedText = '';
  #staged: Piece[] = [];
  /** Flushed and not yet with the socket. */
  #queue: Piece[] = [];
  /** Content of the spool's memory that is in a queue here or with the socket. */
  #borrowed: ContentInMemory[] = [];
  #octetsGiven = 0;
  #isEndAsked = false;
  #isLost = false;
  #graceTimer: NodeJS.Timeout | null = null;

  constructor(
    target: ConnectTarget,
    events: ConnectionEvents,
    contents: ContentSource,
    buffers: SharedBuffers,
    tls: TlsParts,
  ) {
    this.#events = events;
    this.#contents = contents;
    this.#buffers = buffers;
    this.#tls = tls;
    this.#peer = `${target.address} ${target.port}`;
    this.#raw = this.#open(target);
    this.#socket = this.#raw;
  }

  /** Null when Node refuses to try, as with a local address that is none; `failed` follows. */
  #open(target: ConnectTarget): Socket | null {
    const { address, family, port, localAddress } = target;
    try {
      const socket = connect({
        host: address,
        family,
        port,
        ...(localAddress === null ? {} : { localAddress }),
        allowHalfOpen: true,
        noDelay: true,
        autoSelectFamily: false,
        onread: { buffer: this.#buffers.read, callback: (octets, buffer) => this.#received(octets, buffer) },
      });
      socket.on('connect', () => this.#connected());
      socket.on('end', () => this.#peerEnded());
      socket.on('drain', () => this.#pump());
      socket.on('error', (error) => {
        this.#error ??= error;
      });
      socket.on('close', () => this.#socketClosed());
      return socket;
    } catch (error) {
      this.#error = error as NodeJS.ErrnoException;
      setImmediate(() => this.#socketClosed());
      return null;
    }
  }

  write(text: string): void {
    this.#stagedText += text;
  }

  writeContent(stored: StoredContent, form: ContentForm = 'stored'): void {
    if (this.#phase === 'resetting' || this.#phase === 'over') return;
    if (this.#stagedText !== '') this.#staged.push(this.#stagedText);
    this.#stagedText = '';
    const held = this.#contents.inMemory(stored);
    if (held !== null) {
      this.#borrowed.push(held);
      this.#staged.push(...wireFormOf(held.headerSection, held.body, form));
      return;
    }
    const reading: Reading = { stored, form, content: undefined };
    this.#staged.push(reading);
    this.#contents.read(stored, (content) => {
      reading.content = content;
      // In a later turn, also when the source answers at once.
      if (this.#queue[0] === reading) queueMicrotask(() => this.#pump());
    });
  }

  flush(): void {
    const text = this.#stagedText;
    this.#stagedText = '';
    if (this.#phase === 'resetting' || this.#phase === 'over' || this.#isLost) {
      this.#staged = [];
      return;
    }
    if (this.#staged.length === 0) {
      if (text === '') return;
      // The usual case: commands, and nothing in front of them.
      if (this.#queue.length === 0 && this.#phase === 'open' && !this.#socket!.writableNeedDrain) {
        this.#octetsGiven += text.length;
        this.#socket!.write(text, 'latin1');
        return;
      }
      this.#queue.push(text);
    } else {
      if (text !== '') this.#staged.push(text);
      if (this.#queue.length === 0) this.#queue = this.#staged;
      else for (const piece of this.#staged) this.#queue.push(piece);
      this.#staged = [];
    }
    this.#pump();
  }

  startTls(request: TlsRequest): void {
    assert(this.#phase !== 'connecting' && this.#socket === this.#raw, 'TLS begins once, on an open connection');
    if (this.#phase !== 'open' || this.#raw === null) return;
    assert(this.#queue.length === 0 && this.#staged.length === 0, 'nothing in clear is on its way when TLS begins');
    this.#handshake = new OutboundHandshake(this.#raw, this.#peer, request, this.#tls, {
      secured: (socket, peer) => this.#secured(socket, peer),
      failed: (reason) => this.#events.tlsFailed(reason),
      givenUp: (reason) => this.#events.tlsGivenUp(reason),
    });
  }

  get awaitsTls(): boolean {
    return this.#handshake?.awaitsTurn ?? false;
  }

  get bytesWritten(): number {
    return this.#socket === null ? 0 : this.#octetsGiven - this.#socket.writableLength;
  }

  end(): void {
    assert(this.#phase !== 'connecting', 'a connection that is not there yet is reset, not ended');
    if (this.#phase !== 'open' || this.#isEndAsked) return;
    this.flush();
    this.#isEndAsked = true;
    this.#handshake?.cancel();
    if (this.#isEncrypted) closeWhenDestroyed(this.#raw!);
    this.#pump();
    this.#watchEnd();
  }

  reset(): void {
    if (this.#phase === 'resetting' || this.#phase === 'over') return;
    const phase = this.#phase;
    const raw = this.#raw;
    this.#phase = 'resetting';
    this.#handshake?.cancel();
    this.#queue = [];
    this.#staged = [];
    this.#stagedText = '';
    if (raw === null) return;
    if (phase === 'connecting') raw.destroy();
    else if (phase === 'ending' && this.#isEncrypted)
      raw.destroy(); // the peer ended before, and counts it no more
    else if (phase === 'ending' && !raw.writableFinished && raw.writableLength === 0) {
      // The FIN is being handed over, which takes a turn; until then libuv refuses to reset.
      raw.once('finish', () => raw.resetAndDestroy());
    } else raw.resetAndDestroy();
  }

  get #isEncrypted(): boolean {
    return this.#socket !== this.#raw;
  }

  #secured(socket: TLSSocket, peer: TlsPeer): void {
    this.#socket = socket;
    socket.on('data', (octets: Buffer) => this.#received(octets.length, octets));
    socket.on('end', () => this.#peerEnded());
    socket.on('drain', () => this.#pump());
    socket.on('error', (error: NodeJS.ErrnoException) => this.#broke(error));
    this.#events.secured(peer);
  }

  /** Errors of the system are those of the connection, which is about to close; others mean that TLS cannot go on. */
  #broke(error: NodeJS.ErrnoException & { readonly reason?: string }): void {
    this.#error ??= error;
    if (error.syscall !== undefined || this.#phase !== 'open') return;
    this.#events.tlsFailed(error.reason ?? error.code ?? error.message);
  }

  #connected(): void {
    if (this.#phase !== 'connecting') return;
    this.#phase = 'open';
    this.#pump();
    this.#events.connected();
  }

  #received(octets: number, buffer: Uint8Array): boolean {
    if (this.#phase === 'open' || this.#phase === 'ending')
      this.#events.received((buffer as Buffer).toString('latin1', 0, octets));
    return true;
  }

  #peerEnded(): void {
    if (this.#phase === 'open' || this.#phase === 'ending') this.#events.ended();
  }

  #socketClosed(): void {
    const phase = this.#phase;
    const error = this.#error;
    if (phase === 'over') return;
    this.#phase = 'over';
    if (this.#graceTimer !== null) clearTimeout(this.#graceTimer);
    this.#handshake?.cancel();
    this.#queue = [];
    this.#staged = [];
    this.#giveBack();
    if (phase === 'connecting') this.#events.failed(failureOf(error));
    else this.#events.closed(phase === 'resetting' ? null : (error?.code ?? null));
  }

  /** Gives the socket what it takes now. */
  #pump(): void {
    const socket = this.#socket;
    if (this.#phase !== 'open' || socket === null) return;
    while (this.#queue.length > 0 && !socket.writableNeedDrain) {
      const portion = this.#takePortion();
      if (portion.length > 0) this.#give(socket, portion);
      const next = this.#queue[0];
      if (isReading(next)) {
        if (next.content === undefined) return;
        if (next.content === null) {
          this.#loseContent(next.stored);
          break;
        }
        const { headerSection, body } = next.content;
        this.#queue.splice(0, 1, ...wireFormOf(Buffer.from(headerSection, 'latin1'), body, next.form));
      } else if (next instanceof SevenBitForm) {
        const octets = next.next();
        if (octets?.length === 0) {
          setImmediate(() => this.#pump());
          return;
        }
        if (octets === null) this.#queue.shift();
        else this.#queue.unshift(octets);
      }
    }
    // The system has its own copy of what the socket holds no more.
    if (this.#queue.length === 0 && socket.writableLength === 0 && this.#staged.length === 0) this.#giveBack();
    if (!this.#isEndAsked || this.#queue.length > 0) return;
    this.#phase = 'ending';
    socket.end();
  }

  #giveBack(): void {
    if (this.#borrowed.length === 0) return;
    for (const content of this.#borrowed) content.done();
    this.#borrowed = [];
  }

  /** Takes pieces off the queue, up to a portion; cuts the last one where it is too long. Stops at content to be read. */
  #takePortion(): Octets[] {
    const queue = this.#queue;
    const portion: Octets[] = [];
    let room = PORTION_OCTETS;
    let taken = 0;
    while (room > 0 && taken < queue.length) {
      const piece = queue[taken]!;
      if (isReading(piece) || piece instanceof SevenBitForm) break;
      if (piece.length > room) {
        portion.push(partOf(piece, 0, room));
        queue[taken] = partOf(piece, room, piece.length);
        break;
      }
      portion.push(piece);
      room -= piece.length;
      taken += 1;
    }
    if (taken === queue.length) this.#queue = [];
    else queue.splice(0, taken);
    return portion;
  }

  /** One system call, unless the peer is slow. */
  #give(socket: Socket, portion: readonly Octets[]): void {
    let octets = 0;
    for (const piece of portion) octets += piece.length;
    this.#octetsGiven += octets;
    if (portion.length === 1) {
      writePiece(socket, portion[0]!);
    } else if (octets <= ASSEMBLED_OCTETS_MAX && this.#isEncrypted) {
      // The library may keep it for longer than the call.
      socket.write(assemble(Buffer.allocUnsafe(octets), portion, octets));
    } else if (octets <= ASSEMBLED_OCTETS_MAX) {
      const isFree = socket.writableLength === 0;
      socket.write(assemble(this.#buffers.write, portion, octets));
      if (!isFree || socket.writableLength > 0) this.#buffers.giveWriteAway();
    } else {
      socket.cork();
      for (const piece of portion) writePiece(socket, piece);
      socket.uncork();
    }
  }

  /** What is left to write gets the time it needs, as long as it moves. */
  #watchEnd(): void {
    const before = this.bytesWritten;
    this.#graceTimer = setTimeout(() => {
      if (this.bytesWritten > before) this.#watchEnd();
      else this.reset();
    }, END_GRACE_MS);
    this.#graceTimer.unref();
  }

  #loseContent(stored: StoredContent): void {
    this.#isLost = true;
    this.#queue = [];
    setImmediate(() => {
      if (this.#phase === 'open' || this.#phase === 'ending') this.#events.contentLost(stored);
    });
  }
}

const isReading = (piece: Piece | undefined): piece is Reading =>
  typeof piece === 'object' && !(piece instanceof Uint8Array) && !(piece instanceof SevenBitForm);

const partOf = (piece: Octets, from: number, to: number): Octets =>
  typeof piece === 'string' ? piece.slice(from, to) : piece.subarray(from, to);

function writePiece(socket: Socket, piece: Octets): void {
  if (typeof piece === 'string') socket.write(piece, 'latin1');
  else socket.write(piece);
}

function assemble(buffer: Buffer, portion: readonly Octets[], octets: number): Buffer {
  let at = 0;
  for (const piece of portion) {
    if (typeof piece === 'string') buffer.write(piece, at, 'latin1');
    else buffer.set(piece, at);
    at += piece.length;
  }
  return buffer.subarray(0, octets);
}

const wireFormOf = (headerSection: Uint8Array, body: readonly Uint8Array[], form: ContentForm): Piece[] =>
  form === 'sevenBit' ? [new SevenBitForm(headerSection, body)] : [stuffed(headerSection), CRLF, ...body];

/** The header section is stored without stuffing; a field name may begin with a dot (RFC 5322 section 3.6.8). */
function stuffed(headerSection: Uint8Array): Uint8Array {
  const section = Buffer.from(headerSection.buffer, headerSection.byteOffset, headerSection.byteLength);
  if (section[0] !== DOT && !section.includes('\n.', 0, 'latin1')) return section;
  return Buffer.from(section.toString('latin1').replaceAll(/(?<=^|\n)\./g, '..'), 'latin1');
}

function failureOf(error: NodeJS.ErrnoException | null): ConnectFailure {
  assert(error !== null, 'a connection that never came about has an error');
  return connectFailure(error);
}
