// The one loop: events from the ports go in, effects go out. This file puts the parts together and owns the turn, the
// time in it and the identity of the server; what happens to mail is told in inbound.ts, core/delivery/scheduler.ts,
// outbound-session.ts and outcomes.ts, in that order.
import { assert } from '../core/base/assert.ts';
import { addMono, type Moment, type WallMs } from '../core/base/moment.ts';
import type { Timers } from '../core/base/timers.ts';
import type { Configuration, Listener } from '../core/config/configuration.ts';
import { softBounceDrainRate } from '../core/config/options/notice-options.ts';
import { hostname } from '../core/config/options/server-options.ts';
import { routingDomainOf } from '../core/config/routing-domain.ts';
import type { ServerView } from '../core/console/server-view.ts';
import type { Actions } from '../core/delivery/actions.ts';
import { type NodeCounters, referNodeCounters } from '../core/delivery/claims.ts';
import { HostTimesTable } from '../core/delivery/host-times.ts';
import { LimitAudit } from '../core/delivery/limit-audit.ts';
import { OutboundConnection } from '../core/delivery/outbound-connection.ts';
import { rollUpRules } from '../core/delivery/roll-up-rules.ts';
import { isSamePolicy, queryLimit, routePolicy } from '../core/delivery/route-policy.ts';
import { Scheduler } from '../core/delivery/scheduler.ts';
import { deliverySettings, nodeLimits } from '../core/delivery/settings-of.ts';
import { type SlotAudit, watchOf } from '../core/delivery/slot-audit.ts';
import { Ledger } from '../core/limits/ledger.ts';
import { ThrottleMemory } from '../core/limits/throttle-memory.ts';
import { type RecordWriter, ThrottleTable } from '../core/limits/throttle-table.ts';
import type { DomainName } from '../core/mail/domain-name.ts';
import { IdMaker } from '../core/mail/ids.ts';
import type { CurfewSchedule } from '../core/queue/curfew-schedule.ts';
import { makeTask, taskKeyOf } from '../core/queue/task.ts';
import { nameInDns } from '../core/smtp/utf8-path.ts';
import { DelayNotices } from './delay-notices.ts';
import type { EngineParts } from './engine-parts.ts';
import { EngineView } from './engine-view.ts';
import { Inbound } from './inbound.ts';
import { IncomingReports, type ReportSource } from './incoming-reports.ts';
import { MailRecords } from './mail-records.ts';
import { IndexedSpool } from './message-index.ts';
import { NameService } from './name-service.ts';
import { NodeTroubles } from './node-troubles.ts';
import { Notices } from './notices.ts';
import { type OutboundParts, OutboundSession } from './outbound-session.ts';
import { Outcomes } from './outcomes.ts';
import type { InboundConnection, InboundEvents, Ports, RecoveredRecord, StoredContent } from './ports.ts';
import { QuietHours } from './quiet-hours.ts';
import type { RecordSettings } from './record-settings.ts';
import { Routes } from './routes.ts';
import { SmtpDialogues } from './smtp-dialogues.ts';
import { TlsReports } from './tls-reports.ts';
import type { Turns } from './turn.ts';
import { WakeUps } from './wake-ups.ts';

export class Engine implements Turns {
  readonly server: ServerView;
  readonly ledger: Ledger;
  readonly scheduler: Scheduler;
  readonly throttles: ThrottleTable;
  readonly limitAudit: LimitAudit;
  readonly #slots: SlotAudit;
  readonly #ports: Omit<Ports, 'spool'> & { readonly spool: IndexedSpool };
  readonly #identity: EngineParts['identity'];
  readonly #openingDelayMs: number;
  readonly #wakeUps: WakeUps;
  readonly #timers: Timers;
  readonly #node: NodeCounters;
  readonly #routes: Routes;
  readonly #records: MailRecords;
  readonly #notices: Notices;
  readonly #delays: DelayNotices;
  readonly #outcomes: Outcomes;
  readonly #inbound: Inbound;
  readonly #reports: IncomingReports;
  readonly #tlsReports: TlsReports | null;
  readonly #troubles: NodeTroubles;
  readonly #sessions = new Map<OutboundConnection, OutboundSession>();
  readonly #outbound: OutboundParts;
  readonly #ids: IdMaker;
  #configuration: Configuration;
  readonly #quietHours: QuietHours;
  #now: Moment;
  #isInTurn = false;
  #lastNumber = 0;
  #stopped: (() => void) | null = null;

