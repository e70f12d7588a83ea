// Policies of MTA-STS, which each shard fetches and holds for itself.
import type { PolicyDetail, PolicyView } from '../core/console/policy-view.ts';
import type { ServerView } from '../core/console/server-view.ts';
import type { DomainName } from '../core/mail/domain-name.ts';
import { askAll, askForOne } from './every-shard.ts';

type Shard = Pick<ServerView, 'policies'>;

export class ShardsPolicies implements PolicyView {
  readonly #shards: readonly Shard[];

  constructor(shards: readonly Shard[]) {
    this.#shards = shards;
  }

  async domains(): Promise<readonly DomainName[]> {
    const all = await askAll(this.#shards, ({ policies }) => policies.domains());
    return [...new Set(all.flat())].sort();
  }

  /** Of the shard that holds the policy, or else of one that has looked for it; the one that looked last goes first. */
  async of(domain: DomainName): Promise<PolicyDetail | null> {
    const all = (await askAll(this.#shards, ({ policies }) => policies.of(domain))).filter((one) => one !== null);
    const holding = all.filter(({ held }) => held !== null);
    const [first, ...others] = holding.length > 0 ? holding : all;
    if (first === undefined) return null;
    return others.reduce((latest, one) => (one.recordTtlMs > latest.recordTtlMs ? one : latest), first);
  }

  refresh(domain: DomainName): Promise<string | null> {
    return askForOne(this.#shards, ({ policies }) => policies.refresh(domain));
  }
}
