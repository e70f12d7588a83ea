import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isViolation, ReplyReader } from './reply-reader.ts';

function read(chunks: readonly string[]): string[] {
  const reader = new ReplyReader();
  const found: string[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let step = reader.take(); step !== null; step = reader.take()) {
      if (isViolation(step)) return [...found, `violation: ${step.rule}`];
      found.push(`${step.code} ${step.lines.join('|')}`);
    }
  }
  return found;
}

for (const [id, octets, expected] of [
  ['one line', '250 ok\r\n', ['250 ok']],
  ['several lines', '250-first\r\n250-second\r\n250 last\r\n', ['250 first|second|last']],
  ['several replies at once', '250 a\r\n250 b\r\n354 c\r\n', ['250 a', '250 b', '354 c']],
  ['no text', '250\r\n', ['250 ']],
  ['no text behind the separator', '250 \r\n', ['250 ']],
  ['a bare LF ends a line', '250 ok\n', ['250 ok']],
  ['not complete yet', '250 ok\r', []],
  ['not complete yet: more lines follow', '250-ok\r\n', []],
  ['two codes', '250-ok\r\n251 ok\r\n', ['violation: two codes in one reply']],
  ['no code', 'hello\r\n', ['violation: an answer that is no reply']],
  ['an empty line', '\r\n', ['violation: an answer that is no reply']],
  ['two digits', '25 ok\r\n', ['violation: an answer that is no reply']],
  ['four digits', '2500 ok\r\n', ['violation: an answer that is no reply']],
  ['a code below 200', '199 ok\r\n', ['violation: an answer that is no reply']],
  ['the lowest code', '200 ok\r\n', ['200 ok']],
  ['the highest code', '599 no\r\n', ['599 no']],
  ['a code above 599', '600 no\r\n', ['violation: an answer that is no reply']],
  ['a CR in place of the separator', '250\rok\r\n', ['violation: an answer that is no reply']],
  ['a CR that stands alone', '250 o\rk\r\n', ['250 o\rk']],
  ['octets above 127', '550 gr\xfc\xdfe\r\n', ['550 gr\xfc\xdfe']],
] as const) {
  test(`a reply: ${id}`, () => assert.deepEqual(read([octets]), expected));
}

test('a line is a violation once it is longer than 64 KB, whether its end has come or not', () => {
  assert.deepEqual(read([`250 ${'x'.repeat(65_532)}`]), []);
  assert.deepEqual(read([`250 ${'x'.repeat(65_532)}\n`]), [`250 ${'x'.repeat(4096)}`]);
  for (const end of ['', '\n', '\r\n'])
    assert.deepEqual(read([`250 ${'x'.repeat(65_533)}${end}`]), ['violation: a reply line without an end']);
});

test('of a reply of 100 KB four kilobytes are kept', () => {
  const reader = new ReplyReader();
  reader.push(`${'250-a line of some length\r\n'.repeat(4000)}250 end\r\n`);
  const reply = reader.take();
  assert.ok(reply !== null && !isViolation(reply));
  assert.equal(reply.code, 250);
  assert.ok(reply.lines.join('').length <= 4096);
});

test('a reply that never ends is a violation at a megabyte', () => {
  assert.deepEqual(read(Array.from({ length: 1200 }, () => `250-${'x'.repeat(1000)}\r\n`)), [
    'violation: a reply without an end',
  ]);
});

test('property: any chunking gives the same replies', () => {
  const line = fc.constantFrom(
    '250-a\r\n',
    '250 b\r\n',
    '354 go\r\n',
    '220-\r\n',
    '220 x y\r\n',
    '5',
    '550 \xff\n',
    '\r\n',
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), fc.array(fc.nat(6), { maxLength: 60 }), (lines, cuts) => {
      const whole = lines.join('');
      const chunks: string[] = [];
      let at = 0;
      for (const cut of cuts) {
        chunks.push(whole.slice(at, at + cut));
        at += cut;
      }
      chunks.push(whole.slice(at));
      assert.deepEqual(read(chunks), read([whole]));
    }),
  );
});
