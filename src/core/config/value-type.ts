// The types of option values: what text they are written in, what they are in the program, how a default is printed.
// Rows of the catalogue name one of these; -1 becomes NO_LIMIT here and nowhere else.
import { formatIpAddress, type IpBlock, parseIpAddress, parseIpBlock } from '../base/ip-address.ts';
import { type Limit, NO_LIMIT } from '../base/limit.ts';
import { nearestName } from '../base/near-name.ts';
import { checkGateway, checkRouteItem, GATEWAY_FORMS, ROUTE_FORMS } from '../mail/route-target.ts';
import { compilePattern } from './pattern.ts';
import { didYouMean, oneOf } from './problem.ts';
import type { SourcePosition } from './source.ts';
import { describeValue, formatValue, quoteText, type ValueSyntax, type WordSyntax } from './syntax.ts';

export type Parsed<T> =
  | { readonly kind: 'value'; readonly value: T }
  | {
      readonly kind: 'problem';
      readonly at: SourcePosition;
      readonly found: string;
      readonly expected: string;
      readonly hint?: string | undefined;
    };

export interface ValueType<T> {
  /** What may be written, for error texts and help. */
  readonly expected: string;
  /** How one word of a set value is printed: `quoted` for text, `bare` for numbers, `written` for what is only kept. */
  readonly style: 'quoted' | 'bare' | 'written';
  parse(syntax: ValueSyntax): Parsed<T>;
  /** How a value nobody wrote, such as a default, is printed. */
  format(value: T): string;
  /** Passwords: shown nowhere, written to configuration files only. */
  readonly isSecret?: true;
}

/** What stands where a secret is. */
export const HIDDEN = '"********"';

/** A value as it was set, for people to read: numbers bare, text in quotes, items of lists as they were written. */
export function formatSet(type: ValueType<unknown>, syntax: ValueSyntax): string {
  return type.isSecret === true ? HIDDEN : formatWritten(type, syntax);
}

/** A value that `format` made, for people to read. */
export function shownText(type: ValueType<unknown>, text: string): string {
  return type.isSecret === true && text !== '""' ? HIDDEN : text;
}

/** The same as formatSet, for configuration files: with what people are not shown. */
export function formatWritten(type: ValueType<unknown>, syntax: ValueSyntax): string {
  if (type.style === 'written') return formatValue(syntax);
  return formatValue(syntax, ({ text }) => (type.style === 'quoted' ? quoteText(text) : text));
}

const accept = <T>(value: T): Parsed<T> => ({ kind: 'value', value });

/** A type whose values are one word. `read` answers undefined for what is none of them. */
function wordType<T>(
  expected: string,
  style: 'quoted' | 'bare',
  read: (text: string) => T | undefined,
  format: (value: T) => string,
  hintFor: (text: string) => string | undefined = () => undefined,
): ValueType<T> {
  return {
    expected,
    style,
    format,
    parse(syntax) {
      const value = syntax.kind === 'word' ? read(syntax.text) : undefined;
      if (value !== undefined) return accept(value);
      const hint = syntax.kind === 'word' ? hintFor(syntax.text) : undefined;
      return { kind: 'problem', at: syntax.at, found: describeValue(syntax), expected, hint };
    },
  };
}

function readWhole(text: string, least: number, most: number): number | undefined {
  if (!/^\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}

function wholeNumber(
  expected: string,
  least: number,
  most: number,
  hintFor?: (text: string) => string | undefined,
): ValueType<number> {
  return wordType(expected, 'bare', (text) => readWhole(text, least, most), String, hintFor);
}

const SECONDS_IN: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };
const OCTETS_IN: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** Other programs take units; here the number is to be worked out, so it is. */
function withoutUnit(text: string, units: Readonly<Record<string, number>>, forms: RegExp): string | undefined {
  const [, count, unit] = forms.exec(text.toLowerCase()) ?? [];
  if (count === undefined || unit === undefined) return undefined;
  return `without a unit: ${Number(count) * units[unit]!}`;
}

const secondsHint = (text: string): string | undefined =>
  withoutUnit(text, SECONDS_IN, /^(\d{1,6}) ?([smhdw])(?:ec(?:ond)?s?|in(?:ute)?s?|ours?|ays?|eeks?)?$/);
const octetsHint = (text: string): string | undefined => withoutUnit(text, OCTETS_IN, /^(\d{1,6}) ?([kmg])i?b?$/);

