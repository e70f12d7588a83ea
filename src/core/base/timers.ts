// All waiting of one engine in one place: a heap of timers. Setting a timer later than it stands costs one assignment
// (it is put in order when its old time comes), because a connection moves its timeout with every command and nearly
// never lets it fire.
import { Heap, type HeapMember } from './heap.ts';
import { type MonoMs, monoMs } from './moment.ts';

const NEVER = monoMs(Number.POSITIVE_INFINITY);

/** One thing to do at a time. Owned by whoever made it; armed and disarmed through {@link Timers}. */
export class Timer implements HeapMember {
  heapIndex = -1;
  /** The time the heap sorts by: never later than `dueAt`. */
  heldAt: MonoMs = NEVER;
  dueAt: MonoMs = NEVER;
  readonly fire: () => void;

  constructor(fire: () => void) {
    this.fire = fire;
  }

  get isArmed(): boolean {
    return this.dueAt !== NEVER;
  }
}

export class Timers {
  readonly #heap = new Heap<Timer>((a, b) => a.heldAt < b.heldAt);

  /** Arms `timer` for `at`, or moves it there. */
  set(timer: Timer, at: MonoMs): void {
    timer.dueAt = at;
    if (timer.heapIndex >= 0 && at >= timer.heldAt) return;
    this.#heap.remove(timer);
    timer.heldAt = at;
    this.#heap.push(timer);
  }

  clear(timer: Timer): void {
    timer.dueAt = NEVER;
    // Left in the heap until its old time comes: connections arm the same timer again within milliseconds.
  }

  /** Takes the timer out for good; for owners that end, so that the heap does not keep them alive. */
  drop(timer: Timer): void {
    timer.dueAt = NEVER;
    this.#heap.remove(timer);
  }

  /** Fires what is due at `now`, in order of time. Never early. */
  advance(now: MonoMs): void {
    for (;;) {
      const timer = this.#heap.peek();
      if (timer === undefined || timer.heldAt > now) return;
      this.#heap.pop();
      if (timer.dueAt <= now) {
        timer.dueAt = NEVER;
        timer.fire();
      } else if (timer.dueAt !== NEVER) {
        timer.heldAt = timer.dueAt;
        this.#heap.push(timer);
      }
    }
  }

  /** When {@link advance} should next be called (possibly to find that the timer was moved), or null. */
  get nextAt(): MonoMs | null {
    return this.#heap.peek()?.heldAt ?? null;
  }
}
