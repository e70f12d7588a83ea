// The ports that go over HTTPS: policies of MTA-STS, which are fetched and kept, and reports on TLS, which are posted.
import type { DomainName, FetchedPolicy, HeldPolicy, Resolver, StsPolicies } from '../engine/ports.ts';
import type { HttpsDialer } from '../shell/https/https-client.ts';
import { PolicyFetcher } from '../shell/https/policy-fetch.ts';
import { ReportPoster } from '../shell/https/report-post.ts';
import type { KeptPolicies } from './kept-policies.ts';

export class DomainPolicies implements StsPolicies {
  /** To hosts that are found in the same way. */
  readonly reports: ReportPoster;
  readonly #kept: KeptPolicies;
  readonly #fetcher: PolicyFetcher;

  constructor(kept: KeptPolicies, dialer: HttpsDialer) {
    this.#kept = kept;
    this.#fetcher = new PolicyFetcher(dialer);
    this.reports = new ReportPoster(dialer);
  }

  get saved(): KeptPolicies['saved'] {
    return this.#kept.saved;
  }

  fetchPolicy(domain: DomainName, done: (fetched: FetchedPolicy) => void): void {
    this.#fetcher.fetch(domain, done);
  }

  keep(domain: DomainName, held: HeldPolicy | null): void {
    this.#kept.keep(domain, held);
  }

  async close(): Promise<void> {
    this.#fetcher.close();
    this.reports.close();
    await this.#kept.close();
  }
}

/** Hosts are found with the name servers that mail is routed by. */
export function httpsDialer(resolver: Resolver): HttpsDialer {
  return {
    addressesOf(host, found) {
      const addresses: string[][] = [];
      const take = (place: number, answer: Parameters<Parameters<Resolver['query']>[2]>[0]): void => {
        addresses[place] = answer.kind === 'addresses' ? [...answer.addresses] : [];
        if (addresses[0] !== undefined && addresses[1] !== undefined) found(addresses.flat());
      };
      resolver.query(host, 'A', (answer) => take(0, answer));
      resolver.query(host, 'AAAA', (answer) => take(1, answer));
    },
  };
}
