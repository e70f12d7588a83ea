// Three shards that count connections in shared memory while one audit of all of them is on: one number, the seed, says who opens,
// closes, moves and hears what, and when what was told arrives. Shards end between two steps, or after they have counted and before
// they have told. What comes out is read as `headgate audit` reads it.
import assert from 'node:assert/strict';
import { monoMs, wallMs } from '../../src/core/base/moment.ts';
import { type Random, seededRandom } from '../../src/core/base/random.ts';
import type { Configuration } from '../../src/core/config/configuration.ts';
import { loadConfiguration } from '../../src/core/config/load.ts';
import type { NumberedEvent } from '../../src/core/delivery/audit-event.ts';
import { AuditMerge } from '../../src/core/delivery/audit-merge.ts';
import { UNIVERSAL_KEYS } from '../../src/core/delivery/claims.ts';
import type { MailQueue } from '../../src/core/delivery/mail-queue.ts';
import { OutboundConnection } from '../../src/core/delivery/outbound-connection.ts';
import { SharedLimitAudit } from '../../src/core/delivery/shared-limit-audit.ts';
import { AuditOrder } from '../../src/core/limits/audit-order.ts';
import { ADMITTED, type Claim, type ClaimPart, Ledger, makeClaim } from '../../src/core/limits/ledger.ts';
import { LedgerControl } from '../../src/core/limits/ledger-control.ts';
import { AUDIT_GATE, AUDIT_LOCK, AUDIT_NUMBER, AUDIT_TOLD, LedgerMemory } from '../../src/core/limits/ledger-memory.ts';
import { SharedCells } from '../../src/core/limits/shared-cells.ts';
import { AuditChain } from '../../src/core/records/audit-chain.ts';
import { type AuditModel, sha256 } from './audit-model.ts';
import { candidate } from './scheduler-bench.ts';

const SHARDS = 3;
const AT = wallMs(1_750_000_000_000);
const DOMAINS = ['d1.example', 'd2.example'];
const QUEUES = DOMAINS.map((domain) => ({ binding: 'b', domain }) as MailQueue);
/** Numbers of 32 bits begin anew in the midst of a run. */
const FIRST_NUMBER = 2 ** 31 - 40;

/** The thread ends. */
class ShardEnd extends Error {}

function configurationOf(version: number, limit: number, sum: number): Configuration {
  const text = `Max_Outbound_Connections = ${limit}\n${sum > 0 ? `Scope_Max_Outbound_Connections = ${sum}\n` : ''}`;
  const loaded = loadConfiguration('mail.conf', () => ({ text }), { version });
  assert.ok(loaded.kind === 'loaded');
  return loaded.configuration;
}

interface Limits {
  readonly pair: number;
  /** 0 for none. */
  readonly sum: number;
}

class AuditedShard {
  readonly cells: SharedCells;
  readonly ledger: Ledger;
  readonly audit: SharedLimitAudit;
  readonly open: OutboundConnection[] = [];
  /** Told, and not arrived yet. */
  readonly outbox: NumberedEvent[] = [];
  configuration: Configuration;
  limits: Limits;
  /** It ends when it would tell next. */
  endsTelling = false;
  readonly #node;

