// The RecordLog port: lines are kept for the checkers, and survive the process as a file would.
import { parseMainRecord as readBack } from '../core/records/parsed-record.ts';
import type { RecordLog } from '../engine/ports.ts';
import type { Fuse } from './fuse.ts';
import type { World } from './world.ts';

/** The fields of a main record that checkers look at (docs/logs.md, "mainlog"). */
export interface MainRecord {
  readonly fields: readonly string[];
  readonly type: string;
  readonly messageId: string;
  /** The server's reply, of T and P records. */
  readonly reply: string;
  readonly line: string;
}

/** Fields are separated by `@` that no backslash precedes; the last one is free text. */
export function parseMainRecord(line: string): MainRecord {
  const fields = line.split(/(?<!\\)@/);
  const type = fields[4] ?? '';
  const reply = type === 'T' || type === 'P' ? fields.slice(13).join('@') : '';
  return { fields, type, messageId: fields[1] ?? '', reply, line };
}

export class CollectedRecords implements RecordLog {
  readonly mainLines: string[] = [];
  readonly rejectLines: string[] = [];
  readonly panicLines: string[] = [];
  readonly #world: World;
  readonly #fuse: Fuse;
  readonly #seen: (record: MainRecord) => void;

  /** @param seen called with every main record as it is written */
  constructor(world: World, fuse: Fuse, seen: (record: MainRecord) => void) {
    this.#world = world;
    this.#fuse = fuse;
    this.#seen = seen;
  }

  main(line: string): void {
    this.#fuse.burn();
    this.#world.note(() => `mainlog ${line}`);
    this.mainLines.push(line);
    if (readBack(line) === null) this.#world.violation(`a record that cannot be read back: ${line}`);
    this.#seen(parseMainRecord(line));
  }

  reject(line: string): void {
    this.#world.note(() => `rejectlog ${line}`);
    this.rejectLines.push(line);
  }

  other(key: string, line: string): void {
    this.#world.note(() => `${key} ${line}`);
  }

  panic(level: string, text: string): void {
    this.#world.note(() => `paniclog ${level} ${text}`);
    this.panicLines.push(`${level} ${text}`);
  }
}
