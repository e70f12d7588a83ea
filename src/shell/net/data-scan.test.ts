// Both scanners against each other: one goes octet by octet, the other 16 at a time.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { compiledScanner, ENDED, plainScanner, RECEIVED_OCTETS, scanData } from './data-scan.ts';

const compiled = compiledScanner()!;
const plain = plainScanner();

/** Text, line ends and what is like them, in all orders; runs long enough for whole blocks. */
const piece = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('\r\n', '.', '\r\n.', '\r\n..', '\t', 'a', '\x0e\xff\x80\x8d\x8a') },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 70 }).map((length) => 'x'.repeat(length)) },
  { weight: 1, arbitrary: fc.constantFrom('\r', '\n', '\0', '\r\n.\r\n', '.\r\n') },
);
const stream = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''));

test('sixteen octets at a time finds what octet by octet finds', () => {
  fc.assert(
    fc.property(stream, fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 4 }), (text, at, reached) => {
      const answers = [compiled, plain].map(({ octets, results, scan }) => {
        const end = scan(65_536 + at, 65_536 + at + octets.write(text, 65_536 + at, 'latin1'), reached);
        return end === -2 ? [end] : [end, ...results];
      });
      assert.deepEqual(answers[0], answers[1]);
    }),
    { numRuns: 5_000 },
  );
});

test('nothing is read behind the last octet', () => {
  const { octets, scan } = compiled;
  octets.write('a\r\n.\r\n', 65_536, 'latin1');
  for (const [octetsThere, end] of [
    [5, -1],
    [6, 65_542],
  ] as const)
    assert.equal(scan(65_536, 65_536 + octetsThere, 2), end);
});

test('a chunk is scanned where it is, or copied, whatever its length', () => {
  const line = `${'.'.repeat(2)}${'x'.repeat(98)}\r\n`;
  for (const lines of [1, 600, 700, 2_000]) {
    const text = `DATA\r\n${line.repeat(lines)}.\r\nQUIT\r\n`;
    const elsewhere = Buffer.from(text, 'latin1');
    const chunks: Buffer[] = [elsewhere];
    if (elsewhere.length <= RECEIVED_OCTETS.length) {
      chunks.push(RECEIVED_OCTETS.subarray(0, RECEIVED_OCTETS.write(text, 'latin1')));
    }
    for (const chunk of chunks) {
      const expected = { end: text.length - 6, stuffedDots: lines + 1, reached: ENDED };
      assert.deepEqual(scanData(chunk, 6, 2), expected);
    }
  }
});

test('a NUL and a lone CR or LF are told, wherever they stand', () => {
  for (const wrong of ['\0', '\r', '\n'])
    for (let at = 0; at < 40; at++) {
      const text = `${'x'.repeat(at)}${wrong}${'x'.repeat(40 - at)}`;
      assert.equal(scanData(Buffer.from(text), 0, 0), null);
    }
});
