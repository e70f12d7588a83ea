// One lookup: from a request and the answers of the name service to a route. The owner asks what `begin` and `answered`
// return and brings the answers back in any order; when no question is open, `result` is there. Answers may come from
// anybody: what is taken of them is bounded, and a name that can exist nowhere is not asked for.
import { assert } from '../base/assert.ts';
import type { DomainName } from '../mail/domain-name.ts';
import type { Candidate, PartialRoute } from '../mail/hosts.ts';
import type { DnsAnswer, DnsType } from './dns-answer.ts';
import { addAnswer, beginHost, type HostLookup } from './host-lookup.ts';
import {
  assembleRoute,
  type LookupResult,
  misconfiguredRoute,
  NEGATIVE_TTL_SECONDS_MAX,
  UNANSWERED_TTL_SECONDS,
} from './route-assembly.ts';
import { type Leg, type LegOutcome, legsOf, type Origin } from './route-leg.ts';
import type { RouteRequest } from './route-request.ts';
import { TlsaLookup, tlsaKey } from './tlsa-lookup.ts';
import { type Exchange, usableExchanges } from './usable-exchanges.ts';

export interface Question {
  readonly name: DomainName;
  readonly type: DnsType;
}

const NO_QUESTIONS: readonly Question[] = [];

export class RouteLookup {
  readonly #request: RouteRequest;
  readonly #fallsBackToA: boolean;
  #legs: readonly Leg[] = [];
  /** Every name whose addresses are wanted, once, however many legs share it. */
  readonly #hosts = new Map<DomainName, HostLookup>();
  /** By host and port. Empty unless that is asked for. */
  readonly #tlsa = new Map<string, TlsaLookup>();
  readonly #open = new Set<string>();
  #result: LookupResult | null = null;
  #soFar: PartialRoute | null = null;
  /** A question for MX got no answer. */
  hasUnansweredMx = false;
  /** A question could be put to nobody, so that the result says little about the domain. */
  hasOutage = false;

  /** @param unansweredBefore lookups of MX in a row, before this one, that got no answer */
  constructor(request: RouteRequest, unansweredBefore = 0) {
    this.#request = request;
    const { mxFailuresFallbackToA } = request.policy;
    // Who keeps us from the MX records could lead mail to a host that promises nothing.
    const isAllowed = mxFailuresFallbackToA > 0 && request.usesDane !== true;
    this.#fallsBackToA = isAllowed && unansweredBefore >= mxFailuresFallbackToA;
  }

  /** Null while questions are open. */
  get result(): LookupResult | null {
    return this.#result;
  }

