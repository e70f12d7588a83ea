// What `config` says of counters, connections and mail where there are several shards. Counters and windows are in memory that
// they share, so that each says the same of one; which counters are in use, each knows of its own connections.
import type { Subject } from '../core/config/resolution.ts';
import type { SourcePosition } from '../core/config/source.ts';
import type {
  CounterUse,
  CounterUses,
  LimitView,
  OpenConnections,
  TokenFigures,
  WaitingMail,
} from '../core/console/limit-view.ts';
import type { Pages, Pauses } from '../core/console/pages.ts';
import type { ServerView } from '../core/console/server-view.ts';
import { BUSIEST_SHOWN } from '../core/delivery/limit-uses.ts';
import { askAll, joinedBy, joinedRows } from './every-shard.ts';

type Shard = Pick<ServerView, 'limits'>;

export class ShardsLimits implements LimitView {
  readonly #shards: readonly Shard[];
  readonly #turns: Pauses;

  constructor(shards: readonly Shard[], turns: Pauses) {
    this.#shards = shards;
    this.#turns = turns;
  }

  async usesOf(option: string, subject: Subject, setAt: SourcePosition | null): Promise<CounterUses | null> {
    const all = await askAll(this.#shards, ({ limits }) => limits.usesOf(option, subject, setAt));
    const uses = all.filter((one) => one !== null);
    return uses.length === 0 ? null : joinUses(uses);
  }

  async tokens(option: string, setAt: SourcePosition): Promise<TokenFigures | null> {
    const all = await askAll(this.#shards, ({ limits }) => limits.tokens(option, setAt));
    const [first, ...others] = all.filter((one) => one !== null);
    if (first === undefined) return null;
    return others.reduce((least, one) => (one.free < least.free ? one : least), first);
  }

  open(): Pages<OpenConnections> {
    return joinedRows(
      this.#shards,
      ({ limits }) => limits.open(),
      ({ binding, domain, host, address }) => JSON.stringify([binding, domain, host, address]),
      (one, other) => ({ ...one, connections: one.connections + other.connections }),
      this.#turns,
    );
  }

  waiting(): Pages<WaitingMail> {
    return joinedRows(
      this.#shards,
      ({ limits }) => limits.waiting(),
      ({ binding, domain }) => JSON.stringify([binding, domain]),
      (one, other) => ({ ...one, messages: one.messages + other.messages }),
      this.#turns,
    );
  }
}

/** Counters that a shard has not named may be the same as those of another, so that there are at least so many in use. */
function joinUses(all: readonly CounterUses[]): CounterUses {
  const shown = Math.max(...all.map(({ busiest }) => busiest.length));
  const joined = joinedBy(
    all.flatMap(({ busiest }) => busiest),
    ({ counts }) => counts,
    (one, other): CounterUse => ({
      ...other,
      open: Math.max(one.open, other.open),
      peak: Math.max(one.peak, other.peak),
    }),
  );
  const busiest = joined.sort((a, b) => b.open - a.open || (a.counts < b.counts ? -1 : 1));
  const using = all.filter(({ inUse }) => inUse > 0);
  const areAllNamed = using.length <= 1 || using.every((one) => one.inUse === one.busiest.length);
  return {
    busiest: busiest.slice(0, Math.max(shown, BUSIEST_SHOWN)),
    inUse: Math.max(busiest.length, ...all.map(({ inUse }) => inUse)),
    isComplete: areAllNamed && all.every(({ isComplete }) => isComplete),
  };
}
