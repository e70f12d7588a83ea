// What those who take and give back slots tell of it, so that it can be written down: limit-audit.ts where there is one
// shard, shared-limit-audit.ts where several count together. While no audit is on each call costs a look at one field.
import type { WallMs } from '../base/moment.ts';
import type { CounterIndex } from '../limits/ledger.ts';
import type { OutboundConnection } from './outbound-connection.ts';
import type { SlotWatch } from './sibling-connections.ts';

export interface SlotAudit {
  /** What is taken and given back from now on, and what is told of that, is one step for all shards. */
  hold(): void;
  letGo(): void;
  /** The slots were taken; nothing was sent yet. */
  opened(connection: OutboundConnection, at: WallMs): void;
  /** The slots were given back. @param kept those that it takes again in the same step are counted still */
  closed(connection: OutboundConnection, at: WallMs, kept?: readonly CounterIndex[]): void;
  /** Another configuration is in force, and every open connection counts by it. */
  configured(at: WallMs): void;
}

/** What the scheduler tells, at the time that it is. */
export function watchOf(audit: SlotAudit, now: () => WallMs): SlotWatch {
  return {
    hold: () => audit.hold(),
    letGo: () => audit.letGo(),
    returned: (connection, kept) => audit.closed(connection, now(), kept),
    taken: (connection) => audit.opened(connection, now()),
  };
}
