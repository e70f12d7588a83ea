// How many connections pairs of a binding and a domain have at the test receivers: now, and at most while a limit was to hold.
import { setImmediate } from 'node:timers/promises';
import type { Receivers } from './receivers.ts';

/** Where the connections of a binding come from. */
export const SOURCES = { a: '127.0.0.11', b: '127.0.0.12', c: '127.0.0.13' } as const;

type Binding = keyof typeof SOURCES;
export type Pair = readonly [Binding, string];

/** The pairs whose connections are counted together. @param bindings a letter each */
export const pairsOf = (bindings: string, domains: readonly string[]): readonly Pair[] =>
  [...bindings].flatMap((binding) => domains.map((domain) => [binding as Binding, domain] as const));

export const apart = (pairs: readonly Pair[]): readonly (readonly Pair[])[] => pairs.map((pair) => [pair]);

/** Watches the most connections that groups of pairs have at once. */
export class ConnectionWatch {
  readonly #receivers: Receivers;
  #groups: readonly (readonly Pair[])[] = [];
  peaks: number[] = [];

  constructor(receivers: Receivers) {
    this.#receivers = receivers;
    receivers.sink
      .when(() => {
        this.now().forEach((count, at) => {
          if (count > this.peaks[at]!) this.peaks[at] = count;
        });
        return false;
      })
      .catch(() => {}); // the sink was closed: the test is over
  }

  start(groups: readonly (readonly Pair[])[]): void {
    this.#groups = groups;
    this.peaks = this.now();
  }

  now(groups = this.#groups): number[] {
    return groups.map((pairs) =>
      pairs.reduce((sum, [binding, domain]) => sum + this.#receivers.count(domain, SOURCES[binding]).now, 0),
    );
  }
}

/**
 * What the server opened before it answered has been connected by the kernel, but may wait to be accepted by this very
 * process: two turns of the loop later it has been, and is counted.
 */
export async function everythingAccepted(): Promise<void> {
  await setImmediate();
  await setImmediate();
}
