// What the scheduler knows of limits, for answers about the configuration (core/console/limit-view.ts). Everything is made
// at the call, out of live structures.
import type { Moment } from '../core/base/moment.ts';
import type { Configuration } from '../core/config/configuration.ts';
import type { Subject } from '../core/config/resolution.ts';
import type { SourcePosition } from '../core/config/source.ts';
import type { CounterUses, LimitView, OpenConnections, TokenFigures, WaitingMail } from '../core/console/limit-view.ts';
import { inPages, type Pages, type Pauses } from '../core/console/pages.ts';
import { usesOfLimit } from '../core/delivery/limit-uses.ts';
import type { MailQueue } from '../core/delivery/mail-queue.ts';
import type { OutboundConnection } from '../core/delivery/outbound-connection.ts';
import type { Scheduler } from '../core/delivery/scheduler.ts';
import type { Ledger } from '../core/limits/ledger.ts';
import type { ThrottleTable } from '../core/limits/throttle-table.ts';

export interface LimitViewParts extends Pauses {
  readonly scheduler: Scheduler;
  readonly ledger: Ledger;
  readonly throttles: ThrottleTable;
  configuration(): Configuration;
  now(): Moment;
}

export class RunningLimits implements LimitView {
  readonly #parts: LimitViewParts;

  constructor(parts: LimitViewParts) {
    this.#parts = parts;
  }

  async usesOf(option: string, subject: Subject, setAt: SourcePosition | null): Promise<CounterUses | null> {
    const { scheduler, ledger } = this.#parts;
    const parts = {
      configuration: this.#parts.configuration(),
      ledger,
      connections: this.#connections(),
      findQueue: (binding: string, domain: string) => scheduler.queues.find(binding, domain),
    };
    return usesOfLimit(parts, option, subject, setAt);
  }

  async tokens(option: string, setAt: SourcePosition): Promise<TokenFigures | null> {
    const now = this.#parts.now().mono;
    for (const throttle of this.#parts.throttles.values()) {
      const { key, count, setAt: place } = throttle.value;
      const isIt = place.file === setAt.file && place.line === setAt.line && place.column === setAt.column;
      if (isIt && key.startsWith(`${option} `)) return { free: throttle.window.free(now), count };
    }
    return null;
  }

  open(): Pages<OpenConnections> {
    return inPages(this.#open(), this.#parts);
  }

  *#open(): Iterable<OpenConnections> {
    for (const { binding, domain, connections } of this.#queues()) {
      const rows = new Map<string, OpenConnections & { connections: number }>();
      for (const { candidate } of connections) {
        const { host, address } = candidate;
        const row = rows.get(`${host} ${address}`) ?? { binding, domain, host, address, connections: 0 };
        row.connections += 1;
        rows.set(`${host} ${address}`, row);
      }
      yield* rows.values();
    }
  }

  waiting(): Pages<WaitingMail> {
    return inPages(this.#waiting(), this.#parts);
  }

  *#waiting(): Iterable<WaitingMail> {
    for (const { binding, domain, activeMessages, delayed } of this.#queues()) {
      const messages = activeMessages + delayed.messages;
      if (messages > 0) yield { binding, domain, messages };
    }
  }

  #queues(): Iterable<MailQueue> {
    return this.#parts.scheduler.queues.values();
  }

  *#connections(): Iterable<OutboundConnection> {
    for (const { connections } of this.#queues()) yield* connections;
  }
}
