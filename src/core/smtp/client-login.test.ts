// Logging in to a receiver, as scripts (test/support/client-script.ts). The answers of CRAM-MD5 are those of RFC 2195.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { act, type Mail, mail, Owner, runScript } from '../../../test/support/client-script.ts';
import type { SessionTls } from './client-actions.ts';
import type { Login, LoginMechanism } from './client-login.ts';
import { ClientSession } from './client-session.ts';

const A = mail('a', 'x@r.example');
const MAIL = 'C:MAIL FROM:<a@s.example>';

const login = (mechanism: LoginMechanism, more: Partial<Login> = {}): Login => ({
  mechanism,
  user: 'tim',
  password: 'tanstaaftanstaaf',
  mayGoInClear: true,
  ...more,
});

const EHLO = ['connected ->', 'S:220 hi -> C:EHLO me.example'];
const OFFERED = 'S:250-hi|250 AUTH PLAIN LOGIN CRAM-MD5 XOAUTH2';
const PLAIN_LINE = 'C:AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm';
const CRAM_CHALLENGE = 'PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+';
const NOT_OFFERED = '451 4.7.6 [internal] AUTH PLAIN required but not advertised';

const ROWS: readonly [string, Login, string[]][] = [
  ['PLAIN', login('PLAIN'), [...EHLO, `${OFFERED} -> ${PLAIN_LINE}`, `S:235 welcome -> =ready; ${MAIL}`]],
  [
    'PLAIN beyond ASCII is UTF-8 (RFC 4616)',
    login('PLAIN', { user: 'jürgen', password: 'pässwörd' }),
    [...EHLO, `${OFFERED} -> C:AUTH PLAIN AGrDvHJnZW4AcMOkc3N3w7ZyZA==`],
  ],
  [
    'LOGIN',
    login('LOGIN'),
    [
      ...EHLO,
      `${OFFERED} -> C:AUTH LOGIN`,
      'S:334 VXNlcm5hbWU6 -> C:dGlt',
      'S:334 UGFzc3dvcmQ6 -> C:dGFuc3RhYWZ0YW5zdGFhZg==',
      `S:235 ok -> =ready; ${MAIL}`,
    ],
  ],
  [
    'LOGIN that asks for ever',
    login('LOGIN'),
    [
      ...EHLO,
      `${OFFERED} -> C:AUTH LOGIN`,
      'S:334 a -> C:dGlt',
      'S:334 b -> C:dGFuc3RhYWZ0YW5zdGFhZg==',
      'S:334 c -> =leaving; =protection failed at 11: 451 4.7.0 [internal] AUTH failed: 334 c; C:QUIT',
    ],
  ],
  [
    'CRAM-MD5',
    login('CRAM-MD5'),
    [
      ...EHLO,
      `${OFFERED} -> C:AUTH CRAM-MD5`,
      `S:334 ${CRAM_CHALLENGE} -> C:dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw`,
      `S:235 ok -> =ready; ${MAIL}`,
    ],
  ],
  [
    'CRAM-MD5 with a challenge that is no Base64',
    login('CRAM-MD5'),
    [
      ...EHLO,
      `${OFFERED} -> C:AUTH CRAM-MD5`,
      'S:334 (what?) -> =leaving; =protection failed at 11: 451 4.7.0 [internal] AUTH failed: 334 (what?); C:QUIT',
    ],
  ],
  [
    'XOAUTH2',
    login('XOAUTH2', { user: 'a@s.example', password: 'token' }),
    [
      ...EHLO,
      `${OFFERED} -> C:AUTH XOAUTH2 dXNlcj1hQHMuZXhhbXBsZQFhdXRoPUJlYXJlciB0b2tlbgEB`,
      `S:235 ok -> =ready; ${MAIL}`,
    ],
  ],
  [
    'XOAUTH2 refused: an empty line fetches the reason',
    login('XOAUTH2', { user: 'a@s.example', password: 'token' }),
    [
      ...EHLO,
      `${OFFERED} -> C:AUTH XOAUTH2 dXNlcj1hQHMuZXhhbXBsZQFhdXRoPUJlYXJlciB0b2tlbgEB`,
      'S:334 eyJzdGF0dXMiOiI0MDEifQ== -> C:',
      'S:535 5.7.8 expired -> =leaving; =protection failed at 11: 535 5.7.8 expired; C:QUIT',
    ],
  ],
  [
    'refused: the path fails, not the message',
    login('PLAIN'),
    [
      ...EHLO,
      `${OFFERED} -> ${PLAIN_LINE}`,
      'S:535 5.7.8 bad credentials -> =leaving; =protection failed at 11: 535 5.7.8 bad credentials; C:QUIT',
      'S:221 bye ->',
      'FIN -> =end',
    ],
  ],
  [
    'a refusal that repeats the password is recorded without it',
    login('PLAIN'),
    [
      ...EHLO,
      `${OFFERED} -> ${PLAIN_LINE}`,
      'S:535 no tanstaaftanstaaf (AHRpbQB0YW5zdGFhZnRhbnN0YWFm) for tim -> =leaving; =protection failed at 11: 535 no ******** (********) for tim; C:QUIT',
    ],
  ],
  [
    '421 that repeats the password',
    login('PLAIN'),
    [
      ...EHLO,
      `${OFFERED} -> ${PLAIN_LINE}`,
      'S:421 tanstaaftanstaaf -> =leaving; =protection failed at 11: 421 ********; C:QUIT',
    ],
  ],
  [
    'no answer',
    login('PLAIN'),
    [
      ...EHLO,
      `${OFFERED} -> ${PLAIN_LINE}`,
      'time -> =leaving; =protection failed at 11: 451 4.4.2 [internal] no AUTH response; =reset',
    ],
  ],
  [
    'another code of success is none',
    login('PLAIN'),
    [
      ...EHLO,
      `${OFFERED} -> ${PLAIN_LINE}`,
      'S:250 ok -> =leaving; =protection failed at 11: 451 4.7.0 [internal] AUTH failed: 250 ok; C:QUIT',
    ],
  ],
  [
    'not offered',
    login('PLAIN'),
    [...EHLO, `S:250-hi|250 AUTH LOGIN -> =leaving; =protection failed at 11: ${NOT_OFFERED}; C:QUIT`],
  ],
  [
    'HELO only',
    login('PLAIN'),
    [
      ...EHLO,
      'S:502 what -> C:HELO me.example',
      `S:250 hi -> =leaving; =protection failed at 11: ${NOT_OFFERED}; C:QUIT`,
    ],
  ],
  [
    'not in clear unless that is allowed',
    login('PLAIN', { mayGoInClear: false }),
    [
      ...EHLO,
      `${OFFERED} -> =leaving; =protection failed at 11: 451 4.7.11 [internal] AUTH in a session that is not encrypted; C:QUIT`,
    ],
  ],
];

