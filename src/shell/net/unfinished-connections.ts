// Connections of a process that was killed, which the kernel still tries to end: their remote host has not confirmed our
// FIN, so it may count them yet (design decision 6). Nobody owns such a socket any more, hence its inode is 0.
import { readFileSync } from 'node:fs';

/** /proc/net/tcp: state FIN_WAIT1. From FIN_WAIT2 on the remote system has seen our FIN. */
const FIN_WAIT1 = '04';
const NO_INODE = '0';

/** Remote addresses with such a connection; empty where the system does not tell. */
export function unfinishedRemotes(files: readonly string[] = ['/proc/net/tcp', '/proc/net/tcp6']): readonly string[] {
  const remotes = new Set<string>();
  for (const file of files) {
    for (const line of readLines(file)) {
      const [, , remote, state, , , , , , inode] = line.trim().split(/\s+/);
      if (state === FIN_WAIT1 && inode === NO_INODE) remotes.add(addressOf(remote!.split(':')[0]!));
    }
  }
  return [...remotes];
}

function readLines(file: string): readonly string[] {
  try {
    return readFileSync(file, 'latin1').split('\n').slice(1);
  } catch {
    return []; // no /proc, or no IPv6
  }
}

/** The kernel prints words of 32 bits in the byte order of the machine, which is little-endian wherever Node runs. */
function addressOf(hex: string): string {
  const octets = (hex.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).reverse());
  if (octets.length === 4) return octets.map((octet) => Number.parseInt(octet, 16)).join('.');
  const mapped = octets.slice(0, 12).join('') === '00000000000000000000ffff'.toUpperCase();
  if (mapped) return addressOf(hex.slice(24));
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2) groups.push(Number.parseInt(`${octets[at]}${octets[at + 1]}`, 16).toString(16));
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}
