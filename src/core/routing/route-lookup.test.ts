import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { parseIpBlock } from '../base/ip-address.ts';
import type { Candidate } from '../mail/hosts.ts';
import type { DnsAnswer } from './dns-answer.ts';
import { ADDRESSES_PER_HOST_MAX } from './host-lookup.ts';
import { IMPOSSIBLE_NAME_REPLY, type LookupResult, NO_HOST_REPLY, NULL_MX_REPLY } from './route-assembly.ts';
import { type Question, RouteLookup } from './route-lookup.ts';
import { NO_POLICY } from './route-policy.ts';
import type { RouteRequest } from './route-request.ts';
import { EXCHANGES_MAX } from './usable-exchanges.ts';

type Zone = Readonly<Record<string, DnsAnswer>>;

const mx = (ttlSeconds: number, ...records: readonly (readonly [number, string])[]): DnsAnswer => ({
  kind: 'mx',
  records: records.map(([preference, exchange]) => ({ preference, exchange })),
  ttlSeconds,
});
const at = (ttlSeconds: number, ...addresses: string[]): DnsAnswer => ({ kind: 'addresses', addresses, ttlSeconds });
const noData = (ttlSeconds: number): DnsAnswer => ({ kind: 'noData', ttlSeconds });
const noName = (ttlSeconds: number): DnsAnswer => ({ kind: 'noName', ttlSeconds });
const SILENT: DnsAnswer = { kind: 'unavailable', reason: 'timeout' };

function request(change: Partial<RouteRequest> = {}): RouteRequest {
  return { domain: 'example.com', gateway: null, routes: [], port: 25, useIpv6: false, policy: NO_POLICY, ...change };
}

/** Runs a lookup; `take` picks which open question is answered next. Names the zone does not know do not exist. */
function lookUp(of: RouteRequest, zone: Zone, take: (open: Question[]) => number = () => 0): [LookupResult, string[]] {
  const lookup = new RouteLookup(of);
  const open = [...lookup.begin()];
  const asked = open.map(textOf);
  while (open.length > 0) {
    assert.equal(lookup.result, null, 'no result while a question is open');
    const [question] = open.splice(take(open), 1) as [Question];
    const further = lookup.answered(question, zone[textOf(question)] ?? noName(900));
    open.push(...further);
    asked.push(...further.map(textOf));
  }
  assert.ok(lookup.result !== null);
  return [lookup.result, asked];
}

const textOf = ({ name, type }: Question): string => `${name} ${type}`;

/** `preference host [address]:port` of each candidate and the TTL; or the reply and its TTL. */
function shown({ kind, route }: LookupResult): string {
  const ttl = `${route.ttlMs / 1000} s`;
  const text =
    route.kind === 'unroutable'
      ? route.reply
      : route.candidates.map((one) => `${one.preference} ${one.host} [${one.address}]${portOf(one)}`).join(', ');
  return `${kind === 'found' ? '' : `${kind}: `}${text}; ${ttl}`;
}
const portOf = ({ port }: Candidate): string => (port === 25 ? '' : `:${port}`);

const EXAMPLE: Zone = {
  'example.com MX': mx(3600, [20, 'MX2.example.com.'], [10, 'mx1.example.com']),
  'mx1.example.com A': at(300, '192.0.2.1', '192.0.2.2'),
  'mx2.example.com A': at(600, '192.0.2.3'),
  'mx1.example.com AAAA': at(200, '2001:db8:0::1'),
  'mx2.example.com AAAA': noData(5),
  'relay.example A': at(400, '192.0.2.9'),
  'relay.example MX': noData(7000),
};

const UNANSWERED = 'unavailable: 451 4.4.3 [internal] DNS lookup was not answered (timeout); 30 s';

