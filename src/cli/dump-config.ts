// `ec_dump_config`: a configuration as XML, or its mistakes in the layout of the Momentum tool of that name.
import { writeFileSync } from 'node:fs';
import { localTime } from '../core/base/local-time.ts';
import { type WallMs, wallMs } from '../core/base/moment.ts';
import { systemErrorText } from '../core/base/system-error.ts';
import { type ConfigProblem, formatMistake } from '../core/config/problem.ts';
import { formatXml } from '../core/config/saving/xml.ts';
import { loadForServer } from '../daemon/load-for-server.ts';

const USAGE = `\
usage: ec_dump_config [-c FILE] [-e DIRECTORY] [-f OUTPUT]

Prints a configuration as XML, or writes it to OUTPUT. FILE is /etc/headgate/headgate.conf unless told otherwise. -e is
taken for the sake of scripts; no modules are loaded from a directory. Exit status: 0 done, 1 OUTPUT cannot be written,
2 usage, 78 a configuration that does not load.
`;

const DEFAULT_FILE = '/etc/headgate/headgate.conf';
const EX_CONFIG = 78;

/** @returns the exit status */
export function runDumpConfig(argv: readonly string[]): number {
  if (argv[0] === '--help' || argv[0] === '-h') {
    process.stdout.write(USAGE);
    return 0;
  }
  const values = new Map<string, string>();
  for (let index = 0; index < argv.length; index += 2) {
    const [flag, value] = [argv[index]!, argv[index + 1]];
    if (!['-c', '-e', '-f'].includes(flag) || value === undefined) {
      process.stderr.write(USAGE);
      return 2;
    }
    values.set(flag, value);
  }
  const result = loadForServer(values.get('-c') ?? DEFAULT_FILE);
  if (values.has('-e'))
    process.stderr.write('ec_dump_config: -e does nothing: no modules are loaded from a directory\n');
  if (result.kind === 'problems') {
    process.stderr.write(formatFailure(result.problems, wallMs(Date.now())));
    return EX_CONFIG;
  }
  return print(formatXml(result.configuration.root), values.get('-f'));
}

function print(xml: string, output: string | undefined): number {
  if (output === undefined) {
    process.stdout.on('error', () => process.exit(0)); // the reader has seen enough, as `head` does
    process.stdout.write(xml);
    return 0;
  }
  try {
    writeFileSync(output, xml);
    return 0;
  } catch (error) {
    process.stderr.write(`ec_dump_config: ${output}: ${systemErrorText(error, 'write')}; not written\n`);
    return 1;
  }
}

/** Each mistake with its line, then what a failed reload says. */
function formatFailure(problems: readonly ConfigProblem[], now: WallMs): string {
  return `${problems.map((problem) => formatProblem(problem, now)).join('')}Reconfigure failed.\nGlobal configuration error.\n`;
}

function formatProblem(problem: ConfigProblem, now: WallMs): string {
  const { at, subject, unknownIn } = problem;
  const place =
    at.line === 0 ? `Error in ${at.file}` : `Syntax error in ${at.file} at line ${at.line} near '${subject}'`;
  if (unknownIn === undefined) return `${place}\n${formatMistake(problem)}\n`;
  const { weekday, day, year, clock } = localTime(now, -new Date(now).getTimezoneOffset());
  const time = `[${weekday} ${day} ${year} ${clock}]`;
  const missing = `No module provides capability 'config.${unknownIn}:${subject}'.`;
  return `${time} ${missing}\n${time} CFG-07961 ${missing}\n${place}\n'${subject}' is not a valid scope name in scope '${unknownIn}'\n`;
}
