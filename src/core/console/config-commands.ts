// The `config` commands: reading and changing the configuration in force. The same words answer on the running server's
// console and in `headgate config`. Texts are those of docs/configuration.md, "On the console".
import { wallMs } from '../base/moment.ts';
import { nearestName } from '../base/near-name.ts';
import { findOption, optionsNamed } from '../config/catalogue.ts';
import { type Change, withChange } from '../config/change.ts';
import type { Configuration } from '../config/configuration.ts';
import { formatContents, formatSetting } from '../config/display.ts';
import { readTokens, type Token } from '../config/lexer.ts';
import type { Option } from '../config/option.ts';
import { parseValue } from '../config/parser.ts';
import {
  type ConfigProblem,
  type ConfigWarning,
  didYouMean,
  explainProblem,
  Findings,
  formatMistake,
  formatWarning,
} from '../config/problem.ts';
import { GLOBAL_SCOPE } from '../config/scope.ts';
import { type ReadPath, readPath, subjectOf, unknownScope } from '../config/scope-path.ts';
import { formatPath, type Setting, type Stanza } from '../config/stanza.ts';
import { indent, type WordSyntax } from '../config/syntax.ts';
import { unknownOption } from '../config/validator.ts';
import { type Answer, type ConfigAnswers, refuse, reply } from './command.ts';
import { describeOption } from './config-help.ts';
import { formatPlaces } from './config-places.ts';

/** What `config reload` brought about. With problems, nothing changed. */
export type ReloadResult =
  | { readonly kind: 'loaded'; readonly warnings: readonly ConfigWarning[] }
  | {
      readonly kind: 'problems';
      readonly problems: readonly ConfigProblem[];
      readonly warnings: readonly ConfigWarning[];
    };

/** The configuration in force and the ways to replace it. */
export interface ConfigHolder {
  current(): Configuration;
  /**
   * Puts a changed configuration in force; a lowered limit holds when this is done.
   * @returns why it could not be (a log or an endpoint that does not open), a line each; then nothing changed
   */
  apply(configuration: Configuration): readonly string[] | Promise<readonly string[]>;
  /** Loads the file (null: the one the server was started with) and puts it in force. */
  reload(path: string | null): ReloadResult | Promise<ReloadResult>;
}

type Applied =
  | { readonly kind: 'applied'; readonly warnings: readonly ConfigWarning[] }
  | { readonly kind: 'refused'; readonly answer: Answer };

type Path = Extract<ReadPath, { kind: 'path' }>;

/** Values of `get` in a scope, and of `unset`, stand this far in. */
const VALUE_INDENT = '        ';

const USAGES: Readonly<Record<string, string>> = {
  eval: 'config eval [SCOPE...] OPTION',
  get: 'config get [SCOPE...] OPTION',
  set: 'config set [SCOPE...] OPTION VALUE',
  unset: 'config unset [SCOPE...] [OPTION]',
  show: 'config show [SCOPE...] [OPTION]',
  showrecurse: 'config showrecurse [SCOPE...]',
  locate: 'config locate KEYWORD [NAME]',
  reload: 'config reload [FILE]',
  help: 'config help OPTION',
};

const MISSING_VERBS = ['begin', 'commit', 'rollback', 'replay', 'writeback'];

export class ConfigConsole implements ConfigAnswers {
  readonly verbs: readonly string[] = Object.keys(USAGES);
  readonly #holder: ConfigHolder;

  constructor(holder: ConfigHolder) {
    this.#holder = holder;
  }

  /**
   * @param words what follows `config`
   * @param rawLine the whole line; read by the rules of configuration text, in which quotes and backslashes keep their
   * meaning. A line that is none is taken by its words.
   */
  answer(words: readonly string[], rawLine: string): Answer | Promise<Answer> {
    const findings = new Findings();
    const tokens = readTokens('console', rawLine, findings);
    const [first] = tokens;
    const isCommand = first?.kind === 'word' && first.text.toLowerCase() === 'config';
    return findings.hasProblems ? this.answerWords(words) : this.#answer(isCommand ? tokens.slice(1) : tokens);
  }

  /** For words that were split before, such as the arguments of a process. */
  answerWords(words: readonly string[]): Answer | Promise<Answer> {
    const at = { file: 'console', line: 1, column: 1 };
    const tokens = words.map((text): Token => ({ kind: 'word', text, quoted: true, at }));
    return this.#answer([...tokens, { kind: 'end', at }]);
  }

