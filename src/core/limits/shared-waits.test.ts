// Who is to give a connection up for whom, where a queue has parts in two shards.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_LIMIT } from '../base/limit.ts';
import { ADMITTED, type Claim, type CounterIndex, Ledger, makeClaim } from './ledger.ts';
import { LedgerControl } from './ledger-control.ts';
import { LedgerMemory } from './ledger-memory.ts';
import { SharedCells } from './shared-cells.ts';
import type { Wait, Waiter } from './wait-list.ts';

/** The part of a queue in one shard. */
class Part {
  readonly waits: Wait[] = [];
  readonly pairCounter: CounterIndex;
  readonly claim: Claim;
  connections = 0;
  readonly #ledger: Ledger;

  constructor(ledger: Ledger, name: string, limit = 4) {
    this.#ledger = ledger;
    const binding = ledger.refer('binding');
    this.pairCounter = ledger.refer(name);
    this.claim = makeClaim([
      [binding, limit],
      [this.pairCounter, NO_LIMIT],
    ]);
  }

  get hasNoConnection(): boolean {
    return this.connections === 0;
  }

  open(count: number): this {
    for (; count > 0; count--) {
      this.#ledger.acquire(this.claim);
      this.connections += 1;
    }
    return this;
  }

  wait(): this {
    this.#ledger.wait(this, this.claim.counters[0]!, 4);
    return this;
  }
}

/** Two of three shards, each with a part of the queue that has so many connections; the second wants one more. */
function parts(here: number, there: number) {
  const memory = LedgerMemory.make({ shards: 3, counters: 16 }, [1, 2, 3, 4]);
  const control = new LedgerControl(memory, []);
  const begin = (shard: number) => {
    control.admit(shard);
    const ledger = new Ledger(new SharedCells(memory, shard));
    ledger.poll();
    return ledger;
  };
  const [ledger, elsewhere] = [begin(0), begin(1)];
  const holder = new Part(ledger, 'queue').open(here);
  const other = new Part(elsewhere, 'queue').open(there).wait();
  return { control, begin, ledger, elsewhere, holder, other };
}

const ROWS: readonly (readonly [here: number, there: number, isAwaited: boolean])[] = [
  [2, 2, false],
  [1, 3, false],
  [3, 1, true],
  [4, 0, true],
];
for (const [here, there, isAwaited] of ROWS) {
  test(`with ${here} connections here and ${there} there a busy one is ${isAwaited ? '' : 'not '}given up for the same queue`, () => {
    const { ledger, holder } = parts(here, there);
    assert.equal(ledger.isAwaited(holder.claim, holder, true), isAwaited);
    assert.equal(ledger.isAwaited(holder.claim, holder), true, 'one with nothing to do is');
  });
}

test('another queue of that shard gets the slot, whatever the part has', () => {
  const { ledger, elsewhere, holder } = parts(2, 2);
  new Part(elsewhere, 'another').wait();
  assert.equal(ledger.isAwaited(holder.claim, holder, true), true);
});

test('a part that loses its last connection, or waits no longer, is no part that can do without', () => {
  const { ledger, elsewhere, holder, other } = parts(3, 1);
  ledger.release(holder.claim, false);
  new Part(ledger, 'another').open(1);
  assert.equal(ledger.isAwaited(holder.claim, holder, true), false);
  other.connections = 0;
  elsewhere.rerank(other);
  elsewhere.nextEligible();
  assert.equal(ledger.isAwaited(holder.claim, holder, true), true);
  elsewhere.stopWaiting(other);
  elsewhere.nextEligible();
  assert.equal(ledger.isAwaited(holder.claim, holder), false);
  new Part(elsewhere, 'a third').wait();
  assert.equal(ledger.isAwaited(holder.claim, holder, true), true);
});

test('who keeps idle connections hears that a slot on its way back makes no room for one who counted on it', () => {
  const { ledger, elsewhere, holder, other } = parts(4, 0);
  elsewhere.stopWaiting(other);
  elsewhere.nextEligible();
  const above = new Part(elsewhere, 'another', 5).open(1);
  elsewhere.startLeaving(above.claim);
  ledger.setIdle(true);
  other.wait();
  assert.notEqual(ledger.poll(), 0);
  assert.equal(ledger.isAwaited(holder.claim, holder), false, 'a slot is on its way back');
  elsewhere.release(above.claim, true);
  assert.notEqual(ledger.poll(), 0);
  assert.equal(ledger.isAwaited(holder.claim, holder), true);
});

