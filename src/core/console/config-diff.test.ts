// `config explain` and `config diff` on a server made of constants: what the counters add, and how it reads.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Loosened, tighten } from '../../../test/support/fake-server.ts';
import { NO_LIMIT } from '../base/limit.ts';
import { wallMs } from '../base/moment.ts';
import { loadConfiguration } from '../config/load.ts';
import { ConfigConsole } from './config-commands.ts';
import type { LimitView, OpenConnections, WaitingMail } from './limit-view.ts';
import { LoneConfig, NO_FILES } from './lone-config.ts';

const CLOCK = { now: () => wallMs(Date.UTC(2026, 10, 24, 3, 12, 9)), utcOffsetMinutes: () => 60 };

/** A console over `text`, which may name the other files. */
function consoleOver(
  text: string,
  others: Readonly<Record<string, string>> = {},
  view: Partial<Loosened<LimitView>> = {},
) {
  const texts: Readonly<Record<string, string>> = { 'mail.conf': text, ...others };
  const read = (path: string) =>
    texts[path] === undefined ? ({ problem: 'no such file', isMissing: true } as const) : { text: texts[path] };
  const loaded = loadConfiguration('mail.conf', read);
  assert.ok(loaded.kind === 'loaded');
  const holder = new LoneConfig(loaded.configuration, () => loaded, { ...NO_FILES, read }, CLOCK);
  const nobody: Loosened<LimitView> = { usesOf: () => null, tokens: () => null, open: () => [], waiting: () => [] };
  const whole = tighten<LimitView>({ ...nobody, ...view }, { nextTurn: async () => {} });
  const console = new ConfigConsole(holder, whole);
  return async (line: string) => {
    const { text: answer, failed } = await console.answer(line.split(' '), line);
    return failed ? `refused: ${answer}` : answer;
  };
}

/** The lines behind `now:`. */
async function forecast(before: string, after: string, open: OpenConnections[], waiting: WaitingMail[] = []) {
  const ask = consoleOver(before, { 'next.conf': after }, { open: () => open, waiting: () => waiting });
  const answer = await ask('diff next.conf');
  return answer.slice(answer.indexOf('now:')).trimEnd().split('\n').slice(1);
}

const row = (binding: string, domain: string, connections: number, address = '192.0.2.1'): OpenConnections => ({
  binding,
  domain,
  host: `mx.${domain}`,
  address,
  connections,
});

const B = 'binding b { }\n';

for (const [id, before, after, open, waiting, expected] of [
  ['as many as allowed', B, `${B}max_outbound_connections = 5`, [row('b', 'd.test', 5)], [], []],
  [
    'a pair above its limit, over all its addresses',
    B,
    `${B}max_outbound_connections = 5`,
    [row('b', 'd.test', 3), row('b', 'd.test', 3, '192.0.2.2'), row('default', 'd.test', 4)],
    [],
    ['  binding "b" to d.test: 6 open, 5 allowed, 1 would close'],
  ],
  [
    'the limit of the cluster, when it is lower',
    B,
    `${B}cluster_max_outbound_connections = 2`,
    [row('b', 'd.test', 3)],
    [],
    ['  binding "b" to d.test: 3 open, 2 allowed, 1 would close'],
  ],
  [
    'a binding above its own',
    B,
    'binding b { server_max_outbound_connections = 4 }',
    [row('b', 'd.test', 3), row('b', 'e.test', 3, '192.0.2.2')],
    [],
    ['  binding "b": 6 open, 4 allowed, 2 would close'],
  ],
  [
    'the server, its reserve counted in',
    B,
    `${B}server_max_outbound_connections = 4\nserver_reserve_outbound_connections = 1`,
    [row('b', 'd.test', 3), row('default', 'e.test', 3)],
    [],
    ['  all connections: 6 open, 5 allowed, 1 would close'],
  ],
  [
    'a sum over a scope, and an address',
    B,
    `${B}domain "/test$/" { scope_max_outbound_connections = 4 }\nhost 192.0.2.1 { max_outbound_connections = 2 }\nserver_reserve_outbound_connections = 0`,
    [row('b', 'd.test', 3), row('default', 'e.test', 3, '192.0.2.2'), row('b', 'f.example', 3, '192.0.2.3')],
    [],
    [
      '  Scope_Max_Outbound_Connections of domain "/test$/": 6 open, 4 allowed, 2 would close',
      '  binding "b" to mx.d.test [192.0.2.1]: 3 open, 2 allowed, 1 would close',
    ],
  ],
  [
    'an exchanger of the cluster, over all bindings',
    B,
    `${B}host mx.d.test { cluster_max_outbound_connections = 5 }`,
    [row('b', 'd.test', 3), row('default', 'd.test', 3, '192.0.2.2')],
    [],
    ['  all to mx.d.test: 6 open, 5 allowed, 1 would close'],
  ],
  [
    'a binding that goes: what is open ends, what waits is held',
    B,
    '',
    [row('b', 'd.test', 3)],
    [
      { binding: 'b', domain: 'd.test', messages: 5 },
      { binding: 'b', domain: 'e.test', messages: 6 },
      { binding: 'default', domain: 'e.test', messages: 6 },
    ],
    [
      '  binding "b": 3 open, 0 allowed, 3 would close',
      '  11 messages of binding "b" to 2 domains would be held: the binding is gone',
    ],
  ],
  [
    'mail that is held, let go, or held already',
    'suspend_delivery = false\ndomain a.test { suspend_delivery = true }\ndomain c.test { suspend_delivery = true }',
    'domain b.test { suspend_delivery = true }\ndomain c.test { suspend_delivery = true }\ndomain e.test { suspend_delivery = 2026-11-24T03:00:00Z }',
    [],
    ['a', 'b', 'c', 'd', 'e'].map((name) => ({ binding: 'default', domain: `${name}.test`, messages: 1 })),
    [
      '  1 message of binding "default" to 1 domain would be let go',
      '  1 message of binding "default" to 1 domain would be held: Suspend_Delivery',
    ],
  ],
] as [string, string, string, OpenConnections[], WaitingMail[], string[]][]) {
  test(`diff, now: ${id}`, async () => assert.deepEqual(await forecast(before, after, open, waiting), expected));
}

