// What a log says of receivers: how often they refused what they were offered. Out of it comes a receivers file, to be
// looked at and amended by who knows more. How long a message took at a receiver is in no record, since deliveries count
// from reception; how long it took with all waiting is written as a comment.

import { STAGE } from '../core/mail/disposition.ts';
import { canonicalDomain, type DomainName, isHostName } from '../core/mail/domain-name.ts';
import { parseMainRecord } from '../core/records/parsed-record.ts';
import { Histogram } from './histogram.ts';

/** Fewer attempts say little about a domain. */
const ATTEMPTS_MIN = 100;
const DOMAINS_MAX = 200;
/** What this server says itself about an attempt is not the receiver's word. */
const OWN_WORD = '[internal]';

class Counts {
  delivered = 0;
  transient = 0;
  permanent = 0;
  /** Connections that were refused in the banner. */
  notGreeted = 0;
  /** Of deliveries at the first attempt, since reception. */
  readonly times = new Histogram();

  get attempts(): number {
    return this.delivered + this.transient + this.permanent;
  }
}

export class Experience {
  readonly #all = new Counts();
  readonly #byDomain = new Map<DomainName, Counts>();

  get attempts(): number {
    return this.#all.attempts;
  }

  /** @param text a line of mainlog without its line end, as octets (Latin-1) */
  line(text: string): void {
    const record = parseMainRecord(text);
    if (record?.type !== 'D' && record?.type !== 'T' && record?.type !== 'P') return;
    if (record.address === '') return; // nobody was asked
    if ('reply' in record && record.reply.includes(OWN_WORD)) return;
    const domain = canonicalDomain(record.routingDomain);
    let ofDomain = this.#byDomain.get(domain);
    if (ofDomain === undefined) {
      ofDomain = new Counts();
      this.#byDomain.set(domain, ofDomain);
    }
    for (const counts of [this.#all, ofDomain]) {
      if (!('reply' in record)) {
        counts.delivered += 1;
        if (record.retries === 0) counts.times.add(record.secondsSinceReception * 1000);
      } else if (record.stage === STAGE.readingBanner) {
        counts.notGreeted += 1;
      } else if (record.type === 'T') {
        counts.transient += 1;
      } else {
        counts.permanent += 1;
      }
    }
  }

  /** @param source where it comes from, for people */
  receiversFile(source: string): string {
    const domains = [...this.#byDomain]
      .filter(([domain, { attempts }]) => attempts >= ATTEMPTS_MIN && isHostName(domain))
      .sort(([a, one], [b, other]) => other.attempts - one.attempts || (a < b ? -1 : 1))
      .slice(0, DOMAINS_MAX);
    const head = [
      `# What ${source.replaceAll(/[\x00-\x1f\x7f]/g, '?')} says of receivers with ${ATTEMPTS_MIN} attempts or more. Times and limits are not in a log: add`,
      '# Transaction_Time, Connections_Per_Source and others where you know them.',
      '',
      ...optionsOf(this.#all),
    ];
    const stanzas = domains.map(([domain, counts]) =>
      ['', `Receiver "${domain}" {`, ...optionsOf(counts).map((line) => `  ${line}`), '}'].join('\n'),
    );
    return `${[...head, ...stanzas].join('\n')}\n`;
  }
}

function optionsOf(counts: Counts): string[] {
  const { attempts, transient, permanent, notGreeted, times } = counts;
  const lines = [
    `# ${attempts} attempts`,
    `Transient_Share = ${share(transient, attempts)}`,
    `Permanent_Share = ${share(permanent, attempts)}`,
  ];
  if (notGreeted > 0) lines.push(`# ${notGreeted} connections were refused in the banner: Connections_Per_Source?`);
  if (times.count > 0) {
    const [few, half] = [times.percentile(0.05)!, times.percentile(0.5)!].map((ms) => (ms / 1000).toFixed(3));
    lines.push(`# delivered at the first attempt, waiting included: 5 of 100 within ${few} s, half within ${half} s`);
  }
  return lines;
}

function share(part: number, whole: number): string {
  return whole === 0 ? '0' : (part / whole).toFixed(6).replace(/\.?0+$/, '');
}
