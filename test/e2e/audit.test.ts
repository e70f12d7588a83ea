// The limit audit of a real server: it proves a run with lowered limits, a rotation and an orderly stop, finds what is done
// to its files, and goes on behind a kill.
import assert from 'node:assert/strict';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { type Exit, Headgate, runHeadgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { LogFile } from '../support/log-file.ts';
import { Receivers } from '../support/receivers.ts';

const audit = (...words: string[]): Promise<Exit & { readonly stdout: string }> => runHeadgate(['audit', ...words]);
const isKind =
  (kind: string) =>
  (line: string): boolean =>
    line.split('@')[2] === kind;

test('lowered limits, a rotation and an orderly stop: proved; tampered copies are not', {
  timeout: 60_000,
}, async (t) => {
  const receivers = await Receivers.open(t, ['example.com', 'example.org'], {
    behaviour: { delays: { final: { from: 10, to: 20 } } },
  });
  const { sink } = receivers;
  const headgate = await Headgate.start(
    t,
    `Max_Outbound_Connections = 10\n${receivers.routes}Binding "a@b" { Scope_Max_Outbound_Connections = 8 }\n`,
  );
  const log = new LogFile(join(headgate.directory, 'audit.log'));
  const rotated = new LogFile(`${log.path}.1`);
  assert.equal((await headgate.console(`config set limit_audit_log ${headgate.directory}/mainlog.ec`)).failed, true);
  assert.equal((await headgate.console(`config set limit_audit_log ${log.path}`)).failed, false);
  await inject(headgate.port, [
    { domain: 'example.com', messages: 200 },
    { domain: 'example.com', messages: 200, binding: 'a@b' },
    { domain: 'example.org', messages: 200, binding: 'a@b' },
  ]);
  await sink.whenReceived(100);
  await headgate.console('config set max_outbound_connections 3');
  await log.waitFor(isKind('closed'), 4);
  renameSync(log.path, rotated.path);
  headgate.signal('SIGHUP');
  await log.waitFor(isKind('begin'));
  assert.ok(isKind('end')(rotated.lines().at(-1)!), 'the old file has its closing line');
  await headgate.console('config set binding "a@b" scope_max_outbound_connections 2');
  await headgate.console('config set domain example.com scope_max_outbound_connections 5');
  const running = await audit('--running', rotated.path, log.path);
  assert.equal(running.code, 0, running.stdout);
  await sink.whenReceived(600);
  assert.equal((await headgate.stop()).code, 0);

  const { code, stdout, stderr } = await audit(rotated.path, log.path);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, stdout);
  assert.match(stdout, /^no limit was passed$/m);
  assert.match(stdout, /^ +10 open, limit 10 {5}pair default example\.com {2}\(.*headgate\.conf:\d+\)$/m);
  assert.match(stdout, /^ +\d open, limit \d {6}scope_max_outbound_connections binding "a\\x40b" {2}\(/m);
  assert.ok(rotated.lines().some(isKind('closed')) && log.lines().some(isKind('moved')), 'it was a run worth the name');
  const json = JSON.parse((await audit('--json', rotated.path, log.path)).stdout) as Record<string, unknown>;
  assert.deepEqual([json['proved'], json['files'], json['violations']], [true, 2, []]);
  assert.deepEqual([json['opened'], json['closed']], [sink.counts.total.opened, sink.counts.total.opened]);
  assert.equal((await audit(log.path)).code, 0, 'the second file by itself');

  const copies = [`${headgate.directory}/one`, `${headgate.directory}/two`] as const;
  const lines = rotated.lines();
  const at = lines.findIndex(isKind('closed'));
  for (const [id, change, found] of [
    ['unchanged', () => {}, null],
    ['altered', () => lines.splice(at, 1, lines[at]!.replace('@node@', '@node@1')), `${copies[0]}:${at + 1}: `],
    ['taken out', () => lines.splice(at, 1), `${copies[0]}:${at + 1}: `],
    ['put elsewhere', () => lines.splice(at - 1, 2, lines[at]!, lines[at - 1]!), `${copies[0]}:${at}: `],
    ['without its closing line', () => lines.pop(), `${copies[1]}:1: `],
  ] as const) {
    lines.splice(0, Number.POSITIVE_INFINITY, ...rotated.lines());
    change();
    writeFileSync(copies[0], `${lines.join('\n')}\n`);
    writeFileSync(copies[1], readFileSync(log.path));
    const tampered = await audit(...copies);
    assert.equal(tampered.code, found === null ? 0 : 1, id);
    if (found !== null)
      assert.ok(
        tampered.stdout.split('\n').some((line) => line.startsWith(found)),
        tampered.stdout,
      );
  }
});

test('kill -9 and a restart: proved, with a note; so are a stop and a start in the same file', {
  timeout: 60_000,
}, async (t) => {
  const receivers = await Receivers.open(t, ['example.com'], {
    behaviour: { delays: { final: { from: 20, to: 40 } } },
  });
  const { sink } = receivers;
  const log = (headgate: Headgate) => `${headgate.directory}/audit/limits.log`;
  const headgate = await Headgate.start(t, '');
  const configure = () =>
    headgate.configure(`Max_Outbound_Connections = 5\nLimit_Audit_Log = "${log(headgate)}"\n${receivers.routes}`);
  configure();
  assert.equal((await headgate.console('config reload')).failed, false);
  const accepted = await inject(headgate.port, [{ domain: 'example.com', messages: 300 }]);
  await sink.whenReceived(50);
  await headgate.kill9();
  await headgate.start();
  await receivers.whenArrived(accepted);
  await headgate.stop();
  await headgate.start();
  await receivers.whenArrived(await inject(headgate.port, [{ domain: 'example.com', messages: 5 }]));
  await headgate.stop();
  const { code, stdout } = await audit(log(headgate));
  assert.equal(code, 0, stdout);
  assert.equal(stdout.match(/^note: .*:\d+: begins after an unclean stop/gm)?.length, 1, stdout);
  assert.deepEqual(
    new LogFile(log(headgate))
      .lines()
      .filter(isKind('begin'))
      .map((line) => line.split('@').slice(4, 6)),
    [
      ['on', 'clean'],
      ['start', 'unclean'],
      ['start', 'clean'],
    ],
  );
});

for (const [id, words, code, printed] of [
  ['no file', ['audit'], 2, 'headgate audit: expected at least one file'],
  ['a flag that is none', ['audit', '--fast', 'x'], 2, 'headgate audit: found "--fast"; expected --json or --running'],
  [
    'a file that is not there',
    ['audit', '/nowhere/audit.log'],
    1,
    'headgate audit: /nowhere/audit.log: no such file; expected',
  ],
] as const) {
  test(`headgate audit, ${id}: status ${code}`, async () => {
    const ended = await runHeadgate(words);
    assert.equal(ended.code, code);
    assert.ok(ended.stderr.startsWith(printed), ended.stderr);
  });
}
