// The policies of MTA-STS (RFC 8461) by domain: whether one is announced is asked for its TTL, the policy is fetched when
// it is another one, and kept to until it expires, whatever the domain or somebody in between does meanwhile. A domain of
// which nothing is known waits for the answers; without them its mail goes as if there were no policy.
import { addMono, type Moment, type MonoMs, monoMs } from '../base/moment.ts';
import { canonicalDomain, type DomainName, isHostName } from '../mail/domain-name.ts';
import { announcedPolicy, expiresAt, type HeldPolicy, parsePolicy } from '../mail/sts-policy.ts';
import type { DnsAnswer, DnsType } from './dns-answer.ts';

export type FetchedPolicy =
  | { readonly kind: 'text'; readonly text: string }
  /** `isUntrusted`: it has a certificate that is not good for it. */
  | { readonly kind: 'failed'; readonly reason: string; readonly isUntrusted?: boolean };

export interface StsTableParts<Token> {
  query(name: string, type: DnsType, answered: (answer: DnsAnswer, at: Moment) => void): void;
  /** The text at `https://mta-sts.DOMAIN/.well-known/mta-sts.txt`. */
  fetchPolicy(domain: DomainName, done: (fetched: FetchedPolicy, at: Moment) => void): void;
  /** To be found again after a restart; null for a policy that is no more. */
  keep(domain: DomainName, held: HeldPolicy | null): void;
  /** There is a policy, and it could not be had: not fetched, from somebody else perhaps, or not in its form. */
  failed?(domain: DomainName, how: 'fetch' | 'untrusted' | 'form', reason: string): void;
  /** What was asked for with this token is there. */
  ready(token: Token): void;
}

/** What the console shows of a domain. */
export interface StsInspection {
  readonly domain: DomainName;
  readonly held: HeldPolicy | null;
  /** Until the record is asked for again; 0 when it is due. */
  readonly recordTtlMs: number;
  /** Until the policy is fetched again, or is no more. */
  readonly refreshInMs: number;
  /** Why the last attempt to get the policy came to nothing, or null. */
  readonly problem: string | null;
}

export interface StsOptions {
  /** mta_sts_dns_cname_max_depth: aliases to the record; with more there is no policy. */
  readonly aliasesMax: number;
}

/** Domains that are known at most. Those with a policy are not forgotten for one without. */
export const DOMAINS_MAX = 200_000;
/** RFC 8461 section 3.3: a policy is looked at once a day although its id is the same. */
export const REFRESH_MS = 86_400_000;
/** RFC 8461 section 3.3: five minutes or longer until a policy that could not be fetched is tried again. */
export const RETRY_MS = 300_000;
const RECORD_TTL_SECONDS_MIN = 60;
const RECORD_TTL_SECONDS_MAX = 86_400;
/** How soon the record is asked for again when nobody answered. */
const UNANSWERED_SECONDS = 30;

interface Entry<Token> {
  readonly domain: DomainName;
  held: HeldPolicy | null;
  checkedUntil: MonoMs;
  /** No fetch before then. */
  retryAt: MonoMs;
  problem: string | null;
  isBusy: boolean;
  readonly waiting: Set<Token>;
  readonly asking: ((text: string | null) => void)[];
}

const LONG_AGO = monoMs(Number.NEGATIVE_INFINITY);

export class StsTable<Token> {
  readonly #parts: StsTableParts<Token>;
  readonly #domainsMax: number;
  readonly #entries = new Map<DomainName, Entry<Token>>();

  /** @param saved what was kept by `keep` */
  constructor(
    parts: StsTableParts<Token>,
    saved: Iterable<readonly [DomainName, HeldPolicy]> = [],
    domainsMax: number = DOMAINS_MAX,
  ) {
    this.#parts = parts;
    this.#domainsMax = domainsMax;
    for (const [domain, held] of saved) this.#add(domain).held = held;
  }

  /** The policy that mail to the domain keeps to, null for none. Undefined while it is looked up: `ready` names `token`. */
  policyOf(domain: DomainName, options: StsOptions, token: Token, at: Moment): HeldPolicy | null | undefined {
    if (!isHostName(`_mta-sts.${domain}`)) return null;
    const entry = this.#entries.get(domain) ?? this.#add(domain);
    if (!entry.isBusy && at.mono < entry.checkedUntil) return this.#live(entry, at);
    if (!entry.isBusy) this.#check(entry, options, false);
    entry.waiting.add(token);
    return undefined;
  }

  /** Fetches the policy now. @param done told why that failed, null when it did not */
  refresh(domain: DomainName, options: StsOptions, done: (problem: string | null) => void): void {
    const name = canonicalDomain(domain);
    if (!isHostName(`_mta-sts.${name}`)) {
      done('it is no name that can have a policy');
      return;
    }
    const entry = this.#entries.get(name) ?? this.#add(name);
    entry.asking.push(done);
    if (!entry.isBusy) this.#check(entry, options, true);
  }

