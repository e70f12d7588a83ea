// Numbers of records: rising, never repeated within a spool, also when every segment that told of earlier ones is gone.
// A small file says below which number all may have been used; it is written well before that number is reached.
// Two slots are written in turn, so that a torn write leaves the other.
import { crc32 } from 'node:zlib';
import { assert } from '../../core/base/assert.ts';
import { type Disk, readFully, reasonOf, withFile, writeAll } from './disk.ts';
import { readUInt64, writeUInt64 } from './record-format.ts';

const SLOT_BYTES = 512;
const MAGIC = 0x3153_4748; // `HGS1`

export class SequenceNumbers {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #mode: 'write' | 'writeDurable';
  readonly #reservation: number;
  #next = 1;
  #reservedEnd = 1;
  #slot = 0;
  #reserving: Promise<void> | null = null;

  constructor(disk: Disk, path: string, forceFsync: boolean, reservation: number) {
    this.#disk = disk;
    this.#path = path;
    this.#mode = forceFsync ? 'writeDurable' : 'write';
    this.#reservation = reservation;
  }

  /** Reads how far numbers were reserved. */
  async open(): Promise<void> {
    const bytes = Buffer.alloc(2 * SLOT_BYTES);
    await withFile(this.#disk, this.#path, this.#mode, (file) => readFully(this.#disk, file, bytes, 0));
    const first = readSlot(bytes, 0);
    const second = readSlot(bytes, SLOT_BYTES);
    this.#slot = (first ?? 0) >= (second ?? 0) ? 1 : 0;
    this.#reservedEnd = Math.max(first ?? 1, second ?? 1);
    // With one slot unreadable it may have been the later one, which was at most one reservation ahead.
    if ((first === null) !== (second === null)) this.#reservedEnd += this.#reservation;
  }

  /** Goes on above every number used before. Nothing is handed out until {@link reserve} is done. */
  continueAbove(highest: number): void {
    this.#next = Math.max(highest + 1, this.#reservedEnd);
    this.#reservedEnd = this.#next;
  }

  /** How many numbers may be taken now. */
  get available(): number {
    return this.#reservedEnd - this.#next;
  }

  /** The largest number that may have been given out. */
  get last(): number {
    return this.#next - 1;
  }

  take(): number {
    assert(this.#next < this.#reservedEnd, 'numbers are reserved before they are used');
    return this.#next++;
  }

  get isRunningLow(): boolean {
    return this.available < this.#reservation / 2;
  }

  /** Reserves more. Calls while one is under way share it. */
  reserve(): Promise<void> {
    this.#reserving ??= this.#write(this.#next + this.#reservation).finally(() => {
      this.#reserving = null;
    });
    return this.#reserving;
  }

  /** Waits for a reservation under way. */
  async close(): Promise<void> {
    await this.#reserving?.catch(reasonOf); // nobody needs it any more
  }

  async #write(end: number): Promise<void> {
    const slot = Buffer.alloc(SLOT_BYTES);
    slot.writeUInt32LE(MAGIC, 4);
    writeUInt64(slot, end, 8);
    slot.writeUInt32LE(crc32(slot.subarray(4, 16)), 0);
    await withFile(this.#disk, this.#path, this.#mode, (file) =>
      writeAll(this.#disk, file, [slot], this.#slot * SLOT_BYTES),
    );
    this.#slot = 1 - this.#slot;
    this.#reservedEnd = Math.max(this.#reservedEnd, end);
  }
}

function readSlot(bytes: Buffer, at: number): number | null {
  if (bytes.readUInt32LE(at + 4) !== MAGIC) return null;
  if (crc32(bytes.subarray(at + 4, at + 16)) !== bytes.readUInt32LE(at)) return null;
  return readUInt64(bytes, at + 8);
}
