// CPU of the spool alone: workers append a message, wait until it is durable, settle it as delivered, and go on.
// Usage: node bench/spool.ts [DIRECTORY] [--share 1] [--json]   (default: a temporary one; a RAM disk measures nothing)
// --share: of the counts of messages, so that it is over sooner.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wallMs } from '../src/core/base/moment.ts';
import type { Content, Envelope } from '../src/core/mail/message.ts';
import { openSpool } from '../src/shell/spool/segment-spool.ts';
import { percentile, printMeasurement } from './measurement.ts';
import { Words } from './words.ts';

const HEADER_SECTION = `Subject: benchmark\r\n${'X-Filler: 0123456789abcdef0123456789abcdef\r\n'.repeat(8)}`;

interface Load {
  readonly bodyBytes: number;
  readonly concurrency: number;
  readonly messages: number;
}

const LOADS: readonly Load[] = [
  { bodyBytes: 2_048, concurrency: 1, messages: 10_000 },
  { bodyBytes: 2_048, concurrency: 20, messages: 200_000 },
  { bodyBytes: 2_048, concurrency: 200, messages: 400_000 },
  { bodyBytes: 51_200, concurrency: 20, messages: 40_000 },
  { bodyBytes: 51_200, concurrency: 200, messages: 40_000 },
];

const envelopeOf = (number: number, size: number): Envelope => ({
  batchId: `00/00-00001-${number}`,
  receivedAt: wallMs(1_764_000_000_000.5),
  reversePath: 'bounces@sender.example',
  recipients: [
    {
      messageId: `00/01-00001-${number}`,
      mailbox: 'someone@receiver.example',
      routingDomain: 'receiver.example',
      binding: 'default',
    },
  ],
  eightBit: false,
  size,
  protocol: 'esmtp',
});

const words = new Words(process.argv.slice(2), ['share'], ['json']);
const say = words.has('json') ? (): void => {} : console.log;
const share = words.number('share', 1);

async function measure(directory: string, load: Load): Promise<number[]> {
  const { bodyBytes, concurrency } = load;
  const messages = Math.ceil(load.messages * share);
  const spool = await openSpool({
    directory,
    forceFsync: true,
    onProblem: ({ text }) => console.error(text),
    beforeSettlementWrite: async () => {},
  });
  const content: Content = { headerSection: HEADER_SECTION, body: [Buffer.alloc(bodyBytes, 97)] };
  const run = (count: number): Promise<readonly number[]> =>
    new Promise((resolve) => {
      let started = 0;
      const waits: number[] = [];
      const next = (): void => {
        if (started === count) return;
        const at = performance.now();
        spool.append(envelopeOf(started++, bodyBytes), content, (result) => {
          if (result.kind === 'refused') throw new Error(result.reason);
          waits.push(performance.now() - at);
          spool.settle(result.stored, 0, { kind: 'delivered' });
          if (waits.length === count) resolve(waits);
          else next();
        });
      };
      for (let worker = 0; worker < concurrency; worker++) next();
    });
  await run(Math.ceil(messages / 5));
  const [cpu, at] = [process.cpuUsage(), performance.now()];
  const waits = [...(await run(messages))].sort((one, other) => one - other);
  const used = process.cpuUsage(cpu);
  const seconds = (performance.now() - at) / 1000;
  const perMessage = (microseconds: number): number => microseconds / 1000 / messages;
  const columns = [
    bodyBytes,
    concurrency,
    Math.round(messages / seconds),
    perMessage(used.user + used.system),
    perMessage(used.user),
    perMessage(used.system),
    percentile(waits, 0.5),
    percentile(waits, 0.99),
  ];
  await spool.close();
  return columns;
}

const DIGITS = [0, 0, 0, 4, 4, 4, 2, 2];
const figures: Record<string, number> = {};
const root = mkdtempSync(join(words.rest[0] ?? tmpdir(), 'headgate-spool-'));
try {
  const heads = ['octets', 'concurrency', 'msg/s', 'CPU ms/msg', 'user', 'sys', 'p50 ms', 'p99 ms'];
  say(heads.map((head) => head.padStart(11)).join(''));
  for (const [index, load] of LOADS.entries()) {
    const columns = await measure(join(root, String(index)), load);
    say(columns.map((column, at) => column.toFixed(DIGITS[at]!).padStart(11)).join(''));
    const name = `spool_${load.bodyBytes === 2_048 ? '2k' : '50k'}_${load.concurrency}`;
    figures[`${name}_cpu_ms`] = columns[3]!;
    figures[`${name}_p50_ms`] = columns[6]!;
    figures[`${name}_p99_ms`] = columns[7]!;
  }
} finally {
  rmSync(root, { recursive: true });
}
if (words.has('json')) printMeasurement('commit', figures);
