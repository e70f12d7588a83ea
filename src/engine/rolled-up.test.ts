// Domains with an exchanger in common under one name, at the real engine: one limit, one queue, and records that tell whose
// mail it was.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualSite } from '../../test/support/virtual-site.ts';
import { collectPages } from '../core/console/pages.ts';

const POOL = [{ preference: 10, exchange: 'mx.pool.example' }];
const EXCHANGES = new Map(['example.com', 'bar.com', 'pool.example'].map((domain) => [domain, POOL]));
const ROLLED = 'Host "mx.pool.example" { Rollup_MX = true Rollup_MX_Name = "pool.example" }\n';
const HELD = 'Domain "pool.example" { Suspend_Delivery = true }\n';

function siteOf(configuration: string, answer: (rcpt: string) => string = () => '250 ok') {
  const options = { configuration, answer, exchanges: EXCHANGES };
  return { options, site: new VirtualSite(options) };
}

/** `domain active delayed` of queues with mail. */
const queuesOf = async (site: VirtualSite): Promise<string[]> =>
  (await collectPages(site.server.queues()))
    .filter(({ active, delayed }) => active + delayed > 0)
    .map(({ domain, active, delayed }) => `${domain} ${active} ${delayed}`);

const recipients = (domain: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `<u${index}@${domain}>`);

/** One message with a hundred recipients for each of them. */
function submit(site: VirtualSite, ...domains: readonly string[]): void {
  for (const domain of domains) site.submit('<news@sender.example>', ...recipients(domain, 100));
}

/** A hundred messages for each of them, each of which wants a connection. */
function submitEach(site: VirtualSite, ...domains: readonly string[]): void {
  for (const domain of domains) for (const rcpt of recipients(domain, 100)) site.submit('<news@sender.example>', rcpt);
}

const limited = (limit: number): string => `${ROLLED}Domain "pool.example" { Max_Outbound_Connections = ${limit} }\n`;

test('two domains with one exchanger share one limit: reached, not passed, also when it is lowered', async () => {
  const { options, site } = siteOf(ROLLED + HELD);
  submitEach(site, 'example.com', 'bar.com', 'example.com', 'bar.com');
  site.runUntil(site.seconds + 1);
  assert.deepEqual(await queuesOf(site), ['pool.example 400 0']);
  assert.deepEqual([site.received.length, site.connectionsPeak], [0, 0], 'moved before any connection');
  options.configuration = limited(4);
  site.reload();
  while (site.received.length < 100) site.runUntil(site.seconds + 0.001);
  assert.deepEqual([site.connections, site.connectionsPeak], [4, 4]);
  options.configuration = limited(2);
  site.reload();
  while (site.connections > 2) site.runUntil(site.seconds + 0.001);
  assert.ok(site.received.length < 300, 'surplus connections leave after their message');
  site.connectionsPeak = site.connections;
  submitEach(site, 'bar.com', 'example.com');
  site.runUntil(site.seconds + 60);
  assert.deepEqual([site.received.length, site.connectionsPeak, site.open], [600, 2, 0]);
});

test('without the option each of them has the limit for itself', () => {
  const each = 'Max_Outbound_Connections = 2\n';
  const held = 'Domain "/^(example|bar).com$/" { Suspend_Delivery = true }\n';
  const { options, site } = siteOf(each + held);
  submitEach(site, 'example.com', 'bar.com');
  options.configuration = each;
  site.reload();
  site.runUntil(site.seconds + 60);
  assert.deepEqual([site.received.length, site.connectionsPeak], [200, 4]);
});

test('receptions name the domain of the recipient, deliveries the one that the mail was queued under', () => {
  const { site } = siteOf(ROLLED, (rcpt) => (rcpt.includes('bad') ? '550 5.1.1 unknown' : '250 ok'));
  site.submit('<news@sender.example>', '<good@example.com>', '<bad@bar.com>');
  site.runUntil(site.seconds + 1);
  const fields = (type: string, first: number, end: number): string[] =>
    site.main(type).map(({ text }) => text.split('@').slice(first, end).join('@'));
  assert.deepEqual(fields('R', 5, 7).slice(0, 2).sort(), ['bad@bar.com', 'good@example.com']);
  assert.deepEqual(fields('P', 5, 6), ['pool.example']);
  assert.equal(fields('D', 5, 6)[0], 'pool.example');
  assert.deepEqual(
    site.attempts.map(({ rcpt }) => rcpt).filter((rcpt) => !rcpt.includes('news')),
    ['<good@example.com>', '<bad@bar.com>'],
  );
});

