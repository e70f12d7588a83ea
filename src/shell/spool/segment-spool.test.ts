// The spool as a whole on the simulated disk: what it keeps through stops, kills and power cuts at any call.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wallMs } from '../../core/base/moment.ts';
import { type Random, seededRandom } from '../../core/base/random.ts';
import type { Content, Envelope, Settlement } from '../../core/mail/message.ts';
import type { AppendResult, RecoveredRecord, StoredContent } from '../../engine/ports.ts';
import type { SpoolProblem } from './problem.ts';
import { openSpool, type SegmentSpool, type SpoolOptions } from './segment-spool.ts';
import { SimulatedDisk } from './simulated-disk.ts';

const DIRECTORY = '/spool';

interface Opened {
  readonly spool: SegmentSpool;
  readonly recovered: readonly RecoveredRecord[];
  readonly problems: readonly SpoolProblem[];
}

async function open(disk: SimulatedDisk, options: Partial<SpoolOptions> = {}): Promise<Opened> {
  const problems: SpoolProblem[] = [];
  const spool = await openSpool({
    directory: DIRECTORY,
    forceFsync: true,
    segmentBytes: 16_384,
    memoryBytes: 200_000,
    settlementDelayMs: 0,
    syncIntervalMs: 5,
    compactionIntervalMs: 2 ** 30,
    compactionGraceMs: 0,
    numberReservation: 16,
    onProblem: (problem) => problems.push(problem),
    beforeSettlementWrite: async () => {},
    disk,
    lock: async () => async () => {},
    ...options,
  });
  const recovered = Array.from(spool.takeRecovered());
  return { spool, recovered, problems };
}

function envelopeOf(name: string, recipients = 1): Envelope {
  return {
    batchId: name,
    receivedAt: wallMs(1_764_000_000_000.25),
    reversePath: recipients === 1 ? null : 'sender@example.org',
    recipients: Array.from({ length: recipients }, (_, index) => ({
      messageId: `${name}/${index}`,
      mailbox: `"a\\"ä€"${index}@example.com`,
      routingDomain: 'example.com',
      binding: `binding ${index}`,
    })),
    eightBit: true,
    size: 17,
    protocol: 'esmtp',
    ...(recipients % 2 === 0 ? {} : { client: { address: '192.0.2.1', port: 4711, name: 'c\xe9' } }),
  };
}

function contentFor(name: string, bytes: number, chunks = 2): Content {
  const body = Buffer.alloc(bytes, `${name} `);
  const step = Math.ceil(bytes / chunks);
  return {
    headerSection: `Subject: ${name} \u00e4\u00ff\r\n`,
    body: Array.from({ length: chunks }, (_, index) => body.subarray(index * step, (index + 1) * step)),
  };
}

const append = (spool: SegmentSpool, envelope: Envelope, content: Content): Promise<AppendResult> =>
  new Promise((resolve) => spool.append(envelope, content, resolve));

async function stored(spool: SegmentSpool, name: string, bytes = 100, recipients = 1): Promise<StoredContent> {
  const result = await append(spool, envelopeOf(name, recipients), contentFor(name, bytes));
  assert.equal(result.kind, 'durable');
  return (result as Extract<AppendResult, { kind: 'durable' }>).stored;
}

const read = (spool: SegmentSpool, content: StoredContent): Promise<Content | null> =>
  new Promise((resolve) => spool.read(content, resolve));

const joined = ({ headerSection, body }: Content): string => headerSection + Buffer.concat(body).toString('latin1');
const names = (recovered: readonly RecoveredRecord[]): readonly string[] =>
  recovered.map((record) => record.stored.envelope.batchId);
const segmentFiles = (disk: SimulatedDisk): readonly string[] =>
  disk.paths().filter((path) => path.endsWith('.segment'));
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const DELIVERED: Settlement = { kind: 'delivered' };
const deferred = (retries: number): Settlement => ({
  kind: 'deferred',
  retries,
  nextAttemptAt: wallMs(1_000_000 + retries * 1_000.5),
});

