// One log file, on files in memory: order, partial writes, full disks, exhausted descriptors, rotation.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AppendFiles } from './append-files.ts';
import { LogFile, type LogFileOptions } from './log-file.ts';

const PATH = '/log/mainlog.ec';

/** Files whose disk can fill up and whose descriptors can run out. Writes complete in a later turn. */
class FilesInMemory implements AppendFiles {
  /** By path; a rotation moves the text to another path, as rename does. */
  readonly texts = new Map<string, { text: string }>();
  readonly descriptors = new Map<number, { text: string }>();
  /** Octets the disk still takes, of all files. */
  room = Number.POSITIVE_INFINITY;
  /** Most octets of one write. */
  writeMax = Number.POSITIVE_INFINITY;
  descriptorsMax = Number.POSITIVE_INFINITY;
  writes = 0;
  isWriting = false;
  /** Writes wait for `letGo` while it is set. */
  isHeld = false;
  #held: (() => void)[] = [];
  #lastDescriptor = 2;

  async open(path: string): Promise<number> {
    await null;
    if (this.descriptors.size >= this.descriptorsMax) throw Object.assign(new Error('too many'), { code: 'EMFILE' });
    const file = this.texts.get(path) ?? { text: '' };
    this.texts.set(path, file);
    this.#lastDescriptor += 1;
    this.descriptors.set(this.#lastDescriptor, file);
    return this.#lastDescriptor;
  }

  append(descriptor: number, bytes: Uint8Array, done: (error: NodeJS.ErrnoException | null, octets: number) => void) {
    assert.equal(this.isWriting, false, 'one write at a time');
    this.isWriting = true;
    this.writes += 1;
    const complete = (): void => {
      this.isWriting = false;
      const file = this.descriptors.get(descriptor);
      assert.ok(file !== undefined, 'a write goes to an open file');
      const taken = Math.min(bytes.length, this.writeMax, this.room);
      if (taken === 0) {
        done(Object.assign(new Error('full'), { code: 'ENOSPC' }), 0);
        return;
      }
      file.text += Buffer.from(bytes).toString('latin1', 0, taken);
      this.room -= taken;
      done(null, taken);
    };
    if (this.isHeld) this.#held.push(complete);
    else setImmediate(complete);
  }

  letGo(): void {
    this.isHeld = false;
    for (const complete of this.#held.splice(0)) complete();
  }

  async close(descriptor: number): Promise<void> {
    assert.equal(this.descriptors.delete(descriptor), true, 'closed once');
  }

  async makeDirectory(): Promise<void> {}

  rotate(): void {
    const file = this.texts.get(PATH);
    if (file !== undefined) this.texts.set(`${PATH}.${this.texts.size}`, file);
    this.texts.delete(PATH);
  }

  text(path = PATH): string {
    return this.texts.get(path)?.text ?? '';
  }
}

/** A log whose timers do not fire by themselves unless asked to, and what it reports. */
async function openLog(files: FilesInMemory, more: Partial<LogFileOptions> = {}) {
  const reports: string[] = [];
  let reported: (() => void) | null = null;
  const log = await LogFile.open({
    files,
    label: 'mainlog: /log/mainlog.ec',
    path: PATH,
    mode: 0o644,
    gatherMs: 100_000,
    retryMs: 100_000,
    chunkOctets: 64,
    memoryOctets: 640,
    report: (text) => {
      reports.push(text);
      reported?.();
    },
    ...more,
  });
  const nextReport = () => new Promise<void>((resolve) => (reported = resolve));
  return { log, reports, nextReport };
}

const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `line ${String(from + index).padStart(6, '0')}`);
const asText = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

test('lines are gathered, and flushed in one write', async () => {
  const files = new FilesInMemory();
  const { log } = await openLog(files);
  log.push('a');
  log.push('b\xe9');
  assert.equal(log.isPending, true);
  await log.flush();
  assert.equal(files.text(), 'a\nb\xe9\n');
  assert.equal(files.writes, 1);
  assert.equal(log.isPending, false);
  assert.equal(log.flush(), log.flush(), 'nothing is made when nothing waits');
  await log.close();
  assert.equal(files.descriptors.size, 0);
});

test('a full chunk is written without being asked', async () => {
  const files = new FilesInMemory();
  const { log } = await openLog(files, { chunkOctets: 4 });
  log.push('abc'); // with its line end exactly the chunk
  await new Promise(setImmediate);
  assert.equal(files.text(), 'abc\n');
  await log.close();
});

test('what is gathered is written when the time is up, also what came during a write', async () => {
  const files = new FilesInMemory();
  const { log } = await openLog(files, { gatherMs: 1, chunkOctets: 1000 });
  files.isHeld = true;
  log.push('a');
  while (!files.isWriting) await new Promise(setImmediate);
  log.push('b');
  files.letGo();
  while (files.text() !== 'a\nb\n') await new Promise(setImmediate);
  await log.close();
});

test('flush waits for what was handed over before it only', async () => {
  const files = new FilesInMemory();
  const { log } = await openLog(files);
  files.isHeld = true;
  log.push('a');
  let isFlushed = false;
  const flushed = log.flush().then(() => (isFlushed = true));
  log.push('b');
  await new Promise(setImmediate);
  assert.equal(isFlushed, false);
  files.letGo();
  await flushed;
  assert.equal(files.text(), 'a\n');
  await log.close();
  assert.equal(files.text(), 'a\nb\n');
});

test('short writes are gone on with', async () => {
  const files = new FilesInMemory();
  files.writeMax = 3;
  const { log } = await openLog(files);
  for (const line of numbered(0, 50)) log.push(line);
  await log.flush();
  assert.equal(files.text(), asText(numbered(0, 50)));
  await log.close();
});

test('a full disk: lines wait, nobody waits for them, and all are there in the end', async () => {
  const files = new FilesInMemory();
  const { log, reports, nextReport } = await openLog(files, { retryMs: 1 });
  files.room = 16; // the first line and some of the second
  for (const line of numbered(0, 10)) log.push(line);
  await log.flush();
  assert.equal(files.text(), 'line 000000\nline');
  assert.equal(log.isPending, false);
  for (const line of numbered(10, 20)) log.push(line);
  await log.flush();
  assert.deepEqual(reports, [
    'mainlog: /log/mainlog.ec: no space left on the disk; lines are kept in memory up to 0.0006103515625 MB and tried again until it can be written',
  ]);
  files.room = Number.POSITIVE_INFINITY;
  await nextReport();
  assert.equal(reports[1], 'mainlog: /log/mainlog.ec: can be written again; no line was lost');
  log.push('after');
  await log.flush();
  assert.equal(files.text(), asText([...numbered(0, 20), 'after']));
  await log.close();
});

test('a disk that stays full: the oldest lines are dropped, whole, and counted', async () => {
  const files = new FilesInMemory();
  const { log, reports, nextReport } = await openLog(files, { retryMs: 1 });
  files.room = 16;
  for (const line of numbered(0, 6)) log.push(line); // 72 octets: one chunk, which is begun
  await log.flush();
  for (const line of numbered(6, 1000)) log.push(line);
  await new Promise(setImmediate);
  files.room = Number.POSITIVE_INFINITY;
  await nextReport();
  await log.flush();
  const kept = files.text().trimEnd().split('\n');
  const dropped = 1000 - kept.length;
  assert.equal(reports[1], `mainlog: /log/mainlog.ec: can be written again; ${dropped} lines are lost`);
  assert.deepEqual(kept, [...numbered(0, 6), ...numbered(6 + dropped, 1000)]);
  assert.ok(asText(kept).length <= 72 + 640 + 64, `${asText(kept).length} octets`);
  assert.ok(asText(kept).length > 500);
  await log.close();
});

test('a write that hangs bounds the memory too, and flush still waits for it', async () => {
  const files = new FilesInMemory();
  const { log, reports } = await openLog(files);
  files.isHeld = true;
  for (const line of numbered(0, 6)) log.push(line);
  let isFlushed = false;
  const flushed = log.flush().then(() => (isFlushed = true));
  for (const line of numbered(6, 1000)) log.push(line);
  await new Promise(setImmediate);
  assert.equal(isFlushed, false);
  files.letGo();
  await flushed;
  await log.flush();
  const kept = files.text().trimEnd().split('\n');
  assert.deepEqual(reports, [`mainlog: /log/mainlog.ec: can be written again; ${1000 - kept.length} lines are lost`]);
  await log.close();
});

test('close says what is lost', async () => {
  const files = new FilesInMemory();
  const { log, reports } = await openLog(files);
  files.room = 0;
  log.push('a');
  log.push('b');
  await log.close();
  assert.equal(reports.at(-1), 'mainlog: /log/mainlog.ec: no space left on the disk: 2 lines are lost at the stop');
  assert.equal(files.descriptors.size, 0);
  await log.close();
});

test('rotation: what was handed over before goes to the old file, the rest to the new one', async () => {
  const files = new FilesInMemory();
  const { log } = await openLog(files);
  log.push('old');
  files.rotate();
  const reopened = log.reopen();
  log.push('either');
  assert.equal(await reopened, null);
  log.push('new');
  await log.close();
  const [old, current] = [files.text(`${PATH}.1`), files.text()];
  assert.ok(old.startsWith('old\n') && current.endsWith('new\n'));
  assert.equal(old + current, 'old\neither\nnew\n');
});

test('rotation with no descriptor left: the old file is kept and used', async () => {
  const files = new FilesInMemory();
  const { log } = await openLog(files);
  files.rotate();
  files.descriptorsMax = 1;
  log.push('a');
  assert.equal(
    await log.reopen(),
    'mainlog: /log/mainlog.ec: no file descriptor is left; lines still go to the file that was open before',
  );
  log.push('b');
  await log.flush();
  assert.equal(files.text(`${PATH}.1`), 'a\nb\n');
  files.descriptorsMax = 2;
  assert.equal(await log.reopen(), null);
  log.push('c');
  await log.close();
  assert.equal(files.text(), 'c\n');
});

test('rotation of a file on a full disk: the line it took in part stands whole in the new file', async () => {
  const files = new FilesInMemory();
  const { log, reports, nextReport } = await openLog(files);
  files.room = 16;
  for (const line of numbered(0, 10)) log.push(line);
  await log.flush();
  files.rotate();
  files.room = Number.POSITIVE_INFINITY;
  const reported = nextReport();
  assert.equal(await log.reopen(), null);
  await reported;
  await log.flush();
  assert.equal(files.text(), asText(numbered(1, 10)));
  assert.equal(reports.at(-1), 'mainlog: /log/mainlog.ec: can be written again; no line was lost');
  await log.close();
});

type Step = { readonly kind: 'push' | 'flush' | 'rotate' | 'turn' | 'clear' } | { kind: 'room'; octets: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Step>({ kind: 'push' }) },
  fc.constantFrom<Step>({ kind: 'flush' }, { kind: 'rotate' }, { kind: 'turn' }, { kind: 'clear' }),
  fc.record({ kind: fc.constant('room' as const), octets: fc.nat(60) }),
);

