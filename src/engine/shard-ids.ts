// How connections are numbered where there is more than one shard: each numbers its own, and what is shown has the number of
// the shard in its last two digits, so that no two are the same and it can be read off.

/**
 * There is room for 99 shards.
 * @param index of the shard, from 0; the first is shown as 1
 * @param shards how many there are: a single one is not shown
 */
export function shownId(id: number, index: number, shards: number): number {
  return shards === 1 ? id : id * 100 + index + 1;
}
