// RFC 5321 section 5.1: an exchanger that is this server is left out, with all that are level with it or behind it, so that
// mail does not come back; without another one it fails. This server is [192.0.2.1]:25 and me.example at port 25 here.
import assert from 'node:assert/strict';
import test from 'node:test';
import { parseIpBlock } from '../base/ip-address.ts';
import type { DnsAnswer } from './dns-answer.ts';
import { PROHIBITED_REPLY } from './route-assembly.ts';
import { RouteLookup } from './route-lookup.ts';
import { NO_POLICY, type RoutePolicy } from './route-policy.ts';
import type { RouteRequest } from './route-request.ts';

const POLICY: RoutePolicy = {
  ...NO_POLICY,
  isOwn: (address, port) => port === 25 && (address === '192.0.2.1' || address === '192.0.2.2'),
};
const mx = (...records: readonly (readonly [number, string])[]): DnsAnswer => ({
  kind: 'mx',
  records: records.map(([preference, exchange]) => ({ preference, exchange })),
  ttlSeconds: 300,
});
const at = (...addresses: string[]): DnsAnswer => ({ kind: 'addresses', addresses, ttlSeconds: 300 });
const SILENT: DnsAnswer = { kind: 'unavailable', reason: 'timeout' };
const HOSTS: Record<string, DnsAnswer> = {
  'own.example A': at('192.0.2.1'),
  'own.example MX': { kind: 'noData', ttlSeconds: 300 },
  'me.example A': at('192.0.2.2'),
  'one.example A': at('192.0.2.11'),
  'two.example A': at('192.0.2.12'),
  'three.example A': at('192.0.2.13'),
  'both.example A': at('192.0.2.14', '192.0.2.1'),
  'silent.example A': SILENT,
  'plain.example MX': { kind: 'noData', ttlSeconds: 300 },
  'plain.example A': at('192.0.2.1'),
};
const loop = (host: string, address = '192.0.2.1'): string =>
  `554 5.4.6 [internal] Mail loop: the route leads back to this server (${host} [${address}]:25); give the domain Routes, or take this server out of its exchangers`;
const LOOP = loop('own.example');

