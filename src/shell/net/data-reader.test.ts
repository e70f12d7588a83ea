// The reader against a slow one that does what RFC 5321 and design decision 24 say octet by octet, for every way to cut
// a stream into chunks.
import assert from 'node:assert/strict';
import test from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { LENT_OCTETS_MAX } from '../../core/mail/message.ts';
import type { DataOutcome, DataRules } from '../../engine/ports.ts';
import { DataBlocks } from './data-blocks.ts';
import { DataReader } from './data-reader.ts';
import { HEADER_OCTETS_MAX } from './header-section.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const blocks = new DataBlocks();
const REFUSE: DataRules = { maxSize: 0, loneLineEnds: 'refuse' };
const FIX: DataRules = { maxSize: 0, loneLineEnds: 'fix' };

/** What is compared: the outcome with the body as text, and what stands behind the final dot. */
type Reading =
  | { kind: 'open' }
  | { kind: 'content'; headerSection: string; body: string; size: number; behind: string }
  | { kind: 'refused'; rule: string; behind: string };

const bodyOf = (outcome: DataOutcome & { kind: 'content' }): string =>
  Buffer.concat(outcome.content.body).toString('latin1');

function read(stream: string, rules: DataRules, cuts: readonly number[] = []): Reading {
  const octets = Buffer.from(stream, 'latin1');
  const reader = new DataReader(rules, blocks);
  const places = [0, ...cuts.map((cut) => cut % (octets.length + 1)).sort((a, b) => a - b), octets.length];
  for (let index = 1; index < places.length; index++) {
    // Each chunk stands behind a command, as octets in front of `from`.
    const chunk = Buffer.concat([Buffer.from('DATA\r\n'), octets.subarray(places[index - 1], places[index])]);
    const end = reader.push(chunk, 6);
    if (end < 0) continue;
    const behind = chunk.toString('latin1', end) + octets.toString('latin1', places[index]);
    const outcome = reader.outcome();
    if (outcome.kind === 'refused') return { ...outcome, behind };
    const { headerSection } = outcome.content;
    return { kind: 'content', headerSection, body: bodyOf(outcome), size: outcome.size, behind };
  }
  return { kind: 'open' };
}

/** The same, octet by octet and line by line. */
function readSlowly(stream: string, rules: DataRules): Reading {
  const end = `\r\n${stream}`.indexOf('\r\n.\r\n');
  if (end < 0) return { kind: 'open' };
  const wire = stream.slice(0, end);
  const behind = stream.slice(end + 3);
  const lines = wire.split('\r\n').map((line) => (line.startsWith('.') ? line.slice(1) : line));
  let content = lines.join('\r\n');
  const hasLoneLineEnd = lines.some((line) => /[\r\n]/.test(line));
  if (rules.loneLineEnds === 'fix') content = content.replace(/\r\n|\r|\n/g, '\r\n');
  const size = content.length;
  if (rules.maxSize > 0 && size > rules.maxSize) return { kind: 'refused', rule: 'tooLarge', behind };
  if (wire.includes('\0')) return { kind: 'refused', rule: 'nul', behind };
  if (hasLoneLineEnd && rules.loneLineEnds === 'refuse') return { kind: 'refused', rule: 'loneLineEnd', behind };
  const rest = content.split('\r\n').slice(0, -1);
  let headerSection = '';
  while (/^(?:[!-9;-~]+[ \t]*:|[ \t])/.test(rest[0] ?? '') && !(headerSection === '' && /^[ \t]/.test(rest[0]!)))
    headerSection += `${rest.shift()}\r\n`;
  if (rest[0] === '') rest.shift();
  const body = [...rest.map((line) => `${line.startsWith('.') ? '.' : ''}${line}\r\n`), '.\r\n'].join('');
  return { kind: 'content', headerSection, body, size, behind };
}

/** Dots in front of a line may be stuffing although they need not be: what the client sent stays as it is. */
function plainly(reading: Reading): Reading {
  if (reading.kind !== 'content') return reading;
  return { ...reading, body: reading.body.replaceAll(/(^|\r\n)\.(?!\r\n$)/g, '$1') };
}

