import assert from 'node:assert/strict';
import test from 'node:test';
import { wallMs } from '../../core/base/moment.ts';
import type { Envelope, Settlement } from '../../core/mail/message.ts';
import { RecordTable } from './record-table.ts';

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

test('an envelope that is kept by itself is read as it was', () => {
  const table = new RecordTable();
  const envelopes = [envelopeFor(1), envelopeFor(2, 3)];
  const rows = envelopes.map((envelope) => {
    const record = table.add(envelope);
    record.keepEnvelope();
    return record.row;
  });
  for (let round = 0; round < 2; round++) {
    for (const [place, row] of rows.entries()) assert.deepEqual(table.at(row).envelope, envelopes[place]);
  }
  for (const row of rows) table.forget(table.at(row));
  assert.equal(table.packer.shared, 0);
});

test('where a recipient of such a record is queued changes its envelope', () => {
  const table = new RecordTable();
  const record = table.add(envelopeFor(2, 3));
  record.keepEnvelope();
  const other = table.at(record.row);
  assert.deepEqual(other.envelope, envelopeFor(2, 3));
  record.requeue(1, { routingDomain: 'two.example', binding: 'other' });
  const moved = { ...recipient(3), routingDomain: 'two.example', binding: 'other' };
  for (const one of [record, other])
    assert.deepEqual(one.envelope, { ...envelopeFor(2, 3), recipients: [recipient(2), moved] });
});

test('settlements of one and of several recipients', () => {
  const one = new RecordTable().add(envelopeFor(1));
  one.settle(0, deferred);
  assert.deepEqual([...one.progress], [[0, deferred]]);
  one.settle(0, { kind: 'delivered' });
  assert.deepEqual([...one.progress], [[0, { kind: 'delivered' }]]);
  assert.ok(one.isFinal);

  const two = new RecordTable().add(envelopeFor(2, 3));
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
