import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidate, nodeLimits, SchedulerBench } from '../../../test/support/scheduler-bench.ts';
import { NO_LIMIT } from '../base/limit.ts';
import type { ThrottleValue } from '../limits/throttle-table.ts';
import { NO_VALID_HOSTS } from './connection-opener.ts';
import type { DeliverySettings } from './settings.ts';

const SET_AT = { file: 'test.conf', line: 7, column: 3 };

const every = (count: number, seconds = 1, key = 'a stanza'): ThrottleValue => ({
  key,
  count,
  periodMs: seconds * 1000,
  setAt: SET_AT,
});

const connections = (...values: ThrottleValue[]): Partial<DeliverySettings> => ({
  throttles: { connections: values, messages: [] },
});
const messages = (...values: ThrottleValue[]): Partial<DeliverySettings> => ({
  throttles: { connections: [], messages: values },
});

/** Windows that are shorter than ten seconds have recovered from the start of the process. */
function benchWith(settings: Partial<DeliverySettings>): SchedulerBench {
  const bench = new SchedulerBench({ connectionsPerMessage: 1, maxOutboundConnections: NO_LIMIT, ...settings });
  bench.queue();
  bench.later(10_000);
  return bench;
}

const addresses = (bench: SchedulerBench): string[] => bench.connections.map((one) => one.candidate.address);

test('connections are opened at the rate, and the queue tells what it waits for', () => {
  const bench = benchWith(connections(every(3)));
  bench.add(10);
  assert.equal(bench.connections.length, 3);
  const { hold } = bench.queue();
  assert.ok(hold?.kind === 'throttled');
  assert.deepEqual([hold.throttle.value, hold.until], [every(3), 11_000]);
  bench.later(999);
  assert.equal(bench.connections.length, 3);
  bench.later(1);
  assert.equal(bench.connections.length, 6);
  bench.later(2000);
  assert.equal(bench.connections.length, 9);
  bench.later(1000);
  assert.equal(bench.connections.length, 10);
  assert.equal(bench.queue().hold, null);
  assert.deepEqual(bench.failures, []);
});

test('the first message has its token with the connection; every other takes one, and the connection idles for it', () => {
  const bench = benchWith(messages(every(2)));
  bench.add(5);
  assert.equal(bench.connections.length, 2, 'no connection without a token for its first message');
  bench.establish();
  assert.equal(bench.sent.length, 2);
  const [first, second] = bench.connections;
  bench.deliver(first!);
  assert.equal(first!.state, 'idle');
  assert.equal(bench.sent.length, 2);
  assert.equal(bench.queue().hold?.kind, 'throttled');
  bench.later(1000);
  assert.equal(bench.sent.length, 3, 'the idle connection first');
  assert.equal(bench.connections.length, 3, 'then another, which holds the other token');
  bench.deliver(second!);
  assert.equal(bench.sent.length, 3);
});

test('with a recovery beyond idle_timeout the connection says QUIT', () => {
  const bench = benchWith({ idleTimeoutMs: 400, ...messages(every(1)) });
  bench.add(2);
  bench.establish();
  bench.later(300);
  bench.deliver(bench.connections[0]!);
  assert.equal(bench.connections[0]!.state, 'leaving');
  bench.close(bench.connections[0]!);
  assert.equal(bench.connections.length, 0);
  bench.later(699);
  assert.equal(bench.connections.length, 0);
  bench.later(1);
  assert.equal(bench.connections.length, 1);
});

test('a message that is sent ahead takes its token when it is chosen', () => {
  const bench = benchWith({ maxOutboundConnections: 1, ...messages(every(2)) });
  bench.add(3);
  bench.establish();
  const [connection] = bench.connections;
  assert.equal(typeof bench.scheduler.next(connection!, bench.at, true), 'object');
  assert.equal(bench.scheduler.next(connection!, bench.at, true), 'idle');
});

