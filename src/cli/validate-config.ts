// `validate_config`: whether a configuration can be used, in the words of the Momentum tool of that name. Its standard
// output is empty for one that cannot; the mistakes stand on standard error.
import { explainProblem } from '../core/config/problem.ts';
import { loadForServer } from '../daemon/load-for-server.ts';
import { readSource } from '../daemon/read-source.ts';

const USAGE = `\
usage: validate_config [FILE]

Prints "Configuration valid", "No configuration found", or nothing when there is a mistake; mistakes are on standard error.
FILE is /etc/headgate/headgate.conf unless told otherwise. Exit status: 0 valid, 2 usage, 78 neither valid nor found.
`;

const DEFAULT_FILE = '/etc/headgate/headgate.conf';
const EX_CONFIG = 78;

/** @returns the exit status */
export function runValidateConfig(argv: readonly string[]): number {
  const [file = DEFAULT_FILE, surplus] = argv;
  if (file === '--help' || file === '-h') {
    process.stdout.write(USAGE);
    return 0;
  }
  if (file.startsWith('-') || surplus !== undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  const source = readSource(file);
  if ('problem' in source && source.isMissing === true) {
    process.stdout.write('No configuration found\n');
    return EX_CONFIG;
  }
  const result = loadForServer(file);
  if (result.kind === 'loaded') {
    process.stdout.write('Configuration valid\n');
    return 0;
  }
  process.stderr.write(result.problems.map((problem) => `${explainProblem(problem)}\n`).join(''));
  return EX_CONFIG;
}
