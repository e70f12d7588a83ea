// What TLS connections share, in each shard for itself: those made of the same files and ciphers are one row.
import type { ServerView } from '../core/console/server-view.ts';
import type { TlsCacheView, TlsContextRow } from '../core/console/tls-view.ts';
import { askAll, joinedBy } from './every-shard.ts';

type Shard = Pick<ServerView, 'tls'>;

export class ShardsTls implements TlsCacheView {
  readonly #shards: readonly Shard[];

  constructor(shards: readonly Shard[]) {
    this.#shards = shards;
  }

  async contexts(): Promise<readonly TlsContextRow[]> {
    const rows = (await askAll(this.#shards, ({ tls }) => tls.contexts())).flat();
    const joined = joinedBy(
      rows,
      ({ certificate, ca, ciphers, problem }) => JSON.stringify([certificate, ca, ciphers, problem]),
      (one, other): TlsContextRow => ({
        ...one,
        ageSeconds: Math.max(one.ageSeconds, other.ageSeconds),
        sessions: one.sessions + other.sessions,
      }),
    );
    return joined.sort((a, b) => b.ageSeconds - a.ageSeconds);
  }

  async flush(): Promise<void> {
    await askAll(this.#shards, ({ tls }) => tls.flush());
  }
}
