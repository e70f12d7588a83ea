import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WaitingClient } from '../../../test/support/waiting-client.ts';
import { type Moment, type MonoMs, monoMs, wallMs } from '../base/moment.ts';
import { Timers } from '../base/timers.ts';
import { BELL, LedgerMemory, LOCK, TICKET } from './ledger-memory.ts';
import { SharedWindows } from './shared-windows.ts';
import { Throttle } from './throttle.ts';
import { ThrottleMemory } from './throttle-memory.ts';
import type { ThrottleRecord } from './throttle-record.ts';
import { type SharedThrottle, ThrottleTable } from './throttle-table.ts';
import { WindowControl } from './window-control.ts';
import { WindowMemory } from './window-memory.ts';
import type { Window } from './windows.ts';

const SEED = [1, 2, 3, 4];
/** Long ago, so that no window begins as if used up. */
const STARTED: Moment = { mono: monoMs(-1e6), wall: wallMs(1e9) };

class Site {
  readonly bells: LedgerMemory;
  readonly memory: WindowMemory;
  readonly control: WindowControl;
  readonly #records: readonly ThrottleRecord[];

  constructor(shards: number, entries = 4096, records: readonly ThrottleRecord[] = []) {
    this.bells = LedgerMemory.make({ shards, counters: 16 }, SEED);
    this.memory = WindowMemory.make({ shards, windows: 16, entries }, SEED);
    this.control = new WindowControl(this.memory, this.bells);
    this.#records = records;
    for (let shard = 0; shard < shards; shard++) this.control.admit(shard);
  }