const token = fc.constantFrom(
  '\r',
  '\n',
  '.',
  '\r\n',
  '\r\n.',
  '.\r\n',
  '\r\n.\r\n',
  '\r\n\r\n',
  'a',
  'Subject: x',
  'X-A :\ty',
  ':',
  ' ',
  '\t folded',
  '\xe9',
  '\0',
  '..',
);
const clean = fc.constantFrom(
  '\r\n',
  '\r\n.',
  '\r\n..',
  '\r\n\r\n',
  'a',
  '.',
  'Subject: x\r\n',
  'X.Y :z',
  ' w',
  '\xff',
);
const streamOf = (one: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(fc.array(one, { maxLength: 40 }), fc.boolean())
    .map(([tokens, isEnded]) => tokens.join('') + (isEnded ? '\r\n.\r\nNOOP\r\n' : ''));
const rulesOf = fc.record({
  maxSize: fc.oneof(fc.constant(0), fc.nat(60)),
  loneLineEnds: fc.constantFrom<'fix' | 'refuse'>('fix', 'refuse'),
});

for (const [what, stream, numRuns] of [
  ['anything', streamOf(token), 3_000],
  ['proper lines', streamOf(clean), 2_000],
  ['large streams', streamOf(fc.oneof(token, fc.constant('x'.repeat(700)), fc.constant('y'.repeat(1500)))), 200],
] as const) {
  test(`${what}: any chunking gives what the slow reader gives`, () => {
    fc.assert(
      fc.property(stream, rulesOf, fc.array(fc.nat()), (text, rules, cuts) => {
        const whole = read(text, rules);
        assert.deepEqual(plainly(whole), plainly(readSlowly(text, rules)));
        assert.deepEqual(read(text, rules, cuts), whole);
        assert.deepEqual(
          read(
            text,
            rules,
            Array.from(text, (_, index) => index),
          ),
          whole,
        );
      }),
      { numRuns },
    );
  });
}

test('what leaves has no lone line end and no early end, whatever came', () => {
  fc.assert(
    fc.property(streamOf(token), rulesOf, fc.array(fc.nat()), (text, rules, cuts) => {
      const reading = read(text, rules, cuts);
      if (reading.kind !== 'content') return;
      const wire = `\r\n${reading.body}`;
      assert.doesNotMatch(reading.headerSection + wire, /\r(?!\n)|(?<!\r)\n/);
      assert.equal(wire.indexOf('\r\n.\r\n'), wire.length - 5);
    }),
    { numRuns: 2_000 },
  );
});

test('proper messages keep every octet', () => {
  fc.assert(
    fc.property(streamOf(clean), fc.array(fc.nat()), (text, cuts) => {
      for (const rules of [REFUSE, FIX]) {
        const reading = read(text, rules, cuts);
        if (reading.kind !== 'content') continue;
        const sent = text.slice(0, text.length - reading.behind.length);
        const section = sent
          .slice(0, sent.length - reading.body.length)
          .replace(/\r\n\r\n$|^\r\n$/, (end) => end.slice(2));
        assert.equal(reading.headerSection, section.replaceAll(/(^|\n)\./g, '$1'));
        assert.ok(sent.endsWith(reading.body));
      }
    }),
  );
});

const SMUGGLED = 'MAIL FROM:<evil@example.com>\r\n';
for (const [name, end, fixed] of [
  ['LF.LF', '\n.\n', '\r\n..\r\n'],
  ['LF.CRLF', '\n.\r\n', '\r\n..\r\n'],
  ['LF.CR', '\n.\r', '\r\n..\r\n'],
  ['CR.CR', '\r.\r', '\r\n..\r\n'],
  ['CR.LF', '\r.\n', '\r\n..\r\n'],
  ['CR.CRLF', '\r.\r\n', '\r\n..\r\n'],
  ['CRLF.LF', '\r\n.\n', '\r\n\r\n'],
  ['CRLF.CR', '\r\n.\r', '\r\n\r\n'],
  ['CRLF.CRCRLF', '\r\n.\r\r\n', '\r\n\r\n\r\n'],
  ['CRLF.LFCRLF', '\r\n.\n\r\n', '\r\n\r\n\r\n'],
  ['CRLF..LF', '\r\n..\n', '\r\n..\r\n'],
  ['LF..LF', '\n..\n', '\r\n...\r\n'],
  ['CRLF.LF.CRLF', '\r\n.\n.\r\n', '\r\n\r\n..\r\n'],
  ['CRCRLF.LF', '\r\r\n.\n', '\r\n\r\n\r\n'],
  ['LFLF.CRLF', '\n\n.\r\n', '\r\n\r\n..\r\n'],
] as const) {
  test(`${name} ends no message, at any place where the chunks part`, () => {
    const stream = `A: b\r\n\r\nx${end}${SMUGGLED}y\r\n.\r\nQUIT\r\n`;
    for (let cut = 0; cut <= stream.length; cut++) {
      for (let next = cut; next <= Math.min(cut + 4, stream.length); next++) {
        assert.deepEqual(read(stream, REFUSE, [cut, next]), {
          kind: 'refused',
          rule: 'loneLineEnd',
          behind: 'QUIT\r\n',
        });
        const reading = read(stream, FIX, [cut, next]);
        assert.ok(reading.kind === 'content');
        assert.equal(reading.body, `x${fixed}${SMUGGLED}y\r\n.\r\n`);
        assert.equal(reading.behind, 'QUIT\r\n');
      }
    }
  });
}

for (const [what, stream, headerSection, body, size] of [
  ['an empty message', '.\r\n', '', '.\r\n', 0],
  ['a blank line alone', '\r\n.\r\n', '', '.\r\n', 2],
  ['header and body', 'A: b\r\n\r\nc\r\n.\r\n', 'A: b\r\n', 'c\r\n.\r\n', 11],
  ['header fields alone', 'A: b\r\nC: d\r\n.\r\n', 'A: b\r\nC: d\r\n', '.\r\n', 12],
  ['a header and an empty body', 'A: b\r\n\r\n.\r\n', 'A: b\r\n', '.\r\n', 8],
  ['a body alone', 'hello\r\n.\r\n', '', 'hello\r\n.\r\n', 7],
  ['a body behind a blank line', '\r\nA: b\r\n.\r\n', '', 'A: b\r\n.\r\n', 8],
  [
    'a line that is no field ends the section',
    'A: b\r\nhello\r\n\r\nc\r\n.\r\n',
    'A: b\r\n',
    'hello\r\n\r\nc\r\n.\r\n',
    18,
  ],
  ['a folded field', 'A: b\r\n\tc\r\n d\r\n\r\n.\r\n', 'A: b\r\n\tc\r\n d\r\n', '.\r\n', 16],
  ['a continuation of nothing', ' c\r\nA: b\r\n.\r\n', '', ' c\r\nA: b\r\n.\r\n', 10],
  ['blanks in front of the colon', 'A \t: b\r\n.\r\n', 'A \t: b\r\n', '.\r\n', 8],
  ['a blank in the name', 'A B: c\r\n.\r\n', '', 'A B: c\r\n.\r\n', 8],
  ['no name', ': c\r\n.\r\n', '', ': c\r\n.\r\n', 5],
  ['a mailbox line', 'From a@b Mon\r\nA: b\r\n.\r\n', '', 'From a@b Mon\r\nA: b\r\n.\r\n', 20],
  ['stuffed dots', '..a: b\r\n\r\n..c\r\n...\r\n.\r\n', '.a: b\r\n', '..c\r\n...\r\n.\r\n', 17],
  ['dots that are stuffing without need', '.a: b\r\n. c\r\n\r\n.d\r\n.\r\n', 'a: b\r\n c\r\n', '.d\r\n.\r\n', 15],
  ['8-bit octets', 'A: \xe9\r\n\r\n\xff\r\n.\r\n', 'A: \xe9\r\n', '\xff\r\n.\r\n', 11],
] as const) {
  test(`${what}: split and counted`, () => {
    const expected: Reading = { kind: 'content', headerSection, body, size, behind: '' };
    assert.deepEqual(read(stream, REFUSE), expected);
    assert.deepEqual(read(stream, { ...REFUSE, maxSize: size === 0 ? 1 : size }), expected);
    if (size > 1) assert.deepEqual(read(stream, { ...REFUSE, maxSize: size - 1 }), refused('tooLarge'));
  });
}

const refused = (rule: string, behind = ''): Reading => ({ kind: 'refused', rule, behind });

test('of several reasons one is told', () => {
  assert.deepEqual(read('a\0\nb\r\n.\r\n', REFUSE), refused('nul'));
  assert.deepEqual(read('a\0\nb\r\n.\r\n', { ...REFUSE, maxSize: 3 }), refused('tooLarge'));
  assert.deepEqual(read('a\nb\r\n.\r\n', { ...FIX, maxSize: 5 }), refused('tooLarge'));
  assert.equal(read('a\nb\r\n.\r\n', { ...FIX, maxSize: 6 }).kind, 'content');
  assert.deepEqual(read('\0\nb\r\n.\r\n', { ...FIX, maxSize: 5 }), refused('tooLarge'));
  assert.deepEqual(read('\0\nb\r\n.\r\n', { ...FIX, maxSize: 6 }), refused('nul'));
});

test('the header section has a bound', () => {
  const line = `A: ${'x'.repeat(59)}\r\n`;
  const lines = line.repeat(HEADER_OCTETS_MAX / line.length);
  const longest = `${lines.slice(0, HEADER_OCTETS_MAX - line.length)}${line}`;
  for (const cuts of [[], [1000], Array.from({ length: 400 }, (_, index) => index * 700)]) {
    const reading = read(`${longest}\r\nbody\r\n.\r\n`, REFUSE, cuts);
    assert.ok(reading.kind === 'content');
    assert.equal(reading.headerSection, longest);
    assert.deepEqual(read(`${longest.replace('x', 'xx')}\r\nbody\r\n.\r\n`, REFUSE, cuts), refused('headerTooLarge'));
    assert.deepEqual(read(`A: ${'x'.repeat(3 * HEADER_OCTETS_MAX)}\r\n.\r\n`, REFUSE, cuts), refused('headerTooLarge'));
    // A body may have lines of any length.
    const long = 'x'.repeat(3 * HEADER_OCTETS_MAX);
    const body = read(`A: b\r\n${long}\r\n.\r\n`, REFUSE, cuts);
    assert.ok(body.kind === 'content');
    assert.equal(body.body.length, long.length + 5);
  }
});

test('a message beyond the size is not kept', async () => {
  const reader = new DataReader({ maxSize: 1_000_000, loneLineEnds: 'refuse' }, blocks);
  collectGarbage();
  const before = process.memoryUsage().arrayBuffers;
  for (let count = 0; count < 1_000; count++) assert.equal(reader.push(Buffer.alloc(100_000, 97), 0), -1);
  // What nobody holds is freed by and by; what is kept would stay for ever.
  for (let turn = 0; turn < 2_000 && process.memoryUsage().arrayBuffers - before > 2_000_000; turn++) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(process.memoryUsage().arrayBuffers - before < 2_000_000);
  assert.equal(reader.push(Buffer.from('\r\n.\r\nNOOP\r\n'), 0), 5);
  assert.deepEqual(reader.outcome(), { kind: 'refused', rule: 'tooLarge' });
});

test('a message in single octets is kept in few pieces', () => {
  const message = `A: b\r\n\r\n${'x'.repeat(50_000)}\r\n.\r\n`;
  const reader = new DataReader(REFUSE, blocks);
  for (const octet of message) reader.push(Buffer.from(octet), 0);
  const outcome = reader.outcome();
  assert.ok(outcome.kind === 'content');
  assert.ok(outcome.content.body.length < 24);
  assert.equal(bodyOf(outcome), message.slice(8));
});

const withoutLastLetter = (octets: number): string => `A: b\r\n\r\n${'x'.repeat(octets - 13)}`;

for (const [octets, isLent] of [
  [LENT_OCTETS_MAX, true],
  [LENT_OCTETS_MAX + 1, false],
] as const) {
  test(`a message of ${octets} octets is ${isLent ? 'lent' : 'given away'}`, () => {
    const own = new DataBlocks();
    const reader = new DataReader(REFUSE, own);
    reader.push(Buffer.from(withoutLastLetter(octets)), 0);
    const last = Buffer.from('\r\n.\r\n');
    reader.push(last, 0);
    const outcome = reader.outcome();
    assert.ok(outcome.kind === 'content');
    const expected = bodyOf(outcome);
    reader.release();
    own.take(LENT_OCTETS_MAX).fill('z');
    last.fill('z');
    assert.equal(bodyOf(outcome) === expected, !isLent);
  });
}

test('a message that is refused gives its blocks back', () => {
  const own = new DataBlocks();
  const first = own.take(LENT_OCTETS_MAX);
  own.giveBack(first);
  const reader = new DataReader(REFUSE, own);
  reader.push(Buffer.from(withoutLastLetter(LENT_OCTETS_MAX)), 0);
  reader.push(Buffer.from('\0'), 0);
  assert.equal(own.take(LENT_OCTETS_MAX), first);
});
