// What a configuration means, asked of a running server: the counters that a setting governs, who changed it, and what
// another file would do to what is open and waiting. The forecast is then put to the test by the reload itself.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Headgate, runHeadgate, surroundings } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { Receivers } from '../support/receivers.ts';

const DOMAINS = ['pair.example', 'other.example', 'third.example'];

interface Explained {
  readonly value: unknown;
  readonly setBy: { readonly at: { readonly line: number } };
  readonly limits: readonly {
    readonly counters: { readonly inUse: number; readonly busiest: readonly { open: number }[] };
  }[];
}

interface Forecast {
  readonly now: {
    readonly surpluses: readonly { counts: string; open: number; limit: number; closes: number }[];
    readonly mail: readonly { binding: string; why: string; messages: number; domains: number }[];
  };
}

test('explain and diff speak of the running server', { timeout: 60_000 }, async (t) => {
  const receivers = await Receivers.open(t, DOMAINS, {
    behaviour: { delays: { final: { from: 60_000, to: 60_000 } } },
  });
  const { sink } = receivers;
  const headgate = await Headgate.start(
    t,
    `${receivers.routes}
Max_Outbound_Connections = 2
Outbound_Throttle_Messages = "500/1000"
Domain "pair.example" {
  Max_Outbound_Connections = 3
}
Binding "leaving" {
}
`,
  );
  const text = readFileSync(headgate.configurationFile, 'utf8');
  const lineOf = (part: string): number => text.split('\n').findIndex((line) => line.includes(part)) + 1;
  const ask = async (words: string): Promise<string> => {
    const { text: answer, failed } = await headgate.console(`config ${words}`);
    assert.ok(!failed, answer);
    return answer;
  };
  const { file, pairLine } = { file: headgate.configurationFile, pairLine: lineOf('Max_Outbound_Connections = 3') };

  await inject(headgate.port, [
    { domain: 'pair.example', messages: 40 },
    { domain: 'other.example', messages: 40 },
    { domain: 'third.example', messages: 40, binding: 'leaving' },
  ]);
  for (const [domain, connections] of [
    ['pair.example', 3],
    ['other.example', 2],
    ['third.example', 2],
  ] as const)
    await sink.whenConnections(connections, { destination: receivers.endpoint(domain) });

  const pair = await ask('explain binding default domain pair.example max_outbound_connections');
  assert.ok(
    pair.startsWith(`Max_Outbound_Connections = 3\nset by Domain "pair.example" at ${file}:${pairLine}:3\n`),
    pair,
  );
  assert.ok(pair.includes('\n  binding "default" to pair.example: 3 open of 3, 3 at most so far\n'), pair);
  assert.ok(
    pair.includes(`\n  8 global: sets 2 (${file}:${lineOf('Max_Outbound_Connections = 2')}:1), not asked any more\n`),
    pair,
  );

  const wide = JSON.parse(await ask('explain --json max_outbound_connections')) as Explained;
  assert.equal(wide.value, 2);
  assert.equal(wide.setBy.at.line, lineOf('Max_Outbound_Connections = 2'));
  assert.deepEqual(
    wide.limits.map(({ counters }) => [counters.inUse, counters.busiest.map(({ open }) => open)]),
    [[2, [2, 2]]], // not that of pair.example, which has a setting of its own
  );
  assert.match(
    await ask('explain server_max_outbound_connections'),
    /\n {2}all connections: 7 open of 75000, 7 at most/,
  );
  assert.match(await ask('explain outbound_throttle_messages'), /\n {2}4[89]\d of 500 tokens are free now\n/);

  // ---- who changed it (of a domain without mail, so that nothing is opened by it)

  await ask('set domain quiet.example max_outbound_connections = 4');
  const changed = await ask('explain domain quiet.example max_outbound_connections');
  assert.match(changed, /^Max_Outbound_Connections = 4\nset by Domain "quiet\.example", by .* on \w{3} \d\d/);
  await ask('unset domain quiet.example max_outbound_connections');
  const undone = await ask('explain domain quiet.example max_outbound_connections');
  assert.match(undone, /^Max_Outbound_Connections = 2\nset by the global scope at/);
  assert.match(
    undone,
    /\nchanged at run time: version 3, by .*: config unset domain "?quiet\.example"? max_outbound_connections, on/,
  );

  // ---- what another file would change

  const candidate = join(headgate.directory, 'candidate.conf');
  const changedText = text
    .replace('Max_Outbound_Connections = 3', 'Max_Outbound_Connections = 1')
    .replace('Binding "leaving" {\n}\n', 'Idle_Timeout = 7\n');
  writeFileSync(candidate, changedText);
  const diff = await ask(`diff ${candidate}`);
  assert.ok(diff.includes('binding "leaving" is gone: its connections end, its mail is held\n'), diff);
  assert.ok(
    diff.includes(
      `domain "pair.example":\n  Max_Outbound_Connections: 3 (${file}:${pairLine}:3) -> 1 (${candidate}:${pairLine}:3)\n`,
    ),
    diff,
  );
  assert.match(diff, /\neverywhere:\n {2}Idle_Timeout: 5 \(default\) -> 7 \(/);
  const now = diff.slice(diff.indexOf('now:\n'));
  assert.ok(now.includes('  binding "leaving": 2 open, 0 allowed, 2 would close\n'), diff);
  assert.ok(now.includes('  binding "default" to pair.example: 3 open, 1 allowed, 2 would close\n'), diff);
  assert.ok(now.includes('  40 messages of binding "leaving" to 1 domain would be held: the binding is gone\n'), diff);
  assert.equal(now.split('\n').length, 5, now);

  // ---- the same of the file on disk, and then the reload itself

  writeFileSync(headgate.configurationFile, changedText);
  const { now: forecast } = JSON.parse(await ask('reload --dry-run --json')) as Forecast;
  assert.deepEqual(forecast.surpluses.map(({ counts, closes }) => [counts, closes]).sort(), [
    ['binding "default" to pair.example', 2],
    ['binding "leaving"', 2],
  ]);
  assert.equal(await ask('eval domain pair.example max_outbound_connections'), 'Max_Outbound_Connections = 3\n');
  assert.match(await ask('reload'), /Configuration reloaded\.\n$/);
  assert.match(await ask('diff'), /^no value in force would change\nnow:\n/); // the surplus is still there: it is busy
  writeFileSync(candidate, 'max_outbound_connections = many\n');
  assert.deepEqual(await headgate.console(`config diff ${candidate}`).then(({ failed }) => failed), true);

  // ---- without a server

  const offline = await runHeadgate(['config', 'diff', '-c', candidate, file]);
  assert.equal(offline.code, 78);
  writeFileSync(candidate, surroundings(headgate.directory));
  const other = await runHeadgate(['config', 'diff', '-c', candidate, '--json', file]);
  assert.equal(other.code, 0, other.stderr);
  assert.equal((JSON.parse(other.stdout) as { now: unknown }).now, null);
  const explained = await runHeadgate([
    'config',
    'explain',
    '-c',
    file,
    'domain',
    'pair.example',
    'max_outbound_connections',
  ]);
  assert.match(explained.stdout, /^Max_Outbound_Connections = 1\nset by Domain "pair\.example" at/);
  assert.doesNotMatch(explained.stdout, / open /);
});