test('memory is used again, but not while somebody looks at it', async () => {
  const { spool } = await open(new SimulatedDisk(seededRandom(1)));
  for (const isDone of [false, true]) {
    const record = await stored(spool, 'one', 40_000);
    const held = spool.bodyInMemory(record)!;
    const { buffer } = held.body[0]!;
    if (isDone) held.done();
    spool.settle(record, 0, DELIVERED);
    let isUsedAgain = false;
    for (let count = 0; count < 4; count++) {
      const other = await stored(spool, 'two', 40_000);
      const body = spool.bodyInMemory(other)!;
      isUsedAgain ||= body.body[0]!.buffer === buffer;
      body.done();
      spool.settle(other, 0, DELIVERED);
    }
    assert.equal(isUsedAgain, isDone);
    if (!isDone) assert.equal(Buffer.concat(held.body).toString(), 'one '.repeat(10_000));
  }
  await spool.close();
});

for (const [what, bytes, chunks] of [
  ['an empty body', 0, 1],
  ['a small body', 300, 2],
  ['a body kept in chunks', 40_000, 3],
  ['a body larger than a segment', 100_000, 5],
  ['a body of more chunks than one call takes', 90_000, 2_500],
] as const) {
  test(`${what} is the same in memory, read back, and after a restart`, async () => {
    const disk = new SimulatedDisk(seededRandom(1));
    const first = await open(disk);
    const content = contentFor('one', bytes, chunks);
    const result = await append(first.spool, envelopeOf('one', 3), content);
    assert.equal(result.kind, 'durable');
    const record = (result as Extract<AppendResult, { kind: 'durable' }>).stored;
    const held = first.spool.bodyInMemory(record);
    assert.ok(held !== null);
    assert.equal(
      joined({ headerSection: Buffer.from(held.headerSection).toString('latin1'), body: held.body }),
      joined(content),
    );
    assert.equal(joined((await read(first.spool, record)) as Content), joined(content));
    first.spool.release(record);
    assert.equal(first.spool.bodyInMemory(record), null);
    assert.equal(joined((await read(first.spool, record)) as Content), joined(content));
    await first.spool.close();
    assert.deepEqual(disk.openFiles, []);
    const second = await open(disk);
    assert.deepEqual(second.problems, []);
    assert.deepEqual(
      second.recovered.map(({ stored: { envelope } }) => envelope),
      [envelopeOf('one', 3)],
    );
    assert.equal(
      joined((await read(second.spool, (second.recovered[0] as RecoveredRecord).stored)) as Content),
      joined(content),
    );
    await second.spool.close();
  });
}

test('an append is answered in a later turn, and all of one commit in one go', async () => {
  const { spool } = await open(new SimulatedDisk(seededRandom(1)));
  let answered = 0;
  const answers: number[] = [];
  for (let count = 0; count < 5; count++)
    spool.append(envelopeOf(`${count}`), contentFor('x', 10), () => answers.push(answered));
  assert.deepEqual(answers, []);
  while (answers.length === 0) {
    await turn();
    answered += 1;
  }
  assert.equal(answers.length, 5);
  assert.equal(new Set(answers).size, 1);
  await spool.close();
});

test('settlements are there after an orderly stop: final recipients are gone, the others keep retries and next attempt', async () => {
  const disk = new SimulatedDisk(seededRandom(1));
  const first = await open(disk);
  const one = await stored(first.spool, 'one', 100, 3);
  const two = await stored(first.spool, 'two');
  await stored(first.spool, 'three');
  first.spool.settle(one, 0, DELIVERED);
  first.spool.settle(one, 2, deferred(1));
  first.spool.settle(one, 2, deferred(2));
  first.spool.settle(two, 0, { kind: 'failed' });
  await first.spool.close();
  const second = await open(disk);
  assert.deepEqual(
    second.recovered.map(({ stored: { envelope }, open }) => [envelope.batchId, open]),
    [
      [
        'one',
        [
          { index: 1, retries: 0, nextAttemptAt: null },
          { index: 2, retries: 2, nextAttemptAt: 1_002_001 },
        ],
      ],
      ['three', [{ index: 0, retries: 0, nextAttemptAt: null }]],
    ],
  );
  await second.spool.close();
});

test('the logs are flushed before the settlements they belong to', async () => {
  const disk = new SimulatedDisk(seededRandom(1));
  let writesBefore = -1;
  const settlementWrites = (): number =>
    disk.calls.filter(({ name, path }) => name === 'write' && path.endsWith('.settled')).length;
  const { spool } = await open(disk, {
    beforeSettlementWrite: async () => {
      writesBefore = settlementWrites();
    },
  });
  spool.settle(await stored(spool, 'one'), 0, deferred(1));
  await spool.flushSettlements();
  assert.equal(writesBefore, 0);
  assert.equal(settlementWrites(), 1);
  await spool.close();
});

