// Real sockets on loopback; the name servers are test/support/dns-server.ts.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { encode, type Packet } from 'dns-packet';
import { DnsServer, SOA_MINIMUM_SECONDS, type Zone } from '../../../test/support/dns-server.ts';
import { temporaryDirectory } from '../../../test/support/temporary-directory.ts';
import type { DnsAnswer, DnsType } from '../../engine/ports.ts';
import { type DnsResolver, openResolver, type ResolverOptions } from './resolver.ts';

const SERVFAIL = 2;
const REFUSED = 5;
const EXAMPLE: Zone = {
  'example.com': {
    MX: [
      [10, 'mx1.example.com'],
      [20, 'mx2.example.com'],
    ],
    ttl: 3600,
  },
  'mx1.example.com': { A: ['192.0.2.1'], AAAA: ['2001:db8::1'], ttl: 60 },
};
const MX1: DnsAnswer = { kind: 'addresses', addresses: ['192.0.2.1'], ttlSeconds: 60 };

async function serverOf(t: TestContext, zone: Zone = EXAMPLE, host?: string): Promise<DnsServer> {
  const server = await DnsServer.open(zone, host);
  t.after(() => server.close());
  return server;
}

/** The usual patience, one attempt, unless the test says otherwise. */
const PATIENT = 'options timeout:30 attempts:1\n';

function resolverOf(
  t: TestContext,
  servers: readonly { readonly nameserver: string }[],
  lines = PATIENT,
  options: Partial<ResolverOptions> = {},
): DnsResolver {
  const path = join(temporaryDirectory(t), 'resolv.conf');
  writeFileSync(path, lines + servers.map(({ nameserver }) => nameserver).join(''));
  const { resolver, problems } = openResolver({ resolvConfPath: path, ...options });
  assert.deepEqual(problems, []);
  t.after(() => resolver.close());
  return resolver;
}

const ask = (resolver: DnsResolver, name: string, type: DnsType): Promise<DnsAnswer> =>
  new Promise((resolve) => resolver.query(name, type, resolve));

/** A port on which nobody listens. */
async function deadServer(): Promise<{ nameserver: string }> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return { nameserver: `nameserver 127.0.0.1:${port}\n` };
}

for (const [id, name, type, expected] of [
  [
    'exchangers',
    'example.com',
    'MX',
    {
      kind: 'mx',
      records: [
        { preference: 10, exchange: 'mx1.example.com' },
        { preference: 20, exchange: 'mx2.example.com' },
      ],
      ttlSeconds: 3600,
    },
  ],
  ['an address', 'mx1.example.com', 'A', MX1],
  ['an IPv6 address', 'mx1.example.com', 'AAAA', { kind: 'addresses', addresses: ['2001:db8::1'], ttlSeconds: 60 }],
  ['a name in another spelling', 'MX1.Example.COM.', 'A', MX1],
  ['no data', 'example.com', 'A', { kind: 'noData', ttlSeconds: SOA_MINIMUM_SECONDS }],
  ['no name', 'nowhere.example', 'MX', { kind: 'noName', ttlSeconds: SOA_MINIMUM_SECONDS }],
  [
    'an alias in one answer',
    'alias.example',
    'A',
    { ...MX1, ttlSeconds: 7, canonicalName: 'mx1.example.com', aliases: 1 },
  ],
  [
    'an alias over two answers',
    'lone.example',
    'A',
    { ...MX1, ttlSeconds: 9, canonicalName: 'mx1.example.com', aliases: 1 },
  ],
  [
    'an alias of nothing',
    'dangling.example',
    'A',
    { kind: 'noName', ttlSeconds: SOA_MINIMUM_SECONDS, canonicalName: 'nowhere.example', aliases: 1 },
  ],
  [
    'an alias of what can be no name',
    'odd.example',
    'A',
    { kind: 'noName', ttlSeconds: 9, canonicalName: 'a b.example', aliases: 1 },
  ],
  ['an alias of itself over many answers', 'loop.example', 'A', { kind: 'unavailable', reason: 'more than 8 aliases' }],
  [
    'truncated over UDP',
    'long.example',
    'A',
    { kind: 'addresses', addresses: Array.from({ length: 200 }, (_, index) => `192.0.2.${index}`), ttlSeconds: 300 },
  ],
  ['SERVFAIL', 'failing.example', 'A', { kind: 'unavailable', reason: 'SERVFAIL' }],
  ['REFUSED', 'refused.example', 'A', { kind: 'unavailable', reason: 'REFUSED' }],
  ['other answers first', 'forged.example', 'A', { kind: 'addresses', addresses: ['192.0.2.5'], ttlSeconds: 300 }],
  ['garbage', 'garbage.example', 'A', { kind: 'unavailable', reason: 'garbage' }],
] as [string, string, DnsType, DnsAnswer][]) {
  test(`answer: ${id}`, async (t) => {
    const forged = (response: Packet): Packet => ({
      ...response,
      answers: [{ type: 'A', name: 'forged.example', data: '203.0.113.66', ttl: 1 }],
    });
    const server = await serverOf(t, {
      ...EXAMPLE,
      'alias.example': { CNAME: 'mx1.example.com', ttl: 7 },
      'lone.example': { CNAME: 'mx1.example.com', ttl: 9, doesNotFollow: true },
      'odd.example': { CNAME: 'a b.example', ttl: 9, doesNotFollow: true },
      'loop.example': { CNAME: 'loop.example', doesNotFollow: true },
      'dangling.example': { CNAME: 'nowhere.example' },
      'long.example': { A: Array.from({ length: 200 }, (_, index) => `192.0.2.${index}`), isTruncated: true },
      'failing.example': { rcode: SERVFAIL },
      'refused.example': { rcode: REFUSED },
      'garbage.example': { instead: (response) => encode(response).subarray(0, 20) },
      'forged.example': {
        A: ['192.0.2.5'],
        before: (response) => [
          { ...forged(response), id: response.id! ^ 1 },
          { ...forged(response), questions: [{ name: 'other.example', type: 'A' }] },
          { ...forged(response), type: 'query' },
          Buffer.from([1]),
        ],
      },
    });
    assert.deepEqual(await ask(resolverOf(t, [server]), name, type), expected);
  });
}

