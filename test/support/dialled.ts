// A connection of ours through the real connector, and what it told; content that is in memory or read when a test says so.
import assert from 'node:assert/strict';
import { wallMs } from '../../src/core/base/moment.ts';
import type { Content } from '../../src/core/mail/message.ts';
import type { TlsPeer } from '../../src/core/mail/tls-policy.ts';
import type { ConnectFailure, Connection, ConnectTarget, StoredContent } from '../../src/engine/ports.ts';
import type { SocketConnector } from '../../src/shell/net/connector.ts';
import type { ContentSource } from '../../src/shell/net/outbound-connection.ts';

export const STORED: StoredContent = {
  envelope: {
    batchId: '00/00-00000-00000000',
    receivedAt: wallMs(0),
    reversePath: null,
    recipients: [],
    eightBit: false,
    size: 0,
    protocol: 'esmtp',
  } as StoredContent['envelope'],
  sequence: 1,
};

/** Content in memory, or read when the test says so. */
export class Contents implements ContentSource {
  held: { headerSection: Uint8Array; body: readonly Uint8Array[] } | null = null;
  readonly reads: ((content: Content | null) => void)[] = [];

  /** How many were given back. */
  givenBack = 0;

  inMemory() {
    const done = () => {
      this.givenBack += 1;
    };
    return this.held === null ? null : { ...this.held, done };
  }

  read(_stored: StoredContent, done: (content: Content | null) => void): void {
    this.reads.push(done);
  }
}

export type Event =
  | 'connected'
  | 'ended'
  | 'contentLost'
  | { secured: TlsPeer }
  | { tlsFailed: string }
  | { tlsGivenUp: string }
  | { failed: ConnectFailure }
  | { received: string }
  | { closed: string | null };

/** A connection of ours, and what it told. */
export class Dialled {
  readonly events: Event[] = [];
  readonly connection: Connection;
  #told: (() => void) | null = null;
  #isInside = true;

  constructor(connector: SocketConnector, target: ConnectTarget) {
    this.connection = connector.connect(target, {
      connected: () => this.#tell('connected'),
      failed: (failed) => this.#tell({ failed }),
      received: (received) => this.#tell({ received }),
      secured: (secured) => this.#tell({ secured }),
      tlsFailed: (tlsFailed) => this.#tell({ tlsFailed }),
      tlsGivenUp: (tlsGivenUp) => this.#tell({ tlsGivenUp }),
      ended: () => this.#tell('ended'),
      closed: (closed) => this.#tell({ closed }),
      contentLost: () => this.#tell('contentLost'),
    });
    this.#isInside = false;
  }

  /** Calls into the connection; no event may come from inside. */
  call(act: (connection: Connection) => void): void {
    this.#isInside = true;
    act(this.connection);
    this.#isInside = false;
  }

  send(text: string): void {
    this.call((connection) => {
      connection.write(text);
      connection.flush();
    });
  }

  async until(isThere: (events: readonly Event[]) => boolean): Promise<readonly Event[]> {
    while (!isThere(this.events)) await new Promise<void>((resolve) => (this.#told = resolve));
    return this.events;
  }

  untilConnected(): Promise<readonly Event[]> {
    return this.until((events) => events.includes('connected'));
  }

  async untilOver(): Promise<readonly Event[]> {
    await this.until((events) => events.some((event) => isOver(event)));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(this.events.findIndex(isOver), this.events.length - 1, 'the last event is the last');
    return this.events;
  }

  get received(): string {
    return this.events
      .map((event) => (typeof event === 'object' && 'received' in event ? event.received : ''))
      .join('');
  }

  #tell(event: Event): void {
    assert.equal(this.#isInside, false, 'no event comes from inside a call');
    this.events.push(event);
    this.#told?.();
  }
}

export const isOver = (event: Event): boolean => typeof event === 'object' && ('closed' in event || 'failed' in event);
