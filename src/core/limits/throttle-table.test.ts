import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WaitingClient } from '../../../test/support/waiting-client.ts';
import { type Moment, monoMs, wallMs } from '../base/moment.ts';
import { Timers } from '../base/timers.ts';
import { ThrottleMemory } from './throttle-memory.ts';
import type { ThrottleRecord } from './throttle-record.ts';
import { type RecordWriter, type SharedThrottle, ThrottleTable } from './throttle-table.ts';
import { stopWaiting } from './wait-list.ts';

const SET_AT = { file: 'test.conf', line: 1, column: 1 };
const WALL_ORIGIN = 1_000_000_000;

/** A table whose records are on stable storage as soon as the test says so. */
class Bench implements RecordWriter {
  at: Moment;
  timers = new Timers();
  table: ThrottleTable;
  /** On stable storage. */
  records: readonly ThrottleRecord[] = [];
  pending: readonly ThrottleRecord[] | null = null;
  writes = 0;

  constructor(startedAt = 0, records: readonly ThrottleRecord[] = [], isDamaged = false, wallShift = 0) {
    this.at = { mono: monoMs(startedAt), wall: wallMs(startedAt + WALL_ORIGIN + wallShift) };
    this.records = records;
    const memory = new ThrottleMemory({ records, isDamaged }, this.at);
    this.table = new ThrottleTable(this.timers, memory, this);
  }

  reserve(records: readonly ThrottleRecord[]): void {
    this.writes += 1;
    this.pending = [...this.records, ...records];
  }
  writeAll(records: readonly ThrottleRecord[]): void {
    this.writes += 1;
    this.pending = records;
  }

  refer(count: number, periodMs: number, key = 'global'): SharedThrottle {
    return this.table.refer({ key, count, periodMs, setAt: SET_AT });
  }

  later(ms: number): void {
    this.at = { mono: monoMs(this.at.mono + ms), wall: wallMs(this.at.wall + ms) };
    this.timers.advance(this.at.mono);
  }

  /** The write under way ends. */
  finish(isDurable = true): void {
    assert.ok(this.pending !== null);
    if (isDurable) this.records = this.pending;
    this.pending = null;
    this.table.written(isDurable, this.at.mono);
  }

  /** Asks for a token, and waits for it when there is none. */
  ask(client: WaitingClient, throttle: SharedThrottle): boolean {
    const hasRoom = this.table.hasRoom(throttle, [client], this.at.mono);
    if (hasRoom) this.table.take(throttle, this.at.mono);
    else this.table.wait(client, throttle, this.at.mono);
    return hasRoom;
  }

  /** Everybody who is woken tries to take one. @returns who took one, in order */
  run(throttle: SharedThrottle, takes: (client: WaitingClient) => boolean = () => true): string[] {
    const took: string[] = [];
    for (;;) {
      const client = this.table.nextEligible(this.at.mono) as WaitingClient | null;
      if (client === null) break;
      if (takes(client) && this.ask(client, throttle)) took.push(client.name);
    }
    this.table.write(this.at);
    return took;
  }
}

test('short windows begin as if the count had happened at the start', () => {
  const bench = new Bench(500);
  const throttle = bench.refer(2, 9999);
  assert.equal(throttle.free(monoMs(10_498)), 0);
  assert.equal(throttle.free(monoMs(10_499)), 2);
});

test('one key is one throttle; a changed value keeps what happened', () => {
  const bench = new Bench();
  bench.later(1000);
  const throttle = bench.refer(2, 1000);
  assert.equal(bench.refer(2, 1000), throttle);
  assert.notEqual(bench.refer(2, 1000, 'other'), throttle);
  assert.ok(bench.ask(new WaitingClient('a'), throttle));
  assert.equal(bench.refer(1, 1000), throttle);
  assert.equal(throttle.free(bench.at.mono), 0);
  bench.refer(3, 1000);
  assert.equal(throttle.free(bench.at.mono), 2);
});

