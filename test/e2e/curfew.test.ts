// Quiet hours at a real server: mail waits in them and is told why, a schedule with a mistake changes nothing, and another
// schedule takes force with a reload.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Headgate, runHeadgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { Receivers } from '../support/receivers.ts';
import { isFailure } from '../support/records.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

test('mail waits in quiet hours, and goes out when another schedule says so', async (t) => {
  const receivers = await Receivers.open(t, ['quiet.example', 'loud.example']);
  const schedule = join(temporaryDirectory(t), 'schedule');
  writeFileSync(schedule, '# maintenance\n*\tQuiet.example on * * * * *\n');
  const headgate = await Headgate.start(t, `${receivers.routes}curfew {\n  Schedule_File = "${schedule}"\n}\n`);
  const quiet = await inject(headgate.port, [{ domain: 'quiet.example', messages: 3 }]);
  const loud = await inject(headgate.port, [{ domain: 'loud.example', messages: 3 }]);
  await receivers.whenArrived(loud);
  assert.equal(receivers.count('quiet.example').opened, 0);
  const why = (await headgate.console('why default quiet.example')).text;
  assert.match(
    why,
    /Waits for the end of quiet hours, which never end by their schedule, for [\d.]+ s now; set by curfew at .*\/schedule:2\./,
  );

  writeFileSync(schedule, '* quiet.example on * 25 * * *\n');
  const refused = await headgate.console('config reload');
  assert.equal(refused.failed, true);
  assert.match(refused.text, /schedule:1:1: schedule_file: found hour "25"; expected \*, numbers from 0 to 23/);
  assert.match((await headgate.console('why default quiet.example')).text, /quiet hours/, 'the rules before hold');
  assert.equal((await runHeadgate(['config', 'check', headgate.configurationFile])).code, 78);

  writeFileSync(schedule, '* quiet.example off * * * * *\n');
  assert.equal((await headgate.console('config reload')).failed, false);
  await receivers.whenArrived(quiet);
  assert.deepEqual(headgate.mainlog.lines().filter(isFailure), [], 'waiting is no attempt');
});

test('a schedule that is not there keeps the server from starting', async (t) => {
  const file = join(temporaryDirectory(t), 'headgate.conf');
  writeFileSync(file, 'curfew { Schedule_File = "/nowhere/schedule" }\n');
  const { code, stdout, stderr } = await runHeadgate(['config', 'check', file]);
  assert.equal(code, 78);
  assert.match(stdout + stderr, /headgate\.conf:1:10: schedule_file: found \/nowhere\/schedule: no such file/);
});

test('the console lists the rules of a server, and reads them again on demand', async (t) => {
  const receivers = await Receivers.open(t, ['quiet.example']);
  const schedule = join(temporaryDirectory(t), 'schedule');
  writeFileSync(schedule, '* quiet.example on * * * * *\n');
  const headgate = await Headgate.start(t, `${receivers.routes}curfew {\n  Schedule_File = "${schedule}"\n}\n`);
  const ask = async (words: string) => (await headgate.console(words)).text;
  const mail = await inject(headgate.port, [{ domain: 'quiet.example', messages: 1 }]);
  assert.match(
    await ask('curfew'),
    /^curfew: 1 rule\(s\), tz=UTC\nbinding=\* domain=quiet\.example .*\n {2}engaged for more/,
  );
  assert.equal(
    await ask('curfew check default quiet.example'),
    'curfew: binding=default domain=quiet.example suspended=yes\n',
  );
  assert.match(await ask('paniclog'), /curfew: rule #1 engaged \(binding=\* domain=quiet\.example\)/);
  writeFileSync(schedule, '* quiet.example maybe * * * * *\n');
  const refused = await headgate.console('curfew reload');
  assert.deepEqual([refused.failed, /schedule:1:1: schedule_file: found "maybe"/.test(refused.text)], [true, true]);
  assert.equal(await ask('curfew status'), 'curfew: 1 rule(s) active; tz=UTC\n');
  writeFileSync(schedule, '');
  assert.equal(await ask('curfew reload'), 'curfew: 0 rule(s) active; tz=UTC\n');
  await receivers.whenArrived(mail);
  assert.match(await ask('paniclog'), /curfew: rule #1 lifted \(binding=\* domain=quiet\.example\)/);
});
