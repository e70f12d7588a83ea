import assert from 'node:assert/strict';
import test from 'node:test';
import { findCommand } from './commands.ts';
import type { PolicyDetail, PolicyView } from './policy-view.ts';

const HELD: PolicyDetail = {
  domain: 'gmail.com',
  held: {
    policy: {
      mode: 'enforce',
      maxAgeSeconds: 86_400,
      mx: ['gmail-smtp-in.l.google.com', '*.gmail-smtp-in.l.google.com'],
    },
    id: '20190429T010101',
    fetchedAt: 0,
  },
  recordTtlMs: 185_000,
  refreshInMs: 86_375_000,
  problem: null,
};
const policies: PolicyView = {
  domains: async () => ['gmail.com'],
  of: async (domain) =>
    domain === 'gmail.com'
      ? HELD
      : domain === 'none.example'
        ? { ...HELD, domain, held: null, problem: 'no policy is announced' }
        : null,
  refresh: async (domain) => (domain === 'gmail.com' ? null : 'no policy is announced'),
};

const SHOWN = `Domain 'gmail.com' has MTA-STS TXT and a TTL of 185 seconds
        id: 20190429T010101
        max_age: 86400 seconds; refresh in 86375 seconds
        mode: enforce
        mxlist:
               gmail-smtp-in.l.google.com
               *.gmail-smtp-in.l.google.com
`;
for (const [line, text, failed] of [
  ['mta_sts list all', 'gmail.com\nTotal domains: 1\n', false],
  ['mta_sts show domain GMAIL.com.', SHOWN, false],
  ['mta_sts show domain none.example', "Domain 'none.example' has no MTA-STS policy: no policy is announced\n", false],
  [
    'mta_sts show domain other.example',
    'no policy of "other.example" has been looked for since the server started (mta_sts refresh policy other.example)\n',
    true,
  ],
  ['mta_sts refresh policy gmail.com', 'MTA-STS policy for gmail.com refreshed.\n', false],
  ['mta_sts refresh policy a.example', 'MTA-STS policy for a.example not refreshed: no policy is announced\n', true],
] as const) {
  test(line, async () => {
    const words = line.split(' ');
    const command = findCommand(words)!;
    const subject = { server: { policies } } as unknown as Parameters<typeof command.run>[1];
    const answer = await command.run(words.slice(command.words.length), subject, line, { name: 'test' });
    assert.deepEqual({ text: answer.text, failed: answer.failed }, { text, failed });
  });
}
