import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

let directory = '';
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'headgate-config-'));
  writeFileSync(
    join(directory, 'good.conf'),
    'Max_Outbound_Connections = 30\nhost "example.com" {}\ninclude "inner.conf"\nesmtp_listener { binding_header = X-Binding listen ":25" {} }\n',
  );
  writeFileSync(join(directory, 'inner.conf'), 'binding x { domain y { max_outbound_connections = 3 } }\n');
  writeFileSync(join(directory, 'bad.conf'), 'max_outbound_connections = -2\nfoo = 1\n');
  writeFileSync(join(directory, 'odd.conf'), 'frobnicator { }\nesmtp_listener { listen ":25" {} }\n');
});
after(() => rmSync(directory, { recursive: true }));

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(words: readonly string[], input = ''): Promise<Outcome> {
  const script = `const { runConfig } = await import(process.argv[1]); process.exitCode = await runConfig(process.argv.slice(2));`;
  const module = new URL('./config.ts', import.meta.url).href;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, module, ...words], { cwd: directory });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.end(input);
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, stdout, stderr })));
}

test('check says of each file that it is valid, or every mistake', async () => {
  assert.deepEqual(await run(['check', 'good.conf', 'good.conf']), {
    status: 0,
    stdout: 'Configuration valid\nConfiguration valid\n',
    stderr: '',
  });
  const bad = await run(['check', 'bad.conf', 'good.conf']);
  assert.equal(bad.status, 78);
  assert.equal(
    bad.stdout,
    `bad.conf:1:28: max_outbound_connections: found -2; expected -1 (no limit) or a count from 0
    max_outbound_connections = -2
                               ^
bad.conf:2:1: foo: found an unknown option in the global scope; expected an option
    foo = 1
    ^
Configuration valid
`,
  );
  assert.equal((await run(['check', 'none.conf'])).stdout, 'cannot read none.conf: no such file\n');
});

test('check warns of a route to a listener of the configuration itself', async () => {
  writeFileSync(
    join(directory, 'loop.conf'),
    `Routes = ( "192.0.2.1" )
Domain "a.test" { Routes = ( "192.0.2.1" ) Remote_SMTP_Port = 2600 }
Domain "b.test" { Routes = ( "smtp://127.0.0.9?port=2600" ) }
Domain "c.test" { Gateway = "127.0.0.1" }
esmtp_listener { listen "192.0.2.1:25" {} listen ":2600" {} }
`,
  );
  const { status, stdout, stderr } = await run(['check', 'loop.conf']);
  assert.deepEqual([status, stdout], [0, 'Configuration valid\n']);
  const told = (place: string, subject: string, found: string): string =>
    `loop.conf:${place}: warning: ${subject}: found "${found}", where this server itself takes mail; nothing is sent there, and mail without another host fails with 5.4.6\n`;
  // Whether 192.0.2.1 is an address of the machine that will run it, for ":2600", is not known here.
  assert.equal(stderr, told('1:1', 'routes', '192.0.2.1') + told('3:19', 'routes', 'smtp://127.0.0.9?port=2600'));
});

test('check --lenient warns of unknown names on standard error', async () => {
  assert.equal((await run(['check', 'odd.conf'])).status, 78);
  assert.deepEqual(await run(['check', '--lenient', 'odd.conf']), {
    status: 0,
    stdout: 'Configuration valid\n',
    stderr: 'odd.conf:1:1: warning: frobnicator: left out: no such stanza is known\n',
  });
});

test('check warns of what has no effect, on standard error, and the file is valid all the same', async () => {
  writeFileSync(join(directory, 'dead.conf'), 'binding_group g {\n  max_retries = 1\n}\n');
  const warning =
    'dead.conf: warning: esmtp_listener: no mail comes in, since no ESMTP_Listener has a Listen that is enabled; add one, such as ESMTP_Listener { Relay_Hosts = ( 127.0.0.0/8 ) Listen ":25" { } }\n';
  assert.deepEqual(await run(['check', 'dead.conf']), {
    status: 0,
    stdout: 'Configuration valid\n',
    stderr: `dead.conf:1:1: warning: Binding_Group "g": has no effect: no binding is in it; put a Binding stanza inside it, or take it out\n${warning}`,
  });
});

test('explain and diff without a server', async () => {
  const explained = await run([
    'explain',
    '-c',
    'good.conf',
    'binding',
    'x',
    'domain',
    'y',
    'max_outbound_connections',
  ]);
  assert.match(explained.stdout, /^Max_Outbound_Connections = 3\nset by Binding "x" Domain "y" at inner\.conf:1:24\n/);
  writeFileSync(
    join(directory, 'other.conf'),
    'Max_Outbound_Connections = 31\ninclude "inner.conf"\nesmtp_listener { binding_header = X-Binding listen ":25" {} }\n',
  );
  assert.deepEqual(await run(['diff', '-c', 'good.conf', 'other.conf']), {
    status: 0,
    stdout:
      'everywhere:\n  Max_Outbound_Connections: 30 (good.conf:1:1) -> 31 (other.conf:1:1), except binding "x" to domain "y"\n',
    stderr: '',
  });
  const none = await run(['diff', '-c', 'good.conf', 'none.conf']);
  assert.deepEqual([none.status, none.stdout], [1, '']);
});

