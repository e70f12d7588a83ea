// What waits: `mailq` and `showqueue`.
import { canonicalDomain } from '../mail/domain-name.ts';
import { ANY_NUMBER, type Answer, type Command, parseCount, refuse, reply, unknownBinding } from './command.ts';
import { right, unixSeconds } from './layout.ts';
import { jsonList, listAnswer, takeJsonFlag } from './list-answer.ts';
import { collectPages, readPages } from './pages.ts';
import type { MessageList, QueuedMessage, QueueRow, ServerView } from './server-view.ts';
import { largestInSlices } from './slices.ts';

const ALL = 'all';
const SHOWQUEUE_USAGE = '[--json] [binding BINDING | binding all] DOMAIN [LIMIT,OFFSET]';

export const QUEUE_COMMANDS: readonly Command[] = [
  {
    words: ['mailq'],
    usage: '[--json] [-d DOMAIN]... [-b BINDING]... [-l LIMIT]',
    help: 'active (AQ) and delayed (DQ) messages per group/binding and domain, the longest 20 queues',
    arity: [0, ANY_NUMBER],
    run: (args, { server }) => mailq(args, server),
  },
  {
    words: ['showqueue'],
    usage: SHOWQUEUE_USAGE,
    help: 'messages queued for a domain in binding default, another or all; 100,0 unless told otherwise',
    more: () => ['showqueue BINDING DOMAIN, without the word "binding", means the same.'],
    arity: [1, 5],
    offers: ['domain'],
    run: (args, { server }) => showqueue(args, server),
  },
];

// ---- mailq

const MAILQ_LIMIT = 20;
const LIMIT_MAX = 100_000;
const MAILQ_WIDTH = 74;

async function mailq(args: readonly string[], server: ServerView): Promise<Answer> {
  const { words, isJson } = takeJsonFlag(args);
  const domains = new Set<string>();
  const bindings = new Set<string>();
  let limit: number | null = MAILQ_LIMIT;
  for (let index = 0; index < words.length; index += 2) {
    const [option, value] = [words[index], words[index + 1]];
    if (value === undefined) return refuse(`${option}: a value is missing`);
    if (option === '--domain' || option === '-d') domains.add(canonicalDomain(value));
    else if (option === '--binding' || option === '-b') bindings.add(value);
    else if (option === '--limit' || option === '-l') limit = parseCount(value, 1);
    else return refuse(`found "${option}"; expected --domain, --binding, --limit or --json`);
    if (limit === null || limit > LIMIT_MAX)
      return refuse(`--limit: found "${value}"; expected a whole number from 1 to ${LIMIT_MAX}`);
  }
  for (const binding of bindings) {
    const unknown = await unknownBinding(binding, server);
    if (unknown !== null) return unknown;
  }
  const isWanted = ({ domain, binding }: QueueRow): boolean =>
    (domains.size === 0 || domains.has(domain)) && (bindings.size === 0 || bindings.has(binding));
  // Reading: which rows a limit keeps is not documented; here the longest queues, in the order in which they came.
  const length = (row: QueueRow): number => (isWanted(row) ? row.active + row.delayed : -1);
  const rows = (await largestInSlices(server.queues(), server, limit, length)).filter(isWanted);
  if (isJson) return jsonList(rows, server, (row) => ({ ...row, group: row.group ?? 'default' }));
  const header = `Group/Binding${right('Domain', 45)}${right('AQ', 8)}${right('DQ', 8)}`;
  return listAnswer(rows, server, mailqLine, { head: [header, '-'.repeat(MAILQ_WIDTH)] });
}

function mailqLine(row: QueueRow): string {
  const name = `${row.group ?? 'default'}/${row.binding} `;
  return `${name}${right(row.domain, 58 - name.length)}${right(row.active, 8)}${right(row.delayed, 8)}`;
}

// ---- showqueue

const SHOWQUEUE_DEFAULT = '100,0';

async function showqueue(args: readonly string[], server: ServerView): Promise<Answer> {
  const { words, isJson } = takeJsonFlag(args);
  const place = placeWords(words);
  if (place === null) return refuse(`expected showqueue ${SHOWQUEUE_USAGE}`);
  const [name, domain, range = SHOWQUEUE_DEFAULT, surplus] = place;
  if (surplus !== undefined) return refuse(`found "${surplus}" behind LIMIT,OFFSET; expected nothing`);
  const binding = name === ALL ? null : name;
  const unknown = binding === null ? null : await unknownBinding(binding, server);
  if (unknown !== null) return unknown;
  const [most = '', behind = '0', ...more] = range.split(',');
  const [limit, offset] = [parseCount(most, 1), parseCount(behind)];
  if (limit === null || offset === null || limit > LIMIT_MAX || more.length > 0) {
    return refuse(
      `found "${range}"; expected LIMIT,OFFSET: 1 to ${LIMIT_MAX} messages, behind the first OFFSET (0 when left out), as in ${SHOWQUEUE_DEFAULT}`,
    );
  }
  const list = { domain: canonicalDomain(domain), binding, queue: null };
  const messages = await collectPages(server.messages(list, limit, offset));
  if (isJson) return jsonList(messages, server, messageShape);
  if (messages.length === 0) {
    if (offset > 0) return reply(`No messages for ${domain} found behind the first ${offset}.\n`);
    return reply(`No messages for ${domain} found.\n${busyLine(await deliveringNow(list, server))}`);
  }
  return listAnswer(messages, server, messageLines);
}

/** Of queues in which no message waits: what they count as active is on connections. */
async function deliveringNow({ domain, binding }: MessageList, server: ServerView): Promise<number> {
  let count = 0;
  await readPages(server.queues(), (row) => {
    if (row.domain === domain && (binding === null || row.binding === binding)) count += row.active;
  });
  return count;
}

function busyLine(count: number): string {
  if (count === 0) return '';
  return `${count === 1 ? '1 message is' : `${count} messages are`} being delivered now.\n`;
}

type PlaceWords = readonly [binding: string, domain: string, ...rest: string[]];

/** BINDING DOMAIN without the word in front is taken as other commands take it. Null when the domain is missing. */
function placeWords(words: readonly string[]): PlaceWords | null {
  const [first, second, third] = words;
  if (first === undefined || (first === 'binding' && third === undefined)) return null;
  if (first === 'binding') return [second!, third!, ...words.slice(3)];
  if (second !== undefined && !isRange(second)) return [first, second, ...words.slice(2)];
  return ['default', first, ...words.slice(1)];
}

/** Meant as LIMIT,OFFSET: neither is part of the name of a domain. */
const isRange = (word: string): boolean => word.includes(',') || /^\d+$/.test(word);

function messageLines(message: QueuedMessage): string {
  const { queue, binding, id, createdAt, reversePath, recipient } = message;
  const first = `[${queue}/${binding}] ${id} Created: ${unixSeconds(createdAt)}`;
  return `${first}\n  From: <${reversePath ?? ''}> To: <${recipient}>`;
}

function messageShape({ queue, binding, id, createdAt, reversePath, recipient }: QueuedMessage) {
  return { queue, binding, id, created: unixSeconds(createdAt), from: reversePath ?? '', to: recipient };
}
