// One process per spool. The lock file names the process by pid, start time and boot, so that neither a killed owner nor
// another process with its pid keeps the spool locked. (Processes in different pid namespaces do not see each other.)
import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, reasonOf, systemDisk } from './disk.ts';
import { SpoolUnavailable } from './problem.ts';

const LOCK = 'lock';
const TRIES = 10;

/**
 * Locks spools for this process, all or none; directories that are missing are made. Which of its threads has which spool is
 * its own business. Rejects with SpoolUnavailable. @returns how to give them up
 */
export async function lockSpools(directories: readonly string[]): Promise<() => Promise<void>> {
  const unlocks: (() => Promise<void>)[] = [];
  const unlock = async (): Promise<void> => {
    for (const giveUp of unlocks) await giveUp();
  };
  for (const directory of directories) {
    try {
      await systemDisk.makeDirectory(directory);
      unlocks.push(await lockSpool(directory));
    } catch (error) {
      await unlock();
      if (error instanceof SpoolUnavailable || codeOf(error) === undefined) throw error;
      throw new SpoolUnavailable(`spool ${directory}: ${reasonOf(error)}`, { cause: error });
    }
  }
  return unlock;
}

/** Rejects with SpoolUnavailable when a living process has the lock. @returns how to give it up */
export async function lockSpool(directory: string): Promise<() => Promise<void>> {
  const path = join(directory, LOCK);
  const owner = await describeProcess(process.pid);
  const candidate = `${path}.${process.pid}`;
  await writeFile(candidate, `${owner}\n`, { mode: 0o600 });
  try {
    for (let tries = 0; tries < TRIES; tries++) {
      if (await isLinked(candidate, path)) return () => unlink(path);
      await removeStale(path);
    }
    throw new SpoolUnavailable(`${path} is taken and given up all the time by other processes`);
  } finally {
    await unlink(candidate);
  }
}

/** A link appears whole or not at all, with its content. */
async function isLinked(candidate: string, path: string): Promise<boolean> {
  try {
    await link(candidate, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function removeStale(path: string): Promise<void> {
  const found = await readIfPresent(path);
  if (found === null) return;
  const pid = Number.parseInt(found, 10);
  if (pid > 0 && (await describeProcess(pid)) === found.trim()) {
    throw new SpoolUnavailable(`${path}: the spool is in use by process ${pid}`);
  }
  // Two processes may get here together: what was moved away may be the new lock of the other, which gets it back.
  const aside = `${path}.stale.${process.pid}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  if ((await readIfPresent(aside)) !== found) await isLinked(aside, path);
  await unlink(aside);
}

async function readIfPresent(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'latin1');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** What tells a process from every other one that had or will have its pid; empty when there is none. */
async function describeProcess(pid: number): Promise<string> {
  const stat = await readIfPresent(`/proc/${pid}/stat`).catch(() => null); // ESRCH: it ended while we read
  if (stat === null) return '';
  // Field 22 of proc(5), counted behind the name, which may hold spaces and parentheses itself.
  const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  const boot = (await readIfPresent('/proc/sys/kernel/random/boot_id')) ?? '';
  return `${pid} ${startTime} ${boot.trim()}`;
}
