// One run: the real engine between simulated ports, with clients in front, exchangers behind, operators beside, and
// deaths of the process in between. Every event of the world is one step, and every step ends with the checks.
import { Engine } from '../engine/engine.ts';
import { AuditLogCheck } from './check-audit.ts';
import { ConnectionCheck } from './check-connections.ts';
import { ConversationCheck } from './check-conversation.ts';
import { EngineCheck } from './check-engine.ts';
import { MailCheck } from './check-mail.ts';
import { RecordCheck } from './check-records.ts';
import { Client, type ClientObserver, type SessionPlan } from './client.ts';
import { SimulatedClock } from './clock.ts';
import { withOneSetting, withoutOneSetting } from './console-set.ts';
import { Disk, type DiskObserver } from './disk.ts';
import { Exchanger, type ExchangerObserver } from './exchanger.ts';
import { Fuse, ProcessDeath } from './fuse.ts';
import type { InForce } from './in-force.ts';
import { Names, NO_DNS_FIGURES } from './names.ts';
import { type ConnectionObserver, Network } from './network.ts';
import { Operator } from './operator.ts';
import type { Action } from './plan-actions.ts';
import { scheduleOf } from './quiet-hours.ts';
import { CollectedRecords } from './records.ts';
import { drawScenario, type Scenario } from './scenario.ts';
import { Situation } from './situation.ts';
import { type TextChange, TextOnDisk } from './text-on-disk.ts';
import { ThrottleDisk } from './throttle-disk.ts';
import { between, World } from './world.ts';

export interface RunReport {
  readonly seed: number;
  readonly title: string;
  /** Empty when every promise was kept. */
  readonly violations: readonly string[];
  readonly events: number;
  readonly elapsedMs: number;
  readonly delivered: number;
  readonly failed: number;
  readonly lives: number;
}

/** A process that did not die is started again after an orderly stop; one that did is down for so long at most. */
const DOWNTIME_MS = 3000;
/** How long a client that finds nobody listening waits. */
const CLIENT_RETRY_MS = 500;
/** Far more than any run needs: what goes on and on in no time is a loop. */
const MOST_EVENTS = 500_000;

export function runSeed(seed: number, trace?: (line: string) => void): RunReport {
  return runScenario(drawScenario(seed), trace);
}

/** The draws of the run come from the scenario's seed, too. */
export function runScenario(scenario: Scenario, trace?: (line: string) => void): RunReport {
  const world = new World({ seed: scenario.seed, ...(trace === undefined ? {} : { trace }) });
  return new Simulation(world, scenario).run();
}

class Simulation {
  readonly #world: World;
  readonly #scenario: Scenario;
  readonly #situation: Situation;
  readonly #fuse = new Fuse();
  readonly #network: Network;
  readonly #names: Names;
  readonly #disk: Disk;
  readonly #throttleDisk: ThrottleDisk;
  readonly #records: CollectedRecords;
  readonly #exchangers = new Map<string, Exchanger>();
  readonly #mail: MailCheck;
  readonly #connections: ConnectionCheck;
  readonly #conversations: ConversationCheck;
  readonly #recordCheck: RecordCheck;
  readonly #operator: Operator;
  readonly #engineCheck: EngineCheck;
  readonly #audit: AuditLogCheck;
  readonly #clients = new Set<Client>();
  readonly #text: TextOnDisk;
  #engine: Engine | null = null;
  #clock: SimulatedClock | null = null;
  #lastClient = 0;
  #sessionsLeft: number;
  #actionsLeft: number;

