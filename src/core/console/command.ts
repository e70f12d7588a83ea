// What a console command is: a row of the command table. The groups of commands beside this file are made of such rows.
import { nearestName } from '../base/near-name.ts';
import type { Stanza } from '../config/stanza.ts';
import { collectPages } from './pages.ts';
import type { ProcessView, ServerView } from './server-view.ts';

/** The text to print (lines, each ended by LF) and whether the thing asked for was refused. */
export interface Answer {
  readonly text: string;
  readonly failed: boolean;
  /** What follows the text, in pieces of whole lines that are made as the client takes them. */
  readonly rest?: AsyncIterable<string>;
  /** What follows has no end of its own in sight: input of the client ends it. */
  readonly isLive?: boolean;
}

/** The `config` commands. */
export interface ConfigAnswers {
  /** What may stand behind `config`, for completion. */
  readonly verbs: readonly string[];
  /** @param words what follows `config` @param rawLine the whole line as typed */
  answer(words: readonly string[], rawLine: string, session: ConsoleSession): Answer | Promise<Answer>;
  /** `write config`. @param path null prints it */
  writeMainFile(path: string | null): Answer | Promise<Answer>;
}

/** One client of the console: the object stands for it, and what belongs to the client ends with it. */
export interface ConsoleSession {
  /** Such as `/tmp/2025 (session 3)`. */
  readonly name: string;
}

/** What the commands read and act on. */
export interface Subject {
  readonly server: ServerView;
  readonly process: ProcessView;
  readonly config: ConfigAnswers;
  /** The stanzas of the configuration in force. */
  readonly stanzas: () => Stanza;
}

/** What completion may offer for an argument. */
export type ArgumentKind = 'domain' | 'binding' | 'command';

export interface Command {
  /** What it is called by, one word each. */
  readonly words: readonly string[];
  /** Its arguments as the usage line shows them; empty when it takes none. */
  readonly usage: string;
  /** One line for `help`. */
  readonly help: string;
  /** Further lines for `help` about this command alone. */
  more?(): readonly string[];
  /** How many arguments it takes at least and at most. */
  readonly arity: readonly [number, number];
  /** For completion: what stands in each place; further places repeat the last. Null: nothing to offer. */
  readonly offers?: readonly (ArgumentKind | null)[];
  /** For completion, where that depends on the arguments before: what may follow them. */
  complete?(args: readonly string[], subject: Subject): Iterable<string>;
  /** `rawLine` is the line as typed, for commands that split it in their own way. */
  run(args: readonly string[], subject: Subject, rawLine: string, session: ConsoleSession): Answer | Promise<Answer>;
}

export const reply = (text: string): Answer => ({ text, failed: false });
export const refuse = (text: string): Answer => ({ text: `${text}\n`, failed: true });

export const ANY_NUMBER = Number.POSITIVE_INFINITY;

export function usageOf(command: Command): string {
  return [...command.words, command.usage].join(' ').trimEnd();
}

/** What a whole number from 0 (or `least`) on means, or null. Nine digits at most, so sums stay exact. */
export function parseCount(word: string, least = 0): number | null {
  return /^\d{1,9}$/.test(word) && Number(word) >= least ? Number(word) : null;
}

/** The refusal of a binding that does not exist, or null for one that does. */
export async function unknownBinding(name: string, server: ServerView): Promise<Answer | null> {
  const names = (await collectPages(server.bindings())).map((row) => row.binding);
  return names.includes(name) ? null : refuseUnknown('binding', name, names);
}

/** Names are case-sensitive, which is the commonest slip, so a name that differs only in case is suggested too. */
export function refuseUnknown(kind: string, name: string, candidates: Iterable<string>): Answer {
  const nearest = nearestName(name, candidates);
  return refuse(
    `no such ${kind} "${name}"${nearest === null ? '' : ` (names are case-sensitive; did you mean "${nearest}"?)`}`,
  );
}
