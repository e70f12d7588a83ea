// Notices of delay (docs/bounces.md, "Notices of delay") by the real engine in virtual time: when they come, what they say,
// and that a start repeats none.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadConfiguration } from '../../src/core/config/load.ts';
import { type Received, VirtualSite } from '../support/virtual-site.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;
const WEEK = `Message_Expiration = ${7 * DAY}\n`;
/** Example B4 of the manual, with the module's stanza. */
const B4 = `${WEEK}delay_dsn "delay_dsn1" { }
Generate_Delay_DSN = "true"
Domain "foo.com" { Generate_Delay_DSN = "false" }
Domain "bar.com" { Delay_DSN_Retry_Interval = 10800 Delay_DSN_Max_Retry_Interval = 86400 }
`;
const NOBODY_HOME = '450 4.2.1 mailbox busy';

function late(configuration: string, answer: (rcpt: string, atSeconds: number) => string = () => NOBODY_HOME) {
  return new VirtualSite({
    configuration,
    answer: (rcpt, atSeconds) => (rcpt.includes('@sender.example') ? '250 ok' : answer(rcpt, atSeconds)),
  });
}

const isDelay = ({ content }: Received): boolean => /^Action: delayed\r$/m.test(content);
const hoursOf = (site: VirtualSite): number[] =>
  site.received.filter(isDelay).map(({ atSeconds }) => Math.floor(atSeconds / HOUR));

describe('example B4', () => {
  test('bar.com: after 3, 9, 21 and 45 hours, then every 24 hours until the message ends', () => {
    const site = late(B4);
    site.submit('<writer@sender.example>', '<reader@bar.com>');
    site.runUntil(8 * DAY);
    assert.deepEqual(hoursOf(site), [3, 9, 21, 45, 69, 93, 117, 141, 165]);
    for (const { atSeconds } of site.received.filter(isDelay)) assert.ok(atSeconds % HOUR < 1, `${atSeconds}`);
    assert.equal(site.received.filter(({ content }) => /^Action: failed\r$/m.test(content)).length, 1);
  });

  test('foo.com: none', () => {
    const site = late(B4);
    site.submit('<writer@sender.example>', '<reader@foo.com>');
    site.runUntil(6 * DAY);
    assert.deepEqual(site.received, []);
  });

  for (const again of ['restart', 'kill'] as const) {
    test(`after a ${again} none is repeated, and those to come are kept to`, () => {
      const site = late(B4);
      site.submit('<writer@sender.example>', '<reader@bar.com>');
      for (const hours of [2.9, 3.001, 3.1, 9.5, 20.9, 22]) {
        site.runUntil(hours * HOUR);
        site[again]();
      }
      site.runUntil(2 * DAY);
      assert.deepEqual(hoursOf(site), [3, 9, 21, 45]);
    });
  }
});

test('a notice of delay says who is late, why, since when and until when, with the header of the message', () => {
  const site = late(`${WEEK}delay_dsn { } Generate_Delay_DSN = true Bounces_Inline_Original = "all"`);
  site.submit('<writer@sender.example>', '<reader@bar.com>', '<other@bar.com>');
  site.runUntil(1.5 * HOUR);
  const [notice, ...others] = site.received;
  assert.deepEqual(others, []);
  assert.equal(notice!.mail.split(' ')[0], '<>');
  assert.equal(notice!.rcpt, '<writer@sender.example>');
  const { content } = notice!;
  assert.match(content, /^Subject: Your message is delayed\r$/m);
  assert.match(content, /has not been delivered to\r\nthese 2 recipients yet\./);
  for (const mailbox of ['reader@bar.com', 'other@bar.com'])
    assert.match(
      content,
      new RegExp(`^Final-Recipient: rfc822; ${mailbox}\\r\\nAction: delayed\\r\\nStatus: 4\\.2\\.1\\r$`, 'm'),
    );
  assert.match(content, /^Diagnostic-Code: smtp; 450 4\.2\.1 mailbox busy\r$/m);
  assert.match(content, /^Remote-MTA: dns; bar\.com\r$/m);
  // The simulation begins on 1 January 2026.
  assert.match(content, /^Will-Retry-Until: Thu, 08 Jan 2026 00:00:00 \+0000\r$/m);
  assert.match(content, /^Content-Type: text\/rfc822-headers\r$/m);
  assert.match(content, /^Subject: news\r$/m);
});

