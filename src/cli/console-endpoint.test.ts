import assert from 'node:assert/strict';
import test from 'node:test';
import { parseEndpoint } from './console-endpoint.ts';

for (const [word, expected] of [
  ['/tmp/2030', { name: '/tmp/2030', path: '/tmp/2030' }],
  ['./run/console', { name: './run/console', path: './run/console' }],
  ['10.2.4.1:2025', { name: '10.2.4.1:2025', host: '10.2.4.1', port: 2025 }],
  ['localhost:2025', { name: 'localhost:2025', host: 'localhost', port: 2025 }],
  ['[::1]:2424', { name: '[::1]:2424', host: '::1', port: 2424 }],
  [':2025', { name: ':2025', host: '127.0.0.1', port: 2025 }],
  ['*:2025', { name: '*:2025', host: '127.0.0.1', port: 2025 }],
] as const) {
  test(`${word} is an endpoint`, () => assert.deepEqual(parseEndpoint(word), { kind: 'endpoint', endpoint: expected }));
}

for (const word of ['summary', 'ec_logger:ec_logger1', '2025', 'host:', '[::1]', '::1', 'a b:1']) {
  test(`"${word}" is a word of a command`, () => assert.deepEqual(parseEndpoint(word), { kind: 'word' }));
}

for (const [word, reason] of [
  ['john@127.0.0.1:2025', /no authentication yet/],
  ['john@/tmp/2025', /no authentication yet/],
  ['ssh://user@host/x', /tunnels/],
  ['127.0.0.1:0', /1 to 65535/],
  ['127.0.0.1:70000', /1 to 65535/],
] as const) {
  test(`${word} is refused`, () => {
    const parsed = parseEndpoint(word);
    assert.ok(parsed.kind === 'refused');
    assert.match(parsed.reason, reason);
  });
}
