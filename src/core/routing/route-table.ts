// Routes by key, each looked up once however many wait for it, kept for their TTL and used a while longer when the name
// service is silent. The caller keeps the key (`routeKey`) and hands in a token; who asked while a route was looked up is
// named to `ready` when it is there. A hit is one map lookup and allocates nothing.
import { addMono, type MonoMs, monoMs } from '../base/moment.ts';
import type { DomainName } from '../mail/domain-name.ts';
import type { KnownRoute, Route } from '../mail/hosts.ts';
import type { DnsAnswer, DnsType } from './dns-answer.ts';
import { IMPOSSIBLE_NAME_REPLY, type LookupResult, NO_HOST_REPLY } from './route-assembly.ts';
import { type Question, RouteLookup } from './route-lookup.ts';
import type { RouteRequest } from './route-request.ts';

/** Routes kept at most, besides those that are being looked up. */
export const ROUTES_MAX = 200_000;
/** How long behind its expiry a route is used while the name service gives no answer (RFC 8767 says hours to days). */
export const STALE_MS_MAX = 3_600_000;
/** How soon the name service is asked again while a stale route is used. */
export const STALE_TTL_MS = 30_000;
/** Lookups at a time, each of a few questions; more wait for their turn, in the order they came. */
export const LOOKUPS_MAX = 10_000;

const OUTAGE: Route = { kind: 'outage' };

export interface RouteTableParts<Token> {
  /** Asks the Resolver port. The answer comes in a later turn, with the time of that turn. */
  query(name: string, type: DnsType, answered: (answer: DnsAnswer, now: MonoMs) => void): void;
  /** A route that was asked for with this token is there now; `routeOf` answers with it. */
  ready(token: Token): void;
  /** Whether no name server answers anything; when that ends, `resume` is called. Left out: never. */
  isOutage?(): boolean;
  /** A host of this request gets no mail, since what it promises about its certificate is not answered or not proved. */
  unproved?(request: RouteRequest, host: DomainName, reason: string): void;
}

/** What the console shows of a route. */
export interface RouteInspection {
  /** Null when none is usable now. */
  readonly route: KnownRoute | null;
  /** Remaining life of it. */
  readonly ttlMs: number;
  /** It is used although it expired, since the name service does not answer. */
  readonly isStale: boolean;
  readonly isBeingLookedUp: boolean;
}

/** A route and its place among all: `newer` and `older` by last use while it is settled, null while looked up. */
interface Entry<Token> {
  readonly key: string;
  request: RouteRequest;
  route: KnownRoute | null;
  expiresAt: MonoMs;
  /** The last route to hosts that DNS gave, and when it expired. */
  good: KnownRoute | null;
  goodUntil: MonoMs;
  lookup: RouteLookup | null;
  /** Somebody asked for the hosts that are known while it is looked up. */
  isEager: boolean;
  /** In a row: lookups of MX without an answer, and lookups that found no such domain. */
  mxFailures: number;
  absences: number;
  /** Who is told when the lookup ends; null when nobody waits, as nearly always. */
  waiting: Set<Token> | null;
  newer: Entry<Token> | null;
  older: Entry<Token> | null;
}

const LONG_AGO = monoMs(Number.NEGATIVE_INFINITY);

export class RouteTable<Token> {
  readonly #parts: RouteTableParts<Token>;
  readonly #routesMax: number;
  readonly #entriesByKey = new Map<string, Entry<Token>>();
  #newest: Entry<Token> | null = null;
  #oldest: Entry<Token> | null = null;
  #settledCount = 0;
  /** Their lookups have not begun, or came to nothing because nobody could be asked; the one that waits longest first. */
  readonly #parked = new Set<Entry<Token>>();
  /** Lookups with open questions. */
  #running = 0;

  constructor(parts: RouteTableParts<Token>, routesMax: number = ROUTES_MAX) {
    this.#parts = parts;
    this.#routesMax = routesMax;
  }

  /** Routes known or being looked up. */
  get size(): number {
    return this.#entriesByKey.size;
  }

