// The `config` commands: reading and changing the configuration in force. The same words answer on the running server's
// console and in `headgate config`. Texts are those of docs/configuration.md, "On the console". Each group of verbs is
// a file beside this one.
import { nearestName } from '../base/near-name.ts';
import { withChange } from '../config/change.ts';
import type { Configuration } from '../config/configuration.ts';
import { isStrayMark, readTokens, type Token } from '../config/lexer.ts';
import type { LoadResult } from '../config/load.ts';
import { didYouMean, Findings, formatMistake } from '../config/problem.ts';
import type { ChangeAuthor } from '../config/provenance.ts';
import type { WordSyntax } from '../config/syntax.ts';
import { type Answer, type ConfigAnswers, type ConsoleSession, refuse, reply } from './command.ts';
import { type ReadChange, readSet, readUnset } from './config-changes.ts';
import { describeHelp } from './config-help.ts';
import type { ConfigHolder } from './config-holder.ts';
import { inquire } from './config-inquiries.ts';
import { refuseAll, refuseRelative, USAGES, usage } from './config-path.ts';
import { formatPlaces } from './config-places.ts';
import { reload } from './config-reload.ts';
import { formatRunTimeChange, Transaction } from './config-transaction.ts';
import { evaluate, getSetting, show, showRecurse } from './config-values.ts';
import { writeBack, writeMainFile } from './config-writeback.ts';
import { textOf } from './layout.ts';
import type { LimitView } from './limit-view.ts';
import { verbLines } from './verb-list.ts';

const NO_TRANSACTION =
  'no transaction is open in this session; "config begin" opens one, and the end of a session ends it';

export class ConfigConsole implements ConfigAnswers {
  readonly verbs: readonly string[] = Object.keys(USAGES);
  readonly #holder: ConfigHolder;
  readonly #view: LimitView | null;
  /** Those of sessions that are gone go with them. */
  readonly #transactions = new WeakMap<ConsoleSession, Transaction>();
  /** Of callers who do not say who they are. */
  readonly #ownSession: ConsoleSession = { name: 'the console' };

  /** @param view null without a server */
  constructor(holder: ConfigHolder, view: LimitView | null = null) {
    this.#holder = holder;
    this.#view = view;
  }

  /**
   * @param words what follows `config`
   * @param rawLine the whole line; read by the rules of configuration text, in which quotes and backslashes keep their
   * meaning. A line that is none is taken by its words.
   */
  answer(words: readonly string[], rawLine: string, session = this.#ownSession): Answer | Promise<Answer> {
    const findings = new Findings();
    const tokens = readTokens('console', rawLine, findings);
    const [first] = tokens;
    const isCommand = first?.kind === 'word' && first.text.toLowerCase() === 'config';
    const stray = findings.hasProblems ? findings.problems.find(isStrayMark) : undefined;
    if (stray !== undefined) return refuseAll([stray]);
    if (findings.hasProblems) return this.answerWords(words, session);
    return this.#answer(isCommand ? tokens.slice(1) : tokens, session);
  }

  /** For words that were split before, such as the arguments of a process. */
  answerWords(words: readonly string[], session = this.#ownSession): Answer | Promise<Answer> {
    const at = { file: 'console', line: 1, column: 1 };
    const tokens = words.map((text): Token => ({ kind: 'word', text, quoted: true, at }));
    return this.#answer([...tokens, { kind: 'end', at }], session);
  }

