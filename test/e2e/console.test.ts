// The console client against a control server with made-up answers: scripts, pipes, and a person at a terminal.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openControlServer } from '../../src/shell/control/control-server.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program with `input` on its standard input, which is no terminal. */
async function run(program: string, args: readonly string[], input = ''): Promise<Ended> {
  const child = spawn(program, args, { stdio: 'pipe' });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  await once(child, 'close');
  return { status: child.exitCode, stdout: stdout(), stderr: stderr() };
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return () => text;
}

const headgate = (args: readonly string[], input?: string): Promise<Ended> =>
  run(process.execPath, [MAIN, ...args], input);

/** Says nothing, until whoever reads it leaves. */
const ENDLESS: AsyncIterable<string> = {
  [Symbol.asyncIterator]: () => ({
    next: () => new Promise(() => {}),
    return: async () => ({ done: true, value: undefined }),
  }),
};

/** A control server that echoes what it is asked. @returns its Unix socket, its TCP endpoint, the lines it got */
async function serve(t: TestContext, timeoutMs = 60_000): Promise<{ path: string; tcp: string; lines: string[] }> {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-console-'));
  const lines: string[] = [];
  const opened = await openControlServer({
    endpoints: [
      { kind: 'unix', path: join(directory, '2025'), fileMode: 0o600, timeoutMs },
      { kind: 'tcp', host: '127.0.0.1', port: 0, timeoutMs },
    ],
    async answer(line) {
      lines.push(line);
      if (line === 'live') return { text: 'live\n', failed: false, isLive: true, rest: ENDLESS };
      if (line === 'version') return { text: 'Headgate Version: 9.9.9\n', failed: false };
      if (line === 'big') return { text: 'a line of a long listing\n'.repeat(400_000), failed: false };
      return { text: `<${line}>\n`, failed: line.startsWith('bad') };
    },
    complete: (partial) => (partial === 'sum' ? ['summary'] : []),
  });
  assert.ok(opened.kind === 'open');
  t.after(async () => {
    await opened.server.close();
    rmSync(directory, { recursive: true });
  });
  const [path, tcp] = opened.server.endpoints;
  return { path: path!, tcp: tcp!, lines };
}

test('words after the endpoint: the plain answer, and the status of the command', async (t) => {
  const { path, tcp } = await serve(t);
  const answered = { status: 0, stdout: '<binding summary example>\n', stderr: '' };
  assert.deepEqual(await headgate(['console', path, 'binding', 'summary', 'example']), answered);
  assert.deepEqual(await headgate(['console', tcp, 'binding summary example']), answered);
  assert.deepEqual(await headgate(['console', path, 'bad']), { status: 1, stdout: '<bad>\n', stderr: '' });
});

test('piped commands: every answer, failure if one was refused, quit ends', async (t) => {
  const { path, lines } = await serve(t);
  const piped = await headgate(['console', path], '\none\nbad\n  \ntwo\nquit\nthree\n');
  assert.deepEqual(piped, { status: 1, stdout: '<one>\n<bad>\n<two>\n', stderr: '' });
  assert.deepEqual(lines, ['one', 'bad', 'two']);
  assert.deepEqual(await headgate(['console', path], 'no end of line'), {
    status: 0,
    stdout: '<no end of line>\n',
    stderr: '',
  });
});

test('a long listing comes whole through a pipe, and its reader may leave', async (t) => {
  const { path } = await serve(t);
  const whole = await headgate(['console', path, 'big']);
  assert.equal(whole.stdout.length, 'a line of a long listing\n'.length * 400_000);
  const script = `"${process.execPath}" "${MAIN}" console "${path}" big | head -n 1`;
  assert.deepEqual(await run('sh', ['-c', script]), { status: 0, stdout: 'a line of a long listing\n', stderr: '' });
});

test('no server, no console, no authentication: one line that says so', async (t) => {
  const { path } = await serve(t);
  const missing = await headgate(['console', `${path}-missing`, 'pid']);
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /^headgate console: \S+-missing: there is no such socket;.*\n$/);

  const mailServer = createServer((socket) => socket.write('220 mx.example ESMTP\r\n. \r\n')).listen(0, '127.0.0.1');
  t.after(() => mailServer.close());
  await once(mailServer, 'listening');
  const { port } = mailServer.address() as AddressInfo;
  const foreign = await headgate(['console', `127.0.0.1:${port}`, 'pid']);
  assert.deepEqual(foreign, {
    status: 1,
    stdout: '',
    stderr: `headgate console: 127.0.0.1:${port}: what answers there is no console\n`,
  });

  const withUser = await headgate(['console', 'john@127.0.0.1:2025', 'pid']);
  assert.equal(withUser.status, 2);
  assert.match(withUser.stderr, /no authentication yet/);
  assert.equal((await headgate(['console', '--frob'])).status, 2);
});

test('sub-commands: version, help, and usage for what is none', async () => {
  assert.match((await headgate(['version'])).stdout, /^headgate \d+\.\d+\.\d+\n$/);
  const helped = await headgate(['--help']);
  assert.equal(helped.status, 0);
  assert.match(helped.stdout, /^usage: headgate SUB-COMMAND/);
  const misspelt = await headgate(['consle']);
  assert.equal(misspelt.status, 2);
  assert.match(misspelt.stderr, /unknown sub-command "consle" \(did you mean "console"\?\)\nusage: /);
  assert.equal((await headgate([])).status, 2);
});

