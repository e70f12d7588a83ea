// What receivers count of the connections of all shards, by everything that limits them, made from names alone: whether the
// shards keep the limits in force is seen here, and not from what they say of themselves.
import { NO_LIMIT } from '../../src/core/base/limit.ts';
import type { OutboundConnection } from '../../src/core/delivery/outbound-connection.ts';
import type { Ledger } from '../../src/core/limits/ledger.ts';
import { HOT, type LedgerMemory, OPEN } from '../../src/core/limits/ledger-memory.ts';
import { SCOPE_KEY, type ShardedPlan } from './sharded-plan.ts';

export class Receivers {
  readonly #plan: ShardedPlan;
  readonly #memory: LedgerMemory;
  /** What is in force anywhere, or was when somebody who has not looked since took a slot. */
  readonly #versions: () => Iterable<number>;
  /** Whether the shard of the connection stands in the midst of a turn while another goes on. */
  readonly #isInterrupted: (connection: OutboundConnection) => boolean;
  readonly #violation: (text: string) => void;
  readonly #counts = new Map<string, number>();
  readonly #keys = new Map<OutboundConnection, readonly string[]>();
  readonly #indices = new Map<string, number>();

  constructor(
    plan: ShardedPlan,
    memory: LedgerMemory,
    versions: () => Iterable<number>,
    isInterrupted: (connection: OutboundConnection) => boolean,
    violation: (text: string) => void,
  ) {
    this.#plan = plan;
    this.#memory = memory;
    this.#versions = versions;
    this.#isInterrupted = isInterrupted;
    this.#violation = violation;
  }

  get isEmpty(): boolean {
    return this.#keys.size === 0;
  }

  opened(connection: OutboundConnection, ledger: Ledger): void {
    for (const counter of connection.claim.counters) this.#indices.set(ledger.keyOf(counter), counter);
    const keys = this.#keysOf(connection);
    for (const key of keys) this.#rise(key, connection);
    this.#keys.set(connection, keys);
  }

  closed(connection: OutboundConnection): void {
    for (const key of this.#keys.get(connection)!) this.#change(key, -1);
    this.#keys.delete(connection);
  }

  /**
   * The shard of these connections ended: perhaps before it had counted them for a sum that came into force, or while one
   * without a message went from one domain to another. Receivers know nothing of either.
   */
  ended(connections: Iterable<OutboundConnection>): void {
    const { versions, sharesConnections } = this.#plan;
    if (versions.length === 1 && !sharesConnections) return;
    for (const connection of connections) {
      const keys = this.#keys.get(connection)!;
      for (const key of keys) if (isOfDomain(key)) this.#change(key, -1);
      this.#keys.set(
        connection,
        keys.filter((key) => !isOfDomain(key)),
      );
    }
  }

  /** It goes to another domain: what only the former one has is free before what only the next one has is taken. */
  left(connection: OutboundConnection): void {
    for (const key of this.#keys.get(connection)!) if (isOfDomain(key)) this.#change(key, -1);
  }

  entered(connection: OutboundConnection, ledger: Ledger): void {
    for (const counter of connection.claim.counters) this.#indices.set(ledger.keyOf(counter), counter);
    const former = this.#keys.get(connection)!;
    const keys = this.#keysOf(connection);
    for (const key of keys) {
      if (!former.includes(key)) this.#rise(key, connection);
      else if (isOfDomain(key)) this.#change(key, 1);
    }
    this.#keys.set(connection, keys);
  }

  /** Every connection holds a slot in each of its counters. A sum counts from its configuration on only. */
  check(): void {
    for (const [key, count] of this.#counts) {
      const open = this.#memory.hot[(this.#indices.get(key) ?? 0) * HOT + OPEN]!;
      if (count > open && !(key === SCOPE_KEY && this.#plan.versions.length > 1))
        this.#violation(`${key}: receivers count ${count}, the counter ${open}`);
    }
  }

  /** For people. */
  describe(): string {
    const counters = [...this.#indices].map(([key, index]) => `${key}: ${this.#memory.hot[index * HOT + OPEN]}`);
    return counters.join(', ');
  }

  #rise(key: string, connection: OutboundConnection): void {
    const count = this.#change(key, 1) - (isOfDomain(key) ? this.#onTheirWay(key) : 0);
    const limit = this.#limitOf(key, connection);
    if (count > limit) this.#violation(`${key}: receivers count ${count}, the limit is ${limit}`);
  }

  /** Connections without a message that may be about to go to another domain: they have given their slot back, and not said so. */
  #onTheirWay(key: string): number {
    if (!this.#plan.sharesConnections) return 0;
    let count = 0;
    for (const [connection, keys] of this.#keys) if (keys.includes(key) && this.#isInterrupted(connection)) count += 1;
    return count;
  }

  #change(key: string, change: 1 | -1): number {
    const count = (this.#counts.get(key) ?? 0) + change;
    if (count === 0) this.#counts.delete(key);
    else this.#counts.set(key, count);
    return count;
  }

  #keysOf({ queue: { binding, domain }, candidate: { address }, allocation }: OutboundConnection): string[] {
    const keys = ['node', `binding ${binding}`, `pair ${binding} ${domain}`, `address ${binding} ${address}`];
    if (allocation === 'ordinary') keys.push('ordinary');
    if (this.#domainAt(domain) < 2) keys.push(SCOPE_KEY);
    return keys;
  }

  #domainAt(domain: string): number {
    return this.#plan.domains.findIndex(({ name }) => name === domain);
  }

  #limitOf(key: string, { queue }: OutboundConnection): number {
    let most = 0;
    for (const version of this.#versions()) {
      const { node, reserve, binding, pair, host, scope } = this.#plan.versions[version]!;
      const kind = key.slice(0, key.indexOf(' '));
      let limit = host;
      if (key === 'node') limit = Math.min(NO_LIMIT, node + reserve);
      else if (key === 'ordinary') limit = node;
      else if (key === SCOPE_KEY) limit = scope;
      else if (kind === 'binding') limit = binding;
      else if (kind === 'pair') limit = pair[this.#domainAt(queue.domain)]!;
      most = Math.max(most, limit);
    }
    return most;
  }
}

const isOfDomain = (key: string): boolean => key === SCOPE_KEY || key.startsWith('pair ');
