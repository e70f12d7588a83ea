// What the control thread and the thread of a shard say to each other, beside the questions of the console (which have a
// port of their own) and the counters (which are in shared memory).
import type { MessagePort } from 'node:worker_threads';
import type { PortableConfiguration } from '../core/config/portable-configuration.ts';
import type { NumberedEvent } from '../core/delivery/audit-event.ts';
import type { SavedThrottles } from '../core/limits/throttle-record.ts';
import type { WindowBuffers } from '../core/limits/window-memory.ts';
import type { PanicLevel } from '../core/records/panic-record.ts';
import type { DomainName, HeldPolicy } from '../engine/ports.ts';
import type { SpoolPlace } from '../shell/spool/joined-spools.ts';
import type { StartFailure } from './shards.ts';

/** What the thread is started with. */
export interface ShardSetup {
  /** Of the start of the server: what waits for a start is taken from it. */
  readonly started: PortableConfiguration;
  /** Of the product. */
  readonly version: string;
  /** From 0. */
  readonly number: number;
  readonly shards: number;
  readonly ledger: SharedArrayBuffer;
  readonly windows: WindowBuffers;
  /** By {@link sharedClock}. */
  readonly clockOrigin: bigint;
  /** What all shards of an earlier process left of throttles. */
  readonly savedThrottles: SavedThrottles;
  readonly spools: readonly SpoolPlace[];
  readonly wasUnclean: boolean;
  /** For what the console asks. */
  readonly viewPort: MessagePort;
  readonly policies: readonly (readonly [DomainName, HeldPolicy])[];
}

/** Each is answered. The names are those of what the shard does then; see shards.ts. */
export type ShardRequest =
  | { readonly kind: 'listen'; readonly portByKey: ReadonlyMap<string, number> }
  | { readonly kind: 'start' }
  | {
      readonly kind: 'prepare';
      readonly configuration: PortableConfiguration;
      readonly portByKey: ReadonlyMap<string, number>;
    }
  | { readonly kind: 'commit' | 'abandonChange' }
  | { readonly kind: 'reloadCurfew' | 'reopenLogs' }
  | { readonly kind: 'comeToRest' | 'close' | 'abandon' };

export type ToShard =
  /** The shard may use the counters from now on. */
  | { readonly kind: 'admitted' }
  /** What was asked by {@link FromShard} of that id. */
  | { readonly kind: 'auditFlushed'; readonly id: number }
  | { readonly kind: 'request'; readonly id: number; readonly request: ShardRequest };

export interface ShardAnswer {
  /** What was wrong, a line each. */
  readonly problems: readonly string[];
  /** Where the shard listens. */
  readonly portByKey: ReadonlyMap<string, number>;
  readonly places: readonly string[];
}

export type FromShard =
  /** Its files are open, its spool is read: it waits to be admitted. */
  | { readonly kind: 'read' }
  | { readonly kind: 'opened' }
  | { readonly kind: 'failed'; readonly failure: StartFailure }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: ShardAnswer }
  | { readonly kind: 'audit'; readonly event: NumberedEvent }
  /** What it has told for the audit is to be in the file. */
  | { readonly kind: 'flushAudit'; readonly id: number }
  | { readonly kind: 'panic'; readonly level: PanicLevel; readonly text: string }
  /** For stderr, and for paniclog, which may be what cannot be written. */
  | { readonly kind: 'report'; readonly text: string }
  | { readonly kind: 'policy'; readonly domain: DomainName; readonly held: HeldPolicy | null };
