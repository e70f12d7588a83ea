// The running server: what its control thread owns. It holds the configuration and puts others in force, answers on the
// console, writes the file with the process id, and has shards take and deliver mail. It decides nothing about mail.
import { wallMs } from '../core/base/moment.ts';
import type { Configuration } from '../core/config/configuration.ts';
import { logHiresTimestamp } from '../core/config/options/logger-options.ts';
import { pidfile, shards } from '../core/config/options/server-options.ts';
import { formatProblem, formatWarning } from '../core/config/problem.ts';
import type { ChangeAuthor } from '../core/config/provenance.ts';
import { ConfigConsole } from '../core/console/config-commands.ts';
import type { ConfigClock, ConfigHolder, ConfigMachine, ReloadResult } from '../core/console/config-holder.ts';
import { Console } from '../core/console/console.ts';
import type { HttpsDialer } from '../shell/https/https-client.ts';
import { addressWarnings, machineOf } from './address-check.ts';
import { CONFIG_FILES } from './config-files.ts';
import { descriptorWarning } from './descriptor-check.ts';
import { Endpoints } from './endpoints.ts';
import { writeLastWords } from './last-words.ts';
import { loadForServer, loadNamed } from './load-for-server.ts';
import { PidFile } from './pid-file.ts';
import { processView } from './process-view.ts';
import { openShard } from './shard.ts';
import { lonePlace } from './shard-place.ts';
import { openShardThreads } from './shard-threads.ts';
import type { Shards, StartFailure } from './shards.ts';
import { utcOffsetMinutes } from './utc-offset.ts';
import { NO_CONSOLE_LEFT, wantedControlEndpoints } from './wanted-endpoints.ts';

export type StartedServer =
  | { readonly kind: 'started'; readonly server: Server }
  | { readonly kind: 'failed'; readonly failure: StartFailure };

type OpenedShards =
  | { readonly kind: 'open'; readonly shards: Shards }
  | { readonly kind: 'failed'; readonly failure: StartFailure };

export interface ServerOptions {
  readonly configurationFile: string;
  readonly configuration: Configuration;
  readonly version: string;
  /** One line for stderr. */
  report(line: string): void;
  /** The console asked for an orderly stop. */
  shutdownWanted(): void;
  /** For tests; else hosts of policies are where the name servers say. */
  readonly httpsDialer?: HttpsDialer;
}

const BUSY = 'another change is being put in force; try again';

export async function startServer(options: ServerOptions): Promise<StartedServer> {
  const opened = await openShards(options);
  if (opened.kind === 'failed') return opened;
  const server = new Server(options, opened.shards);
  const problems = await server.open();
  if (problems.length === 0) return { kind: 'started', server };
  await server.stop();
  return { kind: 'failed', failure: { status: 1, lines: problems } };
}

/** One works in this thread; several in threads of their own. */
async function openShards(options: ServerOptions): Promise<OpenedShards> {
  const { configuration } = options;
  const count = configuration.value(shards);
  if (count > 1) return await openShardThreads({ ...options, shards: count });
  const opened = await openShard({ ...options, place: lonePlace(configuration) });
  return opened.kind === 'failed' ? opened : { kind: 'open', shards: opened.shard };
}

export class Server implements ConfigHolder {
  readonly clock: ConfigClock = { now: () => wallMs(Date.now()), utcOffsetMinutes };
  readonly files = { ...CONFIG_FILES, isRemote: true } as const;
  readonly machine: ConfigMachine;
  readonly started: Configuration;
  readonly #options: ServerOptions;
  readonly #shards: Shards;
  readonly #console: Console;
  readonly #control = new Endpoints();
  #configuration: Configuration;
  /** A change is being put in force; others wait for their own turn by being refused. */
  #isChanging = false;
  readonly #pidFile = new PidFile();
  /** `log_hires_timestamp` is fixed at the start. */
  readonly #isHires: boolean;