test('more limits than fit are counted', async () => {
  const open = Array.from({ length: 13 }, (_, n) => row('default', `d${n}.test`, 2, `192.0.2.${n}`));
  const lines = await forecast('', 'max_outbound_connections = 1', open);
  assert.equal(lines.length, 11);
  assert.equal(lines.at(-1), '  and 3 more limits are exceeded');
});

test('diff: names of many, options of the next start, nothing at all, and what does not load', async () => {
  const domains = (retries: number) =>
    Array.from({ length: 6 }, (_, n) => `domain d${n}.test { max_retries = ${retries} }`).join('\n');
  const ask = consoleOver(`${domains(1)}\nbinding b { domain x.test { max_retries = 4 } }`, {
    'next.conf': `${domains(2)}\nbinding b { domain x.test { max_retries = 4 } }\nspoolbase = "/elsewhere"`,
    'bad.conf': 'max_retries = many',
  });
  assert.equal(
    await ask('diff next.conf'),
    [
      '6 domains (d0.test, d1.test, d2.test and 3 more):',
      '  Max_Retries: 1 (mail.conf:1:18) -> 2 (next.conf:1:18), and so on',
      'the server as a whole:',
      '  SpoolBase: "/var/spool/ecelerity" (default) -> "/elsewhere" (next.conf:8:1)',
      'at the next start only: SpoolBase',
      'now: no connection would close, no mail would be held',
      '',
    ].join('\n'),
  );
  assert.equal(
    await ask('diff'),
    'no value in force would change\nnow: no connection would close, no mail would be held\n',
  );
  assert.match(
    await ask('diff bad.conf'),
    /^refused: bad\.conf:1:15: max_retries: found many[\s\S]*bad\.conf does not load/,
  );
  assert.match(await ask('reload --dry-run bad.conf'), /^refused: bad\.conf:1:15/);
  assert.match(await ask('diff none.conf'), /^refused: .*none\.conf/);
  assert.equal(await ask('diff a b'), 'refused: usage: config diff [--json] [FILE]\n');
});

test('diff in a transaction says what its commit would change', async () => {
  const ask = consoleOver('');
  await ask('begin');
  await ask('set domain d.test max_retries = 3');
  assert.match(
    await ask('diff'),
    /^domain "d\.test":\n {2}Max_Retries: auto \(default\) -> 3 \(by the console on Tue 24 Nov 2026 at 04:12:09\)\n/,
  );
  assert.match(
    await ask('explain domain d.test max_retries'),
    /^Max_Retries = 3\nset by Domain "d\.test", by the console on Tue/,
  );
  assert.match(await ask('reload --dry-run'), /^no value in force would change\n/);
  await ask('rollback');
  assert.match(await ask('diff'), /^no value in force would change\n/);
});

