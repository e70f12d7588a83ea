// Damage and forgery: what recovery accepts, what it puts aside, and that the rest is found all the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { wallMs } from '../../core/base/moment.ts';
import { seededRandom } from '../../core/base/random.ts';
import type { Content, Envelope } from '../../core/mail/message.ts';
import type { RecoveredRecord, StoredContent } from '../../engine/ports.ts';
import type { SpoolProblem } from './problem.ts';
import { encodeEnvelope, RECORD_HEADER_BYTES, recordMark, sealRecord, writeRecordHeader } from './record-format.ts';
import { encodeSegmentHeader, readSegmentPage, SEGMENT_HEADER_BYTES } from './segment-format.ts';
import { scanSegment } from './segment-scan.ts';
import { openSpool, type SegmentSpool } from './segment-spool.ts';
import { SETTLEMENT_ENTRY_BYTES } from './settlement-entry.ts';
import { SimulatedDisk } from './simulated-disk.ts';

const SEGMENT_BYTES = 65_536;

function envelopeOf(name: string): Envelope {
  return {
    batchId: name,
    receivedAt: wallMs(1),
    reversePath: null,
    recipients: [{ messageId: name, mailbox: `${name}@example.com`, routingDomain: 'example.com', binding: 'default' }],
    eightBit: false,
    size: 1,
    protocol: 'esmtp',
  };
}

const contentOf = (name: string, body: Buffer = Buffer.alloc(400 + name.length * 7, `${name}.`)): Content => ({
  headerSection: `Subject: ${name}\r\n`,
  body: [body],
});

async function open(
  disk: SimulatedDisk,
): Promise<{ spool: SegmentSpool; recovered: RecoveredRecord[]; problems: SpoolProblem[] }> {
  const problems: SpoolProblem[] = [];
  const spool = await openSpool({
    directory: '/spool',
    forceFsync: true,
    segmentBytes: SEGMENT_BYTES,
    compactionIntervalMs: 2 ** 30,
    onProblem: (problem) => problems.push(problem),
    beforeSettlementWrite: async () => {},
    disk,
    lock: async () => async () => {},
  });
  const recovered = Array.from(spool.takeRecovered());
  return { spool, recovered, problems };
}

const append = (spool: SegmentSpool, name: string, body?: Buffer): Promise<StoredContent> =>
  new Promise((resolve, reject) => {
    spool.append(envelopeOf(name), contentOf(name, body), (result) => {
      if (result.kind === 'durable') resolve(result.stored);
      else reject(new Error(result.reason));
    });
  });

const names = (recovered: readonly RecoveredRecord[]): string[] =>
  recovered.map(({ stored }) => stored.envelope.batchId);

