// What an audit calls the counters that connections hold, and which limits of theirs it has said the origin of. Names are
// kept from when a counter came into use, since its index may stand for another key once nobody holds it.
import { assert } from '../base/assert.ts';
import type { Limit } from '../base/limit.ts';
import type { Configuration } from '../config/configuration.ts';
import type { CounterIndex, Ledger } from '../limits/ledger.ts';
import { counterField } from '../records/audit-record.ts';
import type { NodeCounters } from './claims.ts';
import { formatPlace, limitOrigin } from './limit-origin.ts';
import type { OutboundConnection } from './outbound-connection.ts';

export interface LimitAuditParts {
  readonly ledger: Ledger;
  readonly node: NodeCounters;
  readonly configuration: () => Configuration;
  /** Those that hold slots. */
  readonly connections: () => Iterable<OutboundConnection>;
}

/** A counter that a connection holds. */
export interface AuditedSlot {
  /** Key of the counter, by counterField. */
  readonly counter: string;
  readonly index: CounterIndex;
  readonly limit: Limit;
  /** Where that limit is set; null when it was said since the counter came into use. */
  readonly origin: string | null;
}

/** A counter that connections hold. */
interface UsedCounter {
  readonly field: string;
  /** Those of its limits that were written down with where they are set. */
  readonly stated: Set<Limit>;
}

export class AuditedCounters {
  readonly #parts: LimitAuditParts;
  /** Descriptors are left out: clients take them too, and no receiver counts them. */
  readonly #used = new Map<CounterIndex, UsedCounter>();

  constructor(parts: LimitAuditParts) {
    this.#parts = parts;
  }

  /** Nothing was said yet. */
  clear(): void {
    this.#used.clear();
  }

  /** Nobody holds it any more. */
  drop(counter: CounterIndex): void {
    this.#used.delete(counter);
  }

  /** What the connection holds; limits that are not written down yet come with where they are set. */
  slotsOf(connection: OutboundConnection): AuditedSlot[] {
    const { counters, limits } = connection.claim;
    const slots: AuditedSlot[] = [];
    for (let at = 0; at < counters.length; at++) {
      const index = counters[at]!;
      if (index === this.#parts.node.descriptors) continue;
      const limit = limits[at]!;
      let used = this.#used.get(index);
      if (used === undefined) {
        used = { field: this.newField(index), stated: new Set() };
        this.#used.set(index, used);
      }
      let origin: string | null = null;
      if (!used.stated.has(limit)) {
        used.stated.add(limit);
        origin = counterField(this.#originOf(index, limit, connection));
      }
      slots.push({ counter: used.field, index, limit, origin });
    }
    return slots;
  }

  /** Where the limit is set: `file:line`, or `default`. */
  #originOf(counter: CounterIndex, limit: Limit, { queue, candidate }: OutboundConnection): string {
    const { ledger, configuration } = this.#parts;
    const { binding, domain } = queue;
    const { host, address } = candidate;
    const subject = { binding, domain, host, address };
    return formatPlace(limitOrigin(configuration(), ledger.keyOf(counter), limit, subject).setBy);
  }

  fieldOf(counter: CounterIndex): string {
    const used = this.#used.get(counter);
    assert(used !== undefined, 'a counter that is held was written down');
    return used.field;
  }

  newField(counter: CounterIndex): string {
    return counterField(this.#parts.ledger.keyOf(counter));
  }
}