/** How many at once: design decision 4. The largest number stands for "no limit" inside, so it cannot be written. */
export const CONNECTION_LIMIT: ValueType<Limit> = wordType(
  '-1 (no limit) or a count from 0',
  'bare',
  (text) => (text === '-1' ? NO_LIMIT : readWhole(text, 0, NO_LIMIT - 1)),
  (limit) => (limit === NO_LIMIT ? '-1' : String(limit)),
);

export const COUNT = wholeNumber('a count from 0', 0, NO_LIMIT);
export const POSITIVE_COUNT = wholeNumber('a count from 1', 1, NO_LIMIT);
/** dns_rate_limit_max_queue has a least value. */
export const COUNT_FROM_1000 = wholeNumber('a count from 1000', 1000, NO_LIMIT);
export const SIZE = wholeNumber('a number of octets from 0', 0, Number.MAX_SAFE_INTEGER, octetsHint);
/** As many as shared counters have room for (SHARDS_MAX in limits/ledger-memory.ts). */
export const SHARD_COUNT = wholeNumber('a count from 1 to 28', 1, 28);
export const PORT = wholeNumber('a port from 1 to 65535', 1, 65535);
/** -1 stands for a word of its own (mx_failures_fallback_to_a). */
export const COUNT_OR_MINUS_ONE: ValueType<number> = wordType(
  '-1 or a count from 0',
  'bare',
  (text) => (text === '-1' ? -1 : readWhole(text, 0, NO_LIMIT)),
  String,
);
export const SECONDS = wholeNumber('whole seconds from 0', 0, NO_LIMIT, secondsHint);
export const POSITIVE_SECONDS = wholeNumber('whole seconds from 1', 1, NO_LIMIT, secondsHint);

/** Of a DNS record: 32 bits without sign. */
export const TTL_SECONDS = wholeNumber('whole seconds from 0', 0, 2 ** 32 - 1);

/** 0 and less are documented for some options we only keep. */
export const INTEGER: ValueType<number> = wordType(
  'a whole number',
  'bare',
  (text) => (/^-?\d{1,15}$/.test(text) ? Number(text) : undefined),
  String,
);

/** Shares and spans that need no whole numbers. */
export const DECIMAL: ValueType<number> = wordType(
  'a number such as 2.5',
  'bare',
  (text) => (/^-?\d{1,15}(?:\.\d{1,15})?$/.test(text) ? Number(text) : undefined),
  String,
);

const TRUE_WORDS = ['true', 'on', 'yes', 'enabled', '1'];
const FALSE_WORDS = ['false', 'off', 'no', 'disabled', '0'];

/** Unset booleans print as 0 and 1, set ones in the spelling that was typed. */
export const BOOLEAN: ValueType<boolean> = wordType(
  'true or false (also on/off, yes/no, enabled/disabled, 1/0)',
  'bare',
  (text) => {
    const word = text.toLowerCase();
    return TRUE_WORDS.includes(word) ? true : FALSE_WORDS.includes(word) ? false : undefined;
  },
  (value) => (value ? '1' : '0'),
  (text) => (text.length < 3 ? undefined : didYouMean(nearestName(text, [...TRUE_WORDS, ...FALSE_WORDS]))),
);

/** File permissions, written in octal. */
export const PERMISSIONS: ValueType<number> = wordType(
  'octal permissions such as 0640',
  'quoted',
  (text) => (/^[0-7]{3,4}$/.test(text) ? Number.parseInt(text, 8) : undefined),
  (mode) => `"${mode.toString(8).padStart(4, '0')}"`,
);

/** Values reach commands, headers and logs, where a control character would begin a line of its own. */
const printable = (text: string): string | undefined => (/[\x00-\x1f\x7f]/.test(text) ? undefined : text);
const notBlank = (text: string): string | undefined => (text.trim() === '' ? undefined : printable(text));

export const TEXT: ValueType<string> = wordType('text without control characters', 'quoted', printable, quoteText);

/** Text that is null when nobody set it. */
export const OPTIONAL_TEXT: ValueType<string | null> = wordType(
  'text that is not blank, without control characters',
  'quoted',
  notBlank,
  (text) => quoteText(text ?? ''),
);

