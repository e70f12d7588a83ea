import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { InvariantError } from '../base/assert.ts';
import { KeyTable } from './key-table.ts';
import { ABSENT, LedgerMemory, STATE, TAKING } from './ledger-memory.ts';

function makeTables(users: number, counters = 16): { memory: LedgerMemory; tables: KeyTable[] } {
  const memory = LedgerMemory.make({ shards: users, counters }, [1, 2, 3, 4]);
  for (let shard = 0; shard < users; shard++) Atomics.store(memory.shard(shard), STATE, TAKING);
  return { memory, tables: Array.from({ length: users }, (_, user) => new KeyTable(memory, user)) };
}

function held<T>(table: KeyTable, use: () => T): T {
  assert.ok(table.hold());
  const result = use();
  table.letGo();
  return result;
}

test('property: users of a key have the same counter, others another, and what nobody uses is used again', () => {
  const step = fc.record({ user: fc.nat(2), key: fc.nat(15), isRefer: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const { tables } = makeTables(3);
      const users = new Map<number, Set<number>>();
      const indices = new Map<number, number>();
      for (const { user, key, isRefer } of steps) {
        const table = tables[user]!;
        const those = users.get(key) ?? new Set();
        users.set(key, those);
        if (isRefer) {
          const index = held(table, () => table.refer(`key ${key}`));
          if (those.size > 0) assert.equal(index, indices.get(key));
          indices.set(key, index);
          those.add(user);
        } else if (those.delete(user)) {
          held(table, () => table.unrefer(indices.get(key)!));
        }
        for (const [one, { size }] of users) {
          assert.equal(
            held(table, () => table.find(`key ${one}`)),
            size > 0 ? indices.get(one) : -1,
          );
        }
      }
    }),
    { numRuns: 100 },
  );
});

test('there is room for as many counters as were asked for, and one more is a broken promise', () => {
  const [table] = makeTables(1).tables;
  const indices = Array.from({ length: 16 }, (_, at) => held(table!, () => table!.refer(`key ${at}`)));
  assert.equal(new Set(indices).size, 16);
  assert.ok(table!.hold());
  assert.throws(() => table!.refer('key 16'), InvariantError);
});

test('the table is taken over from a shard that ended with it, and not from one that lives', () => {
  const { memory, tables } = makeTables(2);
  const [ended, other] = tables as [KeyTable, KeyTable];
  const index = held(other, () => other.refer('kept'));
  assert.ok(ended.hold());
  const lost = ended.refer('lost');
  assert.equal(other.hold(10), false);
  Atomics.store(memory.shard(0), STATE, ABSENT);
  assert.ok(other.hold(10));
  assert.equal(other.find('kept'), index);
  other.unreferAll(0, memory.heldUser, () => false);
  assert.equal(other.find('lost'), -1);
  assert.equal(other.refer('new'), lost);
});
