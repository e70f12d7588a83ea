// All shards of a process as one server, for the console: rows of the same queue, domain or binding are one row, orders of the
// operator are carried out in each, and a message is looked for in all, since it may have been moved to another with its
// spool. Who owns the list of shards may put another in the place of one that ended; it is read anew at every call.
import type { CurfewView } from '../core/console/curfew-view.ts';
import {
  type ActionOutcome,
  type DelayOutcome,
  type DelayRequest,
  type FailRequest,
  type MessageAction,
  type MessageDetail,
  type MessageText,
  type QueueSelection,
  type RequeueRequest,
  SAMPLES_MAX,
} from '../core/console/mail-view.ts';
import type { Pages } from '../core/console/pages.ts';
import type {
  BindingRow,
  DomainDetail,
  DomainRow,
  InboundRow,
  MessageExplanation,
  MessageList,
  OutboundRow,
  QueuedMessage,
  QueueRow,
  ServerView,
  SummaryFigures,
  ThrottleRow,
  WatchdogFigures,
} from '../core/console/server-view.ts';
import type { Holder, QueueExplanation } from '../core/delivery/queue-explanation.ts';
import type { CounterIndex } from '../core/limits/cells.ts';
import type { DomainName } from '../core/mail/domain-name.ts';
import type { MailId } from '../core/mail/ids.ts';
import { askAll, askForOne, joinedRows, rowsOfAll, sum } from './every-shard.ts';
import { shownId } from './shard-ids.ts';
import { ShardsDns } from './shards-dns.ts';
import { joinAround, joinExplanations, withHolders } from './shards-explanation.ts';
import { joinBindings, joinDetails, joinDomains, joinSummaries } from './shards-figures.ts';
import { ShardsLimits } from './shards-limits.ts';
import { ShardsPolicies } from './shards-policies.ts';
import { ShardsReports } from './shards-reports.ts';
import { ShardsTls } from './shards-tls.ts';
import { ShardsTraces } from './shards-traces.ts';

export class ShardsView implements ServerView {
  readonly traces: ShardsTraces;
  readonly policies: ShardsPolicies;
  readonly dns: ShardsDns;
  readonly tlsReports: ShardsReports;
  readonly tls: ShardsTls;
  readonly limits: ShardsLimits;
  readonly #shards: readonly ServerView[];

  /** @param shards one at least */
  constructor(shards: readonly ServerView[]) {
    this.#shards = shards;
    this.traces = new ShardsTraces(shards);
    this.policies = new ShardsPolicies(shards);
    this.dns = new ShardsDns(shards);
    this.tlsReports = new ShardsReports(shards, this);
    this.tls = new ShardsTls(shards);
    this.limits = new ShardsLimits(shards, this);
  }

  /** The schedule is the same in all. */
  get curfew(): CurfewView {
    return this.#shards[0]!.curfew;
  }

  nextTurn(): Promise<void> {
    return this.#shards[0]!.nextTurn();
  }

