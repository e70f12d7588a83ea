// What the console sees of reports on TLS (RFC 8460), and its one order about them.
import type { WallMs } from '../base/moment.ts';
import type { DomainCounts } from '../records/tls-counts.ts';
import type { Pages } from './pages.ts';

/** What has become of reports. */
export interface SentReports {
  /** In the queue, as mail. */
  readonly sent: number;
  /** The domain asks for none. */
  readonly unwanted: number;
  /** They are being posted over HTTPS; some of them are sent as mail, too. */
  readonly posted: number;
  /** Tried again later: the name service did not answer, or the spool took nothing. */
  readonly unsent: number;
}

/** Reports over HTTPS, one for each URI. */
export interface ReportPosts {
  /** Posted, and taken. */
  readonly taken: number;
  /** On their way, or tried again later. */
  readonly waiting: number;
  /** Not taken for a day. */
  readonly givenUp: number;
  /** What was wrong with the last one that was not taken: `URI: REASON`. */
  readonly lastProblem: string | null;
}

export interface TlsReportFigures {
  /** When the counting of today began. */
  readonly since: WallMs;
  /** Sessions with further domains than those that are kept apart. */
  readonly overflow: number;
  /** Reports of days that are over. */
  readonly waiting: number;
  /** Since the start of the process. */
  readonly posts: ReportPosts;
}

export interface TlsReportView {
  /** Null while sessions are not counted. */
  figures(): Promise<TlsReportFigures | null>;
  /** What was counted since. O(domains). */
  domains(): Pages<DomainCounts>;
  /** Sends reports now. @param withToday those of today so far too; counting begins anew then */
  send(withToday: boolean): Promise<SentReports>;
}