test('a queue does not wait for tokens it does not need: one throttle for each stanza', () => {
  const bench = benchWith({});
  bench.settingsOf = (_, domain) => connections(every(1, 1, domain === 'b.example' ? 'b' : 'others'));
  bench.scheduler.reconfigure(nodeLimits(), bench.at);
  for (const domain of ['a.example', 'b.example', 'c.example']) bench.add(2, domain);
  const domains = () => bench.connections.map((one) => one.queue.domain);
  assert.deepEqual(domains(), ['a.example', 'b.example'], 'a and c share one');
  bench.later(1000);
  assert.deepEqual(domains().slice(2).sort(), ['b.example', 'c.example'], 'who has no connection goes first');
});

test('a host without a token is passed over for its sibling, then for the next preference', () => {
  const bench = benchWith({
    hostThrottles: (host) => ({
      connections: host.includes('0.3') ? [] : [every(1, 1, host)],
      messages: [],
    }),
  });
  bench.route = {
    kind: 'hosts',
    candidates: [candidate('127.0.0.1', 10), candidate('127.0.0.2', 10), candidate('127.0.0.3', 20)],
    ttlMs: 60_000,
  };
  bench.add(3);
  assert.deepEqual(addresses(bench).slice(0, 2).sort(), ['127.0.0.1', '127.0.0.2']);
  assert.deepEqual(addresses(bench).slice(2), ['127.0.0.3']);
});

test('with no host left the queue wakes at the shortest recovery among them', () => {
  const bench = benchWith({
    hostThrottles: (host) => ({ connections: [every(1, host.includes('0.1') ? 2 : 3, host)], messages: [] }),
  });
  bench.route = { kind: 'hosts', candidates: [candidate('127.0.0.1'), candidate('127.0.0.2')], ttlMs: 60_000 };
  bench.add(4);
  assert.equal(bench.connections.length, 2);
  bench.later(1999);
  assert.equal(bench.connections.length, 2);
  const { hold } = bench.queue();
  assert.equal(hold?.kind === 'throttled' && hold.until, 12_000);
  bench.later(1);
  assert.deepEqual(addresses(bench).slice(2), ['127.0.0.1']);
  bench.later(1000);
  assert.deepEqual(addresses(bench).slice(3), ['127.0.0.2']);
});

test('tokens and slots together or none: a full limit costs no token', () => {
  const bench = benchWith({ bindingConnections: 1, ...connections(every(5)), ...messages() });
  bench.settingsOf = () => connections(every(5, 1000));
  bench.scheduler.reconfigure(nodeLimits(), bench.at);
  const [throttle] = bench.queue().throttles.connections;
  bench.add(4);
  bench.scheduler.throttlesWritten(true, bench.at);
  bench.scheduler.run(bench.at);
  assert.equal(bench.connections.length, 1);
  assert.equal(throttle!.window.free(bench.at.mono), 4);
});

test('a token whose connect fails is for the next candidate; with no candidate left it is spent', () => {
  const bench = benchWith({ throttles: { connections: [every(1, 5)], messages: [every(1, 5, 'messages')] } });
  bench.route = { kind: 'hosts', candidates: [candidate('127.0.0.1', 10), candidate('127.0.0.2', 20)], ttlMs: 60_000 };
  bench.add(2);
  assert.deepEqual(addresses(bench), ['127.0.0.1']);
  bench.later(3000);
  bench.scheduler.startLeaving(bench.connections[0]!);
  bench.failConnect(bench.connections[0]!);
  assert.deepEqual(addresses(bench), ['127.0.0.2'], 'at once, with the token of the first');
  bench.scheduler.startLeaving(bench.connections[0]!);
  bench.failConnect(bench.connections[0]!);
  assert.deepEqual(bench.failures, [NO_VALID_HOSTS]);
  assert.equal(bench.queue().keptTokens.length, 0);
});

