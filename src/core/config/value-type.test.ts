import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_LIMIT } from '../base/limit.ts';
import { readTokens } from './lexer.ts';
import { parseValue } from './parser.ts';
import { Findings } from './problem.ts';
import {
  ADDRESS_BLOCKS,
  BLACKHOLE,
  BOOLEAN,
  CONNECTION_LIMIT,
  COUNT,
  EHLO_NAME,
  enumeration,
  GATEWAY,
  HEADER_NAME,
  HOST_NAME,
  OPTIONAL_TEXT,
  PERMISSIONS,
  PORT,
  RATE,
  RETRY_COUNT,
  ROUTES,
  SECONDS,
  SOURCE_ADDRESS,
  TEXT,
  type ValueType,
  WORDS,
} from './value-type.ts';

/** The value of a text, or undefined for one that is refused. */
function read<T>(type: ValueType<T>, text: string): T | undefined {
  const findings = new Findings();
  const syntax = parseValue(readTokens('t', text, findings), 'x', findings);
  assert.ok(syntax !== null, text);
  const parsed = type.parse(syntax);
  return parsed.kind === 'value' ? parsed.value : undefined;
}

const cases: readonly [name: string, type: ValueType<unknown>, text: string, value: unknown][] = [
  ['no limit', CONNECTION_LIMIT, '-1', NO_LIMIT],
  ['no connection', CONNECTION_LIMIT, '0', 0],
  ['one', CONNECTION_LIMIT, '"1"', 1],
  ['the largest limit', CONNECTION_LIMIT, '2147483646', 2147483646],
  ['what would mean no limit', CONNECTION_LIMIT, '2147483647', undefined],
  ['below -1', CONNECTION_LIMIT, '-2', undefined],
  ['a fraction', CONNECTION_LIMIT, '1.5', undefined],
  ['a list for a number', CONNECTION_LIMIT, '( 1 )', undefined],
  ['an exponent', COUNT, '1e3', undefined],
  ['a negative count', COUNT, '-1', undefined],
  ['port 0', PORT, '0', undefined],
  ['port 65535', PORT, '65535', 65535],
  ['port 65536', PORT, '65536', undefined],
  ['a unit', SECONDS, '5m', undefined],
  ['a boolean in capitals', BOOLEAN, 'TRUE', true],
  ['on', BOOLEAN, 'on', true],
  ['yes', BOOLEAN, 'yes', true],
  ['enabled', BOOLEAN, 'enabled', true],
  ['disabled', BOOLEAN, '"Disabled"', false],
  ['0', BOOLEAN, '0', false],
  ['2', BOOLEAN, '2', undefined],
  ['octal', PERMISSIONS, '0640', 0o640],
  ['not octal', PERMISSIONS, '0689', undefined],
  ['a word of a set', enumeration(['ESMTP', 'LMTP']), 'lmtp', 'lmtp'],
  ['another word', enumeration(['ESMTP', 'LMTP']), 'smtp', undefined],
  ['any source address', SOURCE_ADDRESS, '*', null],
  ['an IPv6 source address', SOURCE_ADDRESS, '"[2001:db8::1]"', '2001:db8::1'],
  ['a host name as source address', SOURCE_ADDRESS, 'localhost', undefined],
  ['a smart host', GATEWAY, 'relay.example.com:2525', 'relay.example.com:2525'],
  ['a smart host with a blank', GATEWAY, '"a b"', undefined],
  ['a header name', HEADER_NAME, 'X-Binding', 'X-Binding'],
  ['a header name with a colon', HEADER_NAME, '"X-Binding:"', undefined],
  ['retries in words', RETRY_COUNT, 'None', 'none'],
  ['retries', RETRY_COUNT, '5', 5],
  ['a rate per second', RATE, '10', { count: 10, seconds: 1 }],
  ['a rate', RATE, '"60/3"', { count: 60, seconds: 3 }],
  ['a rate over no time', RATE, '"60/0"', undefined],
  ['blackhole true', BLACKHOLE, 'true', 'inline'],
  ['blackhole off', BLACKHOLE, 'off', 'false'],
  ['blackhole internal', BLACKHOLE, 'Internal', 'internal'],
  ['one word as a list', WORDS, 'a', ['a']],
  ['no words', WORDS, '()', []],
  ['a block that is none', ADDRESS_BLOCKS, '( 10.0.0.0/8 mx.test )', undefined],
  ['blank text', OPTIONAL_TEXT, '" "', undefined],
  ['a carriage return', TEXT, '"a\rb"', undefined],
];

for (const [name, type, text, value] of cases) {
  test(`${name}: ${JSON.stringify(text)}`, () => assert.deepEqual(read(type, text), value));
}

for (const [text, isHost, isEhlo] of [
  ['mail.example.com', true, true],
  ['box', true, true],
  ['a_b.example-1.com', true, true],
  ['__hostname__', true, true],
  [`${'a'.repeat(63)}.com`, true, true],
  [`${'a'.repeat(64)}.com`, false, false],
  ['"[192.0.2.1]"', false, true],
  ['"[IPv6:2001:db8::1]"', false, true],
  ['"[192.0.2.256]"', false, false],
  ['192.0.2.1', false, false],
  ['mail.example.com.', false, false],
  ['"mail example.com"', false, false],
  ['-a.com', false, false],
  ['a..com', false, false],
  ['"mail.example.com;"', false, false],
  ['""', false, false],
] as const) {
  test(`${text} is ${isHost ? 'a' : 'no'} host name and may ${isEhlo ? '' : 'not '}be said in EHLO`, () => {
    assert.equal(read(HOST_NAME, text) !== undefined, isHost);
    assert.equal(read(EHLO_NAME, text) !== undefined, isEhlo);
  });
}

test('an item of a list is refused with its own hint', () => {
  for (const [text, hint] of [
    ['( "mx.example" "127.0.0.1:2526" )', 'write smtp://127.0.0.1?port=2526'],
    ['"lmtp://mx.example"', 'write smtp:// here, and set Delivery_Method = LMTP beside it'],
    ['"mx example"', undefined],
  ] as const) {
    const findings = new Findings();
    const parsed = ROUTES.parse(parseValue(readTokens('t', text, findings), 'x', findings)!);
    assert.ok(parsed.kind === 'problem', text);
    assert.equal(parsed.hint, hint);
  }
});
