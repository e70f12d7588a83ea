// Mail of a domain whose exchangers are rolled up goes to the queue of that name as soon as the route is known, before any
// connection is opened for it: the one way there, for new mail and for what waited before. A few hundred messages at a
// time: each is written to the spool.
import { addMono, type Moment, type MonoMs } from '../base/moment.ts';
import { Timer, type Timers } from '../base/timers.ts';
import type { DomainName } from '../mail/domain-name.ts';
import type { Task } from '../queue/task.ts';
import type { Actions } from './actions.ts';
import type { MailQueue } from './mail-queue.ts';
import type { RollUpRules } from './roll-up-rules.ts';
import { isOrderedToWait } from './standing-orders.ts';

/** In one turn of the loop, over all queues. */
export const MESSAGES_PER_TURN = 250;
/** How long others have their say. */
const PAUSE_MS = 1;

export interface RollUpParts {
  /** Those in force; null where nothing is rolled up. */
  rules(): RollUpRules | null;
  /** Queues a task that is in no queue any more under that name, durably, with its binding. */
  move(queue: MailQueue, task: Task, name: DomainName): void;
}

export class RollUp {
  readonly #parts: RollUpParts;
  readonly #timers: Timers;
  readonly #actions: Pick<Actions, 'routeOf'>;
  readonly #markReady: (queue: MailQueue) => void;
  /** Queues that have mail left for the next turn. */
  readonly #unfinished = new Set<MailQueue>();
  readonly #timer = new Timer(() => this.#goOn());
  #turn: MonoMs | null = null;
  #movedInTurn = 0;

  constructor(
    parts: RollUpParts,
    timers: Timers,
    actions: Pick<Actions, 'routeOf'>,
    markReady: (queue: MailQueue) => void,
  ) {
    this.#parts = parts;
    this.#timers = timers;
    this.#actions = actions;
    this.#markReady = markReady;
  }

  /** Moves what wants an attempt now. @returns whether some is left that goes with one of the next turns */
  move(queue: MailQueue, at: Moment): boolean {
    const rules = this.#parts.rules();
    if (rules === null || queue.active.size === 0 || isOrderedToWait(queue, at)) return false;
    const route = this.#actions.routeOf(queue);
    if (route?.kind !== 'hosts') return false;
    const name = rules.nameFor(queue, route.candidates);
    if (name === null) return false;
    if (this.#turn !== at.mono) [this.#turn, this.#movedInTurn] = [at.mono, 0];
    while (this.#movedInTurn < MESSAGES_PER_TURN) {
      const task = queue.active.take();
      if (task === undefined) break;
      this.#movedInTurn += task.recipients.length;
      this.#parts.move(queue, task, name);
    }
    if (queue.active.size === 0) {
      if (queue.hold?.kind === 'resolving') queue.hold = null;
      return false;
    }
    queue.hold = { kind: 'resolving' }; // where it goes is being settled
    this.#unfinished.add(queue);
    this.#timers.set(this.#timer, addMono(at.mono, PAUSE_MS));
    return true;
  }

  #goOn(): void {
    const queues = [...this.#unfinished];
    this.#unfinished.clear();
    for (const queue of queues) this.#markReady(queue);
  }
}
