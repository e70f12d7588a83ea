import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { addWall } from '../core/base/moment.ts';
import { loadConfiguration } from '../core/config/load.ts';
import { formatProblem } from '../core/config/problem.ts';
import { UTC_ZONE } from '../core/queue/cron-time.ts';
import { CurfewSchedule, readSchedule } from '../core/queue/curfew-schedule.ts';
import { type Figures, figuresOf, type Row } from './figures.ts';
import { readReceivers } from './receivers-file.ts';
import { type Arrival, Rehearsal } from './rehearsal.ts';
import { SYNTHETIC_START } from './synthetic.ts';

/** A receiver that takes no time but for its messages, a second each, and refuses nothing. */
const PUNCTUAL = 'Connect_Time = 0\nTransaction_Time = 1\nQuit_Time = 0\nTransient_Share = 0\nPermanent_Share = 0\n';
const DAY_MS = 86_400_000;

function rehearsalOf(
  configuration: string,
  receivers: string,
  seed = 1,
  curfew: CurfewSchedule | null = null,
): Rehearsal {
  const loaded = loadConfiguration('test.conf', () => ({ text: configuration }));
  assert.ok(loaded.kind === 'loaded', loaded.kind === 'problems' ? loaded.problems.map(formatProblem).join('\n') : '');
  const read = readReceivers('receivers.conf', receivers);
  assert.ok(read.kind === 'receivers', read.kind === 'problems' ? read.problems.map(formatProblem).join('\n') : '');
  return new Rehearsal({
    configuration: loaded.configuration,
    curfew,
    receivers: read.receivers,
    seed,
    startsAt: SYNTHETIC_START,
  });
}

interface Mail extends Partial<Omit<Arrival, 'at'>> {
  readonly afterMs?: number;
  readonly messages?: number;
}

/** Messages arrive at once; the result is that of the only queue unless there are several. */
function play(rehearsal: Rehearsal, mail: readonly Mail[], drainMs = 10 * DAY_MS): Figures {
  for (const { afterMs = 0, messages = 1, ...rest } of mail) {
    for (let index = 0; index < messages; index++) {
      const at = addWall(SYNTHETIC_START, afterMs);
      rehearsal.receive({ binding: 'default', domain: 'example.com', recipients: 1, size: 1000, ...rest, at });
    }
  }
  rehearsal.finish(drainMs);
  return figuresOf(rehearsal, 'test.conf');
}

const only = ({ queues }: Figures): Row => {
  assert.equal(queues.length, 1);
  return queues[0]!;
};

test('one connection, a second for each of ten messages: the last is delivered after ten', () => {
  const row = only(play(rehearsalOf('Max_Outbound_Connections = 1', PUNCTUAL), [{ messages: 10 }]));
  const { peak, limit, p50, p95, p99, most, backlogPeak, drainedAt, delivered, connections } = row;
  assert.deepEqual({ peak, limit, delivered, connections }, { peak: 1, limit: 1, delivered: 10, connections: 1 });
  assert.deepEqual(
    { p50, p95, p99, most, drainedAt },
    { p50: 5000, p95: 10_000, p99: 10_000, most: 10_000, drainedAt: 10_000 },
  );
  assert.equal(backlogPeak, 10);
});

test('two connections need half the time; connecting takes its own', () => {
  const slow = PUNCTUAL.replace('Connect_Time = 0', 'Connect_Time = 0.5');
  const row = only(
    play(rehearsalOf('Max_Outbound_Connections = 2\nConnection_Allocation_Aggressiveness = high', slow), [
      { messages: 10 },
    ]),
  );
  assert.deepEqual([row.peak, row.drainedAt, row.p50], [2, 5500, 3500]);
});

test('a lower limit has the longer backlog', () => {
  const mail = [{ messages: 40 }];
  const candidate = only(play(rehearsalOf('Max_Outbound_Connections = 1', PUNCTUAL), mail));
  const against = only(play(rehearsalOf('Max_Outbound_Connections = 4', PUNCTUAL), mail));
  assert.deepEqual([candidate.drainedAt, against.drainedAt], [40_000, 10_000]);
  const sum = (row: Row, step: number) => row.course().backlog.reduce((total, one) => total + one, 0) * step;
  assert.ok(sum(candidate, 1) > sum(against, 1));
  assert.ok(candidate.p95! > against.p95!);
});

