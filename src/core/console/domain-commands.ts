// What is known of domains: `domain`, `domain all`, and the domains with long queues (`active`, `delayed` and their
// binding forms).
import { canonicalDomain } from '../mail/domain-name.ts';
import { type Answer, type Command, parseCount, refuse, reply, type Subject, unknownBinding } from './command.ts';
import { domainStanzaLines } from './domain-stanzas.ts';
import { addCounts, type DomainCounts, domainLine, right, textOf, totalLine, totalsLine } from './layout.ts';
import { JSON_FLAG, jsonAnswer, jsonList, listAnswer, withJson } from './list-answer.ts';
import { type Pages, readPages } from './pages.ts';
import type { AddressDetail, DomainDetail, DomainRow, ServerView } from './server-view.ts';
import { largestInSlices, sortInSlices } from './slices.ts';

export const DOMAIN_COMMANDS: readonly Command[] = [
  {
    words: ['domain'],
    usage: '[--json] DOMAIN',
    help: 'mail exchangers, queues and sessions of one domain',
    arity: [1, 2],
    offers: ['domain'],
    run: (args, subject) => withJson(args, (isJson, [name = '']) => domainReport(name, isJson, subject), 1),
  },
  ...[['domain', 'all'], ['domains']].map(
    (words): Command => ({
      words,
      usage: '[--json]',
      help: 'connections (C), active (A), delayed (D) and delivered (S) messages of every domain',
      arity: [0, 1],
      run: (args, { server }) => withJson(args, (isJson) => allDomains(isJson, server)),
    }),
  ),
  ...(['active', 'delayed'] as const).flatMap((queue): Command[] => [
    {
      words: [queue],
      usage: '[--json] COUNT',
      help: `domains with more than COUNT ${queue} messages`,
      arity: [1, 2],
      run: (args, { server }) =>
        withJson(args, (isJson, [count = '']) => longQueues(server.domains(), queue, count, isJson, server), 1),
    },
    {
      words: ['binding', queue],
      usage: '[--json] BINDING COUNT',
      help: `domains with more than COUNT ${queue} messages in one binding`,
      arity: [2, 3],
      offers: ['binding', null],
      run: (args, { server }) =>
        withJson(
          args,
          async (isJson, [binding = '', count = '']) =>
            (await unknownBinding(binding, server)) ??
            longQueues(server.domainsOfBinding(binding), queue, count, isJson, server),
          2,
        ),
    },
  ]),
  {
    words: ['hot_domains', 'list'],
    usage: '[json]',
    help: 'domains with the most open connections, at most 20',
    arity: [0, 1],
    complete: () => ['json'],
    run: ([word], subject) =>
      word === undefined || word === 'json' || word === JSON_FLAG
        ? hotDomains(word !== undefined, subject)
        : refuse(`found "${word}"; expected json or nothing`),
  },
];

const NO_COUNTS: DomainCounts = { connections: 0, active: 0, delayed: 0, delivered: 0 };

const byName = (a: DomainRow, b: DomainRow): number => (a.domain < b.domain ? -1 : 1);

async function allDomains(isJson: boolean, server: ServerView): Promise<Answer> {
  const sum = { ...NO_COUNTS };
  const rows: DomainRow[] = [];
  await readPages(server.domains(), (row) => {
    addCounts(sum, row);
    rows.push(row);
  });
  const sorted = await sortInSlices(rows, server, byName);
  if (isJson) return jsonDomains(sorted, sum, server);
  return listAnswer(sorted, server, domainLine, { head: ['Domain summary:'], tail: [totalsLine(sum)] });
}

function jsonDomains(rows: readonly DomainRow[], total: DomainCounts, server: ServerView): Answer {
  return jsonList(rows, server, (row) => row, ['{"domains":', `,"total":${JSON.stringify(total)}}`]);
}

/** The total counts every row, listed or not. */
async function longQueues(
  rows: Pages<DomainRow>,
  queue: 'active' | 'delayed',
  threshold: string,
  isJson: boolean,
  server: ServerView,
): Promise<Answer> {
  const least = parseCount(threshold);
  if (least === null) return refuse(`found "${threshold}"; expected a whole number of messages`);
  const sum = { ...NO_COUNTS };
  const listed: DomainRow[] = [];
  await readPages(rows, (row) => {
    addCounts(sum, row);
    if (row[queue] > least) listed.push(row);
  });
  const sorted = await sortInSlices(listed, server, byName);
  if (isJson) return jsonDomains(sorted, sum, server);
  return listAnswer(sorted, server, domainLine, { tail: [totalLine(sum)] });
}

