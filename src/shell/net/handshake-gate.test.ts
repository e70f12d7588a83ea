import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HANDSHAKES_MAX, HANDSHAKES_PER_ADDRESS_MAX, type Handshake, HandshakeGate } from './handshake-gate.ts';

/** Handshakes that end when the test says so. */
class Bench {
  readonly gate: HandshakeGate;
  readonly started: string[] = [];
  readonly running = new Set<Handshake>();
  readonly givenUp: string[] = [];

  constructor(patienceMs?: number) {
    this.gate = new HandshakeGate(patienceMs);
  }

  enter(address: string, count = 1): Handshake[] {
    return Array.from({ length: count }, () => {
      const handshake: Handshake = {
        address,
        start: () => {
          this.started.push(address);
          this.running.add(handshake);
        },
        giveUp: () => {
          this.givenUp.push(address);
          this.end(handshake);
        },
      };
      this.gate.enter(handshake);
      return handshake;
    });
  }

  end(handshake: Handshake): void {
    this.running.delete(handshake);
    this.gate.leave(handshake);
  }

  /** Enough turns of the loop for whatever may start. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

test('one begins in each turn of the loop', async () => {
  const bench = new Bench();
  bench.enter('a', 3);
  assert.equal(bench.started.length, 0);
  for (let turn = 1; turn <= 3; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(bench.started.length, turn);
  }
});

test('so many at once and no more; each end lets one more in', async () => {
  const bench = new Bench();
  for (const address of ['a', 'b', 'c']) bench.enter(address, HANDSHAKES_PER_ADDRESS_MAX);
  await bench.settle();
  assert.equal(bench.running.size, HANDSHAKES_MAX);
  let total = HANDSHAKES_MAX;
  for (let ended = 0; ended < 10; ended++) {
    const [first] = bench.running;
    bench.end(first!);
    await bench.settle();
    total += 1;
    assert.deepEqual([bench.running.size, bench.started.length], [HANDSHAKES_MAX, total]);
  }
  assert.equal(bench.gate.running, HANDSHAKES_MAX);
});

test('one address has a part of the places, and others come in although its row is longer', async () => {
  const bench = new Bench();
  bench.enter('slow', 100);
  await bench.settle();
  assert.equal(bench.running.size, HANDSHAKES_PER_ADDRESS_MAX);
  bench.enter('quick', 2);
  await bench.settle();
  assert.deepEqual(bench.started.slice(HANDSHAKES_PER_ADDRESS_MAX), ['quick', 'quick']);
});

test('addresses take turns', async () => {
  const bench = new Bench();
  bench.enter('a', 3);
  bench.enter('b', 2);
  bench.enter('c', 1);
  await bench.settle();
  assert.deepEqual(bench.started, ['a', 'b', 'c', 'a', 'b', 'a']);
});

test('one that leaves while it waits is never started', async () => {
  const bench = new Bench();
  const [first, second] = bench.enter('a', 2);
  bench.gate.leave(first!);
  await bench.settle();
  assert.deepEqual([...bench.running], [second]);
  bench.end(second!);
  bench.gate.leave(second!); // once more is no harm
  bench.enter('a');
  await bench.settle();
  assert.equal(bench.gate.running, 1);
});

test('who takes too long goes when others wait for the place', async () => {
  const bench = new Bench(0);
  bench.enter('a', HANDSHAKES_PER_ADDRESS_MAX);
  bench.enter('b', HANDSHAKES_MAX - HANDSHAKES_PER_ADDRESS_MAX);
  await bench.settle();
  assert.equal(bench.running.size, HANDSHAKES_MAX);
  assert.equal(bench.givenUp.length, 0, 'nobody waits');
  bench.enter('c');
  while (!bench.started.includes('c')) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(bench.givenUp.length > 0 && !bench.givenUp.includes('c'));
});

test('who takes too long stays when only others of a full address wait', async () => {
  const bench = new Bench(0);
  bench.enter('other');
  bench.enter('a', HANDSHAKES_PER_ADDRESS_MAX + 1);
  while (bench.started.length < HANDSHAKES_PER_ADDRESS_MAX + 2) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(bench.givenUp.length > 0 && !bench.givenUp.includes('other'));
});
