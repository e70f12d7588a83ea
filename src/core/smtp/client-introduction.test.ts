// XCLIENT before each message, as scripts (test/support/client-script.ts).
import { test } from 'node:test';
import { type Answer, mail, Owner, runScript } from '../../../test/support/client-script.ts';
import type { MessageClient } from '../mail/message.ts';
import type { SessionTerms } from './client-actions.ts';

const from = (address: string, name = 'c.example', port = 4711): MessageClient => ({ address, port, name });
const A = { ...mail('a', 'x@r.example'), client: from('192.0.2.7') };
const B = { ...mail('b', 'y@r.example'), client: from('2001:db8::7', 'b+c=d \xe9') };
const OWN = mail('own', 'x@r.example');

const EHLO = ['connected ->', 'S:220 hi -> C:EHLO me.example'];
const OFFERED = 'S:250-hi|250-PIPELINING|250 XCLIENT NAME ADDR PORT PROTO HELO LOGIN';
const SAY_A = 'C:XCLIENT NAME=[UNAVAILABLE] ADDR=192.0.2.7 PORT=4711 PROTO=ESMTP HELO=c.example';
const SAY_B = 'C:XCLIENT NAME=[UNAVAILABLE] ADDR=IPV6:2001:db8::7 PORT=4711 PROTO=ESMTP HELO=b+2Bc+3Dd+20+E9';
const SAY_OWN = 'C:XCLIENT NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE] PORT=[UNAVAILABLE] PROTO=ESMTP HELO=[UNAVAILABLE]';
const ENVELOPE_A = 'C:MAIL FROM:<a@s.example>|RCPT TO:<x@r.example>|DATA';
const ENVELOPE_B = 'C:MAIL FROM:<b@s.example>|RCPT TO:<y@r.example>|DATA';

const ROWS: readonly [string, SessionTerms['xclient'], Answer[], string[]][] = [
  ['no: offered in vain', 'no', [A], [...EHLO, `${OFFERED} -> =ready; ${ENVELOPE_A}`]],
  [
    'before each message, and nothing is sent ahead',
    'ifavailable',
    [A, B, OWN],
    [
      ...EHLO,
      `${OFFERED} -> =ready; ${SAY_A}`,
      'S:220 hi again -> C:EHLO me.example',
      `S:250-hi|250 PIPELINING -> ${ENVELOPE_A}`,
      'S:250 ok|250 ok|354 go -> C:{a}',
      `S:250 taken -> =a D; ${SAY_B}`,
      'S:220 hi again -> C:EHLO me.example',
      `S:250-hi|250 PIPELINING -> ${ENVELOPE_B}`,
      'S:250 ok|250 ok|354 go -> C:{b}',
      `S:250 taken -> =b D; ${SAY_OWN}`,
    ],
  ],
  [
    'only what it takes',
    'required',
    [A],
    [...EHLO, `S:250-hi|250 XCLIENT ADDR DESTADDR -> =ready; C:XCLIENT ADDR=192.0.2.7`],
  ],
  ['ifavailable, and it is not', 'ifavailable', [A], [...EHLO, `S:250-hi|250 PIPELINING -> =ready; ${ENVELOPE_A}`]],
  [
    'required, and not offered',
    'required',
    [A],
    [
      ...EHLO,
      'S:250 hi -> =leaving; =protection failed at 11: 451 4.7.6 [internal] XCLIENT required but not advertised; C:QUIT',
    ],
  ],
  [
    'required, and nothing of what it takes is known',
    'required',
    [A],
    [
      ...EHLO,
      'S:250-hi|250 XCLIENT LOGIN -> =leaving; =protection failed at 11: 451 4.7.6 [internal] XCLIENT required but not advertised; C:QUIT',
    ],
  ],
  [
    'ifavailable and refused: the mail goes without, and it is not tried again',
    'ifavailable',
    [A, B],
    [
      ...EHLO,
      `${OFFERED} -> =ready; ${SAY_A}`,
      `S:550 5.7.0 not you -> ${ENVELOPE_A}`,
      `S:250 ok|250 ok|354 go -> C:{a}${ENVELOPE_B.slice(2)}`,
    ],
  ],
  [
    'required and refused: the message waits, whatever the digit',
    'required',
    [A],
    [...EHLO, `${OFFERED} -> =ready; ${SAY_A}`, 'S:550 5.7.0 not you -> =leaving; =a T20 550 5.7.0 not you; C:QUIT'],
  ],
  [
    'refused later: the message must not pass for that of another client',
    'ifavailable',
    [A, B],
    [
      ...EHLO,
      `${OFFERED} -> =ready; ${SAY_A}`,
      'S:220 hi again -> C:EHLO me.example',
      `S:250-hi|250 PIPELINING -> ${ENVELOPE_A}`,
      'S:250 ok|250 ok|354 go -> C:{a}',
      `S:250 taken -> =a D; ${SAY_B}`,
      'S:501 5.5.4 what -> =leaving; =b T20 501 5.5.4 what; C:QUIT',
    ],
  ],
  [
    'the greeting behind it is refused',
    'ifavailable',
    [A],
    [
      ...EHLO,
      `${OFFERED} -> =ready; ${SAY_A}`,
      'S:220 hi again -> C:EHLO me.example',
      'S:554 5.7.1 not from there -> =leaving; =a T11 554 5.7.1 not from there; C:QUIT',
    ],
  ],
  [
    'no answer',
    'ifavailable',
    [A],
    [
      ...EHLO,
      `${OFFERED} -> =ready; ${SAY_A}`,
      'time -> =leaving; =a T20 451 4.4.2 [internal] no XCLIENT response; =reset',
    ],
  ],
  [
    '421',
    'ifavailable',
    [A],
    [...EHLO, `${OFFERED} -> =ready; ${SAY_A}`, 'S:421 bye -> =leaving; =a T20 421 bye; C:QUIT'],
  ],
  [
    'a used connection that breaks before it is answered is no attempt',
    'ifavailable',
    [A, B],
    [
      ...EHLO,
      `${OFFERED} -> =ready; ${SAY_A}`,
      'S:220 hi again -> C:EHLO me.example',
      `S:250-hi|250 PIPELINING -> ${ENVELOPE_A}`,
      'S:250 ok|250 ok|354 go -> C:{a}',
      `S:250 taken -> =a D; ${SAY_B}`,
      'gone -> =leaving; =b returned',
    ],
  ],
];

for (const [title, xclient, answers, lines] of ROWS) {
  test(title, () => {
    const terms: SessionTerms = { method: 'esmtp', login: null, xclient, key: xclient };
    runScript(new Owner('overlap', [...answers], { mode: 'no', verify: 'no' }, terms), lines);
  });
}
