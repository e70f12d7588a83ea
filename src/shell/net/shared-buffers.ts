// Two buffers that all outbound connections of a thread use in turn: a read is copied out in the callback that brings
// it, and a small write is in the kernel when `write` returns, unless the peer is slow.

const READ_OCTETS = 65_536;
/** Writes up to this size are put together in one buffer; larger ones go out as a list (measured: 16 KB). */
export const ASSEMBLED_OCTETS_MAX = 16_384;

export class SharedBuffers {
  readonly read = Buffer.allocUnsafeSlow(READ_OCTETS);
  #write = Buffer.allocUnsafeSlow(ASSEMBLED_OCTETS_MAX);

  get write(): Buffer {
    return this.#write;
  }

  /** The kernel did not take all of the last write: its buffer stays with the socket. */
  giveWriteAway(): void {
    this.#write = Buffer.allocUnsafeSlow(ASSEMBLED_OCTETS_MAX);
  }
}
