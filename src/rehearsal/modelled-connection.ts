// A connection whose other end is a model: in the place of a socket and of the SMTP session stand times and chances. What
// the scheduler is told, and when, is what engine/outbound-session.ts and core/smtp/client-session.ts tell it.
import { addMono, type Moment } from '../core/base/moment.ts';
import { Timer, type Timers } from '../core/base/timers.ts';
import type { OutboundConnection } from '../core/delivery/outbound-connection.ts';
import type { Scheduler } from '../core/delivery/scheduler.ts';
import { type Disposition, type Failure, notConnected, STAGE } from '../core/mail/disposition.ts';
import type { Task } from '../core/queue/task.ts';
import { LUCK, luck, type Span, timeIn } from './chance.ts';
import { isDown, type ReceiverBehaviour, type SourceMemory } from './receiver.ts';
import type { RefusalKind } from './tally.ts';

/** What all connections of a rehearsal share. */
export interface Surroundings {
  readonly seed: number;
  readonly timers: Timers;
  readonly scheduler: Scheduler;
  /** Now. */
  readonly at: Moment;
  refused(connection: ModelledConnection, kind: RefusalKind, count: number): void;
  /** An outcome for each recipient of the task, in order. */
  attempted(connection: ModelledConnection, task: Task, outcomes: readonly Disposition[]): void;
  /** The receiver does not count it any more. */
  closed(connection: ModelledConnection): void;
}

const DELIVERED: Disposition = { kind: 'delivered', reply: '250 2.0.0 [rehearsal] accepted' };
const ALL_DELIVERED: readonly Disposition[] = [DELIVERED];

function refusal(kind: Failure['kind'], reply: string): Failure {
  return { kind, reply, stage: STAGE.afterRcpt, bytesSent: 0 };
}

const TRANSIENT = refusal('transientFailure', '450 4.2.0 [rehearsal] refused for now');
const TOO_FAST = refusal('transientFailure', '451 4.7.1 [rehearsal] too many messages in a minute');
const BROKEN = refusal('transientFailure', '451 4.4.2 [rehearsal] connection lost');
const PERMANENT = refusal('permanentFailure', '550 5.1.1 [rehearsal] refused');
const CONNECTION_REFUSED = notConnected('451 4.4.1 [rehearsal] connection refused');
const NOT_GREETED: Failure = {
  kind: 'transientFailure',
  reply: '421 4.7.0 [rehearsal] too many connections',
  stage: STAGE.readingBanner,
  bytesSent: 0,
};

export class ModelledConnection {
  readonly connection: OutboundConnection;
  readonly #around: Surroundings;
  /** Of the queue that it serves. */
  #behaviour: ReceiverBehaviour;
  readonly #memory: SourceMemory;
  /** Its chances are drawn by this. */
  readonly #number: number;
  readonly #timer: Timer;
  #phase: 'connecting' | 'busy' | 'idle' | 'quitting' | 'gone' = 'connecting';
  #isGreeted = false;
  #task: Task | null = null;
  /** Messages it has carried, whatever became of them. */
  #carried = 0;

  constructor(
    connection: OutboundConnection,
    number: number,
    behaviour: ReceiverBehaviour,
    memory: SourceMemory,
    around: Surroundings,
  ) {
    this.connection = connection;
    this.#number = number;
    this.#behaviour = behaviour;
    this.#memory = memory;
    this.#around = around;
    this.#timer = new Timer(() => this.#timeHasCome());
    this.#wait(this.#time(behaviour.connectTime, LUCK.connect));
  }

  /** The scheduler has mail for this idle connection. */
  resume(): void {
    this.#goOn();
  }

  /** A sibling has taken it over. */
  serve(behaviour: ReceiverBehaviour): void {
    this.#behaviour = behaviour;
  }

  /** The scheduler wants this idle connection to end. */
  quit(): void {
    this.#phase = 'quitting';
    this.#wait(this.#time(this.#behaviour.quitTime, LUCK.quit));
  }

