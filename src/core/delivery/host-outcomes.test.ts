// Hosts that were set aside, and an operator who knows better.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidate, nodeLimits, SchedulerBench } from '../../../test/support/scheduler-bench.ts';
import { NO_LIMIT } from '../base/limit.ts';
import { notConnected } from '../mail/disposition.ts';
import type { Route } from '../mail/hosts.ts';
import { NO_TLS } from '../mail/tls-policy.ts';
import { NO_VALID_HOSTS } from './connection-opener.ts';
import type { DeliverySettings } from './settings.ts';

/** Its one host has just refused a connection. */
function benchWithHostDown(settings: Partial<DeliverySettings> = {}): SchedulerBench {
  const bench = new SchedulerBench({ hostFailureRetryMs: 60_000, ...settings });
  bench.add(3);
  bench.failConnect(bench.connections[0]!);
  assert.equal(bench.connections.length, 0);
  assert.equal(bench.queue().hold?.kind, 'hostsDown');
  return bench;
}

function set(bench: SchedulerBench, settings: Partial<DeliverySettings>): void {
  bench.settings = { ...bench.settings, ...settings };
  bench.scheduler.reconfigure(nodeLimits(), bench.at);
  bench.scheduler.run(bench.at);
}

test('hosts that are back by word of the operator are tried at once', () => {
  const bench = benchWithHostDown();
  bench.scheduler.tryHostsAgain(bench.queue());
  bench.scheduler.run(bench.at);
  assert.equal(bench.connections.length, 1);
});

test('so are they by other queues of the binding that waited for the same host', () => {
  const bench = benchWithHostDown();
  bench.add(1, 'b.example');
  assert.equal(bench.queue('b.example').hold?.kind, 'hostsDown');
  bench.scheduler.tryHostsAgain(bench.queue());
  bench.scheduler.run(bench.at);
  assert.equal(bench.queue('b.example').connections.size, 1);
});

test('another binding has its own memory of the host', () => {
  const bench = benchWithHostDown();
  bench.add(2, 'a.example', 'other');
  bench.failConnect(bench.connections[0]!);
  bench.scheduler.tryHostsAgain(bench.queue());
  bench.scheduler.run(bench.at);
  assert.equal(bench.queue('a.example', 'other').hold?.kind, 'hostsDown');
});

test('a host that failed under a protection is tried under it again', () => {
  const tls = { ...NO_TLS, key: 'strict' };
  const bench = new SchedulerBench({ tls });
  bench.add(2);
  const [connection] = bench.connections;
  bench.scheduler.hostFailed(connection!, 'TLS', notConnected(NO_VALID_HOSTS), bench.at, 'strict');
  bench.close(connection!);
  assert.equal(bench.queue().hold?.kind, 'hostsDown');
  bench.scheduler.tryHostsAgain(bench.queue());
  bench.scheduler.run(bench.at);
  assert.equal(bench.connections.length, 1);
});

test('nothing comes of it where no host failed, or where the address is left alone for another reason', () => {
  const bench = new SchedulerBench();
  bench.scheduler.hostStates.setAside('127.0.0.1', (bench.at.mono + 2000) as typeof bench.at.mono);
  bench.add(2);
  bench.scheduler.tryHostsAgain(bench.queue());
  bench.scheduler.run(bench.at);
  assert.equal(bench.connections.length, 0);
  bench.later(2000);
  assert.equal(bench.connections.length, 1);
});

for (const [id, hostFailureRetryMs, before, after] of [
  ['less', 10_000, 9999, 10_000],
  ['less than the least, which is a second', 0, 999, 1000],
  ['more: waits that run stay', 90_000, 59_999, 60_000],
] as const) {
  test(`host_failure_retry is changed to ${id}`, () => {
    const bench = benchWithHostDown();
    set(bench, { hostFailureRetryMs });
    bench.later(before);
    assert.equal(bench.connections.length, 0);
    bench.later(after - before);
    assert.equal(bench.connections.length, 1);
  });
}

test('host_failure_retry is changed to what has passed already: the host is tried at once', () => {
  const bench = benchWithHostDown();
  bench.later(20_000);
  set(bench, { hostFailureRetryMs: 1000 });
  assert.equal(bench.connections.length, 1);
});

