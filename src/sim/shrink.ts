// Makes a scenario that fails as small as it can be while it still fails in the same way: parts are left out, halves
// first, then single ones, until nothing more can go. Everything is decided by the scenario and what the runs report, so
// one failure always shrinks to the same scenario; how long that takes is bounded by runs and by their events.
import { domainOf } from '../core/mail/mailbox.ts';
import { classOf } from './failure-class.ts';
import type { Scenario } from './scenario.ts';
import type { RunReport } from './simulation.ts';
import { calmed, spoken, withoutBinding, withoutDomain } from './smaller-scenario.ts';

export interface Shrunken {
  readonly scenario: Scenario;
  readonly report: RunReport;
  readonly runs: number;
}

export interface ShrinkBounds {
  readonly runs: number;
  /** Of all runs together; a million takes about 15 seconds. */
  readonly events: number;
}

export const SHRINK_BOUNDS: ShrinkBounds = { runs: 1000, events: 2_000_000 };

/** @param run must report a violation for the scenario */
export function shrink(
  scenario: Scenario,
  run: (scenario: Scenario) => RunReport,
  bounds: ShrinkBounds = SHRINK_BOUNDS,
): Shrunken {
  return new Shrinker(scenario, run, bounds).shrink();
}

class Shrinker {
  readonly #run: (scenario: Scenario) => RunReport;
  readonly #class: string;
  #scenario: Scenario;
  #report: RunReport;
  #runs = 1;
  #runsLeft: number;
  #eventsLeft: number;

  constructor(scenario: Scenario, run: (scenario: Scenario) => RunReport, bounds: ShrinkBounds) {
    this.#run = run;
    this.#scenario = scenario;
    this.#report = run(scenario);
    const [violation] = this.#report.violations;
    if (violation === undefined) throw new Error('a scenario that keeps every promise is not shrunk');
    this.#class = classOf(violation);
    this.#runsLeft = bounds.runs;
    this.#eventsLeft = bounds.events;
  }

