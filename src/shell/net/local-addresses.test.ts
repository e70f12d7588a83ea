import assert from 'node:assert/strict';
import test from 'node:test';
import { LocalAddresses } from './local-addresses.ts';

for (const [address, has] of [
  ['127.0.0.1', true],
  ['127.255.3.4', true],
  ['128.0.0.1', false],
  ['::1', true],
  ['0:0:0:0:0:0:0:1', true],
  ['::2', false],
  ['192.0.2.1', false],
  ['mail.example.com', false],
  ['', false],
] as const) {
  test(`"${address}" is ${has ? 'an' : 'no'} address of this machine`, () => {
    const addresses = new LocalAddresses();
    assert.equal(addresses.has(address), has);
    assert.equal(addresses.has(address), has, 'from memory');
  });
}
