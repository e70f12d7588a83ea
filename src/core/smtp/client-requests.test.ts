// What receivers are told of the notices that senders asked for (RFC 3461 section 5.2), as scripts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, type Mail, mail, Owner, runScript } from '../../../test/support/client-script.ts';
import {
  type MessageRequest,
  parseNotify,
  type RecipientRequest,
  recipientRequest,
} from '../mail/notification-request.ts';
import type { DeliveryMethod } from './client-actions.ts';

const NEVER = recipientRequest(parseNotify('NEVER'), null)!;
const SUCCESS = recipientRequest(parseNotify('SUCCESS'), 'rfc822;o@r.example')!;
const ORIGINAL = recipientRequest(null, 'rfc822;o@r.example')!;

function asking(request: MessageRequest | undefined, ...requests: (RecipientRequest | undefined)[]): Mail {
  const mailboxes = requests.map((_, index) => `${'xyz'[index]}@r.example`);
  return {
    ...mail('a', ...mailboxes),
    request,
    requestOf: (place) => requests[place],
    asksForSuccess: requests.includes(SUCCESS),
  };
}

const BOTH = { returns: 'full', envelopeId: 'a+2Bb' } as const;
const OPEN = ['connected ->', 'S:220 hi -> C:EHLO me.example'];

const ROWS: readonly [string, Answer, string, string][] = [
  [
    'all goes on to whoever offers DSN, for each recipient its own',
    asking(BOTH, NEVER, SUCCESS, ORIGINAL),
    'S:250-hi|250-DSN|250 PIPELINING',
    'C:MAIL FROM:<a@s.example> RET=FULL ENVID=a+2Bb|RCPT TO:<x@r.example> NOTIFY=NEVER' +
      '|RCPT TO:<y@r.example> NOTIFY=SUCCESS ORCPT=rfc822;o@r.example|RCPT TO:<z@r.example> ORCPT=rfc822;o@r.example|DATA',
  ],
  [
    'nothing of it to others',
    asking(BOTH, NEVER, SUCCESS),
    'S:250-hi|250 PIPELINING',
    'C:MAIL FROM:<a@s.example>|RCPT TO:<x@r.example>|RCPT TO:<y@r.example>|DATA',
  ],
  [
    'nothing is made up where nothing was asked',
    asking(undefined, undefined),
    'S:250-hi|250-DSN|250 PIPELINING',
    'C:MAIL FROM:<a@s.example>|RCPT TO:<x@r.example>|DATA',
  ],
  [
    'RET alone',
    asking({ returns: 'headers', envelopeId: null }, undefined),
    'S:250-hi|250-DSN|250 PIPELINING',
    'C:MAIL FROM:<a@s.example> RET=HDRS|RCPT TO:<x@r.example>|DATA',
  ],
];

for (const [id, answer, offer, said] of ROWS)
  test(id, () => runScript(new Owner('envelope', [answer]), [...OPEN, `${offer} -> =ready; ${said}`]));

const WIDE: Mail = { ...mail('\xc3\xbc', 'x@r.example'), needsUtf8: true };
const NOT_OFFERED = 'P2 550 5.6.7 [internal] message needs SMTPUTF8, which the receiver does not offer';

test('what needs SMTPUTF8 says so', () =>
  runScript(new Owner('envelope', [WIDE]), [
    ...OPEN,
    'S:250-hi|250-SMTPUTF8|250-8BITMIME|250 PIPELINING -> =ready; C:MAIL FROM:<\xc3\xbc@s.example> SMTPUTF8|RCPT TO:<x@r.example>|DATA',
  ]));

test('and is not sent where it is not offered; what does not need it is', () =>
  runScript(new Owner('envelope', [WIDE, mail('b', 'y@r.example')]), [
    ...OPEN,
    `S:250-hi|250 PIPELINING -> =ready; =\xc3\xbc ${NOT_OFFERED}; C:MAIL FROM:<b@s.example>|RCPT TO:<y@r.example>|DATA`,
  ]));

test('in lock step, too', () =>
  runScript(new Owner('no', [asking(BOTH, NEVER, SUCCESS)]), [
    ...OPEN,
    'S:250-hi|250 DSN -> =ready; C:MAIL FROM:<a@s.example> RET=FULL ENVID=a+2Bb',
    'S:250 ok -> C:RCPT TO:<x@r.example> NOTIFY=NEVER',
    'S:250 ok -> C:RCPT TO:<y@r.example> NOTIFY=SUCCESS ORCPT=rfc822;o@r.example',
  ]));

for (const [id, method, offersDsn, mailAsked, action] of [
  ['a receiver with DSN tells itself', 'esmtp', true, asking(BOTH, SUCCESS), undefined],
  [
    'of a receiver without DSN it is told that the mail was passed on',
    'esmtp',
    false,
    asking(BOTH, SUCCESS),
    'relayed',
  ],
  ['LMTP is the end of the way', 'lmtp', false, asking(BOTH, SUCCESS), 'delivered'],
  ['nobody asked', 'esmtp', false, asking(BOTH, NEVER), undefined],
] as readonly (readonly [string, DeliveryMethod, boolean, Mail, string | undefined])[]) {
  test(`success: ${id}`, () => {
    const outcomes: unknown[] = [];
    const terms = { method, login: null, xclient: 'no', key: '' } as const;
    const owner = new (class extends Owner {
      override attempted(transaction: Mail, given: Parameters<Owner['attempted']>[1]): void {
        outcomes.push(...given);
        super.attempted(transaction, given);
      }
    })('envelope', [mailAsked], undefined, terms);
    const hello = method === 'lmtp' ? 'LHLO' : 'EHLO';
    const parameters = offersDsn ? [' RET=FULL ENVID=a+2Bb', ' NOTIFY=SUCCESS ORCPT=rfc822;o@r.example'] : ['', ''];
    runScript(owner, [
      'connected ->',
      `S:220 hi -> C:${hello} me.example`,
      `S:250-hi|${offersDsn ? '250-DSN|' : ''}250 PIPELINING -> =ready; C:MAIL FROM:<a@s.example>${parameters[0]}|RCPT TO:<x@r.example>${parameters[1]}|DATA`,
      'S:250 ok|250 ok|354 go -> C:{a}',
      'S:250 taken -> =a D',
    ]);
    const expected = { kind: 'delivered', reply: '250 taken' };
    assert.deepEqual(outcomes, [action === undefined ? expected : { ...expected, successAction: action }]);
  });
}
