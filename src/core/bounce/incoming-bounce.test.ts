import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { STAGE } from '../mail/disposition.ts';
import type { MimeParts } from '../mail/mime-parts.ts';
import { BounceClassifier } from './classifier.ts';
import { readComplaint } from './complaint.ts';
import { readBounce } from './incoming-bounce.ts';
import { fieldGroups, mailboxIn } from './report-fields.ts';

const classifier = new BounceClassifier();
const nobody = (): boolean => false;

function mail(fields: Readonly<Record<string, string>>, text = '', ...parts: MimeParts['parts']): MimeParts {
  return { fields: Object.entries(fields).map(([name, value]) => ({ name, value })), text, parts };
}

function report(...recipients: string[]): MimeParts['parts'][number] {
  return {
    type: 'message/delivery-status',
    text: `Reporting-MTA: dns; mx.example\r\n\r\n${recipients.join('\r\n\r\n')}\r\n`,
  };
}

const DAEMON = {
  from: 'Mail Delivery System <mailer-daemon@mx.example>',
  subject: 'Undelivered Mail Returned to Sender',
};

/** Recipient and class, as the log has them. */
function summary(
  parts: MimeParts,
  isSuppressed: (mailbox: string) => boolean = nobody,
): (readonly [string | null, number])[] {
  return readBounce(parts, isSuppressed).map(({ recipient, reply, hint, classCode }) => {
    if (classCode !== null) return [recipient, classCode] as const;
    const code = classifier.classify(reply, STAGE.outOfBandBounce);
    const isVague = [1, 30, 40].includes(code) && hint !== '';
    const other = isVague ? classifier.classify(hint, STAGE.outOfBandBounce) : code;
    return [recipient, [1, 30, 40].includes(other) ? code : other] as const;
  });
}

for (const [id, parts, expected] of [
  [
    'a report with a reply',
    mail(
      DAEMON,
      '',
      report(
        'Final-Recipient: rfc822; bob@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 <bob@example.com>:\r\n Recipient address rejected: User unknown',
      ),
    ),
    [['bob@example.com', 10]],
  ],
  [
    'two recipients, one of them delivered to',
    mail(
      DAEMON,
      '',
      report(
        'Final-Recipient: rfc822; bob@example.com\r\nAction: relayed\r\nStatus: 2.0.0',
        'Final-Recipient: rfc822;eve@example.com\r\nAction: Failed\r\nStatus: 5.2.2\r\nDiagnostic-Code: smtp;552 mailbox is over quota',
      ),
    ),
    [['eve@example.com', 22]],
  ],
  [
    'nobody but successes',
    mail(DAEMON, '', report('Final-Recipient: rfc822; bob@example.com\r\nAction: delivered\r\nStatus: 2.0.0')),
    [],
  ],
  [
    'the original recipient goes before the final one',
    mail(
      DAEMON,
      '',
      report(
        'Original-Recipient: rfc822;list@example.com\r\nFinal-Recipient: rfc822; bob@inner.example\r\nAction: failed\r\nStatus: 5.7.1',
      ),
    ),
    [['list@example.com', 50]],
  ],
  [
    'no diagnostic: the status decides, then the text',
    mail(
      DAEMON,
      'The mailbox you tried to reach is full, sorry. Mailbox full.',
      report('Final-Recipient: rfc822; bob@example.com\r\nAction: failed\r\nStatus: 5.0.0'),
    ),
    [['bob@example.com', 22]],
  ],
  [
    'mail that is late',
    mail(DAEMON, '', report('Final-Recipient: rfc822; bob@example.com\r\nAction: delayed')),
    [['bob@example.com', 70]],
  ],
  [
    'a code without an enhanced one, which the report has',
    mail(
      DAEMON,
      '',
      report(
        'Final-Recipient: rfc822; b@example.com\r\nAction: failed\r\nStatus: 5.2.2\r\nDiagnostic-Code: smtp; 550 no',
      ),
    ),
    [['b@example.com', 22]],
  ],
  [
    'a report without recipients is read as text',
    mail(DAEMON, '<bob@example.com>: host said: 550 5.1.1 User unknown', report('nonsense')),
    [['bob@example.com', 10]],
  ],
  [
    'qmail',
    mail(
      { from: 'MAILER-DAEMON@qmail.example', subject: 'failure notice' },
      'Hi. This is the qmail-send program at qmail.example.\n\n<bob@example.com>:\nSorry, no mailbox here by that name. (#5.1.1)\n',
    ),
    [['bob@example.com', 10]],
  ],
  [
    'Exim',
    mail(
      { ...DAEMON, 'x-failed-recipients': 'bob@example.com' },
      'A message that you sent could not be delivered.\n\n  other@example.com\n    SMTP error from remote mail server after RCPT TO:<bob@example.com>: 552 5.2.2 Over quota\n',
    ),
    [['bob@example.com', 22]],
  ],
  [
    'nothing but the quoted message names the recipient',
    mail(DAEMON, 'It did not work: 554 5.7.1 Message rejected as spam', {
      type: 'message/rfc822',
      text: 'Subject: offers\r\nTo: Bob <bob@example.com>\r\n\r\n',
    }),
    [['bob@example.com', 52]],
  ],
  [
    'an answer of a machine',
    mail(
      { from: 'Bob <bob@example.com>', subject: 'Re: offers', 'auto-submitted': 'auto-replied' },
      'I am away. 550 things',
    ),
    [['bob@example.com', 60]],
  ],
  [
    'an answer of a machine by its subject',
    mail({ from: 'bob@example.com', subject: 'Out of the Office: offers' }, 'back on Monday'),
    [['bob@example.com', 60]],
  ],
  ['a wish to leave a list', mail({ from: 'bob@example.com', subject: 'unsubscribe' }), [['bob@example.com', 90]]],
  ['a wish to join a list', mail({ from: 'bob@example.com', subject: 'Subscribe me' }), [['bob@example.com', 80]]],
  [
    'a challenge',
    mail({ from: 'bob@example.com', subject: 'Please confirm your message to bob' }, 'Click here'),
    [['bob@example.com', 100]],
  ],
  ['a person', mail({ from: 'bob@example.com', subject: 'hello' }, 'How are you?'), [['bob@example.com', 1]]],
  ['nothing at all', mail({}), [[null, 1]]],
] as const) {
  test(`a bounce that came as mail: ${id}`, () => assert.deepEqual(summary(parts), expected));
}

