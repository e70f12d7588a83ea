// The part of a shard in the limit audit that all shards write together: begins and ends with the configuration that is in force
// in the shard, hands over what it tells to the control thread at once, and waits for that to be in the file.
import type { WallMs } from '../core/base/moment.ts';
import type { Configuration } from '../core/config/configuration.ts';
import { limitAuditLog } from '../core/config/options/server-options.ts';
import type { NumberedEvent } from '../core/delivery/audit-event.ts';
import type { LimitAuditParts } from '../core/delivery/audited-counters.ts';
import { type CountingOrder, SharedLimitAudit } from '../core/delivery/shared-limit-audit.ts';
import type { SlotAudit } from '../core/delivery/slot-audit.ts';
import type { PreparedAudit, ShardAudit } from './audit-log.ts';

export interface SharedAuditParts {
  readonly order: CountingOrder;
  readonly now: () => WallMs;
  /** To the control thread. */
  readonly tell: (event: NumberedEvent) => void;
  /** Is answered by {@link SharedAuditPart.flushed}. */
  readonly askFlush: (id: number) => void;
}

export class SharedAuditPart implements ShardAudit {
  readonly #parts: SharedAuditParts;
  #audit: SharedLimitAudit | null = null;
  /** Told, but perhaps not in the file yet. */
  #isPending = false;
  #lastId = 0;
  readonly #waiting = new Map<number, () => void>();

  constructor(parts: SharedAuditParts) {
    this.#parts = parts;
  }

  readonly slotAudit = (parts: LimitAuditParts): SlotAudit => {
    this.#audit = new SharedLimitAudit(parts, this.#parts.order, (event) => {
      this.#isPending = true;
      this.#parts.tell(event);
    });
    return this.#audit;
  };

  /** The control thread has the file. */
  async prepare(configuration: Configuration): Promise<PreparedAudit> {
    const isWanted = configuration.value(limitAuditLog) !== null;
    return {
      commit: async () => {
        const audit = this.#audit!;
        if (!isWanted && audit.isOn) audit.leave();
        if (isWanted && !audit.isOn) audit.join(this.#parts.now());
      },
      abandon: async () => {},
    };
  }

  async whenTold(): Promise<void> {
    await this.#audit!.whenTold();
  }

  get isPending(): boolean {
    return this.#isPending;
  }

  flush(): Promise<void> {
    this.#isPending = false;
    const id = ++this.#lastId;
    return new Promise((done) => {
      this.#waiting.set(id, done);
      this.#parts.askFlush(id);
    });
  }

  /** The control thread has answered. */
  flushed(id: number): void {
    this.#waiting.get(id)!();
    this.#waiting.delete(id);
  }
}