/** RFC 2308 section 2.1: no such name is said of the last name of the chain. */
const dangling = (canonicalName: string): DnsAnswer => ({ kind: 'noName', ttlSeconds: 70, canonicalName, aliases: 1 });
const DANGLING = { 'example.com MX': dangling('gone.example') };
const GONE = '554 5.4.4 [internal] the domain is an alias of gone.example, which does not exist; 70 s';
const DANGLING_ROWS: readonly (readonly [string, Partial<RouteRequest>, Zone, string])[] = [
  ['an alias of a name that does not exist is an error for good', {}, DANGLING, GONE],
  ['the same behind __mx__', { routes: ['__mx__'] }, DANGLING, GONE],
  [
    'beside a route that leads somewhere',
    { routes: ['__mx__', '192.0.2.9'] },
    DANGLING,
    '1 192.0.2.9 [192.0.2.9]; 70 s',
  ],
  [
    'beside a route that leads nowhere, which may come back',
    { routes: ['__mx__', 'gone.example'] },
    DANGLING,
    `${NO_HOST_REPLY}; 70 s`,
  ],
  [
    'beside a route that nobody answers for',
    { routes: ['__mx__', 'silent.example'] },
    { ...DANGLING, 'silent.example A': SILENT },
    UNANSWERED,
  ],
  [
    'a gateway of the operator may come back',
    { gateway: 'relay.example' },
    { 'relay.example MX': dangling('gone.example') },
    `${NO_HOST_REPLY}; 70 s`,
  ],
  [
    'an exchanger that is an alias of nothing is one without addresses',
    {},
    { 'example.com MX': mx(60, [5, 'a.example']), 'a.example A': dangling('gone.example') },
    `${NO_HOST_REPLY}; 60 s`,
  ],
  [
    'what the alias is of is a stranger’s word',
    {},
    { 'example.com MX': dangling('a\r\n250 ok') },
    '554 5.4.4 [internal] the domain is an alias of a??250 ok, which does not exist; 70 s',
  ],
];

