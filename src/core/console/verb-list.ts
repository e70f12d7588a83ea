// What each `config` verb is for, a line each: the answer to a bare `config`, and a part of `help config`.
import { USAGES } from './config-path.ts';

const PURPOSES: Readonly<Record<string, string>> = {
  eval: 'the value in force, with fallback',
  get: 'the value that exactly this scope sets',
  explain: 'the value with everything that led to it',
  diff: 'what the file, or the open transaction, would change',
  set: 'sets an option, at once or in the open transaction',
  unset: 'takes an option or a stanza out',
  show: 'what stands in a scope',
  showrecurse: 'the same with all that is below it',
  locate: 'every stanza of a kind',
  begin: 'opens a transaction of this session',
  commit: 'puts the changes of the transaction in force together',
  rollback: 'gives them up',
  replay: 'prints them as they can be typed again',
  reload: 'reads the files anew; --dry-run says what that would do',
  writeback: 'saves changes into the files they belong to, or all into one file',
  help: 'describes an option, a stanza or a topic; bare it lists the options by topic',
};

export function verbLines(): string[] {
  const width = Math.max(...Object.values(USAGES).map(({ length }) => length)) + 2;
  return Object.entries(USAGES).map(([verb, usage]) => `${usage.padEnd(width)}${PURPOSES[verb] ?? ''}`.trimEnd());
}
