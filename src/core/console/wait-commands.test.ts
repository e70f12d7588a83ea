import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bindingRow, fakeServer } from '../../../test/support/fake-server.ts';
import type { Subject } from './command.ts';
import type { ThrottleRow } from './server-view.ts';
import { WAIT_COMMANDS } from './wait-commands.ts';

const ROWS: readonly ThrottleRow[] = [
  {
    option: 'outbound_throttle_messages',
    scope: 'binding "b"',
    count: 10,
    periodMs: 60_000,
    used: 10,
    nextMs: 1250,
    waiting: 2,
    setAt: { file: 'mail.conf', line: 7, column: 3 },
  },
  {
    option: 'outbound_throttle_connections',
    scope: '',
    count: 5,
    periodMs: 1000,
    used: 1,
    nextMs: 0,
    waiting: 0,
    setAt: { file: 'mail.conf', line: 1, column: 1 },
  },
];

async function answer(word: string, args: readonly string[], rows: readonly ThrottleRow[] = ROWS) {
  const server = fakeServer({
    throttles: (binding) => (binding === null ? rows : rows.filter(({ scope }) => scope.includes(binding))),
    watchdog: () => ({ stalls: 2, watched: 30 }),
    bindings: () => [bindingRow('b', null, 0)],
  });
  const command = WAIT_COMMANDS.find(({ words }) => words[0] === word)!;
  return command.run(args, { server } as unknown as Subject, '', null as never);
}

test('throttles: rate, use, next token, place', async () => {
  assert.deepEqual(await answer('throttles', []), {
    text: `\
global: Outbound_Throttle_Connections = "5/1"
  used 1 of 5; next token now; 0 queues waiting; set at mail.conf:1:1
binding "b": Outbound_Throttle_Messages = "10/60"
  used 10 of 10; next token in 1.3 s; 2 queues waiting; set at mail.conf:7:3
`,
    failed: false,
  });
  assert.match((await answer('throttles', [], [{ ...ROWS[0]!, waiting: 1 }])).text, /; 1 queue waiting;/);
  assert.match((await answer('throttles', ['b'])).text, /^binding "b"/);
  assert.equal((await answer('throttles', ['c'])).failed, true);
  assert.equal((await answer('throttles', ['b'], [])).text, 'no throttle is in use for mail of binding "b"\n');
});

test('watchdog: what it found', async () => {
  const { text } = await answer('watchdog', []);
  assert.equal(
    text,
    `Queues that could have opened a connection and had not: 2
Queues with mail and without a connection: 30
Only the first is bad, when it is not 0. The others wait for something, which is in order: why BINDING DOMAIN names it.
`,
  );
});
