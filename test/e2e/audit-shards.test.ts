// The limit audit of a server with several shards: one file, in which the counts of all together stand in the order in which
// they came about.
import assert from 'node:assert/strict';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Headgate, runHeadgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { LogFile } from '../support/log-file.ts';
import { Receivers } from '../support/receivers.ts';

const DOMAINS = ['d1.example', 'd2.example'];
const kindOf = (line: string) => line.split('@')[2];
const isKind = (kind: string) => (line: string) => kindOf(line) === kind;
const audit = (...words: string[]) => runHeadgate(['audit', ...words]);

/** Ids of connections of each shard: its number is the top of the counter in them. */
function openedByShard(lines: readonly string[]): readonly number[] {
  const byShard = [0, 0];
  for (const line of lines) {
    const [, , kind, id] = line.split('@');
    if (kind === 'opened') byShard[Number.parseInt(id![4]!, 16) >> 3]! += 1;
  }
  return byShard;
}

test('two shards, one audit: limits changed, files rotated, off and on, stopped and started; a tampered line is found', {
  timeout: 110_000,
}, async (t) => {
  const receivers = await Receivers.open(t, DOMAINS, {
    behaviour: { delays: { final: { from: 5, to: 15 } } },
  });
  const { sink } = receivers;
  // One message on each connection, so that there are many.
  const common = `Shards = 2\nMax_Outbound_Connections = 10\nMax_Deliveries_Per_Connection = 1\n${receivers.routes}
    Binding "a@b" { Scope_Max_Outbound_Connections = 8 }\n`;
  const headgate = await Headgate.start(t, common);
  const log = new LogFile(join(headgate.directory, 'audit', 'limits.log'));
  const ask = async (command: string) => {
    const { text, failed } = await headgate.console(command);
    assert.ok(!failed, text);
  };
  assert.equal((await headgate.console(`config set limit_audit_log ${headgate.directory}/mainlog.ec`)).failed, true);
  const mail = (messages: number) =>
    inject(headgate.port, [
      { domain: 'd1.example', messages },
      { domain: 'd2.example', messages, binding: 'a@b' },
      { domain: 'd1.example', messages, binding: 'a@b' },
    ]);
  // Turned on under load.
  const accepted = new Map(await mail(200));
  await ask(`config set limit_audit_log ${log.path}`);
  await log.waitFor(isKind('closed'), 20);
  await ask('config set max_outbound_connections 4');
  await ask('config set binding "a@b" scope_max_outbound_connections 3');
  await ask('config set domain d1.example scope_max_outbound_connections 5');
  await log.waitFor(isKind('closed'), 60);
  const rotated = new LogFile(`${log.path}.1`);
  renameSync(log.path, rotated.path);
  await ask('reopen logs');
  assert.ok(isKind('end')(rotated.lines().at(-1)!), 'the old file has its closing line');
  for (const [id, recipients] of await mail(200)) accepted.set(id, recipients);
  await log.waitFor(isKind('closed'), 100);
  await ask('config set max_outbound_connections 12');
  const running = await audit('--running', rotated.path, log.path);
  assert.equal(running.code, 0, running.stdout);
  await log.waitFor(isKind('closed'), 200);
  await ask('config unset limit_audit_log');
  await ask(`config set limit_audit_log ${log.path}`);
  for (const [id, recipients] of await mail(100)) accepted.set(id, recipients);
  await receivers.whenArrived(accepted);
  assert.equal((await headgate.stop()).code, 0);
  headgate.configure(`${common}Limit_Audit_Log = "${log.path}"\n`);
  await headgate.start();
  await receivers.whenArrived(await mail(20));
  assert.equal((await headgate.stop()).code, 0);

  const { code, stdout, stderr } = await audit(rotated.path, log.path);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, stdout);
  const lines = [...rotated.lines(), ...log.lines()];
  for (const opened of openedByShard(lines)) assert.ok(opened > 200, `${openedByShard(lines)} connections`);
  assert.match(stdout, /open, limit 10 +pair default d1\.example/);
  assert.match(stdout, /scope_max_outbound_connections binding "a\\x40b"/);
  assert.deepEqual(
    lines.filter(isKind('begin')).map((line) => line.split('@').slice(4, 6)),
    [
      ['on', 'clean'],
      ['rotation', 'clean'],
      ['on', 'clean'],
      ['start', 'clean'],
    ],
  );
  assert.ok(lines.some(isKind('moved')), 'it was a run worth the name');
  assert.equal(sink.snapshot().violations, 0);
  assert.equal((await audit(log.path)).code, 0, 'the second file by itself');

  const copy = `${headgate.directory}/copy`;
  for (const [id, change] of [
    ['altered', (all: string[], at: number) => all.splice(at, 1, all[at]!.replace('@node@', '@node@1'))],
    ['taken out', (all: string[], at: number) => all.splice(at, 1)],
    ['put elsewhere', (all: string[], at: number) => all.splice(at - 1, 2, all[at]!, all[at - 1]!)],
  ] as const) {
    const all = readFileSync(log.path, 'latin1').split('\n');
    change(all, all.findIndex(isKind('closed')));
    writeFileSync(copy, all.join('\n'), 'latin1');
    assert.equal((await audit(copy)).code, 1, id);
  }
});
