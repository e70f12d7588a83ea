// Memory for message data that comes in several reads, until the message is complete. Blocks of the usual size are used
// again, so that the collector has nothing to do with them; for the beginning of a message smaller ones are made, lest a
// client that sends a little and waits ties up a large one.

export const BLOCK_OCTETS = 65_536;
const SMALLER_OCTETS = [4_096, 16_384] as const;
/** Blocks that wait for their next use: 2 MiB. */
const FREE_MAX = 32;

export class DataBlocks {
  readonly #free: Buffer[] = [];

  /** @param octets that are known to be needed, and a few more */
  take(octets: number): Buffer {
    for (const size of SMALLER_OCTETS) if (octets <= size) return Buffer.allocUnsafeSlow(size);
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_OCTETS);
  }

  /** Nobody looks at it any more. */
  giveBack(block: Buffer): void {
    if (block.length === BLOCK_OCTETS && this.#free.length < FREE_MAX) this.#free.push(block);
  }
}
