// A scheduler whose connections are opened and ended by the test.
import { NO_LIMIT } from '../../src/core/base/limit.ts';
import { type Moment, monoMs, wallMs } from '../../src/core/base/moment.ts';
import { seededRandom } from '../../src/core/base/random.ts';
import { Timers } from '../../src/core/base/timers.ts';
import type { Actions } from '../../src/core/delivery/actions.ts';
import { AGGRESSIVENESS } from '../../src/core/delivery/allocation.ts';
import type { Allocation, NodeLimits } from '../../src/core/delivery/claims.ts';
import { NO_VALID_HOSTS } from '../../src/core/delivery/connection-opener.ts';
import type { MailQueue } from '../../src/core/delivery/mail-queue.ts';
import { OutboundConnection } from '../../src/core/delivery/outbound-connection.ts';
import type { CurfewOf } from '../../src/core/delivery/queue-table.ts';
import { Scheduler } from '../../src/core/delivery/scheduler.ts';
import { PLAIN_TERMS } from '../../src/core/delivery/session-terms.ts';
import type { DeliverySettings } from '../../src/core/delivery/settings.ts';
import { type Claim, Ledger } from '../../src/core/limits/ledger.ts';
import { ThrottleMemory } from '../../src/core/limits/throttle-memory.ts';
import type { ThrottleRecord } from '../../src/core/limits/throttle-record.ts';
import { ThrottleTable } from '../../src/core/limits/throttle-table.ts';
import { type Disposition, notConnected } from '../../src/core/mail/disposition.ts';
import type { Candidate, Route } from '../../src/core/mail/hosts.ts';
import { NO_TLS } from '../../src/core/mail/tls-policy.ts';
import { makeTask, type Task } from '../../src/core/queue/task.ts';

export const SETTINGS: DeliverySettings = {
  group: 'default',
  bindingExists: true,
  maxOutboundConnections: 32,
  bindingConnections: NO_LIMIT,
  scopeLimits: [],
  connectionsPerMessage: AGGRESSIVENESS.normal,
  hostLimit: () => NO_LIMIT,
  hostScopeLimits: () => [],
  throttles: { connections: [], messages: [] },
  hostThrottles: () => ({ connections: [], messages: [] }),
  bindAddress: null,
  tls: NO_TLS,
  terms: PLAIN_TERMS,
  transformsEightBit: true,
  sharesConnections: false,
  suspendedUntil: wallMs(0),
  isBlackholed: false,
  neverAttemptExpired: false,
  idleTimeoutMs: 5000,
  maxDeliveriesPerConnection: 0,
  maxRecipientsPerBatch: 100,
  hostFailureRetryMs: 120_000,
  connectTimeoutToDelayMs: 900_000,
  mxFailuresToDelay: 50,
  delayedQueueScanIntervalMs: 15_000,
  timeouts: { connectMs: 1, ehloMs: 1, mailFromMs: 1, rcptToMs: 1, bodyMs: 1, rsetMs: 1 },
  pipelining: 'overlap',
  ehloHostname: 'here.example',
  gateway: null,
  routes: [],
  remotePort: 25,
  useIpv6: false,
  fullyResolves: true,
  hostRules: '',
  usesDane: false,
  usesMtaSts: false,
  stsAliasesMax: 5,
  generateBounces: true,
  bouncesInlineOriginal: 'headers',
  mailerDaemon: null,
  generateDelayNotices: false,
  delayNoticeIntervalMs: 3_600_000,
  delayNoticeMaxIntervalMs: 43_200_000,
  mdnFailuresNotify: null,
  retryIntervalMs: 1_200_000,
  maxRetryIntervalMs: 43_200_000,
  maxRetries: 'auto',
  messageExpirationMs: 86_400_000,
  neverRetry: false,
};

export const RESERVE_INTERVAL_MS = 15_000;

export function nodeLimits(total = NO_LIMIT, reserve = 0): NodeLimits {
  const ceiling = Math.min(NO_LIMIT, total + reserve);
  return { total, ceiling, descriptors: NO_LIMIT, reserveIntervalMs: RESERVE_INTERVAL_MS };
}

export function candidate(address: string, preference = 10): Candidate {
  return { host: `mx-${address}.example`, address, family: 4, port: 25, preference };
}

/** A table of throttles of a process that has no past. @param write takes what is to be put on stable storage */
export function emptyThrottleTable(
  timers: Timers,
  startedAt: Moment,
  write: (records: readonly ThrottleRecord[]) => void,
): ThrottleTable {
  const memory = new ThrottleMemory({ records: [], isDamaged: false }, startedAt);
  return new ThrottleTable(timers, memory, { reserve: write, writeAll: write });
}

export class SchedulerBench implements Actions {
  at: Moment = { mono: monoMs(0), wall: wallMs(1_000_000) };
  route: Route | null = { kind: 'hosts', candidates: [candidate('127.0.0.1')], ttlMs: 60_000 };
  settings: Partial<DeliverySettings>;
  /** What differs for a queue. */
  settingsOf: (binding: string, domain: string) => Partial<DeliverySettings> = () => ({});
  readonly ledger: Ledger;
  readonly timers = new Timers();
  readonly connections: OutboundConnection[] = [];
  readonly sent: { connection: OutboundConnection; task: Task }[] = [];
  readonly failures: string[] = [];
  readonly quits: OutboundConnection[] = [];
  /** What was to be reserved for throttles. It is on stable storage when the test says so. */
  readonly written: (readonly ThrottleRecord[])[] = [];
  /** What the watchdog found. */
  readonly stalled: string[] = [];
  readonly scheduler: Scheduler;
  #sequence = 0;

  constructor(
    settings: Partial<DeliverySettings> = {},
    nodeTotal = NO_LIMIT,
    reserve = 0,
    curfewOf: CurfewOf = () => null,
    ledger = new Ledger(),
  ) {
    this.settings = settings;
    this.ledger = ledger;
    const node = {
      total: this.ledger.addUniversal('node', nodeTotal),
      descriptors: this.ledger.addUniversal('descriptors', NO_LIMIT),
      ordinary: this.ledger.refer('ordinary'),
    };
    this.scheduler = new Scheduler({
      ledger: this.ledger,
      throttles: emptyThrottleTable(this.timers, this.at, (records) => this.written.push(records)),
      timers: this.timers,
      random: seededRandom(1),
      node,
      actions: this,
      settingsOf: (binding, domain) => ({ ...SETTINGS, ...this.settings, ...this.settingsOf(binding, domain) }),
      nodeLimits: nodeLimits(nodeTotal, reserve),
      curfewOf,
      stalled: ({ binding, domain }, text) => this.stalled.push(`${binding} ${domain}: ${text}`),
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
