// The Connector port: which addresses listen, which of ours are on the machine, and the connections there are (link.ts).
import { createHmac } from 'node:crypto';
import type { Random } from '../core/base/random.ts';
import type {
  ConnectFailure,
  Connection,
  ConnectionEvents,
  Connector,
  ConnectTarget,
  StoredContent,
} from '../engine/ports.ts';
import type { Fuse } from './fuse.ts';
import { Link, type Listener, NOBODY } from './link.ts';
import type { World } from './world.ts';

/** Told of everything that a checker wants to know. All methods are called after the fact, in order. */
export interface ConnectionObserver {
  /** The engine asked for a connection; from here on it holds a slot. */
  opening(link: Link): void;
  /** The exchanger sees it. */
  accepted(link: Link): void;
  /** Nobody can see it any more. Once per `opening`. */
  vanished(link: Link): void;
  /** The engine is about to be told that the connection never came about. */
  failed(link: Link, failure: ConnectFailure): void;
  /** The engine is about to read this. */
  heard(link: Link, text: string): void;
  /** The engine is about to be told of the peer's FIN. */
  peerEnded(link: Link): void;
  /** Text the engine flushed, without message content. */
  wrote(link: Link, text: string): void;
  /** Message content the engine flushed; what it wrote before and behind it comes through {@link wrote} in its order. */
  wroteContent(link: Link, content: StoredContent): void;
  /** The engine is about to be told that content it flushed is lost. */
  contentLost(link: Link): void;
  /** The engine reset the connection. */
  gaveUp(link: Link): void;
  /** The engine sent its FIN. */
  finished(link: Link): void;
  /** The engine is about to be told of the end; it may return the slot now, or later if it gave up. */
  closed(link: Link): void;
}

export interface NetworkConditions {
  /** Chance that a connect fails for want of descriptors. */
  readonly descriptorsExhausted: number;
  /** Chance that a flush arrives in several pieces. */
  readonly splitting: number;
  /** Chance that the octets taken by the kernel are reported only when they arrive. */
  readonly slowKernel: number;
  readonly descriptorLimit: number;
}

/** What travels for a stored message: header section, blank line, body; null when it is lost. */
export type ContentSource = (content: StoredContent) => { readonly text: string; readonly readMs: number } | null;

export class Network implements Connector {
  readonly world: World;
  readonly random: Random;
  readonly observer: ConnectionObserver;
  readonly contentOf: ContentSource;
  readonly fuse: Fuse;
  conditions: NetworkConditions;
  readonly #listeners = new Map<string, Listener>();
  readonly #links = new Set<Link>();
  readonly #missingAddresses = new Set<string>();
  #lastId = 0;

  constructor(
    world: World,
    conditions: NetworkConditions,
    contentOf: ContentSource,
    observer: ConnectionObserver,
    fuse: Fuse,
  ) {
    this.world = world;
    this.random = world.random.stream('network');
    this.conditions = conditions;
    this.contentOf = contentOf;
    this.observer = observer;
    this.fuse = fuse;
  }

  listen(address: string, port: number, listener: Listener): void {
    this.#listeners.set(endpoint(address, port), listener);
  }

  get descriptorLimit(): number {
    return this.conditions.descriptorLimit;
  }

  keyedMd5(key: string, text: string): string {
    return createHmac('md5', Buffer.from(key, 'latin1')).update(text, 'latin1').digest('hex');
  }

  hasLocalAddress(address: string): boolean {
    return !this.#missingAddresses.has(address);
  }

  /** Takes a local address off the machine, or puts it back. */
  setLocalAddress(address: string, present: boolean): void {
    if (present) this.#missingAddresses.delete(address);
    else this.#missingAddresses.add(address);
  }

  connect(target: ConnectTarget, events: ConnectionEvents): Connection {
    this.fuse.burn();
    const listener = this.#listeners.get(endpoint(target.address, target.port));
    const link = new Link(this, ++this.#lastId, target, events, listener ?? NOBODY);
    this.#links.add(link);
    this.observer.opening(link);
    link.open();
    return link;
  }

  /** Links that the engine holds: from `connect` until it was told `failed` or `closed`. */
  get links(): ReadonlySet<Link> {
    return this.#links;
  }

  /** Called by a link when it has told its last event. */
  forget(link: Link): void {
    this.#links.delete(link);
  }

  /** The process is gone: the kernel resets what it had open, and nobody listens to events. */
  abandonAll(): void {
    for (const link of this.#links) link.abandon();
    this.#links.clear();
  }
}

const endpoint = (address: string, port: number): string => `${address}#${port}`;