  #answer(tokens: readonly Token[]): Answer | Promise<Answer> {
    const verb = tokens[0]?.kind === 'word' ? tokens[0].text.toLowerCase() : '';
    const rest = tokens.slice(1);
    if (verb === 'set') return this.#set(rest);
    const words = rest.filter((token): token is WordSyntax => token.kind === 'word');
    if (words.length < rest.length - 1 && verb in USAGES) return usage(verb);
    switch (verb) {
      case 'eval':
        return this.#onOption(verb, words, (path, name) => this.#eval(path, name));
      case 'get':
        return this.#onOption(verb, words, (path, name) => this.#get(path, name));
      case 'unset':
        return this.#unset(words);
      case 'show':
        return this.#show(words);
      case 'showrecurse':
        return this.#onScope(words, (stanza) => reply(formatContents(stanza, 'whole')));
      case 'locate':
        return words.length === 1 || words.length === 2
          ? formatPlaces(this.#root, words[0]!.text, words[1]?.text ?? null)
          : usage(verb);
      case 'help':
        return words.length === 1 ? describeOption(words[0]!.text) : usage(verb);
      case 'reload':
        return words.length > 1 ? usage(verb) : this.#reload(words[0]?.text ?? null);
      default:
        return refuseVerb(verb, this.verbs);
    }
  }

  get #root(): Stanza {
    return this.#holder.current().root;
  }

  /** The words are a path and the name of an option. */
  #onOption<A extends Answer | Promise<Answer>>(
    verb: string,
    words: readonly WordSyntax[],
    answer: (path: Path, name: WordSyntax) => A,
  ): A | Answer {
    const path = readPath(this.#root, words);
    if (path.kind === 'problem') return refuseMistake(path.problem);
    const name = words[path.length];
    if (name === undefined) return usage(verb);
    if (words.length > path.length + 1) return refuseMistake(unknownScope(path.innermost, name));
    return answer(path, name);
  }

  /** The words are a path to a stanza that exists. */
  #onScope(words: readonly WordSyntax[], answer: (stanza: Stanza) => Answer): Answer {
    const path = readPath(this.#root, words);
    if (path.kind === 'problem') return refuseMistake(path.problem);
    const rest = words[path.length];
    if (rest !== undefined) return refuseMistake(unknownScope(path.innermost, rest));
    return path.stanza === null ? refuseMissing(path, this.#root) : answer(path.stanza);
  }

  #eval(path: Path, name: WordSyntax): Answer {
    const own = path.stanza?.settings.get(name.text.toLowerCase());
    if (path.innermost?.name === 'module') return own ? reply(line(formatSetting(own))) : refuseOption(path, name);
    const option = optionFor(path, name.text);
    return option === null ? refuseOption(path, name) : reply(line(this.#effective(path, option)));
  }

  /** `Name = value` with fallback. */
  #effective(path: Path, option: Option<unknown>): string {
    return `${option.display} = ${this.#holder.current().resolve(option, subjectOf(path.steps)).text}`;
  }

  #get(path: Path, name: WordSyntax): Answer {
    const setting = ownSetting(path, name.text);
    if (setting !== null) return reply(line(indented(path, formatSetting(setting))));
    const option = findOption(path.innermost?.name ?? 'global', name.text);
    return option === null ? refuseOption(path, name) : reply(notSet(path, option));
  }

  #show(words: readonly WordSyntax[]): Answer {
    const path = readPath(this.#root, words);
    if (path.kind === 'path' && path.length < words.length)
      return this.#onOption('show', words, (scope, name) => this.#get(scope, name));
    return this.#onScope(words, (stanza) => reply(formatContents(stanza, 'abridged')));
  }

  async #set(tokens: readonly Token[]): Promise<Answer> {
    const words: WordSyntax[] = [];
    for (const token of tokens) {
      if (token.kind !== 'word') break;
      words.push(token);
    }
    const path = readPath(this.#root, words);
    if (path.kind === 'problem') return refuseMistake(path.problem);
    const option = words[path.length];
    if (option === undefined) return usage('set');
    const behind = tokens.slice(path.length + 1);
    const valueTokens = behind[0]?.kind === 'mark' && behind[0].mark === '=' ? behind.slice(1) : behind;
    if (valueTokens[0]?.kind === 'end') return usage('set');
    if (ownSetting(path, option.text) === null && optionIn(path, option.text) === null)
      return refuseOption(path, option);
    const findings = new Findings();
    const value = parseValue(valueTokens, option.text, findings);
    if (value === null) return refuseAll(findings.problems);
    const result = await this.#apply({ kind: 'set', path: path.steps, option, value });
    if (result.kind === 'refused') return result.answer;
    const name = path.innermost?.name;
    if (name === 'ec_logger' || name === 'module') return reply(`Set\n${notes(result.warnings, option)}`);
    const setting = ownSetting(readPath(this.#root, words) as Path, option.text)!;
    return reply(line(formatSetting(setting)) + notes(result.warnings, option) + restartNote(setting.option));
  }

  #unset(words: readonly WordSyntax[]): Answer | Promise<Answer> {
    const path = readPath(this.#root, words);
    if (path.kind === 'path' && path.length === words.length) return this.#remove(path);
    return this.#onOption('unset', words, async (scope, name) => {
      const setting = ownSetting(scope, name.text);
      const option = setting?.option ?? optionIn(scope, name.text);
      if (option === null) return refuseOption(scope, name);
      if (setting === null) return reply(notSet(scope, option));
      const result = await this.#apply({ kind: 'unset', path: scope.steps, option: name });
      if (result.kind === 'refused') return result.answer;
      if (scope.innermost?.name === 'module') return reply(`"${option.display}" has been unset.\n`);
      const effective = indent(this.#effective(scope, option), VALUE_INDENT);
      return reply(`"${option.display}" has been unset. Effective value is now:\n${effective}\n${restartNote(option)}`);
    });
  }

  async #remove(path: Path): Promise<Answer> {
    if (path.steps.length === 0) return refuse('the global scope cannot be unset');
    if (path.stanza === null) return refuseMissing(path, this.#root);
    const result = await this.#apply({ kind: 'remove', path: path.steps });
    return result.kind === 'refused' ? result.answer : reply(`${scopeText(path)} has been unset.\n`);
  }

  async #apply(change: Change): Promise<Applied> {
    const result = withChange(this.#holder.current(), change, { at: wallMs(0), by: 'console' });
    if (result.kind === 'problems') return { kind: 'refused', answer: refuseAll(result.problems) };
    const obstacles = await this.#holder.apply(result.configuration);
    if (obstacles.length > 0) return { kind: 'refused', answer: refuse(obstacles.join('\n')) };
    return { kind: 'applied', warnings: result.warnings };
  }

  async #reload(path: string | null): Promise<Answer> {
    const result = await this.#holder.reload(path);
    const warnings = result.warnings.map((warning) => line(formatWarning(warning))).join('');
    if (result.kind === 'loaded') return reply(`${warnings}Configuration reloaded.\n`);
    return refuse([...result.problems.map(explainProblem), 'Reconfigure failed'].join('\n'));
  }
}

