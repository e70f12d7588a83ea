// What the operator does to mail, at the real engine with a spool in memory: what moves, what stays, and what a restart
// finds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { VirtualSite } from '../../test/support/virtual-site.ts';
import { collectPages } from '../core/console/pages.ts';
import type { ServerView } from '../core/console/server-view.ts';
import { hasHeaderLine } from './header-filter.ts';

const HELD = 'Domain example.com { Suspend_Delivery = true }\n';

function siteOf(configuration: string, answer: (rcpt: string) => string = () => '250 ok') {
  const options = { configuration, answer };
  return { options, site: new VirtualSite(options) };
}

/** The answer of a command, with the time it needs. */
async function done<T>(site: VirtualSite, promise: Promise<T>): Promise<T> {
  site.runUntil(site.seconds + 1);
  return promise;
}

async function idsOf(server: ServerView, domain = 'example.com'): Promise<string[]> {
  const rows = await collectPages(server.messages({ domain, binding: null, queue: null }, 1000, 0));
  return rows.map(({ id }) => id);
}
const ANY = { domain: null, binding: null, header: null };

test('a message is found by its id, told of, read, and failed, alone of its transaction', async () => {
  const { site } = siteOf(HELD);
  site.submit('<news@sender.example>', '<a@example.com>', '<b@example.com>');
  const [first = '', second = ''] = await idsOf(site.server);
  const detail = await done(site, site.server.findMessage(second));
  assert.deepEqual(
    { ...detail, createdAt: 0 },
    {
      id: second,
      queue: 'active',
      binding: 'default',
      domain: 'example.com',
      createdAt: 0,
      nextAttemptAt: null,
      retries: 0,
      protocol: 'esmtp',
      reversePath: 'news@sender.example',
      recipient: 'b@example.com',
      reply: null,
      size: detail?.size,
    },
  );
  const text = await done(site, site.server.readMessage(second));
  assert.match(text?.headerSection ?? '', /^Subject: news\n/m);
  assert.deepEqual([text?.body, text?.isCut], ['Hello.\n', false]);
  assert.equal(await done(site, site.server.failMessage(second, '554 manually failed.', true)), 'done');
  assert.deepEqual(await idsOf(site.server), [first]);
  assert.equal(await done(site, site.server.findMessage(second)), null);
  for (const action of [site.server.retryMessage(second), site.server.failMessage('nonsense', '554 x', true)])
    assert.equal(await done(site, action), 'unknown');
  assert.match(site.main('P')[0]?.text ?? '', /554 manually failed\./);
});

test('a message that failed once is tried again at once', async () => {
  let reply = '450 later';
  const { site } = siteOf('', () => reply);
  site.submit('<news@sender.example>', '<a@example.com>', '<b@example.com>');
  site.runUntil(site.seconds + 1);
  const [first = ''] = await idsOf(site.server);
  const detail = await done(site, site.server.findMessage(first));
  assert.deepEqual([detail?.queue, detail?.retries, detail?.reply], ['delayed', 1, '450 later']);
  reply = '250 ok';
  assert.equal(await done(site, site.server.retryMessage(first)), 'done');
  site.runUntil(site.seconds + 1);
  assert.equal(site.received.length, 1);
  assert.equal((await idsOf(site.server)).length, 1);
});

test('delay counts what is on a connection, and leaves it alone', async () => {
  let reply = '450 later';
  const { site } = siteOf('', () => reply);
  site.submit('<news@sender.example>', '<a@example.com>');
  site.runUntil(site.seconds + 1);
  const request = { ...ANY, domain: 'example.com', delayMs: 300_000 };
  const waiting = await done(site, site.server.delay(request));
  assert.deepEqual([waiting.count, waiting.delivering], [0, 0]);
  reply = '250 ok';
  void site.server.retryMessage((await idsOf(site.server))[0]!);
  const during = site.server.delay(request); // the retry has had it taken by a connection in this turn
  const { count, delivering } = await done(site, during);
  assert.deepEqual([count, delivering, site.received.length], [0, 1, 1]);
});

