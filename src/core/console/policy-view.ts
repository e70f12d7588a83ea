// What the console sees of what domains ask for in policies of MTA-STS.
import type { DomainName } from '../mail/domain-name.ts';
import type { HeldPolicy } from '../mail/sts-policy.ts';

export interface PolicyDetail {
  readonly domain: DomainName;
  /** Null: there is none. */
  readonly held: HeldPolicy | null;
  /** Until the record that announces it is asked for again; 0 when that is due. */
  readonly recordTtlMs: number;
  /** Until the policy itself is. */
  readonly refreshInMs: number;
  /** Why the last look came to nothing, or null. */
  readonly problem: string | null;
}

export interface PolicyView {
  /** Those with a policy, in order. O(domains that were asked about). */
  domains(): Promise<readonly DomainName[]>;
  /** Null when the domain was never asked about. */
  of(domain: DomainName): Promise<PolicyDetail | null>;
  /** @returns why it could not be fetched, or null */
  refresh(domain: DomainName): Promise<string | null>;
}
