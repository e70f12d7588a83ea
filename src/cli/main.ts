// `headgate SUBCOMMAND`: finds the sub-command and hands it the rest of the arguments. Each is loaded when it is used,
// so that the console does not pay for the server.
import { nearestName } from '../core/base/near-name.ts';
import { productVersion } from '../daemon/product-version.ts';

interface SubCommand {
  readonly name: string;
  readonly help: string;
  /** @returns the exit status: 0 done, 1 what was asked for failed, 2 usage, 78 a configuration that does not load */
  run(argv: readonly string[]): Promise<number>;
}

const SUB_COMMANDS: readonly SubCommand[] = [
  {
    name: 'start',
    help: 'runs the server in the foreground',
    run: async (argv) => (await import('../daemon/start.ts')).runStart(argv),
  },
  {
    name: 'console',
    help: 'talks to the running server',
    run: async (argv) => (await import('./console.ts')).runConsole(argv),
  },
  {
    name: 'config',
    help: 'checks a configuration, or asks it, without a server',
    run: async (argv) => (await import('./config.ts')).runConfig(argv),
  },
  {
    name: 'audit',
    help: 'proves from the limit audit log that no connection limit was passed',
    run: async (argv) => (await import('./audit.ts')).runAudit(argv),
  },
  {
    name: 'simulate',
    help: 'rehearses a configuration with recorded or made-up traffic',
    run: async (argv) => (await import('./simulate.ts')).runSimulate(argv),
  },
  {
    name: 'sink',
    help: 'receives mail for tests, and counts',
    run: async (argv) => (await import('./sink.ts')).runSink(argv),
  },
  {
    name: 'send',
    help: 'sends mail for tests, and counts',
    run: async (argv) => (await import('./send.ts')).runSend(argv),
  },
  {
    name: 'demo',
    help: 'shows connections and their limits at work on this machine',
    run: async (argv) => (await import('./demo.ts')).runDemo(argv),
  },
  {
    name: 'validate_config',
    help: 'says whether a configuration can be used',
    run: async (argv) => (await import('./validate-config.ts')).runValidateConfig(argv),
  },
  {
    name: 'ec_dump_config',
    help: 'prints a configuration as XML',
    run: async (argv) => (await import('./dump-config.ts')).runDumpConfig(argv),
  },
  {
    name: 'version',
    help: 'prints the version',
    async run() {
      process.stdout.write(`headgate ${productVersion()}\n`);
      return 0;
    },
  },
  {
    name: 'help',
    help: 'prints this',
    async run() {
      process.stdout.write(usage());
      return 0;
    },
  },
];

const ALIASES: Readonly<Record<string, string>> = { '--version': 'version', '--help': 'help', '-h': 'help' };

async function main(argv: readonly string[]): Promise<number> {
  const [first, ...rest] = argv;
  const name = ALIASES[first ?? ''] ?? first;
  const found = SUB_COMMANDS.find((subCommand) => subCommand.name === name);
  if (found !== undefined) return found.run(rest);
  if (name !== undefined) {
    const nearest = nearestName(
      name,
      SUB_COMMANDS.map((subCommand) => subCommand.name),
    );
    const hint = nearest === null ? '' : ` (did you mean "${nearest}"?)`;
    process.stderr.write(`headgate: unknown sub-command "${name}"${hint}\n`);
  }
  process.stderr.write(usage());
  return 2;
}

function usage(): string {
  const lines = SUB_COMMANDS.map(({ name, help }) => `  ${name.padEnd(17)}${help}\n`);
  return `usage: headgate SUB-COMMAND [ARGUMENT...]\n\n${lines.join('')}`;
}

process.exitCode = await main(process.argv.slice(2));
