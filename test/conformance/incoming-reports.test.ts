// Bounces and complaints that come in as mail, by the real engine: who may send them, what is logged, and what becomes of
// them (docs/bounces.md, "Bounces that come as mail").
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { composeNotice } from '../../src/core/bounce/notice.ts';
import { type SiteOptions, VirtualSite } from '../support/virtual-site.ts';

const STRANGER = '198.51.100.7';
const LOGGER = 'bounce_logger { }\n';
const BOUNCES = `${LOGGER}Bounce_Domains = ( bounces.example )\n`;

/** A report as we make them, about bob and eve. */
const NOTICE = (() => {
  const one = { remote: null, lastAttemptDate: null };
  const notice = composeNotice({
    reportingMta: 'mx.example.com',
    mailerdaemon: null,
    to: 'bounces-7-8@bounces.example',
    messageId: '<1@mx.example.com>',
    date: 'Tue, 24 Nov 2026 10:00:03 +0000',
    arrivalDate: 'Tue, 24 Nov 2026 10:00:01 +0000',
    boundary: '=_b',
    action: { kind: 'failed' },
    recipients: [
      { ...one, mailbox: 'bob@example.com', reply: '550 5.1.1 no such user' },
      { ...one, mailbox: 'eve@example.com', reply: '552 5.2.2 over quota' },
    ],
    original: { kind: 'headers', headerSection: 'Subject: news\r\n' },
  });
  return { headerSection: notice.headerSection, body: notice.body.join('') };
})();

const COMPLAINT = {
  headerSection:
    'From: staff@yahoo.example\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\r\n',
  body:
    '--b\r\n\r\nA complaint.\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n' +
    'Original-Rcpt-To: bob@yahoo.example\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: news\r\n--b--\r\n.\r\n',
};

function open(configuration: string, answer: SiteOptions['answer'] = () => '250 ok'): VirtualSite {
  return new VirtualSite({ configuration, answer });
}

/** Fields of the lines of a log other than mainlog, from the type of the record on. */
function logged(site: VirtualSite, log: string, from = 4): string[] {
  const key = log === 'bouncelog' ? 'bounce_logger/' : 'fbl/';
  return site.lines.filter((line) => line.log === key).map(({ text }) => text.split('@').slice(from).join('@'));
}

describe('a bounce for a bounce domain', () => {
  test('comes from anybody, has a line for each recipient that failed, and passes on', async () => {
    const site = open(BOUNCES);
    site.submitFrom(STRANGER, '<>', ['<bounces-7-8@bounces.example>'], NOTICE);
    await site.runWithReports(10);
    const size = site.main('R')[0]!.text.split('@')[10];
    assert.deepEqual(logged(site, 'bouncelog'), [
      `B@bob@example.com@bounces-7-8@bounces.example@default@default@21@10@${Number(size) + trace(site)}@${STRANGER}@550 5.1.1 no such user`,
      `B@eve@example.com@bounces-7-8@bounces.example@default@default@21@22@${Number(size) + trace(site)}@${STRANGER}@552 5.2.2 over quota`,
    ]);
    assert.deepEqual(
      site.received.map(({ rcpt }) => rcpt),
      ['<bounces-7-8@bounces.example>'],
    );
    assert.deepEqual([site.main('D').length, site.main('P').length, site.open], [1, 0, 0]);
  });

  test('with bounce_behavior = blackhole it is logged and disposed of: a P record, no second line, nobody is told', async () => {
    const site = open(`${BOUNCES}Domain "bounces.example" { Bounce_Behavior = "blackhole" }`);
    site.submitFrom(STRANGER, '<mailer-daemon@sender.example>', ['<a@bounces.example>'], NOTICE);
    await site.runWithReports(10);
    assert.equal(logged(site, 'bouncelog').length, 2);
    assert.match(site.main('P')[0]!.text, /@554 5\.7\.0 \[internal\] Blackholed$/);
    assert.deepEqual([site.received, site.open], [[], 0]);
  });

  test('bounce_pattern says which recipients get bounces; others get mail', async () => {
    const site = open(`${BOUNCES}Bounce_Pattern = "^bounces-\\d+-\\d+@" Bounce_Behavior = "blackhole"`);
    site.submitFrom(STRANGER, '<>', ['<bounces-7-8@bounces.example>', '<info@bounces.example>'], NOTICE);
    await site.runWithReports(10);
    assert.deepEqual(
      logged(site, 'bouncelog').map((line) => line.split('@')[3]),
      ['bounces-7-8', 'bounces-7-8'],
    );
    assert.deepEqual(
      site.received.map(({ rcpt }) => rcpt),
      ['<info@bounces.example>'],
    );
  });

  test('bounce_suppress_list, and log_outofband_bounces = false', async () => {
    const listed = open(`${BOUNCES}Bounce_Suppress_List = "x@y.example, @example.com"`);
    listed.submitFrom(STRANGER, '<>', ['<a@bounces.example>'], NOTICE);
    await listed.runWithReports(10);
    assert.deepEqual(
      logged(listed, 'bouncelog').map((line) => line.split('@').slice(0, 3)),
      [
        ['B', '', ''],
        ['B', '', ''],
      ],
    );
    const silent = open('bounce_logger { log_outofband_bounces = false }\nBounce_Domains = ( bounces.example )');
    silent.submitFrom(STRANGER, '<>', ['<a@bounces.example>'], NOTICE);
    await silent.runWithReports(10);
    assert.deepEqual(logged(silent, 'bouncelog'), []);
  });

  test('after the process died it is looked at again only if it was not settled', async () => {
    const site = open(BOUNCES, () => '451 later');
    site.submitFrom(STRANGER, '<>', ['<a@bounces.example>'], NOTICE);
    site.kill();
    await site.runWithReports(site.seconds + 1);
    const bounces = (): string[] => logged(site, 'bouncelog').filter((line) => line.startsWith('B@'));
    assert.equal(bounces().length, 2);
    await site.runWithReports(site.seconds + 5);
    site.restart();
    site.kill();
    await site.runWithReports(site.seconds + 5);
    assert.equal(bounces().length, 2, 'it waits for its next attempt, and is no news');
    assert.equal(site.open, 1);
  });
});