  async summary(): Promise<SummaryFigures> {
    return joinSummaries(await askAll(this.#shards, (shard) => shard.summary()));
  }

  async resetSummary(): Promise<void> {
    await askAll(this.#shards, (shard) => shard.resetSummary());
  }

  domains(): Pages<DomainRow> {
    return joinedRows(this.#shards, (shard) => shard.domains(), domainOf, joinDomains, this);
  }

  domainsOfBinding(binding: string): Pages<DomainRow> {
    return joinedRows(this.#shards, (shard) => shard.domainsOfBinding(binding), domainOf, joinDomains, this);
  }

  async domain(domain: DomainName): Promise<DomainDetail | null> {
    return joinDetails(await askAll(this.#shards, (shard) => shard.domain(domain)));
  }

  queues(): Pages<QueueRow> {
    const keyOf = ({ binding, domain }: QueueRow): string => `${domain} ${binding}`;
    return joinedRows(this.#shards, (shard) => shard.queues(), keyOf, joinQueues, this);
  }

  bindings(): Pages<BindingRow> {
    return joinedRows(
      this.#shards,
      (shard) => shard.bindings(),
      ({ binding }) => binding,
      joinBindings,
      this,
    );
  }

  outbound(): Pages<OutboundRow> {
    return rowsOfAll(
      this.#shards,
      (shard) => shard.outbound(),
      (row, index) => this.#shown(row, index),
    );
  }

  inbound(): Pages<InboundRow> {
    return rowsOfAll(
      this.#shards,
      (shard) => shard.inbound(),
      (row, index) => this.#shown(row, index),
    );
  }

  #shown<T extends { readonly id: number }>(row: T, index: number): T {
    return { ...row, id: shownId(row.id, index, this.#shards.length) };
  }

  /** Active ones of all shards, then delayed ones. */
  async *messages(list: MessageList, limit: number, offset: number): Pages<QueuedMessage> {
    let [left, skip] = [limit, offset];
    const places = list.queue === null ? (['active', 'delayed'] as const) : [list.queue];
    for (const queue of places) {
      for (const shard of this.#shards) {
        if (left === 0) return;
        const part = { ...list, queue };
        const count = skip === 0 ? Number.POSITIVE_INFINITY : await shard.countMessages(part);
        if (skip >= count) {
          skip -= count;
          continue;
        }
        for await (const page of shard.messages(part, left, skip)) {
          left -= page.length;
          yield page;
        }
        skip = 0;
      }
    }
  }

  async countMessages(list: MessageList): Promise<number> {
    return sum(await askAll(this.#shards, (shard) => shard.countMessages(list)));
  }

  async why(binding: string, domain: DomainName): Promise<QueueExplanation | null> {
    const joined = joinExplanations(await this.#explanations(binding, domain));
    return joined === null ? null : this.#withHolders(joined);
  }

  async whyMessage(id: MailId): Promise<MessageExplanation> {
    const answers = await askAll(this.#shards, (shard) => shard.whyMessage(id));
    const found = answers.find(({ kind }) => kind !== 'unknown');
    if (found?.kind !== 'found') return found ?? { kind: 'unknown' };
    const { binding, domain } = found.queue;
    const queue = joinAround(found.queue, await this.#explanations(binding, domain));
    return { ...found, queue: await this.#withHolders(queue) };
  }

  #explanations(binding: string, domain: DomainName): Promise<(QueueExplanation | null)[]> {
    return askAll(this.#shards, (shard) => shard.why(binding, domain));
  }

  async #withHolders(found: QueueExplanation): Promise<QueueExplanation> {
    if (found.reason.kind !== 'limit') return found;
    return withHolders(found, await this.holders(found.reason.limits.map(({ counter }) => counter)));
  }

  async holders(counters: readonly CounterIndex[]): Promise<readonly Holder[]> {
    return (await askAll(this.#shards, (shard) => shard.holders(counters))).flat();
  }

  throttles(binding: string | null): Pages<ThrottleRow> {
    const keyOf = ({ option, scope, setAt: { file, line, column } }: ThrottleRow): string =>
      JSON.stringify([option, scope, file, line, column]);
    return joinedRows(this.#shards, (shard) => shard.throttles(binding), keyOf, joinThrottles, this);
  }

  async watchdog(): Promise<WatchdogFigures> {
    const all = await askAll(this.#shards, (shard) => shard.watchdog());
    return { stalls: sum(all.map(({ stalls }) => stalls)), watched: sum(all.map(({ watched }) => watched)) };
  }

  // ---- the operator's actions

  async flush(selection: QueueSelection): Promise<number> {
    return sum(await askAll(this.#shards, (shard) => shard.flush(selection)));
  }

  async failDomain(request: FailRequest): Promise<ActionOutcome> {
    return joinOutcomes(await askAll(this.#shards, (shard) => shard.failDomain(request)));
  }

  async delay(request: DelayRequest): Promise<DelayOutcome> {
    const all = await askAll(this.#shards, (shard) => shard.delay(request));
    return { ...joinOutcomes(all), delivering: sum(all.map(({ delivering }) => delivering)) };
  }

  async requeue(request: RequeueRequest): Promise<ActionOutcome> {
    return joinOutcomes(await askAll(this.#shards, (shard) => shard.requeue(request)));
  }

  // ---- single messages

  findMessage(id: MailId): Promise<MessageDetail | null> {
    return askForOne(this.#shards, (shard) => shard.findMessage(id));
  }

  readMessage(id: MailId): Promise<MessageText | null> {
    return askForOne(this.#shards, (shard) => shard.readMessage(id));
  }

  async retryMessage(id: MailId): Promise<MessageAction> {
    return theOne(await askAll(this.#shards, (shard) => shard.retryMessage(id)));
  }

  async failMessage(id: MailId, reply: string, quiet: boolean): Promise<MessageAction> {
    return theOne(await askAll(this.#shards, (shard) => shard.failMessage(id, reply, quiet)));
  }
}

const domainOf = ({ domain }: DomainRow): string => domain;

function joinQueues(one: QueueRow, other: QueueRow): QueueRow {
  return { ...one, active: one.active + other.active, delayed: one.delayed + other.delayed };
}

/** Tokens are taken out of one window; queues wait for them in each shard. */
function joinThrottles(one: ThrottleRow, other: ThrottleRow): ThrottleRow {
  return {
    ...one,
    used: Math.max(one.used, other.used),
    nextMs: Math.max(one.nextMs, other.nextMs),
    waiting: one.waiting + other.waiting,
  };
}

function joinOutcomes(all: readonly ActionOutcome[]): ActionOutcome {
  return {
    count: sum(all.map(({ count }) => count)),
    samples: all.flatMap(({ samples }) => samples).slice(0, SAMPLES_MAX),
    isDurable: all.every(({ isDurable }) => isDurable),
  };
}

/** A message is in one shard. */
function theOne(actions: readonly MessageAction[]): MessageAction {
  return actions.find((action) => action !== 'unknown') ?? 'unknown';
}
