// What is said by SMTP and LMTP, and of messages that are too large, as scripts (test/support/client-script.ts).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, mail, Owner, runScript } from '../../../test/support/client-script.ts';
import type { DeliveryMethod } from './client-actions.ts';
import { parseExtensions } from './extensions.ts';

const A = mail('a', 'x@r.example');
const B = mail('b', 'y@r.example');
const THREE = mail('three', 'x@r.example', 'y@r.example', 'z@r.example');
const large = (name: string) => ({ ...mail(name, 'x@r.example', 'y@r.example'), size: 1001 });

const ENVELOPE_A = 'C:MAIL FROM:<a@s.example>|RCPT TO:<x@r.example>|DATA';
const ENVELOPE_B = 'MAIL FROM:<b@s.example>|RCPT TO:<y@r.example>|DATA';
const ENVELOPE_THREE =
  'C:MAIL FROM:<three@s.example>|RCPT TO:<x@r.example>|RCPT TO:<y@r.example>|RCPT TO:<z@r.example>|DATA';
const TOO_LARGE = "P2 552 5.3.4 [internal] message of 1001 octets exceeds the receiver's limit of 1000";
const CLOSED = '451 4.4.2 [internal] connection closed by remote host';

const SIZED = ['connected ->', 'S:220 hi -> C:EHLO me.example'];
const LMTP = ['connected ->', 'S:220 hi -> C:LHLO me.example'];

const ROWS: readonly [string, DeliveryMethod, Answer[], string[]][] = [
  [
    'a message above the limit fails, and the next one goes',
    'esmtp',
    [large('big'), A],
    [
      ...SIZED,
      `S:250-hi|250-SIZE 1000|250 PIPELINING -> =ready; =big ${TOO_LARGE}, ${TOO_LARGE}; ${ENVELOPE_A.replace('example>', 'example> SIZE=100')}`,
    ],
  ],
  [
    'a message at the limit goes',
    'esmtp',
    [{ ...A, size: 1000 }],
    [...SIZED, 'S:250-hi|250 SIZE 1000 -> =ready; C:MAIL FROM:<a@s.example> SIZE=1000'],
  ],
  [
    'SIZE 0 is no limit (RFC 1870 section 4)',
    'esmtp',
    [{ ...A, size: 9_000_000 }],
    [...SIZED, 'S:250-hi|250 SIZE 0 -> =ready; C:MAIL FROM:<a@s.example> SIZE=9000000'],
  ],
  [
    'SIZE without a number is none either',
    'esmtp',
    [{ ...A, size: 9_000_000 }],
    [...SIZED, 'S:250-hi|250 SIZE -> =ready; C:MAIL FROM:<a@s.example> SIZE=9000000'],
  ],
  [
    'overlap: a message above the limit is not sent ahead, and fails at once',
    'esmtp',
    [A, large('big'), B],
    [
      ...SIZED,
      `S:250-hi|250-SIZE 1000|250 PIPELINING -> =ready; ${ENVELOPE_A.replace('example>', 'example> SIZE=100')}`,
      `S:250 ok|250 ok|354 go -> =big ${TOO_LARGE}, ${TOO_LARGE}; C:{a}`,
      `S:250 taken -> =a D; C:${ENVELOPE_B.replace('example>', 'example> SIZE=100')}`,
    ],
  ],
  [
    'a hundred that are too large end the session',
    'esmtp',
    Array.from({ length: 101 }, (_, index) => large(`big${index}`)),
    [
      ...SIZED,
      `S:250-hi|250 SIZE 1000 -> =ready; ${Array.from({ length: 100 }, (_, index) => `=big${index} ${TOO_LARGE}, ${TOO_LARGE}; `).join('')}=leaving; C:QUIT`,
    ],
  ],
  [
    'SMTP says HELO and nothing of extensions',
    'smtp',
    [{ ...A, eightBit: true }],
    [
      'connected ->',
      'S:220 hi ESMTP -> C:HELO me.example',
      'S:250 hi -> =ready; C:MAIL FROM:<a@s.example>',
      'S:250 ok -> C:RCPT TO:<x@r.example>',
      'S:250 ok -> C:DATA',
      'S:354 go -> C:{a, sevenBit}',
    ],
  ],
  [
    '8-bit content where that is offered',
    'esmtp',
    [{ ...A, eightBit: true }],
    [
      ...SIZED,
      'S:250-hi|250-SIZE|250-8BITMIME|250 PIPELINING -> =ready; C:MAIL FROM:<a@s.example> SIZE=100 BODY=8BITMIME|RCPT TO:<x@r.example>|DATA',
      'S:250 ok|250 ok|354 go -> C:{a}',
    ],
  ],
  [
    '8-bit content where it is not: another form, of a size that is not known',
    'esmtp',
    [{ ...A, eightBit: true }, B],
    [
      ...SIZED,
      `S:250-hi|250-SIZE|250 PIPELINING -> =ready; ${ENVELOPE_A}`,
      `S:250 ok|250 ok|354 go -> C:{a, sevenBit}${ENVELOPE_B.replace('example>', 'example> SIZE=100')}`,
      'S:250 taken|250 ok|250 ok|354 go -> =a D; C:{b}',
    ],
  ],
  [
    'SMTP: HELO refused',
    'smtp',
    [A],
    [
      'connected ->',
      'S:220 hi -> C:HELO me.example',
      'S:550 no -> =leaving; =host failed at 11: 550 no; C:QUIT',
      'FIN -> =end',
    ],
  ],
  [
    'LMTP says LHLO, and never HELO',
    'lmtp',
    [A],
    [...LMTP, 'S:500 what -> =leaving; =host failed at 11: 500 what; C:QUIT'],
  ],
  [
    'LMTP: a reply for each recipient that was accepted',
    'lmtp',
    [THREE, 'leave'],
    [
      ...LMTP,
      `S:250-hi|250 PIPELINING -> =ready; ${ENVELOPE_THREE}`,
      'S:250 ok|250 ok|550 no such|250 ok|354 go -> C:{three}',
      'S:250 in the box ->',
      'S:452 4.2.2 full -> =three D, P5 550 no such, T9 452 4.2.2 full; =leaving; C:QUIT',
    ],
  ],
  [
    'LMTP in lock step',
    'lmtp',
    [THREE],
    [
      ...LMTP,
      'S:250 hi -> =ready; C:MAIL FROM:<three@s.example>',
      'S:250 ok -> C:RCPT TO:<x@r.example>',
      'S:550 no -> C:RCPT TO:<y@r.example>',
      'S:250 ok -> C:RCPT TO:<z@r.example>',
      'S:250 ok -> C:DATA',
      'S:354 go -> C:{three}',
      'S:250 one|550 5.2.1 closed -> =three P5 550 no, D, P9 550 5.2.1 closed',
    ],
  ],
  [
    'LMTP: the next envelope goes ahead, and its replies come behind all of those',
    'lmtp',
    [THREE, B],
    [
      ...LMTP,
      `S:250-hi|250 PIPELINING -> =ready; ${ENVELOPE_THREE}`,
      `S:250 ok|250 ok|250 ok|250 ok|354 go -> C:{three}${ENVELOPE_B}`,
      'S:250 one|250 two ->',
      'S:250 three|250 ok|250 ok|354 go -> =three D, D, D; C:{b}',
      'S:250 one -> =b D',
    ],
  ],
  [
    'LMTP: it breaks between two replies',
    'lmtp',
    [THREE],
    [
      ...LMTP,
      `S:250-hi|250 PIPELINING -> =ready; ${ENVELOPE_THREE}`,
      'S:250 ok|250 ok|250 ok|250 ok|354 go -> C:{three}',
      'S:250 one ->',
      `FIN -> =leaving; =three D, T9 ${CLOSED}, T9 ${CLOSED}; =end`,
    ],
  ],
  [
    'LMTP: the second reply does not come',
    'lmtp',
    [THREE],
    [
      ...LMTP,
      `S:250-hi|250 PIPELINING -> =ready; ${ENVELOPE_THREE}`,
      'S:250 ok|250 ok|250 ok|250 ok|354 go -> C:{three}',
      'S:550 5.1.1 no ->',
      'time -> =leaving; =three P9 550 5.1.1 no, T9 451 4.4.2 [internal] no BODY response, T9 451 4.4.2 [internal] no BODY response; =reset',
    ],
  ],
  [
    'LMTP: 354 although nobody was accepted',
    'lmtp',
    [A],
    [
      ...LMTP,
      `S:250-hi|250 PIPELINING -> =ready; ${ENVELOPE_A}`,
      'S:250 ok|550 no such|354 go -> =leaving; =a P5 550 no such; =reset',
    ],
  ],
  [
    'LMTP: nobody was accepted',
    'lmtp',
    [A],
    [
      ...LMTP,
      `S:250-hi|250 PIPELINING -> =ready; ${ENVELOPE_A}`,
      'S:250 ok|550 no such|503 no recipients -> =a P5 550 no such; C:RSET',
    ],
  ],
];

