// The counters and throttles of shards that ended (core/limits/ledger-control.ts, window-control.ts): sets them right when every living shard has stopped taking, and
// gives back what an ended one held when its receivers cannot count that any more (design decision 6).
import type { CounterIndex } from '../core/limits/cells.ts';
import type { LedgerControl } from '../core/limits/ledger-control.ts';
import type { WindowControl } from '../core/limits/window-control.ts';
import { unfinishedRemotes } from '../shell/net/unfinished-connections.ts';
import type { ThreadsAudit } from './threads-audit.ts';

export interface HeldFor {
  /** A receiver may count the connections of an ended shard for so long. */
  readonly heldMs: number;
  /** And until the system lists none any more that it tries to end, for so long at most. */
  readonly unfinishedMsMax: number;
}

const HELD_FOR: HeldFor = { heldMs: 2000, unfinishedMsMax: 60_000 };
/** Between two looks, while all shards stand still, and while slots are held. */
const STOPPED_LOOK_MS = 2;
const HELD_LOOK_MS = 250;

export class EndedShards {
  readonly #control: LedgerControl;
  readonly #windows: WindowControl;
  readonly #audit: ThreadsAudit;
  readonly #heldFor: HeldFor;
  #lastEndAt = 0;
  #timer: NodeJS.Timeout | null = null;
  #whenRecovered: (() => void)[] = [];

  constructor(control: LedgerControl, windows: WindowControl, audit: ThreadsAudit, heldFor = HELD_FOR) {
    this.#control = control;
    this.#windows = windows;
    this.#audit = audit;
    this.#heldFor = heldFor;
  }

  /** The thread is gone. Resolves when the counters are right again and shards take slots. */
  ended(shard: number): Promise<void> {
    this.#windows.ended(shard);
    this.#audit.ended(shard);
    this.#control.ended(shard);
    this.#lastEndAt = performance.now();
    const recovered = new Promise<void>((resolve) => this.#whenRecovered.push(resolve));
    this.#look();
    return recovered;
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    this.stop();
    const control = this.#control;
    const windows = this.#windows;
    const areCountersRight = !control.mustRecover || (control.isAcknowledged(control.epoch) && this.#recover());
    if (!areCountersRight || (windows.mustRecover && !windows.recover())) {
      this.#timer = setTimeout(() => this.#look(), STOPPED_LOOK_MS);
      return;
    }
    for (const recovered of this.#whenRecovered.splice(0)) recovered();
    if (!this.#isEverythingGiven()) this.#timer = setTimeout(() => this.#look(), HELD_LOOK_MS);
  }

  #recover(): boolean {
    if (!this.#audit.hold()) return false;
    const isRecovered = this.#control.recover();
    if (isRecovered) this.#audit.recovered();
    this.#audit.letGo();
    return isRecovered;
  }

  /** Gives back what can be. @returns whether nothing is left */
  #isEverythingGiven(): boolean {
    const control = this.#control;
    const since = performance.now() - this.#lastEndAt;
    const { heldMs, unfinishedMsMax } = this.#heldFor;
    if (control.held().next().done) return true;
    if (since < heldMs || (since < unfinishedMsMax && unfinishedRemotes().length > 0)) return false;
    if (!this.#audit.hold()) return false;
    let isLeft = false;
    const given = new Set<CounterIndex>();
    for (const { index } of control.held()) {
      if (control.giveBackHeld(index)) given.add(index);
      else isLeft = true;
    }
    this.#audit.freed(given);
    this.#audit.letGo();
    return !isLeft;
  }
}
