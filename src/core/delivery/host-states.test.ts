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
