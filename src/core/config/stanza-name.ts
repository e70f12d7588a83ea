// What the name of a stanza means, by kind of scope: the key under which a query finds it, or the pattern it is.
import { formatIpAddress, parseIpAddress, parseIpBlock } from '../base/ip-address.ts';
import { canonicalDomain } from '../mail/domain-name.ts';
import { ENDPOINT_FORMS, parseEndpoint } from './endpoint.ts';
import { compilePattern } from './pattern.ts';
import type { ScopeKind } from './scope.ts';

export type StanzaName =
  | { readonly kind: 'literal'; readonly key: string }
  | { readonly kind: 'pattern'; readonly key: string; readonly pattern: RegExp; readonly caution: string | null }
  | { readonly kind: 'problem'; readonly expected: string };

const literal = (key: string): StanzaName => ({ kind: 'literal', key });
const problem = (expected: string): StanzaName => ({ kind: 'problem', expected });

export function readStanzaName(scope: ScopeKind, text: string): StanzaName {
  switch (scope.name) {
    case 'binding':
      return /^[^\s:]+$/.test(text) ? literal(text) : problem('a name without blanks and colons');
    case 'binding_group':
      return /^\S+$/.test(text) ? literal(text) : problem('a name without blanks');
    case 'domain':
      return readMatchedName(text, domainKey);
    case 'host':
      return readMatchedName(text, hostKey);
    case 'listen': {
      const key = listenKey(text);
      if (key !== null) return literal(key);
      return problem(/^\d{1,5}$/.test(text) ? `${ENDPOINT_FORMS} (:${text} for every address)` : ENDPOINT_FORMS);
    }
    case 'peer': {
      const key = peerKey(text);
      return key === null ? problem('an address or a CIDR block') : literal(key);
    }
    default:
      return literal(text);
  }
}

function readMatchedName(text: string, keyOf: (text: string) => string): StanzaName {
  if (/^\/.*\/$/s.test(text) && text.length > 2) {
    const compiled = compilePattern(text.slice(1, -1));
    return compiled.kind === 'problem' ? compiled : { ...compiled, key: text };
  }
  if (text === '' || /[\s/]/.test(text)) return problem('a name, an address or "/pattern/"');
  // Mail is queued under ASCII names, so that a name in other letters would never be found.
  return /^[\x21-\x7e]+$/.test(text) ? literal(keyOf(text)) : problem('a name in ASCII (its xn-- form)');
}

/** The key of a routing domain: canonical, address literals in brackets whether they were written so or not. */
export function domainKey(name: string): string {
  const address = addressIn(name);
  if (address === null) return canonicalDomain(name);
  return address.includes(':') ? `[ipv6:${address}]` : `[${address}]`;
}

/** The key of a host: a canonical name, or an address without brackets. */
export function hostKey(name: string): string {
  return addressIn(name) ?? canonicalDomain(name);
}

/** The key of an endpoint; `:25` and `*:25` are the same. Null when the text is no endpoint. */
export function listenKey(text: string): string | null {
  const endpoint = parseEndpoint(text);
  if (endpoint === null) return null;
  if (endpoint.kind === 'unix') return endpoint.path;
  if (endpoint.host === null) return `*:${endpoint.port}`;
  const key = hostKey(endpoint.host);
  return key.includes(':') ? `[${key}]:${endpoint.port}` : `${key}:${endpoint.port}`;
}

function peerKey(text: string): string | null {
  const block = parseIpBlock(text);
  return block === null ? null : `${formatIpAddress(block)}/${block.length}`;
}

const LITERAL = /^\[(?:ipv6:)?([^\]]+)\]$/i;

/** The canonical text of an address, in brackets or not; null for a name. */
export function addressIn(name: string): string | null {
  const last = name.charCodeAt(name.length - 1);
  const bracketed = last === 93;
  if (!bracketed && !(last >= 48 && last <= 57) && !name.includes(':')) return null; // most names end here
  const address = parseIpAddress(bracketed ? (LITERAL.exec(name)?.[1] ?? '') : name);
  return address === null ? null : formatIpAddress(address);
}
