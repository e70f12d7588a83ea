// The part of one shard in an audit that several shards write together: tells of the slots that its connections take and give
// back, each time in one step with the counting and with a number that says when that was. audit-merge.ts puts what all shards
// tell in order. While shards stand still because one of them has ended, what is given back is counted later, and told then.
import { assert } from '../base/assert.ts';
import type { WallMs } from '../base/moment.ts';
import type { CounterIndex, Ledger } from '../limits/ledger.ts';
import { counterField } from '../records/audit-record.ts';
import type { AuditEvent, AuditedConnection, NumberedEvent } from './audit-event.ts';
import { AuditedCounters, type AuditedSlot, type LimitAuditParts } from './audited-counters.ts';
import type { OutboundConnection } from './outbound-connection.ts';
import type { SlotAudit } from './slot-audit.ts';

/** What it needs of the counters that shards share: see SharedCells. */
export interface CountingOrder {
  isAudited: boolean;
  hold(): void;
  letGo(): void;
  nextNumber(): number;
  whenCounted(run: () => void): void;
}

export class SharedLimitAudit implements SlotAudit {
  readonly #parts: LimitAuditParts;
  readonly #ledger: Ledger;
  readonly #counters: AuditedCounters;
  readonly #order: CountingOrder;
  readonly #tell: (event: NumberedEvent) => void;
  /** What was told of each connection. */
  readonly #held = new Map<OutboundConnection, readonly AuditedSlot[]>();
  #isOn = false;
  /** What is to be told of everything once it is counted. */
  #untold = 0;
  #waiting: (() => void)[] = [];

  /** @param tell called in order of the numbers, while others wait: it does not take long */
  constructor(parts: LimitAuditParts, order: CountingOrder, tell: (event: NumberedEvent) => void) {
    this.#parts = parts;
    this.#ledger = parts.ledger;
    this.#counters = new AuditedCounters(parts);
    this.#order = order;
    this.#tell = tell;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** Tells of everything from now on, first of what is open. */
  join(at: WallMs): void {
    this.#isOn = true;
    this.#order.isAudited = true;
    this.hold();
    this.#tellAll(at);
    this.letGo();
  }

  /** Whether what was open at the beginning, and by each configuration since, is told. */
  get isTold(): boolean {
    return this.#untold === 0;
  }

  /** Resolves when it is, or nothing is told any more. */
  whenTold(): Promise<void> {
    return this.isTold ? Promise.resolve() : new Promise((done) => this.#waiting.push(done));
  }

  /** Nothing is told any more. */
  leave(): void {
    this.#isOn = false;
    this.#order.isAudited = false;
    for (const done of this.#waiting.splice(0)) done();
    this.#held.clear();
    this.#counters.clear();
  }

  hold(): void {
    if (this.#isOn) this.#order.hold();
  }

  letGo(): void {
    if (this.#isOn) this.#order.letGo();
  }

  opened(connection: OutboundConnection, at: WallMs): void {
    if (!this.#isOn) return;
    const taken = this.#counters.slotsOf(connection);
    this.#held.set(connection, taken);
    const slots = taken.map((slot) => ({ ...slot, open: this.#ledger.open(slot.index) }));
    this.#write(at, { kind: 'opened', connection: connection.id, slots });
  }

  closed(connection: OutboundConnection, at: WallMs, kept: readonly CounterIndex[] = []): void {
    if (!this.#isOn) return;
    const held = this.#held.get(connection);
    assert(held !== undefined, 'what is closed was opened');
    this.#held.delete(connection);
    this.#order.whenCounted(() => {
      const slots = held.map(({ counter, index }) => {
        const still = kept.includes(index) ? 1 : 0;
        if (this.#ledger.own(index) === still) this.#counters.drop(index);
        return { counter, open: this.#ledger.open(index) - still };
      });
      this.#write(at, { kind: 'closed', connection: connection.id, slots });
    });
  }

  configured(at: WallMs): void {
    if (this.#isOn) this.#tellAll(at);
  }

  #tellAll(at: WallMs): void {
    const { version, root } = this.#parts.configuration();
    this.#counters.clear();
    this.#held.clear();
    const connections: AuditedConnection[] = [];
    for (const connection of this.#parts.connections()) {
      const slots = this.#counters.slotsOf(connection);
      this.#held.set(connection, slots);
      connections.push({ connection: connection.id, slots });
    }
    const file = counterField(root.at.file);
    this.#untold += 1;
    this.#order.whenCounted(() => {
      this.#write(at, { kind: 'holds', version, file, connections });
      this.#untold -= 1;
      if (this.#untold === 0) for (const done of this.#waiting.splice(0)) done();
    });
  }

  #write(at: WallMs, event: AuditEvent): void {
    this.#tell({ number: this.#order.nextNumber(), at, event });
  }
}