interface Place {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** A spool with these records in one segment, and where they are. */
async function filled(count: number): Promise<{ disk: SimulatedDisk; path: string; places: readonly Place[] }> {
  const disk = new SimulatedDisk(seededRandom(1));
  const { spool } = await open(disk);
  for (let index = 0; index < count; index++) await append(spool, `m${index}`);
  const path = usedSegment(disk);
  const bytes = disk.contentOf(path);
  const places = scan(bytes).records.map((record, index, all) => ({
    name: `m${index}`,
    start: record.offset,
    end:
      all[index + 1]?.offset ??
      record.offset + RECORD_HEADER_BYTES + record.envelopeBytes + record.headerSectionBytes + record.bodyBytes,
  }));
  return { disk: disk.restart('process'), path, places };
}

const usedSegment = (disk: SimulatedDisk): string =>
  disk
    .paths()
    .find((path) => path.endsWith('.segment') && readSegmentPage(disk.contentOf(path)).kind === 'used') as string;

function scan(bytes: Buffer): ReturnType<typeof scanSegment> {
  const page = readSegmentPage(bytes);
  assert.ok(page.kind === 'used');
  return scanSegment(bytes, page.header);
}

function flip(bytes: Buffer, bit: number): Buffer {
  bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
  return bytes;
}

test('a flipped bit costs at most the record it is in, which is kept in quarantine and reported', async () => {
  const { disk, path, places } = await filled(6);
  const random = seededRandom(2);
  const end = (places.at(-1) as Place).end;
  const bits = Array.from(
    { length: 250 },
    () => SEGMENT_HEADER_BYTES * 8 + random.below((end - SEGMENT_HEADER_BYTES) * 8),
  );
  for (const { start } of places) for (let bit = 0; bit < RECORD_HEADER_BYTES * 8; bit += 5) bits.push(start * 8 + bit);
  for (const bit of bits) {
    const damaged = disk.restart('process');
    damaged.damage(path, (bytes) => flip(bytes, bit));
    const { spool, recovered, problems } = await open(damaged);
    const hit = places.find(({ start, end }) => bit >> 3 >= start && bit >> 3 < end) as Place;
    assert.deepEqual(
      names(recovered),
      places.flatMap(({ name }) => (name === hit.name ? [] : [name])),
      `bit ${bit}`,
    );
    const [problem] = problems;
    assert.ok(problems.length === 1 && problem?.quarantineFile !== undefined, `bit ${bit}`);
    const original = damaged.contentOf(path).subarray(hit.start, hit.end);
    const kept = damaged.contentOf(problem.quarantineFile);
    assert.ok(kept.subarray(0, original.length).equals(original.subarray(0, kept.length)));
    await spool.close();
  }
});

test('a flipped bit in the header page costs nothing, and both copies lost cost nothing while the first record is whole', async () => {
  const { disk, path, places } = await filled(3);
  const all = places.map(({ name }) => name);
  for (let bit = 0; bit < SEGMENT_HEADER_BYTES * 8; bit += 61) {
    const damaged = disk.restart('process');
    damaged.damage(path, (bytes) => flip(bytes, bit));
    const { spool, recovered } = await open(damaged);
    assert.deepEqual(names(recovered), all, `bit ${bit}`);
    await spool.close();
  }
  const damaged = disk.restart('process');
  damaged.damage(path, (bytes) => bytes.fill(0xa5, 0, SEGMENT_HEADER_BYTES));
  const { spool, recovered } = await open(damaged);
  assert.deepEqual(names(recovered), all);
  await spool.close();
});

test('a segment without a readable header and first record goes to the quarantine as a whole', async () => {
  const { disk, path } = await filled(3);
  disk.damage(path, (bytes) => bytes.fill(0xa5, 0, SEGMENT_HEADER_BYTES + 20));
  const before = disk.contentOf(path);
  const { spool, recovered, problems } = await open(disk);
  assert.deepEqual(names(recovered), []);
  assert.ok(disk.contentOf(problems[0]?.quarantineFile as string).equals(before));
  await spool.close();
});

test('cut off at any byte, a segment gives all records before the cut', async () => {
  const { disk, path, places } = await filled(4);
  const end = (places.at(-1) as Place).end;
  for (let at = SEGMENT_HEADER_BYTES; at <= end; at += 37) {
    const cut = disk.restart('process');
    cut.damage(path, (bytes) => bytes.subarray(0, at));
    const { spool, recovered } = await open(cut);
    assert.deepEqual(
      names(recovered),
      places.flatMap(({ name, end }) => (end <= at ? [name] : [])),
      `cut at ${at}`,
    );
    await spool.close();
  }
});

test('a damaged settlement is ignored, and only that one', async () => {
  const disk = new SimulatedDisk(seededRandom(1));
  const first = await open(disk);
  for (let index = 0; index < 4; index++) {
    const record = await append(first.spool, `m${index}`);
    if (index < 3) first.spool.settle(record, 0, { kind: 'delivered' });
  }
  await first.spool.flushSettlements();
  const settlements = usedSegment(disk).replace('.segment', '.settled');
  for (let bit = 0; bit < 3 * SETTLEMENT_ENTRY_BYTES * 8; bit += 7) {
    const damaged = disk.restart('process');
    damaged.damage(settlements, (bytes) => flip(bytes, bit));
    const { spool, recovered } = await open(damaged);
    assert.deepEqual(names(recovered), [`m${Math.floor(bit / 8 / SETTLEMENT_ENTRY_BYTES)}`, 'm3'], `bit ${bit}`);
    await spool.close();
  }
});

/** A record with a right checksum, as somebody would put it into a message. */
function forged(generation: Uint8Array, offset: number, number: number): Buffer {
  const envelope = Buffer.from(encodeEnvelope(envelopeOf('forged'), null));
  const body = Buffer.from('forged\r\n.\r\n');
  const record = Buffer.concat([Buffer.alloc(RECORD_HEADER_BYTES), envelope, body]);
  const lengths = { envelopeBytes: envelope.length, headerSectionBytes: 0, bodyBytes: body.length };
  writeRecordHeader(record, 0, recordMark(generation), { offset, copyNumber: 0, number, sequence: number, ...lengths });
  sealRecord(record, null);
  return record;
}

for (const [what, knowsGeneration] of [
  ['of another generation, at its very offset', false],
  ['of this generation, which nobody outside can know, taken from another offset', true],
] as const) {
  test(`a forged record in a body, ${what}, is neither accepted nor harmful, wherever the record around it is damaged`, async () => {
    const disk = new SimulatedDisk(seededRandom(1));
    const first = await open(disk);
    const before = await append(first.spool, 'before');
    const path = usedSegment(disk);
    const page = readSegmentPage(disk.contentOf(path));
    assert.ok(page.kind === 'used');
    const generation = knowsGeneration ? page.header.generation : Buffer.alloc(8, 7);
    const start = scan(disk.contentOf(path)).end;
    // Headers of the same length everywhere, so the place of the forgery in the file is known.
    const headBytes =
      RECORD_HEADER_BYTES +
      encodeEnvelope(envelopeOf('victim'), null).length +
      contentOf('victim').headerSection.length;
    const place = start + headBytes + 100;
    const forgery = forged(generation, knowsGeneration ? place + 1 : place, before.sequence + 2);
    await append(first.spool, 'victim', Buffer.concat([Buffer.alloc(100, 'x'), forgery, Buffer.alloc(100, 'y')]));
    await append(first.spool, 'after');
    assert.ok(
      disk
        .contentOf(path)
        .subarray(place, place + forgery.length)
        .equals(forgery),
    );
    const bits: number[] = [];
    for (let bit = 0; bit < (headBytes + 100) * 8; bit += 11) bits.push(start * 8 + bit);
    for (const bit of bits) {
      const damaged = disk.restart('process');
      damaged.damage(path, (bytes) => flip(bytes, bit));
      const { spool, recovered, problems } = await open(damaged);
      assert.deepEqual(names(recovered), ['before', 'after'], `bit ${bit}`);
      assert.equal(problems.length, 1);
      await spool.close();
    }
    // Also at the very end, where nothing follows that would tell where the damaged record ends.
    const cut = disk.restart('process');
    cut.damage(path, (bytes) => flip(bytes.subarray(0, place + forgery.length + 50), start * 8 + 30 * 8));
    const { spool, recovered } = await open(cut);
    assert.deepEqual(names(recovered), ['before']);
    await spool.close();
  });
}

test('records of an earlier generation behind the end are not accepted', () => {
  const old = Buffer.alloc(8, 1);
  const generation = Buffer.alloc(8, 2);
  const at = SEGMENT_HEADER_BYTES;
  const fresh = forged(generation, at, 11);
  const page = encodeSegmentHeader({ generation, base: 10 });
  const bytes = Buffer.concat([page, fresh, forged(old, at + fresh.length, 12), Buffer.alloc(1_000)]);
  assert.deepEqual(scan(bytes), { records: [scan(bytes).records[0]], unreadable: [], end: at + fresh.length });
});

test('a record with a number that does not rise is not accepted', () => {
  const generation = Buffer.alloc(8, 2);
  const at = SEGMENT_HEADER_BYTES;
  const header = { generation, base: 10 };
  for (const [first, second, accepted] of [
    [10, 11, [11]],
    [11, 12, [11, 12]],
    [11, 11, [11]],
    [12, 11, [12]],
  ] as const) {
    const one = forged(generation, at, first);
    const two = forged(generation, at + one.length, second);
    const bytes = Buffer.concat([encodeSegmentHeader(header), one, two, Buffer.alloc(100)]);
    assert.deepEqual(
      scanSegment(bytes, header).records.map(({ number }) => number),
      accepted,
    );
  }
});

test('a record of a later format version is put aside, not misread', async () => {
  const { disk, path, places } = await filled(3);
  const { start, end } = places[1] as Place;
  disk.damage(path, (bytes) => {
    bytes[start + 20] = 2;
    bytes.writeUInt32LE(crc32(bytes.subarray(start + 4, end)), start);
    return bytes;
  });
  const { spool, recovered, problems } = await open(disk);
  assert.deepEqual(names(recovered), ['m0', 'm2']);
  assert.match(problems[0]?.text ?? '', /format version 2/);
  assert.ok(disk.contentOf(problems[0]?.quarantineFile as string).equals(disk.contentOf(path).subarray(start, end)));
  await spool.close();
});

test('what was put in quarantine is reported once, not at every start', async () => {
  const { disk, path, places } = await filled(3);
  disk.damage(path, (bytes) => flip(bytes, ((places[1] as Place).start + 60) * 8));
  const first = await open(disk);
  assert.equal(first.problems.length, 1);
  await first.spool.close();
  const second = await open(disk);
  assert.equal(second.problems.length, 0);
  assert.deepEqual(names(second.recovered), ['m0', 'm2']);
  await second.spool.close();
});
