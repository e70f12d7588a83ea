// Logging in to a receiver (RFC 4954): PLAIN (RFC 4616), LOGIN, CRAM-MD5 (RFC 2195) and XOAUTH2, as a conversation of what
// we say and what it answers. Account and password go on the wire and nowhere else: an answer that repeats them is
// recorded without them.
import { utf8Octets } from '../base/octets.ts';
import { type Reply, replyText } from '../mail/reply.ts';

export type LoginMechanism = 'PLAIN' | 'LOGIN' | 'CRAM-MD5' | 'XOAUTH2';

export interface Login {
  readonly mechanism: LoginMechanism;
  readonly user: string;
  /** For XOAUTH2 the token. */
  readonly password: string;
  /** It may be said in a session that is not encrypted. */
  readonly mayGoInClear: boolean;
}

/** HMAC-MD5 of `text` under `key`, both octets as Latin-1, in lower-case hexadecimal digits. */
export type KeyedMd5 = (key: string, text: string) => string;

export type LoginMove =
  /** A whole line. */
  | { readonly kind: 'say'; readonly text: string }
  | { readonly kind: 'loggedIn' }
  | { readonly kind: 'refused'; readonly reply: string };

const LOGGED_IN: LoginMove = { kind: 'loggedIn' };
const IN_CLEAR: LoginMove = { kind: 'refused', reply: '451 4.7.11 [internal] AUTH in a session that is not encrypted' };
/** Rounds of question and answer; no mechanism here has more than two. */
const ROUNDS_MAX = 2;

export class ClientLogin {
  readonly #login: Login;
  readonly #keyedMd5: KeyedMd5;
  #rounds = 0;

  constructor(login: Login, keyedMd5: KeyedMd5) {
    this.#login = login;
    this.#keyedMd5 = keyedMd5;
  }

  /** @param offered mechanisms of the receiver, in upper case */
  start(isEncrypted: boolean, offered: readonly string[]): LoginMove {
    const { mechanism, mayGoInClear } = this.#login;
    if (!isEncrypted && !mayGoInClear) return IN_CLEAR;
    if (!offered.includes(mechanism))
      return { kind: 'refused', reply: `451 4.7.6 [internal] AUTH ${mechanism} required but not advertised` };
    const [user, password] = [utf8Octets(this.#login.user), utf8Octets(this.#login.password)];
    if (mechanism === 'PLAIN') return say(`AUTH PLAIN ${base64(`\0${user}\0${password}`)}`);
    if (mechanism === 'XOAUTH2')
      return say(`AUTH XOAUTH2 ${base64(`user=${user}\x01auth=Bearer ${password}\x01\x01`)}`);
    return say(`AUTH ${mechanism}`);
  }

  answered(reply: Reply): LoginMove {
    if (reply.code === 235) return LOGGED_IN;
    if (reply.code === 334 && this.#rounds < ROUNDS_MAX) {
      const answer = this.#answerTo(reply.lines.join(''), this.#rounds++);
      if (answer !== null) return say(answer);
    }
    const text = this.withoutSecrets(replyText(reply));
    return { kind: 'refused', reply: reply.code >= 400 ? text : `451 4.7.0 [internal] AUTH failed: ${text}` };
  }

  /** Null where the mechanism has nothing more to say. */
  #answerTo(challenge: string, round: number): string | null {
    const { mechanism } = this.#login;
    const [user, password] = [utf8Octets(this.#login.user), utf8Octets(this.#login.password)];
    switch (mechanism) {
      case 'LOGIN':
        return base64(round === 0 ? user : password);
      case 'CRAM-MD5': {
        const text = fromBase64(challenge);
        return round > 0 || text === null ? null : base64(`${user} ${this.#keyedMd5(password, text)}`);
      }
      case 'XOAUTH2':
        return round > 0 ? null : ''; // the challenge tells what was wrong, and the refusal comes behind an empty line
      case 'PLAIN':
        return null;
    }
  }

  /** What the receiver said, without the password where it repeats that. */
  withoutSecrets(text: string): string {
    const password = utf8Octets(this.#login.password);
    if (password === '') return text;
    const user = utf8Octets(this.#login.user);
    const forms = [base64(`\0${user}\0${password}`), base64(password), password];
    return forms.reduce((left, form) => left.replaceAll(form, '********'), text);
  }
}

const say = (line: string): LoginMove => ({ kind: 'say', text: `${line}\r\n` });

/** @param octets Latin-1 */
function base64(octets: string): string {
  return Uint8Array.from(octets, (octet) => octet.charCodeAt(0)).toBase64();
}

/** Null when it is none. */
function fromBase64(text: string): string | null {
  try {
    return String.fromCharCode(...Uint8Array.fromBase64(text));
  } catch {
    return null;
  }
}