test('sequence numbers rise through restarts, also when every segment was freed', async () => {
  let disk = new SimulatedDisk(seededRandom(1));
  let last = 0;
  for (let life = 0; life < 6; life++) {
    const { spool } = await open(disk);
    for (let count = 0; count < 20; count++) {
      const record = await stored(spool, `${life}-${count}`);
      assert.ok(record.sequence > last);
      last = record.sequence;
      spool.settle(record, 0, DELIVERED);
    }
    if (life % 2 === 0) await spool.close();
    disk = disk.restart('process');
  }
});

test('memory stays below its cap; content beyond it is read back', async () => {
  const { spool } = await open(new SimulatedDisk(seededRandom(1)));
  const records: StoredContent[] = [];
  for (let count = 0; count < 40; count++) records.push(await stored(spool, `${count}`, 12_000));
  assert.ok(spool.memoryBytes <= 200_000);
  assert.ok(records.some((record) => spool.bodyInMemory(record) === null));
  for (const [count, record] of records.entries()) {
    assert.equal(joined((await read(spool, record)) as Content), joined(contentFor(`${count}`, 12_000)));
    spool.settle(record, 0, DELIVERED);
  }
  assert.ok(spool.memoryBytes <= 65_536);
  await spool.close();
});

test('segments of settled mail are used again', async () => {
  const disk = new SimulatedDisk(seededRandom(1));
  const { spool } = await open(disk);
  for (let count = 0; count < 200; count++) {
    spool.settle(await stored(spool, `${count}`, 1_000), 0, DELIVERED);
    if (count % 10 === 0) await spool.flushSettlements();
  }
  assert.ok(segmentFiles(disk).length <= 6, `${segmentFiles(disk).length} segments`);
  await spool.close();
});

test('a segment is freed in order: header zeroed for good, then settlements emptied, then a new generation', async () => {
  const disk = new SimulatedDisk(seededRandom(1));
  const { spool } = await open(disk);
  const records: StoredContent[] = [];
  while (segmentFiles(disk).length < 3) records.push(await stored(spool, `${records.length}`, 1_000));
  const segment = segmentFiles(disk)[0] as string;
  const settlements = segment.replace('.segment', '.settled');
  disk.calls.length = 0;
  for (const record of records) spool.settle(record, 0, DELIVERED);
  await spool.flushSettlements();
  for (let count = 0; count < 60; count++) await stored(spool, `more ${count}`, 1_000);
  const steps = disk.calls
    .filter(
      ({ name, path }) =>
        (path === segment && name === 'write') || (path === settlements && name !== 'open' && name !== 'close'),
    )
    .map(({ name, path }) => `${name} ${path === segment ? 'segment' : 'settlements'}`);
  assert.deepEqual(steps.slice(0, 6), [
    'write settlements',
    'sync settlements',
    'write segment',
    'truncate settlements',
    'sync settlements',
    'write segment',
  ]);
  await spool.close();
});

test('mostly dead segments are compacted; the copies keep their ids, what was settled, and their content', async () => {
  const disk = new SimulatedDisk(seededRandom(1));
  const first = await open(disk);
  const kept: StoredContent[] = [];
  for (let count = 0; count < 100; count++) {
    const record = await stored(first.spool, `${count}`, 1_000, 2);
    first.spool.settle(record, 0, DELIVERED);
    if (count % 20 === 7) {
      first.spool.settle(record, 1, deferred(3));
      first.spool.release(record);
      kept.push(record);
    } else first.spool.settle(record, 1, DELIVERED);
  }
  await first.spool.flushSettlements();
  const before = segmentFiles(disk).length;
  await first.spool.compact();
  // Settled between the copy and the release of its source.
  first.spool.settle(kept[0] as StoredContent, 1, DELIVERED);
  await first.spool.flushSettlements();
  assert.ok(segmentFiles(disk).length < before);
  for (const record of kept.slice(1)) {
    const content = (await read(first.spool, record)) as Content;
    assert.equal(joined(content), joined(contentFor(record.envelope.batchId, 1_000)));
  }
  await first.spool.close();
  const second = await open(disk);
  assert.deepEqual(names(second.recovered), ['27', '47', '67', '87']);
  for (const { stored: record, open } of second.recovered) {
    assert.deepEqual(open, [{ index: 1, retries: 3, nextAttemptAt: 1_003_001.5 }]);
    assert.ok(kept.some(({ sequence }) => sequence === record.sequence));
    assert.equal(
      joined((await read(second.spool, record)) as Content),
      joined(contentFor(record.envelope.batchId, 1_000)),
    );
  }
  await second.spool.close();
});