  constructor(parts: EngineParts) {
    const { ports, configuration, identity } = parts;
    const { clock, random, connector } = ports;
    const spool = new IndexedSpool(ports.spool);
    this.#ports = { ...ports, spool };
    this.#configuration = configuration;
    this.#identity = identity;
    this.#openingDelayMs = parts.openingDelayMs;
    this.#now = clock.now();
    this.#wakeUps = new WakeUps(clock);
    this.#timers = this.#wakeUps.timers;
    this.#ids = parts.ids ?? new IdMaker(identity.pid);
    const limits = nodeLimits(configuration, connector.descriptorLimit);
    this.ledger = parts.ledger ?? new Ledger();
    this.#node = referNodeCounters(this.ledger, limits);
    const connections = () => this.#sessions.keys();
    const audited = { ledger: this.ledger, node: this.#node, configuration: () => this.#configuration, connections };
    this.limitAudit = new LimitAudit(audited);
    this.#slots = parts.slotAudit?.(audited) ?? this.limitAudit;
    const records = new MailRecords(ports.records, parts.records);
    this.#records = records;
    this.#troubles = new NodeTroubles(ports.records);
    const groupOf = (binding: string) => this.#configuration.groupOf(binding);
    const forQuietHours = { turns: this, timers: this.#timers, records: ports.records, groupOf };
    this.#quietHours = new QuietHours(forQuietHours, parts.curfew ?? null);
    this.throttles = new ThrottleTable(
      this.#timers,
      new ThrottleMemory(parts.savedThrottles, this.#now, parts.windows?.shards),
      this.#recordWriter(),
      parts.windows,
    );
    const settingsOf = (binding: string, domain: DomainName) =>
      deliverySettings(this.#configuration, binding, domain, this.hostname);
    this.scheduler = new Scheduler({
      ledger: this.ledger,
      throttles: this.throttles,
      timers: this.#timers,
      random: random.stream('host-choice'),
      node: this.#node,
      nodeLimits: limits,
      messages: spool,
      actions: this.#schedulerActions(),
      curfewOf: (binding, domain) => this.#quietHours.of(binding, domain),
      rollUp: {
        rules: () => rollUpRules(this.#configuration),
        move: (queue, task, name) => this.#outcomes.rolledUp(queue, task, name, this.#now),
      },
      stalled: (queue, text) => this.#troubles.stalled(queue, text, this.#now),
      slotWatch: watchOf(this.#slots, () => this.#now.wall),
      settingsOf,
    });
    this.#routes = new Routes(
      this,
      new NameService(this, this.#timers, ports, () => queryLimit(configuration, this.#configuration), parts.windows),
      ports.stsPolicies,
      (domain) => routePolicy(this.#configuration, domain, parts.isOwnEndpoint),
      (queue) => this.scheduler.routeReady(queue),
      (domain, policy, fault) => this.#tlsReports?.countPolicy(domain, policy, fault),
    );
    const shared = {
      turns: this,
      timers: this.#timers,
      spool,
      records,
      ids: this.#ids,
      utcOffsetMinutes: (at: WallMs) => parts.utcOffsetMinutes(at),
      routingDomainOf: (binding: string, domain: DomainName) =>
        routingDomainOf(this.#configuration, binding, nameInDns(domain, parts.asciiDomain)),
    };
    this.#notices = new Notices({
      ...shared,
      accepted: (stored) => this.#queueAll(stored, [0]),
      random: random.stream('boundaries'),
      hostname: () => this.hostname,
      groupOf,
      startsPerTurn: () => this.#configuration.value(softBounceDrainRate),
      troubled: (text, at) => this.#troubles.report('notice', text, at),
    });
    const notices = this.#notices;
    this.#delays = new DelayNotices({ turns: this, timers: this.#timers, notices, settingsOf });
    this.#outcomes = new Outcomes({ scheduler: this.scheduler, spool, records, notices, delays: this.#delays });
    const forReports = { turns: this, spool, records, mime: ports.mime, configuration: () => this.#configuration };
    this.#reports = new IncomingReports({
      ...forReports,
      asciiDomain: parts.asciiDomain,
      queue: (stored, indices) => this.#queueAll(stored, indices),
    });
    this.#inbound = new Inbound({
      ...shared,
      accepted: (stored, source) => this.#accepted(stored, source),
      configuration: () => this.#configuration,
      systemHostname: identity.hostname,
      asciiDomain: parts.asciiDomain,
      version: identity.version,
      opened: () => this.ledger.take(this.#node.descriptors),
      closed: () => this.ledger.give(this.#node.descriptors),
    });
    this.#tlsReports =
      ports.tlsReports === undefined || ports.reportPoster === undefined
        ? null
        : new TlsReports({
            ...shared,
            store: ports.tlsReports,
            poster: ports.reportPoster,
            resolver: ports.resolver,
            random: random.stream('tls-reports'),
            configuration: () => this.#configuration,
            hostname: () => this.hostname,
            accepted: (stored) => this.#queueAll(stored, [0]),
            told: (level, text) => ports.records.panic(level, text),
          });
    const hostTimes = new HostTimesTable();
    const dialogues = new SmtpDialogues(this, this.#timers);
    this.#outbound = {
      ledger: this.ledger,
      hostTimes,
      dialogues,
      tlsReports: this.#tlsReports,
      turns: this,
      timers: this.#timers,
      scheduler: this.scheduler,
      connector,
      attempted: (connection, task, outcomes, at) => this.#outcomes.attempted(connection, task, outcomes, at),
      nodeTrouble: (code, at) => {
        this.#troubles.connectFailed(code, at);
        this.scheduler.nodeTrouble(at);
      },
      gone: ({ connection }) => {
        this.#sessions.delete(connection);
        this.#slots.closed(connection, this.#now.wall);
        this.#slots.letGo();
      },
    };
    this.server = new EngineView({
      turns: this,
      timers: this.#timers,
      spool,
      delays: this.#delays,
      messagesPerTurn: parts.messagesPerTurn ?? null,
      scheduler: this.scheduler,
      ledger: this.ledger,
      throttles: this.throttles,
      node: this.#node,
      inbound: this.#inbound,
      outcomes: this.#outcomes,
      routes: this.#routes,
      sessions: this.#sessions,
      tlsReports: this.#tlsReports,
      tlsCache: parts.tlsCache,
      configuration: () => this.#configuration,
      resolver: ports.resolver,
      settingsOf,
      hostTimes,
      dialogues,
      quietHours: this.#quietHours,
      dnsFigures: () => parts.dnsFigures(),
      resetDnsFigures: () => parts.resetDnsFigures(),
    });
  }

  // ---- the turn

  clock(): Moment {
    return this.#isInTurn ? this.#now : this.#ports.clock.now();
  }

  get now(): Moment {
    return this.#now;
  }

  begin(): Moment {
    assert(!this.#isInTurn, 'a port calls back in a turn of its own');
    this.#isInTurn = true;
    this.#now = this.#ports.clock.now();
    const jumpMs = this.#wakeUps.jumpAt(this.#now);
    if (jumpMs !== 0) {
      this.#troubles.wallClockSet(jumpMs);
      this.scheduler.lookAgain();
      this.#quietHours.look(this.#now);
    }
    return this.#now;
  }

  end(at: Moment): void {
    this.scheduler.run(at);
    this.#isInTurn = false;
    this.#wakeUps.arm(at);
    if (this.#stopped !== null) this.#tellStopped();
  }

  /** The clock has come to a time that was asked for. */
  wake(): void {
    const at = this.begin();
    this.#wakeUps.fire(at);
    this.end(at);
  }

  // ---- the life of the server

  /** Mail found in the spool. Before `start`. */
  recovered(record: RecoveredRecord): void {
    const { stored, open } = this.#ports.spool.recovered(record);
    const { recipients } = stored.envelope;
    const groups = Map.groupBy(open, ({ index, retries, nextAttemptAt }) => {
      return `${taskKeyOf(stored.envelope, index)} ${retries} ${nextAttemptAt}`;
    });
    for (const group of groups.values()) {
      const { index, retries, nextAttemptAt } = group[0]!;
      const { binding, routingDomain } = recipients[index]!;
      const queue = this.scheduler.queues.queueFor(binding, routingDomain);
      const waiting = group.map((one) => one.index);
      // What was never queued may not have been looked at.
      const indices = nextAttemptAt === null ? this.#reports.hold(stored, waiting) : waiting;
      if (indices.length === 0) continue;
      const task = makeTask(stored, indices, retries, (nextAttemptAt ?? this.#now.wall) as WallMs);
      this.#delays.waits(stored, indices, queue.settings);
      if (nextAttemptAt === null || nextAttemptAt <= this.#now.wall) this.scheduler.addActive(queue, task);
      else this.scheduler.addDelayed(queue, task, this.#now);
    }
  }

  /** Everything was recovered: mail may go out. */
  start(): void {
    const at = this.begin();
    this.#quietHours.look(at);
    this.#reports.start();
    this.#tlsReports?.start(at);
    if (this.#openingDelayMs > 0) this.scheduler.pause(addMono(at.mono, this.#openingDelayMs));
    this.end(at);
  }

  /** A client connected to one of the configuration's listeners. */
  accept(listener: Listener, connection: InboundConnection): InboundEvents {
    return this.#inbound.accept(listener, connection);
  }

  /** Another configuration is in force from now on; a lowered limit holds when this returns. */
  configure(configuration: Configuration, records?: RecordSettings, curfew: CurfewSchedule | null = null): void {
    const at = this.begin();
    if (!isSamePolicy(routePolicy(this.#configuration, ''), routePolicy(configuration, ''))) this.#routes.forget();
    this.#configuration = configuration;
    this.#quietHours.configure(curfew, at);
    if (records !== undefined) this.#records.configure(records);
    this.#delays.configured();
    this.#tlsReports?.configured(at);
    this.scheduler.reconfigure(nodeLimits(configuration, this.#ports.connector.descriptorLimit), at);
    this.#slots.configured(at.wall);
    this.#slots.letGo();
    this.end(at);
  }

  /** An orderly stop: nothing new begins, what runs comes to its end. `stopped` is called once, when it has. */
  stop(stopped: () => void): void {
    const at = this.begin();
    this.#stopped = stopped;
    this.#inbound.stop();
    this.#reports.stop();
    this.#tlsReports?.stop();
    this.scheduler.stop();
    this.end(at);
  }

  /** The name servers changed: what they said counts no more. */
  forgetRoutes(): void {
    this.#routes.forget();
  }

  /** Nothing is opened to these addresses for so long; nobody blames them. */
  setAside(addresses: readonly string[], ms: number): void {
    const at = this.begin();
    for (const address of addresses) this.scheduler.hostStates.setAside(address, addMono(at.mono, ms));
    this.end(at);
  }

  /** Sessions of clients end now, whatever they are at; their unfinished messages are theirs to send again. */
  cutInbound(): void {
    const at = this.begin();
    this.#inbound.cut();
    this.end(at);
  }

  /** Nothing is open, on its way, or waiting to be looked at. */
  get isAtRest(): boolean {
    if (this.#tlsReports?.isBusy === true) return false;
    return this.scheduler.isAtRest && this.#inbound.isDrained && this.#notices.pending + this.#reports.running === 0;
  }

  /** The name of this server in greetings, header fields and notices. */
  get hostname(): string {
    return this.#configuration.value(hostname) ?? this.#identity.hostname;
  }

  #tellStopped(): void {
    if (!this.isAtRest || this.throttles.isWriting) return;
    const stopped = this.#stopped!;
    this.#stopped = null;
    const records = this.throttles.finalRecords(this.#now);
    const last = () => (this.#tlsReports === null ? stopped() : this.#tlsReports.finish(stopped));
    if (records === null) last();
    else this.#ports.throttles.writeAll(records, last);
  }

  #recordWriter(): RecordWriter {
    const { throttles } = this.#ports;
    const written = (isDurable: boolean): void => {
      const at = this.begin();
      this.scheduler.throttlesWritten(isDurable, at);
      this.end(at);
    };
    return {
      reserve: (records) => throttles.reserve(records, written),
      writeAll: (records) => throttles.writeAll(records, written),
    };
  }

  // ---- mail

  #accepted(stored: StoredContent, source: ReportSource): void {
    const indices = this.#reports.hold(stored, [...stored.envelope.recipients.keys()], source);
    this.#queueAll(stored, indices);
    this.#reports.start();
  }

  #queueAll(stored: StoredContent, indices: readonly number[]): void {
    const { recipients } = stored.envelope;
    const isAlone = indices.length === 1; // nearly always
    const groups = isAlone ? [indices] : Map.groupBy(indices, (index) => taskKeyOf(stored.envelope, index)).values();
    for (const group of groups) {
      const { binding, routingDomain } = recipients[group[0]!]!;
      this.#enqueue(stored, group, binding, routingDomain);
    }
  }

  #enqueue(stored: StoredContent, indices: readonly number[], binding: string, domain: DomainName): void {
    const queue = this.scheduler.queues.queueFor(binding, domain);
    queue.countReceived(indices.length);
    this.#delays.waits(stored, indices, queue.settings);
    this.scheduler.addActive(queue, makeTask(stored, indices, 0, this.#now.wall));
  }

  // ---- connections

  #schedulerActions(): Actions {
    return {
      open: (queue, candidate, claim, allocation) => {
        const id = this.#ids.next(Math.floor(this.#now.wall / 1000));
        const connection = new OutboundConnection(id, queue, candidate, claim, allocation, this.#now.mono);
        const session = new OutboundSession(connection, ++this.#lastNumber, this.#outbound, this.#now);
        this.#sessions.set(connection, session);
        this.#slots.opened(connection, this.#now.wall);
        this.#slots.letGo();
        session.open();
        return connection;
      },
      resume: (connection) => this.#sessions.get(connection)!.resume(this.#now),
      quit: (connection) => this.#sessions.get(connection)!.quit(this.#now),
      attemptFailed: (queue, task, failure, source) =>
        this.#outcomes.attemptFailed(queue, task, failure, source, this.#now),
      routeOf: (queue) => this.#routes.routeOf(queue, this.#now),
      hasLocalAddress: (address) => {
        const isThere = this.#ports.connector.hasLocalAddress(address);
        if (!isThere) this.#troubles.addressMissing(address, this.#now);
        return isThere;
      },
      descriptorsExhausted: () => this.#troubles.descriptorsExhausted(this.#ports.connector.descriptorLimit, this.#now),
    };
  }
}
