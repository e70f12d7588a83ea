// What is done to mail and to single messages: what is asked of the server, what is said, what is refused.
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  BINDINGS,
  bindingRow,
  type FakeServer,
  fakeProcess,
  fakeServer,
  type GivenServer,
} from '../../../test/support/fake-server.ts';
import { wallMs } from '../base/moment.ts';
import { loadConfiguration } from '../config/load.ts';
import { Console } from './console.ts';
import type { ActionOutcome, MessageDetail } from './mail-view.ts';
import type { ServerView } from './server-view.ts';
import type { TraceLine, TraceRequest, Tracer, TraceView } from './trace-view.ts';

const LOADED = loadConfiguration('test.conf', () => ({ text: '' }));
assert.ok(LOADED.kind === 'loaded');
const { root } = LOADED.configuration;

function consoleOf(server: ServerView): Console {
  const config = { verbs: [], answer: () => ({ text: '', failed: false }), writeMainFile: () => assert.fail() };
  return new Console({ server, process: fakeProcess(), config, stanzas: () => root });
}

async function asked(line: string, given: GivenServer = {}) {
  const server: FakeServer = fakeServer(given);
  const answer = await consoleOf(server).answer(line);
  return { ...answer, asked: server.asked };
}

const NOTHING: ActionOutcome = { count: 0, samples: [], isDurable: true };
const GONE = { ...bindingRow('old', null, 0, 7), isGone: true };
const WITH_GONE = { bindings: () => [...BINDINGS, GONE, { ...GONE, binding: 'older' }] };
const MOVE = { domain: null, binding: null, header: null, toDomain: null, toBinding: null, dryRun: false };

for (const [line, request, text] of [
  [
    'delay 300 --domain Relay.com',
    { domain: 'relay.com', binding: null, header: null, delayMs: 300_000 },
    'Delayed 62415 messages.\n',
  ],
  [
    'delay 1 --binding example --header X-Job "a b"',
    { domain: null, binding: 'example', header: { name: 'X-Job', line: 'a b' }, delayMs: 1000 },
    'Delayed 62415 messages.\n',
  ],
  [
    'reroute queue relay.com NewRelay.com',
    { ...MOVE, domain: 'relay.com', toDomain: 'newrelay.com' },
    "Moved 62415 messages from 'relay.com' to 'newrelay.com'\n",
  ],
  [
    'reroute queue --header X-Reroute-Pick alpha all newrelay.com',
    { ...MOVE, header: { name: 'X-Reroute-Pick', line: 'alpha' }, toDomain: 'newrelay.com' },
    "Moved 62415 messages from 'all' to 'newrelay.com'\n",
  ],
  [
    'reroute queue relay.com --dry-run newrelay.com',
    { ...MOVE, domain: 'relay.com', toDomain: 'newrelay.com', dryRun: true },
    '[dry-run] relay.com -> newrelay.com: 62415 messages would be moved. (Showing first 0; 62415 more not listed.)\n',
  ],
  ['rebind old', { ...MOVE, binding: 'old', toBinding: 'default' }, 'Rebound 62415 messages.\n'],
  [
    'rebind old aol.com --to example',
    { ...MOVE, binding: 'old', domain: 'aol.com', toBinding: 'example' },
    'Rebound 62415 messages.\n',
  ],
  ['rebind example --to default', { ...MOVE, binding: 'example', toBinding: 'default' }, 'Rebound 62415 messages.\n'],
] as const) {
  test(line, async () => {
    const answer = await asked(line, WITH_GONE);
    assert.deepEqual(answer, { text, failed: false, asked: [request] });
  });
}

test('rebind all is about bindings that are gone', async () => {
  const answer = await asked('rebind all', WITH_GONE);
  assert.equal(answer.text, `Rebound ${2 * 62415} messages.\n`);
  assert.deepEqual(
    answer.asked.map((request) => (request as { binding: string }).binding),
    ['old', 'older'],
  );
  assert.equal((await asked('rebind all')).text, 'Rebound 0 messages.\n');
});

