// Reports on TLS that are posted over HTTPS (RFC 8460 section 5.4), beside those that are mailed: a few at once, and few to
// one host, so that a host that does not answer keeps no other from its report. One that was not taken is tried again, each
// time after twice as long, for a day (section 5.5).
import { addMono, type Moment, type WallMs } from '../core/base/moment.ts';
import { Timer, type Timers } from '../core/base/timers.ts';
import type { ReportPosts } from '../core/console/tls-report-view.ts';
import { formatCounts, type TlsReport } from '../core/records/tls-report.ts';
import { type ReportUri, reportUri } from '../core/records/tls-report-destination.ts';
import type { TlsReportPoster, TlsReportStore } from './ports.ts';
import type { Turns } from './turn.ts';

export interface TlsReportPostParts {
  readonly turns: Turns;
  readonly timers: Timers;
  readonly store: Pick<TlsReportStore, 'compress'>;
  readonly poster: TlsReportPoster;
  /** Reports are wanted. */
  isEnabled(): boolean;
  json(report: TlsReport): string;
  /** What `lines` gives is another now. */
  changed(): void;
  told(level: 'notice' | 'warning', text: string): void;
}

interface Post {
  readonly report: TlsReport;
  readonly to: ReportUri;
  /** When it was tried first; null: not yet. */
  since: WallMs | null;
  tries: number;
  readonly timer: Timer;
}

/** RFC 8460 section 5.5. */
export const POSTED_FOR_MS = 24 * 3_600_000;
/** Before one that was not taken is tried again, then twice as long. */
export const POST_PAUSE_MS = 5 * 60_000;
const RUNNING_MAX = 16;
const RUNNING_PER_HOST_MAX = 2;
/** What is beyond is given up at once. */
const POSTS_MAX = 20_000;

export class TlsReportPosts {
  readonly #parts: TlsReportPostParts;
  readonly #posts = new Set<Post>();
  /** Those whose time has come, the first that came first. */
  readonly #due: Post[] = [];
  readonly #runningByHost = new Map<string, number>();
  #running = 0;
  #isStopping = false;
  #taken = 0;
  #givenUp = 0;
  /** Given up, and the operator was not told. */
  #untold = 0;
  #lastProblem: string | null = null;

  constructor(parts: TlsReportPostParts) {
    this.#parts = parts;
  }

  /** Since the start of the process. */
  get figures(): ReportPosts {
    return {
      taken: this.#taken,
      waiting: this.#posts.size,
      givenUp: this.#givenUp,
      lastProblem: this.#lastProblem,
    };
  }

  /** A report goes to `uris`, from now on. */
  add(report: TlsReport, uris: readonly ReportUri[]): void {
    for (const to of uris) this.#add(report, to, null);
    this.#begin();
  }

  /** What an earlier process had not done. Nothing is begun before {@link start}. */
  restore(report: TlsReport, uri: string, since: WallMs): void {
    const to = reportUri(uri);
    if (to !== null) this.#add(report, to, since);
  }

  start(): void {
    this.#begin();
  }

  /** Nothing more is begun. */
  stop(): void {
    this.#isStopping = true;
    this.tell();
  }

  /** Once in a while. */
  tell(): void {
    if (this.#untold === 0) return;
    const text = `tls_reporting: ${this.#untold} reports were not taken over HTTPS, and are given up; the last: ${this.#lastProblem}`;
    this.#untold = 0;
    this.#parts.told('warning', text);
  }

  /** For the file: what is still to be done. */
  *lines(at: WallMs): Iterable<string> {
    for (const { report, to, since } of [...this.#posts])
      yield formatCounts(report.counts, report.from, report.until, { uri: to.uri, since: since ?? at });
  }

  #add(report: TlsReport, to: ReportUri, since: WallMs | null): void {
    if (this.#posts.size >= POSTS_MAX) {
      this.#giveUp(`${to.uri}: too many reports wait`);
      return;
    }
    const timer = new Timer(() => {
      this.#due.push(post);
      this.#begin();
    });
    const post: Post = { report, to, since, tries: 0, timer };
    this.#posts.add(post);
    this.#due.push(post);
  }

  #begin(): void {
    if (this.#isStopping) return;
    if (!this.#parts.isEnabled()) this.#forget();
    while (this.#running < RUNNING_MAX) {
      const place = this.#due.findIndex(({ to }) => this.#runningTo(to) < RUNNING_PER_HOST_MAX);
      if (place < 0) return;
      this.#try(this.#due.splice(place, 1)[0]!);
    }
  }

  /** Who does not want to report any more does not report on days that are over either. */
  #forget(): void {
    if (this.#posts.size === 0) return;
    for (const { timer } of this.#posts) this.#parts.timers.drop(timer);
    this.#posts.clear();
    this.#due.length = 0;
    this.#parts.changed();
  }

  #runningTo({ host }: ReportUri): number {
    return this.#runningByHost.get(host) ?? 0;
  }

  #try(post: Post): void {
    const { turns, store, poster, json } = this.#parts;
    const { to, report } = post;
    post.since ??= turns.now.wall;
    this.#running += 1;
    this.#runningByHost.set(to.host, this.#runningTo(to) + 1);
    const over = (problem: string | null): void => {
      const at = turns.begin();
      this.#over(post, problem, at);
      turns.end(at);
    };
    store.compress(json(report), (octets) => poster.post(to, octets, over));
  }

  #over(post: Post, problem: string | null, at: Moment): void {
    const { to } = post;
    this.#running -= 1;
    const left = this.#runningTo(to) - 1;
    if (left === 0) this.#runningByHost.delete(to.host);
    else this.#runningByHost.set(to.host, left);
    if (problem === null) this.#taken += 1;
    else this.#lastProblem = `${to.uri}: ${problem}`;
    const isForgotten = !this.#posts.has(post);
    if (problem === null) this.#posts.delete(post);
    else if (!isForgotten) this.#again(post, at);
    this.#parts.changed();
    this.#begin();
  }

  #again(post: Post, at: Moment): void {
    const pauseMs = POST_PAUSE_MS * 2 ** post.tries;
    post.tries += 1;
    if (at.wall + pauseMs <= post.since! + POSTED_FOR_MS) this.#parts.timers.set(post.timer, addMono(at.mono, pauseMs));
    else {
      this.#posts.delete(post);
      this.#giveUp(this.#lastProblem!);
    }
  }

  #giveUp(problem: string): void {
    this.#givenUp += 1;
    this.#untold += 1;
    this.#lastProblem = problem;
  }
}
