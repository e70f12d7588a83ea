// The server of the demo: a child process with its files in one directory, and its console.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type ConsoleClient, openConsole } from './console-client.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/headgate', import.meta.url));
const START_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 10_000;
const STDERR_MAX = 4_000;

/** What the server says of one binding. */
export interface BindingFigures {
  readonly open: number;
  readonly queued: number;
}

export class DemoServer {
  readonly #child: ChildProcess;
  readonly #directory: string;
  #console: ConsoleClient | null = null;
  #complaints = '';
  #port = 0;
  /** Fulfilled when it ends, with what it had to say. */
  readonly exited: Promise<string>;

  private constructor(directory: string) {
    this.#directory = directory;
    this.#child = spawn(PROGRAM, ['start', '-c', join(directory, 'demo.conf')], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#complaints = `${this.#complaints}${text}`.slice(-STDERR_MAX);
    });
    const kill = (): boolean => this.#child.kill('SIGKILL');
    process.on('exit', kill); // whatever happened to us
    this.exited = once(this.#child, 'close').then(
      ([status, signal]) => `the server ended (${signal ?? `status ${status}`})\n${this.#complaints}`,
      (error: Error) => `the server could not be started: ${error.message}`,
    );
    void this.exited.then(() => process.off('exit', kill));
  }

  /** Starts it on `demo.conf` in the directory, and waits until it listens. Throws why it does not. */
  static async start(directory: string): Promise<DemoServer> {
    const server = new DemoServer(directory);
    try {
      await server.#ready();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Where it takes mail. */
  get port(): number {
    return this.#port;
  }

  /** Has the console do something. Throws what it refused. @returns its answer */
  async ask(line: string): Promise<string> {
    let text = '';
    const end = await this.#console!.ask(line, (more) => {
      text += more;
    });
    if (end !== 'ok') throw new Error(end === 'refused' ? `console: ${line}: ${text.trimEnd()}` : await this.exited);
    return text;
  }

  /** `binding summary`, as numbers. */
  async figuresByBinding(): Promise<Map<string, BindingFigures>> {
    const figures = new Map<string, BindingFigures>();
    for (const block of (await this.ask('binding summary')).split(/^Summary Statistics For Binding /m)) {
      const open = /^\s+Open Connections:\s+(\d+)$/m.exec(block)?.[1];
      const queued = /^\s+Total Queue Size:\s+(\d+)$/m.exec(block)?.[1];
      const name = block.slice(0, block.indexOf('\n'));
      if (open !== undefined) figures.set(name, { open: Number(open), queued: Number(queued) });
    }
    return figures;
  }

  /** In order; killed when that takes too long. */
  async stop(): Promise<void> {
    this.#console?.close();
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.exited;
    clearTimeout(timer);
  }

  async #ready(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(
        () => resolve(`the server was not ready within ${START_TIMEOUT_MS / 1000} s`),
        START_TIMEOUT_MS,
      );
    });
    const ready = new Promise<null>((resolve) => {
      createInterface({ input: this.#child.stdout! }).on('line', (line) => {
        const port = /^headgate: listening on .*:(\d+)$/.exec(line)?.[1];
        if (port !== undefined) this.#port = Number(port);
        if (line === 'headgate: ready') resolve(null);
      });
    });
    const failure = await Promise.race([ready, this.exited, late]);
    clearTimeout(timer);
    if (failure !== null) throw new Error(failure);
    const path = join(this.#directory, 'console');
    const opened = await openConsole({ name: path, path });
    if (opened.kind === 'failed') throw new Error(`${path}: ${opened.reason}`);
    this.#console = opened.client;
  }
}
