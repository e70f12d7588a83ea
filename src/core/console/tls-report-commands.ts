// `tls report`: sessions as the next reports on TLS will tell of them, and reports that are to go out now.
import type { WallMs } from '../base/moment.ts';
import { printable } from '../base/printable.ts';
import type { DomainCounts, FailureCount, PolicyCount } from '../records/tls-counts.ts';
import { type Answer, type Command, refuse, reply } from './command.ts';
import { textOf } from './layout.ts';
import { jsonList, listAnswer, withJson } from './list-answer.ts';
import { collectPages } from './pages.ts';
import type { ServerView } from './server-view.ts';
import type { ReportPosts, SentReports, TlsReportView } from './tls-report-view.ts';

const OFF = 'sessions are not counted (config set tls_reporting true)';

export const TLS_REPORT_COMMANDS: readonly Command[] = [
  {
    words: ['tls', 'report'],
    usage: '[--json]',
    help: 'sessions of today by domain and policy, as reports on TLS count them',
    arity: [0, 1],
    run: (args, { server }) => withJson(args, (isJson) => list(server, isJson)),
  },
  {
    words: ['tls', 'report', 'send'],
    usage: '[today]',
    help: 'sends the reports on TLS of days that are over now, or with "today" those of today so far, too',
    arity: [0, 1],
    run: ([word], { server }) =>
      word === undefined || word === 'today'
        ? send(server.tlsReports, word === 'today')
        : refuse(`found "${word}"; expected today or nothing`),
  },
];

async function list(server: ServerView, isJson: boolean): Promise<Answer> {
  const { tlsReports } = server;
  const figures = await tlsReports.figures();
  if (figures === null) return refuse(OFF);
  const { since, overflow, waiting, posts } = figures;
  const rows = await collectPages(tlsReports.domains());
  if (isJson) {
    const about = JSON.stringify({ since: instant(since), waiting, overflow, posts }).slice(0, -1);
    return jsonList(rows, server, (row) => row, [`${about},"domains":`, '}']);
  }
  return listAnswer(rows, server, (row) => domainLines(row), {
    head: [`Counted since ${instant(since)}`],
    tail: [
      `Total domains: ${rows.length}; reports that wait: ${waiting}`,
      ...postLines(posts),
      ...(overflow === 0 ? [] : [`Sessions with further domains, of which there is no report: ${overflow}`]),
    ],
  });
}

function postLines({ taken, waiting, givenUp, lastProblem }: ReportPosts): readonly string[] {
  if (taken + waiting + givenUp === 0) return [];
  return [
    `By HTTPS since the start: ${taken} taken, ${waiting} on their way or to be tried again, ${givenUp} given up`,
    ...(lastProblem === null ? [] : [printable(`The last that was not taken: ${lastProblem}`)]),
  ];
}

const instant = (at: WallMs): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

const domainLines = ({ domain, policies }: DomainCounts): string =>
  [`Domain: ${domain}`, ...policies.flatMap(policyLines)].join('\n');

const policyLines = ({ policy, successes, failed, failures }: PolicyCount): readonly string[] => [
  `  ${policy.type}${policy.type === 'tlsa' ? ` of ${policy.domain}` : ''}: ${successes} good, ${failed} failed`,
  ...failures.map(failureLine),
];

function failureLine({ failure: { type, reason, host, address }, sessions }: FailureCount): string {
  const where = host === null ? '' : ` ${host} [${address}]`;
  return printable(`    ${sessions} ${type}${where}${reason === null ? '' : `: ${reason}`}`);
}

async function send(reports: TlsReportView, withToday: boolean): Promise<Answer> {
  if ((await reports.figures()) === null) return refuse(OFF);
  return reply(textOf([sentLine(await reports.send(withToday))]));
}

function sentLine({ sent, unwanted, posted, unsent }: SentReports): string {
  const parts = [
    `${sent} reports are in the queue`,
    `${unwanted} domains want none`,
    ...(posted === 0 ? [] : [`${posted} are being posted by HTTPS (tls report tells how that ends)`]),
    ...(unsent === 0 ? [] : [`${unsent} could not be sent and are tried again`]),
  ];
  return `${parts.join('; ')}.`;
}
