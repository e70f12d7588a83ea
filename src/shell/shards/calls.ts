// What goes over the port between the control thread, which asks, and a shard, which answers. A list is open in the shard from
// its first page until its last, or until the one who reads it leaves; each further page is asked for, so that a reader
// that is slow, or gone, costs the shard nothing.
import type { CurfewView } from '../../core/console/curfew-view.ts';
import type { DnsView } from '../../core/console/dns-view.ts';
import type { LimitView } from '../../core/console/limit-view.ts';
import type { PolicyView } from '../../core/console/policy-view.ts';
import type { ServerView } from '../../core/console/server-view.ts';
import type { TlsReportView } from '../../core/console/tls-report-view.ts';
import type { TlsCacheView } from '../../core/console/tls-view.ts';
import type { HeardLines, TraceRequest, TracerRow } from '../../core/console/trace-view.ts';

/** Tracers by their number, since what they hear stays in the shard until it is asked for. */
export interface NumberedTraces {
  /** @returns null when there are as many as there may be */
  begin(request: TraceRequest): Promise<number | null>;
  next(id: number): Promise<HeardLines | null>;
  list(): Promise<readonly TracerRow[]>;
  remove(id: number): Promise<boolean>;
}

/** Whose methods can be called. */
export interface CalledParts {
  readonly server: ServerView;
  readonly dns: DnsView;
  readonly policies: PolicyView;
  readonly tlsReports: TlsReportView;
  readonly tls: TlsCacheView;
  readonly curfew: CurfewView;
  readonly limits: LimitView;
  readonly traces: NumberedTraces;
}

export interface Call {
  /** Given by who asks, the same in all that belongs to the call. */
  readonly id: number;
  readonly part: keyof CalledParts;
  readonly method: string;
  readonly args: readonly unknown[];
}

export type Request =
  /** Answered with a value. */
  | ({ readonly kind: 'call' } & Call)
  /** Answered with the first page, or null when there is none. */
  | ({ readonly kind: 'list' } & Call)
  /** Answered with the next page, or null behind the last. */
  | { readonly kind: 'more'; readonly id: number }
  /** Not answered. */
  | { readonly kind: 'leave'; readonly id: number };

export type Reply =
  | { readonly kind: 'value'; readonly id: number; readonly value: unknown }
  /** What was thrown, as text; the list, if it is one, is over. */
  | { readonly kind: 'error'; readonly id: number; readonly text: string };