for (const [id, change, zone, expected] of [
  [
    'exchangers in order of preference',
    {},
    EXAMPLE,
    '10 mx1.example.com [192.0.2.1], 10 mx1.example.com [192.0.2.2], 20 mx2.example.com [192.0.2.3]; 300 s',
  ],
  [
    'IPv6 only with use_ipv6; an absent AAAA beside an A shortens nothing',
    { useIpv6: true },
    EXAMPLE,
    '10 mx1.example.com [192.0.2.1], 10 mx1.example.com [192.0.2.2], 10 mx1.example.com [2001:db8::1], 20 mx2.example.com [192.0.2.3]; 200 s',
  ],
  ['Remote_SMTP_Port', { domain: 'relay.example', port: 2525 }, EXAMPLE, '0 relay.example [192.0.2.9]:2525; 400 s'],
  [
    'no MX: the domain itself, for a negative TTL of at most an hour',
    { domain: 'relay.example' },
    { ...EXAMPLE, 'relay.example A': at(9000, '192.0.2.9') },
    '0 relay.example [192.0.2.9]; 3600 s',
  ],
  [
    'equal preferences stay equal',
    {},
    {
      'example.com MX': mx(60, [5, 'a.example'], [5, 'b.example']),
      'a.example A': at(60, '192.0.2.1'),
      'b.example A': at(60, '192.0.2.2'),
    },
    '5 a.example [192.0.2.1], 5 b.example [192.0.2.2]; 60 s',
  ],
  [
    'an exchange without addresses is left out, and asked for again as its absence says',
    {},
    {
      'example.com MX': mx(60, [5, 'a.example'], [9, 'b.example']),
      'a.example A': noData(40),
      'b.example A': at(50, '192.0.2.2'),
    },
    '9 b.example [192.0.2.2]; 40 s',
  ],
  [
    'an exchange that was not answered for is left out for a minute',
    {},
    {
      'example.com MX': mx(600, [5, 'a.example'], [9, 'b.example']),
      'a.example A': SILENT,
      'b.example A': at(500, '192.0.2.2'),
    },
    '9 b.example [192.0.2.2]; 60 s',
  ],
  [
    'an exchange with an address family that was not answered for is used for a minute',
    { useIpv6: true, domain: 'relay.example' },
    { ...EXAMPLE, 'relay.example AAAA': SILENT },
    '0 relay.example [192.0.2.9]; 60 s',
  ],
  [
    'no exchange was answered for',
    {},
    { 'example.com MX': mx(600, [5, 'a.example']), 'a.example A': SILENT },
    UNANSWERED,
  ],
  [
    'one exchange was not answered for, the other has no address',
    {},
    { 'example.com MX': mx(600, [5, 'a.example'], [6, 'b.example']), 'a.example A': SILENT },
    UNANSWERED,
  ],
  [
    'MX was not answered: the address is not asked for',
    {},
    { 'example.com MX': SILENT, 'example.com A': at(60, '192.0.2.1') },
    UNANSWERED,
  ],
  ['no name', { domain: 'nowhere.example' }, EXAMPLE, `${NO_HOST_REPLY}; 900 s`],
  ['no name, with a negative TTL of a day', {}, { 'example.com MX': noName(86_400) }, `${NO_HOST_REPLY}; 3600 s`],
  [
    'neither MX nor address',
    {},
    { 'example.com MX': noData(50), 'example.com A': noData(70) },
    `${NO_HOST_REPLY}; 50 s`,
  ],
  [
    'TTL 0 is a second',
    {},
    { 'example.com MX': noData(60), 'example.com A': at(0, '192.0.2.1') },
    '0 example.com [192.0.2.1]; 1 s',
  ],
  [
    'a TTL above a week',
    {},
    { 'example.com MX': mx(2 ** 31 - 1, [1, '192.0.2.7']) },
    '1 192.0.2.7 [192.0.2.7]; 604800 s',
  ],
  ['null MX', {}, { 'example.com MX': mx(60, [0, '.']) }, `${NULL_MX_REPLY}; 60 s`],
  [
    'null MX beside another: left out',
    {},
    { 'example.com MX': mx(60, [0, '.'], [5, 'relay.example']), 'relay.example A': at(70, '192.0.2.9') },
    '5 relay.example [192.0.2.9]; 60 s',
  ],
  [
    'exchanges that are no names',
    {},
    { 'example.com MX': mx(60, [0, 'a b'], [0, 'x..y'], [0, 'x'.repeat(64)]) },
    `${NO_HOST_REPLY}; 60 s`,
  ],
  [
    'an exchange that is an address',
    {},
    { 'example.com MX': mx(60, [3, '::ffff:192.0.2.7'], [4, '192.0.2.8']) },
    '3 ::ffff:192.0.2.7 [192.0.2.7], 4 192.0.2.8 [192.0.2.8]; 60 s',
  ],
  [
    'an exchange that is named twice keeps its better preference',
    {},
    {
      'example.com MX': mx(60, [30, 'Relay.Example'], [10, 'relay.example']),
      'relay.example A': at(70, '192.0.2.9', '192.0.2.9', 'junk'),
    },
    '10 relay.example [192.0.2.9]; 60 s',
  ],
  [
    'only junk for addresses',
    {},
    { 'example.com MX': noData(60), 'example.com A': at(70, 'junk') },
    `${NO_HOST_REPLY}; 60 s`,
  ],
  [
    'a mapped address is the IPv4 address that it is',
    { useIpv6: true },
    {
      'example.com MX': noData(60),
      'example.com A': at(60, '192.0.2.1'),
      'example.com AAAA': at(60, '::ffff:192.0.2.1'),
    },
    '0 example.com [192.0.2.1]; 60 s',
  ],
  [
    'an answer of another kind',
    {},
    { 'example.com MX': at(60, '192.0.2.1') },
    'unavailable: 451 4.4.3 [internal] DNS lookup was not answered (an answer without MX records); 30 s',
  ],
  [
    'a domain that is an alias: the exchangers of what it stands for, under their own names',
    {},
    {
      'example.com MX': { ...mx(60, [5, 'a.example']), canonicalName: 'other.example', aliases: 1 } as DnsAnswer,
      'a.example A': at(50, '192.0.2.1'),
    },
    '5 a.example [192.0.2.1]; 50 s',
  ],
  [
    'a domain that is an alias of a name without exchangers: the addresses of that, under its own name',
    {},
    {
      'example.com MX': noData(60),
      'example.com A': { ...at(50, '192.0.2.1'), canonicalName: 'other.example', aliases: 1 } as DnsAnswer,
    },
    '0 example.com [192.0.2.1]; 50 s',
  ],
  [
    'an exchanger that is an alias is used under its own name, so that limits of a Host stanza find it',
    {},
    {
      'example.com MX': mx(60, [5, 'a.example']),
      'a.example A': { ...at(50, '192.0.2.1'), canonicalName: 'b.example', aliases: 1 } as DnsAnswer,
    },
    '5 a.example [192.0.2.1]; 50 s',
  ],
  ...DANGLING_ROWS,
  ['IPv4 literal', { domain: '[192.0.2.1]' }, {}, '0 192.0.2.1 [192.0.2.1]; 3600 s'],
  ['IPv6 literal, also without use_ipv6', { domain: '[ipv6:2001:DB8::1]' }, {}, '0 2001:db8::1 [2001:db8::1]; 3600 s'],
  ['a bare address', { domain: '192.0.2.1' }, {}, '0 192.0.2.1 [192.0.2.1]; 3600 s'],
  ['a literal of nothing', { domain: '[300.0.0.1]' }, {}, `${IMPOSSIBLE_NAME_REPLY}; 3600 s`],
  ['a name that cannot exist', { domain: 'a..b' }, {}, `${IMPOSSIBLE_NAME_REPLY}; 3600 s`],
  [
    'gateway with exchangers',
    { domain: 'other.example', gateway: 'Example.com:26' },
    EXAMPLE,
    '10 mx1.example.com [192.0.2.1]:26, 10 mx1.example.com [192.0.2.2]:26, 20 mx2.example.com [192.0.2.3]:26; 300 s',
  ],
  ['gateway without exchangers', { gateway: 'relay.example' }, EXAMPLE, '0 relay.example [192.0.2.9]; 400 s'],
  [
    'gateway that is an address',
    { gateway: '[2001:db8::9]:26', routes: ['relay.example'] },
    EXAMPLE,
    '0 2001:db8::9 [2001:db8::9]:26; 3600 s',
  ],
  [
    'routes: list order',
    { routes: ['relay.example', '192.0.2.7', 'mx2.example.com'] },
    EXAMPLE,
    '0 relay.example [192.0.2.9], 1 192.0.2.7 [192.0.2.7], 2 mx2.example.com [192.0.2.3]; 400 s',
  ],
  [
    'routes: preferences',
    { routes: ['smtp://192.0.2.7?pref=10', 'smtp://192.0.2.6?pref=5&port=26', 'smtp://192.0.2.8?pref=10'] },
    {},
    '5 192.0.2.6 [192.0.2.6]:26, 10 192.0.2.7 [192.0.2.7], 10 192.0.2.8 [192.0.2.8]; 3600 s',
  ],
  [
    'routes: an item without a preference comes behind the one before it',
    { routes: ['smtp://192.0.2.7?pref=10', '192.0.2.8'] },
    {},
    '10 192.0.2.7 [192.0.2.7], 11 192.0.2.8 [192.0.2.8]; 3600 s',
  ],
  [
    'routes: __mx__ alone is what DNS says',
    { routes: ['__mx__'] },
    EXAMPLE,
    '10 mx1.example.com [192.0.2.1], 10 mx1.example.com [192.0.2.2], 20 mx2.example.com [192.0.2.3]; 300 s',
  ],
  [
    'routes: a smart host, then the exchangers',
    { routes: ['smtp://relay.example?pref=1', '__mx__'] },
    EXAMPLE,
    '1 relay.example [192.0.2.9], 2 mx1.example.com [192.0.2.1], 2 mx1.example.com [192.0.2.2], 12 mx2.example.com [192.0.2.3]; 300 s',
  ],
  [
    'routes: every exchanger of a better item is better',
    { routes: ['__mx__', 'relay.example'] },
    EXAMPLE,
    '0 mx1.example.com [192.0.2.1], 0 mx1.example.com [192.0.2.2], 10 mx2.example.com [192.0.2.3], 11 relay.example [192.0.2.9]; 300 s',
  ],
  [
    'routes: exchangers of another name',
    { domain: 'other.example', routes: ['smtp://example.com?type=mx&port=27'] },
    EXAMPLE,
    '10 mx1.example.com [192.0.2.1]:27, 10 mx1.example.com [192.0.2.2]:27, 20 mx2.example.com [192.0.2.3]:27; 300 s',
  ],
  [
    'routes: ttl in place of what DNS says',
    { routes: ['smtp://relay.example?ttl=5000'] },
    EXAMPLE,
    '0 relay.example [192.0.2.9]; 5000 s',
  ],
  [
    'routes: the shortest of the items',
    { routes: ['smtp://relay.example?ttl=5000', 'smtp://192.0.2.7?ttl=9'] },
    EXAMPLE,
    '0 relay.example [192.0.2.9], 1 192.0.2.7 [192.0.2.7]; 9 s',
  ],
  [
    'routes: one host is enough',
    { routes: ['nowhere.example', 'relay.example'] },
    EXAMPLE,
    '1 relay.example [192.0.2.9]; 400 s',
  ],
  [
    'routes: none is there',
    { routes: ['nowhere.example', '__mx__'] },
    { 'example.com MX': mx(60, [0, '.']) },
    `${NO_HOST_REPLY}; 60 s`,
  ],
  [
    'routes: one was not answered, one is null',
    { routes: ['nowhere.example', '__mx__'] },
    { 'example.com MX': mx(60, [0, '.']), 'nowhere.example A': SILENT },
    UNANSWERED,
  ],
  [
    'routes: one cannot be read',
    { routes: ['192.0.2.7', '2001:db8::1'] },
    {},
    '451 4.3.5 [internal] routes: found "2001:db8::1"; expected a host name, an IPv4 address, an IPv6 address in brackets, __mx__ or smtp://host?pref=P&ttl=T&port=O&type=mx|a (write [2001:db8::1]); 3600 s',
  ],
] as [string, Partial<RouteRequest>, Zone, string][]) {
  test(id, () => assert.equal(shown(lookUp(request(change), zone)[0]), expected));
}

