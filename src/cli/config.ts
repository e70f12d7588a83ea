// `headgate config`: checks configurations and asks them, without a server. Answers are those of the console.
import { hostname } from 'node:os';
import { createInterface } from 'node:readline';
import { wallMs } from '../core/base/moment.ts';
import { nearestName } from '../core/base/near-name.ts';
import type { Configuration } from '../core/config/configuration.ts';
import { checkWarnings } from '../core/config/findings/check-warnings.ts';
import { type LoadOptions, type LoadResult, loadConfiguration } from '../core/config/load.ts';
import { type ConfigWarning, didYouMean, explainProblem, formatWarning } from '../core/config/problem.ts';
import type { Answer } from '../core/console/command.ts';
import { ConfigConsole } from '../core/console/config-commands.ts';
import { JSON_FLAG } from '../core/console/config-explain.ts';
import type { ConfigClock, ConfigMachine } from '../core/console/config-holder.ts';
import { LoneConfig } from '../core/console/lone-config.ts';
import { noteUndeclared } from '../core/console/undeclared-binding.ts';
import { ownRoutes } from '../daemon/address-check.ts';
import { CONFIG_FILES } from '../daemon/config-files.ts';
import { loadForServer } from '../daemon/load-for-server.ts';
import { readSource } from '../daemon/read-source.ts';
import { isLoopback } from './sink-endpoint.ts';

const USAGE = `\
usage: headgate config check [--lenient] FILE...
       headgate config eval|get -c FILE [SCOPE...] OPTION
       headgate config explain -c FILE [--json] [SCOPE...] OPTION
       headgate config diff -c FILE [--json] OTHER
       headgate config show|showrecurse -c FILE [SCOPE...]
       headgate config locate -c FILE KEYWORD [NAME]
       headgate config shell -c FILE
       headgate config help [OPTION | STANZA | TOPIC]

check prints "Configuration valid" for each file, or every mistake in it, and warns of what has no effect. The others answer
as the console does; shell answers the commands on its standard input, a line each; its changes end with it unless config
writeback saves them. -c may be left out: /etc/headgate/headgate.conf. Exit status: 0 done, 1 refused, 2 usage, 78 a configuration that does not load.
`;

const DEFAULT_FILE = '/etc/headgate/headgate.conf';
const QUERIES = ['eval', 'get', 'explain', 'diff', 'show', 'showrecurse', 'locate'];
const EX_CONFIG = 78;
/** Which addresses it has matters where the server runs, and is said there. */
const MACHINE: ConfigMachine = { hostname: hostname(), cautions: () => [] };
const CLOCK: ConfigClock = {
  now: () => wallMs(Date.now()),
  utcOffsetMinutes: (at) => -new Date(at).getTimezoneOffset(),
};

/** @param argv what follows `headgate config` @returns the exit status */
export async function runConfig(argv: readonly string[]): Promise<number> {
  const [verb = '', ...rest] = argv;
  process.stdout.on('error', () => process.exit(0)); // the reader has seen enough, as `head` does
  if (verb === 'check') return runCheck(rest);
  if (verb === 'help' && rest.length < 2) return show(await offlineConsole(null).answerWords(argv));
  if (verb === 'shell' || QUERIES.includes(verb)) {
    const { file, words } = takeFile(rest);
    if (file === null) return refuseUsage('-c: found no file behind it; expected -c FILE');
    return verb === 'shell' ? runShell(file, words) : runQuery(file, [verb, ...words]);
  }
  if (verb === '--help' || verb === '-h') {
    process.stdout.write(USAGE);
    return 0;
  }
  if (verb === 'help') return refuseUsage('help: expected at most one name');
  return refuseUsage(verbMistake(verb));
}

/** Short, and with the mistake: the whole of it would push that out of sight. */
function refuseUsage(mistake: string): number {
  process.stderr.write(`headgate config: ${mistake}\n"headgate config --help" says how it is used\n`);
  return 2;
}

function verbMistake(verb: string): string {
  const verbs = ['check', ...QUERIES, 'shell', 'help'];
  const expected = `expected one of ${verbs.join(', ')}`;
  if (verb === '') return expected;
  if (offlineConsole(null).verbs.includes(verb.toLowerCase()))
    return `"${verb}" changes a running server: use it on its console (headgate console), or in headgate config shell`;
  const hint = didYouMean(nearestName(verb, verbs));
  return `found "${verb}"; ${expected}${hint === undefined ? '' : ` (${hint})`}`;
}

