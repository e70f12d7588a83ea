// The port for policies of MTA-STS: what is fetched over HTTPS, and what of it is on disk.
import type { Configuration } from '../core/config/configuration.ts';
import { mtaStsPolicyStore } from '../core/config/options/transport-policy-options.ts';
import { expiresAt } from '../core/mail/sts-policy.ts';
import type { DomainName, FetchedPolicy, HeldPolicy, RecordLog, Resolver, StsPolicies } from '../engine/ports.ts';
import { type PolicyDialer, PolicyFetcher } from '../shell/sts/policy-fetch.ts';
import { openPolicyStore, type PolicyStore } from '../shell/sts/policy-store.ts';

export type { PolicyDialer };

const HTTPS_PORT = 443;

export class DomainPolicies implements StsPolicies {
  readonly saved: readonly (readonly [DomainName, HeldPolicy])[];
  readonly #store: PolicyStore;
  readonly #fetcher: PolicyFetcher;

  constructor(configuration: Configuration, dialer: PolicyDialer, logs: Pick<RecordLog, 'panic'>) {
    const directory = configuration.value(mtaStsPolicyStore);
    const troubled = (text: string): void => logs.panic('warning', text);
    const { store, saved, problems } = openPolicyStore(directory, troubled);
    for (const problem of problems) troubled(`mta_sts_policy_store: ${problem}`);
    this.#store = store;
    this.saved = saved.filter(([, held]) => Date.now() < expiresAt(held));
    for (const [domain, held] of saved) if (Date.now() >= expiresAt(held)) store.keep(domain, null);
    this.#fetcher = new PolicyFetcher(dialer);
  }

  fetchPolicy(domain: DomainName, done: (fetched: FetchedPolicy) => void): void {
    this.#fetcher.fetch(domain, done);
  }

  keep(domain: DomainName, held: HeldPolicy | null): void {
    this.#store.keep(domain, held);
  }

  async close(): Promise<void> {
    this.#fetcher.close();
    await this.#store.close();
  }
}

/** Hosts of policies are found with the name servers that mail is routed by. */
export function policyDialer(resolver: Resolver): PolicyDialer {
  return {
    port: HTTPS_PORT,
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
