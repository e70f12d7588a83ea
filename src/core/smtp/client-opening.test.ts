// The way to an encrypted session, as scripts (test/support/client-script.ts).
import { test } from 'node:test';
import fc from 'fast-check';
import { act, type Mail, mail, Owner, runScript } from '../../../test/support/client-script.ts';
import type { SessionTls } from './client-actions.ts';
import { ClientSession } from './client-session.ts';

const OFFERED = ['connected ->', 'S:220 hi -> C:EHLO me.example', 'S:250-hi|250-PIPELINING|250 STARTTLS -> C:STARTTLS'];
const PLAIN = ['connected ->', 'S:220 hi -> C:EHLO me.example'];
const A = mail('a', 'x@r.example');
const ENVELOPE_A = 'C:MAIL FROM:<a@s.example>|RCPT TO:<x@r.example>|DATA';
const NOT_OFFERED = '451 4.7.6 [internal] STARTTLS required but not advertised';
const FAILED = '451 4.7.5 [internal] TLS negotiation failed';
const INJECTED = `${FAILED}: octets in clear behind the go-ahead`;
const CLOSED = '451 4.4.2 [internal] connection closed by remote host';

const required: SessionTls = { mode: 'required', verify: 'no' };
const ifavailable: SessionTls = { mode: 'ifavailable', verify: 'no' };
const host: SessionTls = { mode: 'required', verify: 'host' };

