// The reply reader and the bounce classifier a second time, from their documents and not from their code: whole texts in
// place of streams, plain expressions in place of speed. For comparison only.
import { RULES } from '../../src/core/bounce/classification-rules.ts';
import type { Stage } from '../../src/core/mail/disposition.ts';

/** RFC 5321 section 4.2: every line has a code from 200 to 599, then a hyphen, a blank or its end; one code in a reply. */
export function referenceReplies(octets: string): string[] {
  const lines = octets.split('\n');
  const unfinished = lines.pop()!;
  const found: string[] = [];
  let reply: { code: string; texts: string[]; octets: number; room: number } | null = null;
  for (const line of lines) {
    if (line.length > 65_536) return [...found, 'violation: a reply line without an end'];
    const parts = /^([2-5][0-9][0-9])(?:([ -])(.*))?$/s.exec(line.endsWith('\r') ? line.slice(0, -1) : line);
    if (parts === null) return [...found, 'violation: an answer that is no reply'];
    const [, code, separator, text = ''] = parts as unknown as [string, string, string | undefined, string | undefined];
    reply ??= { code, texts: [], octets: 0, room: 4096 };
    if (reply.code !== code) return [...found, 'violation: two codes in one reply'];
    reply.octets += line.length;
    if (reply.octets > 1_048_576) return [...found, 'violation: a reply without an end'];
    if (reply.room > 0) reply.texts.push(text.slice(0, reply.room));
    reply.room -= text.length + 1;
    if (separator === '-') continue;
    found.push(`${code} ${reply.texts.join('|')}`);
    reply = null;
  }
  if (unfinished.length > 65_536) found.push('violation: a reply line without an end');
  return found;
}

export interface ReferenceRule {
  readonly code: number;
  readonly status: string | null;
  readonly reply: string | null;
  readonly command: 'mail' | 'rcpt' | 'data' | 'body' | null;
  readonly phrases: readonly string[];
}

/** The rule as a line of a rule file. */
export function ruleText({ code, status, reply, command, phrases }: ReferenceRule): string {
  const words = phrases.map((phrase) => `"${phrase.replace(/["\\]/g, '\\$&')}"`);
  return [
    code,
    ...(status === null ? [] : ['status', status]),
    ...(words.length === 0 ? [] : ['text', ...words]),
    ...(reply === null ? [] : ['reply', reply]),
    ...(command === null ? [] : ['stage', command]),
  ].join(' ');
}

/** The built-in rules hold no backslashes and no `#` in quotes, so that lines are easily taken apart. */
export const BUILT_IN_RULES: readonly ReferenceRule[] = RULES.split('\n')
  .map((line) => line.trim())
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => ({
    code: Number(/^\d+/.exec(line)![0]),
    status: / status (\S+)/.exec(withoutQuotes(line))?.[1] ?? null,
    reply: / reply (\S+)/.exec(withoutQuotes(line))?.[1] ?? null,
    command: (/ stage (\S+)/.exec(withoutQuotes(line))?.[1] ?? null) as ReferenceRule['command'],
    phrases: Array.from(line.matchAll(/"([^"]*)"/g), ([, phrase]) => phrase!.toLowerCase()),
  }));

function withoutQuotes(line: string): string {
  return line.replace(/"[^"]*"/g, '""');
}

/** docs/logs.md, "Stages". */
const COMMANDS: Readonly<Record<number, ReferenceRule['command']>> = {
  2: 'mail',
  3: 'mail',
  4: 'rcpt',
  5: 'rcpt',
  6: 'data',
  7: 'data',
  8: 'body',
  9: 'body',
};

/** docs/bounces.md, "Classification": the first rule whose conditions all hold. */
export function referenceClass(rules: readonly ReferenceRule[], reply: string, stage: Stage): number {
  const start = reply.slice(0, 2048);
  const text = start.toLowerCase().split(/\s+/).join(' ');
  const status = referenceStatus(start);
  const code =
    '245'.includes(reply.charAt(0)) && /^...(?:[^0-9.]|$)/s.test(reply) && isNumber(reply.slice(0, 3), 3)
      ? reply.slice(0, 3)
      : null;
  const rule = rules.find(
    (one) =>
      (one.command === null || one.command === COMMANDS[stage]) &&
      (one.reply === null || (code !== null && matches(one.reply, code))) &&
      (one.status === null || (status !== null && statusMatches(one.status, status))) &&
      one.phrases.every((phrase) => hasPhrase(text, phrase)),
  );
  return rule?.code ?? 1;
}

function referenceStatus(reply: string): string | null {
  const hasCode = '2345'.includes(reply.charAt(0)) && isNumber(reply.slice(0, 3), 3) && /^...(?:[ -]|$)/s.test(reply);
  const behind = hasCode ? reply.slice(4) : reply;
  const word = (behind.startsWith(' ') ? behind.slice(1) : behind).split(' ')[0]!;
  const numbers = word.split('.');
  if (numbers.length !== 3 || !['2', '4', '5'].includes(numbers[0]!)) return null;
  if (!numbers.every((digits) => digits.length <= 3 && isNumber(digits, digits.length))) return null;
  if (hasCode && reply[0] !== numbers[0]) return null;
  return numbers.map((digits) => Number.parseInt(digits, 10)).join('.');
}

function isNumber(text: string, length: number): boolean {
  return length > 0 && text.length === length && [...text].every((sign) => sign >= '0' && sign <= '9');
}

/** `4*` or `550`. */
function matches(pattern: string, code: string): boolean {
  return pattern.endsWith('*') ? code.startsWith(pattern.slice(0, -1)) : code === pattern;
}

/** `*` any number, `?` any last digit. */
function statusMatches(pattern: string, status: string): boolean {
  const numbers = status.split('.');
  return pattern.split('.').every((wanted, place) => {
    const number = numbers[place]!;
    if (wanted === '*') return true;
    if (!wanted.endsWith('?')) return wanted === number;
    return number.length === wanted.length && number.startsWith(wanted.slice(0, -1));
  });
}

/** A phrase that begins with a letter or digit stands at the start of a word. */
function hasPhrase(text: string, phrase: string): boolean {
  if (!/^[a-z0-9]/.test(phrase)) return text.includes(phrase);
  return new RegExp(`(?:^|[^a-z0-9])${phrase.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`).test(text);
}
