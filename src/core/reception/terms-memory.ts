// The terms of clients that were here lately: many connections come from few clients, and what the configuration says for one
// is the same until there is another configuration.
import type { Configuration } from '../config/configuration.ts';
import type { Subject } from '../config/resolution.ts';
import type { AsciiDomain } from '../smtp/utf8-path.ts';
import { type ClientTerms, readTerms } from './terms.ts';

/** Clients, times endpoints. When there are more, all are forgotten. */
const TERMS_MAX = 1_000;

export class TermsMemory {
  readonly #systemHostname: string;
  readonly #asciiDomain: AsciiDomain | undefined;
  readonly #termsByClient = new Map<string, ClientTerms>();
  #configuration: Configuration | null = null;

  /** As for {@link readTerms}. */
  constructor(systemHostname: string, asciiDomain?: AsciiDomain) {
    this.#systemHostname = systemHostname;
    this.#asciiDomain = asciiDomain;
  }

  /**
   * @param subject an endpoint, with the client's address as its peer
   * @param address of the client, without brackets
   */
  termsOf(configuration: Configuration, subject: Subject, address: string): ClientTerms {
    if (configuration !== this.#configuration || this.#termsByClient.size >= TERMS_MAX) {
      this.#configuration = configuration;
      this.#termsByClient.clear();
    }
    const client = `${address} ${subject.listener?.listen}`;
    let terms = this.#termsByClient.get(client);
    if (terms === undefined) {
      terms = readTerms(configuration, subject, address, this.#systemHostname, this.#asciiDomain);
      this.#termsByClient.set(client, terms);
    }
    return terms;
  }
}