  windows(shard: number, behindMs = 0): SharedWindows {
    const saved = new ThrottleMemory({ records: this.#records, isDamaged: false }, STARTED);
    return new SharedWindows({ memory: this.memory, bells: this.bells, shard, behindMs, saved });
  }

  window(shard: number, count: number, periodMs: number, behindMs = 0): Window {
    return this.windows(shard, behindMs).begin('key', new Throttle(count, periodMs));
  }
}

const shardStep = fc.record({
  shard: fc.nat(2),
  waitMs: fc.oneof(fc.constant(0), fc.nat(40), fc.double({ min: 0, max: 200, noNaN: true })),
  /** The turn of the shard began so long ago. */
  lateMs: fc.oneof(fc.constant(0), fc.nat(30)),
  what: fc.constantFrom('take', 'take', 'take', 'move', 'change'),
  count: fc.integer({ min: 1, max: 40 }),
  periodMs: fc.integer({ min: 1, max: 300 }),
});

test('whichever shard takes a token, whenever it read the clock, the window is one', () => {
  fc.assert(
    fc.property(
      fc.array(shardStep, { maxLength: 200 }),
      fc.tuple(fc.constant(0), fc.nat(1000), fc.double({ min: 0, max: 9, noNaN: true })),
      (steps, behind) => {
        const site = new Site(3);
        let [count, periodMs] = [3, 50];
        const windows = behind.map((behindMs, shard) => site.window(shard, count, periodMs, behindMs));
        const clocks = behind.map((behindMs) => Math.round(behindMs * 4096) / 4096);
        const model = new Throttle(count, periodMs);
        const own: { readonly shard: number; at: number }[] = [];
        const happened: number[] = [];
        let now = 2000;
        let latest = 0;
        for (const { shard, waitMs, lateMs, what, ...change } of steps) {
          now += waitMs;
          const window = windows[shard]!;
          const at = monoMs(Math.max(0, now - lateMs) - clocks[shard]!);
          latest = Math.max(latest, Math.ceil((at + clocks[shard]!) * 4096) / 4096);
          const taken = own.find((one) => one.shard === shard);
          if (what === 'change') {
            ({ count, periodMs } = change);
            for (const one of windows) one.change(count, periodMs);
            model.change(count, periodMs);
          } else if (what === 'move' && taken !== undefined) {
            const isMoved = window.move(monoMs(taken.at - clocks[shard]!), at);
            assert.equal(isMoved, model.move(monoMs(taken.at), monoMs(latest)));
            if (isMoved) happened[happened.indexOf(taken.at)] = latest;
            own.splice(own.indexOf(taken), 1);
          } else {
            assert.equal(window.free(at), model.free(monoMs(latest)));
            const isTaken = window.take(at);
            assert.equal(isTaken, model.take(monoMs(latest)));
            if (isTaken) {
              own.push({ shard, at: latest });
              happened.push(latest);
            }
          }
          const recovery = window.recoversAt(at) + clocks[shard]!;
          assert.equal(recovery, model.recoversAt(monoMs(latest)));
        }
        const unknownUntil = windows.map((window, shard) => window.own.unknownUntil + clocks[shard]!);
        const writtenDown = new Throttle(count, periodMs, monoMs(Math.max(...unknownUntil)));
        const events = windows.flatMap((window, shard) =>
          [...window.own.remembered()].map(([at, events]) => [at + clocks[shard]!, events] as const),
        );
        for (const [at, one] of events.sort((a, b) => a[0] - b[0])) writtenDown.add(monoMs(at), one);
        // Not what the model says is free: it forgets sooner, having fewer places for all than the shards have together.
        const inWindow = happened.filter((one) => one + periodMs > latest).length;
        const free = Math.max(0, count - inWindow);
        assert.ok(writtenDown.free(monoMs(latest)) <= free, 'nothing is lost over a restart');
      },
    ),
  );
});

test('where there is no place for entries, those of one place count as late as the last; the promise holds', () => {
  const site = new Site(1, 16);
  const window = site.window(0, 100, 1000);
  const taken: number[] = [];
  for (let at = 0; at < 5000; at += 3) if (window.take(monoMs(at))) taken.push(at);
  assert.ok(taken.length > 50, `${taken.length}`);
  for (const from of taken) assert.ok(taken.filter((at) => at >= from && at < from + 1000).length <= 100);
});

test('a place that was outgrown is given to another', () => {
  const site = new Site(1, 200);
  const windows = site.windows(0);
  const grow = (key: string, start: number): number => {
    const window = windows.begin(key, new Throttle(64, 1000));
    let taken = 0;
    for (let at = 0; at < 64; at++) if (window.take(monoMs(start + at))) taken += 1;
    return taken;
  };
  assert.equal(grow('one', 0), 64);
  assert.equal(grow('other', 100), 64);
  assert.equal(windows.begin('one', new Throttle(64, 1000)).free(monoMs(999)), 0);
  assert.equal(windows.begin('one', new Throttle(64, 1000)).free(monoMs(1001)), 2);
});

test('what earlier lives of all shards left is there before anybody takes a token', () => {
  const events = [[wallMs(1e9 - 30_000), 3]] as const;
  const record = { kind: 'window', key: 'key', periodMs: 60_000, events, reserved: 2, unknownUntil: null } as const;
  const site = new Site(2, 64, [record]);
  const [one, other] = [site.window(0, 10, 60_000), site.window(1, 10, 60_000)];
  for (const [ms, free] of [
    [0, 5],
    [29_999, 5],
    [30_000, 8],
  ] as const) {
    for (const window of [one, other]) assert.equal(window.free(monoMs(STARTED.mono + ms)), free);
  }
  assert.equal(one.take(monoMs(STARTED.mono + 30_000)), true);
  assert.equal(other.free(monoMs(STARTED.mono + 30_000)), 7);
  assert.deepEqual([...other.own.remembered()], [], 'each writes down what is its own');
});

test('a shard that ends with the lock leaves it to the next; what it had counted counts', () => {
  const site = new Site(2);
  const [mortal, living] = [site.window(0, 3, 1000), site.window(1, 3, 1000)];
  assert.ok(mortal.take(monoMs(10)));
  const { keys } = site.memory;
  keys.head[LOCK] = 1;
  const row = site.memory.row(0);
  const counts = [...row.keys()].filter((at) => row[at] === 10).map((at) => at + 4); // behind the times
  row[counts[0]!]! += 1; // it was about to take a second one at the same time
  site.control.ended(0);
  assert.equal(living.free(monoMs(20)), 1);
  assert.ok(living.take(monoMs(20)));
  assert.equal(living.take(monoMs(30)), false);
  assert.ok(site.control.recover());
  assert.equal(living.recoversAt(monoMs(30)), 1010);
});

test('a window that only an ended shard had stays as it is', () => {
  const site = new Site(2);
  const begin = (windows: SharedWindows, key: string) => windows.begin(key, new Throttle(1, 1000));
  const mortal = site.windows(0);
  for (const key of ['one', 'other']) assert.ok(begin(mortal, key).take(monoMs(10)));
  site.control.ended(0);
  assert.ok(site.control.recover());
  for (const key of ['other', 'one']) assert.equal(begin(site.windows(1), key).free(monoMs(20)), 0);
});

test('a window that a shard forgets stays that of the others; one that nobody has is begun anew', () => {
  const site = new Site(2);
  const [one, other] = [site.windows(0), site.windows(1)];
  const begin = (windows: SharedWindows, key: string) => windows.begin(key, new Throttle(1, 1000));
  const window = begin(one, 'key');
  const same = begin(other, 'key');
  assert.ok(window.take(monoMs(10)));
  one.end(window);
  assert.equal(same.free(monoMs(20)), 0);
  assert.equal(begin(one, 'another').free(monoMs(20)), 1);
  other.end(same);
  assert.equal(begin(one, 'third').free(monoMs(20)), 1);
  assert.equal(begin(one, 'fourth').free(monoMs(20)), 1);
});

// ---- those who wait, over several tables

const SET_AT = { file: 'test.conf', line: 1, column: 1 };

class Shard {
  readonly timers = new Timers();
  readonly table: ThrottleTable;
  readonly #words: Int32Array;
  readonly throttles: SharedThrottle[] = [];
  /** What is to be reserved is not on stable storage yet. */
  isWriting = false;

  constructor(site: Site, number: number) {
    const memory = new ThrottleMemory({ records: [], isDamaged: false }, STARTED, 3);
    const write = () => {
      this.isWriting = true;
    };
    this.table = new ThrottleTable(this.timers, memory, { reserve: write, writeAll: write }, site.windows(number));
    this.#words = site.bells.shard(number);
  }

  refer(key: string, count: number, periodMs: number): SharedThrottle {
    const throttle = this.table.refer({ key, count, periodMs, setAt: SET_AT });
    if (!this.throttles.includes(throttle)) this.throttles.push(throttle);
    return throttle;
  }

  /** A token of each, or it waits for one that lacks. */
  ask(client: WaitingClient, throttles: readonly SharedThrottle[], at: MonoMs): boolean {
    this.table.hold(at);
    const lacking = throttles.find((throttle) => !this.table.hasRoom(throttle, [client], at));
    if (lacking === undefined) for (const throttle of throttles) this.table.take(throttle, at);
    this.table.letGo();
    if (lacking !== undefined) this.table.wait(client, lacking, at);
    return lacking === undefined;
  }

  get isRung(): boolean {
    return Atomics.load(this.#words, BELL) !== 0;
  }

  /** A turn in which what was to be reserved is, and what is wanted is begun to be. */
  runWriting(at: MonoMs, throttlesOf: (client: WaitingClient) => readonly SharedThrottle[]): WaitingClient[] {
    if (this.isWriting) {
      this.isWriting = false;
      this.table.written(true, at);
    }
    const took = this.run(at, throttlesOf);
    this.table.write({ mono: at, wall: wallMs(1e9 + at) });
    return took;
  }

  /** As the loop of a shard. @returns who took tokens */
  run(at: MonoMs, throttlesOf: (client: WaitingClient) => readonly SharedThrottle[]): WaitingClient[] {
    Atomics.store(this.#words, BELL, 0);
    this.timers.advance(at);
    this.table.poll();
    const took: WaitingClient[] = [];
    for (let looks = 0; ; looks++) {
      const client = this.table.nextEligible(at) as WaitingClient | null;
      if (client === null) return took;
      assert.ok(looks < 2000, 'they give way to each other for ever');
      if (this.ask(client, throttlesOf(client), at)) took.push(client);
    }
  }
}

test('the longest wait goes first in whatever shard it is, and who has no connection before', () => {
  const site = new Site(2);
  const [one, other] = [new Shard(site, 0), new Shard(site, 1)];
  const throttles = [one, other].map((shard) => shard.refer('key', 1, 1000));
  const at = (ms: number) => monoMs(ms);
  assert.ok(one.ask(new WaitingClient('holder'), [throttles[0]!], at(0)));
  const run = (index: number, ms: number) =>
    [one, other][index]!.run(at(ms), () => [throttles[index]!]).map(({ name }) => name);
  const wait = (index: number, client: WaitingClient) => {
    assert.equal([one, other][index]!.ask(client, [throttles[index]!], at(1)), false);
    assert.deepEqual(run(index, 1), []);
  };
  wait(1, new WaitingClient('has one', false));
  wait(1, new WaitingClient('first'));
  wait(0, new WaitingClient('second'));
  wait(0, new WaitingClient('third'));
  wait(1, new WaitingClient('fourth'));
  assert.deepEqual(run(0, 1000), [], 'the token is left to the first');
  assert.equal(one.ask(new WaitingClient('newcomer'), [throttles[0]!], at(1000)), false);
  assert.deepEqual(run(1, 1000), ['first']);
  assert.ok(one.isRung, 'and who left it hears that it is taken');
  assert.deepEqual(run(0, 1001), []);
  for (const [index, ms, names] of [
    [1, 2000, []],
    [0, 2000, ['second']],
    [1, 3000, []],
    [0, 3000, ['third']],
    [0, 4000, []],
    [1, 4000, ['fourth']],
    [1, 5000, []],
    [0, 5000, ['newcomer']],
    [0, 6000, []],
    [1, 6000, ['has one']],
  ] as const) {
    for (const shard of [0, 1]) run(shard, ms - 1);
    assert.deepEqual(run(index, ms), names, `${ms}`);
  }
});

test('who waits behind somebody in a shard that ends goes on', () => {
  const site = new Site(2);
  const [mortal, living] = [new Shard(site, 0), new Shard(site, 1)];
  const throttles = [mortal, living].map((shard) => shard.refer('key', 1, 1000));
  site.windows(0).ticket(); // the first two come to the same
  assert.ok(living.ask(new WaitingClient('holder'), [throttles[1]!], monoMs(0)));
  const run = (ms: number) => living.run(monoMs(ms), () => [throttles[1]!]).map(({ name }) => name);
  mortal.ask(new WaitingClient('first'), [throttles[0]!], monoMs(1));
  mortal.run(monoMs(1), () => [throttles[0]!]);
  living.ask(new WaitingClient('second'), [throttles[1]!], monoMs(2));
  assert.deepEqual(run(1000), []);
  site.control.ended(0);
  assert.equal(living.isRung, false);
  assert.ok(site.control.recover());
  assert.ok(living.isRung);
  assert.deepEqual(run(1001), ['second']);
});

test('who cannot write down what it would take keeps no token from others', () => {
  const site = new Site(2);
  const [stuck, other] = [new Shard(site, 0), new Shard(site, 1)];
  const throttles = [stuck, other].map((shard) => shard.refer('key', 1, 10_000));
  const run = (index: number, ms: number) =>
    [stuck, other][index]!.run(monoMs(ms), () => [throttles[index]!]).map(({ name }) => name);
  site.windows(0).ticket(); // the first two come to the same
  const write = (index: number, ms: number) => {
    const { table } = [stuck, other][index]!;
    table.write({ mono: monoMs(ms), wall: wallMs(1e9 + ms) });
    return table;
  };
  const wait = (index: number, name: string, ms: number) => {
    const shard = [stuck, other][index]!;
    assert.equal(shard.ask(new WaitingClient(name), [throttles[index]!], monoMs(ms)), false);
    assert.deepEqual(run(index, ms), []);
  };
  wait(0, 'first', 0);
  wait(1, 'second', 1);
  assert.ok(write(1, 2).isWriting);
  write(1, 2).written(true, monoMs(3));
  assert.deepEqual(run(1, 3), [], 'it is left to the first');
  write(0, 4).written(false, monoMs(5));
  assert.deepEqual(run(0, 5), []);
  assert.ok(other.isRung);
  assert.deepEqual(run(1, 6), ['second']);
});

test('in any order of turns tokens of several throttles are taken all or none, none too many, and nobody waits for nothing', () => {
  const order = fc.record({
    shard: fc.nat(2),
    waitMs: fc.nat(60),
    needs: fc.constantFrom('a', 'b', 'ab'),
    hasConnection: fc.boolean(),
    what: fc.constantFrom('joins', 'joins', 'is ranked anew', 'has a turn'),
  });
  fc.assert(
    fc.property(fc.array(order, { maxLength: 120 }), fc.constantFrom(1, 100), (orders, scale) => {
      const site = new Site(3);
      const shards = [0, 1, 2].map((number) => new Shard(site, number));
      const needs = new Map<WaitingClient, string>();
      const events: Record<string, number[]> = { a: [], b: [] };
      const values: Readonly<Record<string, readonly [number, number]>> = { a: [2, 100 * scale], b: [3, 250 * scale] };
      const throttlesOf = (shard: Shard, client: WaitingClient) =>
        [...needs.get(client)!].map((key) => shard.refer(key, ...values[key]!));
      const note = (client: WaitingClient, at: number) => {
        for (const key of needs.get(client)!) events[key]!.push(at);
        needs.delete(client);
      };
      let now = 0;
      const turn = (shard: Shard) => {
        for (const client of shard.runWriting(monoMs(now), (one) => throttlesOf(shard, one))) note(client, now);
      };
      for (const { shard: number, waitMs, needs: keys, hasConnection, what } of orders) {
        now += waitMs * scale;
        const shard = shards[number]!;
        if (what === 'joins') {
          const client = new WaitingClient(`${now}`, !hasConnection);
          needs.set(client, keys);
          if (shard.ask(client, throttlesOf(shard, client), monoMs(now))) note(client, now);
        } else if (what === 'is ranked anew') {
          const [client] = needs.keys();
          if (client !== undefined) client.hasNoConnection = !client.hasNoConnection;
          for (const wait of client?.waits ?? []) wait.list.rerank(wait, Atomics.add(site.bells.head, TICKET, 1));
        }
        turn(shard);
      }
      // From now on a shard has a turn when it is rung or its time has come, and only then.
      for (const shard of shards) turn(shard);
      for (let rounds = 0; needs.size > 0; rounds++) {
        assert.ok(rounds < 10_000, `${needs.size} wait for nothing`);
        const rung = shards.filter(({ isRung, isWriting }) => isRung || isWriting);
        if (rung.length === 0) {
          const due = Math.min(...shards.map(({ timers }) => timers.nextAt ?? Number.POSITIVE_INFINITY));
          assert.ok(Number.isFinite(due), `${needs.size} wait for nothing`);
          now = Math.max(now, due);
          for (const shard of shards) turn(shard);
        } else {
          for (const shard of rung) turn(shard);
        }
      }
      for (const [key, [count, periodMs]] of Object.entries(values)) {
        for (const from of events[key]!) {
          const span = events[key]!.filter((at) => at >= from && at < from + periodMs).length;
          assert.ok(span <= count, `${span} of ${key}`);
        }
      }
    }),
  );
});