  constructor(world: World, scenario: Scenario) {
    this.#world = world;
    this.#scenario = scenario;
    this.#text = new TextOnDisk(scenario.configuration.settings);
    const { network, networkConditions, nameConditions, diskConditions } = scenario;
    this.#situation = new Situation(world, scenario, this.#text.load());
    this.#disk = new Disk(world, diskConditions, this.#diskObserver(), this.#fuse);
    this.#throttleDisk = new ThrottleDisk(world, diskConditions, this.#fuse);
    this.#names = new Names(world, network.zone, nameConditions, this.#fuse);
    const wireForm: ConstructorParameters<typeof Network>[2] = (content) => this.#disk.wireForm(content);
    this.#network = new Network(world, networkConditions, wireForm, this.#connectionObserver(), this.#fuse);
    this.#records = new CollectedRecords(world, this.#fuse, (record) => {
      this.#mail.recorded(record);
      this.#recordCheck.recorded(record);
    });
    this.#mail = new MailCheck(this.#situation);
    this.#connections = new ConnectionCheck(this.#situation);
    this.#conversations = new ConversationCheck(
      this.#situation,
      this.#connections,
      (mailbox) => this.#mail.recordsOf(mailbox),
      (mailbox) => this.#mail.receivedAt(mailbox),
      (mailbox) => this.#mail.placeOf(mailbox),
    );
    this.#recordCheck = new RecordCheck(this.#situation, this.#mail, this.#conversations, this.#names);
    this.#operator = new Operator(this.#situation, this.#mail, this.#recordCheck);
    this.#engineCheck = new EngineCheck(
      this.#situation,
      this.#network,
      this.#names,
      this.#connections,
      this.#conversations,
    );
    this.#audit = new AuditLogCheck(world);
    this.#sessionsLeft = scenario.sessions.length;
    this.#actionsLeft = scenario.actions.length;
  }

  run(): RunReport {
    const { endMs, network, sessions, actions, seed, title } = this.#scenario;
    const observer = this.#exchangerObserver();
    for (const { address, manners } of network.exchangers) {
      const exchanger = new Exchanger(this.#world, address, manners, observer);
      this.#exchangers.set(address, exchanger);
      this.#network.listen(address, 25, exchanger);
    }
    this.#world.after(0, () => this.#boot(0));
    for (const session of sessions)
      this.#world.atPlanned(session.atMs, session.transactions[0]!.recipients[0]!, () => this.#connectClient(session));
    for (const { atMs, action } of actions) {
      this.#world.atPlanned(atMs, action.kind, () => {
        this.#actionsLeft--;
        this.#world.note(() => `action ${JSON.stringify(action).slice(0, 300)}`);
        this.#act(action);
      });
    }
    while (this.#world.violations.length === 0 && !this.#isQuiet && this.#step(endMs));
    if (this.#world.violations.length === 0) this.#finish();
    return {
      seed,
      title,
      violations: this.#world.violations,
      events: this.#world.events,
      elapsedMs: this.#world.elapsedMs,
      delivered: this.#mail.delivered,
      failed: this.#mail.failed,
      lives: this.#situation.life,
    };
  }

  /** Whether a step was made. */
  #step(endMs: number): boolean {
    try {
      if (!this.#world.step(endMs)) return false;
      this.#recordCheck.check();
      this.#conversations.check();
      if (this.#engine !== null) this.#engineCheck.check(this.#engine);
    } catch (error) {
      if (error instanceof ProcessDeath) this.#die();
      else this.#world.violation(`the engine throws ${error instanceof Error ? error.stack : String(error)}`);
    }
    if (this.#world.events > MOST_EVENTS) this.#world.violation('the run goes on and on');
    return true;
  }

  /** All that was planned has happened and all mail has ended. */
  get #isQuiet(): boolean {
    return (
      this.#sessionsLeft === 0 &&
      this.#actionsLeft === 0 &&
      this.#clients.size === 0 &&
      this.#situation.state === 'up' &&
      this.#disk.size === 0 &&
      this.#network.links.size === 0 &&
      this.#engine!.isAtRest
    );
  }

  #finish(): void {
    if (this.#engine === null || this.#situation.state !== 'up') {
      this.#world.violation(`the process is ${this.#situation.state} at the end`);
      return;
    }
    if (this.#disk.size > 0) this.#world.violation(`${this.#disk.size} records are left in the spool`);
    this.#engineCheck.checkRest(this.#engine);
    this.#mail.finish();
    this.#audit.finish();
    const { burst, needsReserve } = this.#scenario;
    if (burst !== null) this.#connections.checkReached(burst);
    if (needsReserve) this.#connections.checkReserveUsed();
  }

  // ---- lives of the process

  #boot(openingDelayMs: number): void {
    const situation = this.#situation;
    const world = this.#world;
    situation.force = this.#text.load();
    situation.life++;
    situation.bornAtMs = world.elapsedMs;
    situation.openingAtMs = world.elapsedMs + openingDelayMs;
    situation.state = 'up';
    world.note(() => `life ${situation.life} begins`);
    const clock = new SimulatedClock(world, () => engine.wake());
    const records = this.#disk.scan();
    this.#mail.recovered(records);
    this.#clock = clock;
    const engine = new Engine({
      ports: {
        clock,
        random: world.random.stream(`engine ${situation.life}`),
        connector: this.#network,
        resolver: this.#names,
        spool: this.#disk,
        // No mail of the simulation reports anything.
        mime: { read: (_, done) => void world.after(0, () => done(null)) },
        throttles: this.#throttleDisk,
        records: this.#records,
      },
      savedThrottles: this.#throttleDisk.read(),
      configuration: situation.configuration,
      curfew: scheduleOf(this.#scenario.quietHours),
      identity: { pid: 1000 + situation.life, version: 'sim', hostname: 'mta.example' },
      openingDelayMs,
      messagesPerTurn: Number.POSITIVE_INFINITY, // a command is done when it returns, as checks of its records expect
      utcOffsetMinutes: () => 0,
      dnsFigures: () => NO_DNS_FIGURES,
      resetDnsFigures: () => {},
    });
    this.#engine = engine;
    this.#audit.begin(engine);
    for (const record of records) engine.recovered(record);
    engine.start();
  }

  #die(): void {
    this.#world.note(() => 'the process dies');
    this.#situation.deaths.push(this.#world.elapsedMs);
    this.#leave();
    this.#disk.crash();
    this.#world.after(between(this.#world.random, 1, DOWNTIME_MS), () => this.#boot(2000));
  }

  #stop(): void {
    const engine = this.#engine;
    if (engine === null || this.#situation.state !== 'up') return;
    const situation = this.#situation;
    const deadline = this.#scenario.configuration.lastTransactionMs;
    const { life } = situation;
    situation.state = 'stopping';
    this.#world.after(deadline + 10_000, () => {
      if (situation.life === life && situation.state === 'stopping')
        this.#world.violation('an orderly stop does not end');
    });
    engine.stop(() => {
      this.#world.note(() => 'the process has stopped in order');
      if (this.#network.links.size > 0) this.#world.violation('connections are left after an orderly stop');
      // What the daemon does then is outside of the engine's turn.
      this.#world.after(0, () => {
        if (this.#engine !== engine) return;
        this.#disk.sync();
        this.#audit.end(engine);
        this.#leave();
        this.#disk.crash();
        this.#world.after(between(this.#world.random, 1, DOWNTIME_MS), () => this.#boot(0));
      });
    });
    // The daemon gives clients a while.
    this.#world.after(5000, () => {
      if (this.#engine === engine && situation.state === 'stopping') engine.cutInbound();
    });
  }

  /** Nothing of the process is left but what is on the disk. */
  #leave(): void {
    this.#situation.state = 'down';
    this.#engine = null;
    this.#clock?.stop();
    this.#throttleDisk.crash();
    this.#network.abandonAll();
    this.#names.abandonAll();
    this.#conversations.died();
    this.#engineCheck.died();
    this.#audit.died();
    this.#recordCheck.died();
    for (const client of this.#clients) client.lose();
    this.#clients.clear();
    this.#fuse.light(Number.POSITIVE_INFINITY);
  }

  // ---- what comes from outside

  #connectClient(plan: SessionPlan): void {
    const engine = this.#engine;
    if (engine === null || this.#situation.state !== 'up') {
      this.#world.after(CLIENT_RETRY_MS, () => this.#connectClient(plan));
      return;
    }
    this.#sessionsLeft--;
    const listeners = this.#situation.configuration.esmtpListeners();
    const client = new Client(this.#world, this.#fuse, ++this.#lastClient, plan, this.#clientObserver());
    this.#clients.add(client);
    client.whenClosed(() => this.#clients.delete(client));
    client.connection.attach(engine.accept(listeners[plan.listener % listeners.length]!, client.connection));
  }

  #act(action: Action): void {
    switch (action.kind) {
      case 'exchangerDown':
        this.#exchangers.get(action.address)!.isDown = action.isDown;
        return;
      case 'localAddress':
        this.#network.setLocalAddress(action.address, action.isPresent);
        if (action.isPresent) this.#situation.addressBackAtMs = this.#world.elapsedMs;
        return;
      case 'descriptors':
        this.#network.conditions = {
          ...this.#network.conditions,
          descriptorLimit: action.limit,
          descriptorsExhausted: action.exhausted,
        };
        // The limit of the system is read when a configuration takes force.
        if (this.#engine !== null) this.#configure(this.#situation.force);
        return;
      case 'wallClock':
        this.#world.shiftWall(action.ms);
        return;
      case 'reload':
        this.#reload(action.change);
        return;
      case 'death':
        if (this.#engine !== null) this.#fuse.light(action.effects);
        return;
      case 'stop':
        this.#stop();
        return;
      case 'set':
        if (this.#engine !== null) this.#configure(withOneSetting(this.#situation.force, action.setting));
        return;
      case 'unset':
        if (this.#engine !== null) this.#configure(withoutOneSetting(this.#situation.force, action.knob));
        return;
      default:
        if (this.#engine !== null) this.#operator.move(this.#engine, action);
    }
  }

  #reload(change: TextChange): void {
    const loads = this.#text.change(change);
    if (change.kind === 'mistake') {
      // What is in force stays, and so does what was set on the console.
      if (loads) this.#world.violation(`a configuration loads although it has ${change.line}`);
      return;
    }
    this.#situation.hasReloaded = true;
    if (this.#engine !== null) this.#configure(this.#text.load());
  }

  #configure(force: InForce | null): void {
    if (force === null) return;
    this.#situation.force = force;
    this.#connections.reconfiguring();
    this.#engine!.configure(force.configuration, undefined, scheduleOf(this.#scenario.quietHours));
    this.#audit.configured(this.#engine!);
    this.#connections.reconfigured();
  }

  // ---- observers

  #clientObserver(): ClientObserver {
    return {
      offered: (transaction, accepted) => this.#mail.offered(transaction, accepted),
      accepting: (_, accepted) => this.#mail.accepting(accepted),
      acknowledged: (_, accepted) => this.#mail.acknowledged(accepted),
      refused: (mailbox, text) => this.#mail.refused(mailbox, text),
      offended: (claim) => this.#world.violation(claim),
    };
  }

  #diskObserver(): DiskObserver {
    return {
      stored: (envelope, content) => this.#mail.stored(envelope, content),
      settled: (envelope, index, settlement) => this.#mail.settled(envelope, index, settlement),
      requeued: (envelope, index, place) => this.#mail.requeued(envelope, index, place),
      damaged: (envelope) => this.#mail.damaged(envelope),
    };
  }

  #exchangerObserver(): ExchangerObserver {
    return {
      arrived: (arrival) => {
        this.#mail.arrived(arrival);
      },
      recipientNamed: () => {},
      acknowledged: (arrival) => this.#mail.accepted(arrival),
      replies: (reply) => this.#recordCheck.replied(reply),
      offended: (link, claim) => this.#world.violation(`${link} offends the receiver: ${claim}`),
    };
  }

  #connectionObserver(): ConnectionObserver {
    return {
      opening: (link) => {
        this.#connections.opening(link);
        this.#conversations.opening(link);
      },
      accepted: (link) => this.#connections.accepted(link),
      vanished: (link) => this.#connections.vanished(link),
      failed: (link, failure) => {
        if (failure.whose === 'node') this.#engineCheck.nodeTrouble();
        else this.#recordCheck.hostFailed(link);
        this.#connections.failed(link);
        this.#engineCheck.ended(link);
        this.#conversations.over(link);
      },
      heard: (link, text) => {
        if (this.#conversations.heard(link, text)) this.#recordCheck.hostFailed(link);
      },
      peerEnded: (link) => this.#hostEnds(link),
      wrote: (link, text) => this.#conversations.wrote(link, text),
      wroteContent: (link) => this.#conversations.wroteContent(link),
      contentLost: (link) => this.#conversations.contentLost(link),
      gaveUp: (link) => {
        this.#hostEnds(link);
        this.#conversations.gaveUp(link);
      },
      finished: (link) => this.#conversations.finished(link),
      closed: (link) => {
        this.#hostEnds(link);
        this.#engineCheck.ended(link);
        this.#conversations.over(link);
      },
    };
  }

  #hostEnds(link: Parameters<ConnectionObserver['closed']>[0]): void {
    if (!this.#conversations.hasNamedMail(link)) this.#recordCheck.hostFailed(link);
  }
}