  constructor(memory: LedgerMemory, number: number, configuration: Configuration, limits: Limits) {
    this.cells = new SharedCells(memory, number);
    this.ledger = new Ledger(this.cells);
    this.configuration = configuration;
    this.limits = limits;
    this.#node = {
      total: this.ledger.addUniversal(UNIVERSAL_KEYS[0], 1000),
      descriptors: this.ledger.addUniversal(UNIVERSAL_KEYS[1], 1000),
      ordinary: this.ledger.refer('ordinary'),
    };
    this.audit = new SharedLimitAudit(
      {
        ledger: this.ledger,
        node: this.#node,
        configuration: () => this.configuration,
        connections: () => this.open,
      },
      this.cells,
      (event) => {
        if (this.endsTelling) throw new ShardEnd();
        this.outbox.push(structuredClone(event));
      },
    );
  }

  connect(id: string, at: number): void {
    this.#with(at, (claim) => {
      this.audit.hold();
      if (this.ledger.acquire(claim) === ADMITTED) {
        const connection = new OutboundConnection(
          id as never,
          QUEUES[at]!,
          candidate(`192.0.2.${at + 1}`),
          claim,
          'ordinary',
          monoMs(0),
        );
        this.open.push(connection);
        this.audit.opened(connection, AT);
      }
      this.audit.letGo();
    });
  }

  close(at: number): void {
    const [connection] = this.open.splice(at, 1);
    if (connection === undefined) return;
    this.audit.hold();
    this.ledger.release(connection.claim, false);
    this.audit.closed(connection, AT);
    this.audit.letGo();
  }

  move(at: number, to: number): void {
    const connection = this.open[at];
    if (connection === undefined) return;
    this.#with(to, (next) => {
      this.audit.hold();
      if (this.ledger.trade(connection.claim, next, (kept) => this.audit.closed(connection, AT, kept))) {
        connection.goTo(QUEUES[to]!, connection.candidate, next);
        this.audit.opened(connection, AT);
      }
      this.audit.letGo();
    });
  }

  configure(configuration: Configuration, limits: Limits): void {
    this.configuration = configuration;
    this.limits = limits;
    this.audit.hold();
    for (const connection of this.open) {
      this.#with(QUEUES.indexOf(connection.queue), (claim) => {
        this.ledger.exchange(connection.claim, claim, false);
        connection.claim = claim;
      });
    }
    this.audit.configured(AT);
    this.audit.letGo();
  }

  /** Counters are referred to for that long only, so that their indices are used again soon. */
  #with(at: number, run: (claim: Claim) => void): void {
    const { pair, sum } = this.limits;
    const limitByKey: Record<string, number> = {
      'binding b': 1000,
      [`pair b ${DOMAINS[at]}`]: pair,
      [`address b 192.0.2.${at + 1}`]: pair,
      ...(sum > 0 ? { 'scope_max_outbound_connections global': sum } : {}),
    };
    const parts: ClaimPart[] = Object.entries(limitByKey).map(([key, limit]) => [this.ledger.refer(key), limit]);
    const { total, descriptors, ordinary } = this.#node;
    run(makeClaim([[total, 1000], [descriptors, 1000], [ordinary, 1000], ...parts]));
    for (const [counter] of parts) this.ledger.unrefer(counter);
  }
}

export interface AuditedRun {
  readonly files: AuditModel['files'];
  /** How many shards ended, and how many of them with the order. */
  readonly ends: number;
  readonly endsTelling: number;
  readonly opened: number;
}

export function runAudited(seed: number, steps: number): AuditedRun {
  return new AuditedShards(seed).run(steps);
}

