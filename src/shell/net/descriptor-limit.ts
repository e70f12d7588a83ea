// RLIMIT_NOFILE of this process. Node raises the soft limit to the hard one when it starts.
import { readFileSync } from 'node:fs';

/** What a process may open where the system does not say. */
const UNKNOWN = 1_024;
const UNLIMITED = 2 ** 31 - 1;

/** The soft limit as it stands now. */
export function readDescriptorLimit(path = '/proc/self/limits'): number {
  let limits: string;
  try {
    limits = readFileSync(path, 'latin1');
  } catch {
    return UNKNOWN; // no /proc here
  }
  const soft = /^Max open files\s+(\d+|unlimited)\s/m.exec(limits)?.[1];
  if (soft === undefined) return UNKNOWN;
  return soft === 'unlimited' ? UNLIMITED : Number(soft);
}
