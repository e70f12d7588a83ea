import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { addMono, type MonoMs, monoMs } from '../base/moment.ts';
import type { Route } from '../mail/hosts.ts';
import type { DnsAnswer } from './dns-answer.ts';
import { NO_POLICY } from './route-policy.ts';
import { type RouteRequest, routeKey } from './route-request.ts';
import { LOOKUPS_MAX, RouteTable, STALE_MS_MAX, STALE_TTL_MS } from './route-table.ts';

const START = monoMs(1000);
const SILENT: DnsAnswer = { kind: 'unavailable', reason: 'timeout' };
const NOBODY: DnsAnswer = { kind: 'noName', ttlSeconds: 60 };

/** A table whose questions the test answers by hand. */
class Bench {
  now: MonoMs = START;
  isOutage = false;
  readonly ready: string[] = [];
  readonly #questions: { readonly text: string; readonly answered: (answer: DnsAnswer, now: MonoMs) => void }[] = [];
  readonly table: RouteTable<string>;

  constructor(routesMax?: number) {
    this.table = new RouteTable<string>(
      {
        query: (name, type, answered) => this.#questions.push({ text: `${name} ${type}`, answered }),
        ready: (token) => this.ready.push(token),
        isOutage: () => this.isOutage,
      },
      routesMax,
    );
  }

  get open(): string[] {
    return this.#questions.map(({ text }) => text);
  }

  ask(domain: string, token = 'token', change: Partial<RouteRequest> = {}): Route | null {
    const request = requestTo(domain, change);
    return this.table.routeOf(request, routeKey(request), token, this.now);
  }

  /** Answers the question that has waited longest. */
  answer(answer: DnsAnswer): void {
    this.#questions.shift()!.answered(answer, this.now);
  }

  /** The domain is a host of this address, for so long. */
  answerHost(address: string, ttlSeconds: number): void {
    this.answer({ kind: 'mx', records: [{ preference: 1, exchange: address }], ttlSeconds });
  }

  later(ms: number): void {
    this.now = addMono(this.now, ms);
  }

  inspect(domain: string) {
    return this.table.inspect(routeKey(requestTo(domain)), this.now);
  }
}

function requestTo(domain: string, change: Partial<RouteRequest> = {}): RouteRequest {
  return { domain, gateway: null, routes: [], port: 25, useIpv6: false, policy: NO_POLICY, ...change };
}

const hostOf = (route: Route | null): string | null =>
  route === null
    ? null
    : route.kind === 'hosts' || route.kind === 'partial'
      ? route.candidates[0]!.address
      : route.kind === 'outage'
        ? 'outage'
        : route.reply.slice(0, 9);

test('a route is looked up once for all who ask, each is told once, and it is kept until its TTL ends', () => {
  const bench = new Bench();
  assert.equal(bench.ask('a.example', 'x'), null);
  assert.equal(bench.ask('a.example', 'y'), null);
  assert.equal(bench.ask('a.example', 'x'), null);
  assert.deepEqual(bench.open, ['a.example MX']);
  bench.answerHost('192.0.2.1', 60);
  assert.deepEqual(bench.ready, ['x', 'y']);
  assert.equal(hostOf(bench.ask('a.example')), '192.0.2.1');
  bench.later(59_999);
  assert.equal(hostOf(bench.ask('a.example')), '192.0.2.1');
  assert.deepEqual(bench.inspect('a.example')!.ttlMs, 1);
  bench.later(1);
  assert.equal(bench.ask('a.example', 'z'), null);
  bench.answerHost('192.0.2.2', 60);
  assert.deepEqual(bench.ready, ['x', 'y', 'z']);
  assert.equal(hostOf(bench.ask('a.example')), '192.0.2.2');
});

test('a route that needs no name service is there at once', () => {
  const bench = new Bench();
  assert.equal(hostOf(bench.ask('[192.0.2.5]')), '192.0.2.5');
  assert.equal(hostOf(bench.ask('a.example', 'x', { routes: ['192.0.2.6'] })), '192.0.2.6');
  assert.deepEqual([bench.open, bench.ready], [[], []]);
});

test('a lookup of several questions asks the later ones too', () => {
  const bench = new Bench();
  bench.ask('a.example', 'x');
  bench.answer({ kind: 'noData', ttlSeconds: 60 });
  assert.deepEqual([bench.open, bench.ready], [['a.example A'], []]);
  bench.answer({ kind: 'addresses', addresses: ['192.0.2.1'], ttlSeconds: 60 });
  assert.deepEqual(bench.ready, ['x']);
});