  /**
   * The route of `request`, whose key is `key`. Null while it is looked up: then `ready` names `token`, once, when it is
   * there, when nobody can be asked any more, or when another host is known of a partial one. An expired route is not given out, except as STALE_MS_MAX says.
   */
  routeOf(request: RouteRequest, key: string, token: Token, now: MonoMs): Route | null {
    const known = this.#entriesByKey.get(key);
    if (known !== undefined && known.lookup === null) {
      if (known !== this.#newest) this.#touch(known);
      if (now < known.expiresAt) return known.route;
    }
    const entry = known ?? this.#add(request, key);
    if (entry.lookup === null) {
      entry.request = request; // its policy may be another by now
      this.#begin(entry, now);
      if (entry.lookup === null) return entry.route;
    }
    entry.waiting ??= new Set();
    entry.waiting.add(token);
    if (this.#parked.has(entry)) return this.#isOutage ? OUTAGE : null;
    if (request.takesFirst !== true) return null;
    entry.isEager = true;
    return entry.lookup.soFar;
  }

  /** Somebody can be asked again. */
  resume(now: MonoMs): void {
    for (const entry of this.#parked) {
      if (this.#isOutage || this.#running >= LOOKUPS_MAX) return;
      this.#begin(entry, now);
      // Who waits for it knows that it goes on.
      if (entry.lookup !== null) this.#tellWaiting(entry);
    }
  }

  get #isOutage(): boolean {
    return this.#parts.isOutage?.() === true;
  }

  /** Looks a known route up again now; those who ask meanwhile wait. @returns whether it is known */
  refresh(key: string, now: MonoMs): boolean {
    const entry = this.#entriesByKey.get(key);
    if (entry === undefined) return false;
    this.#begin(entry, now);
    return true;
  }

  /** Every route is looked up again when it is next asked for, not at once: there may be very many. */
  refreshAll(): void {
    for (const entry of this.#entriesByKey.values()) entry.expiresAt = LONG_AGO;
  }

  /** Null when nothing is known under the key. */
  inspect(key: string, now: MonoMs): RouteInspection | null {
    const entry = this.#entriesByKey.get(key);
    if (entry === undefined) return null;
    const isUsable = entry.lookup === null && now < entry.expiresAt;
    const route = isUsable ? entry.route : null;
    return {
      route,
      ttlMs: isUsable ? entry.expiresAt - now : 0,
      isStale: route !== null && route === entry.good && now >= entry.goodUntil,
      isBeingLookedUp: entry.lookup !== null,
    };
  }

  #add(request: RouteRequest, key: string): Entry<Token> {
    const entry: Entry<Token> = {
      key,
      request,
      route: null,
      expiresAt: LONG_AGO,
      good: null,
      goodUntil: LONG_AGO,
      lookup: null,
      isEager: false,
      mxFailures: 0,
      absences: 0,
      waiting: null,
      newer: null,
      older: null,
    };
    this.#entriesByKey.set(key, entry);
    this.#link(entry);
    return entry;
  }

  /** Starts a lookup in place of one that may be running, whose answers then count for nothing. */
  #begin(entry: Entry<Token>, now: MonoMs): void {
    const lookup = new RouteLookup(entry.request, entry.mxFailures);
    if (entry.lookup === null) this.#unlink(entry);
    else if (!this.#parked.delete(entry)) this.#running -= 1;
    entry.lookup = lookup;
    entry.isEager = false;
    const questions = lookup.begin();
    if (lookup.result !== null) this.#settle(entry, lookup.result, now);
    else if (this.#isOutage || this.#running >= LOOKUPS_MAX) this.#cannotAsk(entry, now, true);
    else {
      this.#running += 1;
      this.#ask(entry, lookup, questions);
    }
  }

  /** The route that expired last is used, if it may be; otherwise the lookup is put off. */
  #cannotAsk(entry: Entry<Token>, now: MonoMs, mayUseGood: boolean): void {
    if (mayUseGood && this.#isOutage && this.#settleWithGood(entry, now)) return;
    this.#parked.add(entry);
    this.#tellWaiting(entry);
  }

  #ask(entry: Entry<Token>, lookup: RouteLookup, questions: readonly Question[]): void {
    for (const question of questions) {
      this.#parts.query(question.name, question.type, (answer, now) => {
        if (entry.lookup !== lookup) return;
        const before = entry.isEager ? lookup.soFar : null;
        this.#ask(entry, lookup, lookup.answered(question, answer));
        if (lookup.result === null) {
          if (entry.isEager && lookup.soFar !== before) this.#tellWaiting(entry);
          return;
        }
        this.#running -= 1;
        const { unproved } = this.#parts;
        if (unproved !== undefined)
          for (const { host, reason } of lookup.unproved) unproved(entry.request, host, reason);
        const { kind, route } = lookup.result;
        if (lookup.hasOutage && route.kind === 'unroutable') this.#cannotAsk(entry, now, kind === 'unavailable');
        else this.#settle(entry, this.#judged(entry, lookup, lookup.result), now);
        if (this.#parked.size > 0) this.resume(now);
      });
    }
  }

  /** A domain that was not there so many times in a row will not come back while its mail waits. */
  #judged(entry: Entry<Token>, lookup: RouteLookup, result: LookupResult): LookupResult {
    // What nobody could be asked about says nothing about the domain.
    if (!lookup.hasOutage) entry.mxFailures = lookup.hasUnansweredMx ? entry.mxFailures + 1 : 0;
    const { route } = result;
    const isAbsent = result.kind === 'found' && route.kind === 'unroutable' && route.reply === NO_HOST_REPLY;
    // A lookup that nobody answered says nothing about the domain: often it is this node that is cut off.
    if (isAbsent) entry.absences += 1;
    else if (result.kind === 'found') entry.absences = 0;
    const { dnsFailuresToPurge } = entry.request.policy;
    if (!isAbsent || dnsFailuresToPurge === 0 || entry.absences < dnsFailuresToPurge) return result;
    return { kind: 'found', route: { ...route, reply: IMPOSSIBLE_NAME_REPLY } };
  }