  shrink(): Shrunken {
    for (let before = ''; before !== spoken(this.#scenario); ) {
      before = spoken(this.#scenario);
      this.#lessAfterwards();
      this.#lessPromised();
      this.#lessTraffic();
      this.#lessOperation();
      this.#lessWorld();
      this.#lessTime();
    }
    return { scenario: this.#scenario, report: this.#report, runs: this.#runs };
  }

  /** What was planned for later than the failure. */
  #lessAfterwards(): void {
    const untilMs = this.#report.elapsedMs;
    const isInTime = ({ atMs }: { atMs: number }): boolean => atMs <= untilMs;
    this.#try({ sessions: this.#scenario.sessions.filter(isInTime), actions: this.#scenario.actions.filter(isInTime) });
  }

  /** What holds for all of a run would not hold for a part of it. */
  #lessPromised(): void {
    this.#try({ burst: null });
    this.#try({ needsReserve: false });
    this.#try({ isCalm: false });
    this.#try({ patienceMs: new Map() });
  }

  #lessTraffic(): void {
    if (this.#isWhole) return;
    this.#reduce(
      () => this.#scenario.sessions,
      (sessions) => ({ sessions }),
    );
    this.#reduce(
      () => this.#scenario.sessions.flatMap((session) => session.transactions),
      (kept) => {
        const transactions = new Set(kept);
        const sessions = this.#scenario.sessions.map((session) => ({
          ...session,
          transactions: session.transactions.filter((one) => transactions.has(one)),
        }));
        return { sessions: sessions.filter((session) => session.transactions.length > 0) };
      },
    );
    this.#reduce(
      () => this.#scenario.sessions.flatMap((session) => session.transactions.flatMap((one) => one.recipients)),
      (kept) => {
        const recipients = new Set(kept);
        const sessions = this.#scenario.sessions.map((session) => ({
          ...session,
          transactions: session.transactions
            .map((one) => ({ ...one, recipients: one.recipients.filter((mailbox) => recipients.has(mailbox)) }))
            .filter((one) => one.recipients.length > 0),
        }));
        return { sessions: sessions.filter((session) => session.transactions.length > 0) };
      },
    );
    const plain = { pipelines: false, vanishesAfter: null, latencyMs: 0, listener: 0 };
    this.#try({ sessions: this.#scenario.sessions.map((session) => ({ ...session, ...plain })) });
  }

  #lessOperation(): void {
    this.#reduce(
      () => this.#scenario.actions,
      (actions) => ({ actions }),
    );
    this.#reduce(
      () => this.#scenario.quietHours,
      (quietHours) => ({ quietHours }),
    );
    if (this.#isWhole) return;
    const { configuration } = this.#scenario;
    const fixed = configuration.settings.filter((setting) => !mayGo(setting));
    this.#reduce(
      () => this.#scenario.configuration.settings.filter(mayGo),
      (kept) => ({ configuration: { ...this.#scenario.configuration, settings: [...fixed, ...kept] } }),
    );
  }

  #lessWorld(): void {
    if (this.#isWhole) return;
    for (const { name } of this.#scenario.network.domains) this.#try(withoutDomain(this.#scenario, name));
    for (const { name } of this.#scenario.configuration.bindings) this.#try(withoutBinding(this.#scenario, name));
    for (const change of calmed(this.#scenario)) this.#try(change(this.#scenario));
    const used = new Set(
      this.#scenario.sessions.flatMap(({ transactions }) =>
        transactions.flatMap(({ recipients }) => recipients.map(domainOf)),
      ),
    );
    const unused = this.#scenario.network.domains.filter(({ name }) => !used.has(name));
    for (const { name } of unused) this.#try(withoutDomain(this.#scenario, name));
  }

  #lessTime(): void {
    const at = (scale: number) => {
      const scaled = <T extends { readonly atMs: number }>(one: T): T => ({
        ...one,
        atMs: Math.round(one.atMs * scale),
      });
      return { sessions: this.#scenario.sessions.map(scaled), actions: this.#scenario.actions.map(scaled) };
    };
    if (this.#isWhole) return;
    for (const scale of [0.25, 0.5, 0.75, 1]) if (this.#try(at(scale))) return;
  }

  /** All of the mail is needed for what failed. */
  get #isWhole(): boolean {
    return this.#scenario.burst !== null || this.#scenario.needsReserve;
  }

  /** Leaves out as many of the items as it can: halves, quarters, ... and in the end each of them. */
  #reduce<T>(items: () => readonly T[], withItems: (kept: readonly T[]) => Partial<Scenario>): void {
    for (let length = Math.ceil(items().length / 1); length >= 1; length = length === 1 ? 0 : Math.ceil(length / 2)) {
      for (let from = 0; from < items().length; ) {
        const all = items();
        const kept = [...all.slice(0, from), ...all.slice(from + length)];
        if (!this.#try(withItems(kept))) from += length;
      }
    }
  }

  /** Whether the scenario with the change fails as before; it then takes the place of the one without. */
  #try(change: Partial<Scenario>): boolean {
    const scenario = { ...this.#scenario, ...change };
    if (this.#runsLeft <= 0 || this.#eventsLeft <= 0 || spoken(scenario) === spoken(this.#scenario)) return false;
    this.#runs++;
    this.#runsLeft--;
    const report = this.#attempt(scenario);
    this.#eventsLeft -= report?.events ?? 0;
    const [violation] = report?.violations ?? [];
    if (report === null || violation === undefined || classOf(violation) !== this.#class) return false;
    this.#scenario = scenario;
    this.#report = report;
    return true;
  }

  /** Null when what is left makes no sense, such as a text that does not load. */
  #attempt(scenario: Scenario): RunReport | null {
    try {
      return this.#run(scenario);
    } catch {
      return null;
    }
  }
}

/**
 * Limits, throttles and habits may go. Times and retries may not: the promises of the checkers rest on them; nor what makes
 * listeners and addresses.
 */
function mayGo({ option }: Scenario['configuration']['settings'][number]): boolean {
  return /_outbound_|max_(?:deliveries|recipients)|pipelining|aggressiveness|bounces|suspend|blackhole|never_/i.test(
    option,
  );
}
