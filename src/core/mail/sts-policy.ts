// What a domain says about TLS in a policy of MTA-STS (RFC 8461): the record that announces it, its text, and which
// exchangers it names. All of it is a stranger's: what does not have the form is no policy.
import { canonicalDomain, type DomainName, isHostName } from './domain-name.ts';

export type StsMode = 'enforce' | 'testing' | 'none';

export interface StsPolicy {
  readonly mode: StsMode;
  readonly maxAgeSeconds: number;
  /** Names of exchangers, `*.` in front for one more label. Empty with mode `none` only. */
  readonly mx: readonly string[];
}

/** A policy that was fetched. */
export interface HeldPolicy {
  readonly policy: StsPolicy;
  /** Of the record that announced it. */
  readonly id: string;
  /** Since 1970, in milliseconds. */
  readonly fetchedAt: number;
}

/** RFC 8461 section 3.2: about a year. */
export const MAX_AGE_SECONDS_MAX = 31_557_600;
/** Octets of a policy that are read at most; RFC 8461 section 3.3 suggests such a bound. */
export const POLICY_OCTETS_MAX = 65_536;

/** RFC 8461 section 3.1. @returns the id of the policy, null when none is announced */
export function announcedPolicy(texts: readonly string[]): string | null {
  const records = texts.filter((text) => /^v=STSv1[ \t]*;/.test(text));
  if (records.length !== 1) return null;
  for (const field of records[0]!.split(';').slice(1)) {
    const id = /^id[ \t]*=[ \t]*([A-Za-z0-9]{1,32})$/.exec(field.trim())?.[1];
    if (id !== undefined) return id;
  }
  return null;
}

export type ParsedPolicy =
  | { readonly kind: 'policy'; readonly policy: StsPolicy }
  | { readonly kind: 'problem'; readonly problem: string };

/** RFC 8461 section 3.2. Of a field that may stand once, the first one counts. */
export function parsePolicy(text: string): ParsedPolicy {
  const fields = new Map<string, string>();
  const mx: string[] = [];
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const name = line.slice(0, colon).trim();
    const value = line.slice(colon + 1).trim();
    if (name === 'mx') mx.push(canonicalDomain(value));
    else if (!fields.has(name)) fields.set(name, value);
  }
  if (fields.get('version') !== 'STSv1') return problem('it is no policy of version STSv1');
  const mode = fields.get('mode');
  if (mode !== 'enforce' && mode !== 'testing' && mode !== 'none') return problem('its mode is unknown');
  const maxAge = fields.get('max_age') ?? '';
  if (!/^\d{1,10}$/.test(maxAge) || Number(maxAge) > MAX_AGE_SECONDS_MAX) return problem('its max_age is no such');
  if (mode !== 'none' && mx.length === 0) return problem('it names no exchangers');
  const strange = mx.find((pattern) => !isHostName(pattern.startsWith('*.') ? pattern.slice(2) : pattern));
  if (strange !== undefined) return problem('one of its exchangers is no name');
  return { kind: 'policy', policy: { mode, maxAgeSeconds: Number(maxAge), mx } };
}

const problem = (text: string): ParsedPolicy => ({ kind: 'problem', problem: text });

/** RFC 8461 section 4.1: a wildcard stands for exactly one label, the first. */
export function namesExchanger({ mx }: StsPolicy, host: DomainName): boolean {
  const dot = host.indexOf('.');
  const above = dot < 0 ? null : `*${host.slice(dot)}`;
  return mx.some((pattern) => pattern === host || pattern === above);
}

/** Its text, a line each, without what we do not know. */
export const policyLines = ({ mode, mx, maxAgeSeconds }: StsPolicy): readonly string[] => [
  'version: STSv1',
  `mode: ${mode}`,
  ...mx.map((pattern) => `mx: ${pattern}`),
  `max_age: ${maxAgeSeconds}`,
];

export const expiresAt = ({ policy, fetchedAt }: HeldPolicy): number => fetchedAt + policy.maxAgeSeconds * 1000;
