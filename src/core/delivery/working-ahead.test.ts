import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SchedulerBench } from '../../../test/support/scheduler-bench.ts';
import { HostTimes } from './host-times.ts';
import { mayWorkAhead } from './working-ahead.ts';

interface Row {
  readonly title: string;
  readonly settings: ConstructorParameters<typeof SchedulerBench>[0];
  /** All that there may be on the node. */
  readonly nodeLimit?: number;
  readonly connectMs: number;
  readonly deliverMs: number;
  readonly expected: boolean;
}

const FULL_SUM = { scopeLimits: [{ key: 'sum', limit: 2 }] };

const ROWS: readonly Row[] = [
  { title: 'nothing is known of the address yet', settings: FULL_SUM, connectMs: 0, deliverMs: 0, expected: true },
  { title: 'a round trip is a fifth: as good', settings: FULL_SUM, connectMs: 10, deliverMs: 50, expected: true },
  { title: 'a round trip is less than a fifth', settings: FULL_SUM, connectMs: 9.9, deliverMs: 50, expected: false },
  { title: 'the address is full', settings: { hostLimit: () => 2 }, connectMs: 0, deliverMs: 50, expected: false },
  { title: 'the binding is full', settings: { bindingConnections: 2 }, connectMs: 0, deliverMs: 50, expected: false },
  { title: 'the node is full', settings: {}, nodeLimit: 2, connectMs: 0, deliverMs: 50, expected: false },
  {
    title: 'one more fits everywhere',
    settings: { scopeLimits: [{ key: 'sum', limit: 3 }], hostLimit: () => 3, bindingConnections: 3 },
    connectMs: 0,
    deliverMs: 50,
    expected: true,
  },
  {
    title: 'the limit of the domain itself: nobody else comes for its slots',
    settings: { maxOutboundConnections: 1 },
    connectMs: 0,
    deliverMs: 50,
    expected: true,
  },
];

for (const { title, settings, nodeLimit, connectMs, deliverMs, expected } of ROWS) {
  test(`${expected ? 'the next message goes ahead' : 'the next message waits'}: ${title}`, () => {
    const bench = nodeLimit === undefined ? new SchedulerBench(settings) : new SchedulerBench(settings, nodeLimit);
    bench.add(1, 'a.example');
    bench.add(1, 'b.example');
    bench.establish();
    assert.equal(bench.connections.length, 2);
    assert.equal(
      mayWorkAhead(bench.connections[0]!, bench.ledger, Object.assign(new HostTimes(), { connectMs, deliverMs })),
      expected,
    );
  });
}
