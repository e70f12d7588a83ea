import assert from 'node:assert/strict';
import test from 'node:test';
import { parseResolvConf, readResolvConf, type ServerAddress } from './resolv-conf.ts';

const v4 = (address: string, port = 53): ServerAddress => ({ address, family: 4, port });
const v6 = (address: string, port = 53): ServerAddress => ({ address, family: 6, port });

for (const [id, text, servers, timeoutMs, attempts] of [
  ['an address', 'nameserver 192.0.2.1\n', [v4('192.0.2.1')], 5000, 2],
  ['a port (our extension)', 'nameserver 127.0.0.1:5353', [v4('127.0.0.1', 5353)], 5000, 2],
  [
    'IPv6 bare, in brackets, with a port, with a zone',
    'nameserver ::1\nnameserver [2001:DB8::1]\nnameserver [::1]:5353\n',
    [v6('::1'), v6('2001:db8::1'), v6('::1', 5353)],
    5000,
    2,
  ],
  [
    'a zone',
    'nameserver fe80::1%eth0\nnameserver [fe80::1%eth0]:54',
    [v6('fe80::1%eth0'), v6('fe80::1%eth0', 54)],
    5000,
    2,
  ],
  [
    'comments, blanks, other keywords',
    '# a\n;b\n\n  domain x\nsearch a b\n\tnameserver\t192.0.2.1 # c\r\noptions ndots:3 rotate edns0\nsortlist 1.2.3.4\n',
    [v4('192.0.2.1')],
    5000,
    2,
  ],
  ['options', 'options timeout:1 attempts:5\nnameserver 192.0.2.1', [v4('192.0.2.1')], 1000, 5],
  ['options at their bounds', 'options timeout:0 attempts:0\nnameserver 192.0.2.1', [v4('192.0.2.1')], 1000, 1],
  ['options beyond their bounds', 'options timeout:31 attempts:6\nnameserver 192.0.2.1', [v4('192.0.2.1')], 30_000, 5],
] as const) {
  test(`resolv.conf: ${id}`, () => {
    assert.deepEqual(parseResolvConf(text, 'r'), { conf: { servers, timeoutMs, attempts }, problems: [] });
  });
}

for (const [id, text, servers, line, problem] of [
  ['no server', 'search a\n', [v4('127.0.0.1')], null, 'names no server; asking 127.0.0.1:53'],
  [
    'a fourth server',
    'nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4',
    [v4('192.0.2.1'), v4('192.0.2.2'), v4('192.0.2.3')],
    4,
    'nameserver: not asked; the first 3 are',
  ],
  [
    'a name',
    'nameserver 192.0.2.1\nnameserver ns.example\n',
    [v4('192.0.2.1')],
    2,
    'nameserver: found "ns.example"; expected an IPv4 address, an IPv6 address, or one of them with a port, such as 127.0.0.1:5353 or [::1]:5353',
  ],
  [
    'attempts without a number',
    'options attempts\nnameserver 192.0.2.1',
    [v4('192.0.2.1')],
    1,
    'options: found "attempts"; expected timeout:n or attempts:n',
  ],
] as const) {
  test(`resolv.conf: ${id} is a problem`, () => {
    const { conf, problems } = parseResolvConf(text, '/r');
    assert.deepEqual(conf.servers, servers);
    assert.deepEqual(problems, [{ path: '/r', line, text: problem }]);
  });
}

for (const text of [
  '',
  '192.0.2.1:0',
  '192.0.2.1:65536',
  '192.0.2.1:',
  '[::1',
  '::1]',
  '[::1]5',
  '192.0.2.1%eth0',
  '1.2.3',
]) {
  test(`resolv.conf: nameserver "${text}" is a problem`, () => {
    assert.match(
      parseResolvConf(`nameserver ${text}\nnameserver 192.0.2.1`, 'r').problems[0]!.text,
      /^nameserver: found/,
    );
  });
}

test('resolv.conf: a file that is not there', () => {
  const { conf, problems } = readResolvConf('/nonexistent/resolv.conf');
  assert.deepEqual(conf.servers, [v4('127.0.0.1')]);
  assert.deepEqual(problems, [
    { path: '/nonexistent/resolv.conf', line: null, text: 'cannot be read (no such file); asking 127.0.0.1:53' },
  ]);
});
