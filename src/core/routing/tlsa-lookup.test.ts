// What hosts promise about their certificates, as routes have it: whom it is asked of, under which name, and what becomes
// of a host that cannot be asked (RFC 7672 section 2.2).
import assert from 'node:assert/strict';
import test from 'node:test';
import type { DnsAnswer } from './dns-answer.ts';
import type { LookupResult } from './route-assembly.ts';
import { type Question, RouteLookup } from './route-lookup.ts';
import { NO_POLICY } from './route-policy.ts';
import { type RouteRequest, routeKey } from './route-request.ts';

const RECORD = { usage: 3, selector: 1, matchingType: 1, data: 'ab'.repeat(32) };
const WEB_RECORD = { ...RECORD, usage: 1 };
const mx = (...exchanges: string[]): DnsAnswer => ({
  kind: 'mx',
  records: exchanges.map((exchange, index) => ({ preference: 10 * (index + 1), exchange })),
  ttlSeconds: 300,
});
const at = (address: string, canonicalName?: string): DnsAnswer => ({
  kind: 'addresses',
  addresses: [address],
  ttlSeconds: 300,
  ...(canonicalName === undefined ? {} : { canonicalName }),
});
const tlsa = (ttlSeconds = 300, record = RECORD): DnsAnswer => ({ kind: 'tlsa', records: [record], ttlSeconds });
const proved = (answer: DnsAnswer): DnsAnswer =>
  answer.kind === 'unavailable' ? answer : { ...answer, isAuthentic: true };
const NONE: DnsAnswer = { kind: 'noName', ttlSeconds: 200 };
const SERVFAIL: DnsAnswer = { kind: 'unavailable', reason: 'SERVFAIL' };
const ALIAS: DnsAnswer = { kind: 'alias', ttlSeconds: 300 };

const request = (change: Partial<RouteRequest> = {}): RouteRequest => ({
  domain: 'example.com',
  gateway: null,
  routes: [],
  port: 25,
  useIpv6: false,
  usesDane: true,
  policy: NO_POLICY,
  ...change,
});

function lookUp(of: RouteRequest, zone: Readonly<Record<string, DnsAnswer>>): [LookupResult, string[]] {
  const lookup = new RouteLookup(of, 99);
  const open = [...lookup.begin()];
  const asked: string[] = [];
  while (open.length > 0) {
    const question = open.shift() as Question;
    const text = `${question.name} ${question.type}`;
    asked.push(text);
    open.push(...lookup.answered(question, zone[text] ?? proved(NONE)));
  }
  assert.ok(lookup.result !== null);
  return [lookup.result, asked];
}

/** `host` with what it promises: `(base: records; names)`, nothing where it promises nothing. */
function shown({ kind, route }: LookupResult): string {
  const prefix = kind === 'found' ? '' : `${kind}: `;
  if (route.kind === 'unroutable') return `${prefix}${route.reply}`;
  return route.candidates
    .map(({ host, tlsa: promise }) =>
      promise === undefined ? host : `${host} (${promise.base}: ${promise.records.length}; ${promise.names.join(' ')})`,
    )
    .join(', ');
}

const SIGNED = {
  'example.com MX': proved(mx('mx.example')),
  'mx.example A': proved(at('192.0.2.1')),
  '_25._tcp.mx.example TLSA': proved(tlsa()),
};
const PROMISE = 'mx.example (mx.example: 1; mx.example example.com)';
const UNANSWERED = '451 4.4.3 [internal] DNS lookup was not answered (TLSA of mx.example: SERVFAIL)';

