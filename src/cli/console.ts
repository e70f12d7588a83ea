// `headgate console`, also installed as `ec_console`: a client of the running server's console, for people at a
// terminal and for scripts.
import { createInterface } from 'node:readline';
import { type AnswerEnd, type ConsoleClient, openConsole } from './console-client.ts';
import { DEFAULT_ENDPOINT, parseEndpoint } from './console-endpoint.ts';
import { InteractiveConsole } from './console-interactive.ts';

const USAGE = `\
usage: headgate console [ENDPOINT] [COMMAND...]

ENDPOINT is the path of a Unix socket, host:port or [IPv6]:port; ${DEFAULT_ENDPOINT.name} when left out.
With a COMMAND, or with commands on standard input, prints the answers and nothing else; the exit status is 1 when a
command was refused. Otherwise talks at the terminal: Tab completes, "help" lists the commands, "quit" leaves,
"\\pager" switches $PAGER on and off for long answers.
`;

/** @param argv what follows `headgate console` @returns the exit status: 0, 1 (refused or no server), 2 (usage) */
export async function runConsole(argv: readonly string[]): Promise<number> {
  const { stdin, stdout, stderr } = process;
  const [first, ...rest] = argv;
  if (first === '--help' || first === '-h' || first === '--man') {
    stdout.write(USAGE);
    return 0;
  }
  if (first?.startsWith('-')) {
    stderr.write(`headgate console: unknown option ${first}\n"headgate console --help" says how it is used\n`);
    return 2;
  }
  const parsed = first === undefined ? ({ kind: 'word' } as const) : parseEndpoint(first);
  if (parsed.kind === 'refused') {
    stderr.write(`headgate console: ${parsed.reason}\n`);
    return 2;
  }
  const endpoint = parsed.kind === 'endpoint' ? parsed.endpoint : DEFAULT_ENDPOINT;
  const words = parsed.kind === 'endpoint' ? rest : argv;
  const opened = await openConsole(endpoint);
  if (opened.kind === 'failed') {
    stderr.write(`headgate console: ${endpoint.name}: ${opened.reason}\n`);
    return 1;
  }
  const { client } = opened;
  if (words.length === 0 && stdin.isTTY) {
    await new InteractiveConsole(client, endpoint, stdin, stdout).run();
    return 0;
  }
  let isReaderGone = false;
  stdout.on('error', () => {
    isReaderGone = true; // it has seen enough, as `head` does
    client.close();
  });
  const end = words.length > 0 ? await print(words.join(' '), client) : await printInput(client);
  client.close();
  if (end === 'lost' && !isReaderGone) stderr.write(`headgate console: ${endpoint.name}: the connection was lost\n`);
  return end === 'ok' ? 0 : 1;
}

/** Carries out the lines of standard input up to `quit`, also those behind a refused one. @returns the worst outcome */
async function printInput(client: ConsoleClient): Promise<AnswerEnd> {
  let worst: AnswerEnd = 'ok';
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === 'quit') break;
    if (line.trim() === '') continue;
    const end = await print(line, client);
    if (end !== 'ok') worst = end;
    if (end === 'lost') break;
  }
  process.stdin.destroy();
  return worst;
}

/** Has a command carried out and prints the answer, as fast as the output takes it. */
function print(line: string, client: ConsoleClient): Promise<AnswerEnd> {
  return client.ask(line, (text) => {
    if (process.stdout.write(text)) return;
    client.pause();
    process.stdout.once('drain', () => client.resume());
  });
}
