// The console at a terminal: banner, prompt, history, completion, pager. A connection that the server closed because it
// was idle is opened again with the next command.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { type AnswerEnd, type ConsoleClient, openConsole } from './console-client.ts';
import type { ConsoleEndpoint } from './console-endpoint.ts';

const HISTORY_LINES = 1_000;
const RULE = '#'.repeat(46);

export class InteractiveConsole {
  readonly #endpoint: ConsoleEndpoint;
  readonly #input: NodeJS.ReadStream;
  readonly #output: NodeJS.WriteStream;
  #client: ConsoleClient;
  #usesPager = false;
  /** What was typed in the open transaction of this session; null when none is open. */
  #transaction: string[] | null = null;
  /** An answer is awaited. */
  #isAsking = false;

  constructor(client: ConsoleClient, endpoint: ConsoleEndpoint, input: NodeJS.ReadStream, output: NodeJS.WriteStream) {
    this.#client = client;
    this.#endpoint = endpoint;
    this.#input = input;
    this.#output = output;
  }

  /** Talks until `quit` or the end of input. */
  async run(): Promise<void> {
    let version = '';
    await this.#client.ask('version', (text) => {
      version += text;
    });
    this.#output.write(`${RULE}\n# ${version.trimEnd()}\n# "help" lists the commands, "quit" leaves\n${RULE}\n`);
    const lines = createInterface({
      input: this.#input,
      output: this.#output,
      terminal: true,
      historySize: HISTORY_LINES,
      removeHistoryDuplicates: true,
      completer: (line: string, done: (error: null, found: [string[], string]) => void) =>
        void this.#complete(line, done),
    });
    lines.on('SIGINT', () => {
      if (this.#isAsking) {
        this.#interrupt();
        return;
      }
      lines.write(null, { ctrl: true, name: 'e' }); // to the end of the line, then delete all of it
      lines.write(null, { ctrl: true, name: 'u' });
      this.#output.write('\n');
      this.#prompt(lines);
    });
    lines.on('line', (line) => {
      if (this.#isAsking && line === '') this.#interrupt();
    });
    this.#prompt(lines);
    let hasQuit = false;
    for await (const line of lines) {
      hasQuit = line.trim() === 'quit';
      if (hasQuit) break;
      if (line.trim() !== '') await this.#carryOut(line, lines);
      this.#prompt(lines);
    }
    if (!hasQuit) this.#output.write('\n');
    lines.close();
    this.#client.close();
  }

  /** Input ends an answer that goes on by itself, such as that of trace smtp; others come to their end all the same. */
  #interrupt(): void {
    void this.#client.ask('', () => {});
  }

  #prompt(lines: Interface): void {
    lines.setPrompt(`${new Date().toTimeString().slice(0, 8)} ${this.#endpoint.name}> `);
    lines.prompt();
  }

  async #complete(line: string, done: (error: null, found: [string[], string]) => void): Promise<void> {
    const partial = /\S*$/.exec(line)![0];
    const found = await this.#client.complete(line);
    done(null, [found.length === 1 ? [`${found[0]} `] : found, partial]);
  }

  async #carryOut(line: string, lines: Interface): Promise<void> {
    if (line.trim() === '\\pager') {
      this.#usesPager = !this.#usesPager;
      this.#output.write(`The pager is ${this.#usesPager ? 'on' : 'off'}.\n`);
      return;
    }
    let paged = '';
    const end = await this.#ask(line, (text) => {
      if (this.#usesPager) paged += text;
      else this.#output.write(text);
    });
    if (paged !== '') await this.#page(paged, lines);
    if (end === 'lost') this.#output.write('The connection was lost before the answer was complete.\n');
  }

  async #ask(line: string, take: (text: string) => void): Promise<AnswerEnd> {
    if (!this.#client.isConnected) {
      const opened = await openConsole(this.#endpoint);
      if (opened.kind === 'failed') {
        this.#output.write(`${this.#endpoint.name}: ${opened.reason}\n`);
        return 'refused';
      }
      this.#client = opened.client;
      if (this.#transaction !== null) {
        this.#endTransaction();
        return 'refused';
      }
    }
    this.#isAsking = true;
    const end = await this.#client.ask(line, take);
    this.#isAsking = false;
    if (end === 'ok') this.#follow(line.trim());
    return end;
  }

  /** A transaction ends with its session: a change that is typed after that would act at once. */
  #follow(line: string): void {
    const verb = /^config\s+(\w+)/i.exec(line)?.[1]?.toLowerCase();
    if (verb === 'begin') this.#transaction = [];
    else if (verb === 'commit' || verb === 'rollback') this.#transaction = null;
    else if ((verb === 'set' || verb === 'unset') && this.#transaction !== null) {
      this.#transaction.push(line);
      if (this.#transaction.length > HISTORY_LINES) this.#transaction.shift();
    }
  }

  #endTransaction(): void {
    const typed = (this.#transaction ?? []).map((line) => `  ${line}\n`).join('');
    this.#transaction = null;
    this.#output.write(
      `The session ended, and the open transaction with it; this line was not sent. What was typed in it:\n${typed}`,
    );
  }

  /** Hands what is longer than the terminal to $PAGER. */
  async #page(text: string, lines: Interface): Promise<void> {
    if (text.split('\n').length <= this.#output.rows) {
      this.#output.write(text);
      return;
    }
    lines.pause();
    this.#input.setRawMode(false);
    const pager = spawn(process.env['PAGER'] || 'less', { shell: true, stdio: ['pipe', 'inherit', 'inherit'] });
    pager.stdin.on('error', () => {}); // left before the end of the text
    pager.stdin.end(text);
    await once(pager, 'close');
    this.#input.setRawMode(true);
    lines.resume();
  }
}
