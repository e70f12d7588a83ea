// How slots are handed over, counted and timed at receivers: nobody waits for long behind a queue that has very much mail,
// and two such queues do not take a slot from each other with every message (docs/limits.md, "How many are opened").
import assert from 'node:assert/strict';
import test from 'node:test';
import { Headgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { Receivers } from '../support/receivers.ts';

/** The receiver's reply to the final dot comes so late, and all others at once: what a transaction takes. */
const TRANSACTION_MS = 50;
/**
 * For two closes, two set-ups and the test's own clients and clocks. On an idle machine that is 20 ms; the rest is for two
 * cores on which other tests run. Together with the transactions it is below the second that a quantum lasts, so that a
 * slot which is handed over only at the end of another quantum is found among so many samples.
 */
const MARGIN_MS = 450;
const QUANTUM_MS = 1_000;
const QUANTUM_MESSAGES = 20;

const behaviour = { delays: { final: { from: TRANSACTION_MS, to: TRANSACTION_MS } } };

test('behind 10,000 messages of another domain, one message waits for no more than the transactions that run', {
  timeout: 60_000,
}, async (t) => {
  const LIMIT = 5;
  const FLOOD = 10_000;
  const others = Array.from({ length: 9 }, (_, index) => `other-${index + 1}.example`);
  const arrivedAt = new Map<string, number>();
  const receivers = await Receivers.open(t, ['flood.example'], {
    behaviour,
    onMessage: ({ recipients }) => {
      const [recipient] = recipients;
      arrivedAt.set(recipient!.slice(recipient!.lastIndexOf('@') + 1), performance.now());
    },
  });
  const { sink } = receivers;
  const endpoint = receivers.endpoint('flood.example');
  const [address, port] = endpoint.split(':');
  const routes = ['flood.example', ...others].map(
    (domain) => `Domain "${domain}" { Routes = ( "smtp://${address}?port=${port}" ) }\n`,
  );
  const headgate = await Headgate.start(
    t,
    `Suspend_Delivery = true
     Host "${address}" { Max_Outbound_Connections = ${LIMIT} }
     ${routes.join('')}`,
  );
  await inject(headgate.port, [{ domain: 'flood.example', messages: FLOOD }]);
  await headgate.console('config set suspend_delivery false');
  await sink.whenConnections(LIMIT);
  const floodedAt = performance.now();
  const flooded = () => sink.counts.of({ domain: 'flood.example' }).messages;
  const afterMore = (messages: number): Promise<void> => {
    const before = flooded();
    return sink.when(() => flooded() >= before + messages);
  };
  /** Until every connection has served the flood for a quantum. */
  const afterQuantum = () => afterMore(LIMIT * (QUANTUM_MESSAGES + 1));

  /** One message for each domain. @returns from the server's 250 to the receiver's, the longest of them, in ms */
  const longest = async (domains: readonly string[]): Promise<number> => {
    for (const domain of domains) arrivedAt.delete(domain);
    await inject(
      headgate.port,
      domains.map((domain) => ({ domain, messages: 1 })),
    );
    const acceptedAt = performance.now();
    await sink.when(() => domains.every((domain) => arrivedAt.has(domain)));
    return Math.max(...domains.map((domain) => arrivedAt.get(domain)! - acceptedAt));
  };

  // One at a time: the transaction that runs, then its own.
  const alone: number[] = [];
  await afterQuantum();
  for (const domain of others) {
    await afterMore(4 * LIMIT); // so that of five connections one has served a quantum again
    alone.push(Math.round(await longest([domain])));
  }
  t.diagnostic(`one at a time: ${alone.join(', ')} ms`);
  assert.ok(Math.max(...alone) <= 2 * TRANSACTION_MS + MARGIN_MS, `one at a time: ${alone.join(', ')} ms`);

  // All at once: the first five as before, the other four a transaction later: begun within two, and out one later. That no
  // connection takes two more of the flood first is counted, since the margin is longer than that.
  await afterQuantum();
  const before = flooded();
  const together = Math.round(await longest(others));
  const served = flooded() - before;
  t.diagnostic(`all at once: ${together} ms, ${served} of the flood meanwhile`);
  assert.ok(together <= 3 * TRANSACTION_MS + MARGIN_MS, `all at once: ${together} ms`);
  assert.ok(served < 2 * LIMIT, `${served} messages of the flood went before`);

  assert.ok(performance.now() - floodedAt >= 5_000, 'the flood lasted five seconds');
  assert.ok(flooded() < FLOOD - 1_000, 'the flood went on all the time');
  assert.equal(receivers.count('flood.example').peak, LIMIT);
});

/** So slow that a second is over before 20 messages are. */
const SLOW = { delays: { final: { from: 100, to: 100 } } };

interface Row {
  readonly title: string;
  readonly isFast: boolean;
  readonly messages: number;
  readonly configuration: (address: string) => string;
}

const ROWS: readonly Row[] = [
  {
    title: 'one connection for the binding, a receiver that takes its time: a second each',
    isFast: false,
    messages: 1_000,
    configuration: () => 'Binding "default" { Server_Max_Outbound_Connections = 1 }',
  },
  {
    title: 'one connection to the host, a receiver that answers at once: 20 messages each',
    isFast: true,
    messages: 3_000,
    configuration: (address) => `Host "${address}" { Max_Outbound_Connections = 1 }`,
  },
];

for (const { title, isFast, messages, configuration } of ROWS) {
  test(title, { timeout: 60_000 }, async (t) => {
    const domains = ['one.example', 'two.example'];
    const receivers = await Receivers.open(t, ['one.example'], isFast ? {} : { behaviour: SLOW });
    const { sink } = receivers;
    const [address, port] = receivers.endpoint('one.example').split(':');
    const routes = domains.map((domain) => `Domain "${domain}" { Routes = ( "smtp://${address}?port=${port}" ) }\n`);
    const headgate = await Headgate.start(t, `Suspend_Delivery = true\n${configuration(address!)}\n${routes.join('')}`);
    await inject(
      headgate.port,
      domains.map((domain) => ({ domain, messages })),
    );
    const startedAt = performance.now();
    await headgate.console('config set suspend_delivery false');
    const served = (domain: string) => sink.counts.of({ domain }).messages;
    // Both still have mail when the counting ends: with the last message of a queue its slot goes at once.
    await sink.when(() =>
      isFast ? domains.some((domain) => served(domain) >= messages - 100) : sink.counts.total.opened === 5,
    );
    const seconds = (performance.now() - startedAt) / QUANTUM_MS;
    const { opened, messages: all, peak } = sink.counts.total;
    const quanta = isFast ? seconds + all / QUANTUM_MESSAGES : seconds;
    t.diagnostic(`${opened} connections for ${all} messages in ${seconds.toFixed(1)} s`);
    assert.equal(peak, 1);
    assert.ok(opened <= quanta + 1, `${opened} connections in ${quanta.toFixed(1)} quanta`);
    assert.ok(opened >= 5, `${opened} connections: the slot is handed over`);
    const share = isFast ? all / 4 : 1;
    for (const domain of domains) assert.ok(served(domain) >= share, `${domain} had ${served(domain)} of ${all}`);
  });
}