  /** For {@link startServer}. */
  constructor(options: ServerOptions, shards: Shards) {
    this.#isHires = options.configuration.value(logHiresTimestamp);
    this.#options = options;
    this.#configuration = options.configuration;
    this.started = options.configuration;
    this.#shards = shards;
    this.machine = machineOf((address) => shards.machine.hasLocalAddress(address));
    this.#console = new Console({
      server: shards.server,
      process: processView({
        version: options.version,
        utcOffsetMinutes,
        paniclog: () => shards.panicLines,
        reloadCurfew: () => shards.reloadCurfew(),
        reopenLogs: () => this.reopenLogs(),
        shutdown: () => options.shutdownWanted(),
      }),
      config: new ConfigConsole(this, shards.server.limits),
      stanzas: () => this.#configuration.root,
    });
  }

  /** Opens the endpoints and lets mail out. @returns why not, a line each */
  async open(): Promise<readonly string[]> {
    const control = await this.#control.prepare(this.#wantedControl(this.#configuration));
    if (!('commit' in control)) return control;
    const problems = await this.#shards.listen();
    if (problems.length > 0) {
      control.abandon();
      return problems;
    }
    control.commit();
    const pidfileProblem = this.#pidFile.write(this.#configuration.value(pidfile));
    if (pidfileProblem !== null) this.panic('warning', pidfileProblem);
    this.#checkSystem();
    this.#shards.start();
    return [];
  }

  /** Where mail is taken, as address:port. */
  get esmtpPlaces(): readonly string[] {
    return this.#shards.places;
  }

  get controlPlaces(): readonly string[] {
    return this.#control.places;
  }

  // ---- configuration

  current(): Configuration {
    return this.#configuration;
  }

  async apply(configuration: Configuration): Promise<readonly string[]> {
    if (this.#isChanging || configuration.version !== this.#configuration.version + 1) {
      return [BUSY];
    }
    const { lastChange } = configuration.provenance;
    const isChanged = lastChange !== null && lastChange.version === configuration.version;
    return this.#change(configuration, isChanged ? `changed on the console by ${lastChange.by}` : 'saved to its files');
  }

  /** Other changes are refused meanwhile. @param how for paniclog */
  async #change(configuration: Configuration, how: string): Promise<readonly string[]> {
    this.#isChanging = true;
    try {
      const obstacles = await this.#putInForce(configuration);
      if (obstacles.length === 0) this.panic('notice', `configuration ${configuration.version} in force, ${how}`);
      return obstacles;
    } finally {
      this.#isChanging = false;
    }
  }

  async reload(path: string | null, author: ChangeAuthor): Promise<ReloadResult> {
    const file = path ?? this.#options.configurationFile;
    const version = this.#configuration.version + 1;
    const result = loadForServer(file, { version, author });
    if (result.kind === 'problems') return result;
    const obstacles = this.#isChanging ? [BUSY] : await this.#change(result.configuration, `loaded from ${file}`);
    if (obstacles.length === 0) {
      for (const warning of result.warnings) this.panic('warning', formatWarning(warning));
      return { kind: 'loaded', warnings: result.warnings };
    }
    const at = { file, line: 0, column: 0 };
    const problems = obstacles.map((found) => ({
      at,
      subject: 'config reload',
      found,
      expected: 'files and endpoints that open',
    }));
    return { kind: 'problems', problems, warnings: result.warnings };
  }

  /** Everything that can fail is done before anything changes. */
  async #putInForce(configuration: Configuration): Promise<readonly string[]> {
    const named = loadNamed(configuration, this.#isHires);
    if (named.problems.length > 0) return named.problems.map(formatProblem);
    const wantedControl = this.#wantedControl(configuration);
    if (wantedControl.length === 0 && this.#control.places.length > 0) return [NO_CONSOLE_LEFT];
    const shards = await this.#shards.prepare(configuration, named);
    if (!('commit' in shards)) return shards;
    const control = await this.#control.prepare(wantedControl);
    if (!('commit' in control)) {
      await shards.abandon();
      return control;
    }
    this.#configuration = configuration;
    const isInForce = shards.commit();
    control.commit();
    await isInForce;
    this.#checkSystem();
    return [];
  }

  #wantedControl(configuration: Configuration) {
    return wantedControlEndpoints(configuration, {
      answer: (line, session) => this.#console.answer(line, session),
      complete: (partialLine) => this.#console.completions(partialLine),
    });
  }

  /** What the configuration asks of the system and does not get. */
  #checkSystem(): void {
    const { machine } = this.#shards;
    const descriptors = descriptorWarning(this.#configuration, machine.descriptorLimit);
    if (descriptors !== null) this.panic('warning', descriptors);
    for (const line of addressWarnings(this.#configuration, (address) => machine.hasLocalAddress(address))) {
      this.panic('warning', line);
      this.#options.report(line);
    }
  }

  // ---- files

  /** @returns what went wrong, a line per file */
  reopenLogs(): Promise<readonly string[]> {
    return this.#shards.reopenLogs();
  }

  /** For what must be said although it stops nothing. */
  panic(level: 'notice' | 'warning' | 'error', text: string): void {
    this.#shards.panic(level, text);
  }

  /** A line for paniclog, written before this returns. */
  lastWords(text: string): void {
    writeLastWords(this.#configuration, text);
  }

  // ---- the end

  /** An orderly stop: transactions end, connections are closed by QUIT, everything settled is on disk. */
  async stop(): Promise<void> {
    await this.#shards.comeToRest();
    await this.#control.close();
    await this.#shards.close();
    this.#pidFile.remove();
  }

  /** The end of patience: see {@link Shards.abandon}. */
  async abandon(): Promise<void> {
    await this.#shards.abandon();
    this.#pidFile.remove();
  }
}
