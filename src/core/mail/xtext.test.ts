import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeXtext, encodeXtext } from './xtext.ts';

for (const [encoded, decoded] of [
  ['', ''],
  ['abc@example.com', 'abc@example.com'],
  ['a+2Bb+3Dc', 'a+b=c'],
  ['+20', ' '],
  ['+00+FF', '\x00\xff'],
  ['!*,<>~', '!*,<>~'],
  ['+2b', null], // section 4: hexadecimal digits are upper-case
  ['+2', null],
  ['+', null],
  ['+ZZ', null],
  ['a=b', null],
  ['a b', null],
  ['\x7f', null],
  ['\xc3\xbc', null],
] as const) {
  test(`xtext ${JSON.stringify(encoded)} is ${JSON.stringify(decoded)}`, () => {
    assert.equal(decodeXtext(encoded), decoded);
  });
}

test('what was encoded is decoded to what it was, whatever the octets', () => {
  const octets = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
  fc.assert(fc.property(octets, (text) => decodeXtext(encodeXtext(text)) === text));
});

test('the encoding of a decoded text is the text, where it encodes no more than it must', () => {
  const unit = fc.constantFrom(...Array.from({ length: 256 }, (_, code) => encodeXtext(String.fromCharCode(code))));
  const xtext = fc.array(unit, { maxLength: 100 }).map((units) => units.join(''));
  fc.assert(fc.property(xtext, (text) => encodeXtext(decodeXtext(text)!) === text));
});