// ---- hot_domains

const HOT_DOMAINS = 20;
/** One loop serves all mail; shards would be numbered from here. */
const LOOP = '0x1';

/**
 * Reading: where domains are not spread over threads, the hot ones are those with the most open connections. What the
 * manual prints of threads stays in place, for programs that read it.
 */
async function hotDomains(isJson: boolean, { server, process }: Subject): Promise<Answer> {
  const size = ({ connections, active }: DomainRow): number => connections * 1e9 + Math.min(active, 1e9 - 1);
  const busy = await largestInSlices(server.domains(), server, HOT_DOMAINS, size);
  const rows = busy.filter(({ connections }) => connections > 0).sort((a, b) => size(b) - size(a));
  if (isJson) {
    return jsonList(rows, server, ({ domain, connections, active }) => ({
      domain,
      tid: process.pid,
      event_loop: LOOP,
      connections,
      active,
    }));
  }
  const linesOf = ({ domain }: DomainRow): string =>
    `Hot domain: ${domain}\n\tEvent loop instance pointer: ${LOOP}\n\tThread ID (TID/PID): ${process.pid}\n`;
  return listAnswer(rows, server, linesOf);
}

async function domainReport(name: string, isJson: boolean, { server, stanzas }: Subject): Promise<Answer> {
  const detail = await server.domain(canonicalDomain(name));
  if (detail === null) {
    return refuse(`no mail for "${name}" has been seen since the server started; dig ${name} looks up its route`);
  }
  if (isJson) return jsonAnswer(detail);
  const lines = [
    ...domainStanzaLines(stanzas(), detail.domain),
    `Domain '${detail.domain}' has ${detail.exchangers.length} MXs and a TTL of ${detail.ttlSeconds} seconds`,
  ];
  for (const exchanger of detail.exchangers) {
    lines.push(`  [${exchanger.preference} ${exchanger.host} TTL:${exchanger.ttlSeconds}]`);
    for (const address of exchanger.addresses) lines.push(...addressLines(address));
  }
  if (detail.exchangers.length === 0 && detail.unroutable === null)
    lines.push('Its route is not known yet: it is being looked up, or is as soon as mail needs it');
  if (detail.ownHost !== null)
    lines.push(`${detail.ownHost} is this server itself: it and hosts of the same or a worse preference are left out`);
  if (detail.unroutable !== null) lines.push(`Domain has no route: ${detail.unroutable}`);
  if (detail.consecutiveFailures > 0) {
    lines.push(`Domain has had ${detail.consecutiveFailures} consecutive connection failures`);
  }
  return reply(textOf([...lines, ...queueLines(detail), ...sessionLines(detail)]));
}

function addressLines(detail: AddressDetail): string[] {
  const isDown = detail.failedAgoMs !== null;
  const mark = `${detail.isNext ? ' =>' : ''}${isDown ? ' *' : ''}`.padEnd(8);
  const times = `(${detail.connectMs.toFixed(2)}ms con ${detail.deliverMs.toFixed(2)}ms dlv)`;
  const failure =
    detail.failedAgoMs === null
      ? ''
      : ` ${(detail.failedAgoMs / 1000).toFixed(2)}s since failure${whose(detail.setAsideBy)}`;
  return [
    `${mark}[${detail.address}] IPv${detail.family} ${times}${failure}`,
    ...detail.alsoUsedBy.map((other) => `                (also used by ${other.domain} pref ${other.preference})`),
  ];
}

const BINDINGS_MAX = 3;

/** Each binding remembers failures by itself. */
function whose(bindings: readonly string[]): string {
  const named = bindings.slice(0, BINDINGS_MAX).map((binding) => `"${binding}"`);
  return named.length === 0
    ? ''
    : ` (binding ${named.join(', ')}${bindings.length > named.length ? ' and others' : ''})`;
}

function queueLines(detail: DomainDetail): string[] {
  return [
    'Queue:',
    `        Active:${right(detail.active, 11)}`,
    `        Delayed:${right(detail.delayed, 10)}`,
    `Deliveries:${right(detail.delivered, 10)}`,
    `Failures:${right(detail.failed, 12)}`,
  ];
}

function sessionLines(detail: DomainDetail): string[] {
  return [
    `Active Connections: ${detail.sessions.length}`,
    ...detail.sessions.map((session, index) => {
      const place = `[${right(index + 1, 2)}] FD: ${right(session.id, 6)}  IP: ${right(session.address, 15)}`;
      return `${place}  State: ${session.stage} (${session.stageMs.toFixed(2)}ms)`;
    }),
  ];
}
