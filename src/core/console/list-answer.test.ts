// Lists: what --json says, and that no list, however long, does more than its share in one turn of the loop.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  domainRow,
  FIGURES,
  fakeProcess,
  fakeServer,
  type GivenServer,
  outboundRow,
} from '../../../test/support/fake-server.ts';
import { wallMs } from '../base/moment.ts';
import { loadConfiguration } from '../config/load.ts';
import { COMMANDS } from './commands.ts';
import { Console } from './console.ts';
import { inPages, ROWS_PER_TURN } from './pages.ts';
import type { DomainRow, ServerView } from './server-view.ts';
import { largestInSlices, sortInSlices } from './slices.ts';

const LOADED = loadConfiguration('test.conf', () => ({ text: '' }));
assert.ok(LOADED.kind === 'loaded');
const { root } = LOADED.configuration;

function consoleOf(server: ServerView): Console {
  const config = { verbs: [], answer: () => ({ text: '', failed: false }), writeMainFile: () => assert.fail() };
  return new Console({ server, process: fakeProcess(), config, stanzas: () => root });
}

async function wholeOf(line: string, given: GivenServer): Promise<string> {
  const answer = await consoleOf(fakeServer(given)).answer(line);
  assert.equal(answer.failed, false, answer.text);
  let { text } = answer;
  for await (const piece of answer.rest ?? []) text += piece;
  return text;
}

// ---- what programs read

const at = wallMs(1_070_244_212_345);
const GIVEN: GivenServer = {
  tlsReports: {
    figures: async () => ({
      since: wallMs(Date.UTC(2026, 0, 1)),
      overflow: 1,
      waiting: 2,
      posts: { taken: 0, waiting: 0, givenUp: 0, lastProblem: null },
    }),
    async *domains() {
      yield [{ domain: 'a.com', policies: [] }];
    },
    send: () => Promise.reject(new Error('nobody asked for that')),
  },
  domains: () => [domainRow('b.com', 2, 20, 0, 5), domainRow('a.com', 1, 3, 4, 0), domainRow('c.com', 0, 0, 9, 0)],
  domainsOfBinding: () => [domainRow('a.com', 1, 3, 4, 0)],
  domain: () => ({
    domain: 'a.com',
    exchangers: [],
    unroutable: null,
    ownHost: null,
    ttlSeconds: 5,
    consecutiveFailures: 0,
    active: 1,
    delayed: 2,
    delivered: 3,
    failed: 4,
    sessions: [],
  }),
  queues: () => [{ group: null, binding: 'default', domain: 'a.com', active: 1, delayed: 2 }],
  messages: () => [
    { queue: 'active', binding: 'default', id: '1', createdAt: at, reversePath: null, recipient: 'x@a.com' },
  ],
  outbound: () => [outboundRow(1, 'mx.a.com', '192.0.2.1')],
  inbound: () => [{ id: 2, family: 4, address: '192.0.2.9', port: 25, state: 'idle', stateMs: 1.5 }],
  throttles: () => [
    {
      option: 'outbound_throttle_messages',
      scope: '',
      count: 5,
      periodMs: 1000,
      used: 1,
      nextMs: 0,
      waiting: 0,
      setAt: { file: 'a.conf', line: 1, column: 1 },
    },
  ],
  failDomain: async () => ({
    count: 30,
    isDurable: true,
    samples: [{ id: '1', domain: 'a.com', reversePath: null, recipient: 'x@a.com' }],
  }),
  requeue: async () => ({ count: 0, isDurable: true, samples: [] }),
  findMessage: async () => ({
    id: '1',
    queue: null,
    binding: 'default',
    domain: 'a.com',
    createdAt: at,
    nextAttemptAt: null,
    retries: null,
    protocol: 'esmtp',
    reversePath: null,
    recipient: 'x@a.com',
    reply: null,
    size: 7,
  }),
  dns: {
    ...fakeServer().dns,
    async *kept() {
      yield [{ name: 'a.com', type: 'A', answer: { kind: 'noName', ttlSeconds: 9 }, ttlSeconds: 5 }];
    },
  },
  traces: {
    ...fakeServer().traces,
    list: async () => [
      { id: 1, binding: null, domain: 'a.com', address: null, owner: '/s', lines: 2, linesMax: 9, msLeft: 1500 },
    ],
  },
};