test('explain: counters in use, tokens, who changed it', async () => {
  const busiest = [
    { counts: 'binding "b" to d.test', open: 5, peak: 7, limit: 30 },
    { counts: 'binding "b" to e.test', open: 4, peak: 4, limit: NO_LIMIT },
  ];
  const ask = consoleOver(
    'max_outbound_connections = 30\noutbound_throttle_messages = "10/60"',
    {},
    {
      usesOf: () => ({ busiest, inUse: 20_000, isComplete: false }),
      tokens: () => ({ free: 3, count: 10 }),
    },
  );
  assert.match(
    await ask('explain max_outbound_connections'),
    /\nlimits the connections of each binding to each domain, each domain for itself\n {2}binding "b" to d\.test: 5 open of 30, 7 at most so far\n {2}binding "b" to e\.test: 4 open of no limit, 4 at most so far\n {2}and at least 19998 more with open connections\n/,
  );
  assert.match(
    await ask('explain outbound_throttle_messages'),
    /\nlimits messages attempted of all that fall back to the server, together\n {2}3 of 10 tokens are free now\n/,
  );
  await ask('set max_outbound_connections = 31');
  await ask('set max_outbound_connections = 32');
  await ask('set max_retries = 5');
  const answer = await ask('explain max_outbound_connections');
  assert.match(
    answer,
    /^Max_Outbound_Connections = 32\nset by the global scope, by the console on Tue 24 Nov 2026 at 04:12:09\n/,
  );
  assert.deepEqual(
    answer.split('\n').filter((line) => line.startsWith('changed')),
    [
      'changed at run time: version 2, by the console at 04:12:09: config set max_outbound_connections = 31, on Tue 24 Nov 2026',
      'changed at run time: version 3, by the console at 04:12:09: config set max_outbound_connections = 32, on Tue 24 Nov 2026',
    ],
  );
  const json = JSON.parse(await ask('explain --json max_outbound_connections')) as Record<string, unknown>;
  assert.deepEqual(
    [json['option'], json['value'], (json['changes'] as unknown[]).length, (json['levels'] as unknown[]).length],
    ['max_outbound_connections', 32, 2, 8],
  );
  assert.match(await ask('explain max_outbond_connections'), /^refused: .*did you mean "max_outbound_connections"/);
  assert.match(
    await ask('explain host mx.test max_outbound_connections'),
    /\nno limit on the connections of each binding/,
  );
  await ask('set domain d.test outbound_throttle_messages = 0');
  assert.doesNotMatch(await ask('explain domain d.test outbound_throttle_messages'), /limits|tokens/);
  assert.equal(await ask('explain'), 'refused: usage: config explain [--json] [SCOPE...] OPTION\n');
});

test('explain lists the changes of that option in stanzas that speak for whom is asked about, and no others', async () => {
  const ask = consoleOver('domain "d.test" { max_outbound_connections = 3 }\nbinding "b" { }');
  await ask('set server_max_outbound_connections = 7');
  await ask('set max_outbound_connections = 31');
  await ask('set host mx.test max_outbound_connections = 2');
  await ask('set domain "/^e/" max_outbound_connections = 4');
  await ask('set domain "/^d/" max_outbound_connections = 5');
  await ask('set binding b max_outbound_connections = 6');
  await ask('unset domain d.test');
  await ask('begin');
  await ask('set max_retries = 3');
  await ask('set domain D.test. max_outbound_connections = 8');
  await ask('commit');
  const changes = async (words: string): Promise<string[]> => {
    const lines = (await ask(`explain ${words} max_outbound_connections`)).split('\n');
    return lines.flatMap((line) => /^changed at run time: .*: config (.*), on/.exec(line)?.[1] ?? []);
  };
  assert.deepEqual(await changes(''), ['set max_outbound_connections = 31']);
  assert.deepEqual(await changes('host mx.test'), ['set host "mx.test" max_outbound_connections = 2']);
  assert.deepEqual(await changes('domain d.test'), [
    'set domain "/^d/" max_outbound_connections = 5',
    'unset domain "d.test"',
    'set domain "D.test." max_outbound_connections = 8',
  ]);
  assert.deepEqual(await changes('binding b'), [
    'set max_outbound_connections = 31',
    'set binding "b" max_outbound_connections = 6',
  ]);
});

test('explain says when the time of a suspension has passed', async () => {
  const ask = consoleOver('suspend_delivery = 2020-01-31T18:00:00Z\nbinding b { suspend_delivery = true }');
  assert.match(await ask('explain suspend_delivery'), /\nthis time has passed: no mail is held by it\n/);
  assert.doesNotMatch(await ask('explain binding b suspend_delivery'), /passed/);
});

test('explain about a binding that nobody declared says so', async () => {
  const ask = consoleOver('binding bind1 { }');
  assert.match(
    await ask('explain binding bind2 max_retries'),
    /\nnote: no binding "bind2" is declared \(did you mean "bind1"\?\);/,
  );
  assert.doesNotMatch(await ask('explain binding bind1 max_retries'), /note:/);
  assert.doesNotMatch(await ask('explain --json binding bind2 max_retries'), /note:/);
});
