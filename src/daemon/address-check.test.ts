import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfiguration } from '../core/config/load.ts';
import { addressWarnings, machineOf } from './address-check.ts';

test('bindings whose source address is missing are named with the place that says so', () => {
  const text = 'Binding "here" {\n  Bind_Address = "127.0.0.2"\n}\nBinding "gone" {\n  Bind_Address = "192.0.2.7"\n}\n';
  const loaded = loadConfiguration('t.conf', () => ({ text }));
  assert.ok(loaded.kind === 'loaded');
  const warnings = addressWarnings(loaded.configuration, (address) => address.startsWith('127.'));
  assert.deepEqual(warnings, [
    't.conf:5:3: bind_address: found 192.0.2.7, which is no address of this machine; the mail of binding "gone" waits until it is',
  ]);
  assert.deepEqual(machineOf((address) => address.startsWith('127.')).cautions(loaded.configuration), [
    'bind_address: found 192.0.2.7, which is no address of this machine; the mail of binding "gone" waits until it is',
  ]);
});

for (const [title, text, expected] of [
  ['a route', 'Routes = ( "127.0.0.1" )', ['t.conf:1:1: routes: found "127.0.0.1"']],
  ['a gateway', 'Domain "a.test" { Gateway = "127.0.0.1" }', ['t.conf:1:19: gateway: found "127.0.0.1"']],
  ['another port', 'Routes = ( "smtp://127.0.0.1?port=26" ) Remote_SMTP_Port = 2525 Gateway = "127.0.0.1"', []],
  [
    'a port of its own',
    'Routes = ( "smtp://127.0.0.1?port=26" "smtp://127.0.0.1?port=25" )',
    ['"smtp://127.0.0.1?port=25"'],
  ],
  ['another address of this machine', 'Routes = ( "127.0.0.9" )', []],
  ['another machine', 'Routes = ( "192.0.2.1" "relay.test" "__mx__" )', []],
  [
    'at a wildcard',
    'Remote_SMTP_Port = 2600 Routes = ( "127.0.0.9" "192.0.2.1" "0.0.0.0" )',
    ['"127.0.0.9"', '"0.0.0.0"'],
  ],
  [
    'another port of a pattern',
    'Domain "/^a/" { Routes = ( "127.0.0.1" ) Remote_SMTP_Port = 2525 } Domain "/^b/" { Routes = ( "127.0.0.9" ) Remote_SMTP_Port = 2600 }',
    ['"127.0.0.9"'],
  ],
  [
    'the port of the gateway itself',
    'Domain "a.test" { Gateway = "127.0.0.1" } Domain "127.0.0.1" { Remote_SMTP_Port = 2525 } Domain "b.test" { Gateway = "127.0.0.9" } Domain "127.0.0.9" { Remote_SMTP_Port = 2600 }',
    ['gateway: found "127.0.0.9"'],
  ],
  ['LMTP', 'Delivery_Method = LMTP LMTP_Port = 24 Routes = ( "127.0.0.1" )', []],
] as const) {
  test(`routes to this server itself are told of: ${title}`, () => {
    const listeners = 'ESMTP_Listener {\n Listen "127.0.0.1:25" {}\n Listen ":2600" {}\n Listen "127.0.0.1:0" {}\n}\n';
    const loaded = loadConfiguration('t.conf', () => ({ text: `${text}\n${listeners}` }));
    assert.ok(loaded.kind === 'loaded', JSON.stringify(loaded));
    const told = addressWarnings(loaded.configuration, (address) => address.startsWith('127.'));
    assert.equal(told.length, expected.length, told.join('\n'));
    for (const [place, part] of expected.entries()) assert.ok(told[place]?.includes(part), told[place] ?? '');
  });
}
