// Octets from an SMTP server into replies. "Not yet" is an answer; what breaks RFC 5321 section 4.2 is another. A bare
// LF ends a line too, since some servers send it and nothing can be smuggled into a client that way.
import type { Reply } from '../mail/reply.ts';

export interface Violation {
  readonly kind: 'violation';
  /** What was broken, for the reply text of the records. */
  readonly rule: string;
}

/** A line may be this long, without its LF. */
const LINE_OCTETS_MAX = 65_536;
/** A reply may have this many octets over all its lines. */
const REPLY_OCTETS_MAX = 1_048_576;
/** So many octets of a reply's text are kept; the rest is read and dropped. */
const KEPT_OCTETS_MAX = 4096;

const ZERO = 48;
const HYPHEN = 45;
const BLANK = 32;
const CR = 13;

export class ReplyReader {
  #rest = '';
  /** Where the next line of `#rest` starts. */
  #at = 0;
  #code = 0;
  #lines: string[] = [];
  #keptOctets = 0;
  #octets = 0;

  /** Adds octets, as Latin-1. */
  push(text: string): void {
    this.#rest = this.#at === this.#rest.length ? text : this.#rest.slice(this.#at) + text;
    this.#at = 0;
  }

  /** Nothing came behind the last reply. */
  get isEmpty(): boolean {
    return this.#at === this.#rest.length && this.#code === 0;
  }

  /** The next complete reply, or null when more octets are needed. After a violation the session cannot go on. */
  take(): Reply | Violation | null {
    for (;;) {
      const end = this.#rest.indexOf('\n', this.#at);
      if (end < 0) {
        return this.#rest.length - this.#at > LINE_OCTETS_MAX ? violation('a reply line without an end') : null;
      }
      const start = this.#at;
      // However it came: the pieces of a stream are chance.
      if (end - start > LINE_OCTETS_MAX) return violation('a reply line without an end');
      this.#at = end + 1;
      const textEnd = end > start && this.#rest.charCodeAt(end - 1) === CR ? end - 1 : end;
      const code = this.#codeAt(start, textEnd);
      if (code === 0) return violation('an answer that is no reply');
      if (this.#code !== 0 && code !== this.#code) return violation('two codes in one reply');
      this.#octets += end - start;
      if (this.#octets > REPLY_OCTETS_MAX) return violation('a reply without an end');
      this.#keep(this.#rest.slice(start + 4, textEnd));
      this.#code = code;
      if (this.#rest.charCodeAt(start + 3) === HYPHEN) continue;
      return this.#takeReply();
    }
  }

  /** RFC 5321 section 4.2: three digits, then a hyphen, a blank, or the end of the line. 0 for anything else. */
  #codeAt(start: number, end: number): number {
    if (end - start < 3) return 0;
    const rest = this.#rest;
    const hundreds = rest.charCodeAt(start) - ZERO;
    const tens = rest.charCodeAt(start + 1) - ZERO;
    const ones = rest.charCodeAt(start + 2) - ZERO;
    if (hundreds < 2 || hundreds > 5 || tens < 0 || tens > 9 || ones < 0 || ones > 9) return 0;
    const separator = rest.charCodeAt(start + 3);
    const isEnded = start + 3 === end || separator === HYPHEN || separator === BLANK;
    return isEnded ? hundreds * 100 + tens * 10 + ones : 0;
  }

  #keep(text: string): void {
    const room = KEPT_OCTETS_MAX - this.#keptOctets;
    if (room <= 0) return;
    this.#lines.push(text.length > room ? text.slice(0, room) : text);
    this.#keptOctets += text.length + 1;
  }

  #takeReply(): Reply {
    const reply = { code: this.#code, lines: this.#lines };
    this.#code = 0;
    this.#lines = [];
    this.#keptOctets = 0;
    this.#octets = 0;
    return reply;
  }
}

export function isViolation(step: Reply | Violation): step is Violation {
  return 'kind' in step;
}

function violation(rule: string): Violation {
  return { kind: 'violation', rule };
}