test('a second host that failed is remembered by itself', () => {
  const bench = new SchedulerBench({ hostFailureRetryMs: 60_000 });
  bench.route = { kind: 'hosts', candidates: [candidate('127.0.0.1', 1), candidate('127.0.0.2', 2)], ttlMs: 60_000 };
  bench.add(2);
  bench.failConnect(bench.connections[0]!);
  bench.failConnect(bench.connections[0]!);
  bench.scheduler.tryHostsAgain(bench.queue());
  bench.scheduler.run(bench.at);
  assert.equal(bench.connections[0]?.candidate.address, '127.0.0.1', 'the better one');
});

function routeTo(...addresses: string[]): Route {
  return { kind: 'hosts', candidates: addresses.map((one, at) => candidate(one, at)), ttlMs: 60_000 };
}

/** A queue waits for room at its second host, while the first, and one that it does not know, failed for others. */
function benchWithFullHost(): SchedulerBench {
  const bench = new SchedulerBench({ hostFailureRetryMs: 60_000, connectionsPerMessage: 1 });
  bench.settings = { ...bench.settings, hostLimit: (_, address) => (address === '127.0.0.2' ? 1 : NO_LIMIT) };
  for (const [domain, address] of [
    ['b.example', '127.0.0.1'],
    ['c.example', '127.0.0.3'],
  ] as const) {
    bench.route = routeTo(address);
    bench.add(2, domain);
    bench.failConnect(bench.connections.at(-1)!);
  }
  bench.route = routeTo('127.0.0.1', '127.0.0.2');
  bench.add(2);
  assert.deepEqual([bench.queue().connections.size, bench.queue().waits.length], [1, 1]);
  return bench;
}

/** The other connection that it opened gets there after all. */
function answer(bench: SchedulerBench, domain: string): void {
  const [connection] = bench.queue(domain).connections;
  bench.scheduler.hostAnswered(connection!);
}

for (const [id, isBack] of [
  ['answers to another queue', (bench: SchedulerBench) => answer(bench, 'b.example')],
  [
    'is back by word of the operator',
    (bench: SchedulerBench) => bench.scheduler.tryHostsAgain(bench.queue('b.example')),
  ],
] as const) {
  test(`who waits for room at one host goes to another when that ${id}`, () => {
    const bench = benchWithFullHost();
    isBack(bench);
    bench.scheduler.run(bench.at);
    const addresses = [...bench.queue().connections].map(({ candidate: { address } }) => address);
    assert.deepEqual(addresses, ['127.0.0.2', '127.0.0.1']);
  });
}

test('who waits for room keeps its place when a host that it does not know answers', () => {
  const bench = benchWithFullHost();
  const [wait] = bench.queue().waits;
  answer(bench, 'c.example');
  bench.scheduler.run(bench.at);
  assert.equal(bench.queue().waits[0], wait);
});

test('a session that this machine ended is no failure: a pause, for mail of the same settings, and no attempt', () => {
  const bench = new SchedulerBench({ tls: { ...NO_TLS, key: 'strict' }, hostFailureRetryMs: 60_000 });
  bench.settingsOf = (_, domain) => (domain === 'b.example' ? { tls: NO_TLS } : {});
  const giveUp = () => {
    const [connection] = bench.connections;
    bench.scheduler.startLeaving(connection!);
    bench.scheduler.hostGivenUp(connection!, 'others wait', bench.at, 'strict');
    bench.close(connection!);
  };
  bench.add(1);
  giveUp();
  assert.deepEqual([bench.connections.length, bench.queue().hold?.kind], [0, 'hostsDown']);
  bench.add(1, 'b.example');
  assert.equal(bench.queue('b.example').connections.size, 1, 'another protection is not affected');
  bench.close(bench.connections[0]!);
  bench.later(4999);
  assert.equal(bench.queue().connections.size, 0);
  bench.later(1);
  assert.equal(bench.queue().connections.size, 1);
  assert.deepEqual(bench.failures, []);
});

test('mail whose every session was ended by this machine is delayed when that has gone on for long', () => {
  const bench = new SchedulerBench({ tls: { ...NO_TLS, key: 'strict' }, connectTimeoutToDelayMs: 900_000 });
  bench.add(1);
  for (let seconds = 0; bench.failures.length === 0; seconds += 5) {
    assert.ok(seconds <= 900, 'it would wait for ever');
    const [connection] = bench.connections;
    bench.scheduler.startLeaving(connection!);
    bench.scheduler.hostGivenUp(connection!, 'others wait', bench.at, 'strict');
    bench.close(connection!); // the moment in which the queue sees that it reaches nobody
    bench.later(5000);
  }
  assert.match(bench.failures[0]!, /no MXs for this domain could be reached/);
});

// ---- mx_failures_to_delay

const SECOND_MS = 1000;

