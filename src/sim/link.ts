// One TCP connection as far as it can be seen from both ends: the Connection port on our side, an exchanger's on the other.
// Segments keep their order in each direction, FIN included; a RST overtakes. What counts as a connection is what the
// exchanger can see (design decision 6): from the moment the SYN reaches it until it calls end or reset itself or sees
// our FIN or RST, which arrives within RST_BOUND_MS.
import { assert } from '../core/base/assert.ts';
import type { Random } from '../core/base/random.ts';
import type { ConnectFailure, Connection, ConnectionEvents, ConnectTarget, StoredContent } from '../engine/ports.ts';
import type { Network } from './network.ts';
import { between, happens, type World } from './world.ts';

/** The machine's own addresses, for connections that name none. */
export const DEFAULT_SOURCE = '10.0.0.1';
export const DEFAULT_IPV6_SOURCE = '2001:db8:1::1';

/** No FIN or RST of ours takes longer; the engine holds the slot of a connection it gave up for a second. */
const RST_BOUND_MS = 990;
/** When the kernel gives up sending SYNs, as Linux does with its default of six tries. */
const KERNEL_CONNECT_TIMEOUT_MS = 127_000;

/** What an exchanger does with its side of a connection. */
export interface PeerEnd {
  readonly link: Link;
  /** @param delivered called when the last octet was handed to our engine */
  write(text: string, delivered?: () => void): void;
  /** FIN behind what was written. The connection does not count any more. */
  end(): void;
  /** RST. The connection does not count any more. */
  reset(): void;
}

export interface PeerEvents {
  received(text: string): void;
  /** Our FIN. */
  ended(): void;
  /** Our RST, or our process is gone. */
  broken(): void;
  /** Every octet that came was answered: the next move is ours. */
  readonly owesNothing: boolean;
}

/** How a listening address treats the next SYN. */
export type SynAnswer = 'accept' | 'refuse' | 'ignore';

export interface Listener {
  answer(): SynAnswer;
  accept(end: PeerEnd): PeerEvents;
  readonly latencyMs: readonly [number, number];
}

/** Where nobody listens, the kernel refuses. */
export const NOBODY: Listener = {
  answer: () => 'refuse',
  accept: () => {
    throw new Error('nobody accepts here');
  },
  latencyMs: [0, 20],
};

type OurState = 'connecting' | 'open' | 'ended' | 'gone';
type PeerState = 'unseen' | 'open' | 'ended' | 'gone';

/** One connection with both its ends. */
export class Link implements Connection {
  readonly id: number;
  readonly target: ConnectTarget;
  readonly openedAtMs: number;
  bytesWritten = 0;
  /** The engine wrote QUIT. */
  saidQuit = false;
  /** When anything last happened on it, for checks of idleness. */
  lastActivityMs: number;
  /** The exchanger misbehaved in a way that lets the engine reset. */
  peerMisbehaved = false;
  readonly network: Network;
  readonly #world: World;
  readonly #random: Random;
  readonly #events: ConnectionEvents;
  readonly #listener: Listener;
  readonly #latencyMs: number;
  readonly #jitterMs: number;
  readonly #slowKernel: boolean;
  #ours: OurState = 'connecting';
  #theirs: PeerState = 'unseen';
  #peer: PeerEvents | null = null;
  #outbox: (string | StoredContent)[] = [];
  #toPeerAt = 0;
  #toUsAt = 0;
  #inFlightToPeer = 0;
  #inFlightToUs = 0;
  #vanished = false;
  #abandoned = false;
  #told = false;
  #answer: SynAnswer = 'accept';

  constructor(network: Network, id: number, target: ConnectTarget, events: ConnectionEvents, listener: Listener) {
    this.network = network;
    this.#world = network.world;
    this.#random = network.random;
    this.id = id;
    this.target = target;
    this.#events = events;
    this.#listener = listener;
    this.#latencyMs = between(this.#random, listener.latencyMs[0], listener.latencyMs[1]);
    this.#jitterMs = happens(this.#random, 0.3) ? 0 : this.#latencyMs;
    this.#slowKernel = happens(this.#random, network.conditions.slowKernel);
    this.openedAtMs = this.#world.elapsedMs;
    this.lastActivityMs = this.openedAtMs;
  }

  /** The source address an exchanger sees; a connection without one of its own comes from the machine's. */
  get source(): string {
    return this.target.localAddress ?? (this.target.family === 6 ? DEFAULT_IPV6_SOURCE : DEFAULT_SOURCE);
  }

  /** Whether the exchanger counts it now. */
  get isSeen(): boolean {
    return this.#theirs === 'open';
  }

  get isConnecting(): boolean {
    return this.#ours === 'connecting';
  }

