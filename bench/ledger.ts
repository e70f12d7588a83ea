// CPU of the ledger alone: a connection takes a slot in five counters and gives them back 1,024 connections later, with the
// counters drawn at random among few, many and very many. What it costs to find a counter by its key is told apart, and what
// the same costs one shard of several, while the others do nothing.
// Usage: node bench/ledger.ts [MILLIONS OF CONNECTIONS] [--json]   (default: 4)
import { NO_LIMIT } from '../src/core/base/limit.ts';
import { pairKey } from '../src/core/delivery/claims.ts';
import { ADMITTED, type Claim, Ledger } from '../src/core/limits/ledger.ts';
import { LedgerControl } from '../src/core/limits/ledger-control.ts';
import { LedgerMemory } from '../src/core/limits/ledger-memory.ts';
import { SharedCells } from '../src/core/limits/shared-cells.ts';
import type { Wait } from '../src/core/limits/wait-list.ts';
import { printMeasurement } from './measurement.ts';
import { Words } from './words.ts';

const COUNTERS = [10, 10_000, 1_000_000];
const PER_CONNECTION = 5;
/** Connections that are open at once. */
const OPEN = 1_024;
const words = new Words(process.argv.slice(2), [], ['json']);
const say = words.has('json') ? (): void => {} : console.log;
const CONNECTIONS = Number(words.rest[0] ?? 4) * 1_000_000;
const LOOKUPS = Math.min(1_000_000, CONNECTIONS);
const ROUNDS = 5;

const domainOf = (index: number): string => `domain-${index}.example`;

/** Different numbers below `size` for each connection, one after another. */
function drawIndices(size: number, connections: number): Int32Array {
  const drawn = new Int32Array(connections * PER_CONNECTION);
  for (let first = 0; first < drawn.length; first += PER_CONNECTION) {
    for (let at = first; at < first + PER_CONNECTION; at++) {
      do drawn[at] = Math.floor(Math.random() * size);
      while (drawn.indexOf(drawn[at]!, first) < at);
    }
  }
  return drawn;
}

/** Claims whose counters are drawn anew for each connection, as if there were very many. */
interface Slots {
  readonly claim: Claim;
  readonly counters: number[];
}

const makeSlots = (): Slots[] =>
  Array.from({ length: OPEN }, () => {
    const counters = new Array<number>(PER_CONNECTION).fill(0);
    const limits = new Array<number>(PER_CONNECTION).fill(NO_LIMIT);
    return { counters, claim: { counters, limits, bounds: limits } };
  });

/** @returns nanoseconds per connection; with no ledger those of the loop and of the draws */
function measure(ledger: Ledger | null, drawn: Int32Array): number {
  const ring = makeSlots();
  const [cpu, connections] = [process.cpuUsage(), drawn.length / PER_CONNECTION];
  for (let connection = 0; connection < connections; connection++) {
    const { claim, counters } = ring[connection % OPEN]!;
    if (ledger !== null && connection >= OPEN) {
      ledger.release(claim, false);
      if (ledger.nextEligible() !== null) throw new Error('there is no room for those who wait');
    }
    for (let at = 0; at < PER_CONNECTION; at++) counters[at] = drawn[connection * PER_CONNECTION + at]!;
    if (ledger !== null && ledger.acquire(claim) !== ADMITTED) throw new Error('there is no limit');
  }
  const used = process.cpuUsage(cpu);
  if (ledger !== null) for (const { claim } of ring) ledger.release(claim, false);
  ledger?.nextEligible();
  return ((used.user + used.system) * 1000) / connections;
}

/** The least that it can cost: a number in memory for each counter, as wide as the ledger's, up and down. @returns as above */
function measureMemory(size: number, drawn: Int32Array): number {
  const cells = new Int32Array(size);
  const ring = makeSlots();
  const [cpu, connections] = [process.cpuUsage(), drawn.length / PER_CONNECTION];
  for (let connection = 0; connection < connections; connection++) {
    const { counters } = ring[connection % OPEN]!;
    if (connection >= OPEN) for (const counter of counters) cells[counter]! -= 1;
    for (let at = 0; at < PER_CONNECTION; at++) counters[at] = drawn[connection * PER_CONNECTION + at]!;
    for (const counter of counters) cells[counter]! += 1;
  }
  const used = process.cpuUsage(cpu);
  return ((used.user + used.system) * 1000) / connections;
}

