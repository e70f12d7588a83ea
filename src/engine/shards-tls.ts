// What TLS connections share, in each shard for itself: those made of the same files and ciphers are one row.
import type { ServerView } from '../core/console/server-view.ts';
import type { TlsCacheView, TlsContextRow } from '../core/console/tls-view.ts';
import { askAll } from './every-shard.ts';

type Shard = Pick<ServerView, 'tls'>;

export class ShardsTls implements TlsCacheView {
  readonly #shards: readonly Shard[];

  constructor(shards: readonly Shard[]) {
    this.#shards = shards;
  }

  async contexts(): Promise<readonly TlsContextRow[]> {
    const joined = new Map<string, TlsContextRow>();
    for (const row of (await askAll(this.#shards, ({ tls }) => tls.contexts())).flat()) {
      const { certificate, ca, ciphers, problem } = row;
      const key = JSON.stringify([certificate, ca, ciphers, problem]);
      const before = joined.get(key) ?? { ...row, ageSeconds: 0, sessions: 0 };
      const ageSeconds = Math.max(before.ageSeconds, row.ageSeconds);
      joined.set(key, { ...before, ageSeconds, sessions: before.sessions + row.sessions });
    }
    return [...joined.values()].sort((a, b) => b.ageSeconds - a.ageSeconds);
  }

  async flush(): Promise<void> {
    await askAll(this.#shards, ({ tls }) => tls.flush());
  }
}
