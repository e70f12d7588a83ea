// Reading the words behind `config`: scopes, then perhaps an option; and what to say of words that are neither.
import { nearestName } from '../base/near-name.ts';
import { findOption, optionsNamed } from '../config/catalogue.ts';
import type { Option } from '../config/option.ts';
import { type ConfigProblem, formatMistake } from '../config/problem.ts';
import { GLOBAL_SCOPE } from '../config/scope.ts';
import { type ReadPath, readPath, unknownScope } from '../config/scope-path.ts';
import { formatPath, type Setting, type Stanza } from '../config/stanza.ts';
import type { WordSyntax } from '../config/syntax.ts';
import { unknownOption } from '../config/validator.ts';
import { type Answer, refuse } from './command.ts';
import type { ConfigFiles } from './config-holder.ts';

export type ScopePath = Extract<ReadPath, { kind: 'path' }>;

/** How each verb is used. */
export const USAGES: Readonly<Record<string, string>> = {
  eval: 'config eval [SCOPE...] OPTION',
  get: 'config get [SCOPE...] OPTION',
  explain: 'config explain [--json] [SCOPE...] OPTION',
  diff: 'config diff [--json] [FILE]',
  set: 'config set [SCOPE...] OPTION VALUE',
  unset: 'config unset [SCOPE...] [OPTION]',
  show: 'config show [SCOPE...] [OPTION]',
  showrecurse: 'config showrecurse [SCOPE...]',
  locate: 'config locate KEYWORD [NAME]',
  begin: 'config begin [from scratch]',
  commit: 'config commit',
  rollback: 'config rollback',
  replay: 'config replay',
  reload: 'config reload [--dry-run] [FILE]',
  writeback: 'config writeback [FILE]',
  help: 'config help [OPTION | STANZA | TOPIC]',
};

export function usage(verb: string): Answer {
  return refuse(`usage: ${USAGES[verb]}`);
}

/** The refusal of a path that would mean another file to the server than to who typed it; null for others. */
export function refuseRelative(path: string | null, files: ConfigFiles): Answer | null {
  if (path === null || files.isRemote === undefined || path.startsWith('/')) return null;
  return refuse(`found the path "${path}"; expected one that begins with / (the server reads and writes it)`);
}

/** The words are a path and the name of an option. */
export function onOption<A extends Answer | Promise<Answer> | { readonly kind: string }>(
  root: Stanza,
  verb: string,
  words: readonly WordSyntax[],
  answer: (path: ScopePath, name: WordSyntax) => A,
): A | Answer {
  const path = readPath(root, words);
  if (path.kind === 'problem') return refuseMistake(path.problem);
  const name = words[path.length];
  if (name === undefined) return usage(verb);
  if (words.length > path.length + 1) return refuseMistake(unknownScope(path.innermost, name));
  return answer(path, name);
}

/** The words are a path to a stanza that exists. */
export function onScope(root: Stanza, words: readonly WordSyntax[], answer: (stanza: Stanza) => Answer): Answer {
  const path = readPath(root, words);
  if (path.kind === 'problem') return refuseMistake(path.problem);
  const rest = words[path.length];
  if (rest !== undefined) return refuseMistake(unknownScope(path.innermost, rest));
  return path.stanza === null ? refuseMissing(path, root) : answer(path.stanza);
}

/** The option of that name that is valid in exactly that scope. */
export function optionIn(path: ScopePath, name: string): Option<unknown> | null {
  return findOption(path.innermost?.name ?? 'global', name);
}

/** The option a query means: the one of that scope, else one that the scope can fall back to, else any of that name. */
export function optionFor(path: ScopePath, name: string): Option<unknown> | null {
  const rows = optionsNamed(name);
  const scopes = ['global', ...path.steps.map((step) => step.kind.name)];
  const reachable = rows.find((row) => row.scopes.some((scope) => scopes.includes(scope)));
  return optionIn(path, name) ?? reachable ?? rows[0] ?? null;
}

export function ownSetting(path: ScopePath, name: string): Setting | null {
  const key = optionIn(path, name)?.name ?? name.toLowerCase();
  return path.stanza?.settings.get(key) ?? null;
}

export const scopeText = (path: ScopePath): string => formatPath(path.steps);

export function refuseOption(path: ScopePath, { text }: WordSyntax): Answer {
  return refuse(formatMistake(unknownOption({ kind: path.innermost ?? GLOBAL_SCOPE }, text)));
}

export function refuseMistake(problem: ConfigProblem): Answer {
  return refuse(formatMistake(problem));
}

export function refuseAll(problems: readonly ConfigProblem[]): Answer {
  return refuse(problems.map(formatMistake).join('\n'));
}

/** A path that leads to no stanza. */
export function refuseMissing(path: ScopePath, root: Stanza): Answer {
  let parent: Stanza = root;
  for (const step of path.steps) {
    const siblings = parent.children.get(step.kind.keyword)?.byKey;
    const child = siblings?.get(step.key);
    if (child !== undefined) parent = child;
    else {
      const names = Array.from(siblings?.values() ?? [], (sibling) => sibling.name ?? '');
      const nearest = step.name === null ? null : nearestName(step.name, names);
      const hint = nearest === null ? '' : ` (did you mean "${nearest}"?)`;
      return refuse(`no such ${step.kind.keyword}${step.name === null ? '' : ` "${step.name}"`}${hint}`);
    }
  }
  return refuse('no such scope');
}
