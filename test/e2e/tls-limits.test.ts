// Limits are exact with TLS too: counted at a receiver whose handshakes succeed, fail, break and do not end. A connection
// whose TLS failed keeps its slot until the receiver cannot count it any more, and so does one that waits its turn.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { SinkBehaviour } from '../../src/cli/sink-behaviour.ts';
import { inject } from '../support/inject.ts';
import { EXCHANGER, offering, openTlsSite } from '../support/tls-site.ts';

const LIMIT = 40; // more than handshakes at once
const MESSAGES = 700;

interface Row {
  readonly title: string;
  readonly options: string;
  readonly behaviour: Partial<SinkBehaviour>;
  /** How the receiver behaves after so many connections; the same, when it is left out. */
  readonly later?: { readonly after: number; readonly behaviour: Partial<SinkBehaviour> };
}

const slow: Partial<SinkBehaviour> = {
  delays: { banner: { from: 5, to: 30 }, final: { from: 20, to: 60 } },
  messagesPerConnection: 5,
};
const ROWS: readonly Row[] = [
  {
    title: 'handshakes that succeed',
    options: 'TLS = required TLS_Verify = host',
    behaviour: offering('receiver', 'none', slow),
  },
  {
    title: 'connections that break at every step of the way',
    options: 'TLS = required',
    behaviour: offering('receiver', 'none', {
      ...slow,
      breaks: [
        { stage: 'ehlo', how: 'reset', rate: 0.05 },
        { stage: 'starttls', how: 'reset', rate: 0.05 },
        { stage: 'starttls', how: 'hangUp', rate: 0.05 },
        { stage: 'mail', how: 'hangUp', rate: 0.05 },
      ],
    }),
  },
  {
    title: 'handshakes that fail, then succeed',
    options: 'TLS = required',
    behaviour: offering('receiver', 'fail', slow),
    later: { after: 60, behaviour: offering('receiver', 'none', slow) },
  },
  {
    title: 'handshakes that do not end, then succeed',
    options: 'TLS = required EHLO_Timeout = 1',
    behaviour: offering('receiver', 'stall', slow),
    later: { after: 2 * LIMIT, behaviour: offering('receiver', 'none', slow) },
  },
  {
    title: 'handshakes that fail, and mail that goes in clear instead',
    options: 'TLS = ifavailable',
    behaviour: offering('receiver', 'fail', slow),
  },
];

for (const { title, options, behaviour, later } of ROWS) {
  test(title, { timeout: 120_000 }, async (t) => {
    const { receivers, headgate } = await openTlsSite(
      t,
      behaviour,
      `${options}
       Max_Outbound_Connections = ${LIMIT}
       Host_Failure_Retry = 1
       Retry_Interval = 1
       Suspend_Delivery = true`,
    );
    const accepted = await inject(headgate.port, [{ domain: 'one.example', messages: MESSAGES }]);
    await headgate.console('config set suspend_delivery false');
    if (later !== undefined) {
      await receivers.sink.when(() => receivers.sink.counts.total.opened >= later.after);
      receivers.behave(later.behaviour);
    }
    await receivers.whenArrived(accepted);
    assert.equal(receivers.count(EXCHANGER).peak, LIMIT);
    assert.equal(receivers.sink.arrivals.repeated, 0);
    assert.equal(receivers.sink.snapshot().violations, 0);
  });
}