for (const [id, change, zone, expected] of [
  ['A only', {}, EXAMPLE, ['example.com MX', 'mx1.example.com A', 'mx2.example.com A']],
  [
    'A and AAAA',
    { domain: 'relay.example', useIpv6: true },
    EXAMPLE,
    ['relay.example MX', 'relay.example A', 'relay.example AAAA'],
  ],
  ['nothing after NXDOMAIN', { domain: 'nowhere.example' }, EXAMPLE, ['nowhere.example MX']],
  ['nothing for addresses', { routes: ['192.0.2.1', '[2001:db8::1]'] }, EXAMPLE, []],
  ['nothing for impossible names', { domain: 'a b' }, EXAMPLE, []],
  [
    'each name once',
    { routes: ['relay.example', 'smtp://relay.example?type=mx', '__mx__', '__mx__', 'mx1.example.com'] },
    EXAMPLE,
    ['relay.example A', 'relay.example MX', 'example.com MX', 'mx1.example.com A', 'mx2.example.com A'],
  ],
] as [string, Partial<RouteRequest>, Zone, string[]][]) {
  test(`asked: ${id}`, () => assert.deepEqual(lookUp(request(change), zone)[1].sort(), expected.sort()));
}

test('the best exchanges are used, and so many addresses of each', () => {
  const exchanges = Array.from(
    { length: 3 * EXCHANGES_MAX },
    (_, index) => [1000 - index, `mx${index}.example`] as const,
  );
  const addresses = Array.from({ length: 250 }, (_, index) => `192.0.2.${index}`);
  const zone: Zone = {
    'example.com MX': mx(60, ...exchanges),
    ...Object.fromEntries(exchanges.map(([, name]) => [`${name} A`, at(60, ...addresses)])),
  };
  const [{ route }, asked] = lookUp(request(), zone);
  assert.equal(asked.length, 1 + EXCHANGES_MAX);
  assert.ok(route.kind === 'hosts');
  assert.equal(route.candidates.length, EXCHANGES_MAX * ADDRESSES_PER_HOST_MAX);
  assert.equal(route.candidates[0]!.host, 'mx299.example');
  assert.equal(route.candidates.at(-1)!.host, 'mx200.example');
});

