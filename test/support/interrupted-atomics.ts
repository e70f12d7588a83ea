// Stops before each operation on shared memory, in the source as it is: for as long as a function runs, the operations of
// Atomics call back first. What is called then may run another shard up to its end, or end the one that was about to go on.

const OPERATIONS = ['load', 'store', 'add', 'sub', 'and', 'or', 'exchange', 'compareExchange'] as const;

type Operation = (words: Int32Array, at: number, value: number, replacement: number) => number;

/** Nothing else may run in this thread meanwhile: `run` is synchronous. */
export function interruptAtomics<T>(before: () => void, run: () => T): T {
  const originals = OPERATIONS.map((name) => Reflect.get(Atomics, name) as Operation);
  for (const [place, name] of OPERATIONS.entries()) {
    const original = originals[place]!;
    Reflect.set(Atomics, name, (...[words, at, value, replacement]: Parameters<Operation>) => {
      before();
      return original(words, at, value, replacement);
    });
  }
  try {
    return run();
  } finally {
    for (const [place, name] of OPERATIONS.entries()) Reflect.set(Atomics, name, originals[place]);
  }
}
