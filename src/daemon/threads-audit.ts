// The limit audit of several shards, as the control thread has it: owns the file, puts in order what shards tell, and knows what
// became of the slots of shards that ended. Nobody opens anything while another configuration is in force in some shards only,
// so that each limit in the log is that of one configuration.
import { wallMs } from '../core/base/moment.ts';
import type { Configuration } from '../core/config/configuration.ts';
import { limitAuditLog } from '../core/config/options/server-options.ts';
import type { NumberedEvent } from '../core/delivery/audit-event.ts';
import { AuditMerge } from '../core/delivery/audit-merge.ts';
import { UNIVERSAL_KEYS } from '../core/delivery/claims.ts';
import { AuditOrder } from '../core/limits/audit-order.ts';
import type { CounterIndex } from '../core/limits/cells.ts';
import type { LedgerControl } from '../core/limits/ledger-control.ts';
import { AUDIT_GATE, type LedgerMemory } from '../core/limits/ledger-memory.ts';
import { counterField } from '../core/records/audit-record.ts';
import { AuditLog } from './audit-log.ts';

export interface ThreadsAuditParts {
  readonly memory: LedgerMemory;
  readonly control: LedgerControl;
  /** The process before this one was killed. */
  readonly wasUnclean: boolean;
  /** One line for the operator. */
  readonly report: (text: string) => void;
}

/** A change of the configuration, as far as the audit goes. */
export interface PreparedThreadsAudit {
  /** @param commitShards puts it in force in all shards */
  commit<T>(commitShards: () => Promise<T>): Promise<T>;
  abandon(): Promise<void>;
}

/** Between two looks at what ended shards held, before the log begins. */
const HELD_LOOK_MS = 100;
const HELD = 'limit_audit_log: slots of a shard that ended are not free yet; try again in a minute';
/** How often the table of keys is tried once more, which whoever holds it lets go of soon. */
const TRIES = 100;

const now = () => wallMs(Date.now());

export class ThreadsAudit {
  readonly #memory: LedgerMemory;
  readonly #control: LedgerControl;
  readonly #order: AuditOrder;
  readonly #merge = new AuditMerge();
  readonly #log: AuditLog;
  /** By shard: the last number that it has told something of. */
  readonly #lastTold: (number | undefined)[] = [];
  /** Shards that ended, until the counters are right. */
  readonly #ended = new Set<number>();
  #whenRecovered: (() => void)[] = [];

  constructor({ memory, control, wasUnclean, report }: ThreadsAuditParts) {
    this.#memory = memory;
    this.#control = control;
    this.#order = new AuditOrder(memory, memory.controlUser);
    this.#log = new AuditLog({ now, wasUnclean, report });
    this.#log.attach(this.#merge);
  }

  // ---- configuration and files

  /** @returns why not, a line each */
  async prepare(
    configuration: Configuration,
    reason: 'start' | 'on',
  ): Promise<PreparedThreadsAudit | readonly string[]> {
    const isOn = this.#merge.isOn;
    const isWanted = configuration.value(limitAuditLog) !== null;
    if (isWanted && !isOn && this.#isAnythingHeld()) return [HELD];
    const prepared = await this.#log.prepare(configuration, reason);
    if (!('commit' in prepared)) return prepared;
    return {
      commit: async (commitShards) => {
        if (!isWanted && !isOn) return await commitShards();
        if (!isWanted) {
          await prepared.commit();
          return await commitShards();
        }
        this.#merge.gather({ version: configuration.version, file: counterField(configuration.root.at.file) });
        const committed = await this.#whileNothingOpens(commitShards);
        await this.#merge.reached(this.#order.last); // at a start nothing, and nothing is open
        // A shard that ended meanwhile had perhaps not told of what it held.
        while (!isOn && this.#isAnythingHeld()) await new Promise((done) => setTimeout(done, HELD_LOOK_MS));
        if (isOn || this.#merge.isGathering) await prepared.commit();
        else await prepared.abandon();
        return committed;
      },
      abandon: prepared.abandon,
    };
  }

  async #whileNothingOpens<T>(run: () => Promise<T>): Promise<T> {
    const { head } = this.#memory;
    Atomics.store(head, AUDIT_GATE, 1);
    try {
      const done = await run();
      // One that ended did not change what it held: nobody opens by other limits before the log says that it ended.
      if (this.#ended.size > 0) await new Promise<void>((recovered) => this.#whenRecovered.push(recovered));
      return done;
    } finally {
      Atomics.store(head, AUDIT_GATE, 0);
      this.#control.raiseEpoch(); // all look again
    }
  }

  #isAnythingHeld(): boolean {
    return !this.#control.held().next().done || this.#ended.size > 0;
  }

  /** For rotation. @returns what went wrong */
  reopen(): Promise<readonly string[]> {
    return this.#log.reopen();
  }

  /** @param isOrderly nothing is missing */
  async close(isOrderly: boolean): Promise<void> {
    // The part has no end then, so that the next says that it begins after an unclean stop.
    if (!isOrderly || this.#merge.hasOpen) this.#merge.abandon();
    await this.#log.close();
  }

  // ---- what shards tell

  told(shard: number, event: NumberedEvent): void {
    this.#lastTold[shard] = event.number;
    this.#merge.tell(shard, event);
  }

  /** Resolves when what the shard has told is in the file, or the file cannot be written. */
  async flush(shard: number): Promise<void> {
    const last = this.#lastTold[shard];
    if (last !== undefined) await this.#merge.reached(last);
    await this.#log.flush();
  }

  // ---- shards that end

  /** Before the counters are set right. */
  ended(shard: number): void {
    this.#ended.add(shard);
  }

  /** What an ended shard has told last is lost, and nobody sets the counters right: the server stops. */
  giveUp(): void {
    this.#merge.giveUp();
    for (const goOn of this.#whenRecovered.splice(0)) goOn();
  }

  /**
   * Nobody counts until {@link letGo}, and all that was told is written.
   * @returns false when that is to be tried again in another turn
   */
  hold(): boolean {
    return this.#merge.takeOver(this.#order);
  }

  letGo(): void {
    this.#order.letGo();
  }

  /** The counters are right. Held. */
  recovered(): void {
    const descriptors = UNIVERSAL_KEYS.indexOf('descriptors');
    const heldByIndex = new Map<CounterIndex, number>();
    for (const { index, slots } of this.#control.held()) if (index !== descriptors) heldByIndex.set(index, slots);
    const untold = this.#merge.ended(this.#ended, heldByIndex, now());
    this.#ended.clear();
    for (const index of untold) {
      for (let left = TRIES; left > 0 && !this.#control.giveBackHeld(index); ) left -= 1;
    }
    for (const goOn of this.#whenRecovered.splice(0)) goOn();
  }

  /** Slots of ended shards were given back. Held. */
  freed(indices: ReadonlySet<CounterIndex>): void {
    if (indices.size === 0) return;
    this.#merge.atNumber(this.#order.next(), () => this.#merge.freed(indices, now()));
  }
}
