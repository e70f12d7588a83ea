// Proves or refutes, from the lines of an audit alone, that no connection limit was passed (docs/audit.md, "What is
// checked"). The chain says whether the lines are those that were written, all of them and in order; what they mean is
// counted again by audit-recount.ts. Fed line by line; its memory is what is open at one time, however long the log.
import { chainHash, type HashOctets } from './audit-chain.ts';
import type { CounterClass } from './audit-counters.ts';
import { AuditFindings } from './audit-findings.ts';
import { type AuditLine, limitField, parseAuditLine } from './audit-record.ts';
import { AuditRecount, type PassedLimit, type SeenConfiguration } from './audit-recount.ts';

export interface AuditReport {
  readonly files: number;
  readonly lines: number;
  /** Connections. */
  readonly opened: number;
  readonly closed: number;
  /** Unix times in seconds of the first and the last line; null without any. */
  readonly from: string | null;
  readonly to: string | null;
  readonly configurations: readonly SeenConfiguration[];
  readonly configurationsLeftOut: number;
  readonly classes: readonly CounterClass[];
  readonly findings: AuditFindings;
}

interface Place {
  readonly file: string;
  readonly line: number;
  readonly at: string | null;
}

export class AuditCheck {
  readonly #hash: HashOctets;
  readonly #findings = new AuditFindings();
  readonly #recount: AuditRecount;
  #place: Place = { file: '', line: 0, at: null };
  #files = 0;
  #lines = 0;
  #from: string | null = null;
  #to: string | null = null;
  /** Null before the first line that can be read, and behind one that cannot. */
  #last: { readonly sequence: number; readonly hash: string } | null = null;
  #hasBegun = false;
  /** The first of some lines that are none: the remains of an unclean stop, if the next line says so. */
  #unreadable: Place | null = null;

  constructor(hash: HashOctets) {
    this.#hash = hash;
    this.#recount = new AuditRecount({
      passed: (limit) => this.#passed(limit),
      contradiction: (text) => this.#finding(text),
      note: (text) => this.#findings.note({ file: this.#place.file, line: this.#place.line, text }),
    });
  }

  /** What follows stands in this file, which comes after those before. */
  startFile(file: string): void {
    this.#files += 1;
    this.#place = { file, line: 0, at: null };
  }

  /** @param text without its line end; octets as Latin-1 */
  line(text: string): void {
    this.#lines += 1;
    const line = parseAuditLine(text);
    this.#place = { file: this.#place.file, line: this.#place.line + 1, at: line?.at ?? null };
    if (line === null) {
      this.#unreadable ??= this.#place;
      return;
    }
    this.#from ??= line.at;
    this.#to = line.at;
    const isWhole = this.#checkUnreadable(line) && this.#checkChain(line);
    if (!isWhole) this.#recount.distrust();
    this.#last = line;
    this.#hasBegun = true;
    this.#recount.apply(line.entry);
  }

  /** @param isRunning the last file is still being written */
  finish(isRunning: boolean): AuditReport {
    if (this.#unreadable !== null) this.#reportUnreadable(this.#unreadable);
    if (!this.#hasBegun) this.#finding('not one line of an audit');
    else this.#recount.finish(isRunning);
    const { opened, closed, configurations, configurationsLeftOut, classes } = this.#recount;
    return {
      files: this.#files,
      lines: this.#lines,
      opened,
      closed,
      from: this.#from,
      to: this.#to,
      configurations,
      configurationsLeftOut,
      classes,
      findings: this.#findings,
    };
  }

  #checkUnreadable({ entry }: AuditLine): boolean {
    const place = this.#unreadable;
    if (place === null) return true;
    this.#unreadable = null;
    if (entry.kind === 'begin' && entry.isUnclean) return true;
    this.#reportUnreadable(place);
    this.#last = null;
    return false;
  }

  #reportUnreadable(place: Place): void {
    this.#findings.add({ kind: 'log', ...place, text: 'is no line of an audit: it was altered or cut off' });
  }

  #checkChain({ sequence, entry, body, hash }: AuditLine): boolean {
    const last = this.#last;
    if (entry.kind === 'begin' && !this.#followsItsNamed(entry.previous)) return false;
    if (last !== null && !(entry.kind === 'begin' && entry.previous === null) && sequence !== last.sequence + 1) {
      this.#finding(gapText(last.sequence, sequence));
      return false;
    }
    if (last === null && entry.kind !== 'begin') return false;
    const previous = entry.kind === 'begin' ? entry.previous : last!.hash;
    if (chainHash(this.#hash, previous, body) === hash) return true;
    this.#finding('was altered: its hash is not that of its text behind the hash of the line before');
    return false;
  }

  /** Whether the opening line comes after the line it names; at the start of what is checked that line is not here. */
  #followsItsNamed(previous: string | null): boolean {
    if (!this.#hasBegun) {
      if (previous === null) return true;
      const { file, line } = this.#place;
      this.#findings.note({ file, line, text: 'goes on from lines that are not checked here' });
      return true;
    }
    if (previous === this.#last?.hash) return true;
    if (this.#last !== null) {
      this.#finding(
        previous === null
          ? 'begins a chain of its own: nothing ties it to the lines before; check it by itself'
          : 'does not follow the line before: lines between are missing, or the files are not given oldest first',
      );
    }
    return false;
  }

  #passed({ counter, open, limit, origin }: PassedLimit): void {
    const text = `${counter}: ${open} open, limit ${limitField(limit)} (${origin})`;
    this.#findings.add({ kind: 'limit', ...this.#place, text, counter, open, limit, origin });
  }

  #finding(text: string): void {
    this.#findings.add({ kind: 'log', ...this.#place, text });
  }
}

function gapText(before: number, now: number): string {
  if (now <= before) return `line ${now} of the chain stands behind line ${before}: repeated, or out of order`;
  const missing = now === before + 2 ? `line ${now - 1}` : `lines ${before + 1} to ${now - 1}`;
  return `${missing} of the chain missing before this one`;
}