for (const [id, expiredForMs, ttlSeconds, stale] of [
  ['expired just now', 0, 60, true],
  ['expired nearly an hour ago', STALE_MS_MAX - 1, 60, true],
  ['expired an hour ago', STALE_MS_MAX, 60, false],
  ['kept for a day, expired just now', 0, 86_400, true],
] as const) {
  test(`the name service is silent; the route ${id}`, () => {
    const bench = new Bench();
    bench.ask('a.example');
    bench.answerHost('192.0.2.1', ttlSeconds);
    bench.later(ttlSeconds * 1000 + expiredForMs);
    assert.equal(bench.ask('a.example'), null);
    bench.answer(SILENT);
    assert.equal(hostOf(bench.ask('a.example')), stale ? '192.0.2.1' : '451 4.4.3');
    assert.equal(bench.inspect('a.example')!.isStale, stale);
    assert.ok(bench.inspect('a.example')!.ttlMs <= STALE_TTL_MS);
  });
}

test('a stale route is asked for again and again, and ends an hour behind its expiry', () => {
  const bench = new Bench();
  bench.ask('a.example');
  bench.answerHost('192.0.2.1', 60);
  const endsAt = addMono(bench.now, 60_000 + STALE_MS_MAX);
  bench.later(60_000);
  for (;;) {
    assert.equal(bench.ask('a.example'), null);
    bench.answer(SILENT);
    if (bench.now >= endsAt) break;
    assert.equal(hostOf(bench.ask('a.example')), '192.0.2.1');
    bench.later(bench.inspect('a.example')!.ttlMs);
  }
  assert.equal(bench.now, endsAt);
  assert.equal(hostOf(bench.ask('a.example')), '451 4.4.3');
});

test('what DNS takes back is not used again, nor is what was never there', () => {
  const bench = new Bench();
  bench.ask('a.example');
  bench.answer(SILENT);
  assert.equal(hostOf(bench.ask('a.example')), '451 4.4.3');
  bench.later(30_000);
  bench.ask('a.example');
  bench.answerHost('192.0.2.1', 60);
  bench.later(60_000);
  bench.ask('a.example');
  bench.answer(NOBODY);
  assert.equal(hostOf(bench.ask('a.example')), '454 4.4.4');
  bench.later(60_000);
  bench.ask('a.example');
  bench.answer(SILENT);
  assert.equal(hostOf(bench.ask('a.example')), '451 4.4.3');
});

test('refresh looks up at once, callers wait, and a lookup that was running counts for nothing', () => {
  const bench = new Bench();
  assert.equal(bench.table.refresh(routeKey(requestTo('a.example')), bench.now), false);
  bench.ask('a.example');
  bench.answerHost('192.0.2.1', 600);
  assert.equal(bench.table.refresh(routeKey(requestTo('a.example')), bench.now), true);
  assert.equal(bench.ask('a.example', 'x'), null);
  assert.deepEqual(bench.inspect('a.example'), { route: null, ttlMs: 0, isStale: false, isBeingLookedUp: true });
  bench.table.refresh(routeKey(requestTo('a.example')), bench.now);
  assert.deepEqual(bench.open, ['a.example MX', 'a.example MX']);
  bench.answerHost('192.0.2.2', 600);
  assert.equal(bench.ask('a.example', 'y'), null);
  bench.answerHost('192.0.2.3', 600);
  assert.deepEqual(bench.ready, ['token', 'x', 'y']);
  assert.equal(hostOf(bench.ask('a.example')), '192.0.2.3');
});

test('a refresh that is not answered leaves the route as it was', () => {
  const bench = new Bench();
  bench.ask('a.example');
  bench.answerHost('192.0.2.1', 600);
  bench.table.refresh(routeKey(requestTo('a.example')), bench.now);
  bench.answer(SILENT);
  assert.equal(hostOf(bench.ask('a.example')), '192.0.2.1');
  assert.equal(bench.inspect('a.example')!.isStale, false);
});

test('refreshAll asks for nothing by itself', () => {
  const bench = new Bench();
  bench.ask('a.example');
  bench.answerHost('192.0.2.1', 600);
  bench.table.refreshAll();
  assert.deepEqual(bench.open, []);
  assert.equal(bench.ask('a.example'), null);
  assert.deepEqual(bench.open, ['a.example MX']);
});

test('the least recently used route is dropped; one that is being looked up is not', () => {
  const bench = new Bench(2);
  bench.ask('waiting.example', 'w');
  for (const name of ['a', 'b']) bench.ask(`${name}.example`, name, { routes: ['192.0.2.1', '__mx__'] });
  assert.equal(bench.table.size, 3);
  for (const literal of ['[192.0.2.1]', '[192.0.2.2]', '[192.0.2.1]', '[192.0.2.3]']) bench.ask(literal);
  assert.equal(bench.table.size, 5);
  assert.equal(bench.inspect('[192.0.2.2]'), null);
  assert.equal(hostOf(bench.inspect('[192.0.2.1]')!.route), '192.0.2.1');
  bench.answerHost('192.0.2.9', 60);
  assert.deepEqual(bench.ready, ['w']);
  assert.equal(bench.inspect('[192.0.2.1]'), null);
  assert.equal(hostOf(bench.inspect('waiting.example')!.route), '192.0.2.9');
});