  /**
   * The hosts that are known while questions are open: one object until there is another. Null without any, where all of
   * them are prohibited or skipped, and where it matters what each promises.
   */
  get soFar(): PartialRoute | null {
    if (this.#result !== null || this.#request.usesDane === true) return null;
    const { route } = assembleRoute(this.#legs, this.#hosts, this.#tlsa, this.#request.policy);
    const candidates = route.kind === 'hosts' ? route.candidates : [];
    const before = this.#soFar?.candidates ?? [];
    const isSame = (one: Candidate, place: number): boolean => isSamePlace(one, before[place]!);
    if (candidates.length !== before.length || !candidates.every(isSame))
      this.#soFar = candidates.length === 0 ? null : { kind: 'partial', candidates };
    return this.#soFar;
  }

  /** Hosts that get no mail because nobody knows what they promise, and why. */
  get unproved(): readonly { readonly host: DomainName; readonly reason: string }[] {
    return [...this.#tlsa.values()].flatMap(({ host, outcome }) =>
      outcome.kind === 'unanswered' ? [{ host, reason: outcome.reason }] : [],
    );
  }

  /** @returns what to ask first; nothing when the route needs no name service */
  begin(): readonly Question[] {
    const plan = legsOf(this.#request);
    if (plan.kind === 'problem') {
      this.#result = { kind: 'found', route: misconfiguredRoute(plan.option, plan.problem) };
      return NO_QUESTIONS;
    }
    this.#legs = plan.legs;
    const questions: Question[] = [];
    for (const leg of this.#legs) {
      if (leg.outcome.kind !== 'pending') continue;
      if (leg.by === 'mx') this.#ask(leg.name, 'MX', questions);
      else leg.outcome = this.#hostsOf([ownHost(leg)], Number.POSITIVE_INFINITY, ownOrigin(leg), questions);
    }
    this.#askForTlsa(questions);
    this.#endWhenAnswered();
    return questions;
  }

  /** @returns what to ask next */
  answered(question: Question, answer: DnsAnswer): readonly Question[] {
    assert(this.#open.delete(openKey(question)), 'an answer belongs to an open question');
    const questions: Question[] = [];
    if (answer.kind === 'unavailable' && answer.isOutage === true) this.hasOutage = true;
    if (question.type === 'MX') {
      for (const leg of this.#legs)
        if (leg.by === 'mx' && leg.name === question.name && leg.outcome.kind === 'pending')
          leg.outcome = this.#outcomeOf(leg, answer, questions);
    } else if (question.type === 'TLSA' || question.type === 'CNAME') {
      for (const lookup of this.#tlsa.values()) {
        if (lookup.question === null || openKey(lookup.question) !== openKey(question)) continue;
        lookup.answered(answer);
        if (lookup.question !== null) this.#ask(lookup.question.name, lookup.question.type, questions);
      }
    } else {
      addAnswer(this.#hosts.get(question.name)!, answer);
    }
    this.#askForTlsa(questions);
    this.#endWhenAnswered();
    return questions;
  }

  #outcomeOf(leg: Leg, answer: DnsAnswer, questions: Question[]): LegOutcome {
    switch (answer.kind) {
      case 'mx': {
        const exchanges = usableExchanges(answer.records);
        if (exchanges === null) return { kind: 'nullMx', ttlSeconds: answer.ttlSeconds };
        const { isAuthentic = false, canonicalName } = answer;
        const names = canonicalName === undefined ? [leg.name] : [leg.name, canonicalName];
        return this.#hostsOf(exchanges, answer.ttlSeconds, { isAuthentic, names }, questions);
      }
      case 'noData': // RFC 5321 section 5.1: a domain without MX records is its own exchanger, of preference 0
        return this.#hostsOf(
          [ownHost(leg)],
          Math.min(answer.ttlSeconds, NEGATIVE_TTL_SECONDS_MAX),
          ownOrigin(leg),
          questions,
        );
      case 'noName': {
        // RFC 8020: then it has no addresses either. RFC 5321 section 5.1: the target of an alias counts as if it were the
        // name that mail is for, and that it does not exist is an error; what an operator wrote may come back.
        const { ttlSeconds, canonicalName } = answer;
        const isTheirs = this.#request.gateway === null && leg.name === this.#request.domain;
        if (canonicalName === undefined || !isTheirs) return { kind: 'nothing', ttlSeconds };
        return { kind: 'dangling', target: canonicalName, ttlSeconds };
      }
      case 'unavailable':
        this.hasUnansweredMx = true;
        if (this.#fallsBackToA) return this.#hostsOf([ownHost(leg)], UNANSWERED_TTL_SECONDS, ownOrigin(leg), questions);
        // RFC 5321 section 5.1: a failed lookup does not make the domain its own exchanger.
        return { kind: 'unavailable', reason: answer.reason };
      default:
        return { kind: 'unavailable', reason: 'an answer without MX records' };
    }
  }

  #hostsOf(hosts: readonly Exchange[], ttlSeconds: number, origin: Origin, questions: Question[]): LegOutcome {
    for (const { name } of hosts) {
      if (this.#hosts.has(name)) continue;
      const host = beginHost(name);
      this.#hosts.set(name, host);
      if (host.addresses.length > 0) continue;
      this.#ask(name, 'A', questions);
      if (this.#request.useIpv6) this.#ask(name, 'AAAA', questions);
    }
    return { kind: 'hosts', hosts, ttlSeconds, origin };
  }

  /** Asks about the hosts whose addresses are all there, once each. */
  #askForTlsa(questions: Question[]): void {
    if (this.#request.usesDane !== true) return;
    for (const { outcome, port } of this.#legs) {
      if (outcome.kind !== 'hosts' || !outcome.origin.isAuthentic) continue;
      for (const { name } of outcome.hosts) {
        const key = tlsaKey(name, port);
        const isAnswered = !this.#isOpen(name, 'A') && !this.#isOpen(name, 'AAAA');
        if (!isAnswered || this.#tlsa.has(key)) continue;
        const lookup = new TlsaLookup(this.#hosts.get(name)!, port);
        this.#tlsa.set(key, lookup);
        if (lookup.question !== null) this.#ask(lookup.question.name, lookup.question.type, questions);
      }
    }
  }

  #isOpen(name: DomainName, type: DnsType): boolean {
    return this.#open.has(openKey({ name, type }));
  }

  #ask(name: DomainName, type: DnsType, questions: Question[]): void {
    const question = { name, type };
    if (this.#open.has(openKey(question))) return;
    this.#open.add(openKey(question));
    questions.push(question);
  }

  #endWhenAnswered(): void {
    if (this.#open.size === 0) this.#result = assembleRoute(this.#legs, this.#hosts, this.#tlsa, this.#request.policy);
  }
}

/** Neither has promises: with those there is no partial route. */
const isSamePlace = (one: Candidate, other: Candidate): boolean =>
  one.host === other.host &&
  one.address === other.address &&
  one.port === other.port &&
  one.preference === other.preference;

const openKey = ({ name, type }: Question): string => `${type} ${name}`;

const ownHost = ({ name }: Leg): Exchange => ({ preference: 0, name });

/** Nothing stands between the name and its own host. */
const ownOrigin = ({ name }: Leg): Origin => ({ isAuthentic: true, names: [name] });
