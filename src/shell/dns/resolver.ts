// The Resolver port: asks the servers of resolv.conf over UDP, and over TCP for what does not fit. It keeps no answers
// (core/routing/route-table.ts does), but identical questions that are open at the same time are one question. Bounded:
// IN_FLIGHT_MAX names are resolved at a time, WAITING_MAX wait in the order they came, more are answered "unavailable".
import type { SummaryFigures } from '../../core/console/server-view.ts';
import { canonicalDomain, isHostName } from '../../core/mail/domain-name.ts';
import type { DnsAnswer, DnsType, Resolver } from '../../engine/ports.ts';
import { DnsCounters } from './dns-counters.ts';
import { Inquiry, type InquirySettings, type Outcome } from './inquiry.ts';
import { NameServer } from './name-server.ts';
import { type ReadResolvConf, type ResolvConfProblem, readResolvConf } from './resolv-conf.ts';

export const IN_FLIGHT_MAX = 1000;
export const WAITING_MAX = 100_000;

/** A name that can exist nowhere does not exist, for as long as one likes; RFC 2308 section 5 recommends hours at most. */
const IMPOSSIBLE: DnsAnswer = { kind: 'noName', ttlSeconds: 3600 };
const CROWDED: DnsAnswer = { kind: 'unavailable', reason: 'too many DNS questions are waiting' };

export interface ResolverOptions {
  readonly resolvConfPath: string;
  /** How often each server is asked at most, whatever the file says. */
  readonly attemptsMax?: number;
  /** For tests. */
  readonly inFlightMax?: number;
  readonly waitingMax?: number;
}

export interface OpenedResolver {
  readonly resolver: DnsResolver;
  /** For the panic log; the resolver works with what could be read. */
  readonly problems: readonly ResolvConfProblem[];
}

export function openResolver(options: ResolverOptions): OpenedResolver {
  const { conf, problems } = readResolvConf(options.resolvConfPath);
  return { resolver: new DnsResolver(conf, options), problems };
}

/** A name and type that somebody waits for, and how far along its aliases it is. */
interface Query {
  readonly key: string;
  readonly type: DnsType;
  readonly askers: ((answer: DnsAnswer) => void)[];
  /** Where the aliases have led so far. */
  name: string;
  aliases: number;
  /** The smallest of the aliases; infinite without any. */
  ttlSeconds: number;
  /** So far every alias is proved. */
  isAuthentic: boolean;
  inquiry: Inquiry | null;
}

export class DnsResolver implements Resolver {
  readonly #counters = new DnsCounters();
  readonly #inFlightMax: number;
  readonly #waitingMax: number;
  readonly #attemptsMax: number;
  readonly #serversByEndpoint = new Map<string, NameServer>();
  #settings: InquirySettings = { servers: [], timeoutMs: 0, attempts: 0 };
  readonly #queriesByKey = new Map<string, Query>();
  /** Those of {@link #queriesByKey} that have not begun, oldest first. */
  readonly #waiting = new Set<Query>();
  #isClosed = false;

  constructor(
    conf: ReadResolvConf['conf'],
    {
      inFlightMax = IN_FLIGHT_MAX,
      waitingMax = WAITING_MAX,
      attemptsMax = Number.POSITIVE_INFINITY,
    }: Partial<ResolverOptions> = {},
  ) {
    this.#inFlightMax = inFlightMax;
    this.#waitingMax = waitingMax;
    this.#attemptsMax = attemptsMax;
    this.#use(conf);
  }

  /** Answers in a later turn, once; never after {@link close}. */
  query(name: string, type: DnsType, answered: (answer: DnsAnswer) => void): void {
    const wanted = canonicalDomain(name);
    if (!isHostName(wanted)) {
      this.#answerLater(IMPOSSIBLE, answered);
      return;
    }
    const key = `${type} ${wanted}`;
    const open = this.#queriesByKey.get(key);
    if (open !== undefined) {
      open.askers.push(answered);
      return;
    }
    if (this.#waiting.size >= this.#waitingMax) {
      this.#answerLater(CROWDED, answered);
      return;
    }
    const query: Query = {
      key,
      type,
      askers: [answered],
      name: wanted,
      aliases: 0,
      ttlSeconds: Number.POSITIVE_INFINITY,
      isAuthentic: true,
      inquiry: null,
    };
    this.#queriesByKey.set(key, query);
    this.#waiting.add(query);
    this.#beginWaiting();
  }