for (const [id, a, b, isSame] of [
  ['other domains', requestTo('a.example'), requestTo('b.example'), false],
  ['other ports', requestTo('a.example'), requestTo('a.example', { port: 26 }), false],
  ['IPv6', requestTo('a.example'), requestTo('a.example', { useIpv6: true }), false],
  ['a gateway', requestTo('a.example', { gateway: 'g' }), requestTo('b.example', { gateway: 'g' }), true],
  ["a gateway of the domain's name", requestTo('g', { gateway: 'g' }), requestTo('g'), false],
  ['routes without __mx__', requestTo('a.example', { routes: ['g'] }), requestTo('b.example', { routes: ['g'] }), true],
  [
    'routes with __MX__',
    requestTo('a.example', { routes: ['__MX__'] }),
    requestTo('b.example', { routes: ['__MX__'] }),
    false,
  ],
  [
    'routes in another order',
    requestTo('a.example', { routes: ['g', 'h'] }),
    requestTo('a.example', { routes: ['h', 'g'] }),
    false,
  ],
] as const) {
  test(`key: ${id}`, () => assert.equal(routeKey(a) === routeKey(b), isSame));
}

test('whoever is told to wait is told once that the route is there, and no route outlives its TTL', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('ask' as const), domain: fc.nat(5) }),
    fc.record({ kind: fc.constant('answer' as const), answer: fc.nat(2), ttlSeconds: fc.nat(30) }),
    fc.record({ kind: fc.constant('later' as const), ms: fc.nat(40_000) }),
    fc.record({ kind: fc.constant('refresh' as const), domain: fc.nat(5) }),
    fc.constant({ kind: 'refreshAll' as const }),
  );
  const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const bench = new Bench(3);
    let tokens = 0;
    let waits = 0;
    const answerOne = (which: number, ttlSeconds: number): void => {
      if (bench.open.length === 0) return;
      if (which === 0) bench.answer(SILENT);
      else if (which === 1) bench.answer({ kind: 'noName', ttlSeconds });
      else bench.answerHost('192.0.2.1', ttlSeconds);
    };
    for (const one of steps) {
      if (one.kind === 'ask') {
        const route = bench.ask(`${one.domain}.example`, `token ${tokens++}`);
        if (route === null) waits += 1;
        else assert.ok(bench.inspect(`${one.domain}.example`)!.ttlMs > 0);
      } else if (one.kind === 'answer') answerOne(one.answer, one.ttlSeconds);
      else if (one.kind === 'later') bench.later(one.ms);
      else if (one.kind === 'refresh') bench.table.refresh(routeKey(requestTo(`${one.domain}.example`)), bench.now);
      else bench.table.refreshAll();
    }
    while (bench.open.length > 0) answerOne(2, 10);
    assert.equal(bench.ready.length, waits);
    assert.equal(new Set(bench.ready).size, waits);
    assert.ok(bench.table.size <= 3);
  });
  fc.assert(property);
});

test('a domain that is not there so many times in a row has its mail failed, until it is there', () => {
  const policy = { ...NO_POLICY, dnsFailuresToPurge: 3 };
  const bench = new Bench();
  const look = (answer: DnsAnswer): string | null => {
    bench.later(3_600_001);
    bench.ask('a.example', 'x', { policy });
    bench.answer(answer);
    return hostOf(bench.ask('a.example', 'x', { policy }));
  };
  const absent: DnsAnswer = { kind: 'noName', ttlSeconds: 60 };
  const silent: DnsAnswer = { kind: 'unavailable', reason: 'timeout' };
  assert.deepEqual([absent, silent, absent].map(look), ['454 4.4.4', '451 4.4.3', '454 4.4.4']);
  assert.deepEqual([absent, absent].map(look), ['554 5.4.4', '554 5.4.4'], 'silence of the servers is no absence');
  const there: DnsAnswer = { kind: 'mx', records: [{ preference: 1, exchange: '192.0.2.1' }], ttlSeconds: 60 };
  assert.deepEqual([there, absent].map(look), ['192.0.2.1', '454 4.4.4']);
});

