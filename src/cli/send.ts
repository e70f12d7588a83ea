// `headgate send`: generates SMTP traffic towards this machine and says what became of it.
import { type SendResult, sendMail } from './send-client.ts';
import { parseSendArguments } from './send-options.ts';

const USAGE = `\
usage: headgate send [--to ADDRESS:PORT] [--messages N] [--sessions N] [--size OCTETS]
                     [--domains NAME,...|N] [--recipients-per-message N] [--from MAILBOX]
                     [--header 'Name: value']... [--binding NAME,...] [--rate N]
                     [--pipelining no|envelope|overlap] [--reconnect SECONDS] [--json]

Sends mail to a server on this machine (127.0.0.1:2525), 1000 messages of 2048 octets over 20 sessions unless told
otherwise. Each message has a number in X-Headgate-Test-Id. --domains N makes up domain-1.example to domain-N.example;
--binding gives each message an X-Binding field, the names in turn; --rate is messages a second; --reconnect goes on
after a lost server for so many seconds without success. SIGINT and SIGTERM end it in order.
Exit status: 0 everything was accepted, 1 something was not, 2 usage.
`;

/** @param argv what follows `headgate send` @returns the exit status */
export async function runSend(argv: readonly string[]): Promise<number> {
  const parsed = parseSendArguments(argv);
  if (parsed.kind === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  if (parsed.kind === 'refused') {
    process.stderr.write(`headgate send: ${parsed.reason}\n"headgate send --help" says how it is used\n`);
    return 2;
  }
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  const result = await sendMail({ ...parsed.options, signal: stop.signal });
  process.stdout.write(parsed.json ? resultJson(result) : formatResult(result));
  return result.accepted.size === parsed.options.messages && result.recipientsRefusedByCode.size === 0 ? 0 : 1;
}

function formatResult(result: SendResult): string {
  const { accepted, refusedByCode, recipientsRefusedByCode, unanswered, unsent, connections, failure, seconds } =
    result;
  const lines = [
    `accepted     ${accepted.size} messages in ${seconds.toFixed(2)} s (${rateOf(result).toFixed(0)}/s) over ${connections} connections`,
  ];
  if (refusedByCode.size > 0) lines.push(`refused      ${formatCounts(refusedByCode)}`);
  if (recipientsRefusedByCode.size > 0) lines.push(`recipients   refused: ${formatCounts(recipientsRefusedByCode)}`);
  if (unanswered.length > 0) lines.push(`unanswered   ${unanswered.length}; they may arrive or not`);
  if (unsent > 0) lines.push(`not sent     ${unsent}`);
  if (failure !== null) lines.push(`last failure ${printable(failure)}`);
  return `${lines.join('\n')}\n`;
}

function resultJson(result: SendResult): string {
  const { accepted, refusedByCode, recipientsRefusedByCode, unanswered, ...figures } = result;
  return `${JSON.stringify({
    accepted: accepted.size,
    refused: Object.fromEntries(refusedByCode),
    recipientsRefused: Object.fromEntries(recipientsRefusedByCode),
    unanswered: unanswered.length,
    ...figures,
    messagesPerSecond: Math.round(rateOf(result)),
  })}\n`;
}

const rateOf = ({ accepted, seconds }: SendResult): number => (seconds > 0 ? accepted.size / seconds : 0);

function formatCounts(countsByCode: ReadonlyMap<number, number>): string {
  const sorted = [...countsByCode].sort(([a], [b]) => a - b);
  return sorted.map(([code, count]) => `${count} with ${code}`).join(', ');
}

/** It quotes the server. */
const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, ' ').slice(0, 200);