  #settle(entry: Entry<Token>, result: LookupResult, now: MonoMs): void {
    if (result.kind === 'unavailable' && this.#settleWithGood(entry, now)) return;
    entry.route = result.route;
    entry.expiresAt = addMono(now, result.route.ttlMs);
    entry.good = result.route.kind === 'hosts' ? result.route : null;
    entry.goodUntil = entry.expiresAt;
    this.#ended(entry);
  }

  /** @returns whether there is one that may be used still */
  #settleWithGood(entry: Entry<Token>, now: MonoMs): boolean {
    const staleMsLeft = entry.goodUntil + STALE_MS_MAX - now;
    if (entry.good === null || staleMsLeft <= 0) return false;
    entry.route = entry.good;
    entry.expiresAt = addMono(now, Math.min(STALE_TTL_MS, staleMsLeft));
    this.#ended(entry);
    return true;
  }

  #ended(entry: Entry<Token>): void {
    entry.lookup = null;
    this.#link(entry);
    this.#tellWaiting(entry);
  }

  #tellWaiting(entry: Entry<Token>): void {
    const { waiting } = entry;
    entry.waiting = null;
    if (waiting !== null) for (const token of waiting) this.#parts.ready(token);
  }

  // ---- order of last use, of settled entries only: one that somebody waits for is not dropped

  #touch(entry: Entry<Token>): void {
    this.#unlink(entry);
    this.#link(entry);
  }

  #link(entry: Entry<Token>): void {
    entry.older = this.#newest;
    entry.newer = null;
    if (this.#newest === null) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
    this.#settledCount += 1;
    if (this.#settledCount > this.#routesMax) this.#dropOldest();
  }

  #unlink(entry: Entry<Token>): void {
    if (entry.newer === null) this.#newest = entry.older;
    else entry.newer.older = entry.older;
    if (entry.older === null) this.#oldest = entry.newer;
    else entry.older.newer = entry.newer;
    entry.newer = null;
    entry.older = null;
    this.#settledCount -= 1;
  }

  #dropOldest(): void {
    const oldest = this.#oldest!;
    this.#unlink(oldest);
    this.#entriesByKey.delete(oldest.key);
  }
}