for (const outcome of ['written', 'refused'] as const) {
  test(`what is settled for good while its copy is being ${outcome} stays settled`, async () => {
    const disk = new SimulatedDisk(seededRandom(5));
    const first = await open(disk);
    const kept: StoredContent[] = [];
    for (let count = 0; count < 60; count++) {
      const record = await stored(first.spool, `${count}`, 1_000);
      if (count % 10 === 7) {
        first.spool.release(record);
        kept.push(record);
      } else first.spool.settle(record, 0, DELIVERED);
    }
    await first.spool.flushSettlements();
    let settled = 0;
    disk.fault = ({ name, path }) => {
      if (name !== 'write' || !path.endsWith('.segment')) return null;
      for (; settled < 2; settled++) first.spool.settle(kept[settled]!, 0, DELIVERED);
      return outcome === 'written' ? null : 'EIO';
    };
    await first.spool.compact();
    assert.equal(settled, 2);
    disk.fault = () => null;
    const added = await stored(first.spool, 'added', 1_000);
    for (const record of [...kept.slice(2), added])
      assert.equal(
        joined((await read(first.spool, record)) as Content),
        joined(contentFor(record.envelope.batchId, 1_000)),
      );
    await first.spool.flushSettlements();
    await first.spool.close();
    const second = await open(disk);
    assert.deepEqual(names(second.recovered), ['27', '37', '47', '57', 'added']);
    await second.spool.close();
  });
}

for (const fault of ['EIO', 'ENOSPC', { short: 100 }, { short: 0 }] as const) {
  test(`a commit that ends in ${JSON.stringify(fault)} is refused, never found again, and its segment is not written again`, async () => {
    let disk = new SimulatedDisk(seededRandom(3));
    const { spool, problems } = await open(disk);
    await stored(spool, 'before');
    const [segment] = disk.calls.filter(
      ({ name, path, bytes }) => name === 'write' && path.endsWith('.segment') && bytes < 6_000,
    );
    disk.fault = ({ name, path }) => (name === 'write' && path === segment?.path ? fault : null);
    const refused = await Promise.all(
      ['a', 'b', 'c'].map((name) => append(spool, envelopeOf(name), contentFor(name, 700))),
    );
    assert.deepEqual(
      refused.map(({ kind }) => kind),
      ['refused', 'refused', 'refused'],
    );
    assert.deepEqual(
      problems.map(({ kind }) => kind),
      ['commitFailed'],
    );
    disk.calls.length = 0;
    await stored(spool, 'after');
    assert.ok(disk.calls.every(({ name, path }) => name !== 'write' || path !== segment?.path));
    disk.fault = () => null;
    disk = disk.restart('process');
    const second = await open(disk);
    assert.deepEqual(names(second.recovered), ['before', 'after']);
    await second.spool.close();
  });
}

test('while a failed commit cannot be made unreadable, everything is refused', async () => {
  const disk = new SimulatedDisk(seededRandom(3));
  const { spool } = await open(disk, { lanesMax: 1 });
  await stored(spool, 'before');
  disk.fault = ({ name }) => (name === 'write' || name === 'truncate' ? 'EIO' : null);
  for (const name of ['a', 'b'])
    assert.equal((await append(spool, envelopeOf(name), contentFor(name, 10))).kind, 'refused');
  disk.fault = ({ name }) => (name === 'truncate' ? 'EIO' : null);
  assert.equal((await append(spool, envelopeOf('c'), contentFor('c', 10))).kind, 'refused');
  disk.fault = () => null;
  await stored(spool, 'after');
  await spool.close();
  const second = await open(disk);
  assert.deepEqual(names(second.recovered), ['before', 'after']);
  await second.spool.close();
});