test('the order of the answers changes nothing but the order among equals', () => {
  const answers = fc.oneof(
    fc.constantFrom(SILENT, noData(50), noName(60)),
    fc.uniqueArray(fc.constantFrom('192.0.2.1', '192.0.2.2', '192.0.2.3')).map((list) => at(70, ...list)),
  );
  const exchanges = fc.array(fc.tuple(fc.nat(2), fc.constantFrom('a.example', 'b.example', '.', '192.0.2.9')));
  const property = fc.property(
    exchanges,
    fc.array(answers, { minLength: 4, maxLength: 4 }),
    fc.constantFrom<readonly string[]>([], ['__mx__', 'a.example'], ['smtp://b.example?pref=0', '__mx__']),
    fc.infiniteStream(fc.nat()),
    (records, [a, aaaa, b, baaaa], routes, choices) => {
      const zone: Zone = {
        'example.com MX': mx(90, ...records),
        'a.example A': a!,
        'a.example AAAA': aaaa!,
        'b.example A': b!,
        'b.example AAAA': baaaa!,
      };
      const of = request({ routes, useIpv6: true });
      const sorted = ({ route }: LookupResult): unknown =>
        route.kind === 'unroutable'
          ? route
          : route.candidates.map((one) => `${one.preference} ${one.host} ${one.address}`).sort();
      const [first] = lookUp(of, zone);
      const [second] = lookUp(of, zone, (open) => choices.next().value % open.length);
      assert.deepEqual(sorted(second), sorted(first));
      assert.equal(second.route.ttlMs, first.route.ttlMs);
      assert.ok(first.route.ttlMs >= 1000);
      if (first.route.kind === 'hosts') {
        const preferences = first.route.candidates.map(({ preference }) => preference);
        assert.deepEqual(
          preferences,
          preferences.toSorted((x, y) => x - y),
        );
        assert.ok(preferences.length > 0);
      }
    },
  );
  fc.assert(property);
});