test('any order of lines, rotations and full disks: all lines are there, whole and in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), fc.integer({ min: 1, max: 40 }), async (steps, chunkOctets) => {
      const files = new FilesInMemory();
      const { log } = await openLog(files, { chunkOctets, memoryOctets: 1_000_000 });
      const pushed: string[] = [];
      const reopenings: Promise<string | null>[] = [];
      for (const { kind, ...more } of steps) {
        if (kind === 'push') {
          pushed.push(`line ${pushed.length}`);
          log.push(pushed.at(-1)!);
        } else if (kind === 'flush') await log.flush();
        else if (kind === 'turn') await new Promise(setImmediate);
        else if (kind === 'clear') files.room = Number.POSITIVE_INFINITY;
        else if (kind === 'rotate') {
          files.rotate();
          reopenings.push(log.reopen());
        } else files.room = (more as { octets: number }).octets;
      }
      files.room = Number.POSITIVE_INFINITY;
      await log.close();
      for (const problem of await Promise.all(reopenings)) assert.equal(problem, null);
      assert.equal(files.descriptors.size, 0);
      const rotated = [...files.texts].filter(([path]) => path !== PATH).map(([, { text }]) => text);
      const lines = [...rotated, files.text()].flatMap((text) => {
        // What the full disk cut off at the end of a rotated file is whole in the next one.
        const whole = text.slice(0, text.lastIndexOf('\n') + 1);
        return whole.split('\n').slice(0, -1);
      });
      assert.deepEqual(lines, pushed);
    }),
    { numRuns: 300 },
  );
});
