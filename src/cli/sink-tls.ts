// STARTTLS at a test receiver: what it shows, and how it fails where it is told to.
import type { Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';

/**
 * none: encrypts; refuse: 454; fail: gives the go-ahead and then speaks in clear; stall: gives it and says no more;
 * inject: gives it with a further reply behind, as somebody would who sits in between.
 */
export type StartTlsFault = 'none' | 'refuse' | 'fail' | 'stall' | 'inject';

export const START_TLS_FAULTS: readonly StartTlsFault[] = ['none', 'refuse', 'fail', 'stall', 'inject'];

export interface SinkTls {
  readonly context: SecureContext;
  readonly fault: StartTlsFault;
}

/** @param pem certificate and key. Throws what the TLS library says against them. */
export function sinkTls(pem: string, fault: StartTlsFault = 'none'): SinkTls {
  return { context: createSecureContext({ cert: pem, key: pem }), fault };
}

/** Begins the handshake on a socket on which the go-ahead was written. The encrypted socket takes its place. */
export function encrypt(socket: Socket, { context, fault }: SinkTls): Socket {
  if (fault === 'none') return new TLSSocket(socket, { isServer: true, secureContext: context });
  if (fault === 'fail') socket.once('data', () => socket.write('250 2.0.0 what was that\r\n'));
  return socket;
}

/** The version of TLS that a socket speaks, null for clear text. */
export function protocolOf(socket: Socket): string | null {
  return socket instanceof TLSSocket ? socket.getProtocol() : null;
}
