// Where the test tools listen and send to, as written on the command line. Loopback only: a receiver that takes
// everything and a generator of mail are no tools for other people's networks.
import { isInBlock, parseIpAddress, parseIpBlock } from '../core/base/ip-address.ts';

export interface SmtpEndpoint {
  readonly address: string;
  /** 0 lets the system choose, for those who listen. */
  readonly port: number;
}

export type ParsedSmtpEndpoint =
  | { readonly kind: 'endpoint'; readonly endpoint: SmtpEndpoint }
  | { readonly kind: 'refused'; readonly reason: string };

const LOOPBACKS = [parseIpBlock('127.0.0.0/8')!, parseIpBlock('::1')!];

/** `address:port`, `[IPv6]:port`, `localhost:port` or `:port` for 127.0.0.1. */
export function parseSmtpEndpoint(word: string): ParsedSmtpEndpoint {
  const [, ipv6, name, port] = /^(?:\[([0-9a-fA-F:.]{1,45})\]|([^\s:[\]]{0,253})):(\d{1,5})$/.exec(word) ?? [];
  if (port === undefined || Number(port) > 65_535) {
    return { kind: 'refused', reason: `found "${word}"; expected address:port or [IPv6]:port with a port up to 65535` };
  }
  const address = ipv6 ?? (name === '' || name === 'localhost' ? '127.0.0.1' : name!);
  if (!isLoopback(address)) {
    return {
      kind: 'refused',
      reason: `found ${address}, which is not this machine; expected an address of 127.0.0.0/8, [::1] or localhost`,
    };
  }
  return { kind: 'endpoint', endpoint: { address, port: Number(port) } };
}

export function isLoopback(text: string): boolean {
  const address = parseIpAddress(text);
  return address !== null && LOOPBACKS.some((block) => isInBlock(address, block));
}

export function formatEndpoint({ address, port }: SmtpEndpoint): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}
