// Whose fault it is that a connection did not come about. Trouble of this node must not mark a host as down (design
// decision 14).
import type { ConnectFailure } from '../../engine/ports.ts';

/** No descriptors, ports, memory, or no such local address. */
const NODE_CODES: ReadonlySet<string> = new Set([
  'EMFILE',
  'ENFILE',
  'EADDRNOTAVAIL',
  'EADDRINUSE',
  'ENOBUFS',
  'ENOMEM',
]);

export function connectFailure(error: NodeJS.ErrnoException): ConnectFailure {
  const code = error.code ?? error.name;
  // What goes wrong with our own address, or before the system was asked at all, says nothing about the remote host.
  const isOurs = NODE_CODES.has(code) || error.syscall === 'bind' || error.syscall === undefined;
  return { whose: isOurs ? 'node' : 'remote', code };
}
