// From legs that have ended to the route: candidates in order of preference, how long they may be used, or the documented
// reply of a domain that mail cannot go to.
import { type HostTlsa, hostTlsa } from '../mail/dane.ts';
import type { DomainName } from '../mail/domain-name.ts';
import type { HostAddress } from '../mail/host-address.ts';
import type { Candidate, KnownRoute } from '../mail/hosts.ts';
import type { TargetProblem } from '../mail/route-target.ts';
import type { HostLookup } from './host-lookup.ts';
import type { Leg } from './route-leg.ts';
import { isInAnyBlock, type RoutePolicy } from './route-policy.ts';
import { type TlsaLookup, tlsaKey } from './tlsa-lookup.ts';

/** Texts of the reference documentation, message-responses (docs/routing.md, "Failures"). */
export const NO_HOST_REPLY = '454 4.4.4 [internal] no MX or A for domain';
export const NULL_MX_REPLY = '550 5.4.4 [internal] NULL MX domain does not accept mail';
export const NO_VALID_HOSTS_REPLY = '451 4.4.1 [internal] No valid hosts';
export const PROHIBITED_REPLY = '551 5.4.6 [internal] Private/Loopback Address';
/** RFC 3463 section 3.5: X.4.6 is a routing loop. RFC 5321 section 5.1: what has no other host is undeliverable. */
export const ownReply = ({ host, address, port }: { host: string; address: string; port: number }): string =>
  `554 5.4.6 [internal] Mail loop: the route leads back to this server (${host} [${address}]:${port}); give the domain Routes, or take this server out of its exchangers`;
export const IMPOSSIBLE_NAME_REPLY = '554 5.4.4 [internal] Domain Lookup Failed';

/** A route of addresses only is not looked up; it is kept as long as a negative answer at most. */
export const ADDRESS_ROUTE_TTL_SECONDS = 3600;
/** RFC 2308 section 5 suggests hours; a receiver that has just got its name should not wait for longer than one. */
export const NEGATIVE_TTL_SECONDS_MAX = 3600;
/** RFC 8767 section 4: no record is used for longer than a week. */
export const TTL_SECONDS_MAX = 604_800;
/** How soon something is asked again that was not answered: alone, and when other hosts were found. */
export const UNANSWERED_TTL_SECONDS = 30;
export const INCOMPLETE_TTL_SECONDS = 60;

const REASON_CHARACTERS_MAX = 100;

export type LookupResult =
  | { readonly kind: 'found'; readonly route: KnownRoute }
  /** The name service did not answer: the route to use unless an older good one is known. */
  | { readonly kind: 'unavailable'; readonly route: KnownRoute };

/** The documentation says that such mail bounces, and has no text for it. */
export const danglingReply = (target: DomainName): string =>
  `554 5.4.4 [internal] the domain is an alias of ${printed(target)}, which does not exist`;

/** RFC 3463 section 3.5: X.4.3 is a directory server that failed. The documentation has no text of its own for this. */
export const unansweredReply = (reason: string): string =>
  `451 4.4.3 [internal] DNS lookup was not answered (${printed(reason)})`;

const printed = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, REASON_CHARACTERS_MAX);

/** An option that cannot be read; RFC 3463 section 3.4: X.3.5 is a system that is configured wrongly. */
export function misconfiguredRoute(option: string, { found, expected, hint }: TargetProblem): KnownRoute {
  const text = `${option}: found ${found}; expected ${expected}${hint === undefined ? '' : ` (${hint})`}`;
  return unroutable(`451 4.3.5 [internal] ${text}`, ADDRESS_ROUTE_TTL_SECONDS);
}