  /** Domains with a policy, in the order of their names. */
  domains(at: Moment): DomainName[] {
    const known: DomainName[] = [];
    for (const entry of this.#entries.values()) if (this.#live(entry, at) !== null) known.push(entry.domain);
    return known.sort();
  }

  /** Null when the domain was never asked about. */
  inspect(domain: DomainName, at: Moment): StsInspection | null {
    const entry = this.#entries.get(canonicalDomain(domain));
    if (entry === undefined) return null;
    const held = this.#live(entry, at);
    const dueAt = held === null ? at.wall : Math.min(held.fetchedAt + REFRESH_MS, expiresAt(held));
    return {
      domain: entry.domain,
      held,
      recordTtlMs: Math.max(0, entry.checkedUntil - at.mono),
      refreshInMs: Math.max(0, dueAt - at.wall),
      problem: entry.problem,
    };
  }

  /** RFC 8461 section 5.1: until it expires, the absence of the record changes nothing. */
  #live({ held }: Entry<Token>, { wall }: Moment): HeldPolicy | null {
    return held !== null && wall < expiresAt(held) ? held : null;
  }

  #add(domain: DomainName): Entry<Token> {
    if (this.#entries.size >= this.#domainsMax) this.#dropOne();
    const entry: Entry<Token> = {
      domain,
      held: null,
      checkedUntil: LONG_AGO,
      retryAt: LONG_AGO,
      problem: null,
      isBusy: false,
      waiting: new Set(),
      asking: [],
    };
    this.#entries.set(domain, entry);
    return entry;
  }

  /** The oldest that nobody would miss: it is asked about anew. */
  #dropOne(): void {
    let looks = 0;
    for (const [domain, { held, isBusy }] of this.#entries) {
      if (held === null && !isBusy) {
        this.#entries.delete(domain);
        return;
      }
      if (++looks === 1000) return;
    }
  }

  #check(entry: Entry<Token>, { aliasesMax }: StsOptions, isAsked: boolean): void {
    entry.isBusy = true;
    this.#parts.query(`_mta-sts.${entry.domain}`, 'TXT', (answer, at) => {
      if (answer.kind === 'unavailable') {
        this.#settle(entry, UNANSWERED_SECONDS, at, `the record was not answered (${answer.reason})`);
        return;
      }
      const isFar = (answer.aliases ?? 0) > aliasesMax;
      const id = answer.kind === 'texts' && !isFar ? announcedPolicy(answer.texts) : null;
      const ttl = Math.min(Math.max(answer.ttlSeconds, RECORD_TTL_SECONDS_MIN), RECORD_TTL_SECONDS_MAX);
      if (id === null) {
        this.#settle(entry, ttl, at, isFar ? 'too many aliases to the record' : 'no policy is announced');
        return;
      }
      const held = this.#live(entry, at);
      const isSame = held !== null && held.id === id;
      const isRecent = isSame && at.wall - held.fetchedAt < REFRESH_MS;
      if (!isAsked && (isRecent || at.mono < entry.retryAt)) {
        this.#settle(entry, ttl, at, isRecent ? null : entry.problem);
        return;
      }
      // A policy that is only looked at again may be used meanwhile.
      if (!isAsked && isSame) this.#settle(entry, ttl, at, null);
      this.#fetchPolicy(entry, id, ttl);
    });
  }

  #fetchPolicy(entry: Entry<Token>, id: string, recordTtl: number): void {
    this.#parts.fetchPolicy(entry.domain, (fetched, at) => {
      const parsed =
        fetched.kind === 'text' ? parsePolicy(fetched.text) : ({ kind: 'problem', problem: fetched.reason } as const);
      if (parsed.kind === 'problem') {
        entry.retryAt = addMono(at.mono, RETRY_MS);
        const how = fetched.kind === 'text' ? 'form' : fetched.isUntrusted === true ? 'untrusted' : 'fetch';
        this.#parts.failed?.(entry.domain, how, parsed.problem);
        // The record is good; what it announces is to be tried again as soon as that is allowed.
        this.#settle(entry, Math.min(recordTtl, RETRY_MS / 1000), at, `the policy was not fetched: ${parsed.problem}`);
        return;
      }
      const { policy } = parsed;
      entry.held = { policy, id, fetchedAt: at.wall };
      this.#parts.keep(entry.domain, entry.held);
      this.#settle(entry, recordTtl, at, null);
    });
  }

  #settle(entry: Entry<Token>, ttlSeconds: number, at: Moment, problem: string | null): void {
    entry.isBusy = false;
    entry.problem = problem;
    entry.checkedUntil = addMono(at.mono, ttlSeconds * 1000);
    if (entry.held !== null && this.#live(entry, at) === null) {
      entry.held = null;
      this.#parts.keep(entry.domain, null);
    }
    const waiting = [...entry.waiting];
    entry.waiting.clear();
    for (const done of entry.asking.splice(0)) done(problem);
    for (const token of waiting) this.#parts.ready(token);
  }
}
