// Numbers the lines of an audit and ties each to the one before: a line ends in the hash of the hash before and its own
// text, so that no line can be altered, taken out or put elsewhere without the next one telling. Goes on over files
// and, where the last line of an earlier process is found, over processes.
import type { WallMs } from '../base/moment.ts';
import { type AuditEntry, auditBody, type BeginReason, type EndReason, parseAuditLine } from './audit-record.ts';

/** SHA-256 in lower-case hexadecimal of octets, one character of the string each. */
export type HashOctets = (octets: string) => string;

/** What a chain goes on from. */
export interface ChainEnd {
  readonly sequence: number;
  readonly hash: string;
  /** It was a closing line. */
  readonly isClosed: boolean;
}

export class AuditChain {
  readonly #hash: HashOctets;
  #sequence: number;
  /** Of the last line; null before the first. */
  #last: string | null;
  /** Of the part that is being written. */
  #lines = 0;

  constructor(hash: HashOctets, end: ChainEnd | null) {
    this.#hash = hash;
    this.#sequence = end?.sequence ?? 0;
    this.#last = end?.hash ?? null;
  }

  /** The opening line of a part. */
  begin(at: WallMs, reason: BeginReason, isUnclean: boolean): string {
    this.#lines = 0;
    return this.line(at, { kind: 'begin', reason, isUnclean, previous: this.#last });
  }

  /** The closing line of a part. */
  end(at: WallMs, reason: EndReason): string {
    return this.line(at, { kind: 'end', reason, lines: this.#lines + 1 });
  }

  line(at: WallMs, entry: AuditEntry): string {
    this.#sequence += 1;
    this.#lines += 1;
    const body = auditBody(this.#sequence, at, entry);
    this.#last = chainHash(this.#hash, this.#last, body);
    return `${body}@${this.#last}`;
  }
}

/** The hash of a line. @param previous of the line before; null at the very first */
export function chainHash(hash: HashOctets, previous: string | null, body: string): string {
  return hash(`${previous ?? ''}${body}`);
}

/** The last whole line in the end of a file, with what an unclean stop left behind it passed over; null when there is none. */
export function findChainEnd(tail: string): ChainEnd | null {
  for (let end = tail.lastIndexOf('\n'); end > 0; ) {
    const start = tail.lastIndexOf('\n', end - 1);
    const line = parseAuditLine(tail.slice(start + 1, end));
    if (line !== null) return { sequence: line.sequence, hash: line.hash, isClosed: line.entry.kind === 'end' };
    end = start;
  }
  return null;
}
