// validate_config and ec_dump_config as the programs that scripts start.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../../test/support/temporary-directory.ts';

const bin = (name: string): string => fileURLToPath(new URL(`../../bin/${name}`, import.meta.url));

function run(name: string, ...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(bin(name), args, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('config shell: its input is one session, and writeback saves to the file', (t) => {
  const file = join(temporaryDirectory(t), 'headgate.conf');
  writeFileSync(file, '# kept\nmax_retries = 3\ndomain "a.test" {\n  max_retries = 4 # four\n}\n');
  const input = [
    'config begin from scratch',
    'config set retry_interval 60',
    'config commit',
    'config writeback',
    'config unset retry_interval',
    'config showrecurse',
    '',
  ].join('\n');
  const { status, stdout } = spawnSync(bin('headgate'), ['config', 'shell', '-c', file], { encoding: 'utf8', input });
  assert.equal(
    stdout,
    [
      'Transaction begun from scratch.',
      'Retry_Interval = 60',
      'Transaction committed; configuration 2 is in force.',
      `Configuration saved to ${file}.`,
      '"Retry_Interval" has been unset. Effective value is now:',
      '        Retry_Interval = 1200',
      '',
    ].join('\n'),
  );
  assert.equal(status, 0);
  assert.equal(readFileSync(file, 'utf8'), '# kept\nRetry_Interval = 60\n');
});

test('validate_config: valid, none found, or silence and the mistakes beside it', (t) => {
  const directory = temporaryDirectory(t);
  const [good, bad] = [join(directory, 'good'), join(directory, 'bad')];
  writeFileSync(good, 'max_retries = 3\n');
  writeFileSync(bad, 'max_retries = x\n');
  assert.deepEqual(run('validate_config', good), { status: 0, stdout: 'Configuration valid\n', stderr: '' });
  assert.deepEqual(run('validate_config', join(directory, 'none')), {
    status: 78,
    stdout: 'No configuration found\n',
    stderr: '',
  });
  const { status, stdout, stderr } = run('validate_config', bad);
  assert.deepEqual([status, stdout], [78, '']);
  assert.ok(stderr.startsWith(`${bad}:1:15: max_retries: found x; expected auto, none or a count from 0\n`), stderr);
  assert.equal(run('validate_config', '-x').status, 2);
});

test('ec_dump_config: XML to standard output or a file', (t) => {
  const directory = temporaryDirectory(t);
  const [file, output] = [join(directory, 'conf'), join(directory, 'xml')];
  writeFileSync(file, 'max_retries = 3\n');
  const { status, stdout } = run('ec_dump_config', '-c', file);
  assert.equal(status, 0);
  assert.equal(
    stdout,
    `<?xml version="1.0" encoding="UTF-8"?>\n<configuration file="${file}">\n  <option name="max_retries" at="${file}:1:1">3</option>\n</configuration>\n`,
  );
  assert.equal(run('ec_dump_config', '-f', output, '-c', file).status, 0);
  assert.equal(readFileSync(output, 'utf8'), stdout);
  assert.equal(run('ec_dump_config', '-c').status, 2);
});

test('ec_dump_config: mistakes in the layout of the manual', (t) => {
  const file = join(temporaryDirectory(t), 'ecelerity.conf');
  writeFileSync(file, '\n\n\ninvalid_option = 1\nmax_retries = x\n');
  const { status, stdout, stderr } = run('ec_dump_config', '-c', file);
  assert.deepEqual([status, stdout], [78, '']);
  assert.equal(
    stderr.replace(/^\[\w{3} \d\d \w{3} \d{4} \d\d:\d\d:\d\d\]/gm, '[Tue 18 Oct 2011 13:51:50]'),
    `[Tue 18 Oct 2011 13:51:50] No module provides capability 'config.Global:invalid_option'.
[Tue 18 Oct 2011 13:51:50] CFG-07961 No module provides capability 'config.Global:invalid_option'.
Syntax error in ${file} at line 4 near 'invalid_option'
'invalid_option' is not a valid scope name in scope 'Global'
Syntax error in ${file} at line 5 near 'max_retries'
max_retries: found x; expected auto, none or a count from 0
Reconfigure failed.
Global configuration error.
`,
  );
});
