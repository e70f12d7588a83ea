// Where a listener listens: `127.0.0.1:25`, `*:25`, `:25`, `[::1]:25`, `[*]:25` or the path of a Unix socket.
import { isInBlock, parseIpAddress, parseIpBlock } from '../base/ip-address.ts';

export type Endpoint =
  | {
      readonly kind: 'tcp';
      /** Address without brackets, `localhost`, or null for every address of the machine. */
      readonly host: string | null;
      /** 0 lets the system choose. */
      readonly port: number;
    }
  | { readonly kind: 'unix'; readonly path: string };

export const ENDPOINT_FORMS = 'address:port, *:port, [IPv6 address]:port or the path of a Unix socket';

const LOOPBACKS = [parseIpBlock('127.0.0.0/8')!, parseIpBlock('::1')!];

/** Null when the text is none of {@link ENDPOINT_FORMS}. */
export function parseEndpoint(text: string): Endpoint | null {
  if (text.startsWith('/')) return { kind: 'unix', path: text };
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^[\]:]*)):(\d{1,5})$/.exec(text) ?? [];
  if (digits === undefined || Number(digits) > 65535) return null;
  const port = Number(digits);
  if (bracketed !== undefined) {
    if (bracketed === '*') return { kind: 'tcp', host: '::', port };
    return parseIpAddress(bracketed)?.family === 6 ? { kind: 'tcp', host: bracketed, port } : null;
  }
  if (plain === '' || plain === '*') return { kind: 'tcp', host: null, port };
  if (plain!.toLowerCase() === 'localhost') return { kind: 'tcp', host: 'localhost', port };
  return parseIpAddress(plain!) === null ? null : { kind: 'tcp', host: plain!, port };
}

/** Whether only this machine can reach it. */
export function isLocal(endpoint: Endpoint): boolean {
  if (endpoint.kind === 'unix' || endpoint.host === 'localhost') return true;
  const address = endpoint.host === null ? null : parseIpAddress(endpoint.host);
  return address !== null && LOOPBACKS.some((block) => isInBlock(address, block));
}
