// Mail that an operator queued elsewhere: where it is after a stop, after compaction, and in spools older than this.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wallMs } from '../../core/base/moment.ts';
import { seededRandom } from '../../core/base/random.ts';
import type { AppendResult, RecoveredRecord, StoredContent } from '../../engine/ports.ts';
import { openSpool, type SegmentSpool } from './segment-spool.ts';
import { SETTLEMENT_ENTRY_BYTES } from './settlement-entry.ts';
import { SimulatedDisk } from './simulated-disk.ts';

async function open(disk: SimulatedDisk): Promise<{ spool: SegmentSpool; recovered: RecoveredRecord[] }> {
  const spool = await openSpool({
    directory: '/spool',
    forceFsync: true,
    segmentBytes: 16_384,
    settlementDelayMs: 0,
    syncIntervalMs: 5,
    compactionIntervalMs: 2 ** 30,
    compactionGraceMs: 0,
    onProblem: () => {},
    beforeSettlementWrite: async () => {},
    disk,
    lock: async () => async () => {},
  });
  const recovered = Array.from(spool.takeRecovered());
  return { spool, recovered };
}

async function stored(spool: SegmentSpool, name: string, bytes = 100): Promise<StoredContent> {
  const envelope = {
    batchId: name,
    receivedAt: wallMs(1_764_000_000_000),
    reversePath: null,
    recipients: ['a', 'b'].map((local) => ({
      messageId: `${name}/${local}`,
      mailbox: `${local}@example.com`,
      routingDomain: 'example.com',
      binding: 'default',
    })),
    eightBit: false,
    size: bytes,
    protocol: 'esmtp',
  };
  const content = { headerSection: 'Subject: s\r\n', body: [Buffer.alloc(bytes, 'x')] };
  const result = await new Promise<AppendResult>((resolve) => spool.append(envelope, content, resolve));
  assert.ok(result.kind === 'durable');
  return result.stored;
}

const settled = (spool: SegmentSpool): Promise<boolean> => new Promise((resolve) => spool.whenSettled(resolve));
const placesOf = ({ stored: { envelope } }: RecoveredRecord): string[] =>
  envelope.recipients.map(({ binding, routingDomain }) => `${binding} ${routingDomain}`);
const RELAY = { routingDomain: 'a-rather-long-name-of-a-relay.example', binding: 'Zweite "ä"' };

for (const loses of ['process', 'power'] as const) {
  test(`a recipient queued elsewhere is there after a loss of ${loses}, the other is not; the last move counts`, async () => {
    const disk = new SimulatedDisk(seededRandom(1));
    const { spool } = await open(disk);
    const [first, second] = [await stored(spool, 'one'), await stored(spool, 'two')];
    spool.requeue(first, 0, { routingDomain: 'x.example', binding: 'default' });
    spool.requeue(first, 0, RELAY);
    spool.requeue(second, 1, RELAY);
    assert.equal(first.envelope.recipients[0]?.routingDomain, RELAY.routingDomain);
    assert.equal(await settled(spool), true);
    const again = await open(disk.restart(loses));
    const place = `${RELAY.binding} ${RELAY.routingDomain}`;
    assert.deepEqual(again.recovered.map(placesOf), [
      [place, 'default example.com'],
      ['default example.com', place],
    ]);
    await again.spool.close();
  });
}

test('a place is told once in a file, also after a restart in which its number is taken', async () => {
  let disk = new SimulatedDisk(seededRandom(1));
  const first = await open(disk);
  for (const name of ['one', 'two', 'three']) await stored(first.spool, name);
  await first.spool.close();
  for (const routingDomain of ['short', 'a-name-of-two-parts']) {
    const { spool, recovered } = await open(disk);
    for (const { stored: record } of recovered) spool.requeue(record, 0, { routingDomain, binding: 'b' });
    await spool.close();
    disk = disk.restart('power');
  }
  const { spool, recovered } = await open(disk);
  for (const record of recovered) assert.deepEqual(placesOf(record), ['b a-name-of-two-parts', 'default example.com']);
  const file = disk.paths().find((path) => disk.contentOf(path).length === SETTLEMENT_ENTRY_BYTES * (2 + 3 + 3 + 3));
  assert.ok(file !== undefined, 'parts of two places, and three entries for each');
  await spool.close();
});

test('an entry whose place is damaged leaves the mail where it was; another kind of entry is passed over', async () => {
  const disk = new SimulatedDisk(seededRandom(1));
  const { spool } = await open(disk);
  const record = await stored(spool, 'one');
  spool.requeue(record, 0, RELAY);
  await settled(spool);
  spool.settle(record, 1, { kind: 'delivered' });
  await spool.close();
  for (const path of disk.paths()) {
    if (disk.contentOf(path).length % SETTLEMENT_ENTRY_BYTES !== 0 || disk.contentOf(path).length === 0) continue;
    disk.damage(path, (content) => {
      content[30]! ^= 1;
      return content;
    });
  }
  const again = await open(disk);
  assert.deepEqual(again.recovered.map(placesOf), [['default example.com', 'default example.com']]);
  assert.deepEqual(
    again.recovered[0]?.open.map(({ index }) => index),
    [0],
  );
  await again.spool.close();
});

test('compaction takes along where mail is queued, whether it was moved before, meanwhile or behind', async () => {
  const disk = new SimulatedDisk(seededRandom(1));
  const first = await open(disk);
  const kept: StoredContent[] = [];
  for (let count = 0; count < 60; count++) {
    const record = await stored(first.spool, `${count}`, 1_000);
    first.spool.settle(record, 1, { kind: 'delivered' });
    if (count % 20 === 7) kept.push(record);
    else first.spool.settle(record, 0, { kind: 'delivered' });
  }
  const move = (record: StoredContent | undefined, routingDomain: string): void =>
    first.spool.requeue(record!, 0, { routingDomain, binding: 'b' });
  move(kept[0], 'before.example');
  move(kept[2], 'before.example');
  await settled(first.spool);
  const compaction = first.spool.compact();
  move(kept[1], 'meanwhile.example');
  await compaction;
  move(kept[2], 'behind.example');
  await settled(first.spool);
  const again = await open(disk.restart('power'));
  assert.deepEqual(
    again.recovered.map((record) => placesOf(record)[0]),
    ['b before.example', 'b meanwhile.example', 'b behind.example'],
  );
  await again.spool.close();
});