for (const [failures, unanswered] of [
  [1, 1],
  [3, 3],
  [0, 9],
] as const) {
  test(`MX not answered ${failures || 'any number of'} times in a row: then the address of the domain`, () => {
    const policy = { ...NO_POLICY, mxFailuresFallbackToA: failures };
    const bench = new Bench();
    const ask = (): Route | null => bench.ask('a.example', 'x', { policy });
    for (let round = 0; round < unanswered; round += 1) {
      ask();
      bench.answer({ kind: 'unavailable', reason: 'timeout' });
      assert.deepEqual([bench.open, hostOf(ask())], [[], '451 4.4.3']);
      bench.later(30_001);
    }
    ask();
    bench.answer({ kind: 'unavailable', reason: 'timeout' });
    assert.deepEqual(bench.open, failures === 0 ? [] : ['a.example A']);
    if (failures === 0) return;
    bench.answer({ kind: 'addresses', addresses: ['192.0.2.7'], ttlSeconds: 600 });
    assert.equal(hostOf(ask()), '192.0.2.7');
    bench.later(30_001);
    ask();
    bench.answer({ kind: 'mx', records: [{ preference: 1, exchange: '192.0.2.1' }], ttlSeconds: 60 });
    assert.equal(hostOf(ask()), '192.0.2.1', 'exchangers count as soon as they are known');
  });
}

// ---- an outage of the name service

const CUT_OFF: DnsAnswer = { kind: 'unavailable', reason: 'timeout', isSilent: true, isOutage: true };

/** The questions that are open are answered by nobody, and that is known. */
function cutOff(bench: Bench): void {
  bench.isOutage = true;
  while (bench.open.length > 0) bench.answer(CUT_OFF);
}

test('in an outage nothing is found out and nothing is asked; who waits is told of its begin and of its end', () => {
  const bench = new Bench();
  assert.equal(bench.ask('a.example', 'x'), null);
  cutOff(bench);
  assert.deepEqual(bench.ready.splice(0), ['x']);
  assert.deepEqual([bench.ask('a.example', 'x'), bench.ask('b.example', 'y')].map(hostOf), ['outage', 'outage']);
  bench.later(86_400_000);
  assert.deepEqual([bench.open, hostOf(bench.ask('a.example', 'x'))], [[], 'outage']);
  bench.isOutage = false;
  bench.table.resume(bench.now);
  assert.deepEqual(
    [bench.open, bench.ready.splice(0)],
    [
      ['a.example MX', 'b.example MX'],
      ['x', 'y'],
    ],
  );
  assert.equal(bench.ask('a.example', 'x'), null);
  bench.answerHost('192.0.2.1', 60);
  assert.deepEqual([bench.ready, hostOf(bench.ask('a.example'))], [['x'], '192.0.2.1']);
});

test('an outage counts neither for mx_failures_fallback_to_a nor for dns_failures_to_purge', () => {
  const bench = new Bench();
  const policy = { ...NO_POLICY, mxFailuresFallbackToA: 1, dnsFailuresToPurge: 1 };
  for (let round = 0; round < 5; round++) {
    bench.ask('a.example', 'x', { policy });
    cutOff(bench);
    bench.isOutage = false;
    bench.table.resume(bench.now);
  }
  bench.answer(SILENT);
  assert.equal(hostOf(bench.ask('a.example', 'x', { policy })), '451 4.4.3');
  assert.deepEqual(bench.open, []);
});

test('a route that expired lately is used in an outage, without a question', () => {
  const bench = new Bench();
  bench.ask('a.example');
  bench.answerHost('192.0.2.1', 60);
  bench.later(60_000);
  bench.isOutage = true;
  assert.deepEqual([hostOf(bench.ask('a.example')), bench.open], ['192.0.2.1', []]);
  bench.later(STALE_MS_MAX);
  assert.equal(hostOf(bench.ask('a.example')), 'outage');
});

test('no more than so many lookups run at a time, in the order in which they were wanted', () => {
  const bench = new Bench();
  for (let at = 0; at < LOOKUPS_MAX + 2; at++) assert.equal(bench.ask(`d${at}.example`, `${at}`), null);
  assert.equal(bench.open.length, LOOKUPS_MAX);
  bench.answer(SILENT);
  assert.deepEqual([bench.open.length, bench.open.at(-1)], [LOOKUPS_MAX, `d${LOOKUPS_MAX}.example MX`]);
  // One that is looked up anew takes its own place.
  bench.table.refresh(routeKey(requestTo('d5.example')), bench.now);
  assert.equal(bench.open.length, LOOKUPS_MAX + 1);
  while (bench.open.length > 0) bench.answer(SILENT);
  for (let at = 0; at < LOOKUPS_MAX + 2; at++) assert.equal(hostOf(bench.ask(`d${at}.example`)), '451 4.4.3');
});