test('a server on IPv6', async (t) => {
  const server = await serverOf(t, EXAMPLE, '::1');
  assert.deepEqual(await ask(resolverOf(t, [server]), 'mx1.example.com', 'A'), MX1);
});

test('a name that can exist nowhere is not asked for, and is answered in a later turn', async (t) => {
  const server = await serverOf(t);
  const resolver = resolverOf(t, [server]);
  for (const name of ['a..b', 'x'.repeat(64), 'a b.example', 'bücher.example', '']) {
    let isLater = false;
    const answer = new Promise<DnsAnswer>((resolve) => {
      resolver.query(name, 'MX', (given) => {
        assert.ok(isLater);
        resolve(given);
      });
    });
    isLater = true;
    assert.equal((await answer).kind, 'noName');
  }
  assert.deepEqual(server.seen, []);
});

test('ids and ports differ from question to question', async (t) => {
  const server = await serverOf(t);
  const resolver = resolverOf(t, [server]);
  for (let count = 0; count < 12; count++) await ask(resolver, 'mx1.example.com', 'A');
  assert.ok(new Set(server.seen.map(({ id }) => id)).size > 8);
  assert.ok(new Set(server.seen.map(({ port }) => port)).size > 4);
});

for (const [id, entry] of [
  ['SERVFAIL', { rcode: SERVFAIL }],
  [
    'a referral',
    {
      instead: (response: Packet): Packet => ({
        ...response,
        flags: 0,
        authorities: [{ type: 'NS', name: 'com', data: 'ns.example', ttl: 9 }],
      }),
    },
  ],
  ['garbage', { instead: (response: Packet): Buffer => encode(response).subarray(0, 15) }],
  ['nothing', { silentOver: 'udp and tcp' }],
  ['a truncated answer, and nothing over TCP', { isTruncated: true, silentOver: 'tcp' }],
] as [string, Zone[string]][]) {
  test(`the next server is asked when the first gives ${id}`, async (t) => {
    const lame = await serverOf(t, { 'mx1.example.com': entry });
    const good = await serverOf(t);
    const resolver = resolverOf(t, [lame, good], 'options timeout:1 attempts:5\n');
    assert.deepEqual(await ask(resolver, 'mx1.example.com', 'A'), MX1);
  });
}

test('the next server is asked at once when nobody listens at the first', async (t) => {
  const good = await serverOf(t);
  const resolver = resolverOf(t, [await deadServer(), good]);
  assert.deepEqual(await ask(resolver, 'mx1.example.com', 'A'), MX1);
});

