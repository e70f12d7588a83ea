// What the console sees of SMTP dialogues as they are held: part of ServerView.
import type { WallMs } from '../base/moment.ts';
import type { DomainName } from '../mail/domain-name.ts';

/** Which outbound sessions are listened to; null means any. */
export interface TraceFilter {
  readonly binding: string | null;
  readonly domain: DomainName | null;
  readonly address: string | null;
}

export interface TraceRequest extends TraceFilter {
  /** Who asked, for the list of tracers. */
  readonly owner: string;
  /** It ends after so many lines, or after so long. */
  readonly linesMax: number;
  readonly ms: number;
}

/** A line of a dialogue, or what happened to its connection. */
export interface TraceLine {
  readonly at: WallMs;
  /** That of `show outbound`. */
  readonly session: number;
  readonly host: string;
  readonly address: string;
  readonly kind: 'sent' | 'received' | 'event';
  /** One character for each octet; no content of messages, no credentials. */
  readonly text: string;
}

export interface TracerRow extends TraceFilter {
  readonly id: number;
  readonly owner: string;
  readonly lines: number;
  readonly linesMax: number;
  readonly msLeft: number;
}

/** What a tracer has heard since it was last asked. */
export interface HeardLines {
  readonly lines: readonly TraceLine[];
  /** What had no room. */
  readonly lost: number;
}

/** Ends when its reader leaves it, too. */
export interface Tracer {
  readonly id: number;
  /** What came since the last call, once there is something; null at the end. */
  next(): Promise<HeardLines | null>;
  stop(): void;
}

export interface TraceView {
  /** Null when there are as many as there may be. */
  begin(request: TraceRequest): Promise<Tracer | null>;
  /** Some few. */
  list(): Promise<readonly TracerRow[]>;
  /** @returns false when there is no such tracer */
  remove(id: number): Promise<boolean>;
}