test('size counts where the receiver takes so many octets in a second', () => {
  const receivers = `${PUNCTUAL}Octets_Per_Second = 500`;
  assert.equal(only(play(rehearsalOf('', receivers), [{ size: 1000 }])).drainedAt, 3000);
});

test('connections above the limit of the receiver are refused at its banner, and mail goes over the others', () => {
  const rehearsal = rehearsalOf('Max_Outbound_Connections = 5', `${PUNCTUAL}Connections_Per_Source = 2`);
  const row = only(play(rehearsal, [{ messages: 100 }]));
  assert.ok(row.refusals.tooManyConnections > 0);
  assert.deepEqual([row.delivered, row.left, rehearsal.greetedMax], [100, 0, 2]);
  const within = only(
    play(rehearsalOf('Max_Outbound_Connections = 2', `${PUNCTUAL}Connections_Per_Source = 2`), [{ messages: 100 }]),
  );
  assert.deepEqual([within.refusals.tooManyConnections, within.delivered], [0, 100]);
});

test('each source address is counted by itself', () => {
  const configuration =
    'Binding "a" { Bind_Address = "127.0.0.2" }\nBinding "b" { Bind_Address = "127.0.0.3" }\nMax_Outbound_Connections = 1';
  const mail = ['a', 'b'].map((binding) => ({ binding, messages: 20 }));
  const { all } = play(rehearsalOf(configuration, `${PUNCTUAL}Connections_Per_Source = 1`), mail);
  assert.deepEqual([all.refusals.tooManyConnections, all.peak, all.drainedAt], [0, 2, 20_000]);
  const shared = play(
    rehearsalOf(
      'Binding "a" {}\nBinding "b" {}\nMax_Outbound_Connections = 1',
      `${PUNCTUAL}Connections_Per_Source = 1`,
    ),
    mail,
  );
  assert.ok(shared.all.refusals.tooManyConnections > 0);
});

test('max_deliveries_per_connection and the like of the receiver end connections', () => {
  const ours = only(
    play(rehearsalOf('Max_Outbound_Connections = 1\nMax_Deliveries_Per_Connection = 5', PUNCTUAL), [{ messages: 20 }]),
  );
  assert.deepEqual([ours.connections, ours.refusals.connectionUsedUp, ours.drainedAt], [4, 0, 20_000]);
  const theirs = only(
    play(
      rehearsalOf(
        'Max_Outbound_Connections = 1\nMax_Deliveries_Per_Connection = 0',
        `${PUNCTUAL}Messages_Per_Connection = 5`,
      ),
      [{ messages: 20 }],
    ),
  );
  assert.deepEqual([theirs.connections, theirs.refusals.connectionUsedUp, theirs.drainedAt], [4, 3, 20_000]);
});

test('refusals: those for now are tried again by the retry schedule until it ends, those for good are not', () => {
  const retries = 'Max_Retries = 2\nRetry_Interval = 60\nMessage_Expiration = 3600';
  const never = only(play(rehearsalOf(retries, `${PUNCTUAL}Transient_Share = 1`), [{ messages: 1 }]));
  assert.deepEqual(
    [never.refusals.transient, never.failed, never.drainedAt],
    [3, 1, 1000 + 60_000 + 1000 + 120_000 + 1000],
  );
  const wrong = only(play(rehearsalOf(retries, `${PUNCTUAL}Permanent_Share = 1`), [{ messages: 3 }]));
  assert.deepEqual([wrong.refusals.permanent, wrong.failed, wrong.delivered], [3, 3, 0]);
});

test('recipients of one message have outcomes of their own', () => {
  const row = only(play(rehearsalOf('', `${PUNCTUAL}Permanent_Share = 0.5`), [{ recipients: 200 }]));
  assert.deepEqual([row.received, row.delivered + row.failed, row.refusals.permanent], [200, 200, row.failed]);
  assert.ok(row.failed > 60 && row.failed < 140, String(row.failed));
});

