// Conversations as scripts (test/support/client-script.ts): what is said, and what it means for whom.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Answer, act, type Mail, mail, Owner, runScript } from '../../../test/support/client-script.ts';
import type { ClientSettings } from './client-actions.ts';
import { ClientSession } from './client-session.ts';

const GREETED = ['connected ->', 'S:220 hi -> C:EHLO me.example'];
const PIPELINING = [...GREETED, 'S:250-hi|250 PIPELINING -> =ready'];
const A = mail('a', 'x@r.example');
const B = mail('b', 'y@r.example');
const TWO = mail('two', 'x@r.example', 'y@r.example');

const ENVELOPE_A = 'C:MAIL FROM:<a@s.example>|RCPT TO:<x@r.example>|DATA';
const ENVELOPE_B = 'MAIL FROM:<b@s.example>|RCPT TO:<y@r.example>|DATA';
const ENVELOPE_TWO = 'C:MAIL FROM:<two@s.example>|RCPT TO:<x@r.example>|RCPT TO:<y@r.example>|DATA';

const CLOSED = '451 4.4.2 [internal] connection closed by remote host';

const SCRIPTS: readonly [string, ClientSettings['pipelining'], Answer[], string[]][] = [
  [
    'lock step, then QUIT, and the receiver closes first',
    'no',
    [A, 'leave'],
    [
      ...GREETED,
      'S:250-hi|250 PIPELINING -> =ready; C:MAIL FROM:<a@s.example>',
      'S:250 ok -> C:RCPT TO:<x@r.example>',
      'S:250 ok -> C:DATA',
      'S:354 go -> C:{a}',
      'S:250 taken -> =a D; =leaving; C:QUIT',
      'S:221 bye ->',
      'FIN -> =end',
      'gone ->',
    ],
  ],
  [
    'a receiver without PIPELINING gets lock step whatever is configured',
    'overlap',
    [A],
    [...GREETED, 'S:250 hi -> =ready; C:MAIL FROM:<a@s.example>', 'S:250 ok -> C:RCPT TO:<x@r.example>'],
  ],
  [
    'SIZE and HELO',
    'envelope',
    [A],
    [...GREETED, 'S:502 what -> C:HELO me.example', 'S:250 hi -> =ready; C:MAIL FROM:<a@s.example>'],
  ],
  [
    'an envelope in one write',
    'envelope',
    [A, B],
    [
      ...GREETED,
      `S:250-hi|250-SIZE 1000|250 PIPELINING -> =ready; ${ENVELOPE_A.replace('example>', 'example> SIZE=100')}`,
      'S:250 ok|250 ok|354 go -> C:{a}',
      'S:250 taken -> =a D; C:MAIL FROM:<b@s.example> SIZE=100|RCPT TO:<y@r.example>|DATA',
    ],
  ],
  [
    'overlap: the next envelope goes with the end of the message',
    'overlap',
    [A, B],
    [
      ...PIPELINING.with(-1, `${PIPELINING.at(-1)}; ${ENVELOPE_A}`),
      `S:250 ok|250 ok|354 go -> C:{a}${ENVELOPE_B}`,
      'S:250 taken|250 ok|250 ok|354 go -> =a D; C:{b}',
      'S:250 taken -> =b D',
      'time -> =leaving; C:QUIT',
      'time -> =reset',
      'gone ->',
    ],
  ],
  [
    'overlap: hang-up before the second final dot is no attempt',
    'overlap',
    [A, B],
    [
      ...PIPELINING.with(-1, `${PIPELINING.at(-1)}; ${ENVELOPE_A}`),
      `S:250 ok|250 ok|354 go -> C:{a}${ENVELOPE_B}`,
      'S:250 taken|250 ok -> =a D',
      'FIN -> =leaving; =b returned; =end',
    ],
  ],
  [
    'overlap: a hang-up before the first final reply is an attempt of the first only',
    'overlap',
    [A, B],
    [
      ...PIPELINING.with(-1, `${PIPELINING.at(-1)}; ${ENVELOPE_A}`),
      `S:250 ok|250 ok|354 go -> C:{a}${ENVELOPE_B}`,
      `gone -> =leaving; =a T9 ${CLOSED}; =b returned`,
    ],
  ],
  [
    'overlap: 421 in answer to a message sent ahead',
    'overlap',
    [A, B],
    [
      ...PIPELINING.with(-1, `${PIPELINING.at(-1)}; ${ENVELOPE_A}`),
      `S:250 ok|250 ok|354 go -> C:{a}${ENVELOPE_B}`,
      'S:250 taken|421 enough -> =a D; =leaving; =b returned; C:QUIT',
      'FIN -> =end',
    ],
  ],
  [
    'one recipient of two refused',
    'overlap',
    [TWO],
    [
      ...PIPELINING.with(-1, `${PIPELINING.at(-1)}; ${ENVELOPE_TWO}`),
      'S:250 ok|550 no such|250 ok|354 go -> C:{two}',
      'S:250 taken -> =two P5 550 no such, D',
    ],
  ],
  [
    'all recipients refused and 354 given: a lone dot, then RSET',
    'envelope',
    [TWO, 'leave'],
    [
      ...PIPELINING.with(-1, `${PIPELINING.at(-1)}; ${ENVELOPE_TWO}`),
      'S:250 ok|550 a|451 b|354 go -> C:.',
      'S:554 no recipients -> =two P5 550 a, T5 451 b; C:RSET',
      'S:250 ok -> =leaving; C:QUIT',
    ],
  ],
  [
    'all recipients refused and DATA too',
    'envelope',
    [A],
    [
      ...PIPELINING.with(-1, `${PIPELINING.at(-1)}; ${ENVELOPE_A}`),
      'S:250 ok|550 a|503 no recipients -> =a P5 550 a; C:RSET',
      'S:250 ok ->',
      'time -> =leaving; C:QUIT',
    ],
  ],
  [
    'MAIL refused in a group: what follows is not about us',
    'envelope',
    [A],
    [...PIPELINING.with(-1, `${PIPELINING.at(-1)}; ${ENVELOPE_A}`), 'S:550 no|503 no|503 no -> =a P3 550 no'],
  ],
  [
    'MAIL refused in a group, yet 354',
    'envelope',
    [A],
    [
      ...PIPELINING.with(-1, `${PIPELINING.at(-1)}; ${ENVELOPE_A}`),
      'S:451 no|250 ok|354 go -> C:.',
      'S:250 what -> =a T3 451 no; C:RSET',
    ],
  ],
  [
    'DATA refused: RSET before the next',
    'no',
    [A],
    [
      ...PIPELINING.with(-1, `${PIPELINING.at(-1)}; C:MAIL FROM:<a@s.example>`),
      'S:250 ok -> C:RCPT TO:<x@r.example>',
      'S:250 ok -> C:DATA',
      'S:452 full -> =a T7 452 full; C:RSET',
      'S:500 what -> =leaving; C:QUIT',
    ],
  ],
  [
    'a final 5yz',
    'no',
    [A],
    [
      ...PIPELINING.with(-1, `${PIPELINING.at(-1)}; C:MAIL FROM:<a@s.example>`),
      'S:250 ok -> C:RCPT TO:<x@r.example>',
      'S:250 ok -> C:DATA',
      'S:354 go -> C:{a}',
      'S:554-5.7.1 spam|554 really -> =a P9 554 5.7.1 spam really',
    ],
  ],
  [
    '503 to a command that follows accepted ones: it lost step, nobody is refused',
    'envelope',
    [TWO],
    [
      ...PIPELINING.with(-1, `${PIPELINING.at(-1)}; ${ENVELOPE_TWO}`),
      'S:250 ok|250 ok|250 ok|503 bad sequence -> =leaving; =two T7 451 4.5.0 [internal] remote host lost step: 503 bad sequence, T7 451 4.5.0 [internal] remote host lost step: 503 bad sequence; =reset',
      'gone ->',
    ],
  ],
  [
    'the banner refuses us',
    'no',
    [],
    ['connected ->', 'S:554 go away -> =leaving; =host failed at 12: 554 go away; C:QUIT', 'FIN -> =end'],
  ],
  [
    'no banner in time',
    'no',
    [],
    ['connected ->', 'time -> =leaving; =host failed at 12: 451 4.4.2 [internal] no banner; =reset', 'gone ->'],
  ],
  ['hang-up in place of a banner', 'no', [], ['connected ->', `FIN -> =leaving; =host failed at 12: ${CLOSED}; =end`]],
  ['421 to EHLO', 'no', [], [...GREETED, 'S:421 busy -> =leaving; =host failed at 11: 421 busy; C:QUIT', 'gone ->']],
  [
    'EHLO and HELO refused',
    'no',
    [],
    [...GREETED, 'S:550 no -> C:HELO me.example', 'S:550 no -> =leaving; =host failed at 11: 550 no; C:QUIT'],
  ],
  [
    'nonsense in a transaction',
    'envelope',
    [A],
    [
      ...PIPELINING.with(-1, `${PIPELINING.at(-1)}; ${ENVELOPE_A}`),
      'S:250 ok|hello? -> =leaving; =a T5 451 4.5.0 [internal] an answer that is no reply from remote host; =reset',
    ],
  ],
  [
    'silence behind the final dot',
    'envelope',
    [A],
    [
      ...PIPELINING.with(-1, `${PIPELINING.at(-1)}; ${ENVELOPE_A}`),
      'S:250 ok|250 ok|354 go -> C:{a}',
      'time -> =leaving; =a T9 451 4.4.2 [internal] no BODY response; =reset',
    ],
  ],
  ['an idle connection that the receiver closed', 'envelope', ['idle'], [...PIPELINING, 'FIN -> =leaving; =end']],
  [
    'an idle connection that the receiver says goodbye on',
    'envelope',
    ['idle'],
    [...PIPELINING, 'S:421 idle for too long -> =leaving; C:QUIT', 'S:221 bye ->', 'FIN -> =end'],
  ],
  ['a reply to nothing', 'envelope', ['idle'], [...PIPELINING, 'S:250 ok -> =leaving; =reset']],
  [
    'a used connection that turns out to be closed is no attempt',
    'envelope',
    [A, 'idle', B],
    [
      ...PIPELINING.with(-1, `${PIPELINING.at(-1)}; ${ENVELOPE_A}`),
      'S:250 ok|250 ok|354 go -> C:{a}',
      'S:250 taken -> =a D',
      `resume -> C:${ENVELOPE_B}`,
      'gone -> =leaving; =b returned',
    ],
  ],
  [
    'a used connection that breaks in the middle is an attempt',
    'envelope',
    [A, B],
    [
      ...PIPELINING.with(-1, `${PIPELINING.at(-1)}; ${ENVELOPE_A}`),
      'S:250 ok|250 ok|354 go -> C:{a}',
      `S:250 taken -> =a D; C:${ENVELOPE_B}`,
      `S:250 ok -> `,
      `gone -> =leaving; =b T5 ${CLOSED}`,
    ],
  ],
];