test('a server that was silent three times is asked last for a while', async (t) => {
  const names = ['a', 'b', 'c'];
  const zone = Object.fromEntries(names.map((name) => [name, { A: ['192.0.2.1'] }]));
  const first = await serverOf(t, Object.fromEntries(names.map((name) => [name, { silentOver: 'udp and tcp' }])));
  const second = await serverOf(t, { ...EXAMPLE, ...zone });
  const resolver = resolverOf(t, [first, second], 'options timeout:1 attempts:5\n');
  await Promise.all(names.map((name) => ask(resolver, name, 'A')));
  first.zone = EXAMPLE;
  await ask(resolver, 'mx1.example.com', 'A');
  assert.ok(second.questions.includes('mx1.example.com A'));
  assert.ok(!first.questions.includes('mx1.example.com A'));
});

test('a server that lost a datagram is asked again', async (t) => {
  const server = await serverOf(t, { 'mx1.example.com': { silentOver: 'udp and tcp' } });
  const resolver = resolverOf(t, [server], 'options timeout:1 attempts:5\n');
  const answer = ask(resolver, 'mx1.example.com', 'A');
  await server.seenCount(1);
  server.zone = EXAMPLE;
  assert.deepEqual(await answer, MX1);
  assert.notEqual(server.seen[0]!.port, server.seen[1]!.port);
});

test('a server that refused is not asked again, one that was silent is', async (t) => {
  const refusing = await serverOf(t, { 'mx1.example.com': { rcode: REFUSED } });
  const silent = await serverOf(t, { 'mx1.example.com': { silentOver: 'udp and tcp' } });
  const resolver = resolverOf(t, [refusing, silent], 'options timeout:1 attempts:2\n');
  assert.deepEqual(await ask(resolver, 'mx1.example.com', 'A'), { kind: 'unavailable', reason: 'timeout' });
  assert.deepEqual([refusing.seen.length, silent.seen.length], [1, 2]);
});

test('with a limit on questions each server is asked once, whatever the file says', async (t) => {
  const silent = await serverOf(t, { 'mx1.example.com': { silentOver: 'udp and tcp' } });
  const resolver = resolverOf(t, [silent], 'options timeout:1 attempts:5\n', { attemptsMax: 1 });
  const answer = await ask(resolver, 'mx1.example.com', 'A');
  assert.deepEqual(answer, { kind: 'unavailable', reason: 'timeout', isSilent: true });
  assert.equal(silent.seen.length, 1);
});

test('a server without EDNS is asked without', async (t) => {
  const server = await serverOf(t);
  server.refusesEdns = true;
  assert.deepEqual(await ask(resolverOf(t, [server]), 'mx1.example.com', 'A'), MX1);
  assert.deepEqual(
    server.seen.map(({ hasEdns }) => hasEdns),
    [true, false],
  );
});

test('identical questions that are open are one, others are not', async (t) => {
  const server = await serverOf(t, { 'mx1.example.com': { A: ['192.0.2.1'], AAAA: ['::1'], ttl: 60, delayMs: 20 } });
  const resolver = resolverOf(t, [server]);
  const names = ['mx1.example.com', 'MX1.example.com', 'mx1.example.com.'];
  const answers = await Promise.all([
    ...names.map((name) => ask(resolver, name, 'A')),
    ask(resolver, names[0]!, 'AAAA'),
  ]);
  assert.deepEqual(answers.slice(0, 3), [MX1, MX1, MX1]);
  assert.deepEqual(server.questions.sort(), ['mx1.example.com A', 'mx1.example.com AAAA']);
  await ask(resolver, 'mx1.example.com', 'A');
  assert.equal(server.seen.length, 3, 'answers are not kept');
});

test('as many names as may be are asked at a time; others wait in order, and too many are turned away', async (t) => {
  const server = await serverOf(t, {});
  const hosts = ['a', 'b', 'c', 'd'];
  server.zone = Object.fromEntries(hosts.map((name) => [name, { A: ['192.0.2.1'], delayMs: 10 }]));
  const resolver = resolverOf(t, [server], undefined, { inFlightMax: 2, waitingMax: 2 });
  const answers = hosts.map((name) => ask(resolver, name, 'A'));
  const crowded = ask(resolver, 'e', 'A');
  const shared = ask(resolver, 'd', 'A');
  assert.equal(resolver.figures().pending, 4);
  assert.deepEqual(await crowded, { kind: 'unavailable', reason: 'too many DNS questions are waiting' });
  await server.seenCount(2);
  assert.deepEqual(server.questions.sort(), ['a A', 'b A']);
  for (const answer of await Promise.all([...answers, shared])) assert.equal(answer.kind, 'addresses');
  assert.deepEqual(server.questions.slice(2).sort(), ['c A', 'd A']);
  assert.equal(resolver.figures().pending, 0);
});

