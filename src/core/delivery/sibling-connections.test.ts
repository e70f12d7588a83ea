// An idle connection of one domain serves another with the same exchanger: no connection is opened for what one is there
// for, and no counter is passed on the way.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { candidate, nodeLimits, SchedulerBench } from '../../../test/support/scheduler-bench.ts';
import { NO_LIMIT } from '../base/limit.ts';
import type { DeliverySettings } from './settings.ts';

const SHARED = { sharesConnections: true } as const;

/** One connection of a.example that has nothing to do. */
function withIdle(settings: Partial<DeliverySettings> = {}, total = NO_LIMIT): SchedulerBench {
  const bench = new SchedulerBench({ ...SHARED, ...settings }, total);
  bench.add(1, 'a.example');
  bench.establish();
  bench.deliver(bench.connections[0]!);
  assert.equal(bench.connections[0]!.state, 'idle');
  return bench;
}

const openOf = (bench: SchedulerBench, key: string) => bench.ledger.openOf(key);

test('an idle connection serves a sibling, and counts for it', () => {
  const bench = withIdle();
  const [connection] = bench.connections;
  bench.add(1, 'b.example');
  assert.equal(bench.connections.length, 1);
  assert.equal(connection!.queue.domain, 'b.example');
  assert.equal(bench.sent.at(-1)!.connection, connection);
  assert.equal(openOf(bench, 'pair default a.example'), 0);
  assert.equal(openOf(bench, 'pair default b.example'), 1);
  assert.equal(openOf(bench, 'address default 127.0.0.1'), 1);
  assert.equal(openOf(bench, 'node'), 1);
  assert.equal(bench.queue('a.example').connections.size, 0);
  bench.deliver(connection!);
  bench.close(connection!);
  assert.deepEqual(
    [...bench.ledger.counters()].filter(({ open }) => open > 0),
    [],
  );
});

interface Change {
  readonly settings?: Partial<DeliverySettings>;
  readonly binding?: string;
  readonly host?: string;
  readonly port?: number;
}

for (const [id, change] of [
  ['the option is off', { settings: { sharesConnections: false } }],
  ['another binding', { binding: 'other' }],
  ['another name in EHLO', { settings: { ehloHostname: 'other.example' } }],
  ['it has carried what it may for the other', { settings: { maxDeliveriesPerConnection: 1 } }],
  ['another host name at the address', { host: 'other.example' }],
  ['another port', { port: 2525 }],
] as const) {
  test(`an idle connection stays where it is: ${id}`, () => {
    const bench = withIdle();
    const { settings = {}, binding = 'default', ...other }: Change = change;
    bench.settingsOf = (_, domain) => (domain === 'b.example' ? settings : {});
    bench.route = { kind: 'hosts', candidates: [{ ...candidate('127.0.0.1'), ...other }], ttlMs: 60_000 };
    bench.add(1, 'b.example', binding);
    assert.equal(bench.connections.length, 2);
    assert.equal(bench.connections[0]!.queue.domain, 'a.example');
  });
}

test('no room at the sibling: the connection stays, the mail waits', () => {
  const bench = withIdle();
  bench.settingsOf = (_, domain) => (domain === 'b.example' ? { maxOutboundConnections: 0 } : {});
  bench.add(1, 'b.example');
  assert.equal(bench.connections.length, 1);
  assert.equal(bench.connections[0]!.queue.domain, 'a.example');
});

test('a sum over the sibling alone that is full keeps the connection away', () => {
  const bench = withIdle();
  bench.settingsOf = (_, domain) => (domain === 'b.example' ? { scopeLimits: [{ key: 'scope b', limit: 0 }] } : {});
  bench.add(1, 'b.example');
  assert.equal(bench.connections[0]!.queue.domain, 'a.example');
});

test('a better host is not passed over for an idle connection to a worse one', () => {
  const bench = withIdle();
  bench.route = { kind: 'hosts', candidates: [candidate('127.0.0.9', 5), candidate('127.0.0.1', 10)], ttlMs: 60_000 };
  bench.add(1, 'b.example');
  assert.equal(bench.connections[1]!.candidate.address, '127.0.0.9');
  assert.equal(bench.connections[0]!.queue.domain, 'a.example');
});

test('with the limit of the host used up, a connection that has done its work goes over to who waits', () => {
  const bench = new SchedulerBench({ ...SHARED, hostLimit: () => 1 });
  bench.add(2, 'a.example');
  bench.add(1, 'b.example');
  bench.establish();
  const [connection] = bench.connections;
  bench.deliver(connection!);
  assert.equal(connection!.queue.domain, 'a.example', 'its own mail first, for a quantum');
  bench.deliver(connection!);
  assert.equal(connection!.queue.domain, 'b.example');
  assert.equal(connection!.state, 'busy');
  assert.equal(bench.quits.length, 0);
  assert.equal(openOf(bench, 'address default 127.0.0.1'), 1);
});