  /** Whether it may go on carrying mail as far as both ends have said. */
  get isServing(): boolean {
    return (
      (this.#ours === 'connecting' || this.#ours === 'open') &&
      !this.saidQuit &&
      this.#theirs !== 'gone' &&
      this.#theirs !== 'ended'
    );
  }

  /** Everything written has arrived, everything that arrived was answered and read: the next move is the engine's. */
  get isOurMove(): boolean {
    return (
      this.#ours === 'open' &&
      this.#inFlightToPeer === 0 &&
      this.#inFlightToUs === 0 &&
      this.#peer?.owesNothing === true
    );
  }

  toString(): string {
    return `#${this.id} ${this.source} > ${this.target.address}`;
  }

  // ---- our end

  /** Sends the SYN. Called once, by the network. */
  open(): void {
    const { world, conditions } = this.network;
    if (happens(this.#random, conditions.descriptorsExhausted)) {
      this.#fail(between(this.#random, 0, 1), { whose: 'node', code: 'EMFILE' });
      return;
    }
    if (!this.network.hasLocalAddress(this.source)) {
      this.#fail(0, { whose: 'node', code: 'EADDRNOTAVAIL' });
      return;
    }
    this.#answer = this.#listener.answer();
    world.note(() => `${this} SYN, ${this.#answer}`);
    if (this.#answer === 'refuse') this.#fail(2 * this.#latencyMs, { whose: 'remote', code: 'ECONNREFUSED' });
    else if (this.#answer === 'ignore') this.#fail(KERNEL_CONNECT_TIMEOUT_MS, { whose: 'remote', code: 'ETIMEDOUT' });
    else world.after(this.#latencyMs, () => this.#synArrives());
  }

  write(text: string): void {
    this.#outbox.push(text);
  }

  writeContent(content: StoredContent): void {
    this.#outbox.push(content);
  }

  flush(): void {
    this.network.fuse.burn();
    const pieces = this.#outbox;
    this.#outbox = [];
    if (this.#ours !== 'open') return;
    for (const piece of pieces) {
      if (typeof piece === 'string') {
        if (/(?:^|\n)QUIT\r\n/.test(piece)) this.saidQuit = true;
        this.network.observer.wrote(this, piece);
        this.#sendToPeer(piece, 0);
        continue;
      }
      const content = this.network.contentOf(piece);
      if (content === null) {
        this.#world.after(0, () => {
          if (this.#ours !== 'open') return;
          this.network.observer.contentLost(this);
          this.#events.contentLost(piece);
        });
        return; // what stands behind the hole must not travel
      }
      this.network.observer.wroteContent(this, piece);
      this.#sendToPeer(content.text, content.readMs);
    }
  }

  end(): void {
    this.network.fuse.burn();
    if (this.#ours !== 'open') return;
    this.flush();
    this.network.observer.finished(this);
    this.#ours = 'ended';
    this.#inFlightToPeer++;
    this.#world.after(this.#arrivalAtPeer(0), () => {
      this.#inFlightToPeer--;
      this.#leavesPeer(() => this.#peer?.ended());
      if (this.#ours === 'ended') this.#world.after(this.#latencyMs, () => this.#tellClosed(null));
    });
    // Both directions are shut when the peer's FIN came first; otherwise its answer to ours shuts them.
    if (this.#theirs !== 'open') this.#closeSoon(null);
  }

  reset(): void {
    this.network.fuse.burn();
    if (this.#ours === 'gone') return;
    this.#world.note(() => `${this} we reset`);
    this.network.observer.gaveUp(this);
    const wasConnecting = this.#ours === 'connecting';
    this.#closeSoon(null);
    this.#rstToPeer(wasConnecting);
  }

  readonly awaitsTls = false;

  startTls(): void {
    assert(false, 'simulated exchangers do not offer STARTTLS, so nobody takes it');
  }

  /** Our process died. */
  abandon(): void {
    this.#abandoned = true;
    if (this.#ours === 'gone') return;
    const wasConnecting = this.#ours === 'connecting';
    this.#ours = 'gone';
    this.#rstToPeer(wasConnecting);
  }

  #fail(delayMs: number, failure: ConnectFailure): void {
    this.#world.after(delayMs, () => {
      if (this.#ours !== 'connecting') return;
      this.#ours = 'gone';
      this.#world.note(() => `${this} fails with ${failure.code}`);
      this.#vanish();
      this.#tellFailed(failure);
    });
  }

  #closeSoon(errorCode: string | null): void {
    this.#ours = 'gone';
    this.#world.after(0, () => this.#tellClosed(errorCode));
  }

  #tellClosed(errorCode: string | null): void {
    if (this.#abandoned || this.#told) return;
    this.#told = true;
    this.network.forget(this);
    this.network.observer.closed(this);
    this.#events.closed(errorCode);
  }

  #tellFailed(failure: ConnectFailure): void {
    this.network.forget(this);
    this.network.observer.failed(this, failure);
    this.#events.failed(failure);
  }

  // ---- the way there

  #synArrives(): void {
    // A SYN whose sender has given up may still be answered, until our RST comes.
    if (this.#theirs !== 'unseen') return;
    this.#acceptAtPeer();
    this.#world.after(this.#latencyMs, () => {
      if (this.#ours !== 'connecting') return;
      this.#ours = 'open';
      this.#touch();
      this.#events.connected();
    });
  }

  #acceptAtPeer(): void {
    this.#theirs = 'open';
    this.#toUsAt = this.#world.elapsedMs + this.#latencyMs + 1e-6; // nothing comes before our `connected`
    this.#touch();
    this.network.observer.accepted(this);
    this.#peer = this.#listener.accept({
      link: this,
      write: (text, delivered) => this.#sendToUs(text, delivered),
      end: () => this.#peerEnds(),
      reset: () => this.#peerResets(),
    });
  }

