import assert from 'node:assert/strict';
import test from 'node:test';
import { wallMs } from '../../core/base/moment.ts';
import type { Envelope } from '../../core/mail/message.ts';
import { BodyMemory } from './body-memory.ts';
import { encodeEnvelope } from './record-format.ts';
import { RecordTable } from './record-table.ts';

const envelope: Envelope = {
  batchId: 'b',
  receivedAt: wallMs(1),
  reversePath: null,
  recipients: [{ messageId: 'm', mailbox: 'a@example.com', routingDomain: 'example.com', binding: 'default' }],
  eightBit: false,
  size: 1,
  protocol: 'esmtp',
};

test('content that has waited for 20 seconds is given up, not what is the only copy, and its envelope stays', () => {
  const table = new RecordTable();
  let at = 5;
  const memory = new BodyMemory(table, 4_000_000, () => at);
  const add = (sequence: number) => {
    const record = table.add(envelope);
    memory.encode(record, encodeEnvelope(envelope, null), {
      headerSection: 'Subject: x\r\n',
      body: [Buffer.alloc(40_000)],
    });
    record.takeSequence(sequence);
    return record;
  };
  const first = add(1);
  at = 10;
  const second = add(2);
  at = 20_010;
  memory.dropWaiting();
  assert.ok(first.slab !== null && second.slab !== null, 'neither is durable');
  memory.committed(first);
  memory.committed(second);
  at = 20_004.9;
  memory.dropWaiting();
  assert.ok(first.slab !== null);
  at = 20_005;
  memory.dropWaiting();
  assert.equal(first.slab, null);
  assert.ok(second.slab !== null);
  assert.ok(memory.bytes > 40_000 && memory.bytes < 80_000);
  at = 20_010;
  memory.dropWaiting();
  assert.equal(second.slab, null);
  assert.equal(memory.bytes, 0);
  assert.deepEqual(table.at(second.row).envelope, envelope);
});

test('of much content that has waited some is given up at a time', () => {
  const table = new RecordTable();
  let at = 0;
  const memory = new BodyMemory(table, 4_000_000, () => at);
  const records = Array.from({ length: 20 }, (_, number) => {
    const record = table.add(envelope);
    const content = { headerSection: '', body: [Buffer.alloc(70_000)] };
    memory.encode(record, encodeEnvelope(envelope, null), content);
    record.takeSequence(number + 1);
    memory.committed(record);
    return record;
  });
  const inMemory = (): number => records.filter(({ slab }) => slab !== null).length;
  at = 20_000;
  assert.equal(inMemory(), 20);
  memory.dropWaiting();
  assert.equal(inMemory(), 4);
  memory.dropWaiting();
  assert.equal(inMemory(), 0);
});
