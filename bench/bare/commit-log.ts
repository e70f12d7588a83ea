// The second part of the bare relay: the least that has mail on stable storage before it is acknowledged. Segments of fixed
// size that are used again, everything that came since the last commit with one synchronous writev, a checksum for each
// record, and a note for each that was delivered, with the next write or within 20 ms. Nothing is read back.
import { closeSync, constants, ftruncateSync, openSync, write, writev } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

const SEGMENT_OCTETS = 16 * 2 ** 20;
const HEADER_OCTETS = 24;
const NOTE_OCTETS = 12;
const NOTES_EVERY_MS = 20;
const GROUP_RECORDS_MAX = 400;
/** Below what one writev takes (IOV_MAX). */
const GROUP_BUFFERS_MAX = 1_000;
const GROUP_OCTETS_MAX = SEGMENT_OCTETS / 2;

interface Segment {
  readonly data: number;
  readonly notes: number;
  used: number;
  alive: number;
  isSealed: boolean;
  pendingNotes: number[];
}

/** What was appended, for `settle`. */
export interface Appended {
  readonly segment: Segment;
  readonly sequence: number;
}

interface Waiting {
  readonly buffers: readonly Buffer[];
  readonly octets: number;
  readonly sequence: number;
  readonly done: (record: Appended) => void;
}

export class CommitLog {
  readonly #directory: string;
  readonly #segments: Segment[] = [];
  readonly #free: Segment[] = [];
  readonly #timer: NodeJS.Timeout;
  #current: Segment;
  #sequence = 0;
  #waiting: Waiting[] = [];
  #isWriting = false;

  constructor(directory: string) {
    this.#directory = directory;
    this.#current = this.#make();
    this.#timer = setInterval(() => {
      for (const segment of this.#segments) this.#writeNotes(segment);
    }, NOTES_EVERY_MS);
  }

  append(content: readonly Buffer[], done: (record: Appended) => void): void {
    this.#sequence += 1;
    const header = Buffer.allocUnsafe(HEADER_OCTETS);
    let [sum, octets] = [0, HEADER_OCTETS];
    for (const chunk of content) {
      sum = crc32(chunk, sum);
      octets += chunk.length;
    }
    header.writeUInt32LE(0x48454144, 0);
    header.writeUInt32LE(octets, 4);
    header.writeDoubleLE(this.#sequence, 8);
    header.writeUInt32LE(sum, 16);
    header.writeUInt32LE(crc32(header.subarray(0, 20)), 20);
    this.#waiting.push({ buffers: [header, ...content], octets, sequence: this.#sequence, done });
    if (!this.#isWriting) {
      this.#isWriting = true;
      setImmediate(this.#commit); // what else this turn of the loop brings goes with it
    }
  }

  settle({ segment, sequence }: Appended): void {
    segment.pendingNotes.push(sequence);
    segment.alive -= 1;
    if (segment.alive === 0 && segment.isSealed) this.#release(segment);
  }

  close(): void {
    clearInterval(this.#timer);
    for (const { data, notes } of this.#segments) {
      closeSync(data);
      closeSync(notes);
    }
  }

  readonly #commit = (): void => {
    const [group, octets] = this.#nextGroup();
    if (group.length === 0) {
      this.#isWriting = false;
      return;
    }
    if (this.#current.used + octets > SEGMENT_OCTETS) {
      this.#current.isSealed = true;
      if (this.#current.alive === 0) this.#release(this.#current);
      this.#current = this.#free.pop() ?? this.#make();
      this.#current.isSealed = false;
      this.#current.used = 0;
    }
    const segment = this.#current;
    const buffers: Buffer[] = [];
    for (const record of group) buffers.push(...record.buffers);
    segment.alive += group.length;
    writev(segment.data, buffers, segment.used, (error, written) => {
      if (error !== null) throw error;
      if (written !== octets) throw new Error(`${written} of ${octets} octets were written`);
      for (const { sequence, done } of group) done({ segment, sequence });
      this.#commit();
    });
    segment.used += octets;
  };

  #nextGroup(): [group: readonly Waiting[], octets: number] {
    let [count, buffers, octets] = [0, 0, 0];
    for (const record of this.#waiting) {
      if (count === GROUP_RECORDS_MAX || buffers + record.buffers.length > GROUP_BUFFERS_MAX) break;
      if (octets + record.octets > GROUP_OCTETS_MAX) break;
      count += 1;
      buffers += record.buffers.length;
      octets += record.octets;
    }
    if (count === this.#waiting.length) {
      const group = this.#waiting;
      this.#waiting = [];
      return [group, octets];
    }
    return [this.#waiting.splice(0, count), octets];
  }

  #release(segment: Segment): void {
    segment.pendingNotes = [];
    write(segment.data, Buffer.alloc(HEADER_OCTETS), 0, HEADER_OCTETS, 0, (error) => {
      if (error !== null) throw error;
      ftruncateSync(segment.notes);
      this.#free.push(segment);
    });
  }

  #writeNotes(segment: Segment): void {
    if (segment.pendingNotes.length === 0) return;
    const entries = Buffer.allocUnsafe(segment.pendingNotes.length * NOTE_OCTETS);
    for (const [index, sequence] of segment.pendingNotes.entries()) {
      entries.writeDoubleLE(sequence, index * NOTE_OCTETS);
      entries.writeUInt32LE(0, index * NOTE_OCTETS + 8);
    }
    segment.pendingNotes = [];
    write(segment.notes, entries, (error) => {
      if (error !== null) throw error;
    });
  }

  #make(): Segment {
    const name = join(this.#directory, `segment-${this.#segments.length}`);
    const flags = constants.O_RDWR | constants.O_CREAT;
    const segment: Segment = {
      data: openSync(name, flags | constants.O_DSYNC),
      notes: openSync(`${name}.notes`, flags | constants.O_APPEND),
      used: 0,
      alive: 0,
      isSealed: false,
      pendingNotes: [],
    };
    this.#segments.push(segment);
    return segment;
  }
}
