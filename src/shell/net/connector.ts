// The Connector port over TCP sockets. What one connection does is outbound-connection.ts's matter.
import { createHmac } from 'node:crypto';
import type { TlsCacheView } from '../../core/console/tls-view.ts';
import type { Connection, ConnectionEvents, Connector, ConnectTarget } from '../../engine/ports.ts';
import { readDescriptorLimit } from './descriptor-limit.ts';
import { HandshakeGate } from './handshake-gate.ts';
import { LocalAddresses } from './local-addresses.ts';
import { type ContentSource, SocketConnection } from './outbound-connection.ts';
import { SharedBuffers } from './shared-buffers.ts';
import { TlsContexts } from './tls-contexts.ts';
import type { TlsFiles } from './tls-material.ts';

export class SocketConnector implements Connector {
  readonly #contents: ContentSource;
  readonly #buffers = new SharedBuffers();
  readonly #tls = { gate: new HandshakeGate(), contexts: new TlsContexts() };
  readonly #localAddresses = new LocalAddresses();
  #descriptorLimit = readDescriptorLimit();

  constructor(contents: ContentSource) {
    this.#contents = contents;
  }

  connect(target: ConnectTarget, events: ConnectionEvents): Connection {
    return new SocketConnection(target, events, this.#contents, this.#buffers, this.#tls);
  }

  /** For the console. */
  get tlsCache(): TlsCacheView {
    return this.#tls.contexts;
  }

  /** The content of the files that TLS policies name, from now on. */
  useTlsFiles(files: TlsFiles): void {
    this.#tls.contexts.use(files);
  }

  /** The soft limit of the process on open files. Read at start and by {@link rereadDescriptorLimit}. */
  get descriptorLimit(): number {
    return this.#descriptorLimit;
  }

  /** After somebody changed the limit of the running process (prlimit). */
  rereadDescriptorLimit(): void {
    this.#descriptorLimit = readDescriptorLimit();
  }

  keyedMd5(key: string, text: string): string {
    return createHmac('md5', Buffer.from(key, 'latin1')).update(text, 'latin1').digest('hex');
  }

  hasLocalAddress(address: string): boolean {
    return this.#localAddresses.has(address);
  }
}
