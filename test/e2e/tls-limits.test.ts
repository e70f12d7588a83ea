// Limits are exact with TLS too: counted at a receiver whose handshakes succeed, fail, break and do not end. A connection
// whose TLS failed keeps its slot until the receiver cannot count it any more, and so does one that waits its turn.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import type { SinkBehaviour } from '../../src/cli/sink-behaviour.ts';
import { HANDSHAKES_PER_ADDRESS_MAX } from '../../src/shell/net/handshake-gate.ts';
import { Headgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { EXCHANGER, offering, openTlsSite } from '../support/tls-site.ts';

const LIMIT = 40; // more than handshakes at once
const MESSAGES = 700;
const timeout = 120_000;

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
  test(title, { timeout }, async (t) => {
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

test('handshakes at once are bounded: others wait with their slots, and reach the limit', { timeout }, async (t) => {
  const receiver = await StallingReceiver.listen(t);
  const headgate = await Headgate.start(
    t,
    `TLS = required
     Max_Outbound_Connections = ${LIMIT}
     Domain "one.example" { Routes = ( "smtp://127.0.0.1?port=${receiver.port}" ) }`,
  );
  await inject(headgate.port, [{ domain: 'one.example', messages: MESSAGES }]);
  await receiver.when(() => receiver.begun >= HANDSHAKES_PER_ADDRESS_MAX && receiver.goAheads >= LIMIT);
  // Those that take too long go, one after the other; those that come in their place are no more.
  await receiver.when(() => receiver.begun > HANDSHAKES_PER_ADDRESS_MAX);
  assert.equal(receiver.connectionPeak, LIMIT);
  // The bound is about the work of the sender. One that is given up is reset and the next begins: two connections, which
  // the receiver may hear of in the other order. Without the bound all of them would begin at once.
  assert.ok(receiver.peak >= HANDSHAKES_PER_ADDRESS_MAX && receiver.peak < LIMIT / 2);
  await receiver.when(() => receiver.inHandshake <= HANDSHAKES_PER_ADDRESS_MAX);
});

test('a handshake that this server gave up says nothing of the receiver: no mail goes in clear for it', {
  timeout,
}, async (t) => {
  const receiver = await StallingReceiver.listen(t);
  const headgate = await Headgate.start(
    t,
    `TLS = ifavailable
     Max_Outbound_Connections = ${LIMIT}
     Domain "one.example" { Routes = ( "smtp://127.0.0.1?port=${receiver.port}" ) }`,
  );
  await inject(headgate.port, [{ domain: 'one.example', messages: MESSAGES }]);
  // Those that waited begin when those before them have been given up, whose mail would have gone in clear by then.
  await receiver.when(() => receiver.begun >= LIMIT);
  assert.equal(receiver.inClear, 0);
});

/** Gives every client its go-ahead, and never answers in the handshake. Counts down when it sees that a client has gone. */
class StallingReceiver {
  /** Clients that sent the first octets of a handshake. */
  begun = 0;
  /** Messages that were begun without any handshake. */
  inClear = 0;
  peak = 0;
  goAheads = 0;
  connectionPeak = 0;
  #connections = 0;
  #now = 0;
  #waiting: (() => void)[] = [];
  readonly #server = createServer((socket) => this.#serve(socket));

  static async listen(t: TestContext): Promise<StallingReceiver> {
    const receiver = new StallingReceiver();
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    t.after(() => receiver.#server.close());
    return receiver;
  }

  /** Handshakes that have begun and whose client is not known to have gone. */
  get inHandshake(): number {
    return this.#now;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  async when(isMet: () => boolean): Promise<void> {
    while (!isMet()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #serve(socket: Socket): void {
    let isInHandshake = false;
    let hasGoAhead = false;
    this.#connections += 1;
    this.connectionPeak = Math.max(this.connectionPeak, this.#connections);
    socket.write('220 hello\r\n');
    socket.on('data', (octets: Buffer) => {
      if (hasGoAhead && !isInHandshake) {
        isInHandshake = true;
        this.begun += 1;
        this.#now += 1;
        this.peak = Math.max(this.peak, this.#now);
      } else if (octets.toString('latin1').startsWith('EHLO')) socket.write('250-hello\r\n250 STARTTLS\r\n');
      else if (!hasGoAhead && octets.toString('latin1').startsWith('MAIL')) this.inClear += 1;
      else if (octets.toString('latin1') === 'STARTTLS\r\n') {
        hasGoAhead = true;
        this.goAheads += 1;
        socket.write('220 go ahead\r\n');
      }
      this.#tell();
    });
    socket.on('error', () => {}); // `close` follows
    socket.on('close', () => {
      this.#connections -= 1;
      if (isInHandshake) this.#now -= 1;
      this.#tell();
    });
  }

  #tell(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
