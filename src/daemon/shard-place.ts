// What a shard has of the server around it: one that is alone has everything for itself.
import type { Configuration } from '../core/config/configuration.ts';
import { logHiresTimestamp } from '../core/config/options/logger-options.ts';
import type { Ledger } from '../core/limits/ledger.ts';
import type { Windows } from '../core/limits/windows.ts';
import type { SpoolPlace } from '../shell/spool/joined-spools.ts';
import type { ShardAudit } from './audit-log.ts';
import { type KeptPolicies, openKeptPolicies } from './kept-policies.ts';
import type { WritePanic } from './log-port.ts';
import { type LogSet, logSet } from './logger-files.ts';
import { spoolPlaces, wereLeftUnclean } from './spool-places.ts';
import type { PortSharing } from './wanted-endpoints.ts';

export interface ShardPlace {
  /** From 0. */
  readonly number: number;
  readonly shards: number;
  /** Its own first. */
  readonly spools: readonly SpoolPlace[];
  /** Whoever had them was killed. */
  readonly wasUnclean: boolean;
  /** Keeps other processes out of a spool; see SpoolOptions. Left out: the shard does so. */
  readonly lock?: () => Promise<() => Promise<void>>;
  /** Waited for when the files are open, before anything is counted. */
  readonly admission?: () => Promise<void>;
  /** Left out: one of its own. */
  readonly ledger?: Ledger;
  /** Left out: throttles have windows of its own. */
  readonly windows?: Windows;
  /** Left out: it writes one of its own. */
  readonly audit?: ShardAudit;
  /** Left out: nobody else listens at its ports. */
  readonly sharing?: PortSharing;
  /** Where lines for paniclog go; left out: into its own logs. */
  readonly panic?: WritePanic;
  logSet(configuration: Configuration): LogSet;
  /** @param troubled one line for paniclog */
  openPolicies(troubled: (text: string) => void): KeptPolicies;
}

/** Of a server without threads. */
export function lonePlace(started: Configuration): ShardPlace {
  const [spools] = spoolPlaces(started, 1);
  const isHires = started.value(logHiresTimestamp);
  return {
    number: 0,
    shards: 1,
    spools: spools!,
    wasUnclean: wereLeftUnclean(spools!),
    logSet: (configuration) => logSet(configuration, isHires),
    openPolicies: (troubled) => openKeptPolicies(started, troubled),
  };
}