for (const [line, reason] of [
  ['delay 0 --domain x.com', /found "0"; expected a whole number of seconds from 1/],
  ['delay 300', /expected at least one of --domain, --binding and --header/],
  ['delay 300 --binding nobody', /no such binding "nobody"/],
  ['delay 300 --domain', /--domain: a value is missing/],
  ['delay 300 --meta key value', /--meta: no metadata is kept with mail/],
  ['delay 300 --header X', /--header: expected the name of a field and a line of it/],
  ['delay 300 relay.com', /found "relay.com"; expected --domain/],
  ['reroute queue --meta k v a.com b.com', /--meta: no metadata is kept with mail/],
  ['reroute queue a.com all', /found "all"; expected the name of a domain/],
  ['reroute queue a.com "b c"', /found "b c"; expected the name of a domain/],
  ['reroute queue a.com A.com', /in its queues already/],
  ['reroute queue a.com b.com c.com', /expected two domains/],
  ['rebind example', /binding "example" is in the configuration.*rebind example --to BINDING/],
  ['rebind Old', /no such binding "Old" .*did you mean "old"/],
  ['rebind old --to older', /no such binding "older"/],
  ['rebind old --to', /--to: a binding is missing/],
  ['rebind default', /has that binding already/],
  ['fail all --meta k v', /--meta: no metadata is kept with mail/],
  ['fail all', /usage: fail all/],
  ['message fail', /usage: message fail MESSAGE-ID/],
  ['message details half 1', /usage: message details/],
  ['message details 53/6B-18426-1AAEACF3', /no message 53.6B-18426-1AAEACF3 is queued here/],
  ['trace smtp nobody', /no such binding "nobody"/],
  ['trace smtp * * *', /found "\*" behind the domain/],
  ['trace smtp --lines 0', /--lines: found "0"; expected a number from 1 to 100000/],
  ['trace smtp --seconds 3601', /from 1 to 3600/],
  ['trace smtp --address mx.example', /expected an IP address/],
  ['trace smtp', /too many smtp tracers run already/],
  ['trace smtp remove 7', /no such smtp tracer "7"/],
  ['trace smtp add * a.com /var/tmp/x', /expected trace smtp \* a.com, which shows them here/],
] as const) {
  test(`refused: ${line}`, async () => {
    const { text, failed, asked: requests } = await asked(line, WITH_GONE);
    assert.match(text, reason);
    assert.deepEqual([failed, requests], [true, []]);
  });
}

test('nothing found is no failure', async () => {
  const given = { delay: async () => ({ ...NOTHING, delivering: 0 }) };
  assert.equal((await asked('delay 300 --domain relay.com', given)).text, 'No messages for relay.com found.\n');
  assert.equal((await asked('delay 3 --binding example', given)).text, 'No messages for binding "example" found.\n');
});

test('delay says what it left alone because it is on a connection', async () => {
  for (const [delivering, line, expected] of [
    [1, 'delay 300 --domain relay.com', '1 message is being delivered now and was left alone.'],
    [4, 'delay 300 --binding example', '4 messages are being delivered now and were left alone.'],
    [
      2,
      'delay 3 --header X-Job a',
      '2 messages are being delivered now and were left alone, whether they have that line',
    ],
  ] as const) {
    const { text, failed } = await asked(line, { delay: async () => ({ ...NOTHING, delivering }) });
    assert.equal(failed, false);
    assert.match(text, /^No messages for .* found\.\n/);
    assert.equal(text.split('\n')[1]?.startsWith(expected), true, text);
  }
});

test('what a restart could undo is told, and counts as refused', async () => {
  const given = { requeue: async () => ({ count: 2, samples: [], isDurable: false }) };
  const { text, failed } = await asked('reroute queue a.com b.com', given);
  assert.match(text, /^Moved 2 messages from 'a.com' to 'b.com'\nthe spool cannot write this down at present/);
  assert.equal(failed, true);
});

// ---- single messages

const DETAIL: MessageDetail = {
  id: '53/6B-18426-1AAEACF3',
  queue: 'delayed',
  binding: 'default',
  domain: 'example.com',
  createdAt: wallMs(Date.UTC(2003, 11, 1, 2, 15, 45)),
  nextAttemptAt: wallMs(Date.UTC(2003, 11, 1, 18, 11, 25)),
  retries: 5,
  protocol: 'esmtp',
  reversePath: 'sender-849629@senderdomain.com',
  recipient: 'someaddress@example.com',
  reply: '451 No valid hosts (too many connection failures)',
  size: 11317,
};
const WITH_MESSAGE: GivenServer = {
  findMessage: async () => DETAIL,
  readMessage: async () => ({ headerSection: 'Subject: hi\n', body: 'Hello\n', isCut: true }),
};