for (const [throttle, leastMs] of [
  ['10/1', 9000],
  ['10/20', 180_000],
] as const) {
  test(`a throttle of ${throttle} s spreads 100 messages over ${leastMs / 1000} s at least`, () => {
    const fast = PUNCTUAL.replace('Transaction_Time = 1', 'Transaction_Time = 0.01');
    const row = only(play(rehearsalOf(`Outbound_Throttle_Messages = "${throttle}"`, fast), [{ messages: 100 }]));
    assert.equal(row.delivered, 100);
    assert.ok(row.drainedAt! >= leastMs && row.drainedAt! < leastMs * 1.5, String(row.drainedAt));
  });
}

test('what a receiver takes in a minute; the rest is refused for now', () => {
  const fast = PUNCTUAL.replace('Transaction_Time = 1', 'Transaction_Time = 0.01');
  const row = only(play(rehearsalOf('', `${fast}Messages_Per_Minute = 10`), [{ messages: 25 }]));
  assert.equal(row.refusals.tooFast, 20); // 15 at once, 5 of them again at the first retry
  assert.deepEqual([row.delivered, row.left], [25, 0]);
});

test('an exchanger that is down: mail goes to the other, or waits until the outage is over', () => {
  const down = `${PUNCTUAL}Down = "00:00-00:10"\n`;
  const waited = only(play(rehearsalOf('Host_Failure_Retry = 60', down), [{ messages: 5 }]));
  assert.ok(waited.refusals.down > 0);
  assert.deepEqual([waited.delivered, waited.left], [5, 0]);
  assert.ok(waited.drainedAt! > 600_000);
  const moved = only(
    play(rehearsalOf('', `${down}Exchangers = ( "10 a.example" "20 b.example" )\nExchangers_Down = 1`), [
      { messages: 5 },
    ]),
  );
  assert.ok(moved.refusals.down > 0);
  assert.ok(moved.drainedAt! < 60_000, String(moved.drainedAt));
});

test('an exchanger that goes down breaks what is under way', () => {
  const slow = PUNCTUAL.replace('Transaction_Time = 1', 'Transaction_Time = 150');
  const row = only(play(rehearsalOf('Host_Failure_Retry = 60', `${slow}Down = "00:01-00:02"`), [{ messages: 1 }]));
  assert.deepEqual([row.refusals.down, row.delivered], [0, 1], 'it was up again at the end of the message');
  const longer = only(play(rehearsalOf('Host_Failure_Retry = 60', `${slow}Down = "00:01-00:03"`), [{ messages: 1 }]));
  assert.deepEqual([longer.refusals.down, longer.delivered], [1, 1]);
});

test('mail of a binding that is not there is held, and said', () => {
  const rehearsal = rehearsalOf('', PUNCTUAL);
  const { all } = play(rehearsal, [{ binding: 'gone', messages: 3 }], DAY_MS / 2);
  assert.deepEqual([all.left, all.drainedAt, all.connections], [3, null, 0]);
  assert.deepEqual(rehearsal.heldBindings, [{ name: 'gone', messages: 3 }]);
});

test('in quiet hours nothing is sent', () => {
  const read = readSchedule('* example.com on * 0 * * *');
  assert.ok(read.kind === 'rules');
  const schedule = new CurfewSchedule('quiet', read.rules, UTC_ZONE);
  const { queues } = play(rehearsalOf('', PUNCTUAL, 1, schedule), [
    { domain: 'example.com' },
    { domain: 'example.org' },
  ]);
  assert.deepEqual(
    queues.map(({ domain, drainedAt }) => [domain, drainedAt]),
    [
      ['example.com', 3_601_000],
      ['example.org', 1000],
    ],
  );
});

test('mail for a gateway waits under its name', () => {
  const configuration = 'Gateway = "smart.example"\nDomain "smart.example" { Max_Outbound_Connections = 1 }';
  const row = only(play(rehearsalOf(configuration, PUNCTUAL), [{ domain: 'a.example' }, { domain: 'b.example' }]));
  assert.deepEqual([row.domain, row.peak, row.drainedAt], ['smart.example', 1, 2000]);
});

