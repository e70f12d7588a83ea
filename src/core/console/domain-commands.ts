// What is known of domains: `domain`, `domain all`, and the domains with long queues (`active`, `delayed` and their
// binding forms).
import { canonicalDomain } from '../mail/domain-name.ts';
import { type Answer, type Command, parseCount, refuse, reply, type Subject, unknownBinding } from './command.ts';
import { domainStanzaLines } from './domain-stanzas.ts';
import { addCounts, type DomainCounts, domainLine, right, textOf, totalLine, totalsLine } from './layout.ts';
import type { AddressDetail, DomainDetail, DomainRow, ServerView } from './server-view.ts';

export const DOMAIN_COMMANDS: readonly Command[] = [
  {
    words: ['domain'],
    usage: 'DOMAIN',
    help: 'mail exchangers, queues and sessions of one domain',
    arity: [1, 1],
    offers: ['domain'],
    run: ([name = ''], subject) => domainReport(name, subject),
  },
  ...[['domain', 'all'], ['domains']].map(
    (words): Command => ({
      words,
      usage: '',
      help: 'connections (C), active (A), delayed (D) and delivered (S) messages of every domain',
      arity: [0, 0],
      run: (_, { server }) => reply(allDomains(server)),
    }),
  ),
  ...(['active', 'delayed'] as const).flatMap((queue): Command[] => [
    {
      words: [queue],
      usage: 'COUNT',
      help: `domains with more than COUNT ${queue} messages`,
      arity: [1, 1],
      run: ([count = ''], { server }) => longQueues(server.domains(), queue, count),
    },
    {
      words: ['binding', queue],
      usage: 'BINDING COUNT',
      help: `domains with more than COUNT ${queue} messages in one binding`,
      arity: [2, 2],
      offers: ['binding', null],
      run: ([binding = '', count = ''], { server }) =>
        unknownBinding(binding, server) ?? longQueues(server.domainsOfBinding(binding), queue, count),
    },
  ]),
];

/** Mail waits while rows are put in order, so beyond this many they stand as the server has them. */
const SORTED_ROWS_MAX = 100_000;

function sortByName(rows: DomainRow[]): DomainRow[] {
  return rows.length > SORTED_ROWS_MAX ? rows : rows.sort((a, b) => (a.domain < b.domain ? -1 : 1));
}

function allDomains(server: ServerView): string {
  const sum: DomainCounts = { connections: 0, active: 0, delayed: 0, delivered: 0 };
  const rows = sortByName([...server.domains()]);
  for (const row of rows) addCounts(sum, row);
  return textOf(['Domain summary:', ...rows.map(domainLine), totalsLine(sum)]);
}

/** The total counts every row, listed or not. */
function longQueues(rows: Iterable<DomainRow>, queue: 'active' | 'delayed', threshold: string): Answer {
  const least = parseCount(threshold);
  if (least === null) return refuse(`found "${threshold}"; expected a whole number of messages`);
  const sum: DomainCounts = { connections: 0, active: 0, delayed: 0, delivered: 0 };
  const listed: DomainRow[] = [];
  for (const row of rows) {
    addCounts(sum, row);
    if (row[queue] > least) listed.push(row);
  }
  return reply(textOf([...sortByName(listed).map(domainLine), totalLine(sum)]));
}

function domainReport(name: string, { server, stanzas }: Subject): Answer {
  const detail = server.domain(canonicalDomain(name));
  if (detail === null) return refuse(`no mail for "${name}" has been seen since the server started`);
  const lines = [
    ...domainStanzaLines(stanzas(), detail.domain),
    `Domain '${detail.domain}' has ${detail.exchangers.length} MXs and a TTL of ${detail.ttlSeconds} seconds`,
  ];
  for (const exchanger of detail.exchangers) {
    lines.push(`  [${exchanger.preference} ${exchanger.host} TTL:${exchanger.ttlSeconds}]`);
    for (const address of exchanger.addresses) lines.push(...addressLines(address));
  }
  if (detail.unroutable !== null) lines.push(`Domain has no route: ${detail.unroutable}`);
  if (detail.consecutiveFailures > 0) {
    lines.push(`Domain has had ${detail.consecutiveFailures} consecutive connection failures`);
  }
  return reply(textOf([...lines, ...queueLines(detail), ...sessionLines(detail)]));
}

function addressLines(detail: AddressDetail): string[] {
  const mark = detail.isNext ? ' =>     ' : detail.failedAgoMs !== null ? ' *      ' : '        ';
  const times = `(${detail.connectMs.toFixed(2)}ms con ${detail.deliverMs.toFixed(2)}ms dlv)`;
  const failure = detail.failedAgoMs === null ? '' : ` ${(detail.failedAgoMs / 1000).toFixed(2)}s since failure`;
  return [
    `${mark}[${detail.address}] IPv${detail.family} ${times}${failure}`,
    ...detail.alsoUsedBy.map((other) => `                (also used by ${other.domain} pref ${other.preference})`),
  ];
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
