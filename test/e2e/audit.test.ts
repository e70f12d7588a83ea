// The limit audit of a real server: it proves a run with a lowered limit, a rotation and an orderly stop, finds what is done
// to its files, and goes on behind a kill.
import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Headgate, runHeadgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { LogFile } from '../support/log-file.ts';
import { Receivers } from '../support/receivers.ts';

const isKind =
  (kind: string) =>
  (line: string): boolean =>
    line.split('@')[2] === kind;

test('the audit passes, with a lowered limit, a rotation and an orderly stop in it, and tampered copies do not', {
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
  const audit = new LogFile(join(headgate.directory, 'audit.log'));
  await headgate.console(`config set limit_audit_log ${audit.path}`);
  await inject(headgate.port, [
    { domain: 'example.com', messages: 200 },
    { domain: 'example.com', messages: 200, binding: 'a@b' },
    { domain: 'example.org', messages: 200, binding: 'a@b' },
  ]);
  await sink.whenReceived(100);
  await headgate.console('config set max_outbound_connections 3');
  await sink.whenReceived(300);
  const rotated = `${audit.path}.1`;
  renameSync(audit.path, rotated);
  headgate.signal('SIGHUP');
  await audit.waitFor(isKind('begin'));
  await headgate.console('config set binding "a@b" scope_max_outbound_connections 2');
  await sink.whenReceived(600);
  assert.equal((await headgate.stop()).code, 0);

  const passed = await runHeadgate(['audit', rotated, audit.path]);
  assert.deepEqual({ code: passed.code, stderr: passed.stderr }, { code: 0, stderr: '' });
});
