// Writes down which connection takes which slots, and when it gives them back, so that whoever reads it can count again
// (docs/audit.md). Called at the one place where connections are opened and the one where their slots come back; while
// the audit is off each call costs a look at one field. Changes nothing: it reads the ledger after the fact.
import { assert } from '../base/assert.ts';
import type { WallMs } from '../base/moment.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Claim, Ledger } from '../limits/ledger.ts';
import type { AuditChain } from '../records/audit-chain.ts';
import {
  type AuditEntry,
  type BeginReason,
  counterField,
  type EndReason,
  type ReturnedSlot,
  type TakenSlot,
} from '../records/audit-record.ts';
import { AuditedCounters, type LimitAuditParts } from './audited-counters.ts';
import type { NodeCounters } from './claims.ts';
import type { OutboundConnection } from './outbound-connection.ts';
import type { SlotAudit } from './slot-audit.ts';

/** Where the lines go. */
export interface AuditTrail {
  readonly chain: AuditChain;
  /** One line, without its line end; octets as Latin-1. Whole lines, in order. */
  readonly write: (line: string) => void;
}

export class LimitAudit implements SlotAudit {
  readonly #ledger: Ledger;
  readonly #node: NodeCounters;
  readonly #configuration: () => Configuration;
  readonly #connections: () => Iterable<OutboundConnection>;
  readonly #counters: AuditedCounters;
  #trail: AuditTrail | null = null;
  /** What is written down of each connection. */
  readonly #held = new Map<OutboundConnection, Claim>();

  constructor(parts: LimitAuditParts) {
    this.#ledger = parts.ledger;
    this.#node = parts.node;
    this.#configuration = parts.configuration;
    this.#connections = parts.connections;
    this.#counters = new AuditedCounters(parts);
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
    this.#counters.clear();
  }

  /** Ends a part and begins the next of the same chain. @param between called between the two */
  rotate(at: WallMs, between: () => void): void {
    const trail = this.#trail;
    assert(trail !== null, 'only an audit that is on is rotated');
    this.stop('rotation', at);
    between();
    this.start(trail, 'rotation', false, at);
  }

  /** Nobody else counts. */
  hold(): void {}

  letGo(): void {}

  opened(connection: OutboundConnection, at: WallMs): void {
    if (this.#trail === null) return;
    this.#held.set(connection, connection.claim);
    this.#write(at, { kind: 'opened', connection: connection.id, slots: this.#slotsOf(connection) });
  }

  closed(connection: OutboundConnection, at: WallMs): void {
    if (this.#trail === null) return;
    const claim = this.#held.get(connection);
    assert(claim !== undefined, 'what is closed was opened');
    this.#held.delete(connection);
    const slots: ReturnedSlot[] = [];
    for (const counter of claim.counters) {
      if (counter === this.#node.descriptors) continue;
      const open = this.#ledger.open(counter);
      slots.push({ counter: this.#counters.fieldOf(counter), open });
      if (open === 0) this.#counters.drop(counter);
    }
    this.#write(at, { kind: 'closed', connection: connection.id, slots });
  }

  configured(at: WallMs): void {
    if (this.#trail === null) return;
    const moved: AuditEntry[] = [];
    for (const connection of this.#connections()) {
      const before = this.#held.get(connection)?.counters ?? [];
      const now = connection.claim.counters;
      // A counter that was left may have made room for another key at its index: its old name is known only here.
      const left = before.filter((counter) => !now.includes(counter)).map((counter) => this.#counters.fieldOf(counter));
      const entered = now
        .filter((counter) => !before.includes(counter))
        .map((counter) => this.#counters.newField(counter));
      if (left.length + entered.length > 0) moved.push({ kind: 'moved', connection: connection.id, left, entered });
    }
    this.#writeConfiguration(this.#trail, moved, at);
  }

  #writeConfiguration(trail: AuditTrail, moved: readonly AuditEntry[], at: WallMs): void {
    const { version, root } = this.#configuration();
    const limits: AuditEntry[] = [];
    this.#counters.clear();
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

  #slotsOf(connection: OutboundConnection): TakenSlot[] {
    const slots = this.#counters.slotsOf(connection);
    return slots.map(({ counter, index, limit, origin }) => {
      return { counter, open: this.#ledger.open(index), limit, origin };
    });
  }

  #write(at: WallMs, entry: AuditEntry): void {
    this.#trail!.write(this.#trail!.chain.line(at, entry));
  }
}