type Row = readonly [id: string, exchangers: DnsAnswer | null, expected: string, change?: Partial<RouteRequest>];
const ROWS: readonly Row[] = [
  ['it is not among them', mx([10, 'one.example'], [20, 'two.example']), '10 one.example, 20 two.example'],
  ['it is the only one', mx([10, 'own.example']), LOOP],
  ['it is the best one', mx([10, 'own.example'], [20, 'one.example']), LOOP],
  ['it is the worst one', mx([10, 'one.example'], [20, 'own.example']), '10 one.example; own.example'],
  [
    'it is between others',
    mx([10, 'one.example'], [20, 'own.example'], [30, 'two.example']),
    '10 one.example; own.example',
  ],
  [
    'another is level with it',
    mx([10, 'one.example'], [20, 'two.example'], [20, 'own.example']),
    '10 one.example; own.example',
  ],
  ['all are level with it', mx([10, 'one.example'], [10, 'own.example']), LOOP],
  ['it is there twice', mx([10, 'one.example'], [20, 'own.example'], [15, 'me.example']), '10 one.example; me.example'],
  ['at another address', mx([10, 'me.example'], [20, 'one.example']), loop('me.example', '192.0.2.2')],
  ['one of two addresses of a host', mx([10, 'one.example'], [20, 'both.example']), '10 one.example; both.example'],
  [
    'at another port it is somebody else',
    mx([10, 'own.example'], [20, 'me.example']),
    '10 own.example, 20 me.example',
    { port: 2525 },
  ],
  ['a better one that nobody answers for may have room', mx([10, 'silent.example'], [20, 'own.example']), '451'],
  ['a worse one that nobody answers for would be left out', mx([10, 'own.example'], [20, 'silent.example']), LOOP],
  ['the address of a domain without exchangers', null, loop('plain.example'), { domain: 'plain.example' }],
  ['an address literal', null, loop('192.0.2.1'), { domain: '[192.0.2.1]' }],
  ['a gateway', null, loop('192.0.2.1'), { gateway: '192.0.2.1' }],
  ['a gateway at another port', null, '0 192.0.2.1', { gateway: '192.0.2.1:2525' }],
  ['a gateway by name', null, loop('own.example'), { gateway: 'own.example' }],
  ['a route by address', null, loop('192.0.2.1'), { routes: ['192.0.2.1'] }],
  ['routes: one before it', null, '0 192.0.2.11; 192.0.2.1', { routes: ['192.0.2.11', '192.0.2.1', '192.0.2.12'] }],
  ['routes: at another port', null, '0 192.0.2.1', { routes: ['smtp://192.0.2.1?port=26'] }],
  [
    'routes: an item whose exchangers it is among',
    mx([10, 'one.example'], [20, 'own.example'], [30, 'two.example']),
    '0 192.0.2.9, 1 one.example; own.example',
    { routes: ['192.0.2.9', '__mx__', '192.0.2.10'] },
  ],
  [
    'what is prohibited comes first',
    mx([10, 'own.example']),
    PROHIBITED_REPLY,
    { policy: { ...POLICY, prohibitedHosts: [parseIpBlock('192.0.2.0/24')!] } },
  ],
  [
    'what is skipped counts all the same',
    mx([10, 'own.example'], [20, 'one.example']),
    LOOP,
    { policy: { ...POLICY, skipHosts: [parseIpBlock('192.0.2.1')!] } },
  ],
];
for (const [id, exchangers, expected, change = {}] of ROWS) {
  test(`this server as an exchanger: ${id}`, () => {
    const request = {
      domain: 'a.example',
      gateway: null,
      routes: [],
      port: 25,
      useIpv6: false,
      policy: POLICY,
      ...change,
    };
    const zone: Record<string, DnsAnswer> = exchangers === null ? HOSTS : { ...HOSTS, 'a.example MX': exchangers };
    const lookup = new RouteLookup(request);
    const open = [...lookup.begin()];
    for (let next = open.shift(); next !== undefined; next = open.shift())
      open.push(...lookup.answered(next, zone[`${next.name} ${next.type}`] ?? { kind: 'noName', ttlSeconds: 300 }));
    const { route } = lookup.result!;
    if (route.kind === 'unroutable') assert.ok(route.reply.startsWith(expected), route.reply);
    else {
      const hosts = route.candidates.map(({ preference, host }) => `${preference} ${host}`).join(', ');
      assert.equal(`${hosts}${route.ownHost === undefined ? '' : `; ${route.ownHost}`}`, expected);
    }
  });
}

test('while others are looked up nothing is opened to what stands behind this server', () => {
  const lookup = new RouteLookup({
    domain: 'a.example',
    gateway: null,
    routes: [],
    port: 25,
    useIpv6: false,
    policy: POLICY,
    takesFirst: true,
  });
  const hosts = (): string[] => lookup.soFar?.candidates.map(({ host }) => host) ?? [];
  lookup.begin();
  const exchangers = mx([10, 'one.example'], [20, 'two.example'], [25, 'own.example'], [30, 'three.example']);
  lookup.answered({ name: 'a.example', type: 'MX' }, exchangers);
  const shown = ['three', 'two', 'own', 'one'].map((name) => {
    lookup.answered({ name: `${name}.example`, type: 'A' }, HOSTS[`${name}.example A`]!);
    return hosts();
  });
  assert.deepEqual(shown, [['three.example'], ['two.example', 'three.example'], ['two.example'], []]);
  const { route } = lookup.result!;
  assert.ok(route.kind === 'hosts');
  assert.deepEqual(
    [route.candidates.map(({ host }) => host), route.ownHost],
    [['one.example', 'two.example'], 'own.example'],
  );
});