  writeMainFile(path: string | null): Answer | Promise<Answer> {
    return writeMainFile(this.#holder, path);
  }

  #answer(tokens: readonly Token[], session: ConsoleSession): Answer | Promise<Answer> {
    const verb = tokens[0]?.kind === 'word' ? tokens[0].text.toLowerCase() : '';
    const rest = tokens.slice(1);
    const draft = this.#transactions.get(session)?.draft ?? null;
    const configuration = draft ?? this.#holder.current();
    if (verb === 'set') return this.#change(readSet(configuration, rest, this.#holder.clock.now()), session);
    const words = rest.filter((token): token is WordSyntax => token.kind === 'word');
    if (words.length < rest.length - 1 && Object.hasOwn(USAGES, verb)) return usage(verb);
    const answered = inquire(verb, words, { holder: this.#holder, draft, view: this.#view });
    if (answered !== null) return answered;
    const [first, second] = words.map(({ text }) => text);
    switch (verb) {
      case 'eval':
        return evaluate(configuration, words, this.#holder);
      case 'get':
        return getSetting(configuration, words);
      case 'unset':
        return this.#change(readUnset(configuration, words, this.#holder.machine), session);
      case 'show':
        return show(configuration, words);
      case 'showrecurse':
        return showRecurse(configuration, words);
      case 'locate':
        if (first === undefined || words.length > 2) return usage(verb);
        return formatPlaces(configuration.root, first, second ?? null);
      case 'help':
        return words.length > 1 ? usage(verb) : describeHelp(first ?? null);
      case 'begin':
        if (words.length === 0) return this.#begin(session, 'running');
        if (words.length === 2 && first === 'from' && second === 'scratch') return this.#begin(session, 'scratch');
        return usage(verb);
      case 'commit':
        return words.length > 0 ? usage(verb) : this.#commit(session);
      case 'rollback':
        return words.length > 0 ? usage(verb) : this.#rollback(session);
      case 'replay':
        return words.length > 0 ? usage(verb) : this.#replay(session);
      case 'reload':
        if (words.length > 1) return usage(verb);
        if (this.#transactions.has(session))
          return refuse('a transaction is open in this session; "config commit" or "config rollback" comes first');
        return (
          refuseRelative(first ?? null, this.#holder.files) ??
          reload(this.#holder, first ?? null, this.#author(session))
        );
      case 'writeback':
        return words.length > 1 ? usage(verb) : this.#writeBack(first ?? null, session);
      default:
        return this.#refuseVerb(verb);
    }
  }

  // ---- changes

  #author({ name }: ConsoleSession): ChangeAuthor {
    return { at: this.#holder.clock.now(), by: name };
  }

  /** At once, or in the session's transaction. */
  async #change(read: ReadChange, session: ConsoleSession): Promise<Answer> {
    if (!('change' in read)) return read;
    const transaction = this.#transactions.get(session);
    if (transaction !== undefined) {
      const added = transaction.add(read.change, this.#author(session));
      return added.kind === 'added' ? read.describe(transaction.draft, added.warnings) : refuseAll(added.problems);
    }
    const result = withChange(this.#holder.current(), read.change, this.#author(session));
    return this.#put(result, (configuration) => {
      return read.describe(configuration, result.warnings);
    });
  }

  /** Puts a result in force, if it is one. */
  async #put(result: LoadResult, describe: (configuration: Configuration) => Answer): Promise<Answer> {
    if (result.kind === 'problems') return refuseAll(result.problems);
    const { machine } = this.#holder;
    const known = [...(machine?.cautions(this.#holder.current()) ?? [])];
    const obstacles = await this.#holder.apply(result.configuration);
    if (obstacles.length > 0) return refuse(obstacles.join('\n'));
    const answer = describe(result.configuration);
    const news = (machine?.cautions(result.configuration) ?? []).filter((text) => {
      const place = known.indexOf(text); // the same may be said of several stanzas
      if (place >= 0) known.splice(place, 1);
      return place < 0;
    });
    return { ...answer, text: answer.text + news.map((text) => `warning: ${text}\n`).join('') };
  }

  async #writeBack(path: string | null, session: ConsoleSession): Promise<Answer> {
    const answer = await writeBack(this.#holder, path);
    if (!this.#transactions.has(session)) return answer;
    const note = 'note: the transaction that is open in this session is not part of it; "config commit" comes first\n';
    return { ...answer, text: answer.text + note };
  }

  // ---- transactions

  #begin(session: ConsoleSession, from: 'running' | 'scratch'): Answer {
    if (this.#transactions.has(session))
      return refuse('a transaction is open already in this session; "config commit" or "config rollback" ends it');
    this.#transactions.set(session, new Transaction(this.#holder.current(), from));
    return reply(from === 'running' ? 'Transaction begun.\n' : 'Transaction begun from scratch.\n');
  }

  /** A transaction that cannot be put in force stays open. */
  async #commit(session: ConsoleSession): Promise<Answer> {
    const transaction = this.#transactions.get(session);
    if (transaction === undefined) return refuse(NO_TRANSACTION);
    if (transaction.isEmpty) {
      this.#transactions.delete(session);
      return reply('Nothing to commit.\n');
    }
    const running = this.#holder.current();
    const competitor = transaction.competitor(running);
    if (competitor !== null) {
      const change = formatRunTimeChange(competitor, this.#holder.clock);
      return refuse(
        `not committed: the configuration was changed after this transaction began (${change}); "config replay" prints the changes made here, "config rollback" gives them up`,
      );
    }
    return this.#put(transaction.result(running, this.#author(session)), ({ version }) => {
      this.#transactions.delete(session);
      return reply(`Transaction committed; configuration ${version} is in force.\n`);
    });
  }

  #rollback(session: ConsoleSession): Answer {
    if (!this.#transactions.delete(session)) return refuse(NO_TRANSACTION);
    return reply('Transaction rolled back.\n');
  }

  #replay(session: ConsoleSession): Answer {
    const transaction = this.#transactions.get(session);
    if (transaction === undefined) return refuse(NO_TRANSACTION);
    return reply(transaction.commands.map((command) => `${command}\n`).join(''));
  }

  #refuseVerb(verb: string): Answer {
    const expected = `one of ${this.verbs.join(', ')}`;
    if (verb === '') return reply(textOf(verbLines()));
    const hint = didYouMean(nearestName(verb, this.verbs));
    return refuse(formatMistake({ subject: 'config', found: `"${verb}"`, expected, hint }));
  }
}