test('delayed mail stays delayed through a death of the process, without a retry counted', async () => {
  const { site } = siteOf(HELD);
  for (const rcpt of ['<a@example.com>', '<b@example.com>']) site.submit('<news@sender.example>', rcpt);
  const request = { ...ANY, domain: 'example.com', delayMs: 300_000 };
  const outcome = await done(site, site.server.delay(request));
  assert.deepEqual([outcome.count, outcome.isDurable], [2, true]);
  assert.equal((await done(site, site.server.delay(request))).count, 0, 'delayed mail is left alone');
  site.kill();
  const detail = await done(site, site.server.findMessage((await idsOf(site.server))[0]!));
  assert.deepEqual([detail?.queue, detail?.retries], ['delayed', 0]);
  assert.ok(detail!.nextAttemptAt! - detail!.createdAt >= 300_000);
  assert.equal(await done(site, site.server.flush({ domain: 'example.com', binding: null })), 2);
});

for (const crash of ['at once', 'after an orderly stop'] as const) {
  test(`rerouted mail, active and delayed, is in the other queues ${crash} and goes out from there`, async () => {
    const { site } = siteOf(HELD);
    for (const rcpt of ['<a@example.com>', '<b@example.com>']) site.submit('<news@sender.example>', rcpt);
    await done(site, site.server.delay({ ...ANY, domain: 'example.com', delayMs: 60_000 }));
    site.submit('<news@sender.example>', '<c@example.com>', '<d@example.com>');
    const request = { ...ANY, domain: 'example.com', toDomain: 'foo.com', toBinding: null };
    const dry = await done(site, site.server.requeue({ ...request, dryRun: true }));
    assert.deepEqual([dry.count, (await idsOf(site.server)).length], [4, 4]);
    assert.equal((await done(site, site.server.requeue({ ...request, dryRun: false }))).count, 4);
    assert.deepEqual(
      [await idsOf(site.server), (await idsOf(site.server, 'foo.com')).length],
      [[], 2],
      'two have gone out',
    );
    if (crash === 'at once') site.kill();
    else site.restart();
    site.runUntil(site.seconds + 100);
    const names = site.received.map(({ rcpt }) => rcpt).sort();
    assert.deepEqual(names, ['<a@example.com>', '<b@example.com>', '<c@example.com>', '<d@example.com>']);
    assert.equal(site.open, 0);
    const domains = site.main('D').map(({ text }) => text.split('@')[5]);
    assert.ok(domains.length === 4 && domains.every((domain) => domain === domains[0]));
  });
}

test('mail of a binding that is gone is held, and goes out when it is bound anew, also after a restart', async () => {
  const { site, options } = siteOf(
    'Binding old {}\nBinding new {}\nESMTP_Listener { Binding = "old" }\n',
    () => '450 later',
  );
  site.submit('<news@sender.example>', '<a@example.com>');
  site.runUntil(site.seconds + 1);
  options.configuration = 'Binding new {}\n';
  options.answer = () => '250 ok';
  site.restart();
  const bindings = async () =>
    (await collectPages(site.server.bindings())).map(({ binding, isGone, total }) => ({ binding, isGone, total }));
  assert.deepEqual((await bindings()).at(-1), { binding: 'old', isGone: true, total: 1 });
  const request = { ...ANY, binding: 'old', toDomain: null, toBinding: 'new', dryRun: false };
  assert.equal((await done(site, site.server.requeue(request))).count, 1);
  assert.deepEqual((await bindings()).find(({ binding }) => binding === 'new')?.total, 1);
  site.kill();
  await done(site, site.server.flush({ domain: null, binding: 'new' }));
  site.runUntil(site.seconds + 5000);
  assert.equal(site.received.length, 1);
});

