import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { COMMAND_OCTETS_MAX, type CommandLine, CommandLines } from './command-lines.ts';

/** The lines of `stream`, cut at the given places. */
function read(stream: Buffer, cuts: readonly number[]): CommandLine[] {
  const lines = new CommandLines();
  const places = [0, ...cuts.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length];
  const found = places.slice(1).flatMap((end, index) => lines.push(stream.subarray(places[index], end)));
  const last = lines.end();
  return last === null ? found : [...found, last];
}

const line = (text: string): CommandLine => ({ kind: 'line', text });

test('any octets give the same lines, however they are cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constant('\n'))),
      fc.array(fc.nat()),
      (texts, cuts) => {
        const stream = Buffer.from(texts.join(''));
        assert.deepEqual(read(stream, cuts), read(stream, []));
      },
    ),
  );
});

test('lines end with LF or CRLF; the last one may have no end', () => {
  assert.deepEqual(read(Buffer.from('a\r\n\nb c\nd'), []), [line('a'), line(''), line('b c'), line('d')]);
});

test('a line at the bound is taken, a longer one is not, and the next one is', () => {
  const longest = 'x'.repeat(COMMAND_OCTETS_MAX);
  const stream = Buffer.from(`${longest}\n${longest}y\nnext\n`);
  for (const cuts of [[], [5, COMMAND_OCTETS_MAX, COMMAND_OCTETS_MAX + 9], [COMMAND_OCTETS_MAX * 2 + 2]]) {
    assert.deepEqual(read(stream, cuts), [line(longest), { kind: 'tooLong' }, line('next')]);
  }
});