test('suppressed mailboxes are never the recipient', () => {
  const suppressed = (mailbox: string): boolean => mailbox === 'bounces@bounces.example.com';
  const text = 'To bounces@bounces.example.com: your mail for bob@example.com failed: 550 5.1.1 no such user';
  assert.deepEqual(summary(mail(DAEMON, text), suppressed), [['bob@example.com', 10]]);
  const fields = 'Final-Recipient: rfc822; bounces@bounces.example.com\r\nAction: failed\r\nStatus: 5.1.1';
  assert.deepEqual(summary(mail(DAEMON, '', report(fields)), suppressed), [[null, 10]]);
});

test('the reply is one line, as a session would have given it', () => {
  const [bounce] = readBounce(
    mail(
      DAEMON,
      '',
      report(
        'Final-Recipient: rfc822; b@x.example\r\nStatus: 5.7.1 (policy)\r\nDiagnostic-Code: smtp; 554 no\r\n thanks',
      ),
    ),
    nobody,
  );
  assert.equal(bounce!.reply, '554 5.7.1 no thanks');
});

for (const [id, parts, expected] of [
  [
    'an abuse report',
    mail(
      {},
      'A complaint',
      {
        type: 'message/feedback-report',
        text: 'Feedback-Type: abuse\r\nUser-Agent: X/1\r\nVersion: 1\r\nOriginal-Rcpt-To: <bob@yahoo.example>\r\n',
      },
      { type: 'message/rfc822', text: 'To: other@yahoo.example\r\n\r\n' },
    ),
    { type: 'abuse', recipient: 'bob@yahoo.example' },
  ],
  [
    'without a recipient in the report: the quoted message has one',
    mail(
      {},
      '',
      { type: 'message/feedback-report', text: 'Feedback-Type: FRAUD' },
      { type: 'text/rfc822-headers', text: 'Subject: x\r\nTo: <bob@yahoo.example>\r\n' },
    ),
    { type: 'fraud', recipient: 'bob@yahoo.example' },
  ],
  [
    'a message that is sent back without a report',
    mail({}, '', { type: 'message/rfc822', text: 'X-Original-To: bob@yahoo.example\r\n\r\n' }),
    { type: '', recipient: 'bob@yahoo.example' },
  ],
  [
    'nobody is named',
    mail({}, '', { type: 'message/feedback-report', text: '\r\n@\r\n' }),
    { type: '', recipient: null },
  ],
  ['mail of a person', mail({ subject: 'stop' }, 'please'), null],
] as const) {
  test(`a complaint: ${id}`, () => assert.deepEqual(readComplaint(parts), expected));
}

test('fields: folded ones, repeated ones, and what is none', () => {
  const [first, second] = fieldGroups('\r\n\r\nA: 1\r\n\t2\r\na: 3\r\n 4\r\nno field\r\nB:\r\n\r\nC: 5');
  assert.deepEqual(
    [...first!],
    [
      ['a', '1 2'],
      ['b', ''],
    ],
  );
  assert.deepEqual([...second!], [['c', '5']]);
});

for (const [text, mailbox] of [
  ['rfc822; bob@example.com', 'bob@example.com'],
  ['rfc822;<b+1=x@mx.example.com>', 'b+1=x@mx.example.com'],
  ['"a b"@example.com', null],
  ['bob@localhost', null],
  [`${'a'.repeat(64)}@example.com`, `${'a'.repeat(64)}@example.com`],
] as const) {
  test(`the mailbox in ${text.slice(0, 40)}`, () => assert.equal(mailboxIn(text), mailbox));
}

test('whatever comes in, the answer is bounded and in one line', () => {
  const text = fc.string({ unit: 'binary', maxLength: 500 });
  const part = fc.record({ type: fc.constantFrom('message/delivery-status', 'message/rfc822', 'text/x'), text });
  const field = fc.record({
    name: fc.constantFrom('from', 'subject', 'auto-submitted', 'x-failed-recipients'),
    value: text,
  });
  fc.assert(
    fc.property(fc.array(field, { maxLength: 4 }), text, fc.array(part, { maxLength: 3 }), (fields, body, parts) => {
      for (const { reply, hint } of readBounce({ fields, text: body, parts }, nobody)) {
        assert.ok(reply.length <= 1000 && hint.length <= 16_384);
      }
      readComplaint({ fields, text: body, parts });
    }),
  );
  const long = mail(DAEMON, 'a.'.repeat(500_000), {
    type: 'message/delivery-status',
    text: 'A: b\r\n\r\n'.repeat(100_000),
  });
  assert.ok(readBounce(long, nobody).length <= 1000);
});
