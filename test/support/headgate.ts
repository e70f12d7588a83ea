// The real server for a test: `bin/headgate start` with its files in a directory of its own, listeners on free ports of
// loopback, a console, and its logs. It is killed when the test is over, whatever happened.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openConsole } from '../../src/cli/console-client.ts';
import { LogFile } from './log-file.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export const HEADGATE = fileURLToPath(new URL('../../bin/headgate', import.meta.url));

export interface HeadgateOptions {
  /** Shell words in front of the program, as `ulimit -Hn 512; exec`; they run in the process that becomes the server. */
  readonly shell?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly text: string;
  readonly failed: boolean;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

interface Running {
  readonly child: ChildProcess;
  readonly exited: Promise<Exit>;
  /** The test wants its end. A server that ends without that fails the test at once, whatever it waits for. */
  isEndWanted: boolean;
}

export class Headgate {
  /** Spool, logs, control socket and configuration. */
  readonly directory: string;
  readonly configurationFile: string;
  readonly consolePath: string;
  readonly mainlog: LogFile;
  readonly rejectlog: LogFile;
  readonly paniclog: LogFile;
  readonly #options: HeadgateOptions;
  #running: Running | null = null;
  /** Ports of the ESMTP listeners, in their order in the configuration. Others after a restart. */
  ports: readonly number[] = [];

  private constructor(directory: string, options: HeadgateOptions) {
    this.directory = directory;
    this.configurationFile = join(directory, 'headgate.conf');
    this.consolePath = join(directory, 'console');
    this.mainlog = new LogFile(join(directory, 'mainlog.ec'));
    this.rejectlog = new LogFile(join(directory, 'rejectlog.ec'));
    this.paniclog = new LogFile(join(directory, 'paniclog.ec'));
    this.#options = options;
  }

  /** Starts a server with `configuration` behind {@link surroundings}, and waits until it listens. */
  static async start(t: TestContext, configuration: string, options: HeadgateOptions = {}): Promise<Headgate> {
    let headgate: Headgate | null = null;
    t.after(() => headgate?.kill9()); // before its directory goes
    headgate = new Headgate(temporaryDirectory(t), options);
    headgate.configure(configuration);
    await headgate.start();
    return headgate;
  }

  /** Writes the configuration file; the server reads it at its next start or reload. */
  configure(configuration: string): void {
    writeFileSync(this.configurationFile, surroundings(this.directory) + configuration);
  }

  get port(): number {
    return this.ports[0]!;
  }

  get pid(): number {
    return this.#running!.child.pid!;
  }

  /** Starts it on its directory and waits until it is ready. */
  async start(): Promise<void> {
    assert.ok(this.#running === null, 'the server runs already');
    const words = [HEADGATE, 'start', '-c', this.configurationFile];
    const { shell, environment } = this.#options;
    const [program, ...args] = shell === undefined ? words : ['sh', '-c', `${shell} "$0" "$@"`, ...words];
    const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const exited = once(child, 'close').then(([code, signal]) => ({ code, signal, stderr }) as Exit);
    const running: Running = { child, exited, isEndWanted: false };
    this.#running = running;
    const ports: number[] = [];
    const ready = new Promise<true>((resolve) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const port = /^headgate: listening on .*:(\d+)$/.exec(line)?.[1];
        if (port !== undefined) ports.push(Number(port));
        if (line === 'headgate: ready') resolve(true);
      });
    });
    const early = await Promise.race([ready, exited]);
    if (early !== true) {
      this.#running = null;
      throw new Error(`the server did not start: status ${early.code}\n${early.stderr}`);
    }
    this.ports = ports;
    void exited.then((exit) => {
      if (!running.isEndWanted)
        throw new Error(`the server ended by itself: ${exit.code ?? exit.signal}\n${exit.stderr}`);
    });
  }

  /** SIGTERM, and waits for its end. */
  stop(): Promise<Exit> {
    return this.#end('SIGTERM');
  }

  async kill9(): Promise<void> {
    if (this.#running !== null) await this.#end('SIGKILL');
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Waits for an end that `request` brings about. */
  async endedBy(request: () => Promise<unknown>): Promise<Exit> {
    const running = this.#running!;
    running.isEndWanted = true;
    await request();
    const exit = await running.exited;
    this.#running = null;
    return exit;
  }

  /** Asks the console one thing. */
  async console(line: string): Promise<Answer> {
    const opened = await openConsole({ name: this.consolePath, path: this.consolePath });
    assert.ok(opened.kind === 'connected', opened.kind === 'failed' ? opened.reason : '');
    let text = '';
    const end = await opened.client.ask(line, (more) => {
      text += more;
    });
    opened.client.close();
    assert.notEqual(end, 'lost', `the console went away during ${line}`);
    return { text, failed: end === 'refused' };
  }

  #end(signal: NodeJS.Signals): Promise<Exit> {
    return this.endedBy(async () => this.#running!.child.kill(signal));
  }
}

/** What every server of a test has: its files in `directory`, one listener for injection, a console. */
export function surroundings(directory: string): string {
  return `
Hostname = "headgate.test"
Spoolbase = "${directory}/spool"
Pidfile = "${directory}/pid"
ec_logger {
  mainlog = "${directory}/mainlog.ec"
  rejectlog = "${directory}/rejectlog.ec"
  paniclog = "${directory}/paniclog.ec"
}
ESMTP_Listener {
  Relay_Hosts = ( 127.0.0.0/8 )
  Binding_Header = "X-Binding"
  Listen "127.0.0.1:0" {}
}
Control_Listener {
  Listen "${directory}/console" {}
}
`;
}

/** Runs a sub-command to its end. */
export async function runHeadgate(args: readonly string[], input = ''): Promise<Exit & { readonly stdout: string }> {
  const child = spawn(HEADGATE, args, { stdio: 'pipe' });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, stdout, stderr };
}