const ROWS: readonly [string, SessionTls, string[]][] = [
  [
    'EHLO is said again, and only what is said under TLS counts',
    required,
    [
      ...OFFERED,
      'S:220 go ->  =start TLS',
      'trusted -> C:EHLO me.example',
      'S:250 hi -> =ready; C:MAIL FROM:<a@s.example>',
      'S:250 ok -> C:RCPT TO:<x@r.example>',
    ],
  ],
  [
    'STARTTLS offered again under TLS is not taken',
    ifavailable,
    [
      ...OFFERED,
      'S:220 go -> =start TLS',
      'trusted -> C:EHLO me.example',
      `S:250-hi|250-STARTTLS|250 PIPELINING -> =ready; ${ENVELOPE_A}`,
    ],
  ],
  [
    'not wanted: offered in vain',
    { mode: 'no', verify: 'no' },
    [...PLAIN, `S:250-hi|250-PIPELINING|250 STARTTLS -> =ready; ${ENVELOPE_A}`],
  ],
  ['ifavailable, and it is not', ifavailable, [...PLAIN, `S:250-hi|250 PIPELINING -> =ready; ${ENVELOPE_A}`]],
  [
    'required, and not offered',
    required,
    [...PLAIN, `S:250 hi -> =leaving; =protection failed at 11: ${NOT_OFFERED}; C:QUIT`, 'S:221 bye ->', 'FIN -> =end'],
  ],
  [
    'required, and only HELO is known',
    required,
    [
      ...PLAIN,
      'S:500 what -> C:HELO me.example',
      `S:250 hi -> =leaving; =protection failed at 11: ${NOT_OFFERED}; C:QUIT`,
    ],
  ],
  [
    'STARTTLS refused',
    ifavailable,
    [
      ...OFFERED,
      'S:454 4.7.0 not now -> =leaving; =negotiation failed at 16: 451 4.7.5 [internal] no tls go-ahead: 454 4.7.0 not now; C:QUIT',
      'FIN -> =end',
    ],
  ],
  [
    'a go-ahead that is none',
    required,
    [
      ...OFFERED,
      'S:250 ok -> =leaving; =negotiation failed at 16: 451 4.7.5 [internal] no tls go-ahead: 250 ok; C:QUIT',
    ],
  ],
  ['421 to STARTTLS', ifavailable, [...OFFERED, 'S:421 bye -> =leaving; =negotiation failed at 16: 421 bye; C:QUIT']],
  [
    'no answer to STARTTLS',
    ifavailable,
    [
      ...OFFERED,
      'time -> =leaving; =negotiation failed at 16: 451 4.7.5 [internal] no tls go-ahead; =reset',
      'gone ->',
    ],
  ],
  [
    'hang-up in place of a go-ahead',
    ifavailable,
    [...OFFERED, `FIN -> =leaving; =negotiation failed at 16: ${CLOSED}; =end`],
  ],
  [
    'a reply in clear behind the go-ahead, in the same segment',
    required,
    [...OFFERED, `S:220 go|250 PIPELINING -> =leaving; =protection failed at 17: ${INJECTED}; =reset`, 'gone ->'],
  ],
  [
    'part of a line behind the go-ahead',
    ifavailable,
    [...OFFERED, `S:220 go|2 -> =leaving; =protection failed at 17: ${INJECTED}; =reset`, 'gone ->'],
  ],
  [
    'a reply in clear before the handshake has begun',
    ifavailable,
    [...OFFERED, 'S:220 go -> =start TLS', `S:250 hi -> =leaving; =protection failed at 17: ${INJECTED}; =reset`],
  ],
  [
    'this machine ends the handshake: nobody is to blame',
    ifavailable,
    [
      ...OFFERED,
      'S:220 go -> =start TLS',
      `TLS given up:others wait -> =leaving; =node failed at 17: ${FAILED}: others wait; =reset`,
      'gone ->',
    ],
  ],
  [
    'the handshake fails',
    ifavailable,
    [
      ...OFFERED,
      'S:220 go -> =start TLS',
      `TLS:no shared cipher -> =leaving; =negotiation failed at 17: ${FAILED}: no shared cipher; =reset`,
      'gone ->',
    ],
  ],
  [
    'the handshake does not end',
    required,
    [
      ...OFFERED,
      'S:220 go -> =start TLS',
      `time -> =leaving; =negotiation failed at 17: ${FAILED}: no end of the handshake in time; =reset`,
    ],
  ],
  [
    'a certificate of nobody we trust',
    host,
    [
      ...OFFERED,
      'S:220 go -> =start TLS',
      'untrusted -> =leaving; =protection failed at 17: 451 4.7.5 [internal] SSL cert must be signed by a valid CA: self-signed certificate; =reset',
    ],
  ],
  [
    'a certificate of somebody else',
    host,
    [
      ...OFFERED,
      'S:220 go -> =start TLS',
      'stranger -> =leaving; =protection failed at 17: 451 4.7.5 [internal] SSL certificate subject does not match host; =reset',
    ],
  ],
  [
    'a certificate of somebody else will do for ca',
    { mode: 'required', verify: 'ca' },
    [...OFFERED, 'S:220 go -> =start TLS', 'stranger -> C:EHLO me.example'],
  ],
  [
    'any certificate will do for optional',
    { mode: 'required', verify: 'optional' },
    [...OFFERED, 'S:220 go -> =start TLS', 'untrusted -> C:EHLO me.example'],
  ],
  [
    'silence under TLS is not held against mail in clear',
    ifavailable,
    [
      ...OFFERED,
      'S:220 go -> =start TLS',
      'trusted -> C:EHLO me.example',
      'time -> =leaving; =protection failed at 11: 451 4.4.2 [internal] no HELO/EHLO response; =reset',
    ],
  ],
  [
    'TLS breaks in a transaction',
    required,
    [
      ...OFFERED,
      'S:220 go -> =start TLS',
      'trusted -> C:EHLO me.example',
      `S:250-hi|250 PIPELINING -> =ready; ${ENVELOPE_A}`,
      `TLS:bad record mac -> =leaving; =a T3 ${CLOSED}: bad record mac; =reset`,
    ],
  ],
];

for (const [title, tls, lines] of ROWS) {
  test(title, () => runScript(new Owner('envelope', [A], tls), lines));
}

test('property: no chunking lets what was said in clear through', () => {
  const said = '220 hi\r\n250-hi\r\n250 STARTTLS\r\n220 go\r\n250-hi\r\n250 PIPELINING\r\n';
  const clear = said.indexOf('220 go') + 8;
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: said.length - 1 })),
      fc.integer({ min: clear + 1, max: said.length }),
      (cuts, end) => {
        const owner = new Owner('envelope', [A], required);
        const session = new ClientSession<Mail>(owner);
        act(session, 'connected');
        let from = 0;
        for (const to of [...cuts.filter((cut) => cut < end).sort((a, b) => a - b), end]) {
          session.received(said.slice(from, to));
          from = to;
        }
        act(session, 'trusted');
        return owner.said.at(-1) === '=reset' && !owner.said.includes('=ready');
      },
    ),
  );
});
