// A copy of the product's source with a bug put in on purpose, and the simulation run on it: how tests find out whether
// the simulation would notice.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { classOf } from '../../src/sim/failure-class.ts';
import { parseScenario } from '../../src/sim/scenario-text.ts';
import { runScenario } from '../../src/sim/simulation.ts';
import { sizeOf } from '../../src/sim/smaller-scenario.ts';
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
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COPIED = ['package.json', 'src'];
/** A run of 200 seeds takes a quarter of a minute; a loaded machine takes its time. */
const RUN_MAX_MS = 600_000;
/** What the simulation prints about a broken promise: the seed, the scenario, and when in the run. */
const VIOLATION = /^at \d+\.\d{3} s: \S.*$/m;
/** The last line of what it prints is the shrunken scenario. */
const SCENARIO = /^\{.*\}$/m;
/** Shrunken scenarios are not larger than this: they can be read. */
const SMALL = { messages: 20, domains: 4, bindings: 3, actions: 4 };

/** Fails unless the simulation of the seeds finds the bug. @returns what it said */
export async function assertFound(t: TestContext, mutation: Mutation, seeds: string): Promise<string> {
  const { status, stderr } = await simulate(copyWith(t, mutation.edits), ['--seeds', seeds, '--no-shrink']);
  assert.equal(status, 1, `${mutation.title}: not found in seeds ${seeds}\n${stderr}`);
  assert.match(stderr, VIOLATION, mutation.title);
  return stderr;
}

/**
 * Fails unless the simulation of the seeds finds the bug and makes a small scenario of it, which fails in the same way with
 * the bug and keeps every promise without. @returns what was said
 */
export async function assertFoundAndShrunken(t: TestContext, mutation: Mutation, seeds: string): Promise<string> {
  const directory = copyWith(t, mutation.edits);
  const { status, stderr } = await simulate(directory, ['--seeds', seeds]);
  assert.equal(status, 1, `${mutation.title}: not found in seeds ${seeds}\n${stderr}`);
  const [text] = SCENARIO.exec(stderr) ?? [];
  assert.ok(text !== undefined, `no scenario in:\n${stderr}`);
  const scenario = parseScenario(text);
  for (const [what, count] of Object.entries(sizeOf(scenario)))
    assert.ok(count <= SMALL[what as keyof typeof SMALL], `${count} ${what} are left:\n${text}`);
  const again = await simulate(directory, ['--scenario', '-'], text);
  assert.equal(again.status, 1, `the shrunken scenario does not fail\n${again.stderr}`);
  assert.equal(classOf(VIOLATION.exec(again.stderr)![0]), classOf(VIOLATION.exec(stderr)![0]));
  assert.deepEqual(runScenario(scenario).violations, [], 'the shrunken scenario fails without the bug');
  return stderr;
}

/** Fails unless the source has, exactly once, what each edit replaces. */
export function assertPresent({ edits }: Mutation): void {
  for (const edit of edits) edited(ROOT, edit);
}

/** Fails unless the copy without any bug keeps every promise. */
export async function assertClean(t: TestContext, seeds: string): Promise<void> {
  const { status, stderr } = await simulate(copyWith(t, []), ['--seeds', seeds, '--no-shrink']);
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
}

/** @returns where the copy is */
function copyWith(t: TestContext, edits: readonly Edit[]): string {
  const directory = temporaryDirectory(t);
  for (const name of COPIED) cpSync(join(ROOT, name), join(directory, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  for (const edit of edits) writeFileSync(join(directory, edit.file), edited(directory, edit));
  return directory;
}

/** @returns a status of null when the run did not end in time */
async function simulate(
  directory: string,
  args: readonly string[],
  input = '',
): Promise<{ status: number | null; stderr: string }> {
  const child = spawn(process.execPath, [join('src', 'sim', 'run.ts'), ...args], {
    cwd: directory,
    stdio: ['pipe', 'ignore', 'pipe'],
    timeout: RUN_MAX_MS,
    killSignal: 'SIGKILL',
  });
  child.stdin.end(input);
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
