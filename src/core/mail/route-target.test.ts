import assert from 'node:assert/strict';
import test from 'node:test';
import {
  checkGateway,
  checkRouteItem,
  parseGateway,
  parseRouteItem,
  ROUTE_FORMS,
  type RouteItem,
} from './route-target.ts';

const PLAIN = { preference: null, ttlSeconds: null, port: null };
const name = (host: string, by: 'mx' | 'a' = 'a') =>
  ({ target: { kind: 'name', name: host, by }, ...PLAIN }) as RouteItem;
const address = (text: string, family: 4 | 6): RouteItem => ({
  target: { kind: 'address', address: text, family },
  ...PLAIN,
});

for (const [text, expected] of [
  ['__mx__', { target: { kind: 'domain' }, ...PLAIN }],
  ['__MX__', { target: { kind: 'domain' }, ...PLAIN }],
  ['My.Local.Smart.Host.', name('my.local.smart.host')],
  ['localhost', name('localhost')],
  ['192.0.2.1', address('192.0.2.1', 4)],
  ['[192.0.2.1]', address('192.0.2.1', 4)],
  ['[2001:DB8::1]', address('2001:db8::1', 6)],
  ['[IPv6:2001:db8::1]', address('2001:db8::1', 6)],
  ['[::ffff:192.0.2.1]', address('192.0.2.1', 4)],
  ['smtp://1.2.3.4?pref=10&ttl=300&type=mx', { ...address('1.2.3.4', 4), preference: 10, ttlSeconds: 300 }],
  ['smtp://my.local.smart.host?pref=1', { ...name('my.local.smart.host'), preference: 1 }],
  ['smtp://mail.example?type=mx', name('mail.example', 'mx')],
  ['smtp://mail.example?TYPE=A&PORT=2525', { ...name('mail.example'), port: 2525 }],
  ['smtp://[2001:db8::1]?port=65535', { ...address('2001:db8::1', 6), port: 65535 }],
  ['smtp://__mx__?pref=0', { target: { kind: 'domain' }, ...PLAIN, preference: 0 }],
  ['smtp://mail.example', name('mail.example')],
  ['smtp://mail.example/', name('mail.example')],
  ['smtp://mail.example?', name('mail.example')],
  ['smtp://mail.example?pref=65535&ttl=1', { ...name('mail.example'), preference: 65535, ttlSeconds: 1 }],
] as [string, RouteItem][]) {
  test(`routes item ${text}`, () => assert.deepEqual(parseRouteItem(text), { kind: 'item', item: expected }));
}

for (const [text, hint] of [
  ['', undefined],
  ['two words', undefined],
  ['a..b', undefined],
  ['1.2.3', undefined],
  ['1.2.3.400', undefined],
  ['[mail.example]', undefined],
  ['[::1', undefined],
  ['2001:db8::1', 'write [2001:db8::1]'],
  ['mail.example:2525', 'write smtp://mail.example?port=2525'],
  ['http://mail.example', 'mail is sent by SMTP, so the only scheme is smtp://'],
  ['lmtp://mail.example', 'write smtp:// here, and set Delivery_Method = LMTP beside it'],
  ['smtp://', undefined],
  ['smtp://mail.example:2525', 'write smtp://mail.example?port=2525'],
  ['smtp://mail.example/path', undefined],
  ['smtp://mail.example?pref=65536', 'pref is a number from 0 to 65535'],
  ['smtp://mail.example?pref=-1', 'pref is a number from 0 to 65535'],
  ['smtp://mail.example?pref=1=2', 'pref is a number from 0 to 65535'],
  ['smtp://mail.example?pref', 'pref is a number from 0 to 65535'],
  ['smtp://mail.example?ttl=0', 'ttl is a number of seconds from 1'],
  ['smtp://mail.example?ttl=2147483648', 'ttl is a number of seconds from 1'],
  ['smtp://mail.example?port=0', 'port is a number from 1 to 65535'],
  ['smtp://mail.example?port=65536', 'port is a number from 1 to 65535'],
  ['smtp://mail.example?type=aaaa', 'type is mx or a'],
  ['smtp://mail.example?pref=1&pref=2', 'pref is given twice'],
  ['smtp://mail.example?weight=1', 'what may stand behind ? is pref, ttl, port and type, not "weight"'],
] as const) {
  test(`routes item "${text}" is refused`, () => {
    const expected = { found: `"${text}"`, expected: ROUTE_FORMS };
    assert.deepEqual(checkRouteItem(text), hint === undefined ? expected : { ...expected, hint });
  });
}

for (const [text, expected] of [
  ['relay.example', name('relay.example', 'mx')],
  ['Relay.Example:2525', { ...name('relay.example', 'mx'), port: 2525 }],
  ['192.0.2.1', address('192.0.2.1', 4)],
  ['192.0.2.1:65535', { ...address('192.0.2.1', 4), port: 65535 }],
  ['[2001:db8::1]', address('2001:db8::1', 6)],
  ['[2001:db8::1]:26', { ...address('2001:db8::1', 6), port: 26 }],
] as [string, RouteItem][]) {
  test(`gateway ${text}`, () => {
    assert.deepEqual(parseGateway(text), { kind: 'item', item: expected });
    assert.equal(checkGateway(text), null);
  });
}

for (const text of [
  '',
  'relay.example:0',
  'relay.example:65536',
  'relay.example:',
  '2001:db8::1',
  '[relay]',
  '1.2.3',
  'a b',
]) {
  test(`gateway "${text}" is refused`, () => assert.equal(checkGateway(text)?.found, `"${text}"`));
}
