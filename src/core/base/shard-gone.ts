// A thread that was asked something ended before it answered. Not a mistake of ours by itself: whoever asked is told so.

export class ShardGone extends Error {
  override readonly name = 'ShardGone';

  /** @param shard what it is called, such as `shard 2` */
  constructor(shard: string) {
    super(`${shard} has ended and gave no answer`);
  }
}
