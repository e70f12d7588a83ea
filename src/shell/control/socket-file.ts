// A listening Unix socket at a path: with its file mode from the first moment, and in place of a stale one only.

import { chmodSync, lstatSync, mkdtempSync, renameSync, rmdirSync, type Stats, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { systemErrorText } from '../../core/base/system-error.ts';
import { listening } from './listening.ts';

/** sun_path of Linux holds 108 octets with its final NUL; the path of the temporary name is a few octets longer. */
const PATH_OCTETS_MAX = 107;

/** A socket file that is ours: removed again only while it still is the one we made. */
export interface SocketFile {
  remove(): void;
}

/**
 * Makes `server` listen at `path`. The socket is made in a private directory, gets its mode there and is then moved to
 * its name, so that nobody ever finds it with another mode, and clients find either the old or the new one.
 * @returns the file, or why not
 */
export async function listenAtPath(server: Server, path: string, fileMode: number): Promise<SocketFile | string> {
  const obstacle = await obstacleAt(path);
  if (obstacle !== null) return obstacle;
  let directory: string;
  try {
    directory = mkdtempSync(join(dirname(path), '.hg-'));
  } catch (error) {
    return systemErrorText(error, 'write');
  }
  const temporaryPath = join(directory, 's');
  try {
    if (Math.max(Buffer.byteLength(temporaryPath), Buffer.byteLength(path)) > PATH_OCTETS_MAX) {
      return `the path is too long for a socket (${PATH_OCTETS_MAX} octets at most, with a temporary name in the same directory)`;
    }
    const failure = await listening(server, { path: temporaryPath });
    if (failure !== null) return failure;
    chmodSync(temporaryPath, fileMode);
    const made = lstatSync(temporaryPath);
    renameSync(temporaryPath, path);
    return { remove: () => removeIfSame(path, made) };
  } catch (error) {
    server.close(); // removes the temporary name
    return systemErrorText(error, 'write');
  } finally {
    rmdirSync(directory);
  }
}

/** What stands in the way at `path`: a file that is no socket, or a server that answers. Null for none or a stale one. */
async function obstacleAt(path: string): Promise<string | null> {
  let found: Stats;
  try {
    found = lstatSync(path);
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? null : systemErrorText(error);
  }
  if (!found.isSocket()) return 'a file that is no socket stands there';
  const failure = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    const probe = connect({ path }, () => {
      probe.destroy();
      resolve(null);
    });
    probe.on('error', resolve);
  });
  if (failure === null) return 'another server answers there';
  return ['ECONNREFUSED', 'ENOENT'].includes(codeOf(failure)) ? null : systemErrorText(failure);
}

function removeIfSame(path: string, made: Stats): void {
  try {
    const found = lstatSync(path);
    if (found.ino === made.ino && found.dev === made.dev) unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);
