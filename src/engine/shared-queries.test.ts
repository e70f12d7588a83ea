import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { monoMs, wallMs } from '../core/base/moment.ts';
import { Timers } from '../core/base/timers.ts';
import { LedgerMemory } from '../core/limits/ledger-memory.ts';
import { SharedWindows } from '../core/limits/shared-windows.ts';
import { ThrottleMemory } from '../core/limits/throttle-memory.ts';
import { WindowControl } from '../core/limits/window-control.ts';
import { WindowMemory } from '../core/limits/window-memory.ts';
import { type QueryLimit, QueryPacer } from '../core/routing/query-pacer.ts';
import { SharedQueries } from './shared-queries.ts';

const SEED = [1, 2, 3, 4];

class Site {
  now = 5000;
  limit: QueryLimit;
  readonly asked: { readonly shard: number; readonly at: number }[] = [];
  readonly timers: Timers[] = [];
  readonly #pacers: QueryPacer[] = [];
  readonly control: WindowControl;

  constructor(shards: number, limit: QueryLimit) {
    this.limit = limit;
    const bells = LedgerMemory.make({ shards, counters: 16 }, SEED);
    const memory = WindowMemory.make({ shards, windows: 16, entries: 4096 }, SEED);
    this.control = new WindowControl(memory, bells);
    const started = { mono: monoMs(this.now), wall: wallMs(1e9) };
    for (let shard = 0; shard < shards; shard++) {
      this.control.admit(shard);
      const saved = new ThrottleMemory({ records: [], isDamaged: false }, started);
      const windows = new SharedWindows({ memory, bells, shard, behindMs: 0, saved });
      const timers = new Timers();
      this.timers.push(timers);
      const now = () => monoMs(this.now);
      this.#pacers.push(new QueryPacer(timers, () => this.limit, now, new SharedQueries(windows)));
    }
  }

  ask(shard: number): void {
    this.#pacers[shard]!.pass(() => this.asked.push({ shard, at: this.now - 5000 }));
  }

  /** Shards look in their order when their timers are due. */
  until(ms: number): void {
    for (;;) {
      const next = Math.min(...this.timers.map((timers) => timers.nextAt ?? Number.POSITIVE_INFINITY));
      if (next > 5000 + ms) break;
      this.now = Math.max(this.now, next);
      for (const timers of this.timers) timers.advance(monoMs(this.now));
    }
    this.now = 5000 + ms;
  }

  get texts(): readonly string[] {
    return this.asked.map(({ shard, at }) => `${shard} at ${Math.floor(at)}`);
  }
}

test('questions of all shards are counted in one window, from the start on; shards with waiting ones take turns', () => {
  const site = new Site(2, { queries: 2, periodMs: 1000, waitingMax: 1000 });
  for (let number = 0; number < 3; number++) for (const shard of [0, 1]) site.ask(shard);
  site.until(3500);
  assert.equal(site.asked.length, 6);
  assert.deepEqual(site.texts.slice(0, 2), ['0 at 0', '1 at 0']);
  assert.deepEqual(
    [...site.texts.slice(2, 4)].sort().map((text) => text[0]),
    ['0', '1'],
  );
  assert.deepEqual(
    [...site.texts.slice(4)].sort().map((text) => text[0]),
    ['0', '1'],
  );
});

test('a shard that ends keeps no room from the others', () => {
  const site = new Site(2, { queries: 1, periodMs: 1000, waitingMax: 1000 });
  site.ask(0);
  site.ask(0); // waits, and goes first
  site.ask(1);
  site.timers.shift(); // it has no turn any more
  site.control.ended(0);
  site.until(1500);
  assert.deepEqual(site.texts, ['0 at 0', '1 at 1000']);
});

test('a lowered limit is kept to at once', () => {
  const site = new Site(2, { queries: 4, periodMs: 1000, waitingMax: 1000 });
  for (const shard of [0, 1, 0]) site.ask(shard);
  site.limit = { ...site.limit, queries: 2 };
  site.ask(1);
  site.until(900);
  assert.equal(site.asked.length, 3);
  site.until(1100);
  assert.equal(site.asked.length, 4);
});

test('in any order of questions no span has too many, and all are asked', () => {
  const question = fc.record({ shard: fc.nat(2), waitMs: fc.oneof(fc.constant(0), fc.nat(80)) });
  fc.assert(
    fc.property(
      fc.array(question, { maxLength: 100 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 300 }),
      (questions, queries, periodMs) => {
        const site = new Site(3, { queries, periodMs, waitingMax: 1000 });
        let ms = 0;
        for (const { shard, waitMs } of questions) {
          ms += waitMs;
          site.until(ms);
          site.ask(shard);
        }
        site.until(ms + (questions.length + 1) * (periodMs + 20));
        assert.equal(site.asked.length, questions.length);
        for (const { at: from } of site.asked) {
          const span = site.asked.filter(({ at }) => at >= from && at < from + periodMs).length;
          assert.ok(span <= queries, `${span} of ${queries}`);
        }
      },
    ),
  );
});