/** Takes `-c FILE` out of the arguments, wherever it stands; null for a `-c` without a file. */
function takeFile(argv: readonly string[]): { file: string | null; words: readonly string[] } {
  const flag = argv.indexOf('-c');
  if (flag < 0) return { file: DEFAULT_FILE, words: argv };
  return { file: argv[flag + 1] ?? null, words: [...argv.slice(0, flag), ...argv.slice(flag + 2)] };
}

function runCheck(argv: readonly string[]): number {
  const files = argv.filter((word) => word !== '--lenient');
  const flag = files.find((file) => file.startsWith('-'));
  if (flag !== undefined) return refuseUsage(`check: found "${flag}"; expected --lenient or files`);
  if (files.length === 0) return refuseUsage('check: expected at least one file');
  let status = 0;
  for (const file of files) {
    const result = load(file, argv.includes('--lenient'));
    if (result.kind === 'loaded') {
      const { configuration } = result;
      // The addresses of loopback are those of every machine.
      const doubts = [...checkWarnings(configuration, CLOCK.now()), ...ownRoutes(configuration, isLoopback)];
      process.stderr.write(doubts.map((warning) => `${formatWarning(warning)}\n`).join(''));
      process.stdout.write('Configuration valid\n');
    } else {
      process.stdout.write(result.problems.map((problem) => `${explainProblem(problem)}\n`).join(''));
      status = EX_CONFIG;
    }
  }
  return status;
}

async function runQuery(file: string, words: readonly string[]): Promise<number> {
  const configuration = loadOrExplain(file);
  if (configuration === null) return EX_CONFIG;
  const answer = await offlineConsole(configuration).answerWords(words);
  const [verb, ...path] = words;
  // In what explain tells people it is a line of its own.
  const isBare = verb === 'eval' || (verb === 'explain' && path.includes(JSON_FLAG));
  const asked = path.filter((word) => word !== JSON_FLAG);
  const note = isBare && !answer.failed ? noteUndeclared(configuration, asked) : null;
  if (note !== null) process.stderr.write(`${note}\n`);
  return show(answer);
}

/** Answers line by line. @returns 1 when a line was refused */
async function runShell(file: string, words: readonly string[]): Promise<number> {
  if (words.length > 0) return refuseUsage(`shell: found "${words[0]}"; expected nothing but -c FILE`);
  const configuration = loadOrExplain(file);
  if (configuration === null) return EX_CONFIG;
  const console = offlineConsole(configuration, file);
  const terminal = process.stdin.isTTY === true;
  const lines = createInterface({ input: process.stdin, ...(terminal ? { output: process.stdout } : {}) });
  if (terminal) {
    lines.setPrompt(`${file}> `);
    lines.prompt();
  }
  let status = 0;
  for await (const line of lines) {
    if (line.trim() === 'quit') break;
    if (line.trim() !== '') {
      const { text, failed } = await console.answer(splitBlanks(line), line);
      process.stdout.write(text); // refusals too, so that answers and lines pair up
      if (failed) status = 1;
    }
    if (terminal) lines.prompt();
  }
  lines.close();
  return status;
}

/** For a line that is no configuration text; then quotes mean nothing in it. */
function splitBlanks(line: string): string[] {
  const words = line.trim().split(/\s+/);
  return words[0] === 'config' ? words.slice(1) : words;
}

/** A console over a configuration that nobody else uses. */
function offlineConsole(configuration: Configuration | null, file: string = DEFAULT_FILE): ConfigConsole {
  const load = (path: string | null, options: LoadOptions) => loadConfiguration(path ?? file, readSource, options);
  // `help` asks for none
  return new ConfigConsole(new LoneConfig(configuration!, load, CONFIG_FILES, CLOCK, MACHINE));
}

function show({ text, failed }: Answer): number {
  (failed ? process.stderr : process.stdout).write(text);
  return failed ? 1 : 0;
}

function loadOrExplain(file: string): Configuration | null {
  const result = load(file, false);
  if (result.kind === 'loaded') return result.configuration;
  process.stderr.write(result.problems.map((problem) => `${explainProblem(problem)}\n`).join(''));
  return null;
}

function load(file: string, lenient: boolean): LoadResult {
  const result = loadForServer(file, { lenient });
  process.stderr.write(result.warnings.map((warning: ConfigWarning) => `${formatWarning(warning)}\n`).join(''));
  return result;
}