const A = { domain: 'a.com', connections: 1, active: 3, delayed: 4, delivered: 0 };
const B = { domain: 'b.com', connections: 2, active: 20, delayed: 0, delivered: 5 };
const C = { domain: 'c.com', connections: 0, active: 0, delayed: 9, delivered: 0 };
const TOTAL = { connections: 3, active: 23, delayed: 13, delivered: 5 };
const A_TOTAL = { connections: 1, active: 3, delayed: 4, delivered: 0 };
const SESSION = { binding: 'default', domain: 'example.com', state: 'idle', stateMs: 0, deliveries: 0 };
const MESSAGE = { id: '1', domain: 'a.com', from: '', to: 'x@a.com' };
const EXAMPLE = {
  binding: 'example',
  group: 'group1',
  isGone: false,
  connections: 0,
  active: 0,
  total: 0,
  delivered: 506,
  failed: 0,
  received: 506,
  resident: 0,
};

const SHAPES: readonly (readonly [line: string, value: unknown])[] = [
  ['domain all --json', { domains: [A, B, C], total: TOTAL }],
  ['domains --json', { domains: [A, B, C], total: TOTAL }],
  ['active --json 3', { domains: [B], total: TOTAL }],
  ['delayed --json 8', { domains: [C], total: TOTAL }],
  ['binding active --json example 0', { domains: [A], total: A_TOTAL }],
  ['binding delayed example 100 --json', { domains: [], total: A_TOTAL }],
  ['domain --json a.com', (GIVEN.domain as () => unknown)()],
  ['mailq --json', [{ group: 'default', binding: 'default', domain: 'a.com', active: 1, delayed: 2 }]],
  [
    'showqueue --json a.com',
    [{ queue: 'active', binding: 'default', id: '1', created: 1_070_244_212, from: '', to: 'x@a.com' }],
  ],
  ['show outbound --json', [{ id: 1, host: 'mx.a.com', family: 4, address: '192.0.2.1', ...SESSION }]],
  ['show inbound --json', [{ id: 2, family: 4, address: '192.0.2.9', port: 25, state: 'idle', stateMs: 1.5 }]],
  ['count --json outbound 192.0.2.0/24', { sessions: 1 }],
  [
    'count --json outbound 24-32',
    [{ block: '192.0.2.0/24', sessions: 1, blocks: [{ block: '192.0.2.1/32', sessions: 1 }] }],
  ],
  ['count --json SMTP 32', [{ block: '192.0.2.9/32', sessions: 1, blocks: [] }]],
  ['summary --json', FIGURES],
  ['binding summary --json example', { bindings: [EXAMPLE], sinceResetSeconds: 89081, uptimeSeconds: 89083 }],
  ['throttles --json', [...(GIVEN.throttles as () => Iterable<unknown>)()]],
  [
    'hot_domains list json',
    [
      { domain: 'b.com', tid: 481, event_loop: '0x1', connections: 2, active: 20 },
      { domain: 'a.com', tid: 481, event_loop: '0x1', connections: 1, active: 3 },
    ],
  ],
  ['fail domain --json --dry-run a.com', { dryRun: true, count: 30, isDurable: true, messages: [MESSAGE] }],
  ['reroute queue --json a.com b.com', { dryRun: false, count: 0, isDurable: true, messages: [] }],
  [
    'message details --json 1',
    {
      id: '1',
      queue: 'delivering',
      binding: 'default',
      domain: 'a.com',
      created: 1_070_244_212,
      nextAttempt: null,
      retries: null,
      protocol: 'esmtp',
      from: '',
      to: 'x@a.com',
      code: null,
      size: 7,
    },
  ],
  [
    'dns_cache refcnts --json',
    [{ name: 'a.com', type: 'A', answer: { kind: 'noName', ttlSeconds: 9 }, ttlSeconds: 5 }],
  ],
  ['tls show cache --json', []],
  [
    'tls report --json',
    {
      since: '2026-01-01T00:00:00Z',
      waiting: 2,
      overflow: 1,
      posts: { taken: 0, waiting: 0, givenUp: 0, lastProblem: null },
      domains: [{ domain: 'a.com', policies: [] }],
    },
  ],
  [
    'trace smtp list --json',
    [{ id: 1, binding: null, domain: 'a.com', address: null, console: '/s', lines: 2, linesMax: 9, secondsLeft: 2 }],
  ],
];

for (const [line, value] of SHAPES) {
  test(`for programs: ${line}`, async () => {
    const text = await wholeOf(line, GIVEN);
    assert.deepEqual(JSON.parse(text), value);
    assert.ok(text.endsWith('\n'));
  });
}