test('who has no connection is woken first, then the longest wait, one for each token', () => {
  const bench = new Bench();
  bench.later(1000);
  const throttle = bench.refer(2, 1000);
  const [first, second] = [new WaitingClient('first', false), new WaitingClient('second', false)];
  const [third, fourth] = [new WaitingClient('third'), new WaitingClient('fourth')];
  assert.ok(bench.ask(first, throttle));
  assert.ok(bench.ask(second, throttle));
  for (const client of [first, second, third, fourth]) assert.ok(!bench.ask(client, throttle));
  bench.later(999);
  assert.deepEqual(bench.run(throttle), []);
  bench.later(1);
  assert.deepEqual(bench.run(throttle), ['third', 'fourth']);
  bench.later(1000);
  assert.deepEqual(bench.run(throttle), ['first', 'second']);
});

test('a woken waiter that does not take its token leaves it to the next', () => {
  const bench = new Bench();
  bench.later(1000);
  const throttle = bench.refer(1, 1000);
  const clients = ['a', 'b', 'c'].map((name) => new WaitingClient(name));
  assert.ok(bench.ask(new WaitingClient('holder'), throttle));
  for (const client of clients) bench.ask(client, throttle);
  bench.later(1000);
  assert.deepEqual(
    bench.run(throttle, ({ name }) => name === 'c'),
    ['c'],
  );
});

test('nobody takes a token past those who wait for it', () => {
  const bench = new Bench();
  bench.later(1000);
  const throttle = bench.refer(2, 1000);
  const [waiting, late] = [new WaitingClient('waiting'), new WaitingClient('late')];
  bench.ask(new WaitingClient('holder'), throttle);
  bench.later(10);
  bench.ask(new WaitingClient('holder'), throttle);
  assert.ok(!bench.ask(waiting, throttle));
  bench.at = { ...bench.at, mono: monoMs(bench.at.mono + 990) }; // recovered, and its timer has not fired
  assert.ok(!bench.ask(late, throttle));
  assert.deepEqual(bench.run(throttle), ['waiting']);
});

test('a raised rate is used at once by those who wait', () => {
  const bench = new Bench();
  bench.later(1000);
  const throttle = bench.refer(1, 1000);
  bench.ask(new WaitingClient('holder'), throttle);
  bench.ask(new WaitingClient('waiting'), throttle);
  bench.refer(2, 1000);
  assert.deepEqual(bench.run(throttle), ['waiting']);
});

test('tokens of a long window wait for the disk; many throttles go into one write; nothing throttled, no write', () => {
  const bench = new Bench();
  bench.table.write(bench.at);
  const throttles = ['a', 'b', 'c'].map((key) => bench.refer(600, 60_000, key));
  bench.table.write(bench.at);
  assert.equal(bench.writes, 0);
  const clients = throttles.map(({ value }) => new WaitingClient(value.key));
  for (const [index, client] of clients.entries()) assert.ok(!bench.ask(client, throttles[index]!));
  bench.table.write(bench.at);
  assert.equal(bench.writes, 1);
  assert.equal(bench.table.nextEligible(bench.at.mono), null);
  bench.finish();
  assert.deepEqual(bench.records, [
    ...['a', 'b', 'c'].map((key) => ({
      kind: 'window',
      key,
      periodMs: 60_000,
      events: [],
      reserved: 10,
      unknownUntil: null,
    })),
  ]);
  assert.deepEqual(bench.run(throttles[0]!), ['a', 'b', 'c'], 'the three take from the first, which has ten');
});

test('after an unclean stop all that was reserved counts as taken at the start; after an orderly one nothing', () => {
  const bench = new Bench();
  const throttle = bench.refer(60, 60_000);
  const client = new WaitingClient('a');
  bench.ask(client, throttle);
  bench.table.write(bench.at);
  bench.finish();
  assert.deepEqual(bench.run(throttle), ['a']);
  const killed = new Bench(20_000, bench.records).refer(60, 60_000);
  assert.deepEqual([...killed.window.own.remembered()], [[20_000, 1]]);
  const stopped = new Bench(20_000, bench.table.finalRecords(bench.at)!).refer(60, 60_000);
  assert.deepEqual([...stopped.window.own.remembered()], [[0, 1]]);
});

test('a wall clock that went backwards counts what is written as happening now', () => {
  const bench = new Bench();
  const throttle = bench.refer(60, 60_000);
  bench.ask(new WaitingClient('a'), throttle);
  bench.table.write(bench.at);
  bench.finish();
  bench.run(throttle);
  const records = bench.table.finalRecords(bench.at)!;
  const later = new Bench(20_000, records, false, -3_600_000).refer(60, 60_000);
  assert.deepEqual([...later.window.own.remembered()], [[20_000, 1]]);
});

