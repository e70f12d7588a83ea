import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type MonoMs, monoMs } from '../base/moment.ts';
import { Timers } from '../base/timers.ts';
import { type QueryLimit, QueryPacer } from './query-pacer.ts';

class Bench {
  now: MonoMs = monoMs(5000);
  limit: QueryLimit | null;
  readonly timers = new Timers();
  readonly asked: { readonly name: string; readonly at: number }[] = [];
  readonly pacer: QueryPacer;

  constructor(queries: number, periodMs: number, waitingMax = 1000) {
    this.limit = { queries, periodMs, waitingMax };
    this.pacer = new QueryPacer(
      this.timers,
      () => this.limit,
      () => this.now,
    );
  }

  ask(name: string): void {
    this.pacer.pass(() => this.asked.push({ name, at: this.now - 5000 }));
  }

  /** Lets time pass; the timer fires when it is due, and never for nothing. */
  until(ms: number): void {
    for (let next = this.timers.nextAt; next !== null && next <= 5000 + ms; next = this.timers.nextAt) {
      this.now = next;
      this.timers.advance(next);
    }
    this.now = monoMs(5000 + ms);
  }

  get texts(): string[] {
    return this.asked.map(({ name, at }) => `${name} ${at}`);
  }
}

test('so many in any span of the period, the others in order as soon as there is room', () => {
  const bench = new Bench(2, 1000);
  bench.ask('a');
  bench.until(600);
  for (const name of ['b', 'c', 'd', 'e']) bench.ask(name);
  bench.until(10_000);
  assert.deepEqual(bench.texts, ['a 0', 'b 600', 'c 1000', 'd 1600', 'e 2000']);
  const { immediate, queued, drained, overflow, waiting } = bench.pacer.figures!;
  assert.deepEqual([immediate, queued, drained, overflow, waiting], [2, 3, 3, 0, 0]);
  assert.equal(bench.timers.nextAt, null, 'nothing is woken without need');
  bench.pacer.resetFigures();
  const limit = { queries: 2, periodMs: 1000, waitingMax: 1000 };
  const none = { waiting: 0, immediate: 0, queued: 0, drained: 0, overflow: 0 };
  assert.deepEqual(bench.pacer.figures, { ...limit, ...none });
});

test('where as many wait as may, the next is asked at once', () => {
  const bench = new Bench(1, 1000, 2);
  for (const name of ['a', 'b', 'c', 'd']) bench.ask(name);
  assert.deepEqual(bench.texts, ['a 0', 'd 0']);
  assert.deepEqual([bench.pacer.figures!.waiting, bench.pacer.figures!.overflow], [2, 1]);
  bench.until(5000);
  assert.deepEqual(bench.texts, ['a 0', 'd 0', 'b 1000', 'c 2000']);
});

test('without a limit nobody waits', () => {
  const bench = new Bench(1, 1000);
  bench.limit = null;
  assert.equal(bench.pacer.figures, null);
  for (const name of ['a', 'b', 'c']) bench.ask(name);
  assert.deepEqual(bench.texts, ['a 0', 'b 0', 'c 0']);
});

test('a limit that changes counts for those who wait', () => {
  const bench = new Bench(4, 1000);
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) bench.ask(name);
  bench.limit = { queries: 1, periodMs: 2000, waitingMax: 1000 };
  bench.until(10_000);
  assert.deepEqual(bench.texts.slice(4), ['e 2000', 'f 4000']);
});

test('whatever comes when, no span has more than allowed, all are asked in order, and nobody waits beside room', () => {
  const steps = fc.array(fc.nat(700), { maxLength: 60 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 1500 }), (gaps, queries, periodMs) => {
      const bench = new Bench(queries, periodMs);
      let time = 0;
      for (const [index, gap] of gaps.entries()) {
        time += gap;
        bench.until(time);
        bench.ask(String(index));
      }
      bench.until(time + periodMs * (gaps.length + 1));
      assert.deepEqual(
        bench.asked.map(({ name }) => name),
        gaps.map((_, index) => String(index)),
      );
      for (const [index, { at }] of bench.asked.entries()) {
        const before = bench.asked[index - queries];
        if (before !== undefined) assert.ok(at - before.at >= periodMs);
      }
    }),
  );
});
