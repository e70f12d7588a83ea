import assert from 'node:assert/strict';
import test from 'node:test';
import { fakeServer } from '../../../test/support/fake-server.ts';
import { wallMs } from '../base/moment.ts';
import type { DomainCounts } from '../records/tls-counts.ts';
import { findCommand } from './commands.ts';
import type { ReportPosts, TlsReportView } from './tls-report-view.ts';

const VIEW = {
  isEnabled: true,
  since: wallMs(Date.UTC(2026, 0, 1, 10)),
  overflow: 0,
  waiting: 3,
  posts: { taken: 0, waiting: 0, givenUp: 0, lastProblem: null },
  domains: (): DomainCounts[] => [
    {
      domain: 'a.example',
      policies: [
        {
          policy: { type: 'tlsa', domain: 'mx.a.example', lines: [], exchangers: [] },
          successes: 4,
          failed: 2,
          failures: [
            {
              failure: {
                type: 'tlsa-invalid',
                reason: 'a \x1b[31m b',
                host: 'mx.a.example',
                address: '192.0.2.1',
                sender: null,
              },
              sessions: 1,
            },
            { failure: { type: 'dnssec-invalid', reason: null, host: null, address: null, sender: null }, sessions: 1 },
          ],
        },
      ],
    },
  ],
  send: async (withToday: boolean) => ({
    sent: withToday ? 2 : 1,
    unwanted: 1,
    posted: withToday ? 1 : 0,
    unsent: withToday ? 1 : 0,
  }),
};
interface GivenReports extends Omit<typeof VIEW, 'posts'> {
  readonly posts: ReportPosts;
}

/** @param given null where nobody reports */
function viewOf(given: GivenReports | null): TlsReportView {
  const { isEnabled, domains, send, ...figures } = given ?? { ...VIEW, isEnabled: false };
  return {
    figures: async () => (isEnabled ? figures : null),
    async *domains() {
      yield domains();
    },
    send,
  };
}

const LIST = `Counted since 2026-01-01T10:00:00Z
Domain: a.example
  tlsa of mx.a.example: 4 good, 2 failed
    1 tlsa-invalid mx.a.example [192.0.2.1]: a \\x1b[31m b
    1 dnssec-invalid
Total domains: 1; reports that wait: 3
`;
const OFF = 'sessions are not counted (config set tls_reporting true)\n';

for (const [line, view, text, failed] of [
  ['tls report', VIEW, LIST, false],
  [
    'tls report',
    { ...VIEW, domains: () => [], overflow: 7 },
    'Counted since 2026-01-01T10:00:00Z\nTotal domains: 0; reports that wait: 3\nSessions with further domains, of which there is no report: 7\n',
    false,
  ],
  [
    'tls report',
    {
      ...VIEW,
      domains: () => [],
      posts: { taken: 2, waiting: 1, givenUp: 0, lastProblem: 'https://a.example/: status 503 \x1b' },
    },
    `Counted since 2026-01-01T10:00:00Z
Total domains: 0; reports that wait: 3
By HTTPS since the start: 2 taken, 1 on their way or to be tried again, 0 given up
The last that was not taken: https://a.example/: status 503 \\x1b
`,
    false,
  ],
  ['tls report', { ...VIEW, isEnabled: false }, OFF, true],
  ['tls report', null, OFF, true],
  ['tls report all', VIEW, 'found "all"; expected --json or nothing\n', true],
  ['tls report send', VIEW, '1 reports are in the queue; 1 domains want none.\n', false],
  [
    'tls report send today',
    VIEW,
    '2 reports are in the queue; 1 domains want none; 1 are being posted by HTTPS (tls report tells how that ends); 1 could not be sent and are tried again.\n',
    false,
  ],
  ['tls report send tomorrow', VIEW, 'found "tomorrow"; expected today or nothing\n', true],
  ['tls report send', null, OFF, true],
] as [string, GivenReports | null, string, boolean][]) {
  test(`${line}: ${text.split('\n')[0]}`, async () => {
    const words = line.split(' ');
    const command = findCommand(words)!;
    const server = fakeServer({ tlsReports: viewOf(view) });
    const answer = await command.run(words.slice(command.words.length), { server } as never, line, { name: 'test' });
    assert.deepEqual([answer.text, answer.failed], [text, failed]);
  });
}
