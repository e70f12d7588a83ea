// Who listens hears the dialogue, within bounds, and nothing of content and credentials.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualSite } from '../../test/support/virtual-site.ts';
import { monoMs, wallMs } from '../core/base/moment.ts';
import { Timers } from '../core/base/timers.ts';
import type { TraceLine, TraceRequest, Tracer } from '../core/console/trace-view.ts';
import type { OutboundConnection } from '../core/delivery/outbound-connection.ts';
import { SmtpDialogues, TRACERS_MAX } from './smtp-dialogues.ts';

const ANY: TraceRequest = { binding: null, domain: null, address: null, owner: 'test', linesMax: 100, ms: 60_000 };

async function heardBy(tracer: Tracer): Promise<TraceLine[]> {
  const lines: TraceLine[] = [];
  for (let heard = await tracer.next(); heard !== null; heard = await tracer.next()) lines.push(...heard.lines);
  return lines;
}

test('a dialogue as it is held, with what happens to its connection, and without the content', async () => {
  const site = new VirtualSite({ configuration: '', answer: () => '250 ok' });
  const tracer = await site.server.traces.begin({ ...ANY, domain: 'example.com', address: '192.0.2.25' });
  const deaf = await site.server.traces.begin({ ...ANY, domain: 'foo.com' });
  assert.ok(tracer !== null && deaf !== null);
  site.submit('<news@sender.example>', '<a@example.com>');
  site.runUntil(site.seconds + 30);
  for (const one of [tracer, deaf]) one.stop();
  const lines = await heardBy(tracer);
  const marks = { sent: '>', received: '<', event: '*' };
  assert.deepEqual(
    lines.map(({ kind, text }) => `${marks[kind]} ${text.replace(/batch \S+, \d+/, 'batch ID, N')}`),
    [
      '* connected',
      '< 220 mx.example',
      '> EHLO mta.example',
      '< 250 mx.example',
      '> MAIL FROM:<news@sender.example>',
      '< 250 ok',
      '> RCPT TO:<a@example.com>',
      '< 250 ok',
      '> DATA',
      '< 354 go on',
      '* content of batch ID, N octets',
      '< 250 2.0.0 taken',
      '> QUIT',
      '< 221 bye',
      '* the receiver closes',
      '* closed',
    ],
  );
  assert.deepEqual(new Set(lines.map(({ address }) => address)), new Set(['192.0.2.25']));
  assert.deepEqual(await heardBy(deaf), []);
  assert.deepEqual([...(await site.server.traces.list())], []);
});

// ---- by itself

function bench() {
  let now = 0;
  const timers = new Timers();
  const moment = () => ({ mono: monoMs(now), wall: wallMs(now) });
  const turns = {
    begin: moment,
    end() {},
    clock: moment,
    get now() {
      return moment();
    },
  };
  const dialogues = new SmtpDialogues(turns, timers);
  const connection = {
    queue: { binding: 'b', domain: 'example.com' },
    candidate: { host: 'mx', address: '192.0.2.1' },
  } as OutboundConnection;
  const pass = (ms: number) => {
    now += ms;
    timers.advance(monoMs(now));
  };
  return { dialogues, connection, pass };
}

for (const [id, sent, shown] of [
  ['a command', 'MAIL FROM:<a@b>\r\n', ['MAIL FROM:<a@b>']],
  ['commands in one go', 'RSET\r\nMAIL FROM:<>\r\n', ['RSET', 'MAIL FROM:<>']],
  ['a lone dot', '.\r\n', ['.']],
  ['AUTH with an answer in it', 'AUTH PLAIN AGpvaG4Ac2VjcmV0\r\n', ['AUTH PLAIN [not shown]']],
  ['in small letters', 'auth login am9obg==\r\n', ['AUTH login [not shown]']],
  ['what follows a challenge', 'c2VjcmV0\r\n', ['[not shown]']],
  ['what only begins like a command', 'MAILBOXSECRET\r\nDATAc2VjcmV0\r\n', ['[not shown]', '[not shown]']],
] as const) {
  test(`what is shown of what is sent: ${id}`, async () => {
    const { dialogues, connection } = bench();
    const tracer = (await dialogues.begin(ANY))!;
    dialogues.sent(connection, 1, sent);
    tracer.stop();
    assert.deepEqual(
      (await heardBy(tracer)).map(({ text }) => text),
      shown,
    );
  });
}

test('a challenge is not shown', async () => {
  const { dialogues, connection } = bench();
  const tracer = (await dialogues.begin(ANY))!;
  dialogues.received(connection, 1, '334 UGFzc3dvcmQ6\r\n235 welcome\r\n');
  tracer.stop();
  assert.deepEqual(
    (await heardBy(tracer)).map(({ text }) => text),
    ['334 [not shown]', '235 welcome'],
  );
});

test('it ends after its lines, after its time, or when it is removed; then nobody is heard', async () => {
  const { dialogues, connection, pass } = bench();
  const [byLines, byTime, removed] = [
    (await dialogues.begin({ ...ANY, linesMax: 2 }))!,
    (await dialogues.begin({ ...ANY, ms: 1000 }))!,
    (await dialogues.begin(ANY))!,
  ];
  for (const word of ['one', 'two', 'three']) dialogues.event(connection, 1, word);
  assert.equal((await heardBy(byLines)).length, 2);
  assert.deepEqual(
    (await dialogues.list()).map(({ id, lines }) => [id, lines]),
    [
      [byTime.id, 3],
      [removed.id, 3],
    ],
  );
  pass(1000);
  assert.equal((await heardBy(byTime)).length, 3);
  assert.ok(dialogues.isHeard);
  assert.deepEqual([await dialogues.remove(removed.id), await dialogues.remove(removed.id)], [true, false]);
  assert.equal((await heardBy(removed)).length, 3);
  assert.equal(dialogues.isHeard, false);
});

test('a reader that does not come holds a bounded number of lines, and hears how many were lost', async () => {
  const { dialogues, connection } = bench();
  const tracer = (await dialogues.begin({ ...ANY, linesMax: 100_000 }))!;
  for (let count = 0; count < 5000; count++) dialogues.event(connection, 1, `${count} ${'x'.repeat(5000)}`);
  const heard = await tracer.next();
  assert.deepEqual([heard?.lines.length, heard?.lost], [2000, 3000]);
  assert.ok(heard!.lines.every(({ text }) => text.length === 2000));
});

test('there are so many tracers at most', async () => {
  const { dialogues } = bench();
  const tracers = await Promise.all(Array.from({ length: TRACERS_MAX }, () => dialogues.begin(ANY)));
  assert.ok(tracers.every((tracer) => tracer !== null));
  assert.equal(await dialogues.begin(ANY), null);
});
