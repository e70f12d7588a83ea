// A copy of the product's source with a bug put in on purpose, and the simulation run on it: how tests find out whether
// the simulation would notice.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from './temporary-directory.ts';

export interface Edit {
  /** From the root of the project. */
  readonly file: string;
  /** Occurs in the file exactly once. */
  readonly text: string;
  readonly replacement: string;
}

/** One bug. */
export interface Mutation {
  readonly title: string;
  readonly edits: readonly Edit[];
  /** Those that find it when it takes more than the usual ones. */
  readonly seeds?: string;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COPIED = ['package.json', 'src'];
/** A run of 200 seeds takes half a minute; a loaded machine takes its time. */
const RUN_MAX_MS = 600_000;
/** What the simulation prints about a broken promise: the seed, the scenario, and when in the run. */
const VIOLATION = /^seed \d+ \(.+\)\nat \d+\.\d{3} s: \S/m;

/** Fails unless the simulation of the seeds finds the bug. @returns what it said */
export async function assertFound(t: TestContext, { title, edits }: Mutation, seeds: string): Promise<string> {
  const { status, stderr } = await simulateCopy(t, edits, seeds);
  assert.equal(status, 1, `${title}: not found in seeds ${seeds}\n${stderr}`);
  assert.match(stderr, VIOLATION, title);
  return stderr;
}

/** Fails unless the source has, exactly once, what each edit replaces. */
export function assertPresent({ edits }: Mutation): void {
  for (const edit of edits) edited(ROOT, edit);
}

/** Fails unless the copy without any bug keeps every promise. */
export async function assertClean(t: TestContext, seeds: string): Promise<void> {
  const { status, stderr } = await simulateCopy(t, [], seeds);
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
}

/** @returns a status of null when the run did not end in time */
async function simulateCopy(
  t: TestContext,
  edits: readonly Edit[],
  seeds: string,
): Promise<{ status: number | null; stderr: string }> {
  const directory = temporaryDirectory(t);
  for (const name of COPIED) cpSync(join(ROOT, name), join(directory, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  for (const edit of edits) writeFileSync(join(directory, edit.file), edited(directory, edit));
  const child = spawn(process.execPath, [join('src', 'sim', 'run.ts'), '--seeds', seeds, '--no-shrink'], {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: RUN_MAX_MS,
    killSignal: 'SIGKILL',
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stderr };
}

/** The file as it is after the edit. */
function edited(root: string, { file, text, replacement }: Edit): string {
  const [before, after, ...more] = readFileSync(join(root, file), 'utf8').split(text);
  assert.ok(after !== undefined && more.length === 0, `${file} does not have exactly once:\n${text}`);
  return `${before}${replacement}${after}`;
}
