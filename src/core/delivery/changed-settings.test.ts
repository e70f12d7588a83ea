// Settings that a connection was opened with change while it is open.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidate, nodeLimits, SchedulerBench } from '../../../test/support/scheduler-bench.ts';
import { NO_TLS } from '../mail/tls-policy.ts';
import { PLAIN_TERMS } from './session-terms.ts';
import type { DeliverySettings } from './settings.ts';

/** One connection with a message, and more mail behind it. */
function busyBench(settings: Partial<DeliverySettings> = {}): SchedulerBench {
  const bench = new SchedulerBench({ maxOutboundConnections: 1, ...settings });
  bench.add(10);
  bench.establish();
  assert.equal(bench.sent.length, 1);
  return bench;
}

function set(bench: SchedulerBench, settings: Partial<DeliverySettings>): void {
  bench.settings = { ...bench.settings, ...settings };
  bench.scheduler.reconfigure(nodeLimits(), bench.at);
  bench.scheduler.run(bench.at);
}

const OPENED_WITH: readonly (readonly [string, Partial<DeliverySettings>])[] = [
  ['bind_address', { bindAddress: '127.0.0.9' }],
  ['gateway', { gateway: 'gateway.example' }],
  ['routes', { routes: ['one.example'] }],
  ['remote_smtp_port', { remotePort: 26 }],
  ['use_ipv6', { useIpv6: true }],
  ['skip_hosts and the like', { hostRules: '[]' }],
  ['ehlo_hostname', { ehloHostname: 'other.example' }],
  ['tls', { tls: { ...NO_TLS, key: 'other' } }],
  ['a login', { terms: { ...PLAIN_TERMS, key: 'other' } }],
];

for (const [id, settings] of OPENED_WITH) {
  test(`${id}: a busy connection ends its message and goes, another is opened for the rest`, () => {
    const bench = busyBench();
    const [old] = bench.connections;
    set(bench, settings);
    assert.equal(old!.state, 'busy', 'its message is not cut');
    assert.equal(
      bench.scheduler.next(old!, bench.at, true),
      'idle',
      'no envelope goes ahead of the end of its message',
    );
    bench.deliver(old!);
    assert.equal(old!.state, 'leaving');
    assert.equal(bench.sent.length, 1);
    bench.close(old!);
    bench.establish();
    assert.equal(bench.sent.length, 2);
    assert.notEqual(bench.sent[1]!.connection, old);
  });

  test(`${id}: an idle connection goes at once`, () => {
    const bench = new SchedulerBench();
    bench.add(1);
    bench.establish();
    bench.deliver(bench.connections[0]!);
    set(bench, settings);
    assert.equal(bench.quits.length, 1);
  });
}

for (const [id, settings] of [
  ['the same in another object', { routes: ['one.example'] }],
  ['a limit', { maxOutboundConnections: 2 }],
  ['a time', { idleTimeoutMs: 1000 }],
] as const) {
  test(`${id}: connections stay`, () => {
    const bench = busyBench({ routes: ['one.example'] });
    set(bench, settings);
    bench.deliver(bench.connections[0]!);
    assert.equal(bench.sent[1]!.connection, bench.connections[0]);
  });
}

test('what is changed back before the message ends changes nothing', () => {
  const bench = busyBench();
  set(bench, { gateway: 'gateway.example' });
  set(bench, {});
  set(bench, { gateway: null });
  bench.deliver(bench.connections[0]!);
  assert.equal(bench.sent.length, 2);
});

test('a route that becomes another by itself leaves connections alone', () => {
  const bench = busyBench();
  bench.route = { kind: 'hosts', candidates: [candidate('127.0.0.2')], ttlMs: 60_000 };
  bench.scheduler.routeReady(bench.queue());
  bench.deliver(bench.connections[0]!);
  assert.equal(bench.sent.length, 2);
});

test('a connection of former settings that nobody has answered is given up', () => {
  const bench = new SchedulerBench({ maxOutboundConnections: 1 });
  bench.add(10);
  const [old] = bench.connections;
  set(bench, { gateway: 'gateway.example' });
  assert.deepEqual(bench.quits, [old]);
  assert.equal(bench.connections.length, 1, 'its slot is not free before it is gone');
  bench.close(old!);
  assert.equal(bench.connections.length, 1);
  assert.equal(bench.connections[0]?.state, 'connecting');
});

test('a connection of former settings that is refused by its banner is held against no host, and is no attempt', () => {
  const bench = new SchedulerBench({ maxOutboundConnections: 1 });
  bench.add(10);
  const [old] = bench.connections;
  old!.isEstablished = true;
  set(bench, { bindAddress: '127.0.0.9' });
  assert.deepEqual(bench.quits, []);
  bench.failConnect(old!);
  assert.deepEqual(bench.failures, []);
  assert.equal(bench.connections.length, 1);
  bench.failConnect(bench.connections[0]!);
  assert.equal(bench.failures.length, 1);
  assert.equal(bench.queue().hold?.kind, 'hostsDown');
});

test('a connection of former settings goes to no sibling, one that went to a sibling is as if opened for it', () => {
  const bench = new SchedulerBench({ sharesConnections: true, bindingConnections: 1 });
  bench.settingsOf = (_, domain) => (domain === 'a.example' ? { gateway: 'gateway.example' } : {});
  bench.add(1, 'a.example');
  bench.establish();
  bench.add(1, 'b.example');
  const [shared] = bench.connections;
  bench.deliver(shared!);
  assert.equal(shared!.queue.domain, 'b.example');
  set(bench, { idleTimeoutMs: 4000 });
  assert.equal(shared!.isOutdated, false);
  bench.add(1, 'a.example');
  set(bench, { ehloHostname: 'other.example' });
  bench.deliver(shared!);
  assert.equal(shared!.state, 'leaving');
});

test('a binding that goes and comes back as it was: connections that were being made serve it', () => {
  const bench = new SchedulerBench({ maxOutboundConnections: 1, bindAddress: '127.0.0.9' });
  bench.add(10);
  set(bench, { bindingExists: false, bindAddress: null });
  assert.deepEqual(bench.quits, []);
  set(bench, { bindingExists: true, bindAddress: '127.0.0.9' });
  bench.establish();
  assert.equal(bench.sent.length, 1);
});
