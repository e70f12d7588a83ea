import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NO_LIMIT } from '../base/limit.ts';
import { ADMITTED, type Claim, Ledger, makeClaim } from './ledger.ts';
import type { Wait, Waiter } from './wait-list.ts';

class Client implements Waiter {
  readonly waits: Wait[] = [];
  held: Claim[] = [];
  name: string;
  constructor(name: string) {
    this.name = name;
  }
  get hasNoConnection(): boolean {
    return this.held.length === 0;
  }
}

test('a claim takes a slot in every counter or in none', () => {
  const ledger = new Ledger();
  const [pair, total] = [ledger.refer('pair'), ledger.refer('total')];
  const claim = makeClaim([
    [pair, 5],
    [total, 1],
  ]);
  assert.equal(ledger.acquire(claim), ADMITTED);
  assert.equal(ledger.acquire(claim), 1, 'the position of the full counter');
  assert.deepEqual([ledger.open(pair), ledger.open(total)], [1, 1]);
});

for (const [limit, admitted] of [
  [0, 0],
  [1, 1],
  [7, 7],
  [NO_LIMIT, 20],
] as const) {
  test(`limit ${limit} admits ${admitted} of 20`, () => {
    const ledger = new Ledger();
    const claim = makeClaim([[ledger.refer('pair'), limit]]);
    let count = 0;
    for (let round = 0; round < 20; round++) if (ledger.acquire(claim) === ADMITTED) count++;
    assert.equal(count, admitted);
  });
}

test('two limits read one counter: the smaller waits until the count is below it', () => {
  const ledger = new Ledger();
  const counter = ledger.refer('address');
  const wide = makeClaim([[counter, 4]]);
  for (let round = 0; round < 4; round++) ledger.acquire(wide);
  const small = new Client('small');
  const large = new Client('large');
  ledger.wait(small, counter, 2);
  ledger.wait(large, counter, 4);
  ledger.release(wide, false);
  assert.equal(ledger.nextEligible(), large);
  assert.equal(ledger.nextEligible(), null);
  ledger.release(wide, false);
  ledger.release(wide, false);
  assert.equal(ledger.nextEligible(), small);
});

test('who has no connection goes first, then the longest wait; losing the last connection moves one ahead', () => {
  const ledger = new Ledger();
  const counter = ledger.refer('total');
  const claim = makeClaim([[counter, 1]]);
  ledger.acquire(claim);
  const [first, second, third] = [new Client('first'), new Client('second'), new Client('third')];
  first.held.push(claim);
  second.held.push(claim);
  for (const client of [first, second, third]) ledger.wait(client, counter, 1);
  second.held.pop();
  ledger.rerank(second);
  ledger.release(claim, false);
  assert.deepEqual([ledger.nextEligible(), ledger.nextEligible(), ledger.nextEligible()], [third, second, first]);
});

test('while a universal counter is full a release wakes one waiter, who is to wait for that counter', () => {
  const ledger = new Ledger();
  const node = ledger.addUniversal('node', 1);
  const pair = ledger.refer('pair');
  const other = makeClaim([[node, 1]]);
  const claim = makeClaim([
    [node, 1],
    [pair, 1],
  ]);
  ledger.acquire(claim);
  const [first, second] = [new Client('first'), new Client('second')];
  ledger.wait(first, pair, 1);
  ledger.wait(second, pair, 1);
  ledger.release(claim, false);
  ledger.acquire(other);
  assert.equal(ledger.isAwaited(other, new Client('holder')), false);
  assert.equal(ledger.nextEligible(), first);
  assert.equal(ledger.acquire(claim), claim.counters.indexOf(node));
  ledger.wait(first, node, 1);
  assert.equal(ledger.isAwaited(other, new Client('holder')), true, 'who holds the slot is to hand it over');
  assert.equal(ledger.nextEligible(), null, 'one for each release');
  ledger.release(other, false);
  const woken = [ledger.nextEligible(), ledger.nextEligible(), ledger.nextEligible()];
  assert.deepEqual(new Set(woken), new Set([first, second, null]), 'everybody, once there is room');
});

