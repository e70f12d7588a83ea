// One TLS handshake over a connected socket of ours: waits at the gate, is carried out, and answers with the encrypted
// socket and what it knows of the peer. Until then, and after a failure, the socket may only be reset: Node would close
// it in its own way, which receivers see as an orderly end.
import type { Socket } from 'node:net';
import { checkServerIdentity, connect, type TLSSocket } from 'node:tls';
import type { HostTlsa } from '../../core/mail/dane.ts';
import type { TlsPeer, TlsPolicy } from '../../core/mail/tls-policy.ts';
import type { TlsRequest } from '../../engine/ports.ts';
import type { Handshake, HandshakeGate } from './handshake-gate.ts';
import { type HeldContext, keepSession, sessionOf, type TlsContexts } from './tls-contexts.ts';
import { tlsaProblem } from './tlsa-match.ts';

export interface HandshakeEvents {
  /** What is read and written from now on goes through `socket`. Reading begins with its first `data` listener. */
  secured(socket: TLSSocket, peer: TlsPeer): void;
  failed(reason: string): void;
  /** By us, for the sake of others: nothing is known of the peer. */
  givenUp(reason: string): void;
}

/** What all handshakes of a thread share. */
export interface TlsParts {
  readonly gate: HandshakeGate;
  readonly contexts: TlsContexts;
}

export class OutboundHandshake implements Handshake {
  readonly address: string;
  readonly #raw: Socket;
  readonly #request: TlsRequest;
  readonly #parts: TlsParts;
  readonly #events: HandshakeEvents;
  #isOver = false;
  #hasStarted = false;

  /** @param address of the peer with its port */
  constructor(raw: Socket, address: string, request: TlsRequest, parts: TlsParts, events: HandshakeEvents) {
    this.address = address;
    this.#raw = raw;
    this.#request = request;
    this.#parts = parts;
    this.#events = events;
    parts.gate.enter(this);
  }

  /** Nobody waits for it any more; the connection is gone or will be reset. */
  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#parts.gate.leave(this);
  }

  giveUp(): void {
    if (this.#isOver) return;
    this.cancel();
    this.#events.givenUp('it took too long, and others wait');
  }

  get awaitsTurn(): boolean {
    return !this.#hasStarted && !this.#isOver;
  }

  start(): void {
    this.#hasStarted = true;
    const { policy, serverName, names } = this.#request;
    const held = this.#parts.contexts.contextOf(policy);
    if (typeof held === 'string') {
      this.#fail(held);
      return;
    }
    // What was found out about the names holds for these names only, and where none was looked at for nobody who does.
    const subject = checksNames(policy) ? `as ${names.join(' ')}` : `to ${serverName}`;
    const receiver = `${this.address} ${policy.tlsa?.key ?? ''} ${subject}`;
    if (this.#raw.destroyed) return; // its end is about to be told
    const resumable = sessionOf(held, receiver, performance.now());
    resetWhenDestroyed(this.#raw);
    const socket = connect({
      socket: this.#raw,
      secureContext: held.context,
      rejectUnauthorized: false, // who is not to be trusted is told of, and reset by who asked
      checkServerIdentity: () => undefined,
      ...(serverName === null ? {} : { servername: serverName }),
      ...(resumable === null ? {} : { session: resumable.session }),
    });
    socket.on('error', (error: NodeJS.ErrnoException & { reason?: string }) => this.#fail(reasonOf(error)));
    socket.once('secureConnect', () => {
      if (this.#isOver) return;
      this.cancel(); // its place is free
      const peer = socket.isSessionReused() && resumable !== null ? resumable.peer : this.#judge(socket);
      this.#keepSessions(socket, held, receiver, peer);
      this.#events.secured(socket, peer);
    });
  }

  #fail(reason: string): void {
    if (this.#isOver) return;
    this.cancel();
    this.#events.failed(reason);
  }

  #judge(socket: TLSSocket): TlsPeer {
    const certificate = socket.getPeerCertificate();
    const { verify, tlsa } = this.#request.policy;
    if (verify === 'dane' && tlsa !== undefined) return judgeByTlsa(socket, tlsa);
    const hasNone = Object.keys(certificate).length === 0;
    const problem = socket.authorizationError as unknown as string | null | undefined;
    return {
      chainProblem: hasNone ? 'no certificate' : socket.authorized ? null : wordsOf(problem ?? 'UNKNOWN'),
      nameMatches:
        checksNames(this.#request.policy) &&
        !hasNone &&
        this.#request.names.some((name) => checkServerIdentity(name, certificate) === undefined),
    };
  }

  #keepSessions(socket: TLSSocket, held: HeldContext, receiver: string, peer: TlsPeer): void {
    socket.on('session', (session: Buffer) => keepSession(held, receiver, { session, peer, since: performance.now() }));
  }
}

/** Also where it is only to be told whether one matches. */
const checksNames = ({ verify, names }: TlsPolicy): boolean => verify === 'host' || names !== undefined;

/** Nothing else about the certificate matters then. */
function judgeByTlsa(socket: TLSSocket, tlsa: HostTlsa): TlsPeer {
  const certificate = socket.getPeerX509Certificate();
  const problem = certificate === undefined ? 'no certificate' : tlsaProblem(certificate, tlsa, Date.now());
  return { chainProblem: problem, nameMatches: problem === null, tlsaProblem: problem };
}

/** Design decision 6: who gives up resets. Undone by {@link closeWhenDestroyed}. */
function resetWhenDestroyed(raw: Socket): void {
  raw.destroy = () => {
    closeWhenDestroyed(raw);
    return raw.resetAndDestroy();
  };
}

/** The peer has ended the connection: it is closed in order. */
export function closeWhenDestroyed(raw: Socket): void {
  Reflect.deleteProperty(raw, 'destroy');
}

function reasonOf({ reason, code, message }: NodeJS.ErrnoException & { reason?: string }): string {
  if (code === 'ECONNRESET') return 'connection closed by remote host';
  return reason ?? code ?? message;
}

/** `SELF_SIGNED_CERT_IN_CHAIN` in words. */
const wordsOf = (code: string): string => code.toLowerCase().replaceAll('_', ' ');