for (const [title, pipelining, answers, lines] of SCRIPTS) {
  test(title, () => {
    const owner = new Owner(pipelining, [...answers]);
    runScript(owner, lines);
  });
}

test('each step has its own timeout', () => {
  const owner = new Owner('no', [A, 'idle']);
  const session = new ClientSession<Mail>(owner);
  const seen: number[] = [];
  for (const event of ['connected', 'S:220 a', 'S:250 b', 'S:250 c', 'S:250 d', 'S:354 e', 'S:250 f', 'quit']) {
    act(session, event);
    seen.push(owner.deadlineMs);
  }
  assert.deepEqual(seen, [1, 1, 2, 3, 3, 4, 7, 5000]);
});

test('lost content fails for good, and the connection is given up', () => {
  const owner = new Owner('overlap', [A, B]);
  const session = new ClientSession<Mail>(owner);
  for (const event of ['connected', 'S:220 a', 'S:250-b|250 PIPELINING', 'S:250 c|250 d|354 e']) act(session, event);
  owner.said = [];
  session.contentLost(A);
  assert.deepEqual(owner.said, [
    '=leaving',
    '=a P8 550 5.3.0 [internal] message body missing',
    '=b returned',
    '=reset',
  ]);
});

test('replies to a message that has not left yet: nothing is delivered', () => {
  for (const [reply, told] of [
    ['250 early', '=b T9 451 4.5.0 [internal] remote host lost step: 250 early'],
    ['554 early', '=b P9 554 early'],
  ]) {
    const owner = new Owner('envelope', [B]);
    const session = new ClientSession<Mail>(owner);
    session.connected();
    for (const chunk of ['220 hi\r\n', '250-hi\r\n250 PIPELINING\r\n', `250 a\r\n250 b\r\n354 c\r\n${reply}\r\n`])
      session.received(chunk);
    assert.deepEqual(owner.said.slice(-3), ['=leaving', told, '=reset']);
  }
});

test('property: any chunking of the replies has the same effects', () => {
  // A receiver speaks again when it has seen what we said: the content of a message above all.
  const turns = [
    '220 hi\r\n250-hi\r\n250 PIPELINING\r\n250 a\r\n550 b\r\n250 b\r\n354 c\r\n',
    '250 d\r\n250 e\r\n250 f\r\n354 g\r\n',
    '452 h\r\n',
  ];
  const run = (chunks: readonly string[]) => {
    const owner = new Owner('overlap', [TWO, B]);
    const session = new ClientSession<Mail>(owner);
    session.connected();
    for (const chunk of chunks) session.received(chunk);
    return owner.said;
  };
  const whole = run(turns.join('').split(/(?<=^\d{3} .*\r\n)/m));
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 20 })), (cuts) => {
      const lengths = cuts[Symbol.iterator]();
      const chunks: string[] = [];
      for (const turn of turns) {
        for (let at = 0; at < turn.length; ) {
          const { value: length = turn.length } = lengths.next();
          chunks.push(turn.slice(at, at + length));
          at += length;
        }
      }
      const told = (said: readonly string[]) => said.filter((line) => line.startsWith('='));
      assert.deepEqual(told(run(chunks)), told(whole));
    }),
  );
});
