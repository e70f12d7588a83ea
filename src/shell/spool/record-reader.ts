// Reads records back from their segments and checks them.
import { setTimeout as delay } from 'node:timers/promises';
import type { Content } from '../../core/mail/message.ts';
import type { DescriptorCache } from './descriptor-cache.ts';
import { type Disk, readFully, reasonOf } from './disk.ts';
import type { ReportProblem } from './problem.ts';
import { RECORD_HEADER_BYTES, readRecordHeader, wholeRecordAt } from './record-format.ts';
import type { Segment } from './segment.ts';
import type { StoredRecord } from './stored-record.ts';

/** A failed read says nothing about the record (descriptors may have run out); it is tried again before it is given up. */
const TRIES = 4;
const RETRY_MS = 250;

export class RecordReader {
  readonly #disk: Disk;
  readonly #descriptors: DescriptorCache;
  readonly #report: ReportProblem;

  constructor(disk: Disk, descriptors: DescriptorCache, report: ReportProblem) {
    this.#disk = disk;
    this.#descriptors = descriptors;
    this.#report = report;
  }

  /** The bytes of a record from its header on; null when it is damaged or cannot be read, which is reported. */
  async read(record: StoredRecord): Promise<Buffer | null> {
    for (let tries = 1; ; tries++) {
      const { segment, offset, bytes } = record;
      if (segment === null) return null;
      let reason: string;
      try {
        const found = await this.#readAt(segment, offset, bytes, record.sequence);
        if (found !== null) return found;
        reason = 'checksum does not match';
        tries = TRIES;
      } catch (error) {
        reason = reasonOf(error);
      }
      // Compaction may have moved the record meanwhile.
      if (record.segment !== segment) continue;
      if (tries < TRIES) {
        await delay(RETRY_MS);
        continue;
      }
      if (!record.isDamaged && !record.isFinal) {
        record.isDamaged = true;
        this.#report({
          kind: 'damaged',
          text: `spool: batch ${record.envelope.batchId} in ${segment.file.path} at ${offset} cannot be read: ${reason}`,
        });
      }
      return null;
    }
  }

  async #readAt(segment: Segment, offset: number, bytes: number, sequence: number): Promise<Buffer | null> {
    const into = Buffer.allocUnsafeSlow(bytes);
    const filled = await this.#descriptors.lend(segment.file.path, (file) => readFully(this.#disk, file, into, offset));
    const header = filled === bytes ? wholeRecordAt(into, 0, segment.mark, offset) : null;
    return header !== null && header.sequence === sequence ? into : null;
  }
}

/** The content in the bytes of a record. */
export function contentOf(bytes: Buffer): Content {
  const { headerSectionBytes, bodyBytes } = readRecordHeader(bytes, 0);
  const bodyAt = bytes.length - bodyBytes;
  return {
    headerSection: bytes.toString('latin1', bodyAt - headerSectionBytes, bodyAt),
    body: [bytes.subarray(bodyAt)],
  };
}

/** Header section and body, as they lie behind the envelope. */
export function payloadOf(bytes: Buffer): Buffer {
  return bytes.subarray(RECORD_HEADER_BYTES + readRecordHeader(bytes, 0).envelopeBytes);
}
