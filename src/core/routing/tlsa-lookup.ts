// The TLSA records of one host, once its addresses are known: which name has them (RFC 7672 section 2.2.2), and what it
// means that there are none. Only hosts whose zone is signed are asked about: servers of others often do not answer.
import type { TlsaRecord } from '../mail/dane.ts';
import type { DomainName } from '../mail/domain-name.ts';
import type { DnsAnswer, DnsType } from './dns-answer.ts';
import type { HostLookup } from './host-lookup.ts';

export interface TlsaQuestion {
  readonly name: DomainName;
  readonly type: DnsType;
}

export type TlsaOutcome =
  | { readonly kind: 'pending' }
  /** The host promises nothing that is proved. */
  | { readonly kind: 'none' }
  | { readonly kind: 'records'; readonly base: DomainName; readonly records: readonly TlsaRecord[] }
  /** Nobody knows. Whoever sends there now may send to somebody in between. */
  | { readonly kind: 'unanswered'; readonly reason: string };

const NONE: TlsaOutcome = { kind: 'none' };

export class TlsaLookup {
  readonly #host: HostLookup;
  readonly #port: number;
  /** Names that may have the records, the next one first. */
  #bases: DomainName[] = [];
  /** What is asked now. */
  question: TlsaQuestion | null = null;
  outcome: TlsaOutcome = { kind: 'pending' };
  /** Of the answers; infinite without any. */
  ttlSeconds = Number.POSITIVE_INFINITY;

  /** @param host all of its addresses were asked for and answered */
  constructor(host: HostLookup, port: number) {
    this.#host = host;
    this.#port = port;
    const { name, canonicalName, isAuthentic } = host;
    if (isAuthentic) {
      this.#bases = canonicalName === null ? [name] : [canonicalName, name];
      this.#askNext();
    } else if (canonicalName !== null && host.addresses.length > 0) {
      // Somewhere on the way to the addresses proof ends. The alias itself may be proved, and then the name it has.
      this.question = { name, type: 'CNAME' };
    } else {
      this.outcome = NONE;
    }
  }

  get host(): DomainName {
    return this.#host.name;
  }

  answered(answer: DnsAnswer): void {
    const { question } = this;
    this.question = null;
    if (answer.kind !== 'unavailable') this.ttlSeconds = Math.min(this.ttlSeconds, answer.ttlSeconds);
    if (question?.type === 'CNAME') {
      if (answer.kind === 'alias' && answer.isAuthentic) this.#bases = [this.#host.name];
      else if (answer.kind === 'unavailable') {
        this.#fail(`CNAME of ${this.#host.name}: ${answer.reason}`);
        return;
      }
    } else if (answer.kind === 'unavailable') {
      this.#fail(`TLSA of ${this.#host.name}: ${answer.reason}`);
      return;
    } else if (answer.kind === 'tlsa' && answer.isAuthentic) {
      this.outcome = { kind: 'records', base: this.#bases.shift()!, records: answer.records };
      return;
    } else {
      this.#bases.shift();
    }
    this.#askNext();
  }

  #askNext(): void {
    const base = this.#bases[0];
    if (base === undefined) this.outcome = NONE;
    else this.question = { name: `_${this.#port}._tcp.${base}`, type: 'TLSA' };
  }

  #fail(reason: string): void {
    this.outcome = { kind: 'unanswered', reason };
  }
}

/** Hosts are asked about once for each port. */
export const tlsaKey = (host: DomainName, port: number): string => `${port} ${host}`;