test('an idle connection that goes to a sibling counts there from then on', () => {
  const shared = `${PUNCTUAL}Exchangers = ( "mx.shared.example" )\nReceiver "b.example" { Transaction_Time = 3 }`;
  const configuration =
    'Migrate_Connections_Between_Sibling_Domains = true\nHost "mx.shared.example" { Max_Outbound_Connections = 1 }';
  const mail = [{ domain: 'a.example' }, { domain: 'b.example', afterMs: 2000 }];
  const { all, queues } = play(rehearsalOf(configuration, shared), mail);
  assert.deepEqual([all.connections, all.peak, all.drainedAt], [1, 1, 5000]);
  assert.deepEqual(
    queues.map(({ domain, connections, peak, delivered }) => [domain, connections, peak, delivered]),
    [
      ['a.example', 1, 1, 1],
      ['b.example', 0, 1, 1],
    ],
  );
});

test('with use_ipv6 exchangers have addresses of both families', () => {
  const row = only(
    play(rehearsalOf('Use_IPv6 = true\nBinding "six" { Bind_Address = "::1" }', PUNCTUAL), [
      { binding: 'six', messages: 3 },
    ]),
  );
  assert.deepEqual([row.delivered, row.left], [3, 0]);
});

test('property: no limit is passed, nothing is lost, and the same seed gives the same', () => {
  const limit = fc.integer({ min: 1, max: 6 });
  const scenario = fc.record({
    pair: limit,
    binding: limit,
    node: limit,
    scope: limit,
    host: limit,
    perConnection: fc.integer({ min: 0, max: 4 }),
    theirs: fc.integer({ min: 1, max: 8 }),
    migrates: fc.boolean(),
    refused: fc.constantFrom('0', '0.1', '0.5'),
    mail: fc.array(
      fc.record({
        afterMs: fc.nat(20_000),
        binding: fc.constantFrom('a', 'b'),
        domain: fc.constantFrom('one.example', 'two.example', 'three.example'),
        messages: fc.integer({ min: 1, max: 12 }),
        recipients: fc.integer({ min: 1, max: 3 }),
      }),
      { minLength: 1, maxLength: 12 },
    ),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(scenario, ({ mail, seed, ...limits }) => {
      const configuration = `
        Server_Max_Outbound_Connections = ${limits.node}
        Server_Reserve_Outbound_Connections = 1
        Max_Outbound_Connections = ${limits.pair}
        Max_Deliveries_Per_Connection = ${limits.perConnection}
        Retry_Interval = 60
        Message_Expiration = 600
        Migrate_Connections_Between_Sibling_Domains = ${limits.migrates}
        Host "mx.shared.example" { Max_Outbound_Connections = ${limits.host} }
        Binding "a" { Server_Max_Outbound_Connections = ${limits.binding} Bind_Address = "127.0.0.2" }
        Binding "b" { Scope_Max_Outbound_Connections = ${limits.scope} Bind_Address = "127.0.0.3" }`;
      const receivers = `
        Connections_Per_Source = ${limits.theirs}
        Transient_Share = ${limits.refused}
        Receiver "/^(one|two)/" { Exchangers = ( "mx.shared.example" ) }`;
      const inOrder = mail.toSorted((a, b) => a.afterMs - b.afterMs);
      const rehearsal = rehearsalOf(configuration, receivers, seed);
      const figures = play(rehearsal, inOrder);
      const { all, bindings, queues } = figures;
      assert.ok(all.peak <= limits.node + 1);
      for (const row of [all, ...bindings, ...queues]) {
        assert.ok(row.peak <= row.limit!, `${row.binding} ${row.domain}: ${row.peak} of ${row.limit}`);
        assert.deepEqual([row.left, row.received], [0, row.delivered + row.failed]);
        const { open, backlog } = row.course();
        assert.deepEqual([Math.max(...open), Math.max(...backlog)], [row.peak, row.backlogPeak]);
      }
      for (const { binding, peak } of bindings) assert.ok(peak <= (binding === 'a' ? limits.binding : limits.scope));
      assert.ok(rehearsal.greetedMax <= limits.theirs);
      const plain = (one: Figures) => JSON.stringify([one, one.queues.map((row) => row.course())]);
      assert.equal(plain(play(rehearsalOf(configuration, receivers, seed), inOrder)), plain(figures));
    }),
    { numRuns: 60 },
  );
});
