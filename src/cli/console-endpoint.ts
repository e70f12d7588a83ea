// Where a console is to be found, as it is written on the command line.

export type ConsoleEndpoint = {
  /** As the user wrote it; stands in the prompt. */
  readonly name: string;
} & ({ readonly path: string } | { readonly host: string; readonly port: number });

export type ParsedEndpoint =
  | { readonly kind: 'endpoint'; readonly endpoint: ConsoleEndpoint }
  /** An ordinary word: the first of a command. */
  | { readonly kind: 'word' }
  | { readonly kind: 'refused'; readonly reason: string };

export const DEFAULT_ENDPOINT: ConsoleEndpoint = { name: '/tmp/2025', path: '/tmp/2025' };

/** A path, `host:port`, `[IPv6]:port`, or `:port` and `*:port` for this machine. */
export function parseEndpoint(word: string): ParsedEndpoint {
  if (word.startsWith('ssh://'))
    return refused(`${word}: tunnels are not supported; use ssh -L and connect to its port`);
  if (word.includes('@')) return refused(`${word}: the console has no authentication yet; leave out the user name`);
  if (word.includes('/')) return { kind: 'endpoint', endpoint: { name: word, path: word } };
  const [, ipv6, name, portText] = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]*)):(\d{1,5})$/.exec(word) ?? [];
  if (portText === undefined) return { kind: 'word' };
  const port = Number(portText);
  if (port < 1 || port > 65_535) return refused(`${word}: found port ${portText}; expected 1 to 65535`);
  const host = ipv6 ?? (name === '' || name === '*' ? '127.0.0.1' : name!);
  return { kind: 'endpoint', endpoint: { name: word, host, port } };
}

const refused = (reason: string): ParsedEndpoint => ({ kind: 'refused', reason });