test('a release is not forgotten when another takes the last slot of the universal counter first', () => {
  const ledger = new Ledger();
  const node = ledger.addUniversal('node', 1);
  const claim = makeClaim([
    [node, 1],
    [ledger.refer('pair'), 1],
  ]);
  const other = makeClaim([[node, 1]]);
  ledger.acquire(claim);
  const [ofNode, ofPair] = [new Client('of node'), new Client('of pair')];
  ledger.wait(ofNode, node, 1);
  ledger.wait(ofPair, claim.counters[1]!, 1);
  ledger.release(claim, false);
  assert.equal(ledger.nextEligible(), ofNode);
  ledger.acquire(other);
  assert.equal(ledger.nextEligible(), ofPair);
});

test('an index is used again only when nothing refers to it, holds it or waits for it', () => {
  const ledger = new Ledger();
  const index = ledger.refer('a');
  const claim = makeClaim([[index, 1]]);
  ledger.acquire(claim);
  ledger.unrefer(index);
  assert.notEqual(ledger.refer('b'), index);
  assert.equal(ledger.refer('a'), index, 'still counted, so the key keeps its count');
  ledger.unrefer(index);
  ledger.release(claim, false);
  assert.equal(ledger.refer('c'), index);
  assert.equal(ledger.open(index), 0);
});

test('surplus counts those that are leaving only once', () => {
  const ledger = new Ledger();
  const counter = ledger.refer('pair');
  const before = Array.from({ length: 5 }, () => makeClaim([[counter, 5]]));
  for (const claim of before) ledger.acquire(claim);
  const claims = before.map((claim) => {
    const lowered = makeClaim([[counter, 3]]);
    ledger.exchange(claim, lowered, false);
    return lowered;
  });
  const leaving = claims.filter((claim) => {
    if (!ledger.isSurplus(claim)) return false;
    ledger.startLeaving(claim);
    return true;
  });
  assert.equal(leaving.length, 2);
  for (const claim of leaving) ledger.release(claim, true);
  assert.equal(ledger.open(counter), 3);
  assert.ok(!claims.some((claim) => ledger.isSurplus(claim)));
});

test('an exchanged claim counts in new counters whether they have room or not, and no more in those that went', () => {
  const ledger = new Ledger();
  const [kept, gone, fresh] = [ledger.refer('kept'), ledger.refer('gone'), ledger.refer('fresh')];
  const before = makeClaim([
    [kept, 2],
    [gone, 2],
  ]);
  const after = makeClaim([
    [kept, 2],
    [fresh, 0],
  ]);
  ledger.acquire(before);
  ledger.acquire(before);
  const counts = () => [kept, gone, fresh].map((counter) => ledger.open(counter));
  ledger.startLeaving(before);
  ledger.exchange(before, after, true);
  assert.deepEqual(counts(), [2, 1, 1]);
  assert.equal(ledger.isSurplus(after), false, 'the one that counts there is leaving');
  ledger.exchange(before, after, false);
  assert.deepEqual(counts(), [2, 0, 2]);
  assert.equal(ledger.isSurplus(after), true);
  ledger.release(after, true);
  ledger.release(after, false);
  assert.deepEqual(counts(), [0, 0, 0]);
});

test('a counter that an exchange leaves empty has room for those who wait for it', () => {
  const ledger = new Ledger();
  const counter = ledger.refer('gone');
  const claim = makeClaim([[counter, 1]]);
  ledger.acquire(claim);
  const client = new Client('waiting');
  ledger.wait(client, counter, 1);
  ledger.exchange(claim, makeClaim([]), false);
  assert.equal(ledger.nextEligible(), client);
});

test('a slot is taken below its limit, and is surplus above its bound', () => {
  const ledger = new Ledger();
  const counter = ledger.refer('node');
  const [ordinary, reserve] = [makeClaim([[counter, 1, 2]]), makeClaim([[counter, 2]])];
  assert.equal(ledger.acquire(ordinary), ADMITTED);
  assert.equal(ledger.acquire(ordinary), 0);
  assert.equal(ledger.acquire(reserve), ADMITTED);
  assert.equal(ledger.acquire(reserve), 0);
  assert.ok(!ledger.isSurplus(ordinary) && !ledger.isSurplus(reserve));
  assert.ok(ledger.isSurplus(makeClaim([[counter, 1]])));
});