  /** Reads the file anew. Questions that are under way stay with the servers they began with. */
  reload(resolvConfPath: string): readonly ResolvConfProblem[] {
    const { conf, problems } = readResolvConf(resolvConfPath);
    this.#use(conf);
    return problems;
  }

  figures(): SummaryFigures['dns'] {
    return this.#counters.figures(this.#queriesByKey.size);
  }

  /** For `summary reset`. */
  resetFigures(): void {
    this.#counters.reset();
  }

  /** Every socket is closed; what is open is not answered any more. */
  close(): void {
    this.#isClosed = true;
    for (const { inquiry } of this.#queriesByKey.values()) inquiry?.cancel();
    this.#queriesByKey.clear();
    this.#waiting.clear();
  }

  /** Servers that stay keep what is known about them. */
  #use({ servers, timeoutMs, attempts }: ReadResolvConf['conf']): void {
    const known = new Map(this.#serversByEndpoint);
    this.#serversByEndpoint.clear();
    for (const server of servers) {
      const endpoint = `${server.address} ${server.port}`;
      this.#serversByEndpoint.set(endpoint, known.get(endpoint) ?? new NameServer(server));
    }
    this.#settings = {
      servers: Array.from(this.#serversByEndpoint.values()),
      timeoutMs,
      attempts: Math.min(attempts, this.#attemptsMax),
    };
  }

  #answerLater(answer: DnsAnswer, answered: (answer: DnsAnswer) => void): void {
    setImmediate(() => {
      if (!this.#isClosed) answered(answer);
    });
  }

  #beginWaiting(): void {
    for (const query of this.#waiting) {
      if (this.#queriesByKey.size - this.#waiting.size >= this.#inFlightMax) return;
      this.#waiting.delete(query);
      this.#inquire(query);
    }
  }

  #inquire(query: Query): void {
    const { name, type } = query;
    const beganAt = performance.now();
    this.#counters.noteQuery(type);
    query.inquiry = new Inquiry({ name, type }, query.aliases, this.#settings, (outcome) => {
      if (outcome.kind !== 'unavailable') this.#counters.noteAnswer(performance.now() - beganAt);
      else if (outcome.isTimeout) this.#counters.noteTimeout(type);
      this.#take(query, outcome);
    });
    query.inquiry.begin();
  }

  #take(query: Query, outcome: Outcome): void {
    switch (outcome.kind) {
      case 'unavailable':
        // Where an alias is known somebody has answered.
        this.#end(query, {
          kind: 'unavailable',
          reason: outcome.reason,
          ...(outcome.isTimeout && query.aliases === 0 ? { isSilent: true } : {}),
        });
        break;
      case 'answer':
        this.#end(query, throughAliases(outcome.answer, query));
        break;
      case 'alias':
        query.name = outcome.target;
        query.aliases += outcome.aliases;
        query.ttlSeconds = Math.min(query.ttlSeconds, outcome.ttlSeconds);
        query.isAuthentic &&= outcome.isAuthentic;
        if (isHostName(query.name)) this.#inquire(query);
        else {
          const { name: canonicalName, aliases, ttlSeconds } = query;
          this.#end(query, { kind: 'noName', ttlSeconds, canonicalName, aliases });
        }
        break;
    }
  }

  #end(query: Query, answer: DnsAnswer): void {
    this.#queriesByKey.delete(query.key);
    this.#beginWaiting();
    for (const answered of query.askers) answered(answer);
  }
}

/** The answer as seen through the aliases that led to it. */
function throughAliases(answer: DnsAnswer, { ttlSeconds, isAuthentic }: Query): DnsAnswer {
  if (answer.kind === 'unavailable') return answer;
  const seen = answer.ttlSeconds <= ttlSeconds ? answer : { ...answer, ttlSeconds };
  return isAuthentic || seen.isAuthentic === undefined ? seen : { ...seen, isAuthentic };
}