test('a token is worth something for the next candidate only while it is in the window', () => {
  const bench = benchWith(connections(every(1, 5)));
  bench.settingsOf = (_, domain) => (domain === 'other.example' ? { connectionsPerMessage: 1 } : {});
  bench.route = { kind: 'hosts', candidates: [candidate('127.0.0.1', 10), candidate('127.0.0.2', 20)], ttlMs: 60_000 };
  bench.add(1);
  const [first] = bench.connections;
  bench.later(6000);
  bench.add(1, 'other.example');
  assert.equal(bench.connections.length, 2, 'the window has recovered, and somebody else has the token');
  bench.scheduler.startLeaving(first!);
  bench.failConnect(first!);
  assert.equal(bench.connections.length, 1);
  bench.later(5000);
  assert.equal(bench.connections.length, 2);
});

test('an idle connection without a token gives its slot up when somebody waits for that', () => {
  const bench = benchWith({ bindingConnections: 1, idleTimeoutMs: 60_000 });
  bench.settingsOf = (_, domain) => (domain === 'a.example' ? messages(every(1, 8)) : {});
  bench.scheduler.reconfigure(nodeLimits(), bench.at);
  bench.later(0);
  bench.add(2, 'a.example');
  bench.establish();
  bench.add(1, 'b.example');
  bench.deliver(bench.connections[0]!);
  assert.equal(bench.connections[0]!.state, 'leaving', 'before the end of its quantum');
});

test('mail that waits for a token expires on time, also beside an idle connection', () => {
  const bench = benchWith({ idleTimeoutMs: 100_000, messageExpirationMs: 20_000, ...messages(every(1, 9)) });
  bench.add(2);
  bench.establish();
  bench.deliver(bench.connections[0]!);
  bench.settings = { ...bench.settings, ...messages(every(1, 60)) };
  bench.scheduler.reconfigure(nodeLimits(), bench.at);
  bench.scheduler.run(bench.at);
  bench.later(19_999);
  assert.equal(bench.failures.length, 0);
  bench.later(1);
  assert.equal(bench.failures.length, 1);
});

test('another value: a raised rate at once, a throttle that is gone lets everything through', () => {
  const bench = benchWith(connections(every(1)));
  bench.add(6);
  assert.equal(bench.connections.length, 1);
  bench.settings = { ...bench.settings, ...connections(every(3)) };
  bench.scheduler.reconfigure(nodeLimits(), bench.at);
  bench.scheduler.run(bench.at);
  assert.equal(bench.connections.length, 3);
  bench.settings = { ...bench.settings, ...connections() };
  bench.scheduler.reconfigure(nodeLimits(), bench.at);
  bench.scheduler.run(bench.at);
  assert.equal(bench.connections.length, 6);
});

test('a throttle that comes with a reload is asked by connections that were opened without it', () => {
  const bench = benchWith({ maxOutboundConnections: 1 });
  bench.add(4);
  bench.settings = { ...bench.settings, ...messages(every(1)) };
  bench.scheduler.reconfigure(nodeLimits(), bench.at);
  bench.establish();
  bench.deliver(bench.connections[0]!);
  assert.equal(bench.sent.length, 1);
  assert.equal(bench.connections[0]!.state, 'idle');
  bench.later(1000);
  assert.equal(bench.sent.length, 2);
});

test('a long window waits for its reservation, and several in one turn are one write', () => {
  const bench = new SchedulerBench({ connectionsPerMessage: 1 });
  bench.settingsOf = (_, domain) => messages(every(6000, 60, domain));
  for (const domain of ['a.example', 'b.example']) bench.queue(domain);
  bench.add(3, 'a.example');
  assert.equal(bench.connections.length, 0);
  assert.equal(bench.written.length, 1);
  bench.add(3, 'b.example');
  assert.equal(bench.written.length, 1, 'one at a time');
  bench.scheduler.throttlesWritten(true, bench.at);
  bench.scheduler.run(bench.at);
  assert.equal(bench.connections.length, 3);
  assert.equal(bench.written.length, 2);
  bench.scheduler.throttlesWritten(true, bench.at);
  bench.scheduler.run(bench.at);
  assert.equal(bench.connections.length, 6);
});
