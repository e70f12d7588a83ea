// What a running server adds to answers about its configuration: how full the counters of a limit are, and what is open
// and waiting now: part of ServerView. Without a server there is none.
import type { Limit } from '../base/limit.ts';
import type { Subject } from '../config/resolution.ts';
import type { SourcePosition } from '../config/source.ts';
import type { Pages } from './pages.ts';

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

/** Of the window of a throttle. */
export interface TokenFigures {
  readonly free: number;
  readonly count: number;
}

export interface LimitView {
  /**
   * The counters of a limit, as far as the subject of the question is about them.
   * @param option its name
   * @param setAt where its value is set; null for the default
   * @returns null for an option that is no limit. O(connections)
   */
  usesOf(option: string, subject: Subject, setAt: SourcePosition | null): Promise<CounterUses | null>;
  /** Of a throttle with a window of `count` tokens; null when nobody has taken one yet. O(throttles) */
  tokens(option: string, setAt: SourcePosition): Promise<TokenFigures | null>;
  /** O(connections) */
  open(): Pages<OpenConnections>;
  /** Queues that hold mail. O(queues) */
  waiting(): Pages<WaitingMail>;
}