test('Will-Retry-Until is the last retry where the retries end before the time', () => {
  const site = late(
    'delay_dsn { } Generate_Delay_DSN = true Retry_Interval = 1200 Max_Retry_Interval = 1200 Max_Retries = 5',
  );
  site.submit('<writer@sender.example>', '<reader@bar.com>');
  site.runUntil(DAY);
  assert.deepEqual(hoursOf(site), [1]); // the second would be due after 3 hours, and the message ended after 6000 s
  assert.match(site.received.find(isDelay)!.content, /^Will-Retry-Until: Thu, 01 Jan 2026 01:40:00 \+0000\r$/m);
});

test('mail that nobody tried is late, too, and so is mail of which a new process knows no attempt', () => {
  const held = late('delay_dsn { } Generate_Delay_DSN = true Domain "bar.com" { Suspend_Delivery = true }');
  held.submit('<writer@sender.example>', '<reader@bar.com>');
  held.runUntil(2 * HOUR);
  const restarted = late(`delay_dsn { } Generate_Delay_DSN = true Retry_Interval = ${12 * HOUR}`);
  restarted.submit('<writer@sender.example>', '<reader@bar.com>');
  restarted.runUntil(HOUR / 2);
  restarted.kill();
  restarted.runUntil(2 * HOUR);
  for (const site of [held, restarted]) {
    assert.deepEqual(hoursOf(site), [1]);
    const { content } = site.received[0]!;
    assert.match(
      content,
      /^Action: delayed\r\nStatus: 4\.0\.0\r\nWill-Retry-Until: Fri, 02 Jan 2026 00:00:00 \+0000\r$/m,
    );
    assert.doesNotMatch(content, /^Diagnostic-Code/m);
  }
});

test('only those recipients who still wait are named, and none when all were delivered', () => {
  const site = late(`${WEEK}delay_dsn { } Generate_Delay_DSN = true`, (rcpt) =>
    rcpt.startsWith('<late') ? NOBODY_HOME : '250 ok',
  );
  site.submit('<writer@sender.example>', '<reader@bar.com>', '<late@bar.com>');
  site.submit('<writer@sender.example>', '<other@bar.com>');
  site.runUntil(2 * HOUR);
  const notices = site.received.filter(isDelay);
  assert.equal(notices.length, 1);
  assert.match(notices[0]!.content, /^Final-Recipient: rfc822; late@bar\.com\r$/m);
  assert.doesNotMatch(notices[0]!.content, /reader@bar\.com/);
});

test('nobody is told of a delay of mail without a sender, or without the stanza', () => {
  for (const [sender, stanza] of [
    ['<>', 'delay_dsn { }'],
    ['<writer@sender.example>', ''],
  ] as const) {
    const site = late(`${WEEK}${stanza} Generate_Delay_DSN = true`);
    site.submit(sender, '<reader@bar.com>');
    site.runUntil(2 * DAY);
    assert.deepEqual(site.received, [], sender);
  }
});

for (const [id, text, warnings] of [
  ['without the stanza', 'Generate_Delay_DSN = true', 1],
  ['in a domain, without the stanza', 'Domain "bar.com" { Generate_Delay_DSN = true }', 1],
  ['with the stanza', 'delay_dsn { } Generate_Delay_DSN = true', 0],
  ['that is off, without the stanza', 'Generate_Delay_DSN = false', 0],
] as const) {
  test(`a load says so of generate_delay_dsn ${id}: ${warnings === 1}`, () => {
    const loaded = loadConfiguration('t.conf', () => ({ text }));
    assert.equal(loaded.warnings.length, warnings, JSON.stringify(loaded.warnings));
    for (const warning of loaded.warnings) assert.match(JSON.stringify(warning), /without a stanza delay_dsn/);
  });
}

test('who said when to be told hears of delays only where he said so, and only what the configuration has', () => {
  const asked = ['<a@bar.com> NOTIFY=DELAY', '<b@bar.com> NOTIFY=FAILURE', '<c@bar.com> NOTIFY=NEVER', '<d@bar.com>'];
  const site = late(B4);
  site.submit('<writer@sender.example>', ...asked);
  site.submit('<writer@sender.example>', '<e@bar.com> NOTIFY=FAILURE,SUCCESS');
  site.submit('<writer@sender.example>', '<f@foo.com> NOTIFY=DELAY');
  for (const hours of [2, 4]) {
    site.runUntil(hours * HOUR);
    site.restart();
  }
  site.runUntil(10 * HOUR);
  const notices = site.received.filter(isDelay).map(({ content }) => content);
  const named = notices.map((content) =>
    [...content.matchAll(/^Final-Recipient: rfc822; (\S+)\r$/gm)].map(([, who]) => who),
  );
  assert.deepEqual(named, [
    ['a@bar.com', 'd@bar.com'],
    ['a@bar.com', 'd@bar.com'],
  ]);
});