export function assembleRoute(
  legs: readonly Leg[],
  hosts: ReadonlyMap<DomainName, HostLookup>,
  tlsa: ReadonlyMap<string, TlsaLookup>,
  policy: RoutePolicy,
): LookupResult {
  const all: Row[] = [];
  const gaps: (Gap & { readonly leg: number | null })[] = [];
  let ttlSeconds = Number.POSITIVE_INFINITY;
  let isUnproved = false;
  for (const leg of legs) {
    const part = readLeg(leg, hosts, tlsa);
    isUnproved ||= part.isUnproved;
    all.push(...part.rows);
    ttlSeconds = Math.min(ttlSeconds, part.ttlSeconds);
    if (part.gap !== null) gaps.push({ ...part.gap, leg: leg.preference });
  }
  ttlSeconds = Math.min(Math.max(ttlSeconds, policy.minTtlSeconds), policy.maxTtlSeconds);
  const known = all.filter((row) => !row.isWithheld);
  if (known.some((row) => !row.isWritten && isInAnyBlock(row.address, policy.prohibitedHosts)))
    return { kind: 'found', route: unroutable(PROHIBITED_REPLY, ttlSeconds) };
  // RFC 5321 section 5.1: what stands level with this server or behind it would send the mail back here.
  const own = all.filter(({ address, port }) => policy.isOwn(address, port)).sort(byPreference)[0] ?? null;
  const isAhead = (one: Placed): boolean => own === null || byPreference(one, own) < 0;
  const rows = known.filter(isAhead);
  const missing = gaps.find(isAhead)?.reason ?? null;
  const used = rows.filter((row) => row.isWritten || !isInAnyBlock(row.address, policy.skipHosts));
  if (used.length > 0) {
    const longest = missing === null ? TTL_SECONDS_MAX : INCOMPLETE_TTL_SECONDS;
    const candidates = inOrder(used, policy.prefersIpv6);
    const route: KnownRoute = { kind: 'hosts', candidates, ttlMs: ttlMs(ttlSeconds, longest) };
    return { kind: 'found', route: own === null ? route : { ...route, ownHost: own.host } };
  }
  if (rows.length > 0) return { kind: 'found', route: unroutable(NO_VALID_HOSTS_REPLY, ttlSeconds) };
  if (missing !== null) {
    const route = unroutable(unansweredReply(missing), UNANSWERED_TTL_SECONDS);
    // An older route may rest on no promise, where there is one now that cannot be read.
    return { kind: isUnproved ? 'found' : 'unavailable', route };
  }
  if (own !== null) return { kind: 'found', route: unroutable(ownReply(own), ttlSeconds) };
  const isEvery = (kind: Leg['outcome']['kind']): boolean => legs.every(({ outcome }) => outcome.kind === kind);
  const [first] = legs.map(({ outcome }) => outcome);
  const reply = isEvery('nullMx') ? NULL_MX_REPLY : isEvery('impossible') ? IMPOSSIBLE_NAME_REPLY : NO_HOST_REPLY;
  const isDangling = first?.kind === 'dangling' && isEvery('dangling');
  return { kind: 'found', route: unroutable(isDangling ? danglingReply(first.target) : reply, ttlSeconds) };
}

/** Where something stands before preferences of several legs are made one order. */
interface Placed {
  readonly leg: number | null;
  /** Of the exchange; with several legs, how far behind the best exchange of its leg. */
  readonly within: number;
}

const byPreference = (a: Placed, b: Placed): number => (a.leg ?? 0) - (b.leg ?? 0) || a.within - b.within;

/** A host's address. */
interface Row extends HostAddress, Placed {
  readonly host: string;
  readonly port: number;
  readonly isWritten: boolean;
  /** What it promises about its certificate could not be found out: it gets no mail. */
  readonly isWithheld: boolean;
  readonly tlsa: HostTlsa | null;
}

/** An answer is missing. */
interface Gap {
  readonly reason: string;
  /** Of the best exchange that it is about. */
  readonly within: number;
}

interface LegPart {
  readonly rows: readonly Row[];
  /** How long what this leg rests on may be used. */
  readonly ttlSeconds: number;
  readonly gap: Gap | null;
  /** A host was left out because what it promises about its certificate could not be found out. */
  readonly isUnproved: boolean;
}

function readLeg(leg: Leg, hosts: ReadonlyMap<DomainName, HostLookup>, tlsa: ReadonlyMap<string, TlsaLookup>): LegPart {
  const { outcome, port, preference, isWritten } = leg;
  switch (outcome.kind) {
    case 'address': {
      const row: Row = {
        ...outcome.address,
        host: outcome.address.address,
        port,
        leg: preference,
        isWritten,
        isWithheld: false,
        within: 0,
        tlsa: null,
      };
      return legPart([row], leg.ttlSeconds ?? ADDRESS_ROUTE_TTL_SECONDS);
    }
    case 'hosts':
      return readHosts(leg, outcome, hosts, tlsa);
    case 'nullMx':
    case 'nothing':
    case 'dangling':
      return legPart([], negative(outcome.ttlSeconds));
    case 'impossible':
      return legPart([], NEGATIVE_TTL_SECONDS_MAX);
    case 'unavailable':
      return legPart([], Number.POSITIVE_INFINITY, outcome.reason);
    case 'pending':
      return legPart([], Number.POSITIVE_INFINITY, 'no answer');
  }
}

