import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wallMs } from '../base/moment.ts';
import { DateStamp, mailDate, messageIdField, receivedField, type Trace } from './trace-fields.ts';

const TRACE: Trace = {
  address: '192.0.2.1',
  port: 4711,
  clientName: 'client.example.org',
  hostname: 'mx.example.com',
  reversePath: 'a@example.org',
  version: '0.1.0',
  id: '53/6B-18426-1AAEACF3',
  date: 'Sun, 30 Nov 2003 09:31:37 +0100',
};

const FIELDS: readonly [id: string, trace: Partial<Trace>, lines: readonly string[]][] = [
  [
    'documented form',
    {},
    [
      'Received: from [192.0.2.1] ([192.0.2.1:4711] helo=client.example.org)',
      '\tby mx.example.com (envelope-from <a@example.org>)',
      '\t(Headgate 0.1.0) with ESMTP id 53/6B-18426-1AAEACF3;',
      '\tSun, 30 Nov 2003 09:31:37 +0100',
    ],
  ],
  [
    'IPv6, null sender, a client name that would close the comment',
    { address: '2001:db8::1', reversePath: null, clientName: 'x)(y\\' },
    [
      'Received: from [IPv6:2001:db8::1] ([[2001:db8::1]:4711] helo=x??y?)',
      '\tby mx.example.com (envelope-from <>)',
      '\t(Headgate 0.1.0) with ESMTP id 53/6B-18426-1AAEACF3;',
      '\tSun, 30 Nov 2003 09:31:37 +0100',
    ],
  ],
  [
    'an address literal as the client name, parentheses in a quoted local part',
    { clientName: '[IPv6:2001:db8::2]', reversePath: '"a)\\"(b"@example.org' },
    [
      'Received: from [192.0.2.1] ([192.0.2.1:4711] helo=[IPv6:2001:db8::2])',
      '\tby mx.example.com (envelope-from <"a\\)\\\\"\\(b"@example.org>)',
      '\t(Headgate 0.1.0) with ESMTP id 53/6B-18426-1AAEACF3;',
      '\tSun, 30 Nov 2003 09:31:37 +0100',
    ],
  ],
];

for (const [id, trace, lines] of FIELDS)
  test(`Received: ${id}`, () => assert.equal(receivedField({ ...TRACE, ...trace }), `${lines.join('\r\n')}\r\n`));

test('Message-ID', () =>
  assert.equal(
    messageIdField('53/6B-18426-1AAEACF3', 'h.example'),
    'Message-ID: <53.6B.18426.1AAEACF3@h.example>\r\n',
  ));

const AT = wallMs(Date.UTC(2003, 10, 30, 23, 5, 7, 999));

for (const [offset, text] of [
  [0, 'Sun, 30 Nov 2003 23:05:07 +0000'],
  [60, 'Mon, 01 Dec 2003 00:05:07 +0100'],
  [-210, 'Sun, 30 Nov 2003 19:35:07 -0330'],
  [345, 'Mon, 01 Dec 2003 04:50:07 +0545'],
] as const)
  test(`date at an offset of ${offset} minutes`, () => assert.equal(mailDate(AT, offset), text));

test('the date of a second is made once, that of the next anew', () => {
  const asked: number[] = [];
  const stamp = new DateStamp((at) => asked.push(at) * 0);
  for (const offset of [0, 0.5, 1, 1000]) stamp.textAt(wallMs(AT + offset));
  assert.deepEqual(asked, [AT, AT + 1]);
  assert.equal(stamp.textAt(wallMs(AT + 1)), 'Sun, 30 Nov 2003 23:05:08 +0000');
});
