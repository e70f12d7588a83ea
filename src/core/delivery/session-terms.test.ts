// What a session begins with, by the options, and who may share one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfiguration } from '../config/load.ts';
import type { Candidate } from '../mail/hosts.ts';
import { protectionTowards } from './protection.ts';
import { PLAIN_TERMS } from './session-terms.ts';
import { type DeliverySettings, haveSameSessions } from './settings.ts';
import { deliverySettings } from './settings-of.ts';

const LOGIN = 'outbound_smtp_auth_user = "me" outbound_smtp_auth_pass = "secret"';
const HOST: Candidate = { host: 'mx.test', address: '192.0.2.1', family: 4, port: 25, preference: 10 };

function settingsIn(text: string): (domain: string) => DeliverySettings {
  const loaded = loadConfiguration('t.conf', () => ({ text }));
  assert.ok(loaded.kind === 'loaded');
  return (domain) => deliverySettings(loaded.configuration, 'default', domain, 'here.test');
}

test('nothing said: ESMTP without anything else', () => {
  const of = settingsIn('');
  assert.deepEqual(of('a.test').terms, PLAIN_TERMS);
  assert.deepEqual([of('a.test').remotePort, of('a.test').transformsEightBit], [25, true]);
});

test('the port is that of the protocol', () => {
  const of = settingsIn(
    'remote_smtp_port = 26 lmtp_port = 27 domain "l.test" { delivery_method = LMTP } domain "s.test" { delivery_method = smtp }',
  );
  assert.deepEqual(
    ['a.test', 'l.test', 's.test'].map((domain) => [of(domain).terms.method, of(domain).remotePort]),
    [
      ['esmtp', 26],
      ['lmtp', 27],
      ['smtp', 26],
    ],
  );
});

test('a login takes mechanism, user and password, each from where it is said', () => {
  const of = settingsIn(`${LOGIN} domain "a.test" { outbound_smtp_auth_type = cram-md5 }
    domain "b.test" { outbound_smtp_auth_type = PLAIN outbound_smtp_auth_user = "you" outbound_smtp_auth_in_clear = on }`);
  assert.equal(of('other.test').terms.login, null);
  assert.deepEqual(of('a.test').terms.login, {
    mechanism: 'CRAM-MD5',
    user: 'me',
    password: 'secret',
    mayGoInClear: false,
  });
  assert.deepEqual([of('b.test').terms.login?.user, of('b.test').terms.login?.mayGoInClear], ['you', true]);
});

test('sessions of other terms are not shared, and those that log in never', () => {
  const of = settingsIn(`${LOGIN}
    domain "l.test" { delivery_method = LMTP } domain "l2.test" { delivery_method = LMTP }
    domain "x.test" { xclient = ifavailable }
    domain "a.test" { outbound_smtp_auth_type = PLAIN } domain "a2.test" { outbound_smtp_auth_type = PLAIN }`);
  for (const [one, other, expected] of [
    ['n.test', 'n2.test', true],
    ['l.test', 'l2.test', true],
    ['n.test', 'l.test', false],
    ['n.test', 'x.test', false],
    ['n.test', 'a.test', false],
    ['a.test', 'a2.test', false],
  ] as const) {
    assert.equal(haveSameSessions(of(one), of(other)), expected, `${one} ${other}`);
    assert.equal(haveSameSessions(of(other), of(one)), expected, `${other} ${one}`);
  }
});

test('what fails for one fails for those who ask for the same', () => {
  const of = settingsIn(`${LOGIN} domain "a.test" { outbound_smtp_auth_type = PLAIN }
    domain "a2.test" { outbound_smtp_auth_type = PLAIN }
    domain "p.test" { outbound_smtp_auth_type = PLAIN outbound_smtp_auth_pass = "other" }`);
  const keyOf = (domain: string): string => protectionTowards(of(domain), HOST);
  assert.equal(keyOf('n.test'), '');
  assert.equal(keyOf('a.test'), keyOf('a2.test'));
  assert.notEqual(keyOf('a.test'), keyOf('p.test'));
  assert.notEqual(keyOf('a.test'), keyOf('n.test'));
});
