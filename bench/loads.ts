// One server under several loads of `bench/bench`, one after the other, so that what they differ in can be told.
//
//   node bench/loads.ts headgate|bare|PEER LOAD... [--messages 50000] [--options 'LINES'] [--json]
//
// LOAD: 2k_20, 2k_100 and 50k_20 (octets and sessions, kept connections; a fifth of the messages at 50 KB), new_in (a
// connection in for each message, 20 at once; a third), new_out (a connection out for each message, 20 kept ones in; a third;
// Headgate only). --options: lines of Headgate's configuration, at global scope.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Figures, printMeasurement } from './measurement.ts';
import { Words } from './words.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const SERVER_PORT_OFFSET = 50;

interface Load {
  readonly words: string;
  /** Of --messages. */
  readonly share: number;
  /** Of Headgate's configuration. */
  readonly options?: string;
}

const LOADS: Readonly<Record<string, Load>> = {
  '2k_20': { words: '--sessions 20 --size 2048', share: 1 },
  '2k_100': { words: '--sessions 100 --size 2048', share: 1 },
  '50k_20': { words: '--sessions 20 --size 51200', share: 1 / 5 },
  new_in: { words: '--sessions 20 --size 2048 --per-connection', share: 1 / 3 },
  new_out: { words: '--sessions 20 --size 2048', share: 1 / 3, options: 'Max_Deliveries_Per_Connection = 1' },
};

/** What is used of a line of `bench/bench relay`. */
interface RelayLine {
  readonly msgs_per_s: number;
  readonly cpu_ms_per_msg: number;
  readonly lost: number;
  readonly noisy: boolean;
  readonly error?: string;
}

const words = new Words(process.argv.slice(2), ['messages', 'options'], ['json']);
const [name, ...loads] = words.rest;
const messages = words.number('messages', 50_000);
const START: Readonly<Record<string, string>> = {
  headgate: `'${join(HERE, 'headgate.sh')}'`,
  bare: `exec '${process.execPath}' '${join(HERE, 'bare.ts')}' relay`,
};

function relay({ words: load, share, options = '' }: Load): Promise<RelayLine> {
  const start = START[name!];
  const listen = `127.0.0.1:${Number(process.env['BENCH_PORT_BASE'] ?? 24600) + SERVER_PORT_OFFSET}`;
  const server = start === undefined ? [name!] : ['--name', name!, '--start', start, '--listen', listen];
  const count = Math.ceil(messages * share);
  const counts = ['--messages', `${count}`, '--warmup', `${Math.ceil(count / 10)}`, '--timeout', '600'];
  const env = { ...process.env, HEADGATE_OPTIONS: [words.text('options', ''), options].join('\n') };
  return new Promise((resolve, reject) => {
    const command = ['relay', ...server, ...load.split(' '), ...counts];
    const child = spawn(join(HERE, 'bench'), command, { stdio: ['ignore', 'pipe', 'inherit'], env });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.once('error', reject);
    child.once('close', (code) => {
      const line = output.trimEnd().split('\n').at(-1)!;
      if (code === 0 && line.startsWith('{')) resolve(JSON.parse(line) as RelayLine);
      else reject(new Error(`bench/bench relay ${name} ended with ${code}`));
    });
  });
}

const figures: Record<string, number> = {};
const problems: string[] = [];
let noisy = 0;
for (const id of loads) {
  const load = LOADS[id];
  if (load === undefined) throw new Error(`${id}: no such load; known are ${Object.keys(LOADS).join(', ')}`);
  const line = await relay(load);
  figures[`${id}_msgs_per_s`] = line.msgs_per_s;
  figures[`${id}_cpu_ms`] = line.cpu_ms_per_msg;
  if (line.lost > 0) problems.push(`${id}: ${line.lost} messages did not arrive in time`);
  if (line.error !== undefined) problems.push(`${id}: ${line.error}`);
  if (line.noisy) noisy += 1;
}
if (words.has('json')) printMeasurement(name!, figures satisfies Figures, problems, noisy > 0);
else console.log(figures, ...problems);
