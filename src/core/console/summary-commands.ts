// `summary` and `binding summary`: how much there is, and how fast it moves.
import type { PacerFigures } from '../routing/query-pacer.ts';
import { type Answer, type Command, refuse, refuseUnknown, reply, unknownBinding } from './command.ts';
import { figureLine, perSecond, textOf } from './layout.ts';
import { jsonAnswer, jsonList, takeJsonFlag, withJson } from './list-answer.ts';
import { collectPages } from './pages.ts';
import type { BindingRow, ServerView, SummaryFigures } from './server-view.ts';

export const SUMMARY_COMMANDS: readonly Command[] = [
  {
    words: ['summary'],
    usage: '[--json]',
    help: 'figures of the whole server',
    arity: [0, 1],
    run: (args, { server }) =>
      withJson(args, async (isJson) => {
        const figures = await server.summary();
        return isJson ? jsonAnswer(figures) : reply(textOf(summaryLines(figures)));
      }),
  },
  {
    words: ['summary', 'reset'],
    usage: '',
    help: 'sets the counts of summary and binding summary back to zero',
    arity: [0, 0],
    async run(_, { server }) {
      await server.resetSummary();
      return reply('statistics cleared.\n');
    },
  },
  {
    words: ['binding', 'summary'],
    usage: '[--json] [BINDING | group:GROUP]',
    help: 'figures of each binding, of one, or of a binding group',
    arity: [0, 2],
    offers: ['binding'],
    run: (args, { server }) => {
      const { words, isJson } = takeJsonFlag(args);
      if (words.length > 1) return refuse('expected one binding, or group:GROUP, or nothing');
      return bindingSummary(words[0], isJson, server);
    },
  },
];

function summaryLines(figures: SummaryFigures): string[] {
  const { dns, sinceResetSeconds: seconds } = figures;
  return [
    'Summary Statistics',
    figureLine('Outbound Concurrency', figures.outboundConnections, 7),
    figureLine('Inbound Concurrency', figures.inboundConnections, 7),
    figureLine('Active Domains', figures.domains, 7),
    figureLine('Active Queue Size', figures.activeMessages, 6),
    figureLine('Delayed Queue Size', figures.delayedMessages, 6),
    figureLine('Total Queue Size', figures.totalMessages, 6),
    `        DNS Resolver: ${dns.resolver}`,
    figureLine('DNS A Queries', dns.a.queries, 0),
    figureLine('DNS A Timeouts', dns.a.timeouts, 0),
    figureLine('DNS AAAA Queries', dns.aaaa.queries, 0),
    figureLine('DNS AAAA Timeouts', dns.aaaa.timeouts, 0),
    figureLine('DNS MX Queries', dns.mx.queries, 0),
    figureLine('DNS MX Timeouts', dns.mx.timeouts, 0),
    figureLine('DNS TXT Queries', dns.txt.queries, 0),
    figureLine('DNS TXT Timeouts', dns.txt.timeouts, 0),
    figureLine('Pending DNS Queries', dns.pending, 0),
    // Reading: the documented sample adds up without TXT queries.
    figureLine(
      'Query Rate',
      perSecond(dns.a.queries + dns.aaaa.queries + dns.mx.queries, seconds),
      6,
      'queries/second',
      2,
    ),
    figureLine('DNS Response Time Peak', dns.responsePeakMs, 4, 'ms'),
    figureLine('DNS Response Time Average', dns.responseAverageMs, 6, 'ms', 3),
    ...limiterLines(dns.limiter ?? null),
    figureLine('Successfully Delivered Messages', figures.delivered, 6),
    figureLine('Failed Messages', figures.failed, 6),
    figureLine('Rejected Messages', figures.rejected, 6),
    figureLine('Received Messages', figures.received, 6),
    ...rateLines(figures, seconds),
    figureLine('Statistics Last Reset', seconds, 6, 'seconds'),
    figureLine('Uptime', figures.uptimeSeconds, 6, 'seconds'),
  ];
}