describe('who may send what', () => {
  for (const [id, configuration, recipient, isTaken] of [
    ['nothing is set', '', 'a@bounces.example', false],
    ['a bounce domain', 'Bounce_Domains = ( bounces.example )', 'a@bounces.example', true],
    ['in other letters', 'Bounce_Domains = ( Bounces.Example )', 'a@BOUNCES.example', true],
    ['another domain', 'Bounce_Domains = ( bounces.example )', 'a@example.com', false],
    ['a domain below', 'Bounce_Domains = ( *.example )', 'a@bounces.example', true],
    ['not the domain itself', 'Bounce_Domains = ( *.bounces.example )', 'a@bounces.example', false],
    ['without the dot it is', 'Bounce_Domains = ( *bounces.example )', 'a@bounces.example', true],
    ['a relay domain', 'Relay_Domains = ( fbl.example )', 'a@fbl.example', true],
    ['an fbl address alone does not open the door', 'fbl { addresses = ( "^.*" ) }', 'a@fbl.example', false],
  ] as const) {
    test(`${id}: ${isTaken}`, async () => {
      const site = open(configuration);
      const submit = (): void => site.submitFrom(STRANGER, '<a@b.example>', [`<${recipient}>`], NOTICE);
      if (isTaken) submit();
      else assert.throws(submit, /550 5\.7\.1 relaying denied/);
    });
  }
});

describe('a complaint', () => {
  const fbl = (options: string): string =>
    `Relay_Domains = ( fbl.example )\nfbl { addresses = ( "@fbl\\.example$" ) ${options} }\n`;

  test('is logged and disposed of', async () => {
    const site = open(fbl('auto_log = true'));
    site.submitFrom(STRANGER, '<staff@yahoo.example>', ['<abuse@fbl.example>'], COMPLAINT);
    await site.runWithReports(10);
    assert.deepEqual(logged(site, 'fbllog', 2), ['F@bob@yahoo.example@@@abuse@fbl.example@']);
    assert.deepEqual([site.received, site.main('P').length, site.open], [[], 1, 0]);
  });

  test('passes on when message_disposition says so, and is not logged without auto_log', async () => {
    const site = open(fbl('message_disposition = "pass"'));
    site.submitFrom(STRANGER, '<staff@yahoo.example>', ['<abuse@fbl.example>'], COMPLAINT);
    await site.runWithReports(10);
    assert.deepEqual(logged(site, 'fbllog'), []);
    assert.equal(site.received.length, 1);
  });

  test('mail of a person to such an address is delivered', async () => {
    const site = open(fbl('auto_log = true'));
    const body = 'Please stop.\r\n.\r\n';
    site.submitFrom(STRANGER, '<bob@yahoo.example>', ['<abuse@fbl.example>'], {
      headerSection: 'Subject: stop\r\n',
      body,
    });
    await site.runWithReports(10);
    assert.deepEqual([site.received.length, logged(site, 'fbllog')], [1, []]);
  });

  test('to a bounce domain it is in both logs', async () => {
    const site = open(`${LOGGER}Bounce_Domains = ( fbl.example )\nfbl { addresses = ( "." ) auto_log = true }`);
    site.submitFrom(STRANGER, '<staff@yahoo.example>', ['<abuse@fbl.example>'], COMPLAINT);
    await site.runWithReports(10);
    assert.deepEqual([logged(site, 'fbllog').length, logged(site, 'bouncelog').length], [1, 1]);
  });
});

test('a flood of bounces: all are logged, and other mail goes out meanwhile', async () => {
  const site = open(`${BOUNCES}Bounce_Behavior = "blackhole"`);
  for (let count = 0; count < 50; count++) site.submitFrom(STRANGER, '<>', [`<b${count}@bounces.example>`], NOTICE);
  site.submit('<writer@sender.example>', '<reader@example.com>');
  await site.runWithReports(60);
  assert.equal(logged(site, 'bouncelog').length, 100);
  assert.equal(site.received.length, 1);
  assert.equal(site.open, 0);
});

/** Octets of the fields that are put in front of a message on reception. */
function trace(site: VirtualSite): number {
  const { content } = site.received[0]!;
  return content.indexOf('Date: ');
}
