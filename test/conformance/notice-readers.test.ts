// Every kind of notice, as parsers of others read it: who it is about, with which status and diagnostic.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composeNotice, type Notice } from '../../src/core/bounce/notice.ts';
import { NOTICE_READERS, type NoticeReader, PYTHON_NOTICE_READER } from '../support/notice-readers.ts';

const HEADER_SECTION = 'Subject: Offers\r\nFrom: news@sender.example\r\nContent-Type: text/plain\r\n';
const GIVEN: Notice = {
  reportingMta: 'out1.sender.example',
  mailerdaemon: null,
  to: 'return-1@sender.example',
  messageId: '<00.00.02001.C6DD1CA4@out1.sender.example>',
  date: 'Tue, 24 Nov 2026 10:00:03 +0000',
  arrivalDate: 'Tue, 24 Nov 2026 10:00:01 +0000',
  boundary: '=_0123456789abcdef',
  action: { kind: 'failed' },
  recipients: [
    {
      mailbox: 'bob@example.fict',
      reply: '550 5.1.1 <bob@example.fict> User unknown',
      remote: { host: 'mx1.example.fict', address: '192.0.2.7' },
      lastAttemptDate: 'Tue, 24 Nov 2026 10:00:02 +0000',
    },
  ],
  original: { kind: 'headers', headerSection: HEADER_SECTION },
};
const DELAYED = { kind: 'delayed', willRetryUntil: 'Wed, 25 Nov 2026 10:00:01 +0000' } as const;
const [BOB] = GIVEN.recipients as [Notice['recipients'][number]];
const BODY = [Buffer.from('Buy now.\r\n..\r\n--=_other\r\nContent-Type: message/delivery-status\r\n\r\n.\r\n')];
const FATES = {
  failed: 'could not be delivered',
  delayed: 'is delayed',
  relayed: 'was passed on',
  delivered: 'was delivered',
} as const;
const BOB_FACTS = {
  finalRecipient: 'rfc822; bob@example.fict',
  originalRecipient: null,
  action: 'failed',
  status: '5.1.1',
  diagnostic: 'smtp; 550 5.1.1 <bob@example.fict> User unknown',
};

const ROWS: readonly [id: string, notice: Partial<Notice>, quoted: string | null, recipients: readonly unknown[]][] = [
  ['the headers are quoted', {}, 'text/rfc822-headers', [BOB_FACTS]],
  ['nothing is quoted', { original: { kind: 'none' } }, null, [BOB_FACTS]],
  [
    'all is quoted',
    { original: { kind: 'all', headerSection: HEADER_SECTION, body: BODY } },
    'message/rfc822',
    [BOB_FACTS],
  ],
  [
    'several recipients',
    { recipients: [BOB, { ...BOB, mailbox: 'eve@example.fict', reply: '552 too much' }] },
    'text/rfc822-headers',
    [
      BOB_FACTS,
      { ...BOB_FACTS, finalRecipient: 'rfc822; eve@example.fict', status: '5.0.0', diagnostic: 'smtp; 552 too much' },
    ],
  ],
  [
    'our own conclusion',
    {
      recipients: [
        { ...BOB, reply: '554 5.4.7 [internal] exceeded max time without delivery (last reply: 451 4.7.1 later)' },
      ],
    },
    'text/rfc822-headers',
    [
      {
        ...BOB_FACTS,
        status: '5.4.7',
        diagnostic: 'X-Headgate; 554 5.4.7 [internal] exceeded max time without delivery (last reply: 451 4.7.1 later)',
      },
    ],
  ],
  [
    'a long reply in 8-bit words',
    { recipients: [{ ...BOB, reply: `550 5.7.1 gr\xfc\xdfe ${'and so on '.repeat(40)}end` }] },
    'text/rfc822-headers',
    [{ ...BOB_FACTS, status: '5.7.1', diagnostic: `smtp; 550 5.7.1 gr??e ${'and so on '.repeat(40)}end` }],
  ],
  [
    'mail that is late',
    { action: DELAYED, recipients: [{ ...BOB, reply: '450 4.2.1 busy' }] },
    'text/rfc822-headers',
    [{ ...BOB_FACTS, action: 'delayed', status: '4.2.1', diagnostic: 'smtp; 450 4.2.1 busy' }],
  ],
  [
    'what the sender called it',
    { envelopeId: 'Q+20+2B1', recipients: [{ ...BOB, originalRecipient: 'rfc822;Bob+2BX@old.example' }] },
    'text/rfc822-headers',
    [{ ...BOB_FACTS, originalRecipient: 'rfc822; Bob+X@old.example' }],
  ],
  [
    'an address beyond ASCII (RFC 6533)',
    {
      to: 'd\xc3\xbcr@sender.example',
      recipients: [{ ...BOB, mailbox: 'j\xc3\xbc\xf0\x9f\x98\x80+x@b\xc3\xbcr.example' }],
    },
    'text/rfc822-headers',
    [{ ...BOB_FACTS, finalRecipient: 'utf-8; j\\x{FC}\\x{1F600}\\x{2B}x@b\\x{FC}r.example' }],
  ],
  [
    'mail that was passed on',
    { action: { kind: 'relayed' }, recipients: [{ ...BOB, reply: '250 2.0.0 taken' }] },
    'text/rfc822-headers',
    [{ ...BOB_FACTS, action: 'relayed', status: '2.0.0', diagnostic: 'smtp; 250 2.0.0 taken' }],
  ],
  [
    'mail that was delivered, by a reply without an enhanced code',
    { action: { kind: 'delivered' }, recipients: [{ ...BOB, reply: '250 ok' }] },
    'text/rfc822-headers',
    [{ ...BOB_FACTS, action: 'delivered', status: '2.0.0', diagnostic: 'smtp; 250 ok' }],
  ],
  [
    'mail that is late and was not tried',
    { action: DELAYED, recipients: [{ mailbox: BOB.mailbox, reply: null, remote: null, lastAttemptDate: null }] },
    'text/rfc822-headers',
    [{ ...BOB_FACTS, action: 'delayed', status: '4.0.0', diagnostic: null }],
  ],
];

/** As it is on the wire behind DATA, without dot-stuffing. */
function wireForm(notice: Notice): Buffer {
  const { headerSection, body } = composeNotice(notice);
  const content = body.map((piece) => (typeof piece === 'string' ? piece : Buffer.from(piece).toString('latin1')));
  const text = `${headerSection}\r\n${content.join('')}`;
  return Buffer.from(text.slice(0, -3).replaceAll('\r\n..', '\r\n.'), 'latin1');
}

for (const [id, given, quoted, recipients] of ROWS) {
  const readers: [string, NoticeReader | null][] = [
    ...Object.entries(NOTICE_READERS),
    ['python', PYTHON_NOTICE_READER],
  ];
  for (const [name, reader] of readers) {
    test(`${id}: ${name}`, { skip: reader === null && 'NOT CHECKED by Python: there is no python3 here' }, async () => {
      const notice = { ...GIVEN, ...given };
      const subject = `Your message ${FATES[notice.action.kind]}`;
      assert.deepEqual(await reader!(wireForm(notice)), {
        subject,
        types: ['text/plain', 'message/delivery-status', ...(quoted === null ? [] : [quoted])],
        recipients,
      });
    });
  }
}
