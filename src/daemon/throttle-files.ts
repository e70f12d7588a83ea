// What shards keep of throttles, each in a file beside its own spool (shell/throttles/throttle-file.ts).
import { existsSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { wallMs } from '../core/base/moment.ts';
import { joinedThrottles } from '../core/limits/saved-throttles.ts';
import type { SavedThrottles } from '../core/limits/throttle-record.ts';
import type { SpoolPlace } from '../shell/spool/joined-spools.ts';
import { type OpenedThrottleFile, openThrottleFile } from '../shell/throttles/throttle-file.ts';

/** File beside the spool that keeps what throttles of long windows may not forget. */
const THROTTLE_FILE = 'throttles';

/**
 * The file of a shard. What is in those of shards that are no more comes into it first, and they go.
 * @param places of the shard, its own first
 * @param onProblem one line for the operator
 */
export async function openThrottles(
  places: readonly SpoolPlace[],
  onProblem: (text: string) => void,
): Promise<OpenedThrottleFile> {
  const [path, ...others] = pathsIn(places);
  const { file, saved } = await openThrottleFile(path!, onProblem);
  const left = others.filter((one) => existsSync(one));
  if (left.length === 0) return { file, saved };
  const found = await Promise.all(left.map(async (one) => (await openThrottleFile(one, onProblem)).saved));
  const joined = joinedThrottles([saved, ...found]);
  const known: SavedThrottles = joined.isDamaged
    ? { records: [{ kind: 'unknown', until: wallMs(Date.now()) }], isDamaged: false }
    : joined;
  const { promise: isDurable, resolve } = Promise.withResolvers<boolean>();
  file.writeAll(known.records, resolve);
  if (await isDurable) await Promise.all(left.map((one) => unlink(one)));
  return { file, saved: known };
}

/** What all shards left, before they open their files and tell what is wrong with them. */
export async function readThrottles(places: readonly SpoolPlace[]): Promise<SavedThrottles> {
  const opened = await Promise.all(pathsIn(places).map((path) => openThrottleFile(path, () => {})));
  return joinedThrottles(opened.map(({ saved }) => saved));
}

function pathsIn(places: readonly SpoolPlace[]): readonly string[] {
  return places.map(({ directory }) => join(directory, THROTTLE_FILE));
}
