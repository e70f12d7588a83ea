// The language of classification rules: a line each, `CODE CONDITION...`, the first whose conditions all hold decides.
//
//     10  status *.1.1                           the enhanced status code; * stands for any number, ? for a last digit
//     23  reply 552                              the reply code; 4* for a class
//     51  text "listed" "spamhaus"               all of these words, in any order and case, each from the start of a word
//     30  reply 550 stage rcpt                   the command that was answered
//     bounce 99 "our own class" Soft             makes a class of the operator's own, below 100
import { BOUNCE_CLASSES, type BounceCategory, type BounceClass } from './classification.ts';

const STAGES = ['mail', 'rcpt', 'data', 'body'] as const;

/** What was answered when the message failed. */
export type AnsweredCommand = (typeof STAGES)[number];

export interface ClassificationRule {
  readonly code: number;
  /** Matches a whole enhanced status code, or null. */
  readonly status: RegExp | null;
  /** What the reply code begins with, or null. */
  readonly reply: string | null;
  /** In lower case. */
  readonly phrases: readonly string[];
  readonly command: AnsweredCommand | null;
}

export interface RuleProblem {
  /** Counted from 1. */
  readonly line: number;
  readonly text: string;
}

export interface RuleFile {
  readonly rules: readonly ClassificationRule[];
  /** Those that are known beside the documented ones. */
  readonly classes: readonly BounceClass[];
  /** Lines that were passed over. */
  readonly problems: readonly RuleProblem[];
}

const WORD = /"(?:[^"\\]|\\.)*"|[^\s"]+/g;
const STATUS = /^([245*])\.(\d{1,3}|\*)\.(\d{1,3}|\d{0,2}\?|\*)$/;
const REPLY = /^[245](?:\d\d|\*)$/;
const CATEGORIES: readonly string[] = ['Undetermined', 'Hard', 'Soft', 'Admin', 'Block'] satisfies BounceCategory[];

/**
 * @param known classes that were made elsewhere
 * @returns the rules in order; what cannot be read is named and left out
 */
export function parseRules(text: string, known: readonly BounceClass[] = []): RuleFile {
  const rules: ClassificationRule[] = [];
  const classes: BounceClass[] = [...known];
  const problems: RuleProblem[] = [];
  const codes = new Set([...BOUNCE_CLASSES, ...known].map(({ code }) => code));
  for (const [index, line] of text.split('\n').entries()) {
    const words = [...withoutComment(line).matchAll(WORD)].map(([word]) => word);
    if (words.length === 0) continue;
    const read = words[0] === 'bounce' ? readClass(words.slice(1), codes) : readRule(words, codes);
    if (typeof read === 'string') problems.push({ line: index + 1, text: read });
    else if ('category' in read) {
      classes.push(read);
      codes.add(read.code);
    } else rules.push(read);
  }
  return { rules, classes, problems };
}

/** Everything behind a `#` outside quotes. */
function withoutComment(line: string): string {
  let isQuoted = false;
  for (let at = 0; at < line.length; at++) {
    const sign = line[at];
    if (sign === '\\') at++;
    else if (sign === '"') isQuoted = !isQuoted;
    else if (sign === '#' && !isQuoted) return line.slice(0, at);
  }
  return line;
}

function readClass([number, name, category]: readonly string[], codes: ReadonlySet<number>): BounceClass | string {
  const code = Number(number);
  if (!Number.isInteger(code) || code < 1 || code > 99)
    return `a class of your own has a number from 1 to 99, not ${number}`;
  if (codes.has(code)) return `${code} is a class already`;
  if (name === undefined || !name.startsWith('"')) return 'the name of the class is expected in quotes';
  if (category === undefined || !CATEGORIES.includes(category))
    return `expected one of ${CATEGORIES.join(', ')} behind the name`;
  return { code, name: unquoted(name), category: category as BounceCategory };
}

function readRule([number, ...words]: readonly string[], codes: ReadonlySet<number>): ClassificationRule | string {
  const code = Number(number);
  if (!codes.has(code)) return `no class has the number ${number}`;
  let status: RegExp | null = null;
  let reply: string | null = null;
  let command: AnsweredCommand | null = null;
  const phrases: string[] = [];
  while (words.length > 0) {
    const condition = words.shift()!;
    if (condition === 'text') {
      while (words[0]?.startsWith('"')) phrases.push(unquoted(words.shift()!).toLowerCase());
      if (phrases.length === 0 || phrases.includes('')) return 'text is followed by words in quotes';
      continue;
    }
    const value = words.shift() ?? '';
    if (condition === 'status') {
      if (!STATUS.test(value)) return `status is followed by a code such as 5.1.1 or *.2.2, not ${value}`;
      status = statusPattern(value);
    } else if (condition === 'reply') {
      if (!REPLY.test(value)) return `reply is followed by a code such as 552 or 4*, not ${value}`;
      reply = value.replace('*', '');
    } else if (condition === 'stage') {
      if (!isCommand(value)) return `stage is followed by one of ${STAGES.join(', ')}, not ${value}`;
      command = value;
    } else return `expected status, reply, text or stage, not ${condition}`;
  }
  if (status === null && reply === null && command === null && phrases.length === 0) return 'a rule needs a condition';
  return { code, status, reply, phrases, command };
}

const isCommand = (word: string): word is AnsweredCommand => (STAGES as readonly string[]).includes(word);

const unquoted = (word: string): string => word.slice(1, -1).replace(/\\(.)/g, '$1');

/** Built from digits, dots and signs that were checked. */
function statusPattern(value: string): RegExp {
  return new RegExp(`^${value.replaceAll('.', '\\.').replaceAll('*', '\\d{1,3}').replace('?', '\\d')}$`);
}
