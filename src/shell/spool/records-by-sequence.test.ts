import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { wallMs } from '../../core/base/moment.ts';
import type { Envelope } from '../../core/mail/message.ts';
import { RecordTable } from './record-table.ts';
import { RecordsBySequence } from './records-by-sequence.ts';

const ENVELOPE: Envelope = {
  batchId: '00/00-00001-00000001',
  receivedAt: wallMs(1_764_000_000_000),
  reversePath: null,
  recipients: [],
  eightBit: false,
  size: 1,
  protocol: 'esmtp',
};

/** Small ones meet again; great ones are those of the spools of other shards. */
const sequence = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 2 ** 52 }));

test('records are found as in a map by sequence, and told in its order', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(sequence, fc.nat(9)), { maxLength: 3_000 }), (written) => {
      const table = new RecordTable();
      const records = new RecordsBySequence(table);
      const rows = new Map<number, { readonly row: number; readonly number: number }>();
      for (const [one, number] of written) {
        const record = table.add(ENVELOPE);
        record.takeSequence(one);
        records.set(record, number);
        rows.set(one, { row: record.row, number });
      }
      const check = (): void => {
        for (const [one, { row, number }] of rows) {
          const record = records.find(one);
          assert.equal(record?.row, row);
          assert.equal(records.numberOf(record), number);
        }
        const inOrder = Array.from(records.inOrder(), (record) => record.sequence);
        assert.deepEqual(
          inOrder,
          [...rows.keys()].sort((a, b) => a - b),
        );
        assert.equal(records.find(2 ** 52 + 1), null);
      };
      check();
      records.keepOnly(({ sequence: one }) => one % 3 === 0);
      for (const [one, { row }] of rows) {
        if (one % 3 === 0) rows.set(one, { row, number: 0 });
        else rows.delete(one);
      }
      check();
    }),
    { numRuns: 40 },
  );
});
