// The schedule of quiet hours in force: whom it keeps, what paniclog says of it, and what the console sees. Rules change at
// whole minutes only, so one look at each of these is enough.
import { type Moment, monoOf, wallMs } from '../core/base/moment.ts';
import { Timer, type Timers } from '../core/base/timers.ts';
import type { CurfewNow } from '../core/console/curfew-view.ts';
import type { DomainName } from '../core/mail/domain-name.ts';
import type { Curfew } from '../core/queue/curfew.ts';
import { CurfewJournal } from '../core/queue/curfew-journal.ts';
import type { CurfewSchedule } from '../core/queue/curfew-schedule.ts';
import type { RecordLog } from './ports.ts';
import type { Turns } from './turn.ts';

const MINUTE_MS = 60_000;

export interface QuietHoursParts {
  readonly turns: Turns;
  readonly timers: Timers;
  readonly records: RecordLog;
  readonly groupOf: (binding: string) => string;
}

export class QuietHours {
  readonly #parts: QuietHoursParts;
  readonly #journal = new CurfewJournal();
  readonly #timer = new Timer(() => this.look(this.#parts.turns.now));
  #schedule: CurfewSchedule | null;

  constructor(parts: QuietHoursParts, schedule: CurfewSchedule | null) {
    this.#parts = parts;
    this.#schedule = schedule;
  }

  /** Those of the mail of a binding to a domain. */
  of(binding: string, domain: DomainName): Curfew | null {
    return this.#schedule?.curfewOf(binding, this.#parts.groupOf(binding), domain) ?? null;
  }

  configure(schedule: CurfewSchedule | null, at: Moment): void {
    this.#schedule = schedule;
    this.look(at);
  }

  /** Writes down what has changed. At the start, at whole minutes, and when the schedule or the clock was set. */
  look(at: Moment): void {
    for (const line of this.#journal.look(this.#schedule, at.wall)) this.#parts.records.panic('notice', line);
    const { timers } = this.#parts;
    if (this.#schedule === null || this.#schedule.rules.length === 0) timers.clear(this.#timer);
    else timers.set(this.#timer, monoOf(wallMs((Math.floor(at.wall / MINUTE_MS) + 1) * MINUTE_MS), at));
  }

  /** Null without a schedule. */
  inForce(): CurfewNow | null {
    if (this.#schedule === null) return null;
    return {
      schedule: this.#schedule,
      at: this.#parts.turns.clock().wall,
      curfewOf: (binding, domain) => this.of(binding, domain),
    };
  }
}