test('above the limit of a universal counter, only those without a connection have slots handed over to them', () => {
  const ledger = new Ledger();
  const node = ledger.addUniversal('node', 2);
  const claim = makeClaim([[node, 4]]);
  for (let slot = 0; slot < 4; slot++) ledger.acquire(claim);
  const [holder, served, starving] = [new Client('holder'), new Client('served'), new Client('starving')];
  served.held.push(claim);
  ledger.wait(served, node, 2);
  assert.equal(ledger.isAwaited(claim, holder), false);
  ledger.stopWaiting(served);
  ledger.wait(starving, node, 2);
  assert.deepEqual([...ledger.waitersWithoutConnection(node)], [starving]);
  for (let slot = 0; slot < 3; slot++) {
    assert.equal(ledger.isAwaited(claim, holder), true, 'until there is room below the limit');
    ledger.startLeaving(claim);
  }
  assert.equal(ledger.isAwaited(claim, holder), false);
});

test('who waits twice for the same waits once', () => {
  const ledger = new Ledger();
  const counter = ledger.refer('host');
  const client = new Client('twice');
  ledger.wait(client, counter, 1);
  ledger.wait(client, counter, 1);
  ledger.wait(client, counter, 2);
  assert.equal(client.waits.length, 2);
});

test('property: thousands of operations in any order keep every counter exact and wake everybody who could go', () => {
  const step = fc.record({ client: fc.nat(11), action: fc.constantFrom('want', 'want', 'want', 'give', 'leave') });
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 6, maxLength: 6 }),
      fc.integer({ min: 1, max: 8 }),
      fc.array(step, { minLength: 50, maxLength: 2500 }),
      (limits, nodeLimit, steps) => {
        const ledger = new Ledger();
        const node = ledger.addUniversal('node', nodeLimit);
        const shared = limits.map((_, at) => ledger.refer(`shared ${at}`));
        const clients = Array.from({ length: 12 }, (_, at) => new Client(String(at)));
        // Each client claims the node and two shared counters; every third reads one against a limit of its own.
        const claims = clients.map((_, at) => {
          const [one, two] = [at % 6, (at * 5 + 1) % 6];
          const pairs: [number, number][] = [
            [node, nodeLimit],
            [shared[one]!, at % 3 === 0 ? limits[one]! + 1 : limits[one]!],
          ];
          if (two !== one) pairs.push([shared[two]!, limits[two]!]);
          return makeClaim(pairs);
        });
        const tryOpen = (client: Client): void => {
          const claim = claims[Number(client.name)]!;
          const at = ledger.acquire(claim);
          if (at === ADMITTED) client.held.push(claim);
          else ledger.wait(client, claim.counters[at]!, claim.limits[at]!);
        };
        const wakeAll = (): void => {
          for (let waiter = ledger.nextEligible(); waiter !== null; waiter = ledger.nextEligible()) {
            tryOpen(waiter as Client);
          }
        };
        for (const { client: at, action } of steps) {
          const client = clients[at]!;
          if (action === 'want') {
            if (client.waits.length === 0) tryOpen(client);
          } else {
            const claim = client.held.pop();
            if (claim === undefined) continue;
            if (action === 'leave') ledger.startLeaving(claim);
            if (client.held.length === 0) ledger.rerank(client);
            ledger.release(claim, action === 'leave');
            wakeAll();
          }
          check(ledger, clients, claims);
        }
        for (const client of clients) {
          ledger.stopWaiting(client);
          for (const claim of client.held.splice(0)) ledger.release(claim, false);
        }
        for (const { open, waiting } of ledger.counters()) assert.deepEqual([open, waiting], [0, 0]);
      },
    ),
    { numRuns: 60 },
  );
});

function check(ledger: Ledger, clients: Client[], claims: Claim[]): void {
  const held = new Map<number, number>();
  for (const client of clients) {
    for (const claim of client.held)
      for (const counter of claim.counters) held.set(counter, (held.get(counter) ?? 0) + 1);
  }
  for (const [counter, count] of held) assert.equal(ledger.open(counter), count);
  clients.forEach((client, at) => {
    const claim = claims[at]!;
    const highest = claim.counters.map((counter) => ledger.open(counter));
    if (client.held.length > 0) {
      // Against the smallest limit anybody reads, plus the one that reads one more.
      for (const [place, limit] of claim.limits.entries()) assert.ok(highest[place]! <= limit + 1);
    }
    const hasRoom = claim.counters.every((counter, place) => ledger.open(counter) < claim.limits[place]!);
    assert.ok(client.waits.length === 0 || !hasRoom, 'nobody waits who could go');
  });
}
