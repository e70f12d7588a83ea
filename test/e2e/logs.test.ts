// The logs beside mainlog at a real server: every failure in bouncelog with its class, formats of one's own, JSON lines,
// and that all of them tell the same story.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Headgate, runHeadgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { LogFile } from '../support/log-file.ts';
import { Receivers } from '../support/receivers.ts';
import { fieldsOf, isRecord } from '../support/records.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

test('bouncelog, custom logs and JSON lines, over a reload and a rotation', { timeout: 60_000 }, async (t) => {
  const domains = ['good.example', 'full.example', 'gone.example'];
  const receivers = await Receivers.open(t, domains);
  const { sink } = receivers;
  sink.setBehaviour(receivers.endpoint('full.example'), { refusals: [{ stage: 'rcpt', code: 452, rate: 1 }] });
  sink.setBehaviour(receivers.endpoint('gone.example'), { refusals: [{ stage: 'rcpt', code: 550, rate: 1 }] });
  const files = temporaryDirectory(t);
  const path = (name: string): string => join(files, name);
  writeFileSync(path('rules'), '98 reply 550 stage rcpt\n');
  const configuration = `
Log_Hires_Timestamp = true
Generate_Bounces = false
bounce_logger "b" { bouncelog = "${path('bouncelog.ec')}" }
bounce_classifier_override {
  user_smtp_classification_override = "${path('rules')}"
  custom_classes = [ 98 = "Gone away" ]
}
custom_logger "c" {
  mainlog = "${path('custom.log')}"
  delivery_format = "D %t{%Y} %R %N"
  permanent_failure_format = "P %R %C %c %S"
  transient_failure_format = "T %R %C"
  transient_failure_logfile = "${path('transient.log')}"
}
json_logger "j" { jsonlog = "${path('events.jsonl')}" }
${receivers.routes}`;
  const headgate = await Headgate.start(t, configuration);
  const [bounces, custom, transient, json] = ['bouncelog.ec', 'custom.log', 'transient.log', 'events.jsonl'].map(
    (name) => new LogFile(path(name)),
  ) as [LogFile, LogFile, LogFile, LogFile];
  await inject(
    headgate.port,
    domains.map((domain) => ({ domain, messages: 2 })),
  );
  await headgate.mainlog.waitFor((line) => !isRecord('R')(line), 6);
  await custom.waitUntil(() => custom.lines().length >= 4);
  assert.deepEqual(custom.lines().sort(), [
    ...Array(2).fill(`D ${new Date().getFullYear()} good.example 0`),
    ...Array(2).fill('P gone.example 98 Gone away 5'),
  ]);
  await transient.waitUntil(() => transient.lines().length >= 2);
  assert.deepEqual(transient.lines(), Array(2).fill('T full.example 50'));
  await bounces.waitUntil(() => bounces.lines().length >= 4);
  const failures = headgate.mainlog.lines().filter((line) => isRecord('T')(line) || isRecord('P')(line));
  for (const line of failures) {
    const [time, id, batch, connection, type] = fieldsOf(line);
    assert.match(time!, /^\d{16}$/);
    const bounce = bounces.lines().find((other) => fieldsOf(other)[1] === id)!;
    assert.deepEqual(fieldsOf(bounce).slice(0, 5), [time, id, batch, connection, type === 'P' ? 'B' : 'T']);
    assert.deepEqual(fieldsOf(bounce).slice(9, 13), ['default', 'default', '5', type === 'P' ? '98' : '50']);
    assert.equal(fieldsOf(bounce).slice(15).join('@'), fieldsOf(line).slice(13).join('@'));
  }
  await json.waitUntil(() => json.lines().length >= 12);
  const events = json.lines().map((line) => JSON.parse(line) as { event: string; to: string; message: string });
  const countOf = (event: string): number => events.filter((one) => one.event === event).length;
  assert.deepEqual(['reception', 'delivery', 'transient_failure', 'permanent_failure'].map(countOf), [6, 2, 2, 2]);

  // A stanza that goes takes its lines along; the others go on, also over a rotation.
  headgate.configure(configuration.replace(/json_logger.*\n/, ''));
  assert.equal((await headgate.console('config reload')).failed, false);
  assert.equal((await headgate.console('reopen logs')).failed, false);
  await inject(headgate.port, [{ domain: 'gone.example', messages: 1 }]);
  await custom.waitUntil(() => custom.lines().length >= 5);
  assert.equal(json.lines().length, 12);
  await headgate.stop();
  assert.equal(readFileSync(path('bouncelog.ec'), 'utf8').trimEnd().split('\n').length, 5);
});

test('formats and rules that cannot be used are mistakes with their place', async (t) => {
  const directory = temporaryDirectory(t);
  const [file, rules] = [join(directory, 'headgate.conf'), join(directory, 'rules')];
  writeFileSync(rules, '10 reply 550\n10 sunshine\n');
  writeFileSync(
    file,
    `custom_logger "a" {
  delivery_format = "%h{Subject}"
  mainlog = "/dev/null"
}
custom_logger "b" {
  reception_format = "%i"
}
bounce_classifier_override {
  user_smtp_classification_override = "${rules}"
  custom_classes = [ 100 = "too high" ]
}
`,
  );
  const { code, stderr } = await runHeadgate(['start', '-c', file]);
  assert.equal(code, 78);
  for (const line of [
    `${file}:2:3: delivery_format: found %h{Subject}; expected a specifier that does not need headers or policy scripts`,
    `${file}:6:3: reception_format: found a format without a file; expected a file for it, or mainlog, in the same stanza`,
    `${rules}:2:1: user_smtp_classification_override: found expected status, reply, text or stage, not sunshine; expected a rule as in docs/bounces.md`,
    `${file}:10:22: custom_classes: found 100; expected a number from 1 to 99 and a name, such as 99 = "our own"`,
  ]) {
    assert.ok(stderr.includes(line), stderr);
  }
});