test('many questions share a bounded number of sockets', async (t) => {
  const zone: Zone = {};
  for (let index = 0; index < 120; index++) zone[`h${index}`] = { A: [`192.0.2.${index}`], delayMs: 30 };
  const server = await serverOf(t, zone);
  const resolver = resolverOf(t, [server]);
  const answers = await Promise.all(Object.keys(zone).map((name) => ask(resolver, name, 'A')));
  for (const [index, answer] of answers.entries())
    assert.deepEqual(answer, { kind: 'addresses', addresses: [`192.0.2.${index}`], ttlSeconds: 300 });
});

test('many truncated answers are read over a bounded number of connections', async (t) => {
  const zone: Zone = {};
  for (let index = 0; index < 60; index++) zone[`h${index}`] = { A: [`192.0.2.${index}`], isTruncated: true };
  const server = await serverOf(t, zone);
  const resolver = resolverOf(t, [server]);
  const answers = await Promise.all(Object.keys(zone).map((name) => ask(resolver, name, 'A')));
  assert.ok(answers.every(({ kind }) => kind === 'addresses'));
  assert.equal(server.seen.filter(({ by }) => by === 'tcp').length, 60);
});

test('what is counted', async (t) => {
  const server = await serverOf(t, { ...EXAMPLE, 'silent.example': { silentOver: 'udp and tcp' } });
  const resolver = resolverOf(t, [server], 'options timeout:2 attempts:1\n');
  await Promise.all([
    ask(resolver, 'example.com', 'MX'),
    ask(resolver, 'mx1.example.com', 'A'),
    ask(resolver, 'mx1.example.com', 'AAAA'),
    ask(resolver, 'silent.example', 'A'),
    ask(resolver, 'nowhere.example', 'A'),
  ]);
  const { responsePeakMs, responseAverageMs, ...counts } = resolver.figures();
  const none = { queries: 0, timeouts: 0 };
  assert.deepEqual(counts, {
    resolver: 'headgate',
    mx: { queries: 1, timeouts: 0 },
    a: { queries: 3, timeouts: 1 },
    aaaa: { queries: 1, timeouts: 0 },
    txt: none,
    pending: 0,
  });
  assert.ok(0 < responseAverageMs && responseAverageMs <= responsePeakMs);
  resolver.resetFigures();
  const fresh = resolver.figures();
  assert.deepEqual([fresh.a, fresh.mx, fresh.responsePeakMs, fresh.responseAverageMs], [none, none, 0, 0]);
});

test('reload: other servers for later questions, the running one stays', async (t) => {
  const before = await serverOf(t, { 'mx1.example.com': { A: ['192.0.2.8'], delayMs: 30 } });
  const after = await serverOf(t);
  const resolver = resolverOf(t, [before]);
  const running = ask(resolver, 'mx1.example.com', 'A');
  await before.seenCount(1);
  const path = join(temporaryDirectory(t), 'resolv.conf');
  writeFileSync(path, after.nameserver);
  assert.deepEqual(resolver.reload(path), []);
  assert.deepEqual(await running, { kind: 'addresses', addresses: ['192.0.2.8'], ttlSeconds: 300 });
  assert.deepEqual(await ask(resolver, 'mx1.example.com', 'A'), MX1);
  assert.equal(resolver.reload('/nonexistent/resolv.conf').length, 1);
});

test('close: nothing is answered any more', async (t) => {
  const server = await serverOf(t, {
    'late.example': { A: ['192.0.2.1'], delayMs: 20 },
    'mx1.example.com': { A: ['192.0.2.1'] },
  });
  const resolver = resolverOf(t, [server]);
  const answered: DnsAnswer[] = [];
  const note = (answer: DnsAnswer): void => void answered.push(answer);
  resolver.query('late.example', 'A', note);
  await server.seenCount(1);
  resolver.query('a..b', 'A', note);
  resolver.close();
  const other = resolverOf(t, [server]);
  server.zone = { 'late.example': { A: ['192.0.2.1'], delayMs: 40 } };
  await ask(other, 'late.example', 'A');
  assert.deepEqual(answered, []);
  assert.equal(resolver.figures().pending, 0);
});