/** Letters, digits, hyphens and underscores between dots, RFC 1123 section 2.1; the last part is no number. */
const HOST_FORM =
  /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*(?!\d+$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i;

const hostNameHint = (text: string): string | undefined => {
  if (/[^\x00-\x7f]/.test(text)) return 'in ASCII, its xn-- form';
  return text.endsWith('.') && HOST_FORM.test(text.slice(0, -1)) ? 'without the dot at the end' : undefined;
};

/** How a server calls itself. Null when nobody set it. */
export const HOST_NAME: ValueType<string | null> = wordType(
  'a host name such as mail.example.com',
  'quoted',
  (text) => (HOST_FORM.test(text) ? text : undefined),
  (name) => quoteText(name ?? ''),
  hostNameHint,
);

const MAILBOX_FORM = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@/;

/** A plain address. Null when nobody set it. */
export const MAILBOX: ValueType<string | null> = wordType(
  'a mailbox such as reports@example.com',
  'quoted',
  (text) => (MAILBOX_FORM.test(text) && HOST_FORM.test(text.slice(text.indexOf('@') + 1)) ? text : undefined),
  (mailbox) => quoteText(mailbox ?? ''),
);

/** What EHLO may say, RFC 5321 section 4.1.4: a name, an address literal, or a word that stands for a name. */
export const EHLO_NAME: ValueType<string> = wordType(
  'a host name such as mail.example.com, an address in brackets, or __hostname__',
  'quoted',
  (text) => {
    const literal = /^\[(?:ipv6:)?([^\]]+)\]$/i.exec(text)?.[1];
    return HOST_FORM.test(text) || (literal !== undefined && parseIpAddress(literal) !== null) ? text : undefined;
  },
  quoteText,
  hostNameHint,
);

/** A password. Null when nobody set it. */
export const SECRET: ValueType<string | null> = { ...OPTIONAL_TEXT, isSecret: true };

export const FILE: ValueType<string> = wordType('a path', 'quoted', notBlank, (path) => quoteText(path ?? ''));

/** Null when nobody set it. */
export const OPTIONAL_FILE: ValueType<string | null> = wordType('a path', 'quoted', notBlank, (path) =>
  quoteText(path ?? ''),
);

/** The name of a header field, RFC 5322 section 2.2. */
export const HEADER_NAME: ValueType<string | null> = wordType(
  'the name of a header field',
  'quoted',
  (text) => (/^[\x21-\x39\x3b-\x7e]{1,100}$/.test(text) ? text : undefined),
  (text) => quoteText(text ?? ''),
);

/** A local address; null (`*`) leaves the choice to the kernel. */
export const SOURCE_ADDRESS: ValueType<string | null> = wordType(
  'an IP address or *',
  'quoted',
  (text) => {
    if (text === '*') return null;
    const plain = /^\[(.+)\]$/.exec(text)?.[1] ?? text;
    return parseIpAddress(plain) === null ? undefined : plain;
  },
  (address) => quoteText(address ?? '*'),
);

/** A smart host: name, address, or one of them with a port. Null when nobody set it. */
export const GATEWAY: ValueType<string | null> = wordType(
  GATEWAY_FORMS,
  'quoted',
  (text) => (checkGateway(text) === null ? text : undefined),
  (host) => quoteText(host ?? ''),
);

/** One of some words, compared without case and kept in lower case. */
export function enumeration<const W extends string>(words: readonly W[]): ValueType<Lowercase<W>> {
  const byLower = new Set<string>(words.map((word) => word.toLowerCase()));
  return wordType(
    oneOf(words),
    'bare',
    (text) => {
      const word = text.toLowerCase();
      return byLower.has(word) ? (word as Lowercase<W>) : undefined;
    },
    (word) => word,
    (text) => didYouMean(nearestName(text, words)),
  );
}

/** blackhole takes two words besides the boolean spellings; `true` is `inline` (design decision 11). */
export const BLACKHOLE: ValueType<'false' | 'inline' | 'internal'> = {
  expected: 'true, false, inline or internal',
  style: 'bare',
  parse(syntax) {
    const word = syntax.kind === 'word' ? syntax.text.toLowerCase() : '';
    if (word === 'inline' || word === 'internal') return accept(word);
    const flag = BOOLEAN.parse(syntax);
    if (flag.kind === 'value') return accept(flag.value ? 'inline' : 'false');
    const hint = didYouMean(nearestName(word, ['inline', 'internal', 'true', 'false']));
    return { ...flag, expected: this.expected, hint };
  },
  format: (value) => (value === 'false' ? '0' : value),
};

