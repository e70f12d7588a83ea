import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Moment, monoMs, wallMs } from '../core/base/moment.ts';
import { Timers } from '../core/base/timers.ts';
import type { QueryLimit } from '../core/routing/query-pacer.ts';
import { NameService, PROBE_NAME, PROBE_PAUSE_MS, PROBE_PAUSE_MS_MAX } from './name-service.ts';
import type { DnsAnswer } from './ports.ts';

const SILENT: DnsAnswer = { kind: 'unavailable', reason: 'timeout', isSilent: true };
const REFUSED: DnsAnswer = { kind: 'unavailable', reason: 'REFUSED', isSilent: false };
const NOBODY: DnsAnswer = { kind: 'noName', ttlSeconds: 60 };

/** A name service whose questions the test answers by hand. */
class Bench {
  limit: QueryLimit | null = null;
  readonly timers = new Timers();
  readonly panic: string[] = [];
  readonly told: string[] = [];
  readonly #questions: { readonly name: string; readonly answered: (answer: DnsAnswer) => void }[] = [];
  readonly service: NameService;
  #now: Moment = { mono: monoMs(1000), wall: wallMs(1_000_000) };
  #isInTurn = false;

  constructor() {
    const bench = this;
    this.service = new NameService(
      {
        clock: () => bench.#now,
        get now() {
          return bench.#now;
        },
        begin: () => {
          assert.ok(!bench.#isInTurn, 'a turn of its own');
          bench.#isInTurn = true;
          return bench.#now;
        },
        end: () => {
          bench.#isInTurn = false;
        },
      },
      this.timers,
      {
        resolver: { query: (name, _type, answered) => this.#questions.push({ name, answered }) },
        records: { main() {}, reject() {}, other() {}, panic: (level, text) => this.panic.push(`${level} ${text}`) },
      },
      () => this.limit,
    );
    this.service.whenBack(() => this.told.push('back'));
  }

  ask(name: string): void {
    this.service.query(name, 'MX', (answer) => {
      const isOutage = answer.kind === 'unavailable' && answer.isOutage === true;
      this.told.push(`${name} ${isOutage ? 'outage' : answer.kind}`);
    });
  }

  get open(): string[] {
    return this.#questions.map(({ name }) => name);
  }

  answer(name: string, answer: DnsAnswer): void {
    const at = this.#questions.findIndex((question) => question.name === name);
    assert.notEqual(at, -1, `${name} is asked`);
    this.#questions.splice(at, 1)[0]!.answered(answer);
  }

  later(ms: number): void {
    this.#now = { mono: monoMs(this.#now.mono + ms), wall: wallMs(this.#now.wall + ms) };
    this.timers.advance(this.#now.mono);
  }
}

test('a name that is silent while others are answered is passed on as that', () => {
  const bench = new Bench();
  bench.ask('silent.example');
  bench.ask('there.example');
  bench.answer('there.example', NOBODY);
  bench.answer('silent.example', SILENT);
  assert.deepEqual(bench.told, ['there.example noName', 'silent.example unavailable']);
  assert.deepEqual([bench.open, bench.panic, bench.service.isDown], [[], [], false]);
});

for (const [what, heard] of [
  ['an answer', NOBODY],
  ['a refusal', REFUSED],
] as const) {
  test(`a name that is silent alone is asked again behind a probe that has ${what}; then it is the name`, () => {
    const bench = new Bench();
    bench.ask('silent.example');
    for (const _ of ['first', 'again']) {
      bench.answer('silent.example', SILENT);
      assert.deepEqual([bench.open, bench.told], [[PROBE_NAME], []]);
      bench.answer(PROBE_NAME, heard);
    }
    assert.deepEqual([bench.told, bench.open, bench.panic], [['silent.example unavailable'], [], []]);
  });
}

test('silence for the probe too is an outage: one line at each end, probes with growing pauses, and all is told of it', () => {
  const bench = new Bench();
  for (const name of ['a.example', 'b.example']) bench.ask(name);
  for (const name of ['a.example', 'b.example']) bench.answer(name, SILENT);
  assert.deepEqual(bench.open, [PROBE_NAME]);
  bench.answer(PROBE_NAME, SILENT);
  assert.deepEqual(bench.told.splice(0), ['a.example outage', 'b.example outage']);
  assert.ok(bench.service.isDown);
  for (let pause = PROBE_PAUSE_MS; pause < 4 * PROBE_PAUSE_MS_MAX; pause *= 2) {
    const due = Math.min(pause, PROBE_PAUSE_MS_MAX);
    bench.later(due - 1);
    assert.deepEqual(bench.open, []);
    bench.later(1);
    bench.answer(PROBE_NAME, SILENT);
  }
  bench.ask('c.example');
  bench.answer('c.example', SILENT);
  assert.deepEqual(bench.told.splice(0), ['c.example outage']);
  assert.equal(bench.panic.length, 1);
  assert.match(bench.panic[0]!, /^error no name server answers anything \(timeout\); .* Resolv_Conf names$/);
  bench.later(PROBE_PAUSE_MS_MAX);
  bench.answer(PROBE_NAME, NOBODY);
  assert.deepEqual([bench.told, bench.service.isDown, bench.panic.length], [['back'], false, 2]);
  assert.match(bench.panic[1]!, /^notice a name server answers again, after \d+ s; /);
  bench.later(10 * PROBE_PAUSE_MS_MAX);
  assert.deepEqual(bench.open, [], 'nothing is asked any more');
});

test('any answer ends an outage, and what was asked in it is asked again instead of blamed', () => {
  const bench = new Bench();
  for (const name of ['a.example', 'late.example', 'there.example']) bench.ask(name);
  bench.answer('a.example', SILENT);
  bench.answer(PROBE_NAME, SILENT);
  bench.answer('there.example', REFUSED);
  assert.deepEqual(bench.told.splice(0), ['a.example outage', 'back', 'there.example unavailable']);
  bench.answer('late.example', SILENT);
  assert.deepEqual([bench.told, bench.open], [[], ['late.example']]);
  bench.answer('late.example', NOBODY);
  assert.deepEqual(bench.told, ['late.example noName']);
});

test('questions for exchangers are limited in number, others are not; one that is repeated counts again', () => {
  const bench = new Bench();
  bench.limit = { queries: 1, periodMs: 1000, waitingMax: 1000 };
  for (const name of ['a.example', 'b.example']) bench.ask(name);
  bench.service.query('c.example', 'A', () => {});
  assert.deepEqual(bench.open, ['a.example', 'c.example']);
  bench.answer('a.example', SILENT);
  bench.answer(PROBE_NAME, NOBODY);
  assert.deepEqual(bench.open, ['c.example']);
  bench.later(1000);
  assert.deepEqual(bench.open, ['c.example', 'b.example']);
  bench.later(1000);
  assert.deepEqual(bench.open, ['c.example', 'b.example', 'a.example']);
});
