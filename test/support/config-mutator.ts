// Changes real configurations in ways that people, editors and broken disks change them, and in a few that only an enemy
// would think of. One seed and one number make one text.
import { type Random, seededRandom } from '../../src/core/base/random.ts';

/** What is put in somewhere: marks, halves of words and comments, and characters that are trouble elsewhere. */
const PIECES = [
  ...[
    '{',
    '}',
    '(',
    ')',
    '[',
    ']',
    '=',
    ',',
    '"',
    "'",
    '#',
    '/*',
    '*/',
    '\\',
    '\\"',
    ';',
    ':',
    '::',
    '/',
    '//',
    '-',
    '*',
  ],
  ...[
    '\n',
    '\r',
    '\r\n',
    '\t',
    '\0',
    '\x1b[2J',
    '\x7f',
    '\x85',
    '\u2028',
    '\ufeff',
    'é',
    '例',
    '😀',
    '\ud800',
    '\u202e',
  ],
  ...[
    'include "x.conf"\n',
    'readonly_include ".."\n',
    'include "main.conf"\n',
    'include "http://x"\n',
    'include "dir"\n',
  ],
  ...['domain "/(a+)+$/" { }', 'domain "/[/" {', 'host "/(?>x)/" { }', 'domain "/^x\\.(a|b)$/" { max_retries = 1 }'],
  ...['binding "::" { }', 'binding "a" {', 'scriptlet "s" { script "x" { a = [ b [ c = ( d ) ] ] } }', 'opendkim { }'],
  ...['[::1]:25', '[IPv6:2001:db8::1]', '*:25', '10.0.0.0/33', '__mx__', '"/x/"', '__proto__ = 1', 'constructor { }'],
];

const NUMBERS = [
  '-2',
  '-1',
  '0',
  '1',
  '2147483646',
  '2147483647',
  '2147483648',
  '99999999999999999999',
  '1.5',
  '0x10',
  '1e9',
  '"5/0"',
];

type Change = (text: string, random: Random, corpus: readonly string[]) => string;

const CHANGES: readonly Change[] = [
  (text, random) => replaced(text, slice(text, random, 40), ''),
  (text, random) => {
    const [from, to] = slice(text, random, 60);
    const at = random.below(text.length + 1);
    return text.slice(0, at) + text.slice(from, to) + text.slice(at);
  },
  (text, random) => inserted(text, random, pick(PIECES, random)),
  (text, random) => inserted(text, random, pick(PIECES, random).repeat(1 + random.below(50))),
  (text, random) => replaced(text, matchOf(text, /-?\d+/g, random), pick(NUMBERS, random)),
  (text, random, corpus) => replaced(text, matchOf(text, /[\w.-]+/g, random), wordOf(pick(corpus, random), random)),
  (text, random) => {
    const [from, to] = matchOf(text, /[\w.-]+/g, random);
    const word = text.slice(from, to);
    return replaced(text, [from, to], pick([`"${word}"`, `( ${word} )`, `[ ${word} = ${word} ]`, `/${word}/`], random));
  },
  (text, random) => {
    const [from, to] = slice(text, random, 30);
    return replaced(text, [from, to], text.slice(from, to).toUpperCase());
  },
  (text, random) => {
    const lines = text.split('\n');
    const [a, b] = [random.below(lines.length), random.below(lines.length)];
    [lines[a], lines[b]] = [lines[b]!, lines[a]!];
    return lines.join('\n');
  },
  (text, random, corpus) => {
    const other = pick(corpus, random);
    return text.slice(0, random.below(text.length + 1)) + other.slice(random.below(other.length + 1));
  },
  (text, random, corpus) => inserted(text, random, `\n${pick(corpus, random)}\n`),
  (text, random) => 'binding x { '.repeat(random.below(45)) + text,
];

/** The text that comes of a number: a configuration of the corpus with one to five changes. */
export function mutatedConfiguration(corpus: readonly string[], seed: number, number: number): string {
  const random = seededRandom(seed).stream(String(number));
  let text = pick(corpus, random);
  for (let changes = 1 + random.below(1 + random.below(5)); changes > 0; changes -= 1)
    text = pick(CHANGES, random)(text, random, corpus);
  return text.slice(0, 50_000);
}

function pick<T>(from: readonly T[], random: Random): T {
  return from[random.below(from.length)]!;
}

function slice(text: string, random: Random, most: number): readonly [number, number] {
  const from = random.below(text.length + 1);
  return [from, from + random.below(most)];
}

function replaced(text: string, [from, to]: readonly [number, number], by: string): string {
  return text.slice(0, from) + by + text.slice(to);
}

function inserted(text: string, random: Random, piece: string): string {
  const at = random.below(text.length + 1);
  return text.slice(0, at) + piece + text.slice(at);
}

/** One of the places where a pattern matches; the beginning when there is none. */
function matchOf(text: string, pattern: RegExp, random: Random): readonly [number, number] {
  const matches = [...text.matchAll(pattern)];
  const match = matches[random.below(matches.length)];
  return match === undefined ? [0, 0] : [match.index, match.index + match[0].length];
}

function wordOf(text: string, random: Random): string {
  const [from, to] = matchOf(text, /[\w.-]+/g, random);
  return text.slice(from, to);
}
