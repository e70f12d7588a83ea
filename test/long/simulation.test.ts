// 10,000 seeds of the simulation, beyond those that `npm run check` runs, on every processor. Each process runs a part of
// them and ends, so that no more memory is in use than one part needs, and says what failed as `npm run sim` does.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const FIRST = 1001;
const SEEDS = 10_000;
/** About half a minute. */
const PER_PROCESS = 250;
/** A process ends with the first seed that fails, and says which. */
const FAILED_SEED = /^seed (\d+) \(/m;
/** How much of a failure is shown while others still run. */
const FIRST_WORDS = 500;
const MEMORY_MAX_MB = 512;
const RUN = fileURLToPath(new URL('../../src/sim/run.ts', import.meta.url));

test(`simulation of ${SEEDS} seeds from ${FIRST}`, async () => {
  const parts = Array.from({ length: SEEDS / PER_PROCESS }, (_, part) => FIRST + part * PER_PROCESS);
  const failures: string[] = [];
  let done = 0;
  const work = async (): Promise<void> => {
    for (let from = parts.shift(); from !== undefined; from = parts.shift()) {
      const end = from + PER_PROCESS;
      for (let next = from; next < end; ) {
        const failure = await runSeeds(`${next}..${end - 1}`);
        if (failure === null) break;
        failures.push(failure);
        console.log(failure.slice(0, FIRST_WORDS));
        next = 1 + Number(FAILED_SEED.exec(failure)?.[1] ?? end);
      }
      done += PER_PROCESS;
      console.log(`${done} of ${SEEDS} seeds, ${failures.length} failures`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  assert.equal(failures.length, 0, failures.join('\n\n'));
});

/** Null when every seed kept every promise; the part ends with the first that does not. */
async function runSeeds(seeds: string): Promise<string | null> {
  const args = [`--max-old-space-size=${MEMORY_MAX_MB}`, RUN, '--seeds', seeds];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return status === 0 ? null : `seeds ${seeds} end with ${signal ?? status}:\n${said}`;
}
