import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_LIMIT } from '../base/limit.ts';
import { type Moment, monoMs, wallMs } from '../base/moment.ts';
import { seededRandom } from '../base/random.ts';
import { Timers } from '../base/timers.ts';
import { type Claim, Ledger } from '../limits/ledger.ts';
import { type Disposition, notConnected } from '../mail/disposition.ts';
import type { Candidate, Route } from '../mail/hosts.ts';
import { makeTask, type Task } from '../queue/task.ts';
import { AGGRESSIVENESS, allocationTarget } from './allocation.ts';
import type { Allocation, NodeLimits } from './claims.ts';
import type { MailQueue } from './mail-queue.ts';
import { OutboundConnection } from './outbound-connection.ts';
import { type Actions, NO_VALID_HOSTS, Scheduler } from './scheduler.ts';
import type { DeliverySettings } from './settings.ts';

const SETTINGS: DeliverySettings = {
  group: 'default',
  bindingExists: true,
  maxOutboundConnections: 32,
  bindingConnections: NO_LIMIT,
  scopeLimits: [],
  connectionsPerMessage: AGGRESSIVENESS.normal,
  hostLimit: () => NO_LIMIT,
  hostScopeLimits: () => [],
  bindAddress: null,
  suspendDelivery: false,
  idleTimeoutMs: 5000,
  maxDeliveriesPerConnection: 0,
  maxRecipientsPerBatch: 100,
  hostFailureRetryMs: 120_000,
  connectTimeoutToDelayMs: 900_000,
  delayedQueueScanIntervalMs: 15_000,
  timeouts: { connectMs: 1, ehloMs: 1, mailFromMs: 1, rcptToMs: 1, bodyMs: 1, rsetMs: 1 },
  pipelining: 'overlap',
  ehloHostname: 'here.example',
  gateway: null,
  routes: [],
  remoteSmtpPort: 25,
  useIpv6: false,
  generateBounces: true,
  bouncesInlineOriginal: 'headers',
  mailerDaemon: null,
  retryIntervalMs: 1_200_000,
  maxRetryIntervalMs: 43_200_000,
  maxRetries: 'auto',
  messageExpirationMs: 86_400_000,
};

const RESERVE_INTERVAL_MS = 15_000;

function nodeLimits(total = NO_LIMIT, reserve = 0): NodeLimits {
  const ceiling = Math.min(NO_LIMIT, total + reserve);
  return { total, ceiling, descriptors: NO_LIMIT, reserveIntervalMs: RESERVE_INTERVAL_MS };
}

function candidate(address: string, preference = 10): Candidate {
  return { host: `mx-${address}.example`, address, family: 4, port: 25, preference };
}

/** A scheduler whose connections are opened and ended by the test. */
class Bench implements Actions {
  at: Moment = { mono: monoMs(0), wall: wallMs(1_000_000) };
  route: Route | null = { kind: 'hosts', candidates: [candidate('127.0.0.1')], ttlMs: 60_000 };
  settings: Partial<DeliverySettings>;
  readonly ledger = new Ledger();
  readonly timers = new Timers();
  readonly connections: OutboundConnection[] = [];
  readonly sent: { connection: OutboundConnection; task: Task }[] = [];
  readonly failures: string[] = [];
  readonly quits: OutboundConnection[] = [];
  readonly scheduler: Scheduler;
  #sequence = 0;

  constructor(settings: Partial<DeliverySettings> = {}, nodeTotal = NO_LIMIT, reserve = 0) {
    this.settings = settings;
    const node = {
      total: this.ledger.addUniversal('node', nodeTotal),
      descriptors: this.ledger.addUniversal('descriptors', NO_LIMIT),
      ordinary: this.ledger.refer('ordinary'),
    };
    this.scheduler = new Scheduler({
      ledger: this.ledger,
      timers: this.timers,
      random: seededRandom(1),
      node,
      actions: this,
      settingsOf: () => ({ ...SETTINGS, ...this.settings }),
      nodeLimits: nodeLimits(nodeTotal, reserve),
    });
  }

  queue(domain = 'a.example', binding = 'default'): MailQueue {
    return this.scheduler.queues.queueFor(binding, domain);
  }

