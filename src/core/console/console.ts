// One line in, one answer out: the operator's console without its sockets. Lines are handled one at a time per caller;
// the console itself holds no state between them.
import { ShardGone } from '../base/shard-gone.ts';
import {
  type Answer,
  type ArgumentKind,
  type ConsoleSession,
  refuse,
  reply,
  type Subject,
  usageOf,
} from './command.ts';
import { COMMANDS, commandsBelow, findCommand, refuseStrayWord, refuseUnknownCommand } from './commands.ts';
import type { Pages } from './pages.ts';
import { quoteWord, splitWords } from './words.ts';

/** Whoever asked several shards has waited for all of them. */
const WHAT_OTHERS_DID =
  'others have done what was asked, so look before you give the command again (paniclog says more)';

/** Most names that completion offers. */
const OFFERS_MAX = 100;

export class Console {
  readonly #subject: Subject;
  /** Of callers who do not say who they are. */
  readonly #ownSession: ConsoleSession = { name: 'the console' };

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  /** Carries out a command line. The text is safe to show: control characters in it are written as `\xNN`. */
  async answer(line: string, session = this.#ownSession): Promise<Answer> {
    const { text, failed, rest, isLive = false } = await this.#answered(line, session);
    const shown = { text: showControls(text === '' || text.endsWith('\n') ? text : `${text}\n`), failed };
    return rest === undefined ? shown : { ...shown, isLive, rest: showAll(rest) };
  }

  async #answered(line: string, session: ConsoleSession): Promise<Answer> {
    try {
      return await this.#run(line, session);
    } catch (error) {
      if (error instanceof ShardGone) return refuse(`${error.message}; ${WHAT_OTHERS_DID}`);
      throw error;
    }
  }

  #run(line: string, session: ConsoleSession): Answer | Promise<Answer> {
    const split = splitWords(line);
    if (split.kind === 'unterminated') return refuse(`the quote ${split.quote} is not closed`);
    const { words } = split;
    if (words.length === 0) return reply('');
    if (words[0] === 'xml') return refuse('answers in XML are not available; leave out "xml"');
    const command = findCommand(words);
    if (command === null) return refuseUnknownCommand(words);
    const args = words.slice(command.words.length);
    const stray = refuseStrayWord(command, args);
    if (stray !== null) return stray;
    const [least, most] = command.arity;
    if (args.length < least || args.length > most) return refuse(`usage: ${usageOf(command)}`);
    return command.run(args, this.#subject, line, session);
  }

  /** What may stand in place of the last word of `partialLine` (an empty word behind a blank), at most a hundred. */
  async completions(partialLine: string): Promise<string[]> {
    const partial = /\S*$/.exec(partialLine)![0];
    const split = splitWords(partialLine.slice(0, partialLine.length - partial.length));
    if (split.kind === 'unterminated') return [];
    const offers = new Set<string>();
    const offer = (word: string): void => {
      if (word.startsWith(partial) && offers.size < OFFERS_MAX) offers.add(word);
    };
    for (const command of commandsBelow(split.words)) {
      const next = command.words[split.words.length];
      if (next !== undefined) offer(next);
    }
    if (partial.startsWith('-')) {
      for (const [flag] of findCommand(split.words)?.usage.matchAll(/--[a-z-]+/g) ?? []) offer(flag);
    }
    try {
      for await (const names of this.#argumentNames(split.words)) {
        for (const name of names) offer(quoteWord(name));
        if (offers.size === OFFERS_MAX) break;
      }
    } catch (error) {
      if (!(error instanceof ShardGone)) throw error; // what was found until then is offered
    }
    return [...offers].sort();
  }

  async *#argumentNames(words: readonly string[]): Pages<string> {
    const command = findCommand(words);
    const args = words.slice(command?.words.length).filter((word) => !word.startsWith('--'));
    if (command?.complete !== undefined) yield [...command.complete(args, this.#subject)];
    else {
      const places = command?.offers ?? [];
      const kind = places[Math.min(args.length, places.length - 1)];
      if (kind) yield* this.#names(kind);
    }
  }

  async *#names(kind: ArgumentKind): Pages<string> {
    const { server } = this.#subject;
    if (kind === 'binding') for await (const page of server.bindings()) yield page.map((row) => row.binding);
    else if (kind === 'domain') for await (const page of server.domains()) yield page.map((row) => row.domain);
    else yield COMMANDS.map((command) => command.words[0]!);
  }
}

/** By hand, so that who leaves it is heard at once. */
function showAll(pieces: AsyncIterable<string>): AsyncIterable<string> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = pieces[Symbol.asyncIterator]();
      let isCut = false;
      return {
        async next() {
          if (isCut) return { done: true, value: undefined };
          try {
            const next = await iterator.next();
            return next.done ? next : { done: false, value: showControls(next.value) };
          } catch (error) {
            if (!(error instanceof ShardGone)) throw error;
            isCut = true;
            return { done: false, value: `[the answer ends here: ${error.message}]\n` };
          }
        },
        return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
      };
    },
  };
}

/** Mail brings names and addresses from strangers into answers; none may steer the operator's terminal. */
function showControls(text: string): string {
  return text.replace(
    /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g,
    (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
