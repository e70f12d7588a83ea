import assert from 'node:assert/strict';
import test from 'node:test';
import { NO_LIMIT } from '../core/base/limit.ts';
import { formatProblem } from '../core/config/problem.ts';
import { PLAIN_RECEIVER, type ReceiverBehaviour } from './receiver.ts';
import { type Receivers, readReceivers } from './receivers-file.ts';

function receiversOf(text: string): Receivers {
  const read = readReceivers('r.conf', text);
  assert.ok(read.kind === 'receivers', read.kind === 'problems' ? read.problems.map(formatProblem).join('\n') : '');
  return read.receivers;
}

test('each option falls back by itself: name, patterns in their order, everybody, the defaults', () => {
  const receivers = receiversOf(`
    Transient_Share = 0.5
    Receiver "/\\.example$/" { Connections_Per_Source = 3  Messages_Per_Minute = 60 }
    Receiver "/^mail\\./" { Connections_Per_Source = 4  Quit_Time = 1 }
    Receiver "Mail.Example." { Connections_Per_Source = 5 }
  `);
  const found = receivers.behaviourOf('mail.example');
  assert.deepEqual(
    [found.connectionsPerSource, found.messagesPerMinute, found.quitTime.fromMs, found.transientShare],
    [5, 60, 1000, 0.5],
  );
  assert.equal(receivers.behaviourOf('other.example').connectionsPerSource, 3);
  assert.equal(receivers.behaviourOf('mail.example.net').connectionsPerSource, 4);
  assert.deepEqual(receivers.behaviourOf('example.net'), { ...PLAIN_RECEIVER, transientShare: 0.5 });
});

for (const [text, expected] of [
  ['Connect_Time = 0.25', { connectTime: { fromMs: 250, toMs: 250 } }],
  ['Transaction_Time = "0.1-2"', { transactionTime: { fromMs: 100, toMs: 2000 } }],
  ['Quit_Time = 0', { quitTime: { fromMs: 0, toMs: 0 } }],
  ['Octets_Per_Second = 1000', { octetsPerSecond: 1000 }],
  ['Octets_Per_Second = -1', { octetsPerSecond: null }],
  ['Connections_Per_Source = 0', { connectionsPerSource: 0 }],
  ['messages_per_connection = -1', { messagesPerConnection: NO_LIMIT }],
  ['Permanent_Share = 1', { permanentShare: 1 }],
  ['Down = "08:30-9:00"', { outages: [{ fromMs: 30_600_000, toMs: 32_400_000 }] }],
  [
    'Down = ( "00:00-00:01" "26:00-27:00" )',
    {
      outages: [
        { fromMs: 0, toMs: 60_000 },
        { fromMs: 93_600_000, toMs: 97_200_000 },
      ],
    },
  ],
  ['Exchangers_Down = 1', { exchangersDown: 1 }],
  [
    'Exchangers = ( "MX1.example" "20 mx2.example." )',
    {
      exchangers: [
        { name: 'mx1.example', preference: 10 },
        { name: 'mx2.example', preference: 20 },
      ],
    },
  ],
] as const satisfies readonly (readonly [string, Partial<ReceiverBehaviour>])[]) {
  test(`${text} is read`, () => {
    assert.deepEqual(receiversOf(text).behaviourOf('example.com'), { ...PLAIN_RECEIVER, ...expected });
  });
}

for (const [text, expected] of [
  [
    'Connect_Time = "2-1"',
    '1:16: Connect_Time: found "2-1"; expected seconds from 0, as 0.2, or two of them as "0.1-0.8"',
  ],
  ['Connect_Time = "0-1"', '1:16: Connect_Time: found "0-1"; expected seconds'],
  ['Transient_Share = 1.01', '1:19: Transient_Share: found 1.01; expected a share from 0 to 1'],
  ['Messages_Per_Connection = 0', '1:27: Messages_Per_Connection: found 0; expected -1 (no limit) or a count from 1'],
  ['Down = "9:00-8:00"', '1:8: Down: found "9:00-8:00"; expected hours and minutes'],
  ['Exchangers = ( )', '1:14: Exchangers: found a list; expected a list of host names'],
  [
    'Conect_Time = 1',
    '1:1: Conect_Time: found an unknown option; expected the name of an option (did you mean "Connect_Time"?)',
  ],
  ['Reciever "a" {}', '1:1: Reciever: found this stanza; expected Receiver "NAME" { (did you mean "Receiver"?)'],
  ['Receiver "/(/" {}', '1:10: Receiver: found "/(/"; expected a pattern that can be read'],
  ['Receiver "a" {} Receiver "A" {}', '1:26: Receiver: found a second stanza for a; expected one'],
  ['Receiver "a" { Receiver "b" {} }', '1:16: Receiver: found a stanza in a stanza'],
  ['include "other"', '1:9: other: found an include'],
] as const) {
  test(`${text} is refused with its place`, () => {
    const read = readReceivers('r.conf', text);
    const texts = read.kind === 'problems' ? read.problems.map(formatProblem) : [];
    assert.deepEqual(
      texts.map((one) => one.slice(0, expected.length + 'r.conf:'.length)),
      [`r.conf:${expected}`],
    );
  });
}
