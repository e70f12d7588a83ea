// What the console sees of the process around the server.
import { hostname, machine, release, type as systemType } from 'node:os';
import type { ProcessView } from '../core/console/server-view.ts';

export type ProcessParts = Pick<
  ProcessView,
  'version' | 'utcOffsetMinutes' | 'paniclog' | 'reloadCurfew' | 'reopenLogs' | 'shutdown'
>;

export function processView(parts: ProcessParts): ProcessView {
  return {
    ...parts,
    pid: process.pid,
    runtime: `Node.js ${process.version}`,
    system: `${systemType()} ${hostname()} ${release()} ${machine()}`,
  };
}