test('and that somebody of the same shard has taken it', () => {
  const { ledger, elsewhere, holder, other } = parts(3, 0);
  elsewhere.stopWaiting(other);
  elsewhere.nextEligible();
  const leaving = new Part(elsewhere, 'another').open(1);
  elsewhere.startLeaving(leaving.claim);
  ledger.setIdle(true);
  other.wait();
  ledger.poll();
  elsewhere.release(leaving.claim, true);
  assert.equal(ledger.poll(), 0, 'there is room');
  new Part(elsewhere, 'a third').open(1);
  assert.notEqual(ledger.poll(), 0);
  assert.equal(ledger.isAwaited(holder.claim, holder), true);
});

test('and that what an ended shard held makes none either', () => {
  const { control, begin, ledger, elsewhere, holder, other } = parts(4, 0);
  elsewhere.stopWaiting(other);
  elsewhere.nextEligible();
  new Part(begin(2), 'another', 5).open(1);
  ledger.setIdle(true);
  control.ended(2);
  for (const shard of [ledger, elsewhere]) shard.poll();
  assert.ok(control.recover());
  for (const shard of [ledger, elsewhere]) shard.poll();
  other.wait();
  assert.notEqual(ledger.poll(), 0);
  assert.equal(ledger.isAwaited(holder.claim, holder), false, 'a slot is on its way back');
  for (const { index } of control.held()) control.giveBackHeld(index);
  assert.notEqual(ledger.poll(), 0);
  assert.equal(ledger.isAwaited(holder.claim, holder), true);
});

/** In one shard somebody waits for a slot of the first of two counters, and then in some shard somebody for the second. */
function woken(isSameShard: boolean) {
  const { ledger, elsewhere, other } = parts(0, 0);
  elsewhere.stopWaiting(other);
  elsewhere.nextEligible();
  const [first, second] = ['first', 'second'].map((key) => {
    elsewhere.refer(key);
    return ledger.refer(key);
  }) as [CounterIndex, CounterIndex];
  const claim = makeClaim([
    [first, 1],
    [second, 1],
  ]);
  ledger.acquire(claim);
  const [earlier, later]: Waiter[] = [1, 2].map(() => ({ waits: [], hasNoConnection: true }));
  elsewhere.wait(earlier!, first, 1);
  (isSameShard ? elsewhere : ledger).wait(later!, second, 1);
  ledger.give(first);
  elsewhere.poll();
  assert.equal(elsewhere.nextEligible(), earlier);
  return { ledger, elsewhere, first, second, claim, earlier: earlier!, later: later! };
}

for (const isSameShard of [true, false]) {
  test(`who was woken and finds another counter full keeps its place, ${isSameShard ? '' : 'also '}before one of ${isSameShard ? 'its' : 'another'} shard`, () => {
    const { ledger, elsewhere, second, claim, earlier } = woken(isSameShard);
    assert.equal(elsewhere.acquire(claim), 1);
    elsewhere.wait(earlier, second, 1);
    ledger.give(second);
    assert.equal(ledger.nextEligible(), null);
    elsewhere.poll();
    assert.equal(elsewhere.nextEligible(), earlier);
    assert.equal(elsewhere.acquire(claim), ADMITTED);
  });
}

test('who has taken a slot since it was woken, or was not woken in this turn, waits as a newcomer', () => {
  for (const hasTaken of [true, false]) {
    const { elsewhere, ledger, first, second, earlier, later } = woken(true);
    if (hasTaken) elsewhere.acquire(makeClaim([[first, 1]]));
    else elsewhere.nextEligible();
    elsewhere.wait(earlier, second, 1);
    ledger.give(second);
    elsewhere.poll();
    assert.equal(elsewhere.nextEligible(), later);
  }
});

test('who waits again below another limit is not left what is above that', () => {
  const { ledger, elsewhere, other } = parts(0, 0);
  elsewhere.stopWaiting(other);
  elsewhere.nextEligible();
  elsewhere.refer('counter');
  const counter = ledger.refer('counter');
  ledger.acquire(makeClaim([[counter, 1]]));
  const [first, second]: Waiter[] = [1, 2].map(() => ({ waits: [], hasNoConnection: true }));
  elsewhere.wait(first!, counter, 2);
  ledger.wait(second!, counter, 2);
  assert.equal(elsewhere.nextEligible(), first);
  assert.equal(ledger.nextEligible(), null, 'the slot is left to the other shard');
  elsewhere.wait(first!, counter, 1);
  ledger.poll();
  assert.equal(ledger.nextEligible(), second);
});
