import assert from 'node:assert/strict';
import test from 'node:test';
import { wallMs } from '../../core/base/moment.ts';
import type { Envelope, Settlement } from '../../core/mail/message.ts';
import { StoredRecord } from './stored-record.ts';

const recipient = (number: number) => ({
  messageId: `00/00-00001-0000000${number}`,
  mailbox: `größe-${number}@one.example`,
  routingDomain: 'one.example',
  binding: 'default',
});

const envelopeFor = (...numbers: number[]): Envelope => ({
  batchId: '00/00-00001-00000001',
  receivedAt: wallMs(1_764_000_000_000),
  reversePath: null,
  recipients: numbers.map(recipient),
  eightBit: true,
  size: 2_048,
  protocol: 'esmtp',
  client: { address: '::1', port: 4_711, name: 'client.example' },
});

const deferred: Settlement = { kind: 'deferred', retries: 1, nextAttemptAt: wallMs(1_764_000_001_000) };

test('an envelope that is kept as text is read as it was', () => {
  const records = [envelopeFor(1), envelopeFor(2, 3)].map((envelope) => new StoredRecord(envelope));
  for (const record of records) record.pack();
  for (let round = 0; round < 2; round++) {
    assert.deepEqual(records[0]!.envelope, envelopeFor(1));
    assert.deepEqual(records[1]!.envelope, envelopeFor(2, 3));
  }
});

test('where a recipient of such a record is queued changes its envelope', () => {
  const record = new StoredRecord(envelopeFor(2, 3));
  record.pack();
  record.requeue(1, { routingDomain: 'two.example', binding: 'other' });
  const moved = { ...recipient(3), routingDomain: 'two.example', binding: 'other' };
  assert.deepEqual(record.envelope, { ...envelopeFor(2, 3), recipients: [recipient(2), moved] });
});

test('settlements of one and of several recipients', () => {
  const one = new StoredRecord(envelopeFor(1));
  one.settle(0, deferred);
  assert.deepEqual([...one.progress], [[0, deferred]]);
  one.settle(0, { kind: 'delivered' });
  assert.deepEqual([...one.progress], [[0, { kind: 'delivered' }]]);
  assert.ok(one.isFinal);

  const two = new StoredRecord(envelopeFor(2, 3));
  two.settle(1, { kind: 'failed' });
  two.unite(0, deferred);
  two.unite(0, { ...deferred, retries: 0 });
  assert.deepEqual(
    two.progress,
    new Map<number, Settlement>([
      [1, { kind: 'failed' }],
      [0, deferred],
    ]),
  );
  assert.equal(two.openRecipients, 1);
});
