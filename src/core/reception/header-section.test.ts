import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readHeaderSection } from './header-section.ts';

const SECTIONS: readonly [id: string, section: string, values: readonly string[], rest: string][] = [
  ['none', 'Subject: a\r\nTo: b\r\n', [], 'Subject: a\r\nTo: b\r\n'],
  ['empty section', '', [], ''],
  ['first', 'X-Binding: one\r\nTo: b\r\n', ['one'], 'To: b\r\n'],
  ['in the middle', 'To: b\r\nX-Binding: one\r\nCc: c\r\n', ['one'], 'To: b\r\nCc: c\r\n'],
  ['last', 'To: b\r\nX-Binding:one\r\n', ['one'], 'To: b\r\n'],
  ['alone', 'X-Binding: one\r\n', ['one'], ''],
  ['any case', 'x-bINDING: One\r\nTo: b\r\n', ['One'], 'To: b\r\n'],
  ['blanks before the colon', 'X-Binding \t: one\r\nTo: b\r\n', ['one'], 'To: b\r\n'],
  ['blanks around the value', 'X-Binding: \t one \t\r\n', ['one'], ''],
  ['folded', 'X-Binding:\r\n one\r\nTo: b\r\n c\r\n', ['one'], 'To: b\r\n c\r\n'],
  ['folded twice with a tab', 'X-Binding: one\r\n\ttwo\r\n  \r\nTo: b\r\n', ['one\ttwo'], 'To: b\r\n'],
  ['folded at the end of the section', 'To: b\r\nX-Binding: one\r\n two\r\n', ['one two'], 'To: b\r\n'],
  ['empty', 'X-Binding:\r\nTo: b\r\n', [''], 'To: b\r\n'],
  [
    'several',
    'X-Binding: a\r\nTo: b\r\nx-binding: c\r\nCc: d\r\nX-Binding: e\r\n',
    ['a', 'c', 'e'],
    'To: b\r\nCc: d\r\n',
  ],
  ['a longer name', 'X-Binding-2: one\r\n', [], 'X-Binding-2: one\r\n'],
  ['a shorter name', 'X-Bind: one\r\n', [], 'X-Bind: one\r\n'],
  ['in a continuation', 'To: b\r\n X-Binding: one\r\n', [], 'To: b\r\n X-Binding: one\r\n'],
  ['in a value', 'Subject: X-Binding: one\r\n', [], 'Subject: X-Binding: one\r\n'],
];

for (const [id, section, wantedValues, rest] of SECTIONS) {
  test(`the wanted field: ${id}`, () => {
    const facts = readHeaderSection(section, 'x-binding');
    assert.deepEqual({ values: facts.wantedValues, rest: facts.rest }, { values: wantedValues, rest });
  });
}

test('nothing is taken out when nothing is wanted', () => {
  const section = 'X-Binding: one\r\nTo: b\r\n';
  assert.equal(readHeaderSection(section, null).rest, section);
});

const COUNTS: readonly [id: string, section: string, received: number, hasMessageId: boolean][] = [
  ['neither', 'To: b\r\n', 0, false],
  ['trace fields, folded, in any case', 'Received: a\r\n b\r\nRECEIVED : c\r\nreceived:\r\n d\r\n', 3, false],
  [
    'fields that only look like them',
    'Received-SPF: a\r\nX-Received: b\r\n Received: c\r\nMessage-Id-2: d\r\n',
    0,
    false,
  ],
  ['Message-ID in any case', 'message-id: <a@b>\r\n', 0, true],
  ['Message-ID in a continuation', 'To: b\r\n Message-ID: <a@b>\r\n', 0, false],
];

for (const [id, section, received, hasMessageId] of COUNTS) {
  test(`trace: ${id}`, () => {
    const facts = readHeaderSection(section, 'x-binding');
    assert.deepEqual([facts.receivedCount, facts.hasMessageId], [received, hasMessageId]);
  });
}

test('what is left is the section without the wanted fields, whatever stands between', () => {
  const field = fc.constantFrom(
    ...['To: a\r\n', 'Subject: b\r\n c\r\n', 'Received: d\r\n\te\r\n', 'X-Other: \xff\r\n'],
    ...['X-Binding: f\r\n', 'x-binding:\r\n g\r\n', 'X-BINDING : h\r\n\ti\r\n  j\r\n'],
  );
  fc.assert(
    fc.property(fc.array(field), (fields) => {
      const { rest, wantedValues } = readHeaderSection(fields.join(''), 'x-binding');
      const others = fields.filter((text) => !/^x-binding/i.test(text));
      assert.equal(rest, others.join(''));
      assert.equal(wantedValues.length, fields.length - others.length);
      assert.equal(readHeaderSection(rest, 'x-binding').rest, rest);
    }),
  );
});
