// What a shard tells of its slots where several shards write one audit: in which order things came about says a number, taken
// in the same step as the slots (core/limits/audit-order.ts). Crosses threads as it is.
import type { WallMs } from '../base/moment.ts';
import type { ReturnedSlot } from '../records/audit-record.ts';
import type { AuditedSlot } from './audited-counters.ts';

/** After it was taken, with how many hold it. */
export interface CountedSlot extends AuditedSlot {
  readonly open: number;
}

export interface AuditedConnection {
  readonly connection: string;
  readonly slots: readonly AuditedSlot[];
}

export type AuditEvent =
  /** All connections of the shard: the audit is on in it from now on, or another configuration is in force there. */
  | {
      readonly kind: 'holds';
      readonly version: number;
      readonly file: string;
      readonly connections: readonly AuditedConnection[];
    }
  | { readonly kind: 'opened'; readonly connection: string; readonly slots: readonly CountedSlot[] }
  | { readonly kind: 'closed'; readonly connection: string; readonly slots: readonly ReturnedSlot[] };

export interface NumberedEvent {
  /** One more than that of the event before, in whichever shard; behind 2 ** 31 - 1 comes - 2 ** 31. */
  readonly number: number;
  readonly at: WallMs;
  readonly event: AuditEvent;
}