test('damage: every long window begins full, and stays so known over the next restart', () => {
  const bench = new Bench(1000, [], true);
  const throttle = bench.refer(6, 60_000);
  assert.equal(throttle.window.recoversAt(bench.at.mono), 61_000);
  bench.later(60_000);
  bench.ask(new WaitingClient('a'), throttle);
  bench.table.write(bench.at);
  bench.finish();
  const next = new Bench(2000, bench.records).refer(6, 600_000, 'another');
  assert.equal(next.window.recoversAt(monoMs(2000)), 601_000);
});

test('a write that did not work is tried again after a second, with everything', () => {
  const bench = new Bench();
  const throttle = bench.refer(60, 60_000);
  bench.ask(new WaitingClient('a'), throttle);
  bench.table.write(bench.at);
  bench.finish(false);
  assert.deepEqual(bench.run(throttle), []);
  assert.equal(bench.pending, null);
  bench.later(1000);
  bench.run(throttle);
  assert.equal(bench.writes, 2);
  bench.finish();
  assert.deepEqual(bench.run(throttle), ['a']);
});

test('throttles that know nothing of use are forgotten with the next configuration', () => {
  const bench = new Bench();
  const throttle = bench.refer(1, 1000);
  bench.later(2000);
  bench.ask(new WaitingClient('a'), throttle);
  bench.table.forget(bench.at.mono);
  assert.equal(bench.refer(1, 1000), throttle);
  bench.later(86_400_000);
  bench.table.forget(bench.at.mono);
  assert.notEqual(bench.refer(1, 1000), throttle);
});

type Step =
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'ask' | 'write' | 'fail' | 'kill' | 'stop' };

const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(4000) }) },
  { weight: 6, arbitrary: fc.constant({ kind: 'ask' as const }) },
  { weight: 5, arbitrary: fc.constant({ kind: 'write' as const }) },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ kind: 'fail' }, { kind: 'kill' }, { kind: 'stop' }) },
);

test('over any kills, stops and failed writes no span holds more than the count, and waiters get what there is', () => {
  fc.assert(
    fc.property(
      fc.array(stepArbitrary, { maxLength: 120 }),
      fc.integer({ min: 1, max: 40 }),
      fc.constantFrom(10_000, 15_000),
      (steps, count, periodMs) => {
        let bench = new Bench();
        let throttle = bench.refer(count, periodMs);
        let waiting: WaitingClient[] = [];
        const events: number[] = [];
        const settle = (): void => {
          for (const name of bench.run(throttle)) {
            events.push(bench.at.mono);
            waiting = waiting.filter((client) => client.name !== name);
          }
          const isStuck = waiting.length > 0 && throttle.free(bench.at.mono) > 0;
          assert.ok(!isStuck, 'a token is left although somebody waits for it');
          if (waiting.length > 0) assert.ok(bench.pending !== null || bench.timers.nextAt !== null, 'no wake-up');
        };
        const restart = (records: readonly ThrottleRecord[]): void => {
          bench = new Bench(bench.at.mono, records);
          throttle = bench.refer(count, periodMs);
          waiting = [];
        };
        for (const step of steps) {
          if (step.kind === 'wait') bench.later(step.ms);
          else if (step.kind === 'ask') {
            const client = new WaitingClient(`${events.length} ${waiting.length} ${Math.floor(bench.at.mono)}`);
            if (bench.ask(client, throttle)) events.push(bench.at.mono);
            else waiting.push(client);
          } else if (step.kind === 'write' || step.kind === 'fail') {
            if (bench.pending !== null) bench.finish(step.kind === 'write');
          } else if (step.kind === 'kill')
            restart(bench.pending !== null && count % 2 === 0 ? bench.pending : bench.records);
          else restart(bench.table.finalRecords(bench.at) ?? []);
          settle();
        }
        for (const from of events) {
          const span = events.filter((event) => event >= from && from + periodMs > event).length;
          assert.ok(span <= count, `${span} of ${count} from ${from}`);
        }
        for (const client of waiting) stopWaiting(client);
      },
    ),
    { numRuns: 300 },
  );
});
