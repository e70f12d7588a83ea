// Whether the system allows as many file descriptors as the configuration may come to need (design decision 14;
// docs/limits.md, "File descriptors").

import { NO_LIMIT } from '../core/base/limit.ts';
import type { Configuration } from '../core/config/configuration.ts';
import {
  serverMaxOutboundConnections,
  serverReserveOutboundConnections,
} from '../core/config/options/connection-options.ts';
import { outboundCeiling } from '../core/delivery/settings-of.ts';

/** The documented rule: four descriptors for each connection that can be open. */
const DESCRIPTORS_PER_CONNECTION = 4;

/** @returns a line for paniclog, or null when the limit is high enough */
export function descriptorWarning(configuration: Configuration, descriptorLimit: number): string | null {
  const ceiling = outboundCeiling(configuration);
  const needed = ceiling === NO_LIMIT ? NO_LIMIT : ceiling * DESCRIPTORS_PER_CONNECTION;
  if (descriptorLimit >= needed) return null;
  const found = `the system allows ${descriptorLimit} file descriptors`;
  if (ceiling === NO_LIMIT) {
    return `${found} and Server_Max_Outbound_Connections sets no limit; connections end below that number (ulimit -n, LimitNOFILE= of the systemd unit)`;
  }
  const total = configuration.value(serverMaxOutboundConnections);
  const reserve = configuration.value(serverReserveOutboundConnections);
  const reason =
    total + reserve === ceiling
      ? `Server_Max_Outbound_Connections = ${total} and Server_Reserve_Outbound_Connections = ${reserve}`
      : `Cluster_Server_Max_Outbound_Connections = ${ceiling}`;
  return (
    `${found}; ${reason} may need ${needed}; ` +
    'raise `ulimit -n` (LimitNOFILE= of the systemd unit) or lower the option'
  );
}