test('every command that takes --json is in that table', () => {
  for (const { words, usage } of COMMANDS) {
    const name = words.join(' ');
    if (!usage.includes('--json') || ['why', 'curfew'].includes(words[0]!)) continue; // they have tests of their own
    assert.ok(
      SHAPES.some(([line]) => line.startsWith(`${name} `)),
      name,
    );
  }
});

for (const [line, given] of [
  ['domain all', { domains: () => [] }],
  ['active 5', { domains: () => [] }],
  ['mailq', { queues: () => [] }],
  ['show outbound', { outbound: () => [] }],
] as const) {
  test(`an empty list is an empty array: ${line} --json`, async () => {
    const value: unknown = JSON.parse(await wholeOf(`${line} --json`, given));
    assert.deepEqual(Array.isArray(value) ? value : (value as { domains: unknown }).domains, []);
  });
}

for (const line of [
  'summary --json now',
  'domain --json',
  'domains x',
  'active --json',
  'throttles a b',
  'hot_domains list x',
]) {
  test(`refused: ${line}`, async () => {
    assert.equal((await consoleOf(fakeServer(GIVEN)).answer(line)).failed, true);
  });
}

// ---- cost

/** Rows whose reads are counted, and the most that were made without a turn in between. */
function countedServer(rows: number) {
  let reads = 0;
  let most = 0;
  let turns = 0;
  const tick = (): void => {
    reads += 1;
    most = Math.max(most, reads);
  };
  const name = (index: number): string => `d${(index * 7919) % rows}.example`;
  function* domains(): Generator<DomainRow> {
    for (let index = 0; index < rows; index++) {
      tick();
      yield {
        get domain() {
          tick();
          return name(index);
        },
        connections: 0,
        active: index,
        delayed: 1,
        delivered: 0,
      };
    }
  }
  const given: GivenServer = {
    domains,
    domainsOfBinding: domains,
    *queues() {
      for (const row of domains())
        yield { group: null, binding: 'default', domain: row.domain, active: row.active, delayed: 1 };
    },
    *outbound() {
      for (const row of domains()) yield outboundRow(row.active, row.domain, '192.0.2.1');
    },
    *messages(_, limit) {
      let left = limit;
      for (const { domain } of domains()) {
        if (left-- === 0) return;
        const message = { queue: 'active', binding: 'default', id: '1', createdAt: at, reversePath: null } as const;
        yield { ...message, recipient: `x@${domain}` };
      }
    },
    async nextTurn() {
      reads = 0;
      turns += 1;
    },
  };
  return { given, figures: () => ({ most, turns }) };
}

/** 500 rows put in order need some 4500 comparisons of two names; merging makes 5000 before it rests. */
const READS_PER_TURN_MAX = 16_000;

for (const line of [
  'domain all',
  'domain all --json',
  'active 10',
  'binding delayed example 0',
  'mailq',
  'mailq -l 100000',
  'show outbound --json',
  'showqueue a.com 100000',
  'hot_domains list',
  'count outbound 24',
]) {
  test(`a long list takes many turns: ${line}`, async () => {
    const rows = line === 'domain all' ? 100_000 : 20_000;
    const { given, figures } = countedServer(rows);
    await wholeOf(line, given);
    const { most, turns } = figures();
    assert.ok(turns >= rows / ROWS_PER_TURN - 1, `${turns} turns`);
    assert.ok(most <= READS_PER_TURN_MAX, `${most} reads in one turn`);
  });
}

test('a long list is in order and complete', async () => {
  const { given } = countedServer(12_345);
  const lines = (await wholeOf('domain all', given)).split('\n');
  assert.equal(lines.length, 12_345 + 3);
  const names = lines.slice(1, -2).map((line) => line.slice(8, 38).trim());
  assert.deepEqual(names, [...names].sort());
});

test('property: sorting and picking in slices gives what doing it at once gives', async () => {
  const server = fakeServer();
  const row = fc.record({ key: fc.nat(50), place: fc.nat() });
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { maxLength: 3000, size: 'max' }),
      fc.integer({ min: 1, max: 600 }),
      async (rows, most) => {
        const compare = (a: (typeof rows)[number], b: (typeof rows)[number]): number => a.key - b.key;
        assert.deepEqual(await sortInSlices(rows, server, compare), rows.toSorted(compare));
        const largest = rows
          .map((one, index) => ({ one, index }))
          .sort((a, b) => b.one.key - a.one.key || a.index - b.index)
          .slice(0, most)
          .sort((a, b) => a.index - b.index)
          .map(({ one }) => one);
        assert.deepEqual(await largestInSlices(inPages(rows, server), server, most, ({ key }) => key), largest);
      },
    ),
    { numRuns: 30 },
  );
});