interface Row {
  readonly title: string;
  readonly change?: Partial<RouteRequest>;
  readonly zone: Readonly<Record<string, DnsAnswer>>;
  readonly route: string;
  /** Questions about TLSA and CNAME. */
  readonly asked: readonly string[];
}
const ROWS: readonly Row[] = [
  { title: 'all is proved', zone: SIGNED, route: PROMISE, asked: ['_25._tcp.mx.example TLSA'] },
  { title: 'nobody wants to know', change: { usesDane: false }, zone: SIGNED, route: 'mx.example', asked: [] },
  {
    title: 'another port',
    change: { port: 2525 },
    zone: { ...SIGNED, '_2525._tcp.mx.example TLSA': proved(tlsa()) },
    route: PROMISE,
    asked: ['_2525._tcp.mx.example TLSA'],
  },
  {
    title: 'the exchangers are not proved',
    zone: { ...SIGNED, 'example.com MX': mx('mx.example') },
    route: 'mx.example',
    asked: [],
  },
  {
    title: 'the addresses are not proved',
    zone: { ...SIGNED, 'mx.example A': at('192.0.2.1'), '_25._tcp.mx.example TLSA': SERVFAIL },
    route: 'mx.example',
    asked: [],
  },
  {
    title: 'one of two families is not proved',
    change: { useIpv6: true },
    zone: { ...SIGNED, 'mx.example AAAA': at('2001:db8::1') },
    route: `${PROMISE}, ${PROMISE}`,
    asked: ['_25._tcp.mx.example TLSA'],
  },
  {
    title: 'the records are not proved',
    zone: { ...SIGNED, '_25._tcp.mx.example TLSA': tlsa() },
    route: 'mx.example',
    asked: ['_25._tcp.mx.example TLSA'],
  },
  {
    title: 'there are none, and that is proved',
    zone: { ...SIGNED, '_25._tcp.mx.example TLSA': proved(NONE) },
    route: 'mx.example',
    asked: ['_25._tcp.mx.example TLSA'],
  },
  {
    title: 'there are none of use',
    zone: { ...SIGNED, '_25._tcp.mx.example TLSA': proved(tlsa(300, WEB_RECORD)) },
    route: 'mx.example (mx.example: 0; mx.example example.com)',
    asked: ['_25._tcp.mx.example TLSA'],
  },
  {
    title: 'they cannot be read',
    zone: { ...SIGNED, '_25._tcp.mx.example TLSA': SERVFAIL },
    route: UNANSWERED,
    asked: ['_25._tcp.mx.example TLSA'],
  },
  {
    title: 'those of one exchanger of two cannot be read',
    zone: {
      ...SIGNED,
      'example.com MX': proved(mx('mx.example', 'mx2.example')),
      'mx2.example A': proved(at('192.0.2.2')),
      '_25._tcp.mx.example TLSA': SERVFAIL,
    },
    route: 'mx2.example',
    asked: ['_25._tcp.mx.example TLSA', '_25._tcp.mx2.example TLSA'],
  },
  {
    title: 'the exchangers cannot be looked up: the address of the domain is not taken instead',
    change: { policy: { ...NO_POLICY, mxFailuresFallbackToA: 1 } },
    zone: { ...SIGNED, 'example.com MX': SERVFAIL, 'example.com A': at('192.0.2.9') },
    route: 'unavailable: 451 4.4.3 [internal] DNS lookup was not answered (SERVFAIL)',
    asked: [],
  },
  {
    title: 'a domain without exchangers',
    zone: {
      'example.com MX': proved({ kind: 'noData', ttlSeconds: 60 }),
      'example.com A': proved(at('192.0.2.1')),
      '_25._tcp.example.com TLSA': proved(tlsa()),
    },
    route: 'example.com (example.com: 1; example.com)',
    asked: ['_25._tcp.example.com TLSA'],
  },
  {
    title: 'the domain is an alias: its name and that of which it is one may be in the certificate',
    zone: { ...SIGNED, 'example.com MX': proved({ ...mx('mx.example'), canonicalName: 'real.example' } as DnsAnswer) },
    route: 'mx.example (mx.example: 1; mx.example example.com real.example)',
    asked: ['_25._tcp.mx.example TLSA'],
  },
  {
    title: 'the exchanger is an alias: its real name comes first',
    zone: {
      ...SIGNED,
      'mx.example A': proved(at('192.0.2.1', 'real.example')),
      '_25._tcp.real.example TLSA': proved(tlsa()),
    },
    route: 'mx.example (real.example: 1; real.example example.com)',
    asked: ['_25._tcp.real.example TLSA'],
  },
  {
    title: 'the exchanger is an alias, and its real name has no records',
    zone: { ...SIGNED, 'mx.example A': proved(at('192.0.2.1', 'real.example')) },
    route: PROMISE,
    asked: ['_25._tcp.real.example TLSA', '_25._tcp.mx.example TLSA'],
  },
  {
    title: 'the exchanger is an alias, and the records of its real name cannot be read',
    zone: {
      ...SIGNED,
      'mx.example A': proved(at('192.0.2.1', 'real.example')),
      '_25._tcp.real.example TLSA': SERVFAIL,
    },
    route: UNANSWERED,
    asked: ['_25._tcp.real.example TLSA'],
  },
  {
    title: 'the alias is proved, its target is not: the name itself speaks',
    zone: { ...SIGNED, 'mx.example A': at('192.0.2.1', 'real.example'), 'mx.example CNAME': proved(ALIAS) },
    route: PROMISE,
    asked: ['mx.example CNAME', '_25._tcp.mx.example TLSA'],
  },
  {
    title: 'neither the alias nor its target is proved',
    zone: { ...SIGNED, 'mx.example A': at('192.0.2.1', 'real.example'), 'mx.example CNAME': ALIAS },
    route: 'mx.example',
    asked: ['mx.example CNAME'],
  },
  {
    title: 'whether the alias is proved cannot be read',
    zone: { ...SIGNED, 'mx.example A': at('192.0.2.1', 'real.example'), 'mx.example CNAME': SERVFAIL },
    route: '451 4.4.3 [internal] DNS lookup was not answered (CNAME of mx.example: SERVFAIL)',
    asked: ['mx.example CNAME'],
  },
  {
    title: 'a gateway that the operator names needs no exchangers',
    change: { gateway: 'relay.example' },
    zone: {
      'relay.example MX': { kind: 'noData', ttlSeconds: 60 },
      'relay.example A': proved(at('192.0.2.1')),
      '_25._tcp.relay.example TLSA': proved(tlsa()),
    },
    route: 'relay.example (relay.example: 1; relay.example)',
    asked: ['_25._tcp.relay.example TLSA'],
  },
  {
    title: 'an address has no name to ask about',
    change: { domain: '[192.0.2.1]' },
    zone: {},
    route: '192.0.2.1',
    asked: [],
  },
];
for (const { title, change, zone, route, asked } of ROWS) {
  test(`TLSA: ${title}`, () => {
    const [result, questions] = lookUp(request(change), zone);
    assert.equal(shown(result), route);
    assert.deepEqual(
      questions.filter((text) => / (TLSA|CNAME)$/.test(text)),
      asked,
    );
  });
}

for (const [ttlSeconds, expected] of [
  [299, 299],
  [301, 300],
] as const) {
  test(`a route is used for the ${ttlSeconds} seconds of the records at most`, () => {
    const [{ route }] = lookUp(request(), { ...SIGNED, '_25._tcp.mx.example TLSA': proved(tlsa(ttlSeconds)) });
    assert.equal(route.ttlMs, expected * 1000);
  });
}

test('a route with promises is not one without', () => {
  const gateway = 'relay.example';
  assert.notEqual(routeKey(request({ gateway })), routeKey(request({ gateway, usesDane: false })));
});
