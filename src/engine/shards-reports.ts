// Sessions as reports on TLS count them, and reports that are sent, over all shards: each counts its own sessions.
import { wallMs } from '../core/base/moment.ts';
import type { Pages, Pauses } from '../core/console/pages.ts';
import type { ServerView } from '../core/console/server-view.ts';
import type { SentReports, TlsReportFigures, TlsReportView } from '../core/console/tls-report-view.ts';
import type { DomainCounts, FailureCount, PolicyCount } from '../core/records/tls-counts.ts';
import { askAll, joinedBy, joinedRows, sum } from './every-shard.ts';

type Shard = Pick<ServerView, 'tlsReports'>;

export class ShardsReports implements TlsReportView {
  readonly #shards: readonly Shard[];
  readonly #turns: Pauses;

  constructor(shards: readonly Shard[], turns: Pauses) {
    this.#shards = shards;
    this.#turns = turns;
  }

  async figures(): Promise<TlsReportFigures | null> {
    const all = (await askAll(this.#shards, ({ tlsReports }) => tlsReports.figures())).filter((one) => one !== null);
    if (all.length === 0) return null;
    const posts = all.map((one) => one.posts);
    return {
      since: wallMs(Math.min(...all.map(({ since }) => since))),
      overflow: sum(all.map(({ overflow }) => overflow)),
      waiting: sum(all.map(({ waiting }) => waiting)),
      posts: {
        taken: sum(posts.map(({ taken }) => taken)),
        waiting: sum(posts.map(({ waiting }) => waiting)),
        givenUp: sum(posts.map(({ givenUp }) => givenUp)),
        lastProblem: posts.find(({ lastProblem }) => lastProblem !== null)?.lastProblem ?? null,
      },
    };
  }

  domains(): Pages<DomainCounts> {
    return joinedRows(
      this.#shards,
      ({ tlsReports }) => tlsReports.domains(),
      ({ domain }) => domain,
      joinDomains,
      this.#turns,
    );
  }

  async send(withToday: boolean): Promise<SentReports> {
    const all = await askAll(this.#shards, ({ tlsReports }) => tlsReports.send(withToday));
    return {
      sent: sum(all.map(({ sent }) => sent)),
      unwanted: sum(all.map(({ unwanted }) => unwanted)),
      posted: sum(all.map(({ posted }) => posted)),
      unsent: sum(all.map(({ unsent }) => unsent)),
    };
  }
}

function joinDomains(one: DomainCounts, other: DomainCounts): DomainCounts {
  const { domain } = one;
  const policies = joinedBy([...one.policies, ...other.policies], ({ policy }) => JSON.stringify(policy), joinPolicies);
  return { domain, policies };
}

function joinPolicies(one: PolicyCount, other: PolicyCount): PolicyCount {
  return {
    policy: one.policy,
    successes: one.successes + other.successes,
    failed: one.failed + other.failed,
    failures: joinedBy(
      [...one.failures, ...other.failures],
      ({ failure }) => JSON.stringify(failure),
      (a, b): FailureCount => ({ failure: a.failure, sessions: a.sessions + b.sessions }),
    ),
  };
}