test('while commits are slow, several are under way at a time, each to a segment of its own', async () => {
  for (const isSlow of [false, true]) {
    const disk = new SimulatedDisk(seededRandom(4));
    const { spool } = await open(disk, { slowCommitMs: isSlow ? -1 : 1_000 });
    const appends: Promise<unknown>[] = [];
    for (let count = 0; count < 30; count++) {
      appends.push(stored(spool, `${count}`));
      await turn();
    }
    await Promise.all(appends);
    const written = disk.calls.filter(
      ({ name, path, bytes }) => name === 'write' && path.endsWith('.segment') && bytes < 9_000,
    );
    assert.equal(new Set(written.map(({ path }) => path)).size > 1, isSlow);
    await spool.close();
    const second = await open(disk);
    assert.equal(second.recovered.length, 30);
    await second.spool.close();
  }
});

test('settlements that could not be written or synced are written again, through a new descriptor', async () => {
  for (const failing of ['write', 'sync'] as const) {
    const disk = new SimulatedDisk(seededRandom(4));
    const { spool, problems } = await open(disk);
    const record = await stored(spool, 'one', 100, 2);
    await stored(spool, 'two');
    disk.fault = ({ name, path }) => (name === failing && path.endsWith('.settled') ? 'EIO' : null);
    spool.settle(record, 0, DELIVERED);
    assert.equal(await spool.flushSettlements(), false);
    assert.ok(problems.every(({ kind }) => kind === 'settlementsFailed'));
    disk.fault = () => null;
    spool.settle(record, 1, DELIVERED);
    assert.equal(await spool.flushSettlements(), true);
    const second = await open(disk.restart('power'));
    assert.deepEqual(names(second.recovered), ['two']);
    await second.spool.close();
  }
});

test('content that was damaged on disk is not handed out', async () => {
  const disk = new SimulatedDisk(seededRandom(5));
  const { spool, problems } = await open(disk);
  const record = await stored(spool, 'one', 1_000);
  spool.release(record);
  const [path] = segmentFiles(disk).filter((file) => disk.contentOf(file).includes('one one'));
  disk.damage(path as string, (content) => {
    const at = content.indexOf('one one');
    content[at] = (content[at] as number) ^ 4;
    return content;
  });
  assert.equal(await read(spool, record), null);
  assert.deepEqual(
    problems.map(({ kind }) => kind),
    ['damaged'],
  );
  await spool.close();
});

test('a spool of a later version is not touched', async () => {
  const disk = new SimulatedDisk(seededRandom(6));
  const { crc32 } = await import('node:zlib');
  const first = await open(disk);
  await stored(first.spool, 'one');
  await first.spool.close();
  for (const path of segmentFiles(disk)) {
    disk.damage(path, (content) => {
      for (const at of [0, 2_048]) {
        content.writeUInt32LE(2, at + 8);
        content.writeUInt32LE(crc32(content.subarray(at, at + 28)), at + 28);
      }
      return content;
    });
  }
  await assert.rejects(open(disk), { name: 'SpoolUnavailable', message: /format version 2/ });
});

// ---- any interleaving, stopped at any call

type Known = {
  readonly content: string;
  readonly envelope: Envelope;
  record: StoredContent | null;
  state: 'pending' | 'durable' | 'refused' | 'gone';
  /** The latest settlement of each recipient, and the latest that must survive. */
  readonly latest: (Settlement | null)[];
  safe: (Settlement | null)[];
  /** Domains under which each recipient was queued so far, and from which of them on it must be found. */
  readonly domains: string[][];
  safeDomains: number[];
};

const rank = (settlement: Settlement | null): number =>
  settlement === null ? 0 : settlement.kind === 'deferred' ? settlement.retries : Number.POSITIVE_INFINITY;

class Life {
  readonly #random: Random;
  readonly #known: Map<string, Known>;
  readonly #spool: SegmentSpool;
  readonly #disk: SimulatedDisk;

