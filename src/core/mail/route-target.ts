// Where an operator sends mail instead of the exchangers of its domain: one item of `routes`, or a `gateway`. Text in,
// value or problem out. Stands here and not in routing/, because config/ checks what routing/ uses.
import { canonicalDomain, type DomainName, isHostName } from './domain-name.ts';
import { type HostAddress, hostAddress, parseAddressLiteral } from './host-address.ts';

/** How a host name becomes addresses: its exchangers (its own addresses without any), or its addresses only. */
export type LookupBy = 'mx' | 'a';

export type RouteTarget =
  /** `__mx__`: what DNS says about the domain itself. */
  | { readonly kind: 'domain' }
  | { readonly kind: 'name'; readonly name: DomainName; readonly by: LookupBy }
  | ({ readonly kind: 'address' } & HostAddress);

/** A target and what may be said with it. Null: nothing was said. */
export interface RouteItem {
  readonly target: RouteTarget;
  /** Lower is better; without one an item comes behind the item before it. */
  readonly preference: number | null;
  readonly ttlSeconds: number | null;
  /** Null: Remote_SMTP_Port. */
  readonly port: number | null;
}

export interface TargetProblem {
  readonly found: string;
  readonly expected: string;
  readonly hint?: string;
}

export type ParsedTarget =
  | { readonly kind: 'item'; readonly item: RouteItem }
  | { readonly kind: 'problem'; readonly problem: TargetProblem };

export const ROUTE_FORMS =
  'a host name, an IPv4 address, an IPv6 address in brackets, __mx__ or smtp://host?pref=P&ttl=T&port=O&type=mx|a';
export const GATEWAY_FORMS = 'a host name or address, an IPv6 address in brackets, each with or without :port';

const PREFERENCE_MAX = 65_535;
const TTL_SECONDS_MAX = 2 ** 31 - 1; // RFC 2181 section 8
const PORT_MAX = 65_535;

/** One item of `routes`, without case. */
export function parseRouteItem(text: string): ParsedTarget {
  const lower = text.toLowerCase();
  if (lower === '__mx__') return item({ kind: 'domain' });
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//.exec(lower)?.[1];
  if (scheme === undefined) {
    const target = parseHost(lower, 'a');
    return target === null ? unreadable(text, hintOnHost(lower)) : item(target);
  }
  if (scheme === 'lmtp') return unreadable(text, `write smtp:// here, and set Delivery_Method = LMTP beside it`);
  if (scheme !== 'smtp') return unreadable(text, `mail is sent by SMTP, so the only scheme is smtp://`);
  return parseUrl(text, lower.slice('smtp://'.length));
}

/** A `gateway`: looked up as exchangers first, then as a host (RFC 5321 section 5.1 for the name of the gateway). */
export function parseGateway(text: string): ParsedTarget {
  const [, host = '', port] = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(text.toLowerCase()) ?? [];
  const target = parseHost(host, 'mx');
  const number = port === undefined ? null : Number(port);
  if (target === null || (number !== null && (number < 1 || number > PORT_MAX)))
    return { kind: 'problem', problem: { found: quoted(text), expected: GATEWAY_FORMS } };
  return item(target, { port: number });
}

/** What is wrong with one item of `routes`, or null: for the check of the option's value. */
export function checkRouteItem(text: string): TargetProblem | null {
  const parsed = parseRouteItem(text);
  return parsed.kind === 'problem' ? parsed.problem : null;
}

/** What is wrong with a `gateway`, or null. */
export function checkGateway(text: string): TargetProblem | null {
  const parsed = parseGateway(text);
  return parsed.kind === 'problem' ? parsed.problem : null;
}

interface Extras {
  preference?: number | null;
  ttlSeconds?: number | null;
  port?: number | null;
}

function item(target: RouteTarget, { preference = null, ttlSeconds = null, port = null }: Extras = {}): ParsedTarget {
  return { kind: 'item', item: { target, preference, ttlSeconds, port } };
}

/** @param rest what stands behind `smtp://` */
function parseUrl(text: string, rest: string): ParsedTarget {
  const [, host = '', query = ''] = /^([^?/]*)\/?(?:\?(.*))?$/.exec(rest) ?? [];
  const extras: Extras = {};
  let by: LookupBy = 'a';
  const seen = new Set<string>();
  for (const part of query === '' ? [] : query.split('&')) {
    const [, name = '', value = ''] = /^([^=]*)=?(.*)$/.exec(part) ?? [];
    if (seen.has(name)) return unreadable(text, `${name} is given twice`);
    seen.add(name);
    switch (name) {
      case 'pref': {
        const number = readWhole(value, 0, PREFERENCE_MAX);
        if (number === null) return unreadable(text, `pref is a number from 0 to ${PREFERENCE_MAX}`);
        extras.preference = number;
        break;
      }
      case 'ttl': {
        const number = readWhole(value, 1, TTL_SECONDS_MAX);
        if (number === null) return unreadable(text, 'ttl is a number of seconds from 1');
        extras.ttlSeconds = number;
        break;
      }
      case 'port': {
        const number = readWhole(value, 1, PORT_MAX);
        if (number === null) return unreadable(text, `port is a number from 1 to ${PORT_MAX}`);
        extras.port = number;
        break;
      }
      case 'type':
        if (value !== 'mx' && value !== 'a') return unreadable(text, 'type is mx or a');
        by = value;
        break;
      default:
        return unreadable(text, `what may stand behind ? is pref, ttl, port and type, not ${quoted(name)}`);
    }
  }
  const target = host === '__mx__' ? ({ kind: 'domain' } as const) : parseHost(host, by);
  return target === null ? unreadable(text, hintOnHost(host)) : item(target, extras);
}

/** Null for what is neither a name nor an address. IPv6 needs brackets, for its colons would be taken for a port. */
function parseHost(text: string, by: LookupBy): Exclude<RouteTarget, { kind: 'domain' }> | null {
  const address = text.startsWith('[') ? parseAddressLiteral(text) : text.includes(':') ? null : hostAddress(text);
  if (address !== null) return { kind: 'address', ...address };
  const name = canonicalDomain(text);
  return isHostName(name) && !isAllDigits(name) ? { kind: 'name', name, by } : null;
}

/** `1.2.3` and `1.2.3.400` are slips of an address: no top-level domain is a number. */
const isAllDigits = (name: string): boolean => /(?:^|\.)\d+$/.test(name);

function readWhole(text: string, least: number, most: number): number | null {
  if (!/^\d{1,10}$/.test(text)) return null;
  const value = Number(text);
  return value >= least && value <= most ? value : null;
}

function hintOnHost(host: string): string | undefined {
  if (host.includes(':') && hostAddress(host) !== null) return `write [${host}]`;
  const [, alone = '', port] = /^(.+):(\d+)$/.exec(host) ?? [];
  return port === undefined || parseHost(alone, 'a') === null ? undefined : `write smtp://${alone}?port=${port}`;
}

function unreadable(text: string, hint: string | undefined): ParsedTarget {
  const problem = { found: quoted(text), expected: ROUTE_FORMS };
  return { kind: 'problem', problem: hint === undefined ? problem : { ...problem, hint } };
}

const quoted = (text: string): string => `"${text}"`;