  add(count: number, domain?: string, binding?: string): void {
    for (let one = 0; one < count; one++) {
      const envelope = {
        batchId: '',
        receivedAt: this.at.wall,
        reversePath: null,
        recipients: [],
        eightBit: false,
        size: 0,
        protocol: 'esmtp',
      };
      this.#sequence += 1;
      this.scheduler.addActive(
        this.queue(domain, binding),
        makeTask({ envelope, sequence: this.#sequence }, [0], 0, wallMs(0)),
      );
    }
    this.scheduler.run(this.at);
  }

  later(ms: number): void {
    this.at = { mono: monoMs(this.at.mono + ms), wall: wallMs(this.at.wall + ms) };
    this.timers.advance(this.at.mono);
    this.scheduler.run(this.at);
  }

  /** All connecting connections are established and ask for mail. */
  establish(): void {
    for (const connection of this.connections) if (connection.state === 'connecting') this.#ask(connection);
    this.scheduler.run(this.at);
  }

  /** The message of a connection is delivered, and it asks for the next. */
  deliver(connection: OutboundConnection): void {
    const at = this.sent.findLastIndex((one) => one.connection === connection);
    this.scheduler.taskEnded(connection, this.sent[at]!.task, true);
    this.#ask(connection);
    this.scheduler.run(this.at);
  }

  close(connection: OutboundConnection): void {
    this.scheduler.closed(connection);
    this.connections.splice(this.connections.indexOf(connection), 1);
    this.scheduler.run(this.at);
  }

  failConnect(connection: OutboundConnection): void {
    this.scheduler.hostFailed(connection, 'refused', notConnected(NO_VALID_HOSTS), this.at);
    this.close(connection);
  }

  #ask(connection: OutboundConnection): void {
    const next = this.scheduler.next(connection, this.at, false);
    if (typeof next === 'object') this.sent.push({ connection, task: next });
  }

  open(queue: MailQueue, chosen: Candidate, claim: Claim, allocation: Allocation): OutboundConnection {
    const connection = new OutboundConnection(
      `c${this.connections.length}`,
      queue,
      chosen,
      claim,
      allocation,
      this.at.mono,
    );
    this.connections.push(connection);
    return connection;
  }
  resume(connection: OutboundConnection): void {
    this.#ask(connection);
  }
  quit(connection: OutboundConnection): void {
    this.quits.push(connection);
  }
  attemptFailed(_queue: MailQueue, _task: Task, { reply }: Disposition): void {
    this.failures.push(reply);
  }
  routeOf(): Route | null {
    return this.route;
  }
  hasLocalAddress(): boolean {
    return true;
  }
  descriptorsExhausted(): void {}
}

for (const [id, waiting, limit, k, target] of [
  ['no mail', 0, 32, 0.3, 0],
  ['one message', 1, 32, 0.3, 1],
  ['the page: limit 32, 25 waiting, normal', 25, 32, 0.3, 7],
  ['the page: limit 32, 100 waiting, normal', 100, 32, 0.3, 20],
  ['the page: limit 32, 50 waiting, high', 50, 32, 0.75, 23],
  ['16 times the limit reaches it', 512, 32, 0.3, 32],
  ['limit 1', 5, 1, 0.3, 1],
  ['limit 0', 5, 0, 0.3, 0],
  ['no limit', 100, NO_LIMIT, 0.3, 30],
  ['never more than there are messages', 2, 1000, 0.75, 2],
] as const) {
  test(`allocation target, ${id}: ${target}`, () => assert.equal(allocationTarget(waiting, limit, k), target));
}

test('with 16 times the limit waiting the limit is reached and not passed', () => {
  const bench = new Bench({ maxOutboundConnections: 5 });
  bench.add(200);
  assert.equal(bench.connections.length, 5);
  bench.establish();
  for (let round = 0; round < 30; round++) for (const connection of [...bench.connections]) bench.deliver(connection);
  assert.equal(bench.connections.length, 5);
});

test('a connection without mail stays idle and serves the next message', () => {
  const bench = new Bench();
  bench.add(1);
  bench.establish();
  const [connection] = bench.connections;
  bench.deliver(connection!);
  assert.equal(connection!.state, 'idle');
  bench.add(1);
  assert.equal(bench.connections.length, 1);
  assert.equal(bench.sent.length, 2);
});

test('an idle connection gives its slot up when another queue waits for the binding total', () => {
  const bench = new Bench({ bindingConnections: 1 });
  bench.add(1, 'a.example');
  bench.establish();
  bench.deliver(bench.connections[0]!);
  bench.add(1, 'b.example');
  assert.equal(bench.quits.length, 1);
  assert.equal(bench.connections.length, 1, 'nothing opens before the slot is back');
  bench.close(bench.quits[0]!);
  assert.equal(bench.connections[0]!.queue.domain, 'b.example');
});

test('a busy queue hands its slot over after a quantum, not after every message', () => {
  const bench = new Bench({}, 1);
  bench.add(100, 'a.example');
  bench.add(1, 'b.example');
  bench.establish();
  const [connection] = bench.connections;
  let messages = 0;
  for (; connection!.state === 'busy'; messages++) bench.deliver(connection!);
  assert.equal(messages, 20);
  bench.close(connection!);
  assert.equal(bench.connections[0]!.queue.domain, 'b.example', 'who has no connection goes first');
});

test('lowering a limit: busy connections leave after their message, and only the surplus', () => {
  const bench = new Bench({ maxOutboundConnections: 10 });
  bench.add(400);
  bench.establish();
  bench.settings = { maxOutboundConnections: 3 };
  bench.scheduler.reconfigure(nodeLimits(), bench.at);
  bench.scheduler.run(bench.at);
  for (const connection of [...bench.connections]) bench.deliver(connection);
  const leaving = bench.connections.filter((connection) => connection.state === 'leaving');
  assert.equal(leaving.length, 7);
  for (const connection of leaving) bench.close(connection);
  assert.equal(bench.connections.length, 3);
  bench.settings = { maxOutboundConnections: 10 };
  bench.scheduler.reconfigure(nodeLimits(), bench.at);
  bench.scheduler.run(bench.at);
  assert.equal(bench.connections.length, 10);
});

test('lowering a limit closes idle surplus at once, the newest first', () => {
  const bench = new Bench({ maxOutboundConnections: 4 });
  bench.add(64);
  bench.establish();
  for (let round = 0; round < 16; round++) for (const connection of bench.connections) bench.deliver(connection);
  const idle = bench.connections.filter((connection) => connection.state === 'idle');
  assert.equal(idle.length, 4);
  bench.settings = { maxOutboundConnections: 1 };
  bench.scheduler.reconfigure(nodeLimits(), bench.at);
  assert.deepEqual(bench.quits, idle.slice(1).reverse());
});

test('a full address is passed over for its sibling, then the next preference; all full: mail stays active', () => {
  const bench = new Bench({ hostLimit: () => 2 });
  bench.route = {
    kind: 'hosts',
    candidates: [candidate('127.0.0.1', 10), candidate('127.0.0.2', 10), candidate('127.0.0.3', 20)],
    ttlMs: 60_000,
  };
  bench.add(600);
  const count = (address: string) => bench.connections.filter((one) => one.candidate.address === address).length;
  assert.deepEqual([count('127.0.0.1'), count('127.0.0.2'), count('127.0.0.3')], [2, 2, 2]);
  assert.equal(bench.failures.length, 0);
  bench.close(bench.connections.find((one) => one.candidate.address === '127.0.0.2')!);
  assert.deepEqual([count('127.0.0.1'), count('127.0.0.2'), count('127.0.0.3')], [2, 2, 2], 'the freed slot is used');
});

test('a refused address is set aside and the next candidate is tried at once, without a failed attempt', () => {
  const bench = new Bench();
  bench.route = { kind: 'hosts', candidates: [candidate('127.0.0.1', 10), candidate('127.0.0.2', 20)], ttlMs: 60_000 };
  bench.add(1);
  bench.failConnect(bench.connections[0]!);
  assert.equal(bench.connections[0]!.candidate.address, '127.0.0.2');
  assert.deepEqual(bench.failures, []);
  bench.failConnect(bench.connections[0]!);
  assert.deepEqual(bench.failures, [NO_VALID_HOSTS]);
});

test('with every host set aside, mail waits until the first may be tried again', () => {
  const bench = new Bench();
  bench.add(3);
  bench.failConnect(bench.connections[0]!);
  assert.equal(bench.failures.length, 1);
  assert.equal(bench.connections.length, 0);
  bench.later(119_999);
  assert.equal(bench.connections.length, 0);
  bench.later(1);
  assert.equal(bench.connections.length, 1);
});

test('mail that nobody fetches fails at its expiration', () => {
  const bench = new Bench({ maxOutboundConnections: 0 });
  bench.add(2);
  bench.later(86_399_999);
  assert.equal(bench.failures.length, 0);
  bench.later(1);
  assert.equal(bench.failures.length, 2);
});

test('a pause after trouble of this node marks no host down and ends by itself', () => {
  const bench = new Bench();
  bench.scheduler.nodeTrouble(bench.at);
  bench.add(1);
  assert.equal(bench.connections.length, 0);
  bench.later(1000);
  assert.equal(bench.connections.length, 1);
  assert.deepEqual(bench.failures, []);
});

test('max_deliveries_per_connection: the connection leaves and the rest goes over another', () => {
  const bench = new Bench({ maxOutboundConnections: 1, maxDeliveriesPerConnection: 2 });
  bench.add(3);
  bench.establish();
  const [connection] = bench.connections;
  bench.deliver(connection!);
  bench.deliver(connection!);
  assert.equal(connection!.state, 'leaving');
  bench.close(connection!);
  bench.establish();
  assert.equal(bench.sent.length, 3);
});

test('a task with more recipients than max_recipients_per_batch goes in several', () => {
  const bench = new Bench({ maxRecipientsPerBatch: 2 });
  const queue = bench.queue();
  bench.add(1);
  const whole = queue.active.take()!;
  bench.scheduler.addActive(queue, makeTask(whole.stored, [0, 1, 2, 3, 4], 0, wallMs(0)));
  bench.scheduler.run(bench.at);
  bench.establish();
  for (let round = 0; round < 3; round++) bench.deliver(bench.connections[0]!);
  assert.deepEqual(
    bench.sent.map((one) => one.task.recipients),
    [[0, 1], [2, 3], [4]],
  );
});

test('a task that is cut into batches wants as many connections as the batches do', () => {
  const bench = new Bench({ maxRecipientsPerBatch: 1, connectionsPerMessage: 1 });
  const queue = bench.queue();
  bench.add(1);
  const whole = queue.active.take()!;
  bench.scheduler.addActive(queue, makeTask(whole.stored, [0, 1], 0, wallMs(0)));
  bench.scheduler.run(bench.at);
  assert.equal(bench.connections.length, 1);
  bench.establish();
  assert.equal(bench.connections.length, 2);
});

test('a connection that leaves is replaced at once where there is room, not when it is gone', () => {
  const bench = new Bench();
  bench.add(4);
  assert.equal(bench.connections.length, 2);
  bench.establish();
  bench.scheduler.startLeaving(bench.connections[0]!);
  bench.scheduler.run(bench.at);
  assert.equal(bench.connections.length, 3);
});

test('a host that answers after all is used again at once by the queue that had set it aside', () => {
  const bench = new Bench();
  bench.add(7);
  assert.equal(bench.connections.length, 3);
  bench.failConnect(bench.connections[0]!);
  assert.equal(bench.connections.length, 2);
  bench.scheduler.hostAnswered(bench.connections[0]!);
  bench.scheduler.run(bench.at);
  assert.equal(bench.connections.length, 3);
});

test('a queue whose mail expired while it waited for room waits no longer', () => {
  const bench = new Bench({ bindingConnections: 0 });
  bench.add(1);
  const waiting = () => [...bench.ledger.counters()].reduce((sum, counter) => sum + counter.waiting, 0);
  assert.equal(waiting(), 1);
  bench.later(86_400_000);
  assert.equal(bench.failures.length, 1);
  assert.equal(waiting(), 0);
});