  #sendToPeer(text: string, extraMs: number): void {
    this.#touch();
    if (!this.#slowKernel) this.bytesWritten += text.length;
    for (const part of this.#split(text)) {
      this.#inFlightToPeer++;
      this.#world.after(this.#arrivalAtPeer(extraMs), () => {
        this.#inFlightToPeer--;
        if (this.#slowKernel) this.bytesWritten += part.length;
        this.#touch();
        if (this.#theirs === 'open') this.#peer?.received(part);
        else if (this.#theirs === 'ended' && happens(this.#random, 0.5)) this.#rstToUs('ECONNRESET'); // it had closed for good
      });
    }
  }

  #arrivalAtPeer(extraMs: number): number {
    const delay = this.#latencyMs + this.#random.next() * this.#jitterMs + extraMs;
    this.#toPeerAt = Math.max(this.#toPeerAt, this.#world.elapsedMs + delay);
    const wait = this.#toPeerAt - this.#world.elapsedMs;
    this.#toPeerAt += 1e-6; // segments keep their order whatever the draw among equals
    return wait;
  }

  /** Our RST arrives within the bound, whatever else is on the way. */
  #rstToPeer(wasConnecting: boolean): void {
    if (this.#theirs === 'gone') {
      this.#vanish();
      return;
    }
    // The handshake may just have completed as we gave up.
    const mayComplete = wasConnecting && this.#theirs === 'unseen' && this.#answer !== 'refuse';
    if (mayComplete && this.#listener !== NOBODY && happens(this.#random, 0.5)) this.#acceptAtPeer();
    const seldom = happens(this.#random, 0.3);
    this.#world.after(seldom ? between(this.#random, 0, RST_BOUND_MS) : this.#latencyMs, () => {
      this.#leavesPeer(() => this.#peer?.broken());
    });
  }

  #leavesPeer(tell: () => void): void {
    if (this.#theirs === 'gone') return;
    const knew = this.#theirs === 'open';
    this.#theirs = 'gone';
    this.#vanish();
    if (knew) tell();
  }

  // ---- the way back

  #sendToUs(text: string, delivered: (() => void) | undefined): void {
    if (this.#theirs !== 'open') return;
    const parts = this.#split(text);
    parts.forEach((part, index) => {
      this.#inFlightToUs++;
      this.#world.after(this.#arrivalAtUs(), () => {
        this.#inFlightToUs--;
        if (this.#ours !== 'open') return;
        this.#touch();
        if (index === parts.length - 1) delivered?.();
        this.network.observer.heard(this, part);
        this.#events.received(part);
      });
    });
  }

  #arrivalAtUs(): number {
    const delay = this.#latencyMs + this.#random.next() * this.#jitterMs;
    this.#toUsAt = Math.max(this.#toUsAt, this.#world.elapsedMs + delay);
    const wait = this.#toUsAt - this.#world.elapsedMs;
    this.#toUsAt += 1e-6;
    return wait;
  }

  #peerEnds(): void {
    if (this.#theirs !== 'open') return;
    this.#theirs = 'ended';
    this.#vanish();
    this.#world.note(() => `${this} the exchanger sends FIN`);
    this.#inFlightToUs++;
    this.#world.after(this.#arrivalAtUs(), () => {
      this.#inFlightToUs--;
      if (this.#ours !== 'open') return;
      this.#touch();
      this.network.observer.peerEnded(this);
      this.#events.ended();
    });
  }

  #peerResets(): void {
    if (this.#theirs !== 'open') return;
    this.#theirs = 'gone';
    this.#vanish();
    this.#world.note(() => `${this} the exchanger resets`);
    this.#rstToUs('ECONNRESET');
  }

  #rstToUs(errorCode: string): void {
    this.#theirs = 'gone';
    this.#world.after(this.#latencyMs, () => {
      if (this.#ours === 'gone') return;
      const wasConnecting = this.#ours === 'connecting';
      this.#ours = 'gone';
      if (wasConnecting) this.#tellFailed({ whose: 'remote', code: errorCode });
      else this.#tellClosed(errorCode);
    });
  }

  // ---- both

  #split(text: string): readonly string[] {
    if (text.length < 2 || !happens(this.#random, this.network.conditions.splitting)) return [text];
    const parts: string[] = [];
    let from = 0;
    while (from < text.length) {
      const length = happens(this.#random, 0.5) ? 1 + this.#random.below(4) : 1 + this.#random.below(text.length);
      const to = parts.length >= 4 ? text.length : from + length;
      parts.push(text.slice(from, to));
      from = to;
    }
    return parts;
  }

  #touch(): void {
    this.lastActivityMs = this.#world.elapsedMs;
  }

  #vanish(): void {
    if (this.#vanished) return;
    this.#vanished = true;
    this.network.observer.vanished(this);
  }
}
