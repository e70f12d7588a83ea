// Writes settlements to the files beside their segments: soon after they are made, one round at a time, after the log
// lines they belong to; syncs them at least once a second; and frees segments of which nothing is needed any more.
// Until a settlement is synced, a power loss repeats a delivery; until it is written, a kill -9 does.

import type { DescriptorCache } from './descriptor-cache.ts';
import { type Disk, reasonOf, writeAll } from './disk.ts';
import type { ReportProblem } from './problem.ts';
import type { Segment } from './segment.ts';
import type { SegmentStore } from './segment-store.ts';
import type { SettlementEntry } from './settlement-entry.ts';

export interface SettlementLogOptions {
  readonly disk: Disk;
  readonly store: SegmentStore;
  /** Of settlement files, for writing. */
  readonly descriptors: DescriptorCache;
  readonly forceFsync: boolean;
  /** Longest time until a settlement is written. */
  readonly delayMs: number;
  /** Longest time from a write to the sync that covers it. */
  readonly syncIntervalMs: number;
  /** Time to the next try after a failure. */
  readonly retryMs: number;
  /** Makes the log records of everything settled so far safe. */
  beforeWrite(): Promise<void>;
  readonly report: ReportProblem;
  /** Monotonic milliseconds. */
  now(): number;
  /** The files of a segment are gone, or free for another generation. */
  freed(segment: Segment): void;
}

export class SettlementLog {
  readonly #options: SettlementLogOptions;
  /** Segments with settlements that wait. */
  readonly #dirty = new Set<Segment>();
  /** Segments written since the last sync. */
  readonly #unsynced = new Set<Segment>();
  readonly #dying = new Set<Segment>();
  /** To be done when all that was added before them is synced. */
  #actions: (() => void)[] = [];
  /** Those of them whose settlements are written. */
  #writtenActions: (() => void)[] = [];
  #round: Promise<boolean> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #timerDueAt = 0;
  #writeDueAt = Number.POSITIVE_INFINITY;
  #syncDueAt = Number.POSITIVE_INFINITY;
  #isClosed = false;

  constructor(options: SettlementLogOptions) {
    this.#options = options;
  }

  add(segment: Segment, entry: SettlementEntry): void {
    segment.settlements.add(entry);
    this.#dirty.add(segment);
    this.#writeSoon();
  }

  /** Calls `action` when everything added before is on stable storage. */
  afterSync(action: () => void): void {
    this.#actions.push(action);
    this.#writeSoon();
  }

  /** Frees the segment with the next round if it is dead. To be told whenever it may have become so. */
  freeIfDead(segment: Segment): void {
    if (!segment.isDead) return;
    this.#dying.add(segment);
    this.#writeSoon();
  }

