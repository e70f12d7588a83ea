// Whether an address and a port are where this server itself takes mail.
import { parseIpAddress } from '../core/base/ip-address.ts';

/** @param places endpoints that are open, as address:port; those of IPv6 in brackets */
export function isOwnEndpoint(
  places: readonly string[],
  address: string,
  port: number,
  hasLocalAddress: (address: string) => boolean,
): boolean {
  return places.some((place) => {
    const [, host = '', digits] = /^\[?([^\]]*)\]?:(\d+)$/.exec(place) ?? [];
    if (Number(digits) !== port) return false;
    return takesAt(host, reached(address), hasLocalAddress);
  });
}

/** Who connects to the unspecified address comes to loopback. */
function reached(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  return address === '::' ? '::1' : address;
}

function takesAt(host: string, address: string, hasLocalAddress: (address: string) => boolean): boolean {
  const isIpv4 = address.includes('.');
  if (host === '::' || host === '*' || (host === '0.0.0.0' && isIpv4)) return hasLocalAddress(address);
  const [one, other] = [parseIpAddress(host), parseIpAddress(address)];
  return one !== null && other !== null && one.family === other.family && one.value === other.value;
}
