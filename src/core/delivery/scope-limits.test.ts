// Sums over scopes in the scheduler: reached, not passed, and exact through reloads that bring and take stanzas.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { candidate, nodeLimits, SchedulerBench } from '../../../test/support/scheduler-bench.ts';
import type { OutboundConnection } from './outbound-connection.ts';
import type { ScopeLimit } from './settings.ts';

const open = (bench: SchedulerBench): number => bench.connections.length;
const serving = (bench: SchedulerBench): OutboundConnection[] =>
  bench.connections.filter(({ state }) => state !== 'leaving');

/** A configuration took force. */
function reload(bench: SchedulerBench): void {
  bench.scheduler.reconfigure(nodeLimits(), bench.at);
  bench.scheduler.run(bench.at);
}

/** Every busy connection comes to the end of its message; those that leave are closed. */
function settle(bench: SchedulerBench): void {
  bench.establish();
  for (const connection of [...bench.connections]) if (connection.state === 'busy') bench.deliver(connection);
  for (const connection of [...bench.connections]) if (connection.state === 'leaving') bench.close(connection);
}

/** Queues of two bindings and two domains with much mail, and sums by a name of the queue. */
function loaded(sums: (binding: string, domain: string) => readonly ScopeLimit[]): SchedulerBench {
  const bench = new SchedulerBench();
  bench.settingsOf = (binding, domain) => ({ scopeLimits: sums(binding, domain) });
  for (const binding of ['one', 'two'])
    for (const domain of ['a.example', 'b.example']) bench.add(200, domain, binding);
  bench.establish();
  return bench;
}

const limit = (key: string, value: number): ScopeLimit => ({ key, limit: value });

test('one counter for all bindings and domains of a stanza: the sum is reached and not passed', () => {
  const bench = loaded(() => [limit('domain "/example$/"', 3)]);
  assert.equal(open(bench), 3);
  for (let round = 0; round < 30; round++) settle(bench);
  assert.equal(open(bench), 3);
});

test('of several sums and other limits the lowest wins, each for those it is of', () => {
  const bench = loaded((binding, domain) => [
    limit('global', 40),
    limit(`binding "${binding}"`, binding === 'one' ? 5 : 90),
    limit(`domain "${domain}"`, domain === 'a.example' ? 20 : 90),
  ]);
  const count = (filter: (connection: OutboundConnection) => boolean) => bench.connections.filter(filter).length;
  assert.equal(open(bench), 40);
  assert.equal(
    count(({ queue }) => queue.binding === 'one'),
    5,
  );
  assert.ok(count(({ queue }) => queue.domain === 'a.example') <= 20);
});

test('lowered: busy connections leave after their message, as many as are too many; raised: used at once', () => {
  let value = 10;
  const bench = loaded(() => [limit('stanza', value)]);
  assert.equal(open(bench), 10);
  value = 4;
  reload(bench);
  assert.equal(serving(bench).length, 10, 'nothing is cut');
  settle(bench);
  assert.equal(open(bench), 4);
  value = 9;
  reload(bench);
  assert.equal(open(bench), 9);
});

test('a stanza that comes counts what is open already: surplus leaves, nothing opens above it', () => {
  let sums: readonly ScopeLimit[] = [];
  const bench = loaded(() => sums);
  assert.equal(open(bench), 4 * 28); // a target of 28 for 200 messages under 32
  sums = [limit('new', 6)];
  reload(bench);
  assert.equal(bench.ledger.openOf('new'), 4 * 28);
  settle(bench);
  assert.equal(open(bench), 6);
  sums = [];
  reload(bench);
  assert.equal(bench.ledger.openOf('new'), 0);
  assert.ok(open(bench) > 6);
  assert.ok(![...bench.ledger.counters()].some(({ key }) => key === 'new'), 'the counter of a gone stanza is gone');
});

