// The command table: every command the console knows, and how a line finds its row.
import { nearestName } from '../base/near-name.ts';
import { ANY_NUMBER, type Answer, type Command, refuse, reply, usageOf } from './command.ts';
import { configOffers } from './config-completion.ts';
import { CONNECTION_COMMANDS } from './connection-commands.ts';
import { CURFEW_COMMANDS } from './curfew-commands.ts';
import { DNS_COMMANDS } from './dns-commands.ts';
import { DOMAIN_COMMANDS } from './domain-commands.ts';
import { textOf } from './layout.ts';
import { JSON_FLAG } from './list-answer.ts';
import { MAIL_COMMANDS } from './mail-commands.ts';
import { MESSAGE_COMMANDS } from './message-commands.ts';
import { MTA_STS_COMMANDS } from './mta-sts-commands.ts';
import { QUEUE_COMMANDS } from './queue-commands.ts';
import { SERVER_COMMANDS } from './server-commands.ts';
import { SUMMARY_COMMANDS } from './summary-commands.ts';
import { TLS_COMMANDS } from './tls-commands.ts';
import { TLS_REPORT_COMMANDS } from './tls-report-commands.ts';
import { TRACE_COMMANDS } from './trace-commands.ts';
import { verbLines } from './verb-list.ts';
import { WAIT_COMMANDS } from './wait-commands.ts';
import { WHY_COMMANDS } from './why-command.ts';

const CONFIG_COMMAND: Command = {
  words: ['config'],
  usage: 'VERB [SCOPE [NAME]]... [OPTION] [VALUE]',
  help: 'reads and changes the configuration in force',
  more: verbLines,
  arity: [0, ANY_NUMBER],
  complete: ([verb, ...path], { config, stanzas }) =>
    verb === undefined ? config.verbs : configOffers(path, stanzas()),
  run: (args, { config }, rawLine, session) => config.answer(args, rawLine, session),
};

const WRITE_CONFIG_COMMAND: Command = {
  words: ['write', 'config'],
  usage: '[FILE]',
  help: 'prints the main file with all changes in it, or writes it on the server',
  arity: [0, 1],
  run: ([path], { config }) => config.writeMainFile(path ?? null),
};

const HELP_COMMAND: Command = {
  words: ['help'],
  usage: '[COMMAND]',
  help: 'lists the commands, or those that begin with the given words',
  arity: [0, ANY_NUMBER],
  offers: ['command'],
  run: (args) => help(args),
};

/** In alphabetical order of what they are called by. */
export const COMMANDS: readonly Command[] = [
  CONFIG_COMMAND,
  HELP_COMMAND,
  WRITE_CONFIG_COMMAND,
  ...CONNECTION_COMMANDS,
  ...CURFEW_COMMANDS,
  ...DNS_COMMANDS,
  ...DOMAIN_COMMANDS,
  ...MAIL_COMMANDS,
  ...MESSAGE_COMMANDS,
  ...MTA_STS_COMMANDS,
  ...QUEUE_COMMANDS,
  ...SERVER_COMMANDS,
  ...SUMMARY_COMMANDS,
  ...TLS_COMMANDS,
  ...TLS_REPORT_COMMANDS,
  ...TRACE_COMMANDS,
  ...WAIT_COMMANDS,
  ...WHY_COMMANDS,
].sort((a, b) => (a.words.join(' ') < b.words.join(' ') ? -1 : 1));

const startsWith = (longer: readonly string[], shorter: readonly string[]): boolean =>
  shorter.every((word, index) => longer[index] === word);

/** The command with the longest name among those that `words` begin with, or null. */
export function findCommand(words: readonly string[]): Command | null {
  let found: Command | null = null;
  for (const command of COMMANDS) {
    if (startsWith(words, command.words) && command.words.length > (found?.words.length ?? 0)) found = command;
  }
  return found;
}

/** Commands whose names begin with `words`. */
export function commandsBelow(words: readonly string[]): Command[] {
  return COMMANDS.filter((command) => startsWith(command.words, words));
}

/** What to say to words that name no command: what may follow, or what was likely meant. */
export function refuseUnknownCommand(words: readonly string[]): Answer {
  const below = commandsBelow(words);
  if (below.length > 0)
    return refuse(textOf(['incomplete command; expected one of', ...below.map(usageLine)]).trimEnd());
  const meant = nearestCommand(words);
  const hint = meant === null ? '"help" lists the commands' : `did you mean "${meant}"?`;
  return refuse(`unknown command "${words[0]}" (${hint})`);
}

/** What to say to a word behind a command that takes none, where longer commands begin the same; null otherwise. */
export function refuseStrayWord(command: Command, args: readonly string[]): Answer | null {
  const stray = args.find((word) => word !== JSON_FLAG);
  const below = commandsBelow(command.words);
  const takesNone = command.usage === '' || command.usage === `[${JSON_FLAG}]`;
  if (stray === undefined || !takesNone || below.length < 2) return null;
  return refuse(textOf([`found "${stray}"; expected one of`, ...below.map(usageLine)]).trimEnd());
}

function nearestCommand(words: readonly string[]): string | null {
  for (let length = Math.min(words.length, 4); length > 0; length--) {
    const names = COMMANDS.filter((command) => command.words.length === length).map((command) =>
      command.words.join(' '),
    );
    const nearest = nearestName(words.slice(0, length).join(' '), names);
    if (nearest !== null) return nearest;
  }
  return nearestName(words[0] ?? '', new Set(COMMANDS.map((command) => command.words[0] ?? '')));
}

const usageLine = (command: Command): string => `  ${usageOf(command)}`;

function help(words: readonly string[]): Answer {
  const commands = commandsBelow(words);
  const own = commands.length === 0 ? findCommand(words) : null; // with arguments behind it: `help active 100`
  if (own !== null) commands.push(own);
  if (commands.length === 0) return refuseUnknownCommand(words);
  const more = commands.length === 1 ? (commands[0]!.more?.() ?? []) : [];
  const lines = commands.flatMap((command) => [usageOf(command), `        ${command.help}`]);
  return reply(textOf([...lines, ...more.map((line) => `        ${line}`)]));
}
