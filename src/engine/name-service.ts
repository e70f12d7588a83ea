// The Resolver port: how often it is asked for exchangers, and whether anybody answers there at all. A name whose servers are silent and a machine that is cut
// off look the same from one question, so where nothing that was asked later is answered, something is asked that every name
// server answers. Silence there is an outage: a condition of this node (design decision 14), of which no message hears.
// While it lasts that question is asked again now and then; the first answer to anything ends it.
import { addMono, type Moment, type MonoMs } from '../core/base/moment.ts';
import { Timer, type Timers } from '../core/base/timers.ts';
import type { Windows } from '../core/limits/windows.ts';
import { type QueryLimit, QueryPacer } from '../core/routing/query-pacer.ts';
import type { DnsAnswer, DnsType, Ports, RecordLog, Resolver } from './ports.ts';
import { SharedQueries } from './shared-queries.ts';
import type { Turns } from './turn.ts';

/** It exists, and if it did not, that would be an answer too. */
export const PROBE_NAME = 'a.root-servers.net';
/** Between two probes during an outage: doubled each time, up to the second. */
export const PROBE_PAUSE_MS = 1000;
export const PROBE_PAUSE_MS_MAX = 30_000;

type Answered = (answer: DnsAnswer) => void;
type Unavailable = Extract<DnsAnswer, { kind: 'unavailable' }>;

interface Asked {
  readonly name: string;
  readonly type: DnsType;
  readonly answered: Answered;
  /** Silence has followed it once already, while others were answered or at the end of an outage. */
  readonly isAgain: boolean;
}

export class NameService implements Resolver {
  readonly #turns: Turns;
  readonly #timers: Timers;
  readonly #resolver: Resolver;
  readonly #records: RecordLog;
  readonly pacer: QueryPacer;
  readonly #timer = new Timer(() => this.#probe());
  #back: (at: Moment) => void = () => {};
  /** Questions so far, and the last of them that somebody answered, in whatever way. */
  #asked = 0;
  #lastHeard = 0;
  /** How often it was in doubt, so far, whether anybody answers. */
  #doubts = 0;
  /** Questions with silent answers that are not passed on yet. */
  readonly #suspects: { readonly asked: Asked; readonly answer: Unavailable }[] = [];
  #isProbing = false;
  #downSince: MonoMs | null = null;
  #pauseMs = PROBE_PAUSE_MS;

  /**
   * @param limit on questions for exchangers, the one in force
   * @param windows of all shards, which ask within that limit together and have a part each of its queue; left out for one
   */
  constructor(
    turns: Turns,
    timers: Timers,
    { resolver, records }: Pick<Ports, 'resolver' | 'records'>,
    limit: () => QueryLimit | null = () => null,
    windows?: Windows,
  ) {
    this.#turns = turns;
    this.#timers = timers;
    this.#resolver = resolver;
    this.#records = records;
    const now = () => turns.clock().mono;
    if (windows === undefined) this.pacer = new QueryPacer(timers, limit, now);
    else this.pacer = new QueryPacer(timers, () => partOf(limit(), windows.shards), now, new SharedQueries(windows));
  }

  /** No name server answers anything. */
  get isDown(): boolean {
    return this.#downSince !== null;
  }

  /** @param back called in a turn when an outage has ended */
  whenBack(back: (at: Moment) => void): void {
    this.#back = back;
  }

  query(name: string, type: DnsType, answered: Answered): void {
    this.#askPaced({ name, type, answered, isAgain: false });
  }

  /** Outside of any turn. */
  #askAgain(asked: Asked): void {
    const at = this.#turns.begin();
    this.#askPaced({ ...asked, isAgain: true });
    this.#turns.end(at);
  }

  #askPaced(asked: Asked): void {
    if (asked.type === 'MX') this.pacer.pass(() => this.#ask(asked));
    else this.#ask(asked);
  }

  #ask(asked: Asked): void {
    const number = ++this.#asked;
    const doubtsBefore = this.#isProbing || this.isDown ? -1 : this.#doubts;
    const { name, type, answered, isAgain } = asked;
    this.#resolver.query(name, type, (answer) => {
      if (answer.kind !== 'unavailable' || answer.isSilent !== true) {
        this.#hear(number);
        answered(answer);
      } else if (this.isDown) {
        answered({ ...answer, isOutage: true });
      } else if (this.#lastHeard > number) {
        // What was asked later is answered: it is the name, unless nobody was for a while.
        if (isAgain || this.#doubts === doubtsBefore) answered(answer);
        else this.#askAgain(asked);
      } else {
        this.#suspects.push({ asked, answer });
        this.#probe();
      }
    });
  }

  #probe(): void {
    if (this.#isProbing) return;
    this.#isProbing = true;
    this.#doubts += 1;
    const number = ++this.#asked;
    this.#resolver.query(PROBE_NAME, 'A', (answer) => {
      this.#isProbing = false;
      if (answer.kind !== 'unavailable' || answer.isSilent !== true) this.#hear(number);
      else if (this.#lastHeard > number) this.#heardMeanwhile();
      else this.#endSilently(answer.reason);
    });
  }

  /** The silence that the probe was about is over; there may be a newer one. */
  #heardMeanwhile(): void {
    if (this.#suspects.length > 0) this.#probe();
  }

  #endSilently(reason: string): void {
    const at = this.#turns.begin();
    if (this.#downSince === null) {
      this.#downSince = at.mono;
      this.#pauseMs = PROBE_PAUSE_MS;
      this.#records.panic(
        'error',
        `no name server answers anything (${reason}); mail whose route is not known waits, and no attempt is counted; ` +
          'see to the servers that Resolv_Conf names',
      );
    }
    this.#timers.set(this.#timer, addMono(at.mono, this.#pauseMs));
    this.#pauseMs = Math.min(2 * this.#pauseMs, PROBE_PAUSE_MS_MAX);
    this.#turns.end(at);
    for (const { asked, answer } of this.#suspects.splice(0)) asked.answered({ ...answer, isOutage: true });
  }

  /** @param number of the question */
  #hear(number: number): void {
    this.#lastHeard = Math.max(this.#lastHeard, number);
    if (this.#downSince !== null) {
      const at = this.#turns.begin();
      const seconds = Math.round((at.mono - this.#downSince) / 1000);
      this.#downSince = null;
      this.#timers.clear(this.#timer);
      this.#records.panic('notice', `a name server answers again, after ${seconds} s; the mail that waited goes on`);
      this.#back(at);
      this.#turns.end(at);
    }
    if (this.#suspects.length === 0) return;
    // Either these names are silent, or nobody answered for a moment.
    for (const { asked, answer } of this.#suspects.splice(0))
      if (asked.isAgain) asked.answered(answer);
      else this.#askAgain(asked);
  }
}

function partOf(limit: QueryLimit | null, shards: number): QueryLimit | null {
  return limit === null ? null : { ...limit, waitingMax: Math.ceil(limit.waitingMax / shards) };
}
