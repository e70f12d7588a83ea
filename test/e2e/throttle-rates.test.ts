// Throttles at a real server, seen at the receiver: the rate is kept to and used, and bindings share what they share.
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { Headgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { Receivers } from '../support/receivers.ts';
import { isFailure } from '../support/records.ts';

/** How much later than another a message may be seen by the receiver although both left in time: the machine is busy. */
const JITTER_MS = 300;

/** Arrival times of all mail, with the given throttles in force. */
async function arrivals(
  t: TestContext,
  configuration: string,
  batches: readonly { domain: string; messages: number; binding?: string }[],
): Promise<readonly number[]> {
  const times: number[] = [];
  const domains = [...new Set(batches.map(({ domain }) => domain))];
  const receivers = await Receivers.open(t, domains, { onMessage: () => times.push(performance.now()) });
  const headgate = await Headgate.start(t, `${configuration}\n${receivers.routes}`);
  const accepted = await inject(headgate.port, batches);
  await receivers.whenArrived(accepted);
  assert.deepEqual(headgate.mainlog.lines().filter(isFailure), [], 'waiting for a token is no attempt');
  return times;
}

function keepsTo(times: readonly number[], count: number, periodMs: number): void {
  for (let last = count; last < times.length; last += 1) {
    const span = times[last]! - times[last - count]!;
    assert.ok(
      span > periodMs - JITTER_MS,
      `${count + 1} messages in ${Math.round(span)} ms, allowed ${count} in ${periodMs}`,
    );
  }
}

for (const [what, configuration, batches, count] of [
  [
    'a domain',
    'Domain "a.example" {\n  Outbound_Throttle_Messages = "10/1"\n}',
    [{ domain: 'a.example', messages: 35 }],
    10,
  ],
  [
    'the whole server',
    'Outbound_Throttle_Messages = "10/1"',
    [
      { domain: 'a.example', messages: 18 },
      { domain: 'b.example', messages: 17 },
    ],
    10,
  ],
  [
    'a group whose bindings share its rate',
    'Binding_Group "g" {\n  Outbound_Throttle_Messages = "10/1"\n  Binding "x" {}\n  Binding "y" {}\n}',
    [
      { domain: 'a.example', messages: 18, binding: 'x' },
      { domain: 'b.example', messages: 17, binding: 'y' },
    ],
    10,
  ],
  ['a rate below one per second', 'Outbound_Throttle_Messages = "1/2"', [{ domain: 'a.example', messages: 3 }], 1],
] as const) {
  test(`messages per time: ${what}`, { timeout: 60_000 }, async (t) => {
    const times = await arrivals(t, configuration, batches);
    keepsTo(times, count, count === 1 ? 2000 : 1000);
  });
}