class AuditedShards {
  readonly #random: Random;
  readonly #memory = LedgerMemory.make({ shards: SHARDS, counters: 64 }, [1, 2, 3, 4]);
  readonly #control = new LedgerControl(this.#memory, UNIVERSAL_KEYS);
  readonly #order = new AuditOrder(this.#memory, this.#memory.controlUser);
  readonly #merge = new AuditMerge(FIRST_NUMBER);
  readonly #files: string[][] = [[]];
  readonly #shards: (AuditedShard | null)[] = [];
  /** Shards that have not heard of the newest configuration. */
  readonly #toConfigure = new Set<number>();
  readonly #ended = new Set<number>();
  #configuration = configurationOf(1, 4, 0);
  #limits: Limits = { pair: 4, sum: 0 };
  #opened = 0;
  #ends = 0;
  #endsTelling = 0;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    for (const word of [AUDIT_NUMBER, AUDIT_TOLD]) this.#memory.head[word] = FIRST_NUMBER - 1;
    this.#merge.gather({ version: 1, file: 'mail.conf' });
    for (let number = 0; number < SHARDS; number++) this.#admit(number);
    const write = (line: string) => this.#files.at(-1)!.push(line);
    this.#merge.start({ chain: new AuditChain(sha256, null), write }, 'start', false, AT);
  }

  #admit(number: number): void {
    this.#control.admit(number);
    const shard = new AuditedShard(this.#memory, number, this.#configuration, this.#limits);
    this.#shards[number] = shard;
    shard.audit.join(AT);
  }

  run(steps: number): AuditedRun {
    for (let step = 0; step < steps; step++) this.#step();
    this.#settle();
    this.#merge.stop('stop', AT);
    return { files: this.#files, ends: this.#ends, endsTelling: this.#endsTelling, opened: this.#opened };
  }

  #step(): void {
    const number = this.#random.below(SHARDS);
    const shard = this.#shards[number];
    if (shard === null || shard === undefined) {
      if (!this.#ended.has(number)) this.#admit(number);
    } else {
      try {
        this.#act(shard, number);
      } catch (error) {
        if (!(error instanceof ShardEnd)) throw error;
        this.#endsTelling += 1;
        this.#end(number);
      }
    }
    const chance = this.#random.below(60);
    if (chance < 20) this.#look();
    else if (chance < 22) this.#free();
    else if (chance === 22) this.#change();
    else if (chance === 23 && this.#random.below(4) === 0) this.#merge.rotate(AT, () => this.#files.push([]));
  }

  #act(shard: AuditedShard, number: number): void {
    const pick = this.#random.below(100);
    if (pick < 35) shard.connect(`c${++this.#opened}`, this.#random.below(DOMAINS.length));
    else if (pick < 60) shard.close(this.#random.below(shard.open.length + 1));
    else if (pick < 66) shard.move(this.#random.below(shard.open.length + 1), this.#random.below(DOMAINS.length));
    else if (pick < 78) shard.ledger.poll();
    else if (pick < 94) this.#deliver(number);
    else if (pick === 94 && this.#random.below(4) === 0) {
      if (this.#random.below(2) === 0) shard.endsTelling = true;
      else this.#end(number);
    } else if (this.#toConfigure.delete(number)) shard.configure(this.#configuration, this.#limits);
    this.#openGate();
  }

  #deliver(number: number): void {
    const event = this.#shards[number]?.outbox.shift();
    if (event !== undefined) this.#merge.tell(number, event);
  }

  /** What it has told arrives before its end does. */
  #end(number: number): void {
    this.#ends += 1;
    while (this.#shards[number]!.outbox.length > 0) this.#deliver(number);
    this.#shards[number] = null;
    this.#ended.add(number);
    this.#control.ended(number);
    if (this.#toConfigure.delete(number)) this.#openGate();
  }

  #look(): void {
    if (
      !this.#control.mustRecover ||
      !this.#control.isAcknowledged(this.#control.epoch) ||
      !this.#merge.takeOver(this.#order)
    )
      return;
    assert.ok(this.#control.recover());
    const held = new Map([...this.#control.held()].map(({ index, slots }) => [index, slots]));
    held.delete(UNIVERSAL_KEYS.indexOf('descriptors'));
    for (const index of this.#merge.ended(this.#ended, held, AT)) assert.ok(this.#control.giveBackHeld(index));
    this.#ended.clear();
    this.#order.letGo();
  }

  #free(): void {
    if (this.#control.mustRecover || !this.#merge.takeOver(this.#order)) return;
    const given = new Set([...this.#control.held()].map(({ index }) => index));
    for (const index of given) assert.ok(this.#control.giveBackHeld(index));
    if (given.size > 0) this.#merge.atNumber(this.#order.next(), () => this.#merge.freed(given, AT));
    this.#order.letGo();
  }

  /** Nobody opens anything until it is in force in all. */
  #change(): void {
    const isChanging = Atomics.load(this.#memory.head, AUDIT_GATE) !== 0;
    if (isChanging || this.#shards.includes(null)) return;
    this.#limits = {
      pair: 1 + this.#random.below(6),
      sum: this.#random.below(3) === 0 ? 0 : 2 + this.#random.below(6),
    };
    const { pair, sum } = this.#limits;
    this.#configuration = configurationOf(this.#configuration.version + 1, pair, sum);
    Atomics.store(this.#memory.head, AUDIT_GATE, 1);
    for (let number = 0; number < SHARDS; number++) this.#toConfigure.add(number);
  }

  #openGate(): void {
    const isUntold = this.#shards.some((shard) => shard?.audit.isTold === false);
    if (isUntold || this.#toConfigure.size > 0 || this.#control.mustRecover) return;
    if (Atomics.load(this.#memory.head, AUDIT_GATE) === 0) return;
    Atomics.store(this.#memory.head, AUDIT_GATE, 0);
    this.#control.raiseEpoch();
  }

  /** Everything is given back, told and written. */
  #settle(): void {
    for (let round = 0; round < 4; round++) {
      for (const [number, shard] of this.#shards.entries()) {
        if (shard === null) continue;
        shard.endsTelling = false;
        shard.ledger.poll();
        if (this.#toConfigure.delete(number)) shard.configure(this.#configuration, this.#limits);
        while (shard.open.length > 0) shard.close(0);
        while (shard.outbox.length > 0) this.#deliver(number);
      }
      this.#openGate();
      this.#look();
      this.#free();
    }
    assert.equal(Atomics.load(this.#memory.head, AUDIT_LOCK), 0);
    assert.ok(this.#merge.hasReached(this.#order.last) && !this.#merge.hasOpen, 'nothing is left');
  }
}
