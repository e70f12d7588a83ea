// Policies of MTA-STS on disk. One thread of the server has them, since a file has one writer.
import type { Configuration } from '../core/config/configuration.ts';
import { mtaStsPolicyStore } from '../core/config/options/transport-policy-options.ts';
import { expiresAt } from '../core/mail/sts-policy.ts';
import type { DomainName, HeldPolicy, StsPolicies } from '../engine/ports.ts';
import { openPolicyStore } from '../shell/sts/policy-store.ts';

export interface KeptPolicies extends Pick<StsPolicies, 'keep'> {
  /** Those that are good still. */
  readonly saved: readonly (readonly [DomainName, HeldPolicy])[];
  /** Resolves when all of it is on disk, or could not be put there. */
  close(): Promise<void>;
}

/** @param troubled one line for paniclog */
export function openKeptPolicies(configuration: Configuration, troubled: (text: string) => void): KeptPolicies {
  const { store, saved, problems } = openPolicyStore(configuration.value(mtaStsPolicyStore), troubled);
  for (const problem of problems) troubled(`mta_sts_policy_store: ${problem}`);
  for (const [domain, held] of saved) if (Date.now() >= expiresAt(held)) store.keep(domain, null);
  return {
    saved: saved.filter(([, held]) => Date.now() < expiresAt(held)),
    keep: (domain, held) => store.keep(domain, held),
    close: () => store.close(),
  };
}
