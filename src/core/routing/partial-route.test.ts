// Routes of which the first host is taken before the others are known (Fully_Resolve_Before_SMTP = false).
import assert from 'node:assert/strict';
import test from 'node:test';
import { parseIpBlock } from '../base/ip-address.ts';
import { addMono, type MonoMs, monoMs } from '../base/moment.ts';
import type { Route } from '../mail/hosts.ts';
import type { DnsAnswer } from './dns-answer.ts';
import { NO_POLICY } from './route-policy.ts';
import { type RouteRequest, routeKey } from './route-request.ts';
import { RouteTable } from './route-table.ts';

const NOBODY: DnsAnswer = { kind: 'noName', ttlSeconds: 60 };

/** A table whose questions the test answers by hand. */
class Bench {
  now: MonoMs = monoMs(1000);
  readonly ready: string[] = [];
  readonly #questions: { readonly text: string; readonly answered: (answer: DnsAnswer, now: MonoMs) => void }[] = [];
  readonly #table = new RouteTable<string>({
    query: (name, type, answered) => this.#questions.push({ text: `${name} ${type}`, answered }),
    ready: (token) => this.ready.push(token),
  });

  get open(): string[] {
    return this.#questions.map(({ text }) => text);
  }

  ask(domain: string, token: string, change: Partial<RouteRequest> = {}): Route | null {
    const request = { domain, gateway: null, routes: [], port: 25, useIpv6: false, policy: NO_POLICY, ...change };
    return this.#table.routeOf(request, routeKey(request), token, this.now);
  }

  /** Answers the question that has waited longest. */
  answer(answer: DnsAnswer): void {
    this.#questions.shift()!.answered(answer, this.now);
  }

  answerLast(answer: DnsAnswer): void {
    this.#questions.pop()!.answered(answer, this.now);
  }

  later(ms: number): void {
    this.now = addMono(this.now, ms);
  }
}

const hostOf = (route: Route | null): string | null =>
  route !== null && 'candidates' in route ? route.candidates[0]!.address : null;

const FIRST: Partial<RouteRequest> = { takesFirst: true };
const TWO: DnsAnswer = {
  kind: 'mx',
  records: [
    { preference: 1, exchange: 'mx1.example' },
    { preference: 2, exchange: 'mx2.example' },
  ],
  ttlSeconds: 60,
};
const addressed = (address: string): DnsAnswer => ({ kind: 'addresses', addresses: [address], ttlSeconds: 60 });

test('who takes the first host has it before the others are known, and is told of these and of the end', () => {
  const bench = new Bench();
  assert.equal(bench.ask('a.example', 'all'), null);
  assert.equal(bench.ask('a.example', 'first', FIRST), null);
  bench.answer({ ...TWO, records: [...TWO.records, { preference: 3, exchange: 'mx3.example' }] });
  assert.deepEqual(bench.ready, [], 'no host is known yet');
  bench.answer(addressed('192.0.2.1'));
  assert.deepEqual(bench.ready, ['all', 'first']);
  const partial = bench.ask('a.example', 'first', FIRST);
  assert.equal(partial?.kind, 'partial');
  assert.equal(hostOf(partial), '192.0.2.1');
  assert.equal(bench.ask('a.example', 'first', FIRST), partial, 'the same object, as long as it is the same');
  assert.equal(bench.ask('a.example', 'all'), null, 'who wants all waits');
  bench.answer(NOBODY);
  assert.equal(bench.ready.length, 2, 'no further host');
  bench.answer(addressed('192.0.2.3'));
  assert.deepEqual(bench.ready.slice(2), ['first', 'all']);
  const whole = bench.ask('a.example', 'first', FIRST);
  assert.ok(whole?.kind === 'hosts');
  assert.deepEqual(
    whole.candidates.map(({ address }) => address),
    ['192.0.2.1', '192.0.2.3'],
  );
});

test('where nobody takes the first host, everybody is told once', () => {
  const bench = new Bench();
  bench.ask('a.example', 'all');
  bench.answer(TWO);
  bench.answer(addressed('192.0.2.1'));
  assert.deepEqual(bench.ready, []);
  bench.answer(addressed('192.0.2.2'));
  assert.deepEqual(bench.ready, ['all']);
});

test('the first host may be a worse one, and the next lookup begins without any', () => {
  const bench = new Bench();
  bench.ask('a.example', 'first', FIRST);
  bench.answer(TWO);
  assert.deepEqual(bench.open, ['mx1.example A', 'mx2.example A']);
  bench.answerLast(addressed('192.0.2.2'));
  assert.equal(hostOf(bench.ask('a.example', 'first', FIRST)), '192.0.2.2');
  bench.answer(addressed('192.0.2.1'));
  assert.equal(hostOf(bench.ask('a.example', 'first', FIRST)), '192.0.2.1');
  bench.later(60_000);
  assert.equal(bench.ask('a.example', 'first', FIRST), null);
});

for (const [id, change] of [
  ['a prohibited one', { policy: { ...NO_POLICY, prohibitedHosts: [parseIpBlock('192.0.2.1')!] } }],
  ['one that is passed over', { policy: { ...NO_POLICY, skipHosts: [parseIpBlock('192.0.2.1')!] } }],
  ['one whose promises matter', { usesDane: true }],
] as const) {
  test(`no host is the first: ${id}`, () => {
    const bench = new Bench();
    bench.ask('a.example', 'first', { ...FIRST, ...change });
    bench.answer(TWO);
    bench.answer(addressed('192.0.2.1'));
    assert.equal(bench.ask('a.example', 'first', { ...FIRST, ...change }), null);
    assert.deepEqual(bench.ready, []);
  });
}
