// The path of MAIL FROM and RCPT TO: `<local@domain>`, `<>` and, for recipients such as postmaster, `<local>` (RFC 5321
// section 4.1.2). Source routes are read and dropped, as section 4.1.1.3 asks. Every command of every message passes
// here, so the plain form is one walk over the characters with a table, without a regular expression.
import { parseIpAddress } from '../base/ip-address.ts';
import type { Mailbox } from '../mail/mailbox.ts';

/** More than RFC 5321 section 4.5.3.1.1 demands (64), since return paths that encode a recipient are longer. */
export const LOCAL_PART_MAX = 256;
/** RFC 1035 section 3.1, as text. */
export const DOMAIN_MAX = 253;
const LABEL_MAX = 63;

/** What is wrong with a path. */
export type PathProblem = 'syntax' | 'localPart' | 'domain' | 'nonAscii';

export type ParsedPath =
  | {
      readonly kind: 'mailbox';
      readonly mailbox: Mailbox;
      readonly hasDomain: boolean;
      /** Index behind `>`. */
      readonly end: number;
    }
  /** `<>` */
  | { readonly kind: 'empty'; readonly end: number }
  | { readonly kind: 'problem'; readonly problem: PathProblem };

const SYNTAX: ParsedPath = { kind: 'problem', problem: 'syntax' };
const LOCAL_PART: ParsedPath = { kind: 'problem', problem: 'localPart' };
const DOMAIN: ParsedPath = { kind: 'problem', problem: 'domain' };
const NON_ASCII: ParsedPath = { kind: 'problem', problem: 'nonAscii' };

const LESS = 60;
const GREATER = 62;
const AT = 64;
const DOT = 46;
const HYPHEN = 45;
const QUOTE = 34;
const BACKSLASH = 92;
const BRACKET = 91;

const IN_LOCAL_PART = 1;
const IN_LABEL = 2;
const CLASSES = new Uint8Array(256);
/** RFC 5321 `atext` and the dot. Dots may stand anywhere: there are mailboxes that begin, end or double with them. */
for (const character of "!#$%&'*+-/=?^_`{|}~.") CLASSES[character.charCodeAt(0)]! |= IN_LOCAL_PART;
for (const character of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789')
  CLASSES[character.charCodeAt(0)]! |= IN_LOCAL_PART | IN_LABEL;
/** The underscore is no host name (RFC 952), but stands in names that receive mail. */
for (const character of '-_') CLASSES[character.charCodeAt(0)]! |= IN_LABEL;

/** Index of `<` behind the keyword, -1 when the keyword is another. Blanks before `<` are let pass. */
export function pathStart(text: string, keyword: string): number {
  let index = 4 + keyword.length;
  if (!text.startsWith(keyword, 4) && text.slice(4, index).toUpperCase() !== keyword) return -1;
  while (text.charCodeAt(index) === 32) index++;
  return index;
}

/** @param start index of `<` in a command line of Latin-1 */
export function parsePath(text: string, start: number): ParsedPath {
  if (text.charCodeAt(start) !== LESS) return SYNTAX;
  let first = start + 1;
  if (text.charCodeAt(first) === GREATER) return { kind: 'empty', end: first + 1 };
  if (text.charCodeAt(first) === AT) {
    first = behindSourceRoute(text, first);
    if (first < 0) return SYNTAX;
  }
  const at = text.charCodeAt(first) === QUOTE ? behindQuotedString(text, first) : behindAtoms(text, first);
  if (at < 0) return LOCAL_PART;
  const next = text.charCodeAt(at);
  if (next > 127) return NON_ASCII;
  if (at === first || at - first > LOCAL_PART_MAX) return LOCAL_PART;
  if (next === GREATER) return { kind: 'mailbox', mailbox: text.slice(first, at), hasDomain: false, end: at + 1 };
  if (next !== AT) return Number.isNaN(next) ? SYNTAX : LOCAL_PART;
  const close = text.charCodeAt(at + 1) === BRACKET ? behindLiteral(text, at + 1) : behindName(text, at + 1);
  if (close < 0) return DOMAIN;
  const last = text.charCodeAt(close);
  if (last === GREATER) return { kind: 'mailbox', mailbox: text.slice(first, close), hasDomain: true, end: close + 1 };
  if (last > 127) return NON_ASCII;
  return Number.isNaN(last) ? SYNTAX : DOMAIN;
}

function behindAtoms(text: string, start: number): number {
  let index = start;
  while (index < text.length && (CLASSES[text.charCodeAt(index)]! & IN_LOCAL_PART) !== 0) index++;
  return index;
}

/** @returns index behind the closing quote, -1 when there is none or something between may not be there */
function behindQuotedString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index++) {
    let code = text.charCodeAt(index);
    if (code === QUOTE) return index === start + 1 ? -1 : index + 1;
    if (code === BACKSLASH) code = text.charCodeAt(++index);
    if (!(code >= 32 && code < 127)) return -1;
  }
  return -1;
}

/** @returns index behind labels that are joined by single dots (one more at the end is let pass), else -1 */
function behindName(text: string, start: number): number {
  let labelStart = start;
  let index = start;
  for (; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === DOT) {
      if (!isLabel(text, labelStart, index)) return -1;
      labelStart = index + 1;
    } else if ((CLASSES[code]! & IN_LABEL) === 0) break;
  }
  if (index > start + 1 && labelStart === index) return index - start > DOMAIN_MAX + 1 ? -1 : index;
  return isLabel(text, labelStart, index) && index - start <= DOMAIN_MAX ? index : -1;
}

function isLabel(text: string, start: number, end: number): boolean {
  const length = end - start;
  return length > 0 && length <= LABEL_MAX && text.charCodeAt(start) !== HYPHEN && text.charCodeAt(end - 1) !== HYPHEN;
}

const IPV6_TAG = 'ipv6:';

/** @returns index behind the `]` of `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 section 4.1.3), else -1 */
function behindLiteral(text: string, start: number): number {
  const close = text.indexOf(']', start);
  if (close < 0 || close - start > 64) return -1;
  const inside = text.slice(start + 1, close);
  const isTagged = inside.slice(0, IPV6_TAG.length).toLowerCase() === IPV6_TAG;
  const address = parseIpAddress(isTagged ? inside.slice(IPV6_TAG.length) : inside);
  return address !== null && address.family === (isTagged ? 6 : 4) ? close + 1 : -1;
}

/** @returns index behind the colon of `@one,@two:`, -1 when it is not one */
function behindSourceRoute(text: string, start: number): number {
  let index = start;
  while (text.charCodeAt(index) === AT) {
    index = text.charCodeAt(index + 1) === BRACKET ? behindLiteral(text, index + 1) : behindName(text, index + 1);
    if (index < 0) return -1;
    if (text[index] === ':') return index + 1;
    if (text[index] !== ',') return -1;
    index++;
  }
  return -1;
}
