import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monoMs } from '../base/moment.ts';
import { HostStates } from './host-states.ts';

const at = monoMs;

test('an address that failed is down for every protection, until its time or its success', () => {
  const states = new HostStates();
  states.fail('b', '192.0.2.1', 'ECONNREFUSED', at(0), 5000);
  assert.equal(states.retryAt('b', '192.0.2.1', at(4999)), 5000);
  assert.equal(states.retryAt('b', '192.0.2.1', at(4999), 'strict'), 5000);
  assert.equal(states.retryAt('b', '192.0.2.1', at(5000)), null);
  assert.equal(states.retryAt('other', '192.0.2.1', at(0)), null);
  assert.equal(states.succeed('b', '192.0.2.1', 'strict'), true);
  assert.equal(states.succeed('b', '192.0.2.1', 'strict'), false);
});

test('what failed under one protection is nobody else’s loss', () => {
  const states = new HostStates();
  states.fail('b', '192.0.2.1', 'no certificate', at(0), 5000, 'strict');
  assert.equal(states.retryAt('b', '192.0.2.1', at(1), 'strict'), 5000);
  assert.equal(states.retryAt('b', '192.0.2.1', at(1)), null);
  assert.equal(states.retryAt('b', '192.0.2.1', at(1), 'other'), null);
  states.fail('b', '192.0.2.1', 'ETIMEDOUT', at(1), 2000);
  assert.equal(states.failure('b', '192.0.2.1', at(2), 'strict')?.reason, 'no certificate');
  assert.equal(states.failure('b', '192.0.2.1', at(2))?.reason, 'ETIMEDOUT');
  assert.equal(states.succeed('b', '192.0.2.1', ''), true, 'mail in clear went');
  assert.equal(states.retryAt('b', '192.0.2.1', at(2), 'strict'), 5000, 'which proves nothing about TLS');
  assert.equal(states.succeed('b', '192.0.2.1', 'strict'), true);
  assert.equal(states.retryAt('b', '192.0.2.1', at(2), 'strict'), null);
});

test('mail goes in clear for a while where TLS failed, under that protection, and at least for a second', () => {
  const states = new HostStates();
  assert.equal(states.goesInClear('b', '192.0.2.1', 'lax', at(0)), false);
  states.goInClear('b', '192.0.2.1', 'lax', at(0), 0);
  assert.equal(states.goesInClear('b', '192.0.2.1', 'lax', at(999)), true);
  assert.equal(states.goesInClear('b', '192.0.2.1', 'lax', at(1000)), false);
  assert.equal(states.goesInClear('b', '192.0.2.1', 'strict', at(0)), false);
  assert.equal(states.goesInClear('other', '192.0.2.1', 'lax', at(0)), false);
});

test('failures in a row are counted until a success, past the time that the address is set aside for', () => {
  const states = new HostStates();
  const count = (protection = '') => states.failuresInARow('b', '192.0.2.1', protection);
  assert.equal(count(), 0);
  states.fail('b', '192.0.2.1', 'ECONNREFUSED', at(0), 5000);
  states.fail('b', '192.0.2.1', 'ECONNREFUSED', at(4999), 5000);
  assert.equal(count(), 1, 'the second was under way when the first failed');
  states.fail('b', '192.0.2.1', 'ECONNREFUSED', at(9999), 5000);
  assert.equal(count(), 2, 'this one was tried anew');
  states.shorten('b', '192.0.2.1', 1000, '');
  states.fail('b', '192.0.2.1', 'no certificate', at(11_000), 5000, 'strict');
  assert.deepEqual([count(), count('strict'), count('other')], [2, 3, 2]);
  assert.equal(states.failuresInARow('other', '192.0.2.1', ''), 0);
  states.succeed('b', '192.0.2.1', '');
  assert.deepEqual([count(), count('strict')], [0, 1]);
  states.succeed('b', '192.0.2.1', 'strict');
  assert.equal(count('strict'), 0);
});

test('a pause is no failure, and takes none back', () => {
  const states = new HostStates();
  states.pause('b', '192.0.2.1', 'others wait', at(0), 5000, 'strict');
  assert.equal(states.retryAt('b', '192.0.2.1', at(4999), 'strict'), 5000);
  assert.equal(states.failuresInARow('b', '192.0.2.1', 'strict'), 0);
  states.fail('b', '192.0.2.1', 'no certificate', at(5000), 5000, 'strict');
  states.pause('b', '192.0.2.1', 'others wait', at(10_000), 5000, 'strict');
  assert.equal(states.failuresInARow('b', '192.0.2.1', 'strict'), 1);
});
