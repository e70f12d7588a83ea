// What can be measured in a row of figures: a command that prints one line of JSON, and what it needs.

export const PEERS = ['postfix', 'exim', 'opensmtpd', 'haraka'] as const;
export type Peer = (typeof PEERS)[number];

/** `full` for figures that count, `tiny` to see that a row works. */
export type Scale = 'full' | 'tiny';

export interface Contestant {
  readonly name: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Only in so many of the row's rounds, the first. */
  readonly rounds?: number;
  /** The peer that has to be set up. */
  readonly peer?: Peer;
  /** Run by `bench/bench`, which needs smtp-source and smtp-sink, and prints a line of its own. */
  readonly isRelay?: boolean;
  /** Another program that needs them. */
  readonly needsTools?: boolean;
  /** Lines that this version of Headgate has to know. */
  readonly configuration?: string;
}
