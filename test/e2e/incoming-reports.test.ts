// Two real servers: what the one says of mail that failed comes to the other as a bounce, and is in its bouncelog. And a
// complaint in fbllog.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { Headgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { LogFile } from '../support/log-file.ts';
import { Receivers } from '../support/receivers.ts';
import { fieldsOf, isRecord } from '../support/records.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const COMPLAINT = [
  'From: staff@yahoo.example',
  'Content-Type: multipart/report; report-type=feedback-report; boundary=b',
  '',
  '--b',
  'Content-Type: message/feedback-report',
  '',
  'Feedback-Type: abuse',
  'Original-Rcpt-To: bob@yahoo.example',
  '--b--',
  '.',
  '',
].join('\r\n');

/** Hands in one message, all commands at once, and checks that it was taken. */
async function send(port: number, lines: readonly string[]): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  let said = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    said += text;
  });
  socket.write(lines.join('\r\n'));
  await once(socket, 'close');
  assert.match(said, /^354 .*\r\n250 /m);
}

test('a notice of one server is a bounce at the other; a complaint is logged and disposed of', {
  timeout: 60_000,
}, async (t) => {
  const receivers = await Receivers.open(t, ['gone.example']);
  receivers.sink.setBehaviour(receivers.endpoint('gone.example'), {
    refusals: [{ stage: 'rcpt', code: 550, rate: 1 }],
  });
  const files = temporaryDirectory(t);
  const [bouncelog, fbllog] = [new LogFile(join(files, 'bouncelog.ec')), new LogFile(join(files, 'fbllog.ec'))];
  const home = await Headgate.start(
    t,
    `bounce_logger "b" { bouncelog = "${bouncelog.path}" }
Bounce_Domains = ( bounces.example )
Bounce_Behavior = "blackhole"
fbl { addresses = ( "^abuse@" ) auto_log = true log_path = "${fbllog.path}" }
`,
  );
  const away = await Headgate.start(
    t,
    `${receivers.routes}\nDomain "bounces.example" { Routes = ( "smtp://127.0.0.1?port=${home.port}" ) }\n`,
  );
  const reversePath = 'bounces-7@bounces.example';
  await inject(away.port, [{ domain: 'gone.example', messages: 2, reversePath }]);
  await bouncelog.waitUntil(() => bouncelog.lines().length >= 2);
  for (const line of bouncelog.lines()) {
    const fields = fieldsOf(line);
    assert.equal(fields[4], 'B');
    assert.match(fields[5]!, /^recipient-\d+$/);
    assert.deepEqual(fields.slice(6, 13), [
      'gone.example',
      'bounces-7',
      'bounces.example',
      'default',
      'default',
      '21',
      '50',
    ]);
    assert.equal(fields[14], '127.0.0.1');
    assert.match(line, /@550 5\.7\.1 refused by the test receiver at rcpt$/);
  }
  const ended = await home.mainlog.waitFor(isRecord('P'), 2);
  for (const line of ended) assert.match(line, /@554 5\.7\.0 \[internal\] Blackholed$/);
  await send(home.port, [
    'EHLO yahoo.example',
    'MAIL FROM:<staff@yahoo.example>',
    'RCPT TO:<abuse@fbl.example>',
    'DATA',
    `${COMPLAINT}QUIT`,
    '',
  ]);
  await fbllog.waitUntil(() => fbllog.lines().length >= 1);
  assert.match(fbllog.lines()[0]!, /^\d{10}@[^@]+@F@bob@yahoo\.example@@@abuse@fbl\.example@$/);
  assert.equal(bouncelog.lines().length, 2);
});
