// Telling a receiver before each message whom it came from: XCLIENT as Postfix documents it (the attributes that the
// receiver lists in EHLO; values in xtext; success is 220, and the session begins anew with EHLO).
import type { MessageClient } from '../mail/message.ts';
import { type Reply, replyText } from '../mail/reply.ts';
import { encodeXtext } from '../mail/xtext.ts';
import type { SessionTerms } from './client-actions.ts';
import { isSuccess } from './client-steps.ts';
import type { Extensions } from './extensions.ts';

export type IntroductionStep = 'xclient' | 'greetAgain';

export type IntroductionMove =
  | { readonly kind: 'say'; readonly text: string; readonly step: IntroductionStep }
  | { readonly kind: 'done' }
  /** The message cannot go now, and the session is of no more use. */
  | { readonly kind: 'failed'; readonly reply: string };

export const XCLIENT_NOT_OFFERED = '451 4.7.6 [internal] XCLIENT required but not advertised';

const DONE: IntroductionMove = { kind: 'done' };
const UNAVAILABLE = '[UNAVAILABLE]';
const VALUE_MAX = 255;

export class ClientIntroduction {
  readonly #terms: SessionTerms;
  /** Those that the receiver takes and we know something of. What it lists behind an XCLIENT does not change that. */
  #attributes: readonly string[] = [];
  /** It knows some client already, and would take the next message for that one's. */
  #hasIntroduced = false;

  constructor(terms: SessionTerms) {
    this.#terms = terms;
  }

  /** The session is about to open. @returns whether messages may go: without XCLIENT where that is not required */
  offered({ xclient }: Extensions): boolean {
    if (this.#terms.xclient !== 'no') this.#attributes = xclient.filter((name) => name in VALUES);
    return this.#terms.xclient !== 'required' || this.#attributes.length > 0;
  }

  /** Whether it comes before each message. */
  get isDue(): boolean {
    return this.#attributes.length > 0;
  }

  /** @param client null for mail of our own */
  start(client: MessageClient | null): IntroductionMove {
    const values = this.#attributes.map(
      (name) => `${name}=${client === null ? VALUES_OF_OUR_OWN[name] : VALUES[name]!(client)}`,
    );
    return { kind: 'say', text: `XCLIENT ${values.join(' ')}\r\n`, step: 'xclient' };
  }

  answered(reply: Reply, step: IntroductionStep, ehloHostname: string): IntroductionMove {
    if (isSuccess(reply)) {
      if (step === 'greetAgain') return DONE;
      this.#hasIntroduced = true;
      const verb = this.#terms.method === 'lmtp' ? 'LHLO' : 'EHLO';
      return { kind: 'say', text: `${verb} ${ehloHostname}\r\n`, step: 'greetAgain' };
    }
    if (step === 'greetAgain' || this.#hasIntroduced || this.#terms.xclient === 'required')
      return { kind: 'failed', reply: replyText(reply) };
    this.#attributes = [];
    return DONE;
  }
}

/** The attributes that we know something of. */
const VALUES: Readonly<Record<string, (client: MessageClient) => string>> = {
  NAME: () => UNAVAILABLE, // clients are not looked up in the DNS
  ADDR: ({ address }) => (address.includes(':') ? `IPV6:${encodeXtext(address)}` : encodeXtext(address)),
  PORT: ({ port }) => String(port),
  HELO: ({ name }) => (name === '' ? UNAVAILABLE : encodeXtext(name.slice(0, VALUE_MAX))),
  PROTO: () => 'ESMTP',
};

/** Nobody sent it to us. The protocol has to be one. */
const VALUES_OF_OUR_OWN: Readonly<Record<string, string>> = {
  NAME: UNAVAILABLE,
  ADDR: UNAVAILABLE,
  PORT: UNAVAILABLE,
  HELO: UNAVAILABLE,
  PROTO: 'ESMTP',
};
