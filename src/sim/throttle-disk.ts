// The ThrottleStore port in memory: durable when it says so, and after a death perhaps what was under way. Where a disk
// is drawn that damages things, it damages this file too.
import type { Random } from '../core/base/random.ts';
import type { SavedThrottles, ThrottleRecord } from '../core/limits/throttle-record.ts';
import type { ThrottleStore } from '../engine/ports.ts';
import type { DiskConditions } from './disk.ts';
import type { Fuse } from './fuse.ts';
import { between, happens, type World } from './world.ts';

export class ThrottleDisk implements ThrottleStore {
  readonly #world: World;
  readonly #random: Random;
  readonly #conditions: DiskConditions;
  readonly #fuse: Fuse;
  #records: readonly ThrottleRecord[] = [];
  /** What the write under way may leave behind when the process dies; null when none is. */
  #possible: readonly (readonly ThrottleRecord[])[] | null = null;
  #life = 0;

  constructor(world: World, conditions: DiskConditions, fuse: Fuse) {
    this.#world = world;
    this.#random = world.random.stream('throttle disk');
    this.#conditions = conditions;
    this.#fuse = fuse;
  }

  reserve(records: readonly ThrottleRecord[], done: (isDurable: boolean) => void): void {
    this.#write(
      Array.from({ length: records.length + 1 }, (_, some) => [...this.#records, ...records.slice(0, some)]),
      done,
    );
  }

  writeAll(records: readonly ThrottleRecord[], done: (isDurable: boolean) => void): void {
    this.#write([this.#records, records], done);
  }

  /** @param possible what may be there if it does not come to its end, and last what is there if it does */
  #write(possible: readonly (readonly ThrottleRecord[])[], done: (isDurable: boolean) => void): void {
    this.#fuse.burn();
    if (this.#possible !== null) this.#world.violation('throttles are written while they are being written');
    this.#possible = possible;
    const life = this.#life;
    this.#world.after(between(this.#random, ...this.#conditions.commitMs), () => {
      if (life !== this.#life) return;
      const isDurable = !happens(this.#random, this.#conditions.refusal);
      this.#settle(isDurable ? possible.at(-1)! : possible[this.#random.below(possible.length)]!);
      done(isDurable);
    });
  }

  #settle(records: readonly ThrottleRecord[]): void {
    this.#records = records;
    this.#possible = null;
  }

  /** The process is gone. */
  crash(): void {
    this.#life++;
    if (this.#possible !== null) this.#settle(this.#possible[this.#random.below(this.#possible.length)]!);
  }

  /** What the next process reads. */
  read(): SavedThrottles {
    if (happens(this.#random, this.#conditions.damage)) return { records: [], isDamaged: true };
    return { records: this.#records, isDamaged: false };
  }
}
