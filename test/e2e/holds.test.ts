// Mail that the operator holds or disposes of, at a real server: a suspension that ends by itself, blackhole at RCPT and
// behind it, and the first failure as the last.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import test from 'node:test';
import { wallMs } from '../../src/core/base/moment.ts';
import { formatTime } from '../../src/core/config/suspension.ts';
import { Headgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { Receivers } from '../support/receivers.ts';
import { fieldsOf, isFailure, isRecord } from '../support/records.ts';

test('a suspension with an end: nothing before it, everything after it, nobody has to do anything', async (t) => {
  const arrivedAt: number[] = [];
  const receivers = await Receivers.open(t, ['held.example', 'free.example'], {
    onMessage: ({ recipients }) => {
      if (recipients.some((one) => one.endsWith('@held.example'))) arrivedAt.push(Date.now());
    },
  });
  const headgate = await Headgate.start(t, receivers.routes);
  const until = Math.ceil(Date.now() / 1000 + 3) * 1000;
  const written = formatTime(wallMs(until));
  const set = await headgate.console(`config set domain held.example suspend_delivery ${written}`);
  assert.deepEqual(set, { text: `Suspend_Delivery = ${written}\n`, failed: false });
  const accepted = await inject(headgate.port, [
    { domain: 'held.example', messages: 5 },
    { domain: 'free.example', messages: 5 },
  ]);
  const why = (await headgate.console('why default held.example')).text;
  await receivers.whenArrived(accepted);
  assert.ok(Math.min(...arrivedAt) >= until, `${Math.min(...arrivedAt) - until} ms after the end`);
  if (Date.now() < until)
    assert.match(why, /Waits for Suspend_Delivery until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+ to be lifted/);
  assert.deepEqual(headgate.mainlog.lines().filter(isFailure), [], 'waiting is no attempt');
});

test('blackhole: refused at RCPT, or taken and failed with a record and a notice, never silently', async (t) => {
  const receivers = await Receivers.open(t, ['hole.example', 'late.example', 'origin.example']);
  const headgate = await Headgate.start(
    t,
    `${receivers.routes}Suspend_Delivery = true
Domain "hole.example" { Blackhole = internal }
Domain "origin.example" { Suspend_Delivery = false }
`,
  );
  await inject(headgate.port, [
    { domain: 'hole.example', messages: 2 },
    { domain: 'late.example', messages: 3 },
  ]);
  await headgate.mainlog.waitFor(isRecord('P', 'hole.example'), 2);
  assert.equal(headgate.mainlog.lines().filter(isRecord('P', 'late.example')).length, 0);
  assert.match(
    (await headgate.console('why default hole.example')).text,
    /its mail is disposed of \(Blackhole\); set by/,
  );

  await headgate.console('config set domain late.example blackhole true');
  await headgate.mainlog.waitFor(isRecord('P', 'late.example'), 3);
  for (const line of headgate.mainlog.lines().filter(isRecord('P'))) {
    assert.equal(fieldsOf(line).at(-1), '554 5.7.0 [internal] Blackholed');
  }
  await headgate.mainlog.waitFor(isRecord('D', 'origin.example'), 5); // the notices

  // With a binding that is known at RCPT, inline refuses there.
  const text = readFileSync(headgate.configurationFile, 'utf8');
  writeFileSync(
    headgate.configurationFile,
    text.replace('  Binding_Header = "X-Binding"\n', '').replace('Blackhole = internal', 'Blackhole = inline'),
  );
  assert.equal((await headgate.console('config reload')).failed, false);
  const replies = await converse(headgate.port, [
    'EHLO client.example',
    'MAIL FROM:<a@origin.example>',
    'RCPT TO:<b@hole.example>',
    'RCPT TO:<b@other.example>',
    'QUIT',
  ]);
  assert.deepEqual(replies.slice(3, 5), ['551 5.7.1 recipient blackholed', '250 2.1.5 OK']);
  await headgate.rejectlog.waitFor((line) => line.endsWith('recipient blackholed'), 1);
  assert.equal(receivers.sink.arrivals.distinct, 0, 'nothing but notices, which have no test id');
});

test('never_retry: the first temporary failure is the last', async (t) => {
  const receivers = await Receivers.open(t, ['once.example'], {
    behaviour: { refusals: [{ stage: 'mail', code: 451, rate: 1 }] },
  });
  const headgate = await Headgate.start(t, `${receivers.routes}Never_Retry = true\nGenerate_Bounces = false\n`);
  await inject(headgate.port, [{ domain: 'once.example', messages: 1 }]);
  await headgate.mainlog.waitFor(isRecord('P', 'once.example'), 1);
  const [record] = headgate.mainlog.lines().filter(isFailure);
  assert.equal(fieldsOf(record!).at(-1), '554 5.4.7 [internal] exceeded max retries without delivery');
});

/** Sends the lines one by one, each after the reply to the one before. @returns the last line of each reply */
function converse(port: number, lines: readonly string[]): Promise<string[]> {
  const replies: string[] = [];
  const waiting = [...lines];
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1').on('data', (more: string) => {
      text += more;
      for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
        const line = text.slice(0, end);
        text = text.slice(end + 2);
        if (line[3] === '-') continue;
        replies.push(line);
        const next = waiting.shift();
        if (next !== undefined) socket.write(`${next}\r\n`);
      }
    });
    socket.on('close', () => resolve(replies)).on('error', reject);
  });
}