const runWith = (given: Login, tls: SessionTls, lines: readonly string[]): void =>
  runScript(new Owner('envelope', [A], tls, { method: 'esmtp', login: given, xclient: 'no', key: 'login' }), lines);

for (const [title, given, lines] of ROWS) {
  test(title, () => runWith(given, { mode: 'no', verify: 'no' }, lines));
}

test('under TLS, by what is offered there', () => {
  runWith(login('PLAIN', { mayGoInClear: false }), { mode: 'required', verify: 'no' }, [
    ...EHLO,
    'S:250-hi|250 STARTTLS -> C:STARTTLS',
    'S:220 go -> =start TLS',
    'trusted -> C:EHLO me.example',
    `S:250-hi|250 AUTH PLAIN -> ${PLAIN_LINE}`,
    `S:235 ok -> =ready; ${MAIL}`,
  ]);
});

test('a mechanism that was offered in clear only is not used', () => {
  runWith(login('PLAIN', { mayGoInClear: false }), { mode: 'required', verify: 'no' }, [
    ...EHLO,
    'S:250-hi|250-AUTH PLAIN|250 STARTTLS -> C:STARTTLS',
    'S:220 go -> =start TLS',
    'trusted -> C:EHLO me.example',
    `S:250 hi -> =leaving; =protection failed at 11: ${NOT_OFFERED}; C:QUIT`,
  ]);
});

test('the password is in nothing but what is written', () => {
  const owner = new Owner('envelope', [A], undefined, {
    method: 'esmtp',
    login: login('LOGIN'),
    xclient: 'no',
    key: '',
  });
  const session = new ClientSession<Mail>(owner);
  for (const event of ['connected', 'S:220 hi', OFFERED, 'S:334 a', 'S:334 b', 'S:535 dGFuc3RhYWZ0YW5zdGFhZg==']) {
    act(session, event);
  }
  const told = owner.said.filter((line) => line.startsWith('='));
  assert.ok(told.length > 0 && told.every((line) => !/tanstaaf|dGFu/.test(line)), told.join('\n'));
});
