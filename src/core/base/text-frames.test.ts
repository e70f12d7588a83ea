import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { FrameReader, frameText } from './text-frames.ts';

/** Reads `stream`, cut at the given places, and puts texts and statuses together again. */
function readFrames(stream: string, cuts: readonly number[]): { text: string; status: string }[] {
  const reader = new FrameReader();
  const frames: { text: string; status: string }[] = [];
  let text = '';
  const places = [0, ...cuts.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length];
  for (let index = 1; index < places.length; index++) {
    for (const part of reader.push(stream.slice(places[index - 1], places[index]))) {
      assert.notEqual(part.kind, 'violation');
      if (part.kind === 'text') text += part.text;
      if (part.kind === 'end') {
        frames.push({ text, status: part.status });
        text = '';
      }
    }
  }
  assert.equal(text, '');
  assert.equal(reader.pendingLength, 0);
  return frames;
}

const line = fc.oneof(fc.string(), fc.constantFrom('', '.', '..', '. ok', '.. ok', ' .'));
const text = fc
  .array(line.map((one) => one.replaceAll('\n', '')))
  .map((lines) => lines.map((one) => `${one}\n`).join(''));

test('frames come back as they were written, however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ text, status: fc.constantFrom('ok', 'refused') }, { noNullPrototype: true })),
      fc.array(fc.nat()),
      (frames, cuts) => {
        const stream = frames.map((frame) => frameText(frame.text, frame.status)).join('');
        assert.deepEqual(readFrames(stream, cuts), frames);
      },
    ),
  );
});

test('an unfinished last line is completed', () => assert.equal(frameText('one\ntwo', 'ok'), 'one\ntwo\n. ok\n'));
test('no text is no line', () => assert.equal(frameText('', 'ok'), '. ok\n'));
test('a dot in front is doubled', () => assert.equal(frameText('.\n. ok\na.', 'ok'), '..\n.. ok\na.\n. ok\n'));
test('a line that no frame can hold is reported', () => {
  assert.deepEqual(new FrameReader().push('.\n'), [{ kind: 'violation', line: '.' }]);
});
