// Sessions with receivers as reports on TLS count them (RFC 8460): by domain that mail was for, by policy that they were
// under, and what was wrong with those that failed. What strangers can make grow is bounded: further policies and failures
// of a domain are put together with others of their kind, so that totals stay right, and further domains are only counted.
import type { WallMs } from '../base/moment.ts';
import type { DomainName } from '../mail/domain-name.ts';

/** RFC 8460 section 4.3. */
export const TLS_FAILURE_TYPES = [
  'starttls-not-supported',
  'certificate-host-mismatch',
  'certificate-expired',
  'certificate-not-trusted',
  'validation-failure',
  'tlsa-invalid',
  'dnssec-invalid',
  'sts-policy-fetch-error',
  'sts-policy-invalid',
  'sts-webpki-invalid',
] as const;
export type TlsFailureType = (typeof TLS_FAILURE_TYPES)[number];

export const POLICY_TYPES = ['tlsa', 'sts', 'no-policy-found'] as const;

/** What the domain asked for. */
export interface CountedPolicy {
  readonly type: (typeof POLICY_TYPES)[number];
  /** That of the mail; with `tlsa` the name that has the records (RFC 8460 section 1.1). */
  readonly domain: DomainName;
  /** The policy as lines; empty where there is none, or it is not known. */
  readonly lines: readonly string[];
  /** Patterns of the exchangers that an MTA-STS policy names. */
  readonly exchangers: readonly string[];
}

export interface TlsFailure {
  readonly type: TlsFailureType;
  /** In words of ours or of the library; null where the type says it all. */
  readonly reason: string | null;
  /** The exchanger; null where none was talked to. */
  readonly host: DomainName | null;
  readonly address: string | null;
  /** Our own address, where the operator names it. */
  readonly sender: string | null;
}

export interface FailureCount {
  readonly failure: TlsFailure;
  sessions: number;
}

export interface PolicyCount {
  readonly policy: CountedPolicy;
  successes: number;
  /** As many as all of `failures` together. */
  failed: number;
  readonly failures: FailureCount[];
}

/** What one report is about. */
export interface DomainCounts {
  readonly domain: DomainName;
  readonly policies: PolicyCount[];
}

export interface TlsCountsBounds {
  /** Domains of a day. */
  readonly domainsMax: number;
  readonly policiesMax: number;
  readonly failuresMax: number;
  /** Policies and failures of all domains together. */
  readonly rowsMax: number;
}

export const TLS_COUNTS_BOUNDS: TlsCountsBounds = {
  domainsMax: 10_000,
  policiesMax: 16,
  failuresMax: 32,
  rowsMax: 50_000,
};
const LINES_MAX = 16;
const CHARACTERS_MAX = 250;

export class TlsCounts {
  /** When the counting began. */
  readonly from: WallMs;
  readonly #bounds: TlsCountsBounds;
  readonly #domains = new Map<DomainName, DomainCounts>();
  #rows = 0;
  /** Sessions with domains beyond those that are kept apart. */
  #overflow = 0;

  /** @param domains counted by an earlier process */
  constructor(from: WallMs, domains: Iterable<DomainCounts> = [], bounds: TlsCountsBounds = TLS_COUNTS_BOUNDS) {
    this.from = from;
    this.#bounds = bounds;
    for (const counts of domains) {
      if (this.#domains.size >= bounds.domainsMax) break;
      this.#domains.set(counts.domain, counts);
      this.#rows += counts.policies.reduce((sum, { failures }) => sum + 1 + failures.length, 0);
    }
  }

  get overflow(): number {
    return this.#overflow;
  }

  get size(): number {
    return this.#domains.size;
  }

  domains(): Iterable<DomainCounts> {
    return this.#domains.values();
  }

  /** @param failure null: the session was what its policy asks for */
  count(domain: DomainName, policy: CountedPolicy, failure: TlsFailure | null): void {
    let counts = this.#domains.get(domain);
    if (counts === undefined) {
      if (this.#domains.size >= this.#bounds.domainsMax) {
        this.#overflow += 1;
        return;
      }
      counts = { domain, policies: [] };
      this.#domains.set(domain, counts);
    }
    const row = this.#policyOf(counts, policy);
    if (failure === null) row.successes += 1;
    else {
      row.failed += 1;
      this.#failureOf(row, failure).sessions += 1;
    }
  }

  #policyOf({ domain, policies }: DomainCounts, given: CountedPolicy): PolicyCount {
    const policy = shortened(given);
    const known = policies.find((one) => isSamePolicy(one.policy, policy));
    if (known !== undefined) return known;
    const isFull = policies.length >= this.#bounds.policiesMax || this.#rows >= this.#bounds.rowsMax;
    const kept = isFull ? { type: policy.type, domain, lines: [], exchangers: [] } : policy;
    const general = isFull ? policies.find((one) => isSamePolicy(one.policy, kept)) : undefined;
    if (general !== undefined) return general;
    const row: PolicyCount = { policy: kept, successes: 0, failed: 0, failures: [] };
    policies.push(row);
    this.#rows += 1;
    return row;
  }

  #failureOf({ failures }: PolicyCount, given: TlsFailure): FailureCount {
    const failure = { ...given, reason: given.reason?.slice(0, CHARACTERS_MAX) ?? null };
    const known = failures.find((one) => isSameFailure(one.failure, failure));
    if (known !== undefined) return known;
    const isFull = failures.length >= this.#bounds.failuresMax || this.#rows >= this.#bounds.rowsMax;
    const kept = isFull ? { type: failure.type, reason: null, host: null, address: null, sender: null } : failure;
    const general = isFull ? failures.find((one) => isSameFailure(one.failure, kept)) : undefined;
    if (general !== undefined) return general;
    const row = { failure: kept, sessions: 0 };
    failures.push(row);
    this.#rows += 1;
    return row;
  }
}

function shortened(policy: CountedPolicy): CountedPolicy {
  const cut = (lines: readonly string[]): readonly string[] =>
    lines.length > LINES_MAX || lines.some(({ length }) => length > CHARACTERS_MAX)
      ? lines.slice(0, LINES_MAX).map((line) => line.slice(0, CHARACTERS_MAX))
      : lines;
  return { ...policy, lines: cut(policy.lines), exchangers: cut(policy.exchangers) };
}

const isSameList = (one: readonly string[], other: readonly string[]): boolean =>
  one === other || (one.length === other.length && one.every((text, place) => text === other[place]));

const isSamePolicy = (one: CountedPolicy, other: CountedPolicy): boolean =>
  one.type === other.type &&
  one.domain === other.domain &&
  isSameList(one.lines, other.lines) &&
  isSameList(one.exchangers, other.exchangers);

const isSameFailure = (one: TlsFailure, other: TlsFailure): boolean =>
  one.type === other.type &&
  one.host === other.host &&
  one.address === other.address &&
  one.sender === other.sender &&
  one.reason === other.reason;