  constructor(random: Random, known: Map<string, Known>, spool: SegmentSpool, disk: SimulatedDisk) {
    this.#random = random;
    this.#known = known;
    this.#spool = spool;
    this.#disk = disk;
  }

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps && !this.#disk.isStopped; step++) {
      const draw = this.#random.below(100);
      if (draw < 35) this.#append();
      else if (draw < 70) this.#settle();
      else if (draw < 80) this.#requeue();
      else if (draw < 84) this.#flush();
      else if (draw < 88) void this.#spool.compact();
      else for (let turns = this.#random.below(20); turns > 0; turns--) await turn();
    }
  }

  #append(): void {
    const name = `m${this.#known.size}`;
    const bytes = this.#random.below(20) === 0 ? 20_000 : this.#random.below(3_000);
    const envelope = envelopeOf(name, 1 + this.#random.below(3));
    const content = contentFor(name, bytes);
    const none = envelope.recipients.map(() => null);
    const known: Known = {
      content: joined(content),
      envelope,
      record: null,
      state: 'pending',
      latest: [...none],
      safe: [...none],
      domains: envelope.recipients.map(({ routingDomain }) => [routingDomain]),
      safeDomains: envelope.recipients.map(() => 0),
    };
    this.#known.set(name, known);
    this.#spool.append(envelope, content, (result) => {
      known.state = result.kind;
      if (result.kind === 'durable') known.record = result.stored;
    });
  }

  #anyOpen(): { readonly known: Known; readonly index: number } | undefined {
    const open = [...this.#known.values()].flatMap((known) =>
      known.state !== 'durable'
        ? []
        : known.latest.flatMap((settlement, index) => (rank(settlement) < 100 ? [{ known, index }] : [])),
    );
    return open[this.#random.below(Math.max(1, open.length))];
  }

  #requeue(): void {
    const found = this.#anyOpen();
    if (found === undefined) return;
    const domains = found.known.domains[found.index] as string[];
    const routingDomain = `${domains.length}.${found.index}.${'x'.repeat(this.#random.below(30))}.example`;
    domains.push(routingDomain);
    this.#spool.requeue(found.known.record as StoredContent, found.index, { routingDomain, binding: 'other' });
  }

  #settle(): void {
    const found = this.#anyOpen();
    if (found === undefined) return;
    const { known, index } = found;
    const settlement = this.#random.below(4) === 0 ? deferred(rank(known.latest[index] ?? null) + 1) : DELIVERED;
    known.latest[index] = settlement;
    this.#spool.settle(known.record as StoredContent, index, settlement);
    if (settlement.kind === 'deferred') this.#spool.release(known.record as StoredContent);
  }

  #flush(): void {
    const before = [...this.#known.values()].map((known) => ({
      known,
      latest: [...known.latest],
      domains: known.domains.map(({ length }) => length - 1),
    }));
    void this.#spool.flushSettlements().then((isDone) => {
      if (!isDone || this.#disk.isStopped) return;
      for (const { known, latest, domains } of before) {
        known.safeDomains = known.safeDomains.map((safe, index) => Math.max(safe, domains[index] as number));
        known.safe = known.safe.map((safe, index) =>
          rank(latest[index] ?? null) > rank(safe) ? (latest[index] ?? null) : safe,
        );
      }
    });
  }
}

/** Checks what a restart found against what was promised, and takes it as the state to go on from. */
async function check(
  known: Map<string, Known>,
  { recovered, spool }: Opened,
  isOrderly: boolean,
  wasVoidRefused: boolean,
): Promise<void> {
  const found = new Map(recovered.map((record) => [record.stored.envelope.batchId, record]));
  assert.equal(found.size, recovered.length, 'no record is found twice');
  assert.ok(
    recovered.every(
      ({ stored: { sequence } }, at) => at === 0 || sequence > (recovered[at - 1] as RecoveredRecord).stored.sequence,
    ),
  );
  for (const name of found.keys()) assert.ok(known.has(name), `${name} was never appended`);
  for (const [name, one] of known) {
    const record = found.get(name);
    if (record === undefined) {
      if (one.state === 'durable') {
        for (const settlement of one.latest)
          assert.equal(rank(settlement), Number.POSITIVE_INFINITY, `${name} is lost`);
      }
      if (one.state !== 'refused') one.state = 'gone';
      continue;
    }
    // A disk that refuses even to cut off a failed commit leaves it behind.
    const mayBeFound =
      one.state === 'durable' || one.state === 'pending' || (one.state === 'refused' && wasVoidRefused);
    assert.ok(mayBeFound, `${name} was ${one.state}`);
    checkPlaces(name, one, record.stored.envelope, isOrderly);
    const content = await read(spool, record.stored);
    assert.ok(content !== null && joined(content) === one.content, `${name} has its content`);
    for (let index = 0; index < one.latest.length; index++) {
      const recipient: RecoveredRecord['open'][number] | undefined = record.open.find((entry) => entry.index === index);
      const retries: number = recipient === undefined ? Number.POSITIVE_INFINITY : recipient.retries;
      const least = rank((isOrderly ? one.latest : one.safe)[index] ?? null);
      assert.ok(retries >= least, `${name} ${index} has ${retries} retries, at least ${least} were safe`);
      assert.ok(retries <= rank(one.latest[index] ?? null), `${name} ${index} has more settlements than were made`);
      if (recipient !== undefined && recipient.retries > 0) {
        assert.deepEqual(deferred(recipient.retries), {
          kind: 'deferred',
          retries: recipient.retries,
          nextAttemptAt: recipient.nextAttemptAt,
        });
      }
      const state = recipient === undefined ? DELIVERED : recipient.retries === 0 ? null : deferred(recipient.retries);
      one.latest[index] = state;
      // Recovery acts on what it finds, so it has made it safe.
      one.safe[index] = state;
    }
    one.state = 'durable';
    one.record = record.stored;
  }
}