/** @returns nanoseconds to make a key, to find its counter, and to refer to it and back */
function measureKeys(ledger: Ledger, size: number): number {
  const drawn = Int32Array.from({ length: LOOKUPS }, () => Math.floor(Math.random() * size));
  const cpu = process.cpuUsage();
  for (const index of drawn) ledger.unrefer(ledger.refer(pairKey('default', domainOf(index))));
  const used = process.cpuUsage(cpu);
  return ((used.user + used.system) * 1000) / LOOKUPS;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const repeat = (run: () => number): number => median(Array.from({ length: ROUNDS }, run));

/** That of the first of two shards. */
function sharedLedger(): Ledger {
  const memory = LedgerMemory.make({ shards: 2, counters: 2 ** 21 }, [1, 2, 3, 4]);
  const control = new LedgerControl(memory, []);
  for (const shard of [0, 1]) control.admit(shard);
  const ledger = new Ledger(new SharedCells(memory, 0));
  ledger.poll();
  return ledger;
}

function measureShared(size: number, drawn: Int32Array, loop: number): readonly number[] {
  const ledger = sharedLedger();
  for (let index = 0; index < size; index++) ledger.refer(pairKey('default', domainOf(index)));
  return [repeat(() => measure(ledger, drawn)) - loop, repeat(() => measureKeys(ledger, size))];
}

function figuresOf(size: number): number[] {
  const ledger = new Ledger();
  for (let index = 0; index < size; index++) ledger.refer(pairKey('default', domainOf(index)));
  const drawn = drawIndices(size, CONNECTIONS);
  measure(ledger, drawn.subarray(0, 200_000 * PER_CONNECTION)); // warm
  const loop = repeat(() => measure(null, drawn));
  const plain = repeat(() => measure(ledger, drawn)) - loop;
  const memory = repeat(() => measureMemory(size, drawn)) - loop;
  const key = repeat(() => measureKeys(ledger, size));
  // The first to wait waits for the last of all counters, and then one in a hundred is waited for.
  for (let index = size - 1; index > 0; index -= 100)
    ledger.wait({ waits: [] as Wait[], hasNoConnection: true }, index, 0);
  const awaited = repeat(() => measure(ledger, drawn)) - loop;
  return [plain, awaited, memory, key];
}

/** After all others: what is called through an interface costs more once it has been two things. */
function sharedFiguresOf(size: number): readonly number[] {
  const drawn = drawIndices(size, CONNECTIONS);
  return measureShared(
    size,
    drawn,
    repeat(() => measure(null, drawn)),
  );
}

const line = (first: string, cells: readonly string[]): string =>
  [first.padStart(10), ...cells.map((cell) => cell.padStart(24))].join('');

say('nanoseconds of CPU for a connection, median of five');
say(line('counters', ['acquire + release', 'the same, some awaited', 'memory alone', 'refer + unrefer by key']));
const rows = COUNTERS.map((size) => {
  const figures = figuresOf(size);
  const cells = figures.map((figure) => figure.toFixed(1));
  say(line(String(size), cells));
  return figures;
});
say(
  line(
    'factor',
    rows.at(-1)!.map((figure, column) => (figure / rows[0]![column]!).toFixed(1)),
  ),
);
say('one shard of two: acquire + release, refer + unrefer by key');
const shared = COUNTERS.map((size) => {
  const figures = sharedFiguresOf(size);
  say(
    line(
      String(size),
      figures.map((figure) => figure.toFixed(1)),
    ),
  );
  return figures;
});
if (words.has('json')) {
  const figures = rows.flatMap(([plain, awaited, memory, key], row) => [
    [`ledger_${COUNTERS[row]}_ns`, plain!],
    [`ledger_${COUNTERS[row]}_awaited_ns`, awaited!],
    [`ledger_${COUNTERS[row]}_memory_alone_ns`, memory!],
    [`ledger_${COUNTERS[row]}_by_key_ns`, key!],
    [`ledger_${COUNTERS[row]}_shared_ns`, shared[row]![0]!],
    [`ledger_${COUNTERS[row]}_shared_by_key_ns`, shared[row]![1]!],
  ]);
  printMeasurement('ledger', Object.fromEntries(figures) as Record<string, number>);
}
