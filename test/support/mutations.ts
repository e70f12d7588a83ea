// Bugs that are put into a copy of the source on purpose, each with what it does. Where the source changes, the text that
// a bug stands in changes with it: `npm test` says so when it is not there any more.
import type { Mutation } from './mutant.ts';
import { THROTTLE_MUTATIONS } from './throttle-mutations.ts';

const LEDGER = 'src/core/limits/ledger.ts';
const CELLS = 'src/core/limits/counter-cells.ts';
const SCHEDULER = 'src/core/delivery/scheduler.ts';
const LEAVE_TAKING = 'src/core/delivery/leave-taking.ts';
const AUDIT = 'src/core/delivery/limit-audit.ts';
const EXPIRY = 'src/core/delivery/expiry.ts';
const ORDERS = 'src/core/delivery/standing-orders.ts';
const SIBLINGS = 'src/core/delivery/sibling-connections.ts';
const OPENER = 'src/core/delivery/connection-opener.ts';
const SESSION = 'src/engine/outbound-session.ts';
const OUTCOMES = 'src/engine/outcomes.ts';

export const MUTATIONS: readonly Mutation[] = [
  ...THROTTLE_MUTATIONS,
  // ---- time
  {
    title: 'the wall clock is set, and nobody looks at what waits for a time of it',
    edits: [{ file: 'src/engine/engine.ts', text: '      this.scheduler.lookAgain();\n', replacement: '' }],
  },
  // ---- what operators do to mail
  {
    title: 'one message is taken out of its transaction, and the others are lost',
    edits: [
      {
        file: 'src/engine/single-message.ts',
        text: "    if (place === 'active') scheduler.addActive(queue, rest);\n",
        replacement: "    if (place === 'active') return withRecipients(task, [index]);\n",
      },
    ],
  },
  {
    title: 'delayed mail has a retry counted',
    edits: [
      {
        file: 'src/engine/operator-actions.ts',
        text: "{ kind: 'deferred', retries: task.retries, nextAttemptAt: task.dueAt }",
        replacement: "{ kind: 'deferred', retries: task.retries + 1, nextAttemptAt: task.dueAt }",
      },
    ],
  },
  {
    title: 'the spool does not hear of mail that is moved',
    edits: [
      {
        file: 'src/engine/relocation.ts',
        text: '    spool.requeue(stored, index, to);\n',
        replacement: '',
      },
    ],
  },
  {
    title: 'connections stay although mail goes elsewhere now',
    edits: [
      {
        file: 'src/core/delivery/outbound-connection.ts',
        text: '    this.isOutdated = !areOpenedAlike(this.#openedUnder, settings);\n',
        replacement: '    this.isOutdated = false;\n',
      },
    ],
  },
  // ---- slots
  {
    title: 'a slot is released twice',
    edits: [
      {
        file: SCHEDULER,
        text: "    this.#ledger.release(connection.claim, connection.state === 'leaving');\n",
        replacement: `    this.#ledger.release(connection.claim, connection.state === 'leaving');
    this.#ledger.release(connection.claim, false);\n`,
      },
    ],
  },
  {
    title: 'a slot is not released when the receiver resets the connection',
    edits: [
      {
        file: SESSION,
        text: `    if (this.#phase === 'talking') this.#session.closed();\n    this.#gone();\n`,
        replacement: `    if (this.#phase === 'talking') this.#session.closed();
    if (errorCode !== 'ECONNRESET') this.#gone();\n`,
      },
    ],
  },
  {
    title: 'a slot is released at once although we gave the connection up, and the receiver may not know yet',
    edits: [{ file: SESSION, text: 'const HOLD_MS = 1000;', replacement: 'const HOLD_MS = 0;' }],
  },
  {
    title: 'a slot is released when we say QUIT, before the receiver has closed',
    edits: [
      {
        file: SCHEDULER,
        text: '    this.#ledger.startLeaving(connection.claim);\n',
        replacement: `    this.#ledger.release(connection.claim, false);
    for (const counter of connection.claim.counters) this.#ledger.take(counter);
    for (const counter of connection.claim.counters) this.#ledger.give(counter);
    connection.claim = { counters: [], limits: [], bounds: [] };\n`,
      },
    ],
  },
  // ---- the check and the increment
  {
    title: 'a limit is passed by one',
    edits: [
      {
        file: CELLS,
        text: 'if (this.open(counters[at]!) >= limits[at]!) return at;',
        replacement: 'if (this.open(counters[at]!) > limits[at]!) return at;',
      },
    ],
  },
  {
    title: 'the first counters are counted although a later one is full',
    edits: [
      {
        file: CELLS,
        text: `if (this.open(counters[at]!) >= limits[at]!) return at;
    for (const counter of counters) this.take(counter);\n`,
        replacement: `{
      if (this.open(counters[at]!) >= limits[at]!) return at;
      this.take(counters[at]!);
    }\n`,
      },
    ],
  },
  {
    title: 'the check comes before a round of queues, the increment after it',
    edits: [
      {
        file: LEDGER,
        text: '    const at = this.#cells.acquire(claim);\n',
        replacement: `    const { counters, limits } = claim;
    for (let at = 0; at < counters.length; at++) if (this.open(counters[at]!) >= limits[at]!) return at;
    this.#later.push(...counters);
    const at = -1;\n`,
      },
      {
        file: LEDGER,
        text: '  nextEligible(): Waiter | null {\n',
        replacement: `  #later = [];
  nextEligible(): Waiter | null {
    for (const counter of this.#later.splice(0)) this.#cells.take(counter);\n`,
      },
    ],
  },
  {
    title: 'a connection counts from the answer of the receiver only',
    edits: [
      {
        file: CELLS,
        text: '    for (const counter of counters) this.take(counter);\n    return ADMITTED;\n',
        replacement: '    return ADMITTED;\n',
      },
      {
        file: SCHEDULER,
        text: "  hostAnswered(connection: OutboundConnection, protection = ''): void {\n",
        replacement: `  hostAnswered(connection: OutboundConnection, protection = ''): void {
    for (const counter of connection.claim.counters) this.#ledger.take(counter);\n`,
      },
    ],
  },
  // ---- wake-ups
  {
    title: 'a wake-up is lost when the waiter that was woken finds another counter full',
    edits: [
      {
        file: LEDGER,
        text: '        if (this.#mayGoOn(list)) return this.#wakeFirst(list);\n',
        replacement: `        if (!this.#mayGoOn(list)) continue;
        this.#released.delete(counter);
        return this.#wakeFirst(list);\n`,
      },
    ],
  },
  {
    title: 'a wake-up is lost when a waiter finds room in the counter it waited for, and none in the next',
    edits: [
      {
        file: OPENER,
        text: '      this.#ledger.wait(queue, counter, claim.limits[full]!);\n',
        replacement: `      if (queue.hasNoConnection) this.#ledger.wait(queue, counter, claim.limits[full]!);\n`,
      },
    ],
  },
  {
    title: 'a wake-up is lost on a reload: waits end, and nobody looks at the queues',
    edits: [
      {
        file: SCHEDULER,
        text: `          this.#quit(connection);
      }
      this.#markReady(queue);\n`,
        replacement: `          this.#quit(connection);
      }\n`,
      },
    ],
  },
  {
    title: 'idle connections above a lowered limit stay',
    edits: [
      {
        file: SCHEDULER,
        text: '      if (this.#mustLeave(connection, at)) this.#quit(connection);\n',
        replacement: '',
      },
    ],
  },
  {
    title: 'busy connections above a lowered limit go on with the next message',
    edits: [{ file: LEAVE_TAKING, text: '  if (ledger.isSurplus(claim)) return true;\n', replacement: '' }],
  },
  {
    title: 'an idle connection keeps the slot that somebody waits for',
    edits: [
      {
        file: OPENER,
        text: '      this.#ledger.wait(queue, counter, claim.limits[full]!);\n      this.#parts.evictIdle(claim);\n',
        replacement: '      this.#ledger.wait(queue, counter, claim.limits[full]!);\n',
      },
    ],
  },
  // ---- mail
  {
    title: 'waiting for a limit counts as an attempt',
    edits: [
      {
        file: OPENER,
        text: '      this.#ledger.wait(queue, counter, claim.limits[full]!);\n',
        replacement: `      const waiting = queue.active.take();
      if (waiting !== undefined)
        this.#actions.attemptFailed(queue, waiting, notConnected(NO_VALID_HOSTS), NO_CONNECTION);
      this.#ledger.wait(queue, counter, claim.limits[full]!);\n`,
      },
    ],
  },
  {
    title: 'a delivery is settled before its record is written',
    edits: [
      {
        file: OUTCOMES,
        text: '    queue.countDelivered();\n',
        replacement: `    queue.countDelivered();
    this.#spool.settle(task.stored as StoredContent, index, DELIVERED);\n`,
      },
      {
        file: OUTCOMES,
        text: '          this.#spool.settle(stored, index, DELIVERED);\n',
        replacement: '',
      },
    ],
  },
  {
    title: 'a message whose final dot was not answered counts as delivered',
    edits: [
      {
        file: SESSION,
        text: '    this.#parts.attempted(this.connection, transaction.task, outcomes, this.#at);\n',
        replacement: `    const accepted = outcomes.map((outcome) => (outcome.stage === STAGE.readingConfirmation ? { kind: 'delivered' } : outcome));
    this.#parts.attempted(this.connection, transaction.task, accepted, this.#at);\n`,
      },
    ],
  },
  {
    title: 'a connection that goes to a sibling domain is counted for the domain that it was opened for',
    edits: [
      {
        file: SIBLINGS,
        text: '    if (!ledger.trade(held, asked, (kept) => slotWatch?.returned(connection, kept))) {\n      slotWatch?.letGo?.();\n      return false;\n    }\n',
        replacement: '    slotWatch?.returned(connection);\n',
      },
      {
        file: SIBLINGS,
        text: 'connection.goTo(queue, candidate, next);',
        replacement: 'connection.goTo(queue, candidate, held);',
      },
    ],
  },
  // ---- orders for mail
  {
    title: 'a suspension with an end does not end by itself',
    edits: [
      {
        file: ORDERS,
        text: 'suspendedUntil > at.wall ? suspendedUntil : SUSPENDED_WITHOUT_END;',
        replacement: 'SUSPENDED_WITHOUT_END;',
      },
    ],
  },
  {
    title: 'a suspension holds openings only',
    edits: [
      {
        file: ORDERS,
        text: '  if (settings.suspendedUntil > at.wall || !settings.bindingExists) return true;\n',
        replacement: '  if (!settings.bindingExists) return true;\n',
      },
    ],
  },
  {
    title: 'quiet hours hold openings only',
    edits: [
      {
        file: ORDERS,
        text: '  return curfew !== null && curfew.ruleAt(at.wall) !== null;\n',
        replacement: '  return false;\n',
      },
    ],
  },
  {
    title: 'blackholed mail that waits is delivered',
    edits: [
      {
        file: SCHEDULER,
        text: '    if (queue.settings.isBlackholed) this.#disposeOfAll(queue);\n',
        replacement: '',
      },
    ],
  },
  {
    title: 'mail past its time has a last attempt although nobody wants one',
    edits: [
      { file: EXPIRY, text: 'if (!queue.settings.neverAttemptExpired && (', replacement: 'if ((' },
      {
        file: SCHEDULER,
        text: 'this.#disposeOfAll(queue);\n    if (queue.settings.neverAttemptExpired) this.#expire(queue, at);\n',
        replacement: 'this.#disposeOfAll(queue);\n',
      },
    ],
  },
  // ---- the limit audit
  {
    title: 'the limit audit does not say which connections count elsewhere after a reload',
    edits: [
      {
        file: AUDIT,
        text: '      if (left.length + entered.length > 0) moved.push',
        replacement: '      if (left.length + entered.length > 99) moved.push',
      },
    ],
  },
  {
    title: 'the limit audit does not say which limits are in force after a reload',
    edits: [
      {
        file: AUDIT,
        text: "        if (origin !== null) limits.push({ kind: 'limit', counter, open, limit, origin });\n",
        replacement: '',
      },
    ],
  },
];
