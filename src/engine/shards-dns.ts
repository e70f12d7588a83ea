// The name service as several shards ask it, each for itself. What the operator asks by himself is asked and kept by the first;
// routes are looked up and renewed in all, since mail in each goes by its own.
import type { DnsView, KeptAnswer, LookupFigures } from '../core/console/dns-view.ts';
import type { Pages } from '../core/console/pages.ts';
import type { ServerView } from '../core/console/server-view.ts';
import type { DomainName } from '../core/mail/domain-name.ts';
import type { DnsType } from '../core/routing/dns-answer.ts';
import { askAll, sum } from './every-shard.ts';

type Shard = Pick<ServerView, 'dns'>;

export class ShardsDns implements DnsView {
  readonly #shards: readonly Shard[];

  constructor(shards: readonly Shard[]) {
    this.#shards = shards;
  }

  async dig(domain: DomainName): Promise<void> {
    await askAll(this.#shards, ({ dns }) => dns.dig(domain));
  }

  async refresh(domain: DomainName | null): Promise<number | null> {
    const counts = (await askAll(this.#shards, ({ dns }) => dns.refresh(domain))).filter((count) => count !== null);
    return counts.length === 0 ? null : sum(counts);
  }

  submit(name: DomainName, type: DnsType): Promise<void> {
    return this.#first.submit(name, type);
  }

  lookup(name: DomainName, type: DnsType): Promise<KeptAnswer | null> {
    return this.#first.lookup(name, type);
  }

  kept(): Pages<KeptAnswer> {
    return this.#first.kept();
  }

  lookupFigures(): Promise<LookupFigures> {
    return this.#first.lookupFigures();
  }

  get #first(): DnsView {
    return this.#shards[0]!.dns;
  }
}