test('queries answer as the console does; -c may stand anywhere', async () => {
  for (const [words, stdout] of [
    [['eval', '-c', 'good.conf', 'max_outbound_connections'], 'Max_Outbound_Connections = 30\n'],
    [['eval', '-c', 'good.conf', 'host', 'example.com', 'max_outbound_connections'], 'Max_Outbound_Connections = -1\n'],
    [
      ['get', 'binding', 'x', 'domain', 'y', 'max_outbound_connections', '-c', 'good.conf'],
      '        Max_Outbound_Connections = 3\n',
    ],
    [['show', '-c', 'good.conf', 'binding', 'x'], 'Domain "y" { ... }\n'],
    [['showrecurse', '-c', 'good.conf', 'binding', 'x'], 'Domain "y" {\n  Max_Outbound_Connections = 3\n}\n'],
  ] as const)
    assert.deepEqual(await run(words), { status: 0, stdout, stderr: '' });
});

test('unknown names end with 1, a bad file with 78, wrong usage with 2', async () => {
  const unknown = await run(['eval', '-c', 'good.conf', 'max_outbond_connections']);
  assert.equal(unknown.status, 1);
  assert.match(unknown.stderr, /did you mean "max_outbound_connections"\?/);
  const bad = await run(['eval', '-c', 'bad.conf', 'max_outbound_connections']);
  assert.deepEqual([bad.status, bad.stdout, bad.stderr.split('\n').length], [78, '', 7]);
  for (const words of [[], ['check'], ['eval', '-c'], ['frob'], ['shell', '-c', 'good.conf', 'x']])
    assert.equal((await run(words)).status, 2, words.join(' '));
});

test('shell answers piped lines one by one, refusals among them', async () => {
  const lines =
    'eval binding x domain y max_outbound_connections\n\nconfig eval nonsense\nset relay_hosts ( 10.0.0.0/8 )\nreload\neval relay_hosts\nquit\neval max_retries\n';
  const { status, stdout } = await run(['shell', '-c', 'good.conf'], lines);
  assert.equal(status, 1);
  assert.equal(
    stdout,
    'Max_Outbound_Connections = 3\nnonsense: found an unknown option in the global scope; expected an option\nRelay_Hosts = (\n  10.0.0.0/8\n)\nConfiguration reloaded.\nRelay_Hosts = (\n)\n',
  );
});

test('help describes an option or a topic, and lists topics', async () => {
  const option = await run(['help', 'retry_interval']);
  assert.equal(option.status, 0);
  assert.match(option.stdout, /^retry_interval\n\n.*\n\n- Value: whole seconds from 0\n- Default: 1200\n/);
  const topics = await run(['help']);
  assert.deepEqual([topics.status, topics.stderr], [0, '']);
  assert.match(topics.stdout, /^throttles +Throttles\n +outbound_throttle_connections /m);
  assert.match((await run(['help', 'spool'])).stdout, /^Spool\n\nspoolbase +directory of the spool\n/);
});

test('a query about a binding that nobody declared is answered, with a note beside the answer', async () => {
  assert.deepEqual(await run(['eval', '-c', 'good.conf', 'binding', 'y', 'max_outbound_connections']), {
    status: 0,
    stdout: 'Max_Outbound_Connections = 30\n',
    stderr: 'note: no binding "y" is declared (did you mean "x"?); this is what its mail would fall back to\n',
  });
});

for (const [argv, mistake] of [
  [
    ['set', '-c', 'good.conf', 'max_retries', '3'],
    /^headgate config: "set" changes a running server: use it on its console/,
  ],
  [['chek', 'good.conf'], /^headgate config: found "chek"; expected one of check, .*\(did you mean "check"\?\)\n/],
  [['eval', '-c'], /^headgate config: -c: found no file behind it; expected -c FILE\n/],
  [['check', '--strict', 'good.conf'], /^headgate config: check: found "--strict"; expected --lenient or files\n/],
  [['check'], /^headgate config: check: expected at least one file\n/],
  [[], /^headgate config: expected one of check, eval, /],
] as const) {
  test(`a usage error names what is wrong: config ${argv.join(' ')}`, async () => {
    const { status, stdout, stderr } = await run(argv);
    assert.deepEqual([status, stdout], [2, '']);
    assert.match(stderr, mistake);
    assert.ok(stderr.split('\n').length <= 3, stderr);
  });
}