const line = (text: string): string => `${text}\n`;

/** The option of that name that is valid in exactly that scope. */
function optionIn(path: Path, name: string): Option<unknown> | null {
  return findOption(path.innermost?.name ?? 'global', name);
}

/** The option a query means: the one of that scope, else one that the scope can fall back to, else any of that name. */
function optionFor(path: Path, name: string): Option<unknown> | null {
  const rows = optionsNamed(name);
  const scopes = ['global', ...path.steps.map((step) => step.kind.name)];
  const reachable = rows.find((row) => row.scopes.some((scope) => scopes.includes(scope)));
  return optionIn(path, name) ?? reachable ?? rows[0] ?? null;
}

function ownSetting(path: Path, name: string): Setting | null {
  const key = optionIn(path, name)?.name ?? name.toLowerCase();
  return path.stanza?.settings.get(key) ?? null;
}

function indented(path: Path, text: string): string {
  return path.steps.length === 0 ? text : indent(text, VALUE_INDENT);
}

const scopeText = (path: Path): string => formatPath(path.steps);

function notSet(path: Path, option: Option<unknown>): string {
  return `Option '${option.display}' is not set in scope '${scopeText(path)}'.\n`;
}

/** What to know of a value that was just set. */
function notes(warnings: readonly ConfigWarning[], option: WordSyntax): string {
  const own = warnings.filter(({ at }) => at === option.at);
  return own.map(({ subject, text }) => `warning: ${subject}: ${text}\n`).join('');
}

function restartNote(option: Option<unknown>): string {
  return option.needsRestart ? `warning: ${option.name}: takes effect at the next start\n` : '';
}

function usage(verb: string): Answer {
  return refuse(`usage: ${USAGES[verb]}`);
}

function refuseVerb(verb: string, verbs: readonly string[]): Answer {
  if (MISSING_VERBS.includes(verb))
    return refuse(`config ${verb}: not available in this version; config set acts at once`);
  if (verb === '') return refuse(`config: expected one of ${verbs.join(', ')}`);
  const hint = didYouMean(nearestName(verb, verbs));
  return refuse(formatMistake({ subject: 'config', found: `"${verb}"`, expected: `one of ${verbs.join(', ')}`, hint }));
}

function refuseOption(path: Path, { text }: WordSyntax): Answer {
  return refuse(formatMistake(unknownOption({ kind: path.innermost ?? GLOBAL_SCOPE }, text)));
}

function refuseMistake(problem: ConfigProblem): Answer {
  return refuse(formatMistake(problem));
}

function refuseAll(problems: readonly ConfigProblem[]): Answer {
  return refuse(problems.map(formatMistake).join('\n'));
}

/** A path that leads to no stanza. */
function refuseMissing(path: Path, root: Stanza): Answer {
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
