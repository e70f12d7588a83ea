import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sha256 } from '../../../test/support/audit-model.ts';
import { NO_LIMIT } from '../base/limit.ts';
import { wallMs } from '../base/moment.ts';
import { AuditChain, chainHash, findChainEnd } from './audit-chain.ts';
import { type AuditEntry, counterField, parseAuditLine } from './audit-record.ts';

const AT = wallMs(1_750_000_000_123.4);
const HASH = 'ab'.repeat(32);
const slot = { counter: 'pair b d', open: 3, limit: 30, origin: 'mail.conf:7' };

for (const [text, entry] of [
  ['begin@1@start@clean@', { kind: 'begin', reason: 'start', isUnclean: false, previous: null }],
  [`begin@1@rotation@unclean@${HASH}`, { kind: 'begin', reason: 'rotation', isUnclean: true, previous: HASH }],
  ['configuration@5@mail.conf@1@12', { kind: 'configuration', version: 5, file: 'mail.conf', moved: 1, limits: 12 }],
  ['moved@id@-a@-b c@+d', { kind: 'moved', connection: 'id', left: ['a', 'b c'], entered: ['d'] }],
  ['limit@pair b d@3@30@mail.conf:7', { kind: 'limit', ...slot }],
  [
    'opened@id@pair b d@3@30@mail.conf:7@node@9@-1@',
    { kind: 'opened', connection: 'id', slots: [slot, { counter: 'node', open: 9, limit: NO_LIMIT, origin: null }] },
  ],
  ['closed@id@pair b d@0', { kind: 'closed', connection: 'id', slots: [{ counter: 'pair b d', open: 0 }] }],
  [
    'freed@node@2@5@pair b d@1@0',
    {
      kind: 'freed',
      counters: [
        { counter: 'node', slots: 2, open: 5 },
        { counter: 'pair b d', slots: 1, open: 0 },
      ],
    },
  ],
  ['end@stop@7', { kind: 'end', reason: 'stop', lines: 7 }],
] as const satisfies readonly (readonly [string, AuditEntry])[]) {
  test(`${entry.kind}: ${text}`, () => {
    const line = new AuditChain(sha256, { sequence: 11, hash: HASH, isClosed: true }).line(AT, entry);
    const body = `12@1750000000.123@${text}`;
    assert.equal(line, `${body}@${sha256(`${HASH}${body}`)}`);
    assert.deepEqual(parseAuditLine(line), {
      sequence: 12,
      at: '1750000000.123',
      entry,
      body,
      hash: chainHash(sha256, HASH, body),
    });
  });
}

for (const text of [
  '',
  'x',
  `1@1750000000.123@end@stop@7@${HASH.toUpperCase()}`,
  `0@1750000000.123@end@stop@7@${HASH}`,
  `1@1750000000@end@stop@7@${HASH}`,
  `1@1750000000.123@end@stop@-7@${HASH}`,
  `1@1750000000.123@end@else@7@${HASH}`,
  `1@1750000000.123@end@stop@7@8@${HASH}`,
  `1@1750000000.123@unknown@7@${HASH}`,
  `1@1750000000.123@begin@2@start@clean@@${HASH}`,
  `1@1750000000.123@begin@1@start@clean@x@${HASH}`,
  `1@1750000000.123@limit@pair b d@3@30@@${HASH}`,
  `1@1750000000.123@opened@id@pair b d@3@30@${HASH}`,
  `1@1750000000.123@opened@id@pair b d@3@-2@o@${HASH}`,
  `1@1750000000.123@closed@id@pair b d@${HASH}`,
  `1@1750000000.123@moved@id@pair b d@${HASH}`,
  `1@1750000000.123@freed@@1@0@${HASH}`,
  `1@1750000000.123@freed@node@1@${HASH}`,
  `1@1750000000.123@freed@node@-1@0@${HASH}`,
]) {
  test(`no line of an audit: ${text}`, () => assert.equal(parseAuditLine(text), null));
}

test('any name is one field of printable octets, and no two names are the same field', () => {
  const text = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(text, text, (one, other) => {
      const field = counterField(one);
      assert.match(field, /^[\x20-\x3f\x41-\x7e\x80-\xff]*$/);
      if (one.toWellFormed() !== other.toWellFormed()) assert.notEqual(field, counterField(other));
      const slots = [{ counter: `pair ${field}`, open: 1, limit: 2, origin: null }];
      const line = new AuditChain(sha256, null).line(AT, { kind: 'opened', connection: 'id', slots });
      assert.deepEqual(parseAuditLine(line)?.entry, { kind: 'opened', connection: 'id', slots });
    }),
  );
});

test('the end of a chain is the last whole line, whatever was cut off behind it', () => {
  const chain = new AuditChain(sha256, null);
  const lines = [chain.begin(AT, 'start', false), chain.end(AT, 'stop')];
  const end = (line: string, sequence: number, isClosed: boolean) => ({ sequence, hash: line.slice(-64), isClosed });
  const [begin, stop] = lines as [string, string];
  for (const [tail, found] of [
    ['', null],
    ['nothing\n', null],
    [begin, null],
    [`${begin}\n`, end(begin, 1, false)],
    [`${begin}\n${stop}\n`, end(stop, 2, true)],
    [`${begin}\n${stop}`, end(begin, 1, false)],
    [`${begin}\nrubbish\n\n2@17`, end(begin, 1, false)],
    [`${stop.slice(20)}\n${begin}\n`, end(begin, 1, false)],
    [`${begin.slice(20)}\n`, null],
  ] as const) {
    assert.deepEqual(findChainEnd(tail), found, tail);
  }
});
