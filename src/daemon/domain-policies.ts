// The ports that go over HTTPS: policies of MTA-STS, which are fetched and kept on disk, and reports on TLS, which are posted.
import type { Configuration } from '../core/config/configuration.ts';
import { mtaStsPolicyStore } from '../core/config/options/transport-policy-options.ts';
import { expiresAt } from '../core/mail/sts-policy.ts';
import type { DomainName, FetchedPolicy, HeldPolicy, RecordLog, Resolver, StsPolicies } from '../engine/ports.ts';
import type { HttpsDialer } from '../shell/https/https-client.ts';
import { PolicyFetcher } from '../shell/https/policy-fetch.ts';
import { ReportPoster } from '../shell/https/report-post.ts';
import { openPolicyStore, type PolicyStore } from '../shell/sts/policy-store.ts';

export type { HttpsDialer as PolicyDialer };

export class DomainPolicies implements StsPolicies {
  readonly saved: readonly (readonly [DomainName, HeldPolicy])[];
  /** To hosts that are found in the same way. */
  readonly reports: ReportPoster;
  readonly #store: PolicyStore;
  readonly #fetcher: PolicyFetcher;

  constructor(configuration: Configuration, dialer: HttpsDialer, logs: Pick<RecordLog, 'panic'>) {
    const directory = configuration.value(mtaStsPolicyStore);
    const troubled = (text: string): void => logs.panic('warning', text);
    const { store, saved, problems } = openPolicyStore(directory, troubled);
    for (const problem of problems) troubled(`mta_sts_policy_store: ${problem}`);
    this.#store = store;
    this.saved = saved.filter(([, held]) => Date.now() < expiresAt(held));
    for (const [domain, held] of saved) if (Date.now() >= expiresAt(held)) store.keep(domain, null);
    this.#fetcher = new PolicyFetcher(dialer);
    this.reports = new ReportPoster(dialer);
  }

  fetchPolicy(domain: DomainName, done: (fetched: FetchedPolicy) => void): void {
    this.#fetcher.fetch(domain, done);
  }

  keep(domain: DomainName, held: HeldPolicy | null): void {
    this.#store.keep(domain, held);
  }

  async close(): Promise<void> {
    this.#fetcher.close();
    this.reports.close();
    await this.#store.close();
  }
}

/** Hosts are found with the name servers that mail is routed by. */
export function policyDialer(resolver: Resolver): HttpsDialer {
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