/** Every host that may be tried fails. */
function failRound(bench: SchedulerBench): void {
  while (bench.connections.length > 0) bench.failConnect(bench.connections[0]!);
}

/** What is left of eight messages behind so many rounds in which all hosts fail, and how the swept ones ended. */
function afterRounds(bench: SchedulerBench, rounds: number): { readonly active: number; readonly swept: number } {
  bench.add(8);
  for (let round = 1; round <= rounds; round++) {
    if (round > 1) bench.later(SECOND_MS);
    assert.notEqual(bench.connections.length, 0, `round ${round} tries`);
    failRound(bench);
  }
  return sweptOf(bench);
}

function sweptOf(bench: SchedulerBench): { readonly active: number; readonly swept: number } {
  const swept = bench.failures.filter((reply) => /no MXs for this domain could be reached/.test(reply)).length;
  return { active: bench.queue().active.size, swept };
}

const OFTEN: Partial<DeliverySettings> = { hostFailureRetryMs: SECOND_MS, connectTimeoutToDelayMs: 900_000 };

for (const [id, mxFailuresToDelay, rounds, active, swept] of [
  ['below the bound: one message a round has its attempt', 3, 2, 6, 0],
  ['at the bound: the others go with it', 3, 3, 0, 5],
  ['a bound of 1', 1, 1, 0, 7],
  ['0 is never', 0, 7, 1, 0],
] as const) {
  test(`all mail of a domain is delayed when each of its hosts has failed so many times in a row: ${id}`, () => {
    const bench = new SchedulerBench({ ...OFTEN, mxFailuresToDelay });
    bench.route = { kind: 'hosts', candidates: [candidate('127.0.0.1', 1), candidate('127.0.0.2', 2)], ttlMs: 60_000 };
    assert.deepEqual(afterRounds(bench, rounds), { active, swept });
  });
}

test('connections that fail together are one failure of their host', () => {
  const bench = new SchedulerBench({ ...OFTEN, mxFailuresToDelay: 2, connectionsPerMessage: 1 });
  bench.add(8);
  assert.ok(bench.connections.length > 2);
  failRound(bench);
  assert.deepEqual(sweptOf(bench), { active: 7, swept: 0 });
});

test('a host that has failed less often keeps the mail active', () => {
  const bench = new SchedulerBench({ ...OFTEN, mxFailuresToDelay: 2 });
  bench.add(8);
  failRound(bench);
  bench.route = { kind: 'hosts', candidates: [candidate('127.0.0.1', 1), candidate('127.0.0.2', 2)], ttlMs: 60_000 };
  bench.later(SECOND_MS);
  failRound(bench);
  assert.deepEqual(sweptOf(bench), { active: 6, swept: 0 });
  bench.later(SECOND_MS);
  failRound(bench);
  assert.deepEqual(sweptOf(bench), { active: 0, swept: 5 });
});

test('one that answered begins anew', () => {
  const bench = new SchedulerBench({ ...OFTEN, mxFailuresToDelay: 2, maxDeliveriesPerConnection: 1 });
  bench.add(8);
  failRound(bench);
  bench.later(SECOND_MS);
  bench.scheduler.hostAnswered(bench.connections[0]!);
  failRound(bench);
  assert.deepEqual(sweptOf(bench), { active: 6, swept: 0 });
});

test('one that the source address cannot reach is not asked about', () => {
  const bench = new SchedulerBench({ ...OFTEN, mxFailuresToDelay: 1, bindAddress: '127.0.0.9' });
  const other = { ...candidate('::1', 20), family: 6 } as const;
  bench.route = { kind: 'hosts', candidates: [candidate('127.0.0.1'), other], ttlMs: 60_000 };
  assert.deepEqual(afterRounds(bench, 1), { active: 0, swept: 7 });
});

test('the operator’s word takes the failures back', () => {
  const bench = new SchedulerBench({ ...OFTEN, mxFailuresToDelay: 2 });
  bench.add(8);
  failRound(bench);
  bench.scheduler.tryHostsAgain(bench.queue());
  bench.scheduler.run(bench.at);
  failRound(bench);
  assert.deepEqual(sweptOf(bench), { active: 6, swept: 0 });
});

test('a bound that is made less holds for what has failed before', () => {
  const bench = new SchedulerBench({ ...OFTEN, mxFailuresToDelay: 50 });
  assert.deepEqual(afterRounds(bench, 2), { active: 6, swept: 0 });
  set(bench, { mxFailuresToDelay: 2 });
  assert.deepEqual(sweptOf(bench), { active: 0, swept: 6 });
});