for (const [title, method, answers, lines] of ROWS) {
  test(title, () => {
    const terms = { method, login: null, xclient: 'no' as const, key: method };
    runScript(new Owner('overlap', [...answers], { mode: 'no', verify: 'no' }, terms), lines);
  });
}

test('what EHLO says', () => {
  for (const [lines, expected] of [
    [['hi', 'SIZE 1000', '8bitmime', 'STARTTLS'], { size: true, sizeMax: 1000, eightBitMime: true, startTls: true }],
    [['PIPELINING'], { pipelining: false }],
    [['hi', 'SIZE many'], { size: true, sizeMax: 0 }],
    [['hi', `SIZE ${'9'.repeat(40)}`], { size: true, sizeMax: 0 }],
    [['hi', 'AUTH plain LOGIN', 'AUTH=LOGIN CRAM-MD5'], { auth: ['PLAIN', 'LOGIN', 'LOGIN', 'CRAM-MD5'] }],
    [['hi', 'AUTH'], { auth: [] }],
    [['hi', '', 'X-NONSENSE'], { auth: [] }],
  ] as const) {
    const found = parseExtensions(lines);
    for (const [name, value] of Object.entries(expected)) assert.deepEqual(found[name as keyof typeof found], value);
  }
});

test('8-bit content stays as it is where the operator says so', () => {
  const owner = new Owner('envelope', [{ ...A, eightBit: true }]);
  owner.settings = { ...owner.settings, transformsEightBit: false };
  runScript(owner, [...SIZED, `S:250-hi|250 PIPELINING -> =ready; ${ENVELOPE_A}`, 'S:250 ok|250 ok|354 go -> C:{a}']);
});