test('somebody who is no sibling and waits first has the slot', () => {
  const bench = new SchedulerBench(SHARED, 1);
  bench.add(1, 'a.example');
  bench.add(1, 'stranger.example', 'other');
  bench.add(1, 'b.example');
  bench.establish();
  const [connection] = bench.connections;
  bench.deliver(connection!);
  assert.equal(connection!.state, 'leaving');
  bench.close(connection!);
  assert.equal(bench.connections[0]!.queue.domain, 'stranger.example');
});

const SET_AT = { file: 'mail.conf', line: 1, column: 1 };
/** A window of a second begins as if it were used up. */
const ONE_PER_SECOND = [{ key: 'throttle', count: 1, periodMs: 1000, setAt: SET_AT }];

test('the connection costs no token of a throttle of connections', () => {
  const bench = withIdle();
  const throttles = { connections: ONE_PER_SECOND, messages: [] };
  bench.settingsOf = (_, domain) => (domain === 'b.example' ? { throttles } : {});
  bench.add(1, 'b.example');
  assert.equal(bench.sent.length, 2);
});

test('messages on the connection take the tokens of the sibling, which waits for the first where it is', () => {
  const bench = withIdle();
  const throttles = { connections: [], messages: ONE_PER_SECOND };
  bench.settingsOf = (_, domain) => (domain === 'b.example' ? { throttles } : {});
  bench.add(2, 'b.example');
  assert.equal(bench.sent.length, 1);
  assert.equal(bench.connections[0]!.queue.domain, 'a.example');
  bench.later(1000);
  assert.equal(bench.sent.length, 2);
  assert.equal(bench.connections.length, 1);
  bench.deliver(bench.connections[0]!);
  assert.equal(bench.sent.length, 2);
  bench.later(1000);
  assert.equal(bench.sent.length, 3);
});

test('mail of the own queue that waits for a token keeps its connection', () => {
  const bench = new SchedulerBench(SHARED);
  bench.settingsOf = (_, domain) =>
    domain === 'a.example' ? { throttles: { connections: [], messages: ONE_PER_SECOND } } : {};
  bench.add(1, 'a.example');
  bench.later(1000);
  bench.establish();
  bench.deliver(bench.connections[0]!);
  bench.add(1, 'a.example');
  bench.add(1, 'b.example');
  assert.equal(bench.connections.length, 2);
  assert.equal(bench.connections[0]!.queue.domain, 'a.example');
});

test('property: through any events, counters are what is open and no limit is passed', () => {
  const event = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), domain: fc.nat(3), count: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ kind: fc.constantFrom('deliver' as const, 'close' as const, 'leave' as const), which: fc.nat(20) }),
    fc.record({ kind: fc.constant('later' as const), ms: fc.nat(3000) }),
    fc.record({ kind: fc.constant('limits' as const), pair: fc.nat(3), host: fc.nat(4) }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 80 }), (events) => {
      const bench = new SchedulerBench({
        ...SHARED,
        maxOutboundConnections: 2,
        hostLimit: () => 3,
        connectionsPerMessage: 1,
      });
      let limits = { pair: 2, host: 3 };
      for (const one of events) {
        if (one.kind === 'add') bench.add(one.count, `d${one.domain}.example`);
        else if (one.kind === 'later') bench.later(one.ms);
        else if (one.kind === 'limits') {
          limits = one;
          bench.settings = { ...bench.settings, maxOutboundConnections: one.pair, hostLimit: () => one.host };
          bench.scheduler.reconfigure(nodeLimits(), bench.at);
          bench.scheduler.run(bench.at);
        } else {
          bench.establish();
          const connection = bench.connections[one.which % Math.max(1, bench.connections.length)];
          if (connection === undefined) continue;
          if (one.kind === 'deliver' && connection.state === 'busy') bench.deliver(connection);
          else if (one.kind === 'leave' && connection.state === 'idle') {
            bench.scheduler.startLeaving(connection);
            bench.scheduler.run(bench.at);
          } else if (one.kind === 'close' && connection.state === 'leaving') bench.close(connection);
        }
        const counted = new Map<string, number>();
        for (const { queue, candidate: to, state } of bench.connections) {
          for (const key of ['node', `pair default ${queue.domain}`, `address default ${to.address}`]) {
            counted.set(key, (counted.get(key) ?? 0) + 1);
          }
          assert.ok(queue.connections.size > 0 || state === 'leaving');
        }
        for (const { key, open } of bench.ledger.counters()) {
          if (/^(node|pair|address)/.test(key)) assert.equal(open, counted.get(key) ?? 0, key);
        }
        for (let domain = 0; domain < 4; domain++) {
          const queue = bench.queue(`d${domain}.example`);
          assert.equal(queue.connections.size, bench.connections.filter((of) => of.queue === queue).length);
          const staying = queue.connections.size - queue.leaving;
          const busy = [...queue.connections].filter(({ state }) => state === 'busy' || state === 'connecting').length;
          assert.ok(staying <= Math.max(limits.pair, busy), 'surplus is only what ends its message');
        }
      }
    }),
    { numRuns: 300 },
  );
});
