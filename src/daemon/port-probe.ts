// Whether ports can be had that several threads are to share: the system lets other processes of the same user share them, too, and
// would give half of the mail to each.
import type { Configuration } from '../core/config/configuration.ts';
import { type Accept, type PortSharing, wantedEsmtpEndpoints } from './wanted-endpoints.ts';

const NOBODY: Accept = (_, connection) => {
  connection.close();
  return { line() {}, lineTooLong() {}, data() {}, closed() {} };
};

/** @param open where the shards listen already @returns why not, a line each */
export async function probePorts(configuration: Configuration, { portByKey }: PortSharing): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const { key, label, open } of wantedEsmtpEndpoints(configuration, NOBODY)) {
    if (portByKey.has(key)) continue;
    const opened = await open();
    if (opened.kind === 'open') await opened.endpoint.close();
    else problems.push(`${label}: ${opened.reason}`);
  }
  return problems;
}
