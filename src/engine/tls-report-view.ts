// What the console sees of reports on TLS, and its one order about them. Without them nothing is counted and nothing sent.
import { inPages, type Pages, type Pauses } from '../core/console/pages.ts';
import type { SentReports, TlsReportFigures, TlsReportView } from '../core/console/tls-report-view.ts';
import type { DomainCounts } from '../core/records/tls-counts.ts';
import { NOTHING_SENT, type TlsReports } from './tls-reports.ts';

export class ReportsView implements TlsReportView {
  readonly #reports: TlsReports | null;
  readonly #turns: Pauses;

  /** @param reports null where nobody reports */
  constructor(reports: TlsReports | null, turns: Pauses) {
    this.#reports = reports;
    this.#turns = turns;
  }

  async figures(): Promise<TlsReportFigures | null> {
    if (this.#reports?.isEnabled !== true) return null;
    const { since, overflow, waiting, posts } = this.#reports;
    return { since, overflow, waiting, posts };
  }

  domains(): Pages<DomainCounts> {
    return inPages(this.#reports?.domains() ?? [], this.#turns);
  }

  async send(withToday: boolean): Promise<SentReports> {
    return this.#reports?.send(withToday) ?? NOTHING_SENT;
  }
}