  /** Everything added so far is written and synced, and what it set free is free. @returns whether all went well */
  async flush(): Promise<boolean> {
    for (;;) {
      while (this.#round !== null) await this.#round;
      const isWorkLeft =
        this.#dirty.size + this.#dying.size + this.#unsynced.size + this.#actions.length + this.#writtenActions.length >
        0;
      if (!isWorkLeft) return true;
      if (!(await this.#runRound(true))) return false;
    }
  }

  /** Stops writing by itself; what is left to write is written first. */
  async close(): Promise<boolean> {
    const isFlushed = await this.flush();
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    return isFlushed;
  }

  #writeSoon(): void {
    if (this.#writeDueAt !== Number.POSITIVE_INFINITY) return;
    this.#writeDueAt = this.#options.now() + this.#options.delayMs;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#round !== null || this.#isClosed) return;
    const dueAt = Math.min(this.#writeDueAt, this.#syncDueAt);
    if (dueAt === Number.POSITIVE_INFINITY) return;
    if (this.#timer !== null) {
      if (this.#timerDueAt <= dueAt) return;
      clearTimeout(this.#timer);
    }
    this.#timerDueAt = dueAt;
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        void this.#runRound(false); // reports what fails; does not reject
      },
      Math.max(0, dueAt - this.#options.now()),
    );
  }

  #runRound(forcesSync: boolean): Promise<boolean> {
    this.#round ??= this.#writeRound(forcesSync).finally(() => {
      this.#round = null;
      this.#schedule();
    });
    return this.#round;
  }

  async #writeRound(forcesSync: boolean): Promise<boolean> {
    const { now, syncIntervalMs } = this.#options;
    // Everything is taken before the logs are flushed: what is settled meanwhile belongs to the next round.
    const batches = [...this.#dirty].map((segment) => ({ segment, bytes: segment.settlements.take() }));
    const dying = [...this.#dying];
    const actions = this.#actions;
    this.#dirty.clear();
    this.#dying.clear();
    this.#actions = [];
    this.#writeDueAt = Number.POSITIVE_INFINITY;
    let isFine = await this.#flushLogs();
    for (const { segment, bytes } of batches) {
      if (bytes === null) continue;
      if (isFine) isFine = await this.#write(segment, bytes);
      else segment.settlements.rewind(bytes);
      if (!isFine) this.#dirty.add(segment);
    }
    this.#writtenActions.push(...actions);
    if (this.#syncDueAt === Number.POSITIVE_INFINITY && this.#unsynced.size + this.#writtenActions.length > 0) {
      this.#syncDueAt = now() + syncIntervalMs;
    }
    if (isFine && (forcesSync || now() >= this.#syncDueAt)) isFine = await this.#sync();
    for (const segment of dying) {
      if (!(isFine && (await this.#free(segment)))) {
        isFine = false;
        this.#dying.add(segment);
      }
    }
    if (!isFine) this.#retryLater();
    return isFine;
  }

  async #flushLogs(): Promise<boolean> {
    try {
      await this.#options.beforeWrite();
      return true;
    } catch (error) {
      this.#reportFailure('the logs could not be written', error);
      return false;
    }
  }

  async #write(segment: Segment, bytes: Buffer): Promise<boolean> {
    const { settlements } = segment;
    try {
      await this.#options.descriptors.lend(settlements.path, (file) =>
        writeAll(this.#options.disk, file, [bytes], settlements.end),
      );
      settlements.written(bytes);
      this.#unsynced.add(segment);
      return true;
    } catch (error) {
      settlements.rewind(bytes);
      this.#reportFailure(settlements.path, error);
      return false;
    }
  }

  async #sync(): Promise<boolean> {
    this.#syncDueAt = Number.POSITIVE_INFINITY;
    const segments = [...this.#unsynced];
    const actions = this.#writtenActions;
    this.#unsynced.clear();
    this.#writtenActions = [];
    let isFine = true;
    for (const segment of segments) {
      const { settlements } = segment;
      const { end } = settlements;
      try {
        if (this.#options.forceFsync) {
          await this.#options.descriptors.lend(settlements.path, (file) => this.#options.disk.sync(file));
        }
        settlements.synced(end);
      } catch (error) {
        settlements.rewind(null);
        this.#dirty.add(segment);
        this.#reportFailure(settlements.path, error);
        isFine = false;
      }
    }
    if (isFine) for (const action of actions) action();
    else this.#actions.unshift(...actions);
    return isFine;
  }

  /** @returns false when it has to be tried again */
  async #free(segment: Segment): Promise<boolean> {
    if (!segment.isDead) return true;
    try {
      await this.#options.store.free(segment);
    } catch (error) {
      this.#options.report({
        kind: 'housekeepingFailed',
        text: `spool: ${segment.file.path} could not be freed: ${reasonOf(error)}`,
      });
      return false;
    }
    this.#unsynced.delete(segment);
    this.#dirty.delete(segment);
    this.#options.freed(segment);
    return true;
  }

  #retryLater(): void {
    this.#actions.unshift(...this.#writtenActions);
    this.#writtenActions = [];
    this.#writeDueAt = this.#options.now() + this.#options.retryMs;
  }

  #reportFailure(subject: string, error: unknown): void {
    this.#options.report({
      kind: 'settlementsFailed',
      text: `spool: ${subject}: ${reasonOf(error)}; until settlements can be written, a restart repeats deliveries`,
    });
  }
}