test('a header filter takes the messages that have the line, and no others', async () => {
  const { site } = siteOf(HELD);
  for (const rcpt of ['<a@example.com>', '<b@example.com>']) site.submit('<news@sender.example>', rcpt);
  const fail = (name: string, line: string) =>
    site.server.failDomain({ ...ANY, header: { name, line }, quiet: true, reply: '554 x', dryRun: false });
  assert.equal((await done(site, fail('subject', 'News'))).count, 0);
  assert.equal((await done(site, fail('subject', 'news'))).count, 2);
  assert.equal(site.open, 0);
});

test('an action on many messages lets others have turns in between, a few hundred messages each', async () => {
  const { site } = siteOf(HELD);
  const rcpts = Array.from({ length: 100 }, (_, index) => `<r${index}@example.com>`);
  for (let count = 0; count < 12; count++) site.submit('<news@sender.example>', ...rcpts);
  const outcome = await done(site, site.server.failDomain({ ...ANY, quiet: true, reply: '554 x', dryRun: false }));
  assert.equal(outcome.count, 1200);
  const perTurn = Map.groupBy(site.main('P'), ({ atSeconds }) => atSeconds);
  assert.ok(perTurn.size >= 4, `${perTurn.size} turns`);
  for (const lines of perTurn.values()) assert.ok(lines.length <= 350, `${lines.length} in one turn`);
});

test('the name service on the console: an answer is kept, a route is renewed', async () => {
  const { site } = siteOf(HELD);
  const { dns } = site.server;
  assert.equal(await dns.lookup('example.com', 'A'), null);
  await dns.submit('example.com', 'A');
  await dns.dig('bar.com');
  assert.equal(await dns.refresh('example.com'), null);
  site.submit('<news@sender.example>', '<a@example.com>');
  site.runUntil(site.seconds + 1);
  const kept = await dns.lookup('example.com', 'A');
  assert.ok(kept?.answer.kind === 'addresses' && kept.ttlSeconds <= 60);
  assert.equal((await collectPages(dns.kept())).length, 1);
  assert.equal(await dns.refresh('example.com'), 1);
  site.runUntil(site.seconds + 61);
  assert.equal(await dns.lookup('example.com', 'A'), null, 'its life is over');
  assert.deepEqual(await dns.lookupFigures(), { lookups: 3, hits: 1 });
  assert.ok((await dns.refresh(null))! >= 1);
});

test('domain shows what dig looked up, without any mail', async () => {
  const { site } = siteOf('', () => '450 later');
  assert.equal(await site.server.domain('example.com'), null);
  await site.server.dns.dig('example.com');
  site.runUntil(site.seconds + 1);
  const found = await site.server.domain('example.com');
  assert.ok(found !== null && found.exchangers.length > 0 && found.ttlSeconds > 0);
  assert.deepEqual(found.exchangers[0]!.addresses[0]!.isNext, true);
  assert.deepEqual([found.active, found.delayed, found.consecutiveFailures, found.sessions], [0, 0, 0, []]);
  assert.equal(await site.server.domain('foo.com'), null, 'nobody asked for that one');
  for (let index = 0; index < 100; index++) await site.server.dns.dig(`d${index}.example`);
  assert.equal(await site.server.domain('example.com'), null, 'a hundred are kept');
  await site.server.dns.dig('example.com');
  site.runUntil(site.seconds + 1);
  assert.notEqual(await site.server.domain('example.com'), null);
  site.submit('<news@sender.example>', '<a@foo.com>'); // its retries make time pass
  site.runUntil(site.seconds + 3600);
  assert.equal(await site.server.domain('example.com'), null, 'its life is over');
});

test('domain does not show a route that only others asked for', async () => {
  const { site } = siteOf('Routes = ( "192.0.2.25" )\n');
  site.submit('<news@sender.example>', '<a@foo.com>');
  site.runUntil(site.seconds + 1);
  assert.equal(await site.server.domain('hotmale.com'), null);
});

