// The way of a client session from the connect to the first transaction: banner, EHLO (HELO when that is unknown), and
// where the session is to be encrypted STARTTLS, the handshake and EHLO once more (RFC 3207: nothing that was said in
// clear counts behind the handshake), then AUTH where the terms ask for it. LMTP says LHLO, SMTP just HELO. It says what to do next; client-session.ts does it.
import { assert } from '../base/assert.ts';
import { type Reply, replyText } from '../mail/reply.ts';
import { TLS_NOT_OFFERED, type TlsPeer, tlsObjection } from '../mail/tls-policy.ts';
import type { SessionTerms, SessionTls } from './client-actions.ts';
import { ClientLogin, type KeyedMd5, type LoginMove } from './client-login.ts';
import { NO_GO_AHEAD, type Step } from './client-steps.ts';
import { type Extensions, NO_EXTENSIONS, parseExtensions } from './extensions.ts';

/** The steps before the session is open. */
export type OpeningStep = Extract<Step, 'banner' | 'ehlo' | 'helo' | 'starttls' | 'auth'>;

/**
 * Whom the end of a session that never opened is held against. `host`: the address, whoever wants to go there.
 * `negotiation`: it refused or failed to encrypt. `protection`: it may be used, but not under the protection that this
 * session needs, or not with the account that it has. `node`: nobody; this machine ended the handshake.
 */
export type Blame = 'host' | 'negotiation' | 'protection' | 'node';

export type OpeningMove =
  | { readonly kind: 'command'; readonly text: string; readonly step: Step }
  | { readonly kind: 'startTls' }
  | { readonly kind: 'open' }
  /** It talks, but there is nothing to be had from it. */
  | { readonly kind: 'refused'; readonly reply: string };

const OPEN: OpeningMove = { kind: 'open' };
const START_TLS: OpeningMove = { kind: 'startTls' };

export class ClientOpening {
  readonly #tls: SessionTls;
  readonly #terms: SessionTerms;
  readonly #login: ClientLogin | null;
  #extensions: Extensions = NO_EXTENSIONS;
  #isSecured = false;
  #isWanting = false;
  #isGivenUp = false;

  constructor(tls: SessionTls, terms: SessionTerms, keyedMd5: KeyedMd5) {
    this.#tls = tls;
    this.#terms = terms;
    this.#login = terms.login === null ? null : new ClientLogin(terms.login, keyedMd5);
  }

  /** What the receiver offered last. */
  get extensions(): Extensions {
    return this.#extensions;
  }

  /** @param ehloHostname our name */
  answered(reply: Reply, step: OpeningStep, ehloHostname: string): OpeningMove {
    const isSuccess = reply.code >= 200 && reply.code <= 299;
    if (step === 'starttls') {
      return reply.code === 220 ? START_TLS : { kind: 'refused', reply: `${NO_GO_AHEAD}: ${replyText(reply)}` };
    }
    if (step === 'banner') {
      return isSuccess ? this.#greeting(ehloHostname) : { kind: 'refused', reply: replyText(reply) };
    }
    if (step === 'auth') return this.#logInAnswered(reply);
    if (step === 'ehlo' && reply.code >= 500 && this.#terms.method === 'esmtp') return helo(ehloHostname);
    if (!isSuccess) return { kind: 'refused', reply: replyText(reply) };
    if (step === 'ehlo') this.#extensions = parseExtensions(reply.lines);
    if (this.#isSecured || this.#tls.mode === 'no') return this.#logIn();
    if (this.#extensions.startTls) return { kind: 'command', text: 'STARTTLS\r\n', step: 'starttls' };
    if (this.#tls.mode === 'ifavailable') return this.#logIn();
    this.#isWanting = true;
    return { kind: 'refused', reply: TLS_NOT_OFFERED };
  }

  /** Behind XCLIENT the session begins anew, under the same protection and login. */
  greetedAgain(reply: Reply): void {
    this.#extensions = parseExtensions(reply.lines);
  }

  /** What the receiver said, as it may be recorded. */
  withoutSecrets(text: string): string {
    return this.#login === null ? text : this.#login.withoutSecrets(text);
  }

  #greeting(hostname: string): OpeningMove {
    if (this.#terms.method === 'smtp') return helo(hostname);
    const verb = this.#terms.method === 'lmtp' ? 'LHLO' : 'EHLO';
    return { kind: 'command', text: `${verb} ${hostname}\r\n`, step: 'ehlo' };
  }

  #logIn(): OpeningMove {
    return this.#login === null ? OPEN : this.#follow(this.#login.start(this.#isSecured, this.#extensions.auth));
  }

  #logInAnswered(reply: Reply): OpeningMove {
    assert(this.#login !== null, 'only who logs in awaits an answer to it');
    return this.#follow(this.#login.answered(reply));
  }

  #follow(move: LoginMove): OpeningMove {
    if (move.kind === 'loggedIn') return OPEN;
    if (move.kind === 'say') return { kind: 'command', text: move.text, step: 'auth' };
    this.#isWanting = true;
    return { kind: 'refused', reply: move.reply };
  }

  /** The handshake is done. @returns EHLO, or why the peer is not to be trusted */
  secured(peer: TlsPeer, ehloHostname: string): OpeningMove {
    const objection = tlsObjection(this.#tls.verify, peer);
    if (objection !== null) {
      this.#isWanting = true;
      return { kind: 'refused', reply: objection };
    }
    this.#isSecured = true;
    this.#extensions = NO_EXTENSIONS;
    return this.#greeting(ehloHostname);
  }

  /** Somebody spoke in clear where the handshake was due: what follows could be anybody's. */
  injected(): void {
    this.#isWanting = true;
  }

  /** This machine ended the handshake, which says nothing of the receiver. */
  gaveUp(): void {
    this.#isGivenUp = true;
  }

  /** Who is to blame when the session ends now. @param step the reply that is awaited, or was just read */
  blame(step: Step | undefined): Blame {
    if (this.#isGivenUp) return 'node';
    if (this.#isWanting || this.#isSecured || step === 'auth') return 'protection';
    return step === 'starttls' || step === 'handshake' ? 'negotiation' : 'host';
  }
}

function helo(hostname: string): OpeningMove {
  return { kind: 'command', text: `HELO ${hostname}\r\n`, step: 'helo' };
}
