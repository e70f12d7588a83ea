import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wallMs } from '../../core/base/moment.ts';
import { seededRandom } from '../../core/base/random.ts';
import type { Content } from '../../core/mail/message.ts';
import type { StoredContent } from '../../engine/ports.ts';
import { openShardSpool, type ShardSpool } from './joined-spools.ts';
import { SimulatedDisk } from './simulated-disk.ts';

const PLACES = [
  { directory: '/spool', number: 0 },
  { directory: '/spool/shard-2', number: 1 },
  { directory: '/spool/shard-3', number: 2 },
];

async function open(disk: SimulatedDisk, numbers: readonly number[]) {
  const locked: string[] = [];
  const spool = await openShardSpool({
    places: numbers.map((number) => PLACES[number]!),
    forceFsync: true,
    segmentBytes: 16_384,
    memoryBytes: 200_000,
    settlementDelayMs: 0,
    compactionIntervalMs: 2 ** 30,
    onProblem: ({ text }) => assert.fail(text),
    beforeSettlementWrite: async () => {},
    disk,
    lock: async (directory) => {
      locked.push(directory);
      return async () => {
        locked.splice(locked.indexOf(directory), 1);
      };
    },
  });
  const recovered = Array.from(spool.takeRecovered());
  return { spool, recovered, locked };
}

function append(spool: ShardSpool, name: string): Promise<StoredContent> {
  const envelope = {
    batchId: name,
    receivedAt: wallMs(1_764_000_000_000),
    reversePath: null,
    recipients: [{ messageId: name, mailbox: 'a@example.com', routingDomain: 'example.com', binding: 'default' }],
    eightBit: false,
    size: 17,
    protocol: 'esmtp',
  } as const;
  const content = { headerSection: `Subject: ${name}\r\n`, body: [Buffer.from(`${name}\r\n.\r\n`)] };
  return new Promise((resolve, reject) => {
    spool.append(envelope, content, (result) => {
      if (result.kind === 'durable') resolve(result.stored);
      else reject(new Error(result.reason));
    });
  });
}

const read = (spool: ShardSpool, stored: StoredContent): Promise<Content | null> =>
  new Promise((resolve) => spool.read(stored, resolve));

test('mail of three spools is told apart, read and settled where it lies; new mail goes into the own one', async () => {
  const disk = new SimulatedDisk(seededRandom(1));
  const sequences = new Set<number>();
  for (const number of [0, 1, 2]) {
    const { spool } = await open(disk, [number]);
    for (const message of ['first', 'second']) sequences.add((await append(spool, `${message} of ${number}`)).sequence);
    await spool.close();
  }
  assert.equal(sequences.size, 6);

  const { spool, recovered, locked } = await open(disk, [0, 1, 2]);
  assert.deepEqual(locked, ['/spool', '/spool/shard-2', '/spool/shard-3']);
  const names = recovered.map(({ stored }) => stored.envelope.batchId);
  assert.deepEqual(names, ['first of 0', 'second of 0', 'first of 1', 'second of 1', 'first of 2', 'second of 2']);
  for (const { stored } of recovered) {
    const { batchId } = stored.envelope;
    assert.equal((await read(spool, stored))?.headerSection, `Subject: ${batchId}\r\n`);
    if (batchId.startsWith('first')) spool.settle(stored, 0, { kind: 'delivered' });
    else spool.settle(stored, 0, { kind: 'deferred', retries: 3, nextAttemptAt: wallMs(1_764_000_001_000) });
    if (batchId === 'second of 2') spool.requeue(stored, 0, { binding: 'other', routingDomain: 'example.net' });
  }
  const fresh = await append(spool, 'new');
  assert.ok(!sequences.has(fresh.sequence));
  assert.equal(await new Promise((resolve) => spool.whenSettled(resolve)), true);
  assert.equal(await spool.flushSettlements(), true);
  await spool.close();
  assert.deepEqual(locked, []);

  const own = await open(disk, [0]);
  assert.deepEqual(
    own.recovered.map(({ stored }) => stored.envelope.batchId),
    ['second of 0', 'new'],
  );
  await own.spool.close();
  const other = await open(disk, [2]);
  const [left] = other.recovered;
  assert.equal(other.recovered.length, 1);
  assert.deepEqual([left?.open[0]?.retries, left?.stored.envelope.recipients[0]?.binding], [3, 'other']);
  await other.spool.close();
});

test('a spool of others without mail is given up at once', async () => {
  const disk = new SimulatedDisk(seededRandom(1));
  const { spool: former } = await open(disk, [1]);
  const stored = await append(former, 'delivered');
  former.settle(stored, 0, { kind: 'delivered' });
  await former.close();

  const { spool, recovered, locked } = await open(disk, [0, 1]);
  assert.deepEqual([recovered, locked], [[], ['/spool']]);
  await spool.close();
});
