// What a running server adds to answers about its configuration: how full the counters of a limit are, and what is open
// and waiting now. The engine implements it; without a server there is none.
import type { Limit } from '../base/limit.ts';
import type { Option } from '../config/option.ts';
import type { Subject } from '../config/resolution.ts';
import type { SourcePosition } from '../config/source.ts';

/** A counter with its use. */
export interface CounterUse {
  /** What is counted, in words. */
  readonly counts: string;
  readonly open: number;
  /** The most that were open at once since the counter was made. */
  readonly peak: number;
  /** NO_LIMIT: none. */
  readonly limit: Limit;
}

/** The counters that one setting governs. */
export interface CounterUses {
  /** A few, those with the most open connections first. */
  readonly busiest: readonly CounterUse[];
  /** How many have open connections. */
  readonly inUse: number;
  /** False when there were too many to look at all. */
  readonly isComplete: boolean;
}

/** Connections of one binding to one address for one domain. */
export interface OpenConnections {
  readonly binding: string;
  readonly domain: string;
  readonly host: string;
  readonly address: string;
  readonly connections: number;
}

/** Mail of one binding to one domain. */
export interface WaitingMail {
  readonly binding: string;
  readonly domain: string;
  readonly messages: number;
}

export interface LimitView {
  /**
   * The counters of a limit, as far as the subject of the question is about them.
   * @param setAt where its value is set; null for the default
   * @returns null for an option that is no limit. O(connections)
   */
  usesOf(option: Option<unknown>, subject: Subject, setAt: SourcePosition | null): CounterUses | null;
  /** Of a throttle with a window of `count` tokens; null when nobody has taken one yet. O(throttles) */
  tokens(option: Option<unknown>, setAt: SourcePosition): { readonly free: number; readonly count: number } | null;
  /** O(connections) */
  open(): Iterable<OpenConnections>;
  /** Queues that hold mail. O(queues) */
  waiting(): Iterable<WaitingMail>;
}