const block = (text: string) => parseIpBlock(text)!;

for (const [id, policy, change, zone, expected] of [
  [
    'IPv6 first within a preference',
    { prefersIpv6: true },
    { useIpv6: true },
    { ...EXAMPLE, 'mx2.example.com AAAA': at(600, '2001:db8::2') },
    '10 mx1.example.com [2001:db8::1], 11 mx1.example.com [192.0.2.1], 11 mx1.example.com [192.0.2.2], 20 mx2.example.com [2001:db8::2], 21 mx2.example.com [192.0.2.3]; 200 s',
  ],
  [
    'addresses that are passed over',
    { skipHosts: [block('192.0.2.2/31')] },
    {},
    EXAMPLE,
    '10 mx1.example.com [192.0.2.1]; 300 s',
  ],
  [
    'all are passed over',
    { skipHosts: [block('192.0.2.0/24')] },
    {},
    EXAMPLE,
    '451 4.4.1 [internal] No valid hosts; 300 s',
  ],
  [
    'one address that mail never goes to',
    { prohibitedHosts: [block('192.0.2.3')] },
    {},
    EXAMPLE,
    '551 5.4.6 [internal] Private/Loopback Address; 300 s',
  ],
  [
    'a literal that mail never goes to',
    { prohibitedHosts: [block('127.0.0.0/8')] },
    { domain: '[127.0.0.1]' },
    {},
    '551 5.4.6 [internal] Private/Loopback Address; 3600 s',
  ],
  [
    'what the operator wrote is used',
    { prohibitedHosts: [block('127.0.0.0/8')], skipHosts: [block('127.0.0.0/8')] },
    { routes: ['127.0.0.1'] },
    {},
    '0 127.0.0.1 [127.0.0.1]; 3600 s',
  ],
  ['a TTL that is too short', { minTtlSeconds: 900 }, {}, EXAMPLE, /; 900 s$/],
  ['a TTL that is too long', { maxTtlSeconds: 60 }, {}, EXAMPLE, /; 60 s$/],
  ['a TTL of absence that is too short', { minTtlSeconds: 1800 }, {}, { 'example.com MX': noName(5) }, /; 1800 s$/],
] as const) {
  test(`policy: ${id}`, () => {
    const [result] = lookUp(
      request({ ...change, policy: { ...NO_POLICY, ...policy } } as Partial<RouteRequest>),
      zone as Zone,
    );
    if (typeof expected === 'string') assert.equal(shown(result), expected);
    else assert.match(shown(result), expected);
  });
}
