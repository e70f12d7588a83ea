// Reports on TLS in virtual time, for tests: one process after the other over one disk, with a name service, a spool and hosts
// that answer as a test wants it.
import assert from 'node:assert/strict';
import { type Moment, monoMs, wallMs } from '../../src/core/base/moment.ts';
import { seededRandom } from '../../src/core/base/random.ts';
import { Timers } from '../../src/core/base/timers.ts';
import { loadConfiguration } from '../../src/core/config/load.ts';
import { IdMaker } from '../../src/core/mail/ids.ts';
import type { Content, Envelope } from '../../src/core/mail/message.ts';
import { noPolicy } from '../../src/core/records/tls-verdict.ts';
import { MailRecords } from '../../src/engine/mail-records.ts';
import type { DnsAnswer, Spool } from '../../src/engine/ports.ts';
import { TlsReports } from '../../src/engine/tls-reports.ts';
import type { Turns } from '../../src/engine/turn.ts';

export const MIDNIGHT = Date.UTC(2026, 0, 1);
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const WANTED: DnsAnswer = { kind: 'texts', texts: ['v=TLSRPTv1; rua=mailto:tls@rua.example'], ttlSeconds: 60 };

export interface SentReport {
  readonly at: number;
  readonly envelope: Envelope;
  readonly content: Content;
}

export class TlsReportBench {
  at: Moment;
  configuration = 'tls_reporting = true';
  answer: (name: string) => DnsAnswer = () => WANTED;
  isSpoolFull = false;
  isDiskFull = false;
  readonly sent: SentReport[] = [];
  readonly posted: { readonly at: number; readonly uri: string; readonly report: Record<string, unknown> }[] = [];
  postAnswer: (uri: string) => string | null = () => null;
  /** Posts are not answered: they stay in `running`. */
  isHolding = false;
  readonly running: (() => void)[] = [];
  readonly queued: unknown[] = [];
  readonly told: string[] = [];
  readonly asked: string[] = [];
  disk: string[] = [];
  writes = 0;
  reports!: TlsReports;
  #timers = new Timers();
  /** What ports answer in a later turn. */
  #later: (() => void)[] = [];

  constructor(wall = MIDNIGHT + 10 * HOUR) {
    this.at = { wall: wallMs(wall), mono: monoMs(0) };
    this.boot();
  }

  boot(): void {
    this.#timers = new Timers();
    this.#later = [];
    const bench = this;
    const turns: Turns = {
      begin: () => bench.at,
      end() {},
      clock: () => bench.at,
      get now() {
        return bench.at;
      },
    };
    this.reports = new TlsReports({
      turns,
      timers: this.#timers,
      spool: {
        append: (envelope: Envelope, content: Content, done: Parameters<Spool['append']>[2]) =>
          this.#later.push(() => {
            if (this.isSpoolFull) done({ kind: 'refused', reason: 'full' });
            else {
              this.sent.push({ at: this.at.wall, envelope, content });
              done({ kind: 'durable', stored: { envelope, sequence: this.sent.length } });
            }
          }),
      } as unknown as Spool,
      records: new MailRecords({ main() {}, reject() {}, other() {}, panic() {} }),
      ids: new IdMaker(1),
      random: seededRandom(1),
      resolver: {
        query: (name, _, answered) => {
          this.asked.push(name);
          this.#later.push(() => answered(this.answer(name)));
        },
      },
      store: {
        saved: this.disk,
        keep: (lines, done) => {
          this.writes += 1;
          const all = [...lines];
          this.#later.push(() => {
            if (!this.isDiskFull) this.disk = all;
            done(!this.isDiskFull);
          });
        },
        compress: (text, done) => this.#later.push(() => done(Buffer.from(text))),
      },
      poster: {
        post: (to, body, done) => {
          this.posted.push({ at: this.at.wall, uri: to.uri, report: JSON.parse(Buffer.from(body).toString()) });
          this.running.push(() => done(this.postAnswer(to.uri)));
          if (!this.isHolding) this.#later.push(...this.running.splice(0));
        },
      },
      configuration: () => {
        const loaded = loadConfiguration('test.conf', () => ({ text: this.configuration }));
        assert.ok(loaded.kind === 'loaded');
        return loaded.configuration;
      },
      hostname: () => 'mta.example',
      routingDomainOf: (_, domain) => domain,
      accepted: (stored) => this.queued.push(stored),
      told: (_, text) => this.told.push(text),
    });
    this.reports.start(this.at);
  }

  count(...domains: string[]): void {
    for (const domain of domains) this.reports.count(domain, noPolicy(domain), null);
  }

  settle(): void {
    for (let next = this.#later.shift(); next !== undefined; next = this.#later.shift()) next();
  }

  /** Lets time pass. @param wall until then */
  runUntil(wall: number): void {
    this.settle();
    for (;;) {
      const next = this.#timers.nextAt;
      const left = wall - this.at.wall;
      const step = Math.min(left, Math.max(0, next === null ? left : next - this.at.mono));
      this.at = { wall: wallMs(this.at.wall + step), mono: monoMs(this.at.mono + step) };
      if (next === null || next > this.at.mono) return;
      this.#timers.advance(this.at.mono);
      this.settle();
    }
  }

  /** The report in a mail, which is not compressed here. */
  static reportOf({ content }: SentReport) {
    const body = Buffer.concat(content.body).toString('latin1');
    const [, base64 = ''] = /filename="[^"]+"\r\n\r\n([A-Za-z0-9+/=\r\n]+)\r\n--/.exec(body) ?? [];
    return JSON.parse(Buffer.from(base64, 'base64').toString());
  }
}

export const domains = (count: number): string[] => Array.from({ length: count }, (_, place) => `d${place}.example`);