test('property: whatever is moved, delayed and flushed, through stops and deaths, every message arrives in the end', async () => {
  const domains = ['example.com', 'foo.com', 'bar.com'] as const;
  const domain = fc.constantFrom(...domains);
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('submit' as const), domain, count: fc.integer({ min: 1, max: 3 }) }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('move' as const), domain, to: domain }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('delay' as const), domain }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('flush' as const), domain }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('kill' as const, 'restart' as const) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const { site, options } = siteOf(domains.map((name) => `Domain ${name} { Suspend_Delivery = true }\n`).join(''));
      const placeOf = new Map<string, string>();
      const holds = (name: string): string[] =>
        [...placeOf].filter(([, place]) => place === name).map(([rcpt]) => rcpt);
      for (const one of steps) {
        if (one.kind === 'submit') {
          const rcpts = Array.from({ length: one.count }, (_, index) => `r${placeOf.size + index}@${one.domain}`);
          site.submit('<news@sender.example>', ...rcpts.map((rcpt) => `<${rcpt}>`));
          for (const rcpt of rcpts) placeOf.set(rcpt, one.domain);
        } else if (one.kind === 'move') {
          const request = { ...ANY, domain: one.domain, toDomain: one.to, toBinding: null, dryRun: false };
          const { count } = await done(site, site.server.requeue(request));
          const moved = one.domain === one.to ? [] : holds(one.domain);
          assert.equal(count, moved.length);
          for (const rcpt of moved) placeOf.set(rcpt, one.to);
        } else if (one.kind === 'delay') {
          await done(site, site.server.delay({ ...ANY, domain: one.domain, delayMs: 30_000_000 }));
        } else if (one.kind === 'flush') {
          await done(site, site.server.flush({ domain: one.domain, binding: null }));
        } else if (one.kind === 'kill') site.kill();
        else site.restart();
        for (const name of domains) {
          const list = { domain: name, binding: null, queue: null };
          const found = await collectPages(site.server.messages(list, 1000, 0));
          assert.deepEqual(found.map((row) => row.recipient).sort(), holds(name).sort());
          assert.equal(await site.server.countMessages(list), found.length);
        }
      }
      options.configuration = '';
      site.restart();
      await done(site, site.server.flush({ domain: null, binding: null }));
      site.runUntil(site.seconds + 60);
      const arrived = site.received.map(({ rcpt }) => rcpt.slice(1, -1)).sort();
      assert.deepEqual(arrived, [...placeOf.keys()].sort());
      assert.equal(site.open, 0);
    }),
    { numRuns: 25 },
  );
});

for (const [id, name, line, expected] of [
  ['a whole line', 'Subject', 'first part', true],
  ['without case in the name', 'SUBJECT', 'first part', true],
  ['with case in the line', 'Subject', 'First part', false],
  ['a part of a line', 'Subject', 'first', false],
  ['a folded line with its blank', 'Subject', '\tsecond part', true],
  ['a folded line without it', 'Subject', 'second part', false],
  ['a folded line of another field', 'X-Other', '\tsecond part', false],
  ['the second of two fields', 'Received', 'by b', true],
  ['blanks behind the colon do not count', 'X-Other', 'value ', true],
  ['a name that another begins with', 'X', 'value ', false],
  ['octets of UTF-8', 'X-Name', 'Zoë', true],
  ['octets of Latin-1', 'X-Latin', 'Zoë', true],
  ['an empty line of a field', 'X-Empty', '', true],
] as const) {
  test(`header lines: ${id}`, () => {
    const section =
      'Received: by a\r\nSubject: first part\r\n\tsecond part\r\nReceived: by b\r\nX-Other:  value \r\nX-Name: Zo\u00c3\u00ab\r\nX-Latin: Zo\u00eb\r\nX-Empty:\r\n';
    assert.equal(hasHeaderLine(section, { name, line }), expected);
  });
}
