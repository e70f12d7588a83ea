import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOwnEndpoint } from './own-endpoints.ts';

const LOCAL = ['127.0.0.1', '127.0.0.2', '192.0.2.1', '::1', '2001:db8::1'];

for (const [places, address, port, expected] of [
  [[], '127.0.0.1', 25, false],
  [['127.0.0.1:25'], '127.0.0.1', 25, true],
  [['127.0.0.1:25'], '127.0.0.1', 26, false],
  [['127.0.0.1:25'], '127.0.0.2', 25, false],
  [['127.0.0.1:25'], '0.0.0.0', 25, true],
  [['127.0.0.1:25', '192.0.2.1:2525'], '192.0.2.1', 2525, true],
  [['127.0.0.1:25', '192.0.2.1:2525'], '192.0.2.1', 25, false],
  [['0.0.0.0:25'], '192.0.2.1', 25, true],
  [['0.0.0.0:25'], '192.0.2.2', 25, false],
  [['0.0.0.0:25'], '::1', 25, false],
  [['0.0.0.0:25'], '0.0.0.0', 25, true],
  [['[::]:25'], '192.0.2.1', 25, true], // as Node opens it, for both families
  [['[::]:25'], '2001:db8::1', 25, true],
  [['[::]:25'], '2001:db8::2', 25, false],
  [['[::]:25'], '::', 25, true],
  [['[2001:db8::1]:25'], '2001:db8:0::1', 25, true],
  [['[2001:db8::1]:25'], '192.0.2.1', 25, false],
  [['*:25'], '192.0.2.1', 25, true],
] as const) {
  test(`${places.join(' ') || 'nothing'}: ${address} port ${port} is ${expected ? 'own' : 'another'}`, () =>
    assert.equal(
      isOwnEndpoint(places, address, port, (one) => LOCAL.includes(one)),
      expected,
    ));
}