  #timeHasCome(): void {
    switch (this.#phase) {
      case 'connecting':
        this.#connected();
        break;
      case 'busy':
        this.#answered();
        break;
      case 'idle':
        this.#leave();
        break;
      default:
        this.#gone();
    }
  }

  #connected(): void {
    const { scheduler, at } = this.#around;
    const { connection } = this;
    if (this.#isDown) {
      this.#around.refused(this, 'down', 1);
      scheduler.startLeaving(connection);
      scheduler.hostFailed(connection, 'ECONNREFUSED', CONNECTION_REFUSED, at);
      this.#gone(); // nobody counted it
      return;
    }
    connection.isEstablished = true;
    if (!this.#memory.greet(this.#behaviour.connectionsPerSource)) {
      this.#around.refused(this, 'tooManyConnections', 1);
      scheduler.startLeaving(connection);
      scheduler.hostFailed(connection, NOT_GREETED.reply, NOT_GREETED, at);
      this.quit();
      return;
    }
    this.#isGreeted = true;
    scheduler.hostAnswered(connection);
    this.#goOn();
  }

  #goOn(): void {
    const { scheduler, at } = this.#around;
    const next = scheduler.next(this.connection, at, false);
    if (next === 'leave') {
      this.quit();
    } else if (next === 'idle') {
      this.#phase = 'idle';
      this.#wait(this.connection.queue.settings.idleTimeoutMs);
    } else {
      this.#phase = 'busy';
      this.#task = next;
      this.#wait(this.#isUsedUp ? this.#time(this.#behaviour.quitTime, LUCK.quit) : this.#transactionTime(next));
    }
  }

  /** The receiver will answer the next MAIL with 421. */
  get #isUsedUp(): boolean {
    return this.#carried >= this.#behaviour.messagesPerConnection;
  }

  #transactionTime({ stored, retries }: Task): number {
    const { transactionTime, octetsPerSecond } = this.#behaviour;
    const time = timeIn(transactionTime, luck(this.#around.seed, stored.sequence, retries, LUCK.transaction));
    return octetsPerSecond === null ? time : time + (stored.envelope.size * 1000) / octetsPerSecond;
  }

  #answered(): void {
    const task = this.#task!;
    this.#task = null;
    if (this.#isDown) {
      this.#broken(task);
    } else if (this.#isUsedUp) {
      this.#around.refused(this, 'connectionUsedUp', 1);
      this.#return(task);
      this.#leave();
    } else {
      this.#carried += 1;
      this.#around.attempted(this, task, this.#outcomes(task));
      this.#goOn();
    }
  }

  /** The exchanger went down in the middle of a message. One that it answered before has made an attempt only then. */
  #broken(task: Task): void {
    const { scheduler } = this.#around;
    this.#around.refused(this, 'down', 1);
    scheduler.startLeaving(this.connection);
    if (this.#carried > 0) this.#return(task);
    else
      this.#around.attempted(
        this,
        task,
        task.recipients.map(() => BROKEN),
      );
    this.#gone();
  }

  /** It was no attempt. */
  #return(task: Task): void {
    const { scheduler } = this.#around;
    scheduler.taskEnded(this.connection, task, false);
    scheduler.addActive(this.connection.queue, task);
  }

  #outcomes(task: Task): readonly Disposition[] {
    const { messagesPerMinute, transientShare, permanentShare } = this.#behaviour;
    const { recipients, stored, retries } = task;
    if (!this.#memory.take(messagesPerMinute, this.#around.at.mono)) {
      this.#around.refused(this, 'tooFast', recipients.length);
      return recipients.map(() => TOO_FAST);
    }
    const isRefused = (index: number): boolean =>
      this.#luckOf(stored.sequence, retries, index) < permanentShare + transientShare;
    if (!recipients.some(isRefused)) return recipients.length === 1 ? ALL_DELIVERED : recipients.map(() => DELIVERED);
    return recipients.map((index) => {
      if (!isRefused(index)) return DELIVERED;
      const isPermanent = this.#luckOf(stored.sequence, retries, index) < permanentShare;
      this.#around.refused(this, isPermanent ? 'permanent' : 'transient', 1);
      return isPermanent ? PERMANENT : TRANSIENT;
    });
  }

  #luckOf(sequence: number, retries: number, index: number): number {
    return luck(this.#around.seed, sequence, retries, LUCK.refusal + 16 * index);
  }

  get #isDown(): boolean {
    return isDown(this.#behaviour, this.connection.candidate.host, this.#around.at.mono);
  }

  #leave(): void {
    this.#around.scheduler.startLeaving(this.connection);
    this.quit();
  }

  #gone(): void {
    this.#phase = 'gone';
    this.#around.timers.drop(this.#timer);
    if (this.#isGreeted) this.#memory.leave();
    this.#around.scheduler.closed(this.connection);
    this.#around.closed(this);
  }

  #time(span: Span, purpose: number): number {
    return timeIn(span, luck(this.#around.seed, this.#number, 0, purpose));
  }

  #wait(ms: number): void {
    const { timers, at } = this.#around;
    timers.set(this.#timer, addMono(at.mono, ms));
  }
}