const legPart = (rows: readonly Row[], ttlSeconds: number, reason: string | null = null): LegPart => ({
  rows,
  ttlSeconds,
  gap: reason === null ? null : { reason, within: 0 },
  isUnproved: false,
});

function readHosts(
  leg: Leg,
  outcome: Extract<Leg['outcome'], { kind: 'hosts' }>,
  hosts: ReadonlyMap<DomainName, HostLookup>,
  tlsa: ReadonlyMap<string, TlsaLookup>,
): LegPart {
  const rows: Row[] = [];
  let isUnproved = false;
  const best = leg.preference === null ? 0 : (outcome.hosts[0]?.preference ?? 0);
  let ttlSeconds = outcome.ttlSeconds;
  let absenceTtlSeconds = Number.POSITIVE_INFINITY;
  let gap: Gap | null = null;
  for (const { name, preference } of outcome.hosts) {
    const host = hosts.get(name)!;
    const within = preference - best;
    const lookup = outcome.origin.isAuthentic ? tlsa.get(tlsaKey(name, leg.port)) : undefined;
    const isWithheld = lookup?.outcome.kind === 'unanswered';
    const reason = host.missing ?? (lookup?.outcome.kind === 'unanswered' ? lookup.outcome.reason : null);
    if (reason !== null) gap ??= { reason, within };
    isUnproved ||= isWithheld;
    if (lookup !== undefined && !isWithheld) ttlSeconds = Math.min(ttlSeconds, negative(lookup.ttlSeconds));
    const promise = lookup?.outcome.kind === 'records' ? lookup.outcome : null;
    for (const { address, family } of host.addresses)
      rows.push({
        host: name,
        address,
        family,
        port: leg.port,
        leg: leg.preference,
        isWritten: false,
        isWithheld,
        within,
        tlsa: promise === null ? null : hostTlsa(promise.base, promise.records, outcome.origin.names),
      });
    if (isWithheld) continue;
    if (host.addresses.length > 0) ttlSeconds = Math.min(ttlSeconds, host.ttlSeconds);
    else absenceTtlSeconds = Math.min(absenceTtlSeconds, negative(host.negativeTtlSeconds));
  }
  const isSet = leg.ttlSeconds !== null && rows.some((row) => !row.isWithheld);
  return { rows, ttlSeconds: isSet ? leg.ttlSeconds : Math.min(ttlSeconds, absenceTtlSeconds), gap, isUnproved };
}

/**
 * One number per level: a leg's preference and, behind it, the further preferences of its exchangers. A level that would
 * come level with the next leg pushes that one back, so that no exchanger of a worse leg is among a better one's. IPv4
 * addresses are a level of their own where those of IPv6 come first.
 */
function inOrder(rows: Row[], prefersIpv6: boolean): Candidate[] {
  const behind = ({ family }: Row): number => (prefersIpv6 && family === 4 ? 1 : 0);
  rows.sort((a, b) => byPreference(a, b) || behind(a) - behind(b));
  let last: Row | null = null;
  let number = Number.NEGATIVE_INFINITY;
  return rows.map((row) => {
    if (last === null || row.leg !== last.leg || row.within !== last.within || behind(row) !== behind(last))
      number = Math.max((row.leg ?? 0) + row.within, number + 1);
    last = row;
    const { host, address, family, port, tlsa } = row;
    const candidate = { host, address, family, port, preference: number };
    return tlsa === null ? candidate : { ...candidate, tlsa };
  });
}

const unroutable = (reply: string, ttlSeconds: number): KnownRoute => ({
  kind: 'unroutable',
  reply,
  ttlMs: ttlMs(ttlSeconds, NEGATIVE_TTL_SECONDS_MAX),
});

const negative = (ttlSeconds: number): number => Math.min(ttlSeconds, NEGATIVE_TTL_SECONDS_MAX);

/** A TTL of 0 would be a lookup per message. */
const ttlMs = (ttlSeconds: number, longestSeconds: number): number =>
  Math.max(1, Math.min(ttlSeconds, longestSeconds)) * 1000;
