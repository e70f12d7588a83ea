// What other shards do between two looks of a scheduler at the same counter.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SchedulerBench } from '../../../test/support/scheduler-bench.ts';
import type { Limit } from '../base/limit.ts';
import type { CounterIndex } from '../limits/cells.ts';
import { CounterCells } from '../limits/counter-cells.ts';
import { Ledger } from '../limits/ledger.ts';

/** Full at the first look at any counter, as when another shard gives a slot back right after that. */
class ReturnedMeanwhile extends CounterCells {
  #looks = 0;

  override hasRoom(index: CounterIndex, limit: Limit): boolean {
    this.#looks += 1;
    return this.#looks > 1 && super.hasRoom(index, limit);
  }
}

test('a host whose slot comes back after it was found full is connected to in the same turn', () => {
  const bench = new SchedulerBench({}, undefined, undefined, undefined, new Ledger(new ReturnedMeanwhile()));
  bench.add(1);
  assert.equal(bench.connections.length, 1);
  assert.deepEqual(bench.queue().waits, []);
});