/** The reference has the figures in its debug mode only, which there is none of here. */
function limiterLines(limiter: PacerFigures | null): string[] {
  if (limiter === null) return ['        DNS Rate Limiter: disabled'];
  const { queries, periodMs, waiting, waitingMax, immediate, queued, drained, overflow } = limiter;
  return [
    '        DNS Rate Limiter: enabled',
    `        DNS Rate Limit: ${queries} MX queries per ${periodMs / 1000} seconds`,
    `        DNS Rate Limiter Queue: ${waiting} / ${waitingMax}`,
    figureLine('DNS Rate Limiter Immediate', immediate, 0),
    figureLine('DNS Rate Limiter Queued', queued, 0),
    figureLine('DNS Rate Limiter Drained', drained, 0),
    figureLine('DNS Rate Limiter Overflow', overflow, 0),
  ];
}

/** Reading: in the documented sample a delivery is what left the queue, delivered or failed. */
function rateLines(counts: Pick<BindingRow, 'delivered' | 'failed' | 'received'>, seconds: number): string[] {
  return [
    figureLine('Delivery Rate', perSecond(counts.delivered + counts.failed, seconds), 6, 'messages/second', 2),
    figureLine('Reception Rate', perSecond(counts.received, seconds), 6, 'messages/second', 2),
  ];
}

const GROUP_PREFIX = 'group:';

async function bindingSummary(which: string | undefined, isJson: boolean, server: ServerView): Promise<Answer> {
  if (which?.startsWith(GROUP_PREFIX)) return groupSummary(which.slice(GROUP_PREFIX.length), isJson, server);
  const unknown = which === undefined ? null : await unknownBinding(which, server);
  if (unknown !== null) return unknown;
  const times = await server.summary();
  const rows = (await collectPages(server.bindings())).filter((row) => which === undefined || row.binding === which);
  if (isJson) return jsonBindings(rows, times, server);
  return reply(textOf(rows.flatMap((row) => bindingLines(row.binding, row, 'Resident', times))));
}

/** Sums over a group are for the reader to make. */
function jsonBindings(rows: readonly BindingRow[], times: SummaryFigures, server: ServerView): Answer {
  const { sinceResetSeconds, uptimeSeconds } = times;
  const shapeOf = (row: BindingRow) => ({ ...row, group: row.group ?? 'default' });
  return jsonList(rows, server, shapeOf, [
    '{"bindings":',
    `,${JSON.stringify({ sinceResetSeconds, uptimeSeconds }).slice(1)}`,
  ]);
}

async function groupSummary(group: string, isJson: boolean, server: ServerView): Promise<Answer> {
  const all = await collectPages(server.bindings());
  const times = await server.summary();
  const members = all.filter((row) => row.group === group);
  if (members.length === 0) {
    return refuseUnknown('binding group', group, new Set(all.flatMap((row) => row.group ?? [])));
  }
  if (isJson) return jsonBindings(members, times, server);
  const lines = members.flatMap((row) =>
    bindingLines(`${row.binding} in Binding Group ${group}`, row, 'Resident', times),
  );
  const total = (figure: (row: BindingRow) => number): number => members.reduce((sum, row) => sum + figure(row), 0);
  const sum: Omit<BindingRow, 'binding' | 'group' | 'isGone'> = {
    connections: total((row) => row.connections),
    active: total((row) => row.active),
    total: total((row) => row.total),
    delivered: total((row) => row.delivered),
    failed: total((row) => row.failed),
    received: total((row) => row.received),
    resident: total((row) => row.resident),
  };
  lines.push('', '*'.repeat(44), ...bindingLines(`Group ${group}`, sum, 'Incore', times));
  return reply(textOf(lines));
}

function bindingLines(
  name: string,
  row: Omit<BindingRow, 'binding' | 'group' | 'isGone'>,
  memoryWord: 'Resident' | 'Incore',
  { sinceResetSeconds, uptimeSeconds }: SummaryFigures,
): string[] {
  return [
    `Summary Statistics For Binding ${name}`,
    figureLine('Open Connections', row.connections, 7),
    figureLine('Active Queue Size', row.active, 6),
    figureLine('Total Queue Size', row.total, 6),
    figureLine('Successfully Delivered Messages', row.delivered, 6),
    figureLine('Failed Messages', row.failed, 6),
    figureLine('Received Messages', row.received, 6),
    figureLine(`${memoryWord} Messages`, row.resident, 6),
    ...rateLines(row, sinceResetSeconds),
    figureLine('Uptime', uptimeSeconds, 6, 'seconds'),
  ];
}