for (const end of ['kill', 'restart'] as const) {
  test(`mail keeps its place through a ${end}, also without the option`, async () => {
    const { options, site } = siteOf(ROLLED + HELD);
    submit(site, 'example.com', 'bar.com');
    site.runUntil(site.seconds + 1);
    options.configuration = HELD;
    site[end]();
    site.runUntil(site.seconds + 1);
    assert.deepEqual(await queuesOf(site), ['pool.example 200 0']);
    options.configuration = '';
    site.reload();
    site.runUntil(site.seconds + 60);
    assert.deepEqual([site.received.length, site.open], [200, 0]);
  });
}

test('mail that waits when the option is set moves, what is delayed when it is due', async () => {
  let reply = '450 later';
  const { options, site } = siteOf('', () => reply);
  submit(site, 'bar.com');
  site.runUntil(site.seconds + 1);
  assert.deepEqual(await queuesOf(site), ['bar.com 0 100']);
  options.configuration = ROLLED + HELD;
  reply = '250 ok';
  site.reload();
  submit(site, 'example.com', 'bar.com', 'pool.example');
  site.runUntil(site.seconds + 1);
  assert.deepEqual(await queuesOf(site), ['bar.com 0 100', 'pool.example 300 0']);
  site.runUntil(site.seconds + 3600);
  assert.deepEqual(await queuesOf(site), ['pool.example 400 0']);
});

test('much mail moves over several turns, and nothing of it goes out from where it was', async () => {
  const held = 'Domain "bar.com" { Suspend_Delivery = true }\n';
  const { options, site } = siteOf(held);
  for (let round = 0; round < 20; round++) submit(site, 'bar.com');
  assert.deepEqual(await queuesOf(site), ['bar.com 2000 0']);
  options.configuration = ROLLED + HELD;
  site.reload();
  site.runUntil(site.seconds + 0.004);
  const [own = '', pool = ''] = await queuesOf(site);
  assert.match(own, /^bar\.com [1-9]\d* 0$/);
  assert.match(pool, /^pool\.example [1-9]\d* 0$/);
  assert.equal((await site.server.why('default', 'bar.com'))?.reason.kind, 'route');
  site.runUntil(site.seconds + 1);
  assert.deepEqual([await queuesOf(site), site.connectionsPeak], [['pool.example 2000 0'], 0]);
});

for (const [title, configuration] of [
  ['Routes', 'Domain "bar.com" { Routes = ( "192.0.2.25" ) }\n'],
  ['a gateway', 'Domain "bar.com" { Gateway = "example.com" }\n'],
] as const) {
  test(`mail of a domain with ${title} stays out of it`, async () => {
    const { site } = siteOf(ROLLED + HELD + configuration);
    submit(site, 'bar.com');
    site.runUntil(site.seconds + 60);
    assert.deepEqual([site.received.length, await queuesOf(site)], [100, []]);
  });
}

test('two exchangers that name each other’s domain: nothing goes in a circle', () => {
  const [mine, yours] = ['example.com', 'bar.com'];
  const circle = `Host "${mine}" { Rollup_MX = true Rollup_MX_Name = "${yours}" }
Host "${yours}" { Rollup_MX = true Rollup_MX_Name = "${mine}" }
Host "foo.com" { Rollup_MX = true Rollup_MX_Name = "${mine}" }\n`;
  const site = new VirtualSite({ configuration: circle, answer: () => '250 ok' });
  submit(site, mine, yours, 'foo.com');
  site.runUntil(site.seconds + 60);
  const deliveredTo = site.main('D').map(({ text }) => text.split('@')[5]);
  assert.deepEqual(
    [mine, yours, 'foo.com'].map((name) => deliveredTo.filter((domain) => domain === name).length),
    [200, 100, 0],
  );
});
