// Where somebody who waits again comes in.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Waiter, WaitList } from './wait-list.ts';

const waiter = (hasNoConnection = true): Waiter => ({ waits: [], hasNoConnection });

function order(list: WaitList): Waiter[] {
  return [...list.withoutConnection(), ...list.withConnection()];
}

for (const [ticket, place] of [
  [1, 0],
  [15, 1],
  [25, 2],
  [35, 3],
] as const) {
  test(`of the tickets 10, 20 and 30 there are ${place} before ${ticket}`, () => {
    const list = new WaitList(0, 1);
    for (const other of [10, 20, 30]) list.add(waiter(), other);
    const again = waiter();
    list.addAgain(again, ticket);
    assert.equal(order(list).indexOf(again), place);
    assert.equal(list.size, 4);
    list.add(waiter(), 40);
    assert.equal(order(list).indexOf(again), place);
  });
}

test('those with a connection are another row', () => {
  const list = new WaitList(0, 1);
  const [first, second, again] = [waiter(), waiter(false), waiter(false)];
  list.add(first, 30);
  list.add(second, 20);
  list.addAgain(again, 10);
  assert.deepEqual(order(list), [first, again, second]);
});

for (const [before, place] of [
  [100, 100],
  [101, 102],
] as const) {
  test(`behind ${before} others it comes ${place === before ? 'in its place' : 'last'}`, () => {
    const list = new WaitList(0, 1);
    for (let ticket = 1; ticket <= before; ticket++) list.add(waiter(), ticket);
    list.add(waiter(), 1000);
    const again = waiter();
    list.addAgain(again, 500);
    assert.equal(order(list).indexOf(again), place);
  });
}
