import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection, ConnectionEvents, ConnectTarget } from '../engine/ports.ts';
import { Exchanger, type ExchangerObserver, type Manners } from './exchanger.ts';
import { Fuse, ProcessDeath } from './fuse.ts';
import type { Link } from './link.ts';
import { type ConnectionObserver, Network } from './network.ts';
import { BEST_MANNERS } from './plan-network.ts';
import { World } from './world.ts';

const TARGET: ConnectTarget = { address: '192.0.2.1', family: 4, port: 25, localAddress: '10.0.1.1' };

const GOOD: Manners = {
  ...BEST_MANNERS,
  latencyMs: [5, 10],
  bannerDelayMs: [1, 2],
  replyDelayMs: [1, 2],
  finalDelayMs: [1, 2],
};

/** One connection whose events are written down, to an exchanger of those manners. */
class Bench implements ConnectionEvents {
  readonly world = new World({ seed: 7 });
  readonly log: string[] = [];
  readonly fuse = new Fuse();
  readonly network: Network;
  readonly exchanger: Exchanger;
  readonly offences: string[] = [];
  text = '';

  constructor(manners: Partial<Manners> = {}) {
    const say = (what: string) => (link: Link) => void this.log.push(`${what}${link.isSeen ? ', seen' : ''}`);
    const quiet = () => {};
    const observer: ConnectionObserver = {
      opening: say('opening'),
      accepted: say('accepted'),
      vanished: say('vanished'),
      failed: quiet,
      heard: quiet,
      peerEnded: quiet,
      wrote: quiet,
      wroteContent: quiet,
      contentLost: quiet,
      gaveUp: say('gave up'),
      finished: say('finished'),
      closed: quiet,
    };
    const conditions = { descriptorsExhausted: 0, splitting: 0.5, slowKernel: 0, descriptorLimit: 1000 };
    this.network = new Network(this.world, conditions, () => null, observer, this.fuse);
    const exchangerObserver: ExchangerObserver = {
      arrived: quiet,
      recipientNamed: quiet,
      acknowledged: quiet,
      replies: () => 0,
      offended: (_, claim) => this.offences.push(claim),
    };
    this.exchanger = new Exchanger(this.world, TARGET.address, { ...GOOD, ...manners }, exchangerObserver);
    this.network.listen(TARGET.address, 25, this.exchanger);
  }

  connect(target = TARGET): Connection {
    return this.network.connect(target, this);
  }

  run(ms = 200_000): void {
    const end = this.world.elapsedMs + ms;
    while (this.world.step(end));
  }

  connected(): void {
    this.log.push('connected');
  }
  failed({ whose, code }: { whose: string; code: string }): void {
    this.log.push(`failed: ${whose} ${code}`);
  }
  received(text: string): void {
    this.text += text;
  }
  secured(): void {
    this.log.push('secured');
  }
  tlsFailed(reason: string): void {
    this.log.push(`TLS failed: ${reason}`);
  }
  tlsGivenUp(reason: string): void {
    this.log.push(`TLS given up: ${reason}`);
  }
  ended(): void {
    this.log.push('ended');
  }
  closed(code: string | null): void {
    this.log.push(`closed: ${code}`);
  }
  contentLost(): void {
    this.log.push('content lost');
  }
}

test('a conversation in order: QUIT, 221, the receiver closes first and counts down before our FIN', () => {
  const bench = new Bench();
  const connection = bench.connect();
  bench.run(100);
  assert.match(bench.text, /220 ready\r\n$/);
  for (const line of ['EHLO me', 'MAIL FROM:<>', 'RCPT TO:<a@x>', 'RSET', 'QUIT']) connection.write(`${line}\r\n`);
  connection.flush();
  bench.run(1000);
  assert.match(bench.text, /250-PIPELINING\r\n[\s\S]*221 /);
  connection.end();
  bench.run(1000);
  assert.deepEqual(bench.log, [
    'opening',
    'accepted, seen',
    'connected',
    'vanished',
    'ended',
    'finished',
    'closed: null',
  ]);
  assert.deepEqual(bench.offences, []);
  assert.equal(bench.network.links.size, 0);
});

test('what the receiver must not be sent offends it', () => {
  const bench = new Bench();
  const connection = bench.connect();
  bench.run(100);
  connection.write('EHLO me\r\nMAIL FROM:<>\r\nMAIL FROM:<>\r\nBcc: x\r\n');
  connection.flush();
  bench.run(1000);
  assert.deepEqual(bench.offences, ['MAIL while mail', 'unknown command "Bcc: x"']);
});

test('a refused connect is the fault of the remote host, missing descriptors and addresses are ours', () => {
  const bench = new Bench();
  bench.exchanger.isDown = true;
  bench.connect();
  bench.connect({ ...TARGET, address: '192.0.2.99' });
  bench.network.setLocalAddress('10.0.1.9', false);
  bench.connect({ ...TARGET, localAddress: '10.0.1.9' });
  bench.network.conditions = { ...bench.network.conditions, descriptorsExhausted: 1 };
  bench.connect();
  bench.run();
  assert.deepEqual(bench.log.filter((line) => line.startsWith('failed')).sort(), [
    'failed: node EADDRNOTAVAIL',
    'failed: node EMFILE',
    'failed: remote ECONNREFUSED',
    'failed: remote ECONNREFUSED',
  ]);
});

test('a connection that is given up is seen for less than a second more', () => {
  const bench = new Bench();
  const connection = bench.connect();
  bench.run(100);
  connection.reset();
  bench.run(995);
  assert.deepEqual(bench.log.slice(3), ['gave up, seen', 'closed: null', 'vanished']);
});

test('a dead process hears of nothing any more, also not of a receiver that was gone before', () => {
  const bench = new Bench({ messagesPerConnection: 0 });
  const connection = bench.connect();
  bench.run(100);
  connection.write('EHLO me\r\nMAIL FROM:<>\r\n');
  connection.flush();
  while (!bench.log.includes('vanished') && bench.world.step(200_000));
  bench.network.abandonAll();
  bench.run();
  assert.equal(bench.log.at(-1), 'vanished');
});

test('the process dies between two effects, and every port knows', () => {
  const bench = new Bench();
  const connection = bench.connect();
  bench.run(100);
  bench.fuse.light(1);
  connection.flush();
  assert.throws(() => connection.flush(), ProcessDeath);
});
