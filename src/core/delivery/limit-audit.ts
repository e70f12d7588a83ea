// Writes down which connection takes which slots, and when it gives them back, so that whoever reads it can count again
// (docs/audit.md). Called at the one place where connections are opened and the one where their slots come back; while
// the audit is off each call costs a look at one field. Changes nothing: it reads the ledger after the fact.
import { assert } from '../base/assert.ts';
import type { Limit } from '../base/limit.ts';
import type { WallMs } from '../base/moment.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Claim, CounterIndex, Ledger } from '../limits/ledger.ts';
import type { AuditChain } from '../records/audit-chain.ts';
import {
  type AuditEntry,
  type BeginReason,
  counterField,
  type EndReason,
  type ReturnedSlot,
  type TakenSlot,
} from '../records/audit-record.ts';
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

/** Where the lines go. */
export interface AuditTrail {
  readonly chain: AuditChain;
  /** One line, without its line end; octets as Latin-1. Whole lines, in order. */
  readonly write: (line: string) => void;
}

/** A counter that connections hold. */
interface UsedCounter {
  readonly field: string;
  /** Those of its limits that were written down with where they are set. */
  readonly stated: Set<Limit>;
}

export class LimitAudit {
  readonly #ledger: Ledger;
  readonly #node: NodeCounters;
  readonly #configuration: () => Configuration;
  readonly #connections: () => Iterable<OutboundConnection>;
  #trail: AuditTrail | null = null;
  /** Descriptors are left out: clients take them too, and no receiver counts them. */
  readonly #used = new Map<CounterIndex, UsedCounter>();
  /** What is written down of each connection. */
  readonly #held = new Map<OutboundConnection, Claim>();

  constructor(parts: LimitAuditParts) {
    this.#ledger = parts.ledger;
    this.#node = parts.node;
    this.#configuration = parts.configuration;
    this.#connections = parts.connections;
  }

  get isOn(): boolean {
    return this.#trail !== null;
  }

  /** Begins with what is open now. @param isUnclean the part before has no closing line */
  start(trail: AuditTrail, reason: BeginReason, isUnclean: boolean, at: WallMs): void {
    this.#trail = trail;
    this.#held.clear();
    trail.write(trail.chain.begin(at, reason, isUnclean));
    this.#writeConfiguration(trail, [], at);
  }

  stop(reason: EndReason, at: WallMs): void {
    this.#trail?.write(this.#trail.chain.end(at, reason));
    this.#trail = null;
    this.#held.clear();
    this.#used.clear();
  }

  /** Ends a part and begins the next of the same chain. @param between called between the two */
  rotate(at: WallMs, between: () => void): void {
    const trail = this.#trail;
    assert(trail !== null, 'only an audit that is on is rotated');
    this.stop('rotation', at);
    between();
    this.start(trail, 'rotation', false, at);
  }

  /** The slots were taken; nothing was sent yet. */
  opened(connection: OutboundConnection, at: WallMs): void {
    if (this.#trail === null) return;
    this.#held.set(connection, connection.claim);
    this.#write(at, { kind: 'opened', connection: connection.id, slots: this.#slotsOf(connection) });
  }

  /** The slots were given back. */
  closed(connection: OutboundConnection, at: WallMs): void {
    if (this.#trail === null) return;
    const claim = this.#held.get(connection);
    assert(claim !== undefined, 'what is closed was opened');
    this.#held.delete(connection);
    const slots: ReturnedSlot[] = [];
    for (const counter of claim.counters) {
      if (counter === this.#node.descriptors) continue;
      const open = this.#ledger.open(counter);
      slots.push({ counter: this.#fieldOf(counter), open });
      if (open === 0) this.#used.delete(counter);
    }
    this.#write(at, { kind: 'closed', connection: connection.id, slots });
  }

  /** Another configuration is in force, and every open connection counts by it. */
  configured(at: WallMs): void {
    if (this.#trail === null) return;
    const moved: AuditEntry[] = [];
    for (const connection of this.#connections()) {
      const before = this.#held.get(connection)?.counters ?? [];
      const now = connection.claim.counters;
      // A counter that was left may have made room for another key at its index: its old name is known only here.
      const left = before.filter((counter) => !now.includes(counter)).map((counter) => this.#fieldOf(counter));
      const entered = now.filter((counter) => !before.includes(counter)).map((counter) => this.#newField(counter));
      if (left.length + entered.length > 0) moved.push({ kind: 'moved', connection: connection.id, left, entered });
    }
    this.#writeConfiguration(this.#trail, moved, at);
  }

  #writeConfiguration(trail: AuditTrail, moved: readonly AuditEntry[], at: WallMs): void {
    const { version, root } = this.#configuration();
    const limits: AuditEntry[] = [];
    this.#used.clear();
    for (const connection of this.#connections()) {
      this.#held.set(connection, connection.claim);
      for (const { counter, open, limit, origin } of this.#slotsOf(connection)) {
        if (origin !== null) limits.push({ kind: 'limit', counter, open, limit, origin });
      }
    }
    const file = counterField(root.at.file);
    const head: AuditEntry = {
      kind: 'configuration',
      version,
      file,
      moved: moved.length,
      limits: limits.length,
    };
    for (const entry of [head, ...moved, ...limits]) trail.write(trail.chain.line(at, entry));
  }

  /** What the connection holds; limits that are not written down yet come with where they are set. */
  #slotsOf(connection: OutboundConnection): TakenSlot[] {
    const { counters, limits } = connection.claim;
    const slots: TakenSlot[] = [];
    for (let at = 0; at < counters.length; at++) {
      const counter = counters[at]!;
      if (counter === this.#node.descriptors) continue;
      const limit = limits[at]!;
      let used = this.#used.get(counter);
      if (used === undefined) {
        used = { field: this.#newField(counter), stated: new Set() };
        this.#used.set(counter, used);
      }
      let origin: string | null = null;
      if (!used.stated.has(limit)) {
        used.stated.add(limit);
        origin = counterField(this.#originOf(counter, limit, connection));
      }
      slots.push({ counter: used.field, open: this.#ledger.open(counter), limit, origin });
    }
    return slots;
  }

  /** Where the limit is set: `file:line`, or `default`. */
  #originOf(counter: CounterIndex, limit: Limit, { queue, candidate }: OutboundConnection): string {
    const { binding, domain } = queue;
    const { host, address } = candidate;
    const subject = { binding, domain, host, address };
    return formatPlace(limitOrigin(this.#configuration(), this.#ledger.keyOf(counter), limit, subject).setBy);
  }

  #fieldOf(counter: CounterIndex): string {
    const used = this.#used.get(counter);
    assert(used !== undefined, 'a counter that is held was written down');
    return used.field;
  }

  #newField(counter: CounterIndex): string {
    return counterField(this.#ledger.keyOf(counter));
  }

  #write(at: WallMs, entry: AuditEntry): void {
    this.#trail!.write(this.#trail!.chain.line(at, entry));
  }
}