export const RETRY_COUNT: ValueType<number | 'auto' | 'none'> = wordType(
  'auto, none or a count from 0',
  'bare',
  (text) => {
    const word = text.toLowerCase();
    return word === 'auto' || word === 'none' ? word : readWhole(text, 0, NO_LIMIT);
  },
  String,
  (text) => didYouMean(nearestName(text, ['auto', 'none'])),
);

export interface Rate {
  readonly count: number;
  readonly seconds: number;
}

/** `N` per second or `N/S` per S seconds; null when nobody set it. */
export const RATE: ValueType<Rate | null> = wordType(
  '"N" (per second) or "N/S" (per S seconds)',
  'quoted',
  (text) => {
    const [, count, seconds = '1'] = /^(\d{1,9})(?:\/(\d{1,9}))?$/.exec(text) ?? [];
    return count === undefined || Number(seconds) === 0
      ? undefined
      : { count: Number(count), seconds: Number(seconds) };
  },
  (rate) => (rate === null ? '""' : `"${rate.count}/${rate.seconds}"`),
);

/** A list whose items are read one by one; a single word is a list of one. */
function listOf<T>(
  item: string,
  read: (text: string) => T | undefined,
  format: (value: T) => string,
  hintFor: (text: string) => string | undefined = () => undefined,
): ValueType<readonly T[]> {
  return {
    expected: `a list of ${item}, such as ( a b )`,
    style: 'quoted',
    parse(syntax) {
      if (syntax.kind === 'dictionary')
        return { kind: 'problem', at: syntax.at, found: describeValue(syntax), expected: this.expected };
      const words: readonly WordSyntax[] = syntax.kind === 'list' ? syntax.items : [syntax];
      const values: T[] = [];
      for (const word of words) {
        const value = read(word.text);
        if (value === undefined) {
          const [found, hint] = [describeValue(word), hintFor(word.text)];
          return { kind: 'problem', at: word.at, found, expected: `a list of ${item}`, hint };
        }
        values.push(value);
      }
      return accept(values);
    },
    format: (values) => ['(', ...values.map((value) => `  ${quoteText(format(value))}`), ')'].join('\n'),
  };
}

export const WORDS: ValueType<readonly string[]> = listOf('words', notBlank, (word) => word);

/** Where the mail of a domain goes instead of its exchangers. */
export const ROUTES: ValueType<readonly string[]> = listOf(
  `routes, each ${ROUTE_FORMS}`,
  (text) => (checkRouteItem(text) === null ? text : undefined),
  (item) => item,
  (text) => checkRouteItem(text)?.hint,
);

/** A regular expression, without slashes. Null when nobody set it. */
export const PATTERN: ValueType<string | null> = {
  expected: 'a regular expression',
  style: 'quoted',
  parse(syntax) {
    const compiled = syntax.kind === 'word' ? compilePattern(syntax.text) : null;
    if (syntax.kind === 'word' && compiled?.kind === 'pattern') return accept(syntax.text);
    const expected = compiled?.kind === 'problem' ? compiled.expected : this.expected;
    return { kind: 'problem', at: syntax.at, found: describeValue(syntax), expected };
  },
  format: (pattern) => quoteText(pattern ?? ''),
};

/** Words by key. Null when nobody set it. */
export const DICTIONARY: ValueType<ValueSyntax | null> = {
  expected: 'a dictionary, such as [ key = value ]',
  style: 'written',
  parse(syntax) {
    if (syntax.kind === 'dictionary') return accept(syntax);
    return { kind: 'problem', at: syntax.at, found: describeValue(syntax), expected: this.expected };
  },
  format: (value) => (value === null ? '[\n]' : formatValue(value)),
};

/** The same for what has no value until somebody sets it. */
export function optional<T>(type: ValueType<T>): ValueType<T | null> {
  return { ...type, format: (value) => (value === null ? '""' : type.format(value)) } as ValueType<T | null>;
}

export const ADDRESS_BLOCKS: ValueType<readonly IpBlock[]> = listOf(
  'addresses or CIDR blocks',
  (text) => parseIpBlock(text) ?? undefined,
  (block) => `${formatIpAddress(block)}/${block.length}`,
);

/** Anything; for what is kept without being understood. Null when nobody set it. */
export const ANYTHING: ValueType<ValueSyntax | null> = {
  expected: 'a word, a list or a dictionary',
  style: 'written',
  parse: accept,
  format: (value) => (value === null ? '""' : formatValue(value)),
};