test('message details: facts, content, both, and for programs', async () => {
  const facts = `\
Message: 53/6B-18426-1AAEACF3
Message Type: full message
               Created: 2003-12-01 02:15:45
          Next Attempt: 2003-12-01 18:11:25
               Retries: 5
          Received Via: ESMTP
                Sender: sender-849629@senderdomain.com
             Recipient: someaddress@example.com
               Binding: default
                Domain: example.com
                  Code: 451 No valid hosts (too many connection failures)
                  Size: 11317
`;
  const content = 'Subject: hi\n\nHello\n[the body goes on]\n';
  const id = DETAIL.id;
  assert.equal((await asked(`message details ${id}`, WITH_MESSAGE)).text, facts);
  assert.equal((await asked(`message details body ${id}`, WITH_MESSAGE)).text, content);
  assert.equal((await asked(`message details full ${id}`, WITH_MESSAGE)).text, `${facts}\n${content}`);
  const { text } = await asked(`message details --json full ${id}`, WITH_MESSAGE);
  assert.deepEqual(JSON.parse(text), {
    id,
    queue: 'delayed',
    binding: 'default',
    domain: 'example.com',
    created: 1070244945,
    nextAttempt: 1070302285,
    retries: 5,
    protocol: 'esmtp',
    from: 'sender-849629@senderdomain.com',
    to: 'someaddress@example.com',
    code: '451 No valid hosts (too many connection failures)',
    size: 11317,
    content,
  });
  const onConnection = { ...DETAIL, queue: null, nextAttemptAt: null, retries: null, reply: null };
  const busy = await asked(`message details ${id}`, { findMessage: async () => onConnection });
  assert.match(busy.text, /\n {10}Next Attempt: being delivered\n {10}Received Via: /);
  const damaged = { ...WITH_MESSAGE, readMessage: async () => null };
  assert.match((await asked(`message details body ${id}`, damaged)).text, /cannot be read; see paniclog/);
});

test('message retry and message fail', async () => {
  assert.deepEqual(await asked('message retry 1'), {
    text: 'Message requeued for delivery\n',
    failed: false,
    asked: ['1'],
  });
  for (const quiet of [false, true]) {
    const answer = await asked(`message fail${quiet ? ' quiet' : ''} 1`);
    assert.deepEqual(answer.asked, [{ id: '1', reply: '554 manually failed.', quiet }]);
    assert.equal(answer.failed, false);
  }
  const busy = await asked('message fail 1', { failMessage: () => 'busy' });
  assert.match(busy.text, /is being delivered at this moment; nothing was changed/);
  assert.equal((await asked('message retry 1', { retryMessage: () => 'unknown' })).failed, true);
});

// ---- trace smtp

test('trace smtp: what is asked for, and lines as they come', async () => {
  const requests: TraceRequest[] = [];
  const line = (kind: TraceLine['kind'], text: string): TraceLine => ({
    at: wallMs(Date.UTC(2026, 0, 2, 3, 4, 5, 67)),
    session: 36,
    host: 'mx.a.com',
    address: '192.0.2.1',
    kind,
    text,
  });
  const heard = [
    { lines: [line('event', 'connected'), line('received', '220 \u001b[2J')], lost: 0 },
    { lines: [line('sent', 'QUIT')], lost: 3 },
  ];
  let stops = 0;
  const tracer: Tracer = { id: 1, next: async () => heard.shift() ?? null, stop: () => void stops++ };
  const traces: TraceView = {
    async begin(request: TraceRequest) {
      requests.push(request);
      return tracer;
    },
    list: async () => [],
    remove: async (id: number) => id === 1,
  };
  const options = 'example A.com --address 2001:DB8:0::1 --lines 10 --seconds 20';
  const answer = await consoleOf(fakeServer({ traces })).answer(`trace smtp ${options}`);
  assert.equal(answer.isLive, true);
  assert.deepEqual(requests, [
    {
      binding: 'example',
      domain: 'a.com',
      address: '2001:db8::1',
      owner: 'the console',
      linesMax: 10,
      ms: 20_000,
    },
  ]);
  assert.match(answer.text, /^smtp tracer #1: binding example, domain a.com, address 2001:db8::1; ends after 10 lines/);
  const pieces: string[] = [];
  for await (const piece of answer.rest!) pieces.push(piece);
  assert.deepEqual(pieces, [
    '03:04:05.067 36 mx.a.com [192.0.2.1] * connected\n03:04:05.067 36 mx.a.com [192.0.2.1] < 220 \\x1b[2J\n',
    '03:04:05.067 36 mx.a.com [192.0.2.1] > QUIT\n[3 lines are left out: the console is too slow for them]\n',
  ]);
  const left = await consoleOf(fakeServer({ traces })).answer('trace smtp');
  await left.rest![Symbol.asyncIterator]().return!();
  assert.equal(stops, 1);
  assert.equal((await asked('trace smtp remove #1', { traces })).text, 'Removed smtp tracer #1\n');
  const row = {
    id: 1,
    binding: null,
    domain: 'a.com',
    address: null,
    owner: '/tmp/2025',
    lines: 3,
    linesMax: 9,
    msLeft: 1,
  };
  assert.equal(
    (await asked('trace smtp list', { traces: { ...traces, list: async () => [row] } })).text,
    `\
[     1]  binding: *
           domain: a.com
          console: /tmp/2025
            lines: 3 of 9, 1 seconds left
`,
  );
});
