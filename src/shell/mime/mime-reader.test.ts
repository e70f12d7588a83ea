import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { temporaryDirectory } from '../../../test/support/temporary-directory.ts';
import type { MimeParts } from '../../core/mail/mime-parts.ts';
import { ThreadedMimeReader } from './mime-reader.ts';
import { CONTENT_OCTETS_MAX } from './read-mime.ts';

function read(reader: ThreadedMimeReader, text: string): Promise<MimeParts | null> {
  const half = Math.floor(text.length / 2);
  const body = [text.slice(0, half), `${text.slice(half)}\r\n.\r\n`].map((piece) => Buffer.from(piece));
  return new Promise((resolve) => reader.read({ headerSection: 'Subject: x\r\n', body }, resolve));
}

test('mails are answered in their order, each with its own parts', { timeout: 60_000 }, async () => {
  const reader = new ThreadedMimeReader();
  const texts = Array.from({ length: 20 }, (_, number) => `text ${number}`);
  const answers = await Promise.all(texts.map((text) => read(reader, text)));
  assert.deepEqual(
    answers.map((parts) => parts?.text.trim()),
    texts,
  );
});

test('a large mail is cut', { timeout: 60_000 }, async () => {
  const parts = await read(new ThreadedMimeReader(), 'x'.repeat(CONTENT_OCTETS_MAX * 3));
  assert.ok(parts!.text.length > 0 && parts!.text.length <= CONTENT_OCTETS_MAX);
});

/** Threads that fail with a mail that says so, and answer the others. */
for (const [id, how] of [
  ['never ends', 'for (;;);'],
  ['ends', 'process.exit(0);'],
  ['throws', 'throw new Error("no");'],
  ['takes too much memory', 'const all = []; for (;;) all.push(new Array(100_000).fill(all.length));'],
] as const) {
  test(`a mail with which the thread ${id} is given up, and the others are read`, { timeout: 60_000 }, async (t) => {
    const file = join(temporaryDirectory(t), 'thread.mjs');
    writeFileSync(
      file,
      `import { parentPort } from 'node:worker_threads';
parentPort.on('message', ({ id, beginning }) => {
  const text = Buffer.from(beginning.body).toString();
  if (text.startsWith('bad')) { ${how} }
  parentPort.postMessage({ id, parts: { fields: [], text, parts: [] } });
});
`,
    );
    // Long enough for a machine that stalls: what is read in time does not depend on it.
    const reader = new ThreadedMimeReader(5000, pathToFileURL(file));
    const answers = await Promise.all(['one', 'bad', 'two', 'three'].map((text) => read(reader, text)));
    assert.deepEqual(
      answers.map((parts) => parts?.text.trim().slice(0, 5) ?? null),
      ['one\r\n', null, 'two\r\n', 'three'],
    );
    assert.notEqual(await read(reader, 'four'), null);
  });
}
