// One text per address: limits count connections by the address's text, so two spellings of one address would be two
// counters.
import { formatIpAddress, isInBlock, parseIpAddress, parseIpBlock } from '../base/ip-address.ts';

export interface HostAddress {
  /** Without brackets; IPv6 as RFC 5952 writes it. */
  readonly address: string;
  readonly family: 4 | 6;
}

const MAPPED_IPV4 = parseIpBlock('::ffff:0:0/96')!;

/** Null for what is no address. A mapped address (`::ffff:192.0.2.1`) is the IPv4 address that it connects to. */
export function hostAddress(text: string): HostAddress | null {
  const parsed = parseIpAddress(text);
  if (parsed === null) return null;
  if (parsed.family === 4) return { address: text, family: 4 };
  if (!isInBlock(parsed, MAPPED_IPV4)) return { address: formatIpAddress(parsed), family: 6 };
  return { address: formatIpAddress({ family: 4, value: parsed.value & 0xffff_ffffn }), family: 4 };
}

/** RFC 5321 section 4.1.3: `[192.0.2.1]`, `[IPv6:2001:db8::1]`; also without the tag. Null for anything else. */
export function parseAddressLiteral(text: string): HostAddress | null {
  const inside = /^\[(?:ipv6:)?([^\]]*)\]$/i.exec(text)?.[1];
  return inside === undefined ? null : hostAddress(inside);
}