function checkPlaces(name: string, one: Known, found: Envelope, isOrderly: boolean): void {
  const { recipients, ...rest } = found;
  const { recipients: asSent, ...restAsSent } = one.envelope;
  assert.deepEqual(rest, restAsSent);
  one.safeDomains = recipients.map(({ routingDomain, binding, ...recipient }, index) => {
    const { routingDomain: _, binding: firstBinding, ...recipientAsSent } = asSent[index] as (typeof asSent)[number];
    const domains = one.domains[index] as string[];
    const at = domains.indexOf(routingDomain);
    const least = isOrderly ? domains.length - 1 : (one.safeDomains[index] as number);
    // Of what is settled for good nobody asks where it would be queued.
    const isOpen = rank(one.latest[index] ?? null) < 100;
    assert.ok(at >= (isOpen ? least : 0), `${name} ${index} is queued under ${routingDomain}, ${least} were safe`);
    assert.equal(binding, at === 0 ? firstBinding : 'other');
    assert.deepEqual(recipient, recipientAsSent);
    domains.length = at + 1;
    return at;
  });
}

const SEEDS = Number(process.env['SPOOL_SEEDS'] ?? 25);
const FIRST_SEED = Number(process.env['SPOOL_FIRST_SEED'] ?? 1);
for (const faults of [false, true]) {
  test(`stopped at any call${faults ? ', with failing calls' : ''}: nothing acknowledged is lost, nothing settled and synced comes back`, async () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      try {
        await live(seed, faults);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  });
}

async function live(seed: number, hasFaults: boolean): Promise<void> {
  const random = seededRandom(seed);
  const known = new Map<string, Known>();
  const options = {
    memoryBytes: random.below(2) === 0 ? 0 : 200_000,
    slowCommitMs: random.below(2) === 0 ? -1 : 1_000,
  };
  let disk = new SimulatedDisk(random.stream('disk'));
  let isOrderly = true;
  let wasVoidRefused = false;
  for (let life = 0; life < 5; life++) {
    const opened = await open(disk, options);
    await check(known, opened, isOrderly, wasVoidRefused);
    wasVoidRefused = false;
    if (hasFaults) {
      const faults = random.stream(`faults ${life}`);
      disk.fault = ({ name, path }) => {
        if (name === 'read' || name === 'close' || faults.below(25) > 0) return null;
        if (path.endsWith('.segment') && name !== 'write') wasVoidRefused = true;
        return name === 'write' && faults.below(3) === 0
          ? { short: faults.below(600) }
          : faults.below(2) === 0
            ? 'EIO'
            : 'ENOSPC';
      };
    }
    isOrderly = random.below(3) === 0;
    if (!isOrderly) disk.callsLeft = 1 + random.below(random.below(2) === 0 ? 60 : 600);
    await new Life(random, known, opened.spool, disk).run(120);
    if (isOrderly) {
      disk.fault = () => null;
      await opened.spool.close();
      wasVoidRefused = false;
      assert.deepEqual(disk.openFiles, [], 'every file is closed');
    }
    disk = disk.restart(random.below(2) === 0 ? 'process' : 'power');
    if (isOrderly) continue;
    // A stop in the middle of recovery leads to another recovery.
    if (random.below(2) === 0) {
      disk.callsLeft = 1 + random.below(80);
      void open(disk, options);
      while (!disk.isStopped && random.below(400) > 0) await turn();
      disk = disk.restart(random.below(2) === 0 ? 'process' : 'power');
    }
  }
}