test('a connection on its way out counts in a stanza that comes, and is no surplus of it', () => {
  let sums: readonly ScopeLimit[] = [];
  const bench = new SchedulerBench();
  bench.settingsOf = () => ({ scopeLimits: sums });
  bench.add(4);
  bench.establish();
  assert.equal(open(bench), 2);
  const [first] = bench.connections;
  bench.scheduler.startLeaving(first!);
  sums = [limit('new', 1)];
  reload(bench);
  assert.equal(bench.ledger.openOf('new'), open(bench));
  bench.deliver(bench.connections[1]!);
  assert.equal(bench.connections[1]!.state, 'busy');
  bench.close(first!);
  assert.equal(bench.ledger.openOf('new'), 1);
});

test('a sum over a host: its candidates are passed over while it is full, and their mail waits for room there', () => {
  const bench = new SchedulerBench();
  bench.settingsOf = () => ({
    hostScopeLimits: (host) => (host === 'mx-127.0.0.3.example' ? [] : [limit('host "/^mx/"', 3)]),
  });
  bench.route = {
    kind: 'hosts',
    candidates: [candidate('127.0.0.1'), candidate('127.0.0.2'), candidate('127.0.0.3', 20)],
    ttlMs: 60_000,
  };
  bench.add(7, 'a.example', 'one');
  bench.add(7, 'a.example', 'two');
  const addresses = () => bench.connections.map((connection) => connection.candidate.address);
  const last = (list: string[]) => list.filter((address) => address === '127.0.0.3').length;
  assert.deepEqual([open(bench), last(addresses())], [6, 3]);
});

test('a queue waits once for a sum that two of its hosts share', () => {
  const bench = new SchedulerBench({ hostScopeLimits: () => [limit('host "/^mx/"', 1)] });
  bench.route = { kind: 'hosts', candidates: [candidate('127.0.0.1'), candidate('127.0.0.2')], ttlMs: 60_000 };
  bench.add(1, 'a.example', 'one');
  bench.add(1, 'a.example', 'two');
  assert.equal(bench.queue('a.example', 'two').waits.length, 1);
  bench.close(bench.connections[0]!);
  assert.equal(bench.connections[0]!.queue.binding, 'two');
});

test('property: through any reloads every counter is what is open, and nothing opens above a limit', () => {
  const stanzas = ['global', 'a.example', 'b.example', 'one', 'two'];
  const step = fc.oneof(
    fc.record({ kind: fc.constant('set' as const), stanza: fc.nat(4), value: fc.constantFrom(-1, 0, 1, 3, 7) }),
    fc.record({ kind: fc.constantFrom('settle' as const, 'deliver' as const, 'leave' as const), stanza: fc.nat(40) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const values = new Map<string, number>();
      const sumsOf = (binding: string, domain: string): ScopeLimit[] =>
        ['global', domain, binding].flatMap((key) => (values.has(key) ? [limit(key, values.get(key)!)] : []));
      const bench = loaded(sumsOf);
      let before = new Set(bench.connections);
      for (const one of steps) {
        if (one.kind === 'set' && 'value' in one) {
          const key = stanzas[one.stanza]!;
          if (one.value < 0) values.delete(key);
          else values.set(key, one.value);
          reload(bench);
        } else if (one.kind === 'settle') {
          settle(bench);
        } else {
          const connection = bench.connections[one.stanza % Math.max(1, open(bench))];
          if (connection?.state === 'busy' && one.kind === 'deliver') bench.deliver(connection);
          else if (connection !== undefined && one.kind === 'leave') {
            bench.scheduler.startLeaving(connection);
            bench.close(connection);
          }
        }
        for (const stanza of stanzas) {
          const covered = bench.connections.filter(({ queue }) =>
            ['global', queue.domain, queue.binding].includes(stanza),
          );
          const value = values.get(stanza);
          assert.equal(bench.ledger.openOf(stanza), value === undefined ? 0 : covered.length, stanza);
          const isNew = covered.some((connection) => !before.has(connection));
          if (isNew && value !== undefined) assert.ok(covered.length <= value, `${stanza} above ${value}`);
        }
        before = new Set(bench.connections);
      }
    }),
    { numRuns: 60 },
  );
});
