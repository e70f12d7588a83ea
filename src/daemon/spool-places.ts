// Where the spools of a server are. The first shard has spoolbase itself, so that a server whose number of shards changes
// finds its mail; the others have directories below it. Those that shards left behind which are no more are the first one's too.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Configuration } from '../core/config/configuration.ts';
import { spoolbase } from '../core/config/options/server-options.ts';
import type { SpoolPlace } from '../shell/spool/joined-spools.ts';

/** File of the spool that stands while a process has it, and stays when that was killed. */
const SPOOL_LOCK = 'lock';
const OTHERS = /^shard-([1-9]\d?)$/;

/** @returns the spools of each shard, its own first */
export function spoolPlaces(configuration: Configuration, shards: number): readonly (readonly SpoolPlace[])[] {
  const base = configuration.value(spoolbase);
  const [first, ...rest] = Array.from({ length: shards }, (_, number) => [placeOf(base, number)]);
  const left = numbersIn(base).filter((number) => number >= shards);
  return [[...first!, ...left.map((number) => placeOf(base, number))], ...rest];
}

/** The process that had them was killed. */
export function wereLeftUnclean(places: readonly SpoolPlace[]): boolean {
  return places.some(({ directory }) => existsSync(join(directory, SPOOL_LOCK)));
}

const placeOf = (base: string, number: number): SpoolPlace => ({
  directory: number === 0 ? base : join(base, `shard-${number + 1}`),
  number,
});

/** Of shards that have or had a directory, from 0. */
function numbersIn(base: string): readonly number[] {
  if (!existsSync(base)) return [];
  return readdirSync(base)
    .flatMap((name) => OTHERS.exec(name)?.[1] ?? [])
    .map((digits) => Number(digits) - 1)
    .filter((number) => number > 0)
    .sort((one, other) => one - other);
}