// ---- at a terminal

const SCRIPT = '/usr/bin/script';
const AT_TERMINAL = { timeout: 20_000, skip: existsSync(SCRIPT) ? false : 'needs script(1)' };

/** The console under script(1), which gives it a pseudo-terminal. */
class Terminal {
  readonly #child: ChildProcess;
  readonly #heard: () => string;

  constructor(args: readonly string[]) {
    const command = [process.execPath, MAIN, 'console', ...args].map((word) => `'${word}'`).join(' ');
    const env = { ...process.env, TERM: 'xterm', PAGER: 'cat; echo [paged]' };
    this.#child = spawn(SCRIPT, ['-qefc', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'], env });
    this.#heard = collect(this.#child.stdout!);
  }

  type(keys: string): void {
    this.#child.stdin!.write(keys);
  }

  /** Waits until `pattern` has been shown `times` times. */
  async shown(pattern: RegExp, times = 1): Promise<void> {
    const everywhere = new RegExp(pattern.source, 'g');
    while ((this.#heard().match(everywhere)?.length ?? 0) < times) await once(this.#child.stdout!, 'data');
  }

  async ended(): Promise<string> {
    if (this.#child.exitCode === null) await once(this.#child, 'close');
    assert.equal(this.#child.exitCode, 0);
    return this.#heard();
  }
}

test('a session at a terminal: banner, prompt, completion, history, quit', AT_TERMINAL, async (t) => {
  const { path, lines } = await serve(t);
  const terminal = new Terminal([path]);
  const prompt = new RegExp(`\\d\\d:\\d\\d:\\d\\d ${path}> `);
  await terminal.shown(prompt);
  terminal.type('sum\t');
  await terminal.shown(/summary /);
  terminal.type('reset\r');
  await terminal.shown(/<summary reset>/);
  terminal.type('\u001b[A\r'); // arrow up: the line before
  await terminal.shown(/<summary reset>/, 2);
  terminal.type('never sent\u0003'); // Ctrl+C drops the line
  terminal.type('pid\r');
  await terminal.shown(/<pid>/);
  terminal.type('quit\r');
  const text = await terminal.ended();
  assert.match(text, /^#{46}\r\n# Headgate Version: 9\.9\.9\r\n/);
  assert.deepEqual(lines, ['version', 'summary reset', 'summary reset', 'pid']);
});

for (const [name, key] of [
  ['Enter', '\r'],
  ['Ctrl+C', '\u0003'],
] as const) {
  test(`${name} ends an answer that goes on by itself, and the session goes on`, AT_TERMINAL, async (t) => {
    const { path, lines } = await serve(t);
    const terminal = new Terminal([path]);
    await terminal.shown(/> /);
    terminal.type('live\r');
    await terminal.shown(/live\r\n/); // the answer; behind what was typed stands \r\r\n
    terminal.type(key);
    await terminal.shown(new RegExp(`${path}> `), 2);
    terminal.type('pid\r');
    await terminal.shown(/<pid>/);
    terminal.type('quit\r');
    await terminal.ended();
    assert.deepEqual(lines, ['version', 'live', '', 'pid']);
  });
}

test(
  'a transaction that ended with its session: the next line is not sent, what was typed is shown',
  AT_TERMINAL,
  async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'headgate-console-'));
    const lines: string[] = [];
    let ended = Promise.resolve<unknown>(null);
    const server = createServer((socket) => {
      socket.write('. ready\n');
      socket.on('data', (chunk) => {
        const line = chunk.toString().trimEnd();
        lines.push(line);
        socket.write(`<${line}>\n. ok\n`);
        if (line !== 'config set a 1') return;
        ended = once(socket, 'close');
        socket.end();
      });
    }).listen(join(directory, '2025'));
    t.after(() => {
      server.close();
      rmSync(directory, { recursive: true });
    });
    const terminal = new Terminal([join(directory, '2025')]);
    await terminal.shown(/> /);
    terminal.type('config begin\r');
    await terminal.shown(/<config begin>/);
    terminal.type('config set a 1\r');
    await terminal.shown(/<config set a 1>/);
    await ended;
    terminal.type('config set b 2\r');
    await terminal.shown(/this line was not sent\. What was typed in it:\s+config set a 1/);
    terminal.type('pid\r');
    await terminal.shown(/<pid>/);
    terminal.type('quit\r');
    await terminal.ended();
    assert.deepEqual(lines, ['version', 'config begin', 'config set a 1', 'pid']);
  },
);

test('an idle session is taken up again; the pager shows what is long; Ctrl+D ends', AT_TERMINAL, async (t) => {
  const { path, lines } = await serve(t, 50);
  const terminal = new Terminal([path]);
  await terminal.shown(/> /);
  await new Promise((resolve) => setTimeout(resolve, 200)); // idle for longer than the server allows
  terminal.type('pid\r');
  await terminal.shown(/<pid>/);
  terminal.type('\\pager\r');
  await terminal.shown(/The pager is on\./);
  terminal.type('big\r');
  await terminal.shown(/\[paged\]/);
  terminal.type('\u0004');
  await terminal.ended();
  assert.deepEqual(lines, ['version', 'pid', 'big']);
});
