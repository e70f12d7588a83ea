// `headgate start`: from the arguments to a running server, and from signals to its end.
import { writeSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { noReception } from '../core/config/findings/check-warnings.ts';
import { explainProblem, formatWarning } from '../core/config/problem.ts';
import { releaseHeapWhenIdle } from '../shell/heap-release.ts';
import { loadForServer } from './load-for-server.ts';
import { productVersion } from './product-version.ts';
import { type Server, startServer } from './server.ts';

const USAGE = `\
usage: headgate start [-c FILE]

Runs the server in the foreground; FILE is /etc/headgate/headgate.conf unless told otherwise. SIGTERM lets transactions
end and stops; SIGINT does the same with less patience; a second one stops at once. SIGHUP reopens the logs.
Exit status: 0 stopped in order, 1 an endpoint or the spool is in use, 2 usage, 78 a configuration that does not load.
`;

const DEFAULT_FILE = '/etc/headgate/headgate.conf';
const EX_CONFIG = 78;
const EX_SOFTWARE = 70;
/** How long an orderly stop may take before connections are cut, by signal. */
const PATIENCE_MS = { SIGTERM: 60_000, SIGINT: 5000 } as const;

/** @param argv what follows `headgate start` @returns the exit status */
export async function runStart(argv: readonly string[]): Promise<number> {
  const [flag, file = DEFAULT_FILE, surplus] = argv;
  if (flag === '--help' || flag === '-h') {
    process.stdout.write(USAGE);
    return 0;
  }
  if ((flag !== undefined && flag !== '-c') || (flag === '-c' && argv.length < 2) || surplus !== undefined) {
    const mistake =
      flag !== '-c'
        ? `found "${flag}"; expected -c FILE or nothing`
        : surplus === undefined
          ? '-c: found no file behind it; expected -c FILE'
          : `found "${surplus}" behind the file; expected nothing more`;
    process.stderr.write(`headgate start: ${mistake}\n"headgate start --help" says how it is used\n`);
    return 2;
  }
  const loaded = loadForServer(file);
  const silence = loaded.kind === 'loaded' ? noReception(loaded.configuration) : null;
  const warnings = silence === null ? loaded.warnings : [...loaded.warnings, silence];
  for (const warning of warnings) complain(formatWarning(warning));
  if (loaded.kind === 'problems') {
    for (const problem of loaded.problems) complain(explainProblem(problem));
    return EX_CONFIG;
  }
  const stop = new StopRequest();
  const started = await startServer({
    configurationFile: file,
    configuration: loaded.configuration,
    version: productVersion(),
    report: (line) => complain(`headgate: ${line}`),
    shutdownWanted: () => stop.request('SIGTERM'),
  });
  if (started.kind === 'failed') {
    for (const line of started.failure.lines) complain(`headgate: ${line}`);
    return started.failure.status;
  }
  const { server } = started;
  for (const warning of warnings) server.panic('warning', formatWarning(warning));
  stopOnBugs(server);
  process.on('SIGHUP', () => void server.reopenLogs());
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.request(signal));
  announce(server);
  flushCompileCache(); // now, since not every server comes to an orderly end
  releaseHeapWhenIdle();
  const stays = setInterval(() => {}, 2 ** 30); // a server without endpoints would end by itself
  await stop.requested;
  clearInterval(stays);
  await stopServer(server, stop);
  return 0;
}

function announce(server: Server): void {
  const lines = [
    ...server.esmtpPlaces.map((place) => `listening on ${place}`),
    ...server.controlPlaces.map((place) => `console at ${place}`),
    'ready',
  ];
  process.stdout.on('error', () => {}); // whoever started us may not care to read on
  process.stdout.write(lines.map((line) => `headgate: ${line}\n`).join(''));
}

/** Signals and the console's `shutdown`: the first begins the stop, a later one ends the patience. */
class StopRequest {
  readonly requested: Promise<void>;
  #resolve: () => void = () => {};
  #signal: keyof typeof PATIENCE_MS | null = null;
  #hurry: () => void = () => {};

  constructor() {
    this.requested = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  request(signal: keyof typeof PATIENCE_MS): void {
    if (this.#signal !== null) this.#hurry();
    else this.#signal = signal;
    this.#resolve();
  }

  /** Resolves when patience ends. */
  impatience(): Promise<'late'> {
    return new Promise((resolve) => {
      this.#hurry = () => resolve('late');
      setTimeout(this.#hurry, PATIENCE_MS[this.#signal ?? 'SIGTERM']).unref();
    });
  }
}

async function stopServer(server: Server, stop: StopRequest): Promise<void> {
  const outcome = await Promise.race([server.stop(), stop.impatience()]);
  if (outcome !== 'late') return;
  server.panic('warning', 'the stop took too long; connections are cut, the mail stays in the spool');
  await server.abandon();
  process.exit(0);
}

/** A bug of ours (style: InvariantError and whatever else was not foreseen) ends the process; the spool recovers. */
function stopOnBugs(server: Server): void {
  const die = (error: unknown): void => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    try {
      writeSync(2, `headgate: a bug stops the server: ${text}\n`);
    } catch {
      // Nobody listens; the paniclog has it.
    }
    server.lastWords(`a bug stops the server: ${text.replaceAll('\n', ' | ')}`);
    process.exit(EX_SOFTWARE); // at once: nothing may be decided in a state that should not exist
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
}

function complain(line: string): void {
  process.stderr.write(`${line}\n`);
}
