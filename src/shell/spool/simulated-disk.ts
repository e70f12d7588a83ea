// A disk for tests: keeps apart what is written and what is on stable storage, fails calls on request, and can lose its
// power, or only its process, before any call. After a power cut each sector that was not synced is there or not, as is
// what was done to directories, in order.
import type { Random } from '../../core/base/random.ts';
import type { Disk, OpenMode, Transferred } from './disk.ts';

const SECTOR_BYTES = 512;

interface Inode {
  content: Buffer;
  /** What a power cut leaves where `unsynced` has no sector. */
  stable: Buffer;
  /** Sectors of which a power cut leaves the content or the stable one. */
  readonly unsynced: Set<number>;
}

/** A write under way. */
interface Writing {
  readonly inode: Inode;
  readonly position: number;
  readonly bytes: Buffer;
}

interface OpenFile {
  readonly inode: Inode;
  readonly mode: OpenMode;
}

export type CallName =
  | 'open'
  | 'close'
  | 'read'
  | 'write'
  | 'sync'
  | 'truncate'
  | 'size'
  | 'remove'
  | 'list'
  | 'makeDirectory'
  | 'syncDirectory';

export interface Call {
  readonly name: CallName;
  readonly path: string;
  /** Octets to be written. */
  readonly bytes: number;
}

/** A system error code; or for writes, how many octets are taken before the call ends short. */
export type Fault = string | { readonly short: number };

export class SimulatedDisk implements Disk {
  /** Decides on each call whether it fails. */
  fault: (call: Call) => Fault | null = () => null;
  /** The disk stops before this many calls from now on are executed. */
  callsLeft = Number.POSITIVE_INFINITY;
  readonly calls: Call[] = [];
  readonly #random: Random;
  readonly #directories = new Set<string>();
  readonly #inodes = new Map<string, Inode>();
  readonly #stableInodes = new Map<string, Inode>();
  #unsyncedEntries: { readonly path: string; readonly inode: Inode | null }[] = [];
  readonly #open = new Map<number, OpenFile & { readonly path: string }>();
  #nextFile = 3;
  readonly #writing = new Set<Writing>();

  constructor(random: Random) {
    this.#random = random;
  }

  get isStopped(): boolean {
    return this.callsLeft <= 0;
  }

  /** Paths of open descriptors. */
  get openFiles(): readonly string[] {
    return [...this.#open.values()].map(({ path }) => path);
  }

  paths(): readonly string[] {
    return [...this.#inodes.keys()];
  }

  contentOf(path: string): Buffer {
    return Buffer.from(this.#inodeAt(path).content);
  }

  /** Changes what is on the disk behind everyone's back. */
  damage(path: string, change: (content: Buffer) => Buffer): void {
    const inode = this.#inodeAt(path);
    inode.content = change(Buffer.from(inode.content));
    inode.stable = Buffer.from(inode.content);
  }

  /** The disk as the next process finds it. This one answers no more. */
  restart(loses: 'process' | 'power'): SimulatedDisk {
    this.callsLeft = 0;
    for (const writing of this.#writing) this.#tear(writing);
    const next = new SimulatedDisk(this.#random);
    for (const directory of this.#directories) next.#directories.add(directory);
    const entries = loses === 'process' ? this.#inodes : this.#entriesAfterPowerCut();
    for (const [path, inode] of entries) {
      const copy =
        loses === 'process'
          ? // What was not synced is still not synced.
            {
              content: Buffer.from(inode.content),
              stable: Buffer.from(inode.stable),
              unsynced: new Set(inode.unsynced),
            }
          : synced(this.#contentAfterPowerCut(inode));
      next.#inodes.set(path, copy);
      next.#stableInodes.set(path, copy);
    }
    return next;
  }

  open(path: string, mode: OpenMode): Promise<number> {
    return this.#call({ name: 'open', path, bytes: 0 }, () => {
      let inode = this.#inodes.get(path);
      if (inode === undefined && mode === 'read') throw systemError('ENOENT');
      if (inode !== undefined && mode === 'create') throw systemError('EEXIST');
      if (inode === undefined) {
        inode = synced(Buffer.alloc(0));
        this.#setEntry(path, inode);
      }
      const file = this.#nextFile++;
      this.#open.set(file, { inode, mode, path });
      return file;
    });
  }

  close(file: number): Promise<void> {
    return this.#call({ name: 'close', path: this.#file(file).path, bytes: 0 }, () => {
      this.#open.delete(file);
    });
  }

  read(file: number, into: Uint8Array, position: number, done: Transferred): void {
    const { inode, path } = this.#file(file);
    this.#call({ name: 'read', path, bytes: 0 }, () => {
      return inode.content.copy(into, 0, position, Math.min(inode.content.length, position + into.byteLength));
    }).then(
      (bytes) => done(null, bytes),
      (error) => done(error, 0),
    );
  }

  write(file: number, buffers: readonly Uint8Array[], position: number, done: Transferred): void {
    const { inode, mode, path } = this.#file(file);
    const bytes = Buffer.concat(buffers);
    const call: Call = { name: 'write', path, bytes: bytes.length };
    const writing: Writing = { inode, position, bytes };
    this.#writing.add(writing);
    this.#call(call, (fault) => {
      this.#writing.delete(writing);
      if (typeof fault === 'string') {
        // A failed write leaves some of its sectors behind.
        this.#tear(writing);
        throw systemError(fault);
      }
      const taken = fault === null ? bytes : bytes.subarray(0, fault.short);
      change(inode, position, taken);
      if (mode === 'writeDurable' && fault === null) {
        inode.stable = written(inode.stable, position, taken);
        for (const sector of wholeSectors(position, taken.length)) {
          inode.unsynced.delete(sector);
          copySector(inode.content, inode.stable, sector);
        }
      }
      return taken.length;
    }).then(
      (count) => done(null, count),
      (error) => done(error, 0),
    );
  }

  sync(file: number): Promise<void> {
    const { inode, path } = this.#file(file);
    return this.#call({ name: 'sync', path, bytes: 0 }, (fault) => {
      if (fault !== null) {
        // As Linux does: the pages count as written from now on, and no later sync writes them.
        inode.unsynced.clear();
        throw systemError(String(fault));
      }
      inode.stable = Buffer.from(resized(inode.stable, inode.content.length));
      for (const sector of inode.unsynced) copySector(inode.content, inode.stable, sector);
      inode.unsynced.clear();
    });
  }

  truncate(file: number, size: number): Promise<void> {
    const { inode, path } = this.#file(file);
    return this.#call({ name: 'truncate', path, bytes: 0 }, () => {
      for (const sector of wholeSectors(Math.min(size, inode.content.length), Math.abs(size - inode.content.length))) {
        inode.unsynced.add(sector);
      }
      inode.content = resized(inode.content, size);
    });
  }

  size(file: number): Promise<number> {
    const { inode, path } = this.#file(file);
    return this.#call({ name: 'size', path, bytes: 0 }, () => inode.content.length);
  }

  remove(path: string): Promise<void> {
    return this.#call({ name: 'remove', path, bytes: 0 }, () => {
      this.#inodeAt(path);
      this.#setEntry(path, null);
    });
  }

  list(directory: string): Promise<readonly string[]> {
    return this.#call({ name: 'list', path: directory, bytes: 0 }, () =>
      [...this.#inodes.keys()].flatMap((path) => {
        const name = path.slice(directory.length + 1);
        return path.startsWith(`${directory}/`) && !name.includes('/') ? [name] : [];
      }),
    );
  }

  makeDirectory(directory: string): Promise<void> {
    return this.#call({ name: 'makeDirectory', path: directory, bytes: 0 }, () => {
      this.#directories.add(directory);
    });
  }

  syncDirectory(directory: string): Promise<void> {
    return this.#call({ name: 'syncDirectory', path: directory, bytes: 0 }, () => {
      for (const { path, inode } of this.#unsyncedEntries) setEntryIn(this.#stableInodes, path, inode);
      this.#unsyncedEntries = [];
    });
  }

  /** Executes in a later turn; never, once the disk has stopped. */
  #call<T>(call: Call, execute: (fault: Fault | null) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      setImmediate(() => {
        if (this.callsLeft <= 0) return;
        this.callsLeft -= 1;
        if (this.callsLeft <= 0) return;
        this.calls.push(call);
        const fault = this.fault(call);
        try {
          if (fault !== null && call.name !== 'write' && call.name !== 'sync') throw systemError(String(fault));
          resolve(execute(fault));
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #file(file: number): OpenFile & { readonly path: string } {
    const found = this.#open.get(file);
    if (found === undefined) throw new Error(`descriptor ${file} is not open`);
    return found;
  }

  #inodeAt(path: string): Inode {
    const inode = this.#inodes.get(path);
    if (inode === undefined) throw systemError('ENOENT');
    return inode;
  }

  #setEntry(path: string, inode: Inode | null): void {
    setEntryIn(this.#inodes, path, inode);
    this.#unsyncedEntries.push({ path, inode });
  }

  #entriesAfterPowerCut(): ReadonlyMap<string, Inode> {
    const entries = new Map(this.#stableInodes);
    const kept = this.#random.below(this.#unsyncedEntries.length + 1);
    for (const { path, inode } of this.#unsyncedEntries.slice(0, kept)) setEntryIn(entries, path, inode);
    return entries;
  }

  #contentAfterPowerCut({ content, stable, unsynced }: Inode): Buffer {
    const size = this.#random.below(2) === 0 ? stable.length : content.length;
    const result = Buffer.from(resized(stable, size));
    const isKept = this.#sectorChoice();
    for (const sector of unsynced) if (isKept()) copySector(content, result, sector);
    return result;
  }

  /** Leaves some of the sectors of a write that did not end well. */
  #tear({ inode, position, bytes }: Writing): void {
    const isKept = this.#sectorChoice();
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(bytes.length, at + SECTOR_BYTES - ((position + at) % SECTOR_BYTES));
      if (isKept()) change(inode, position + at, bytes.subarray(at, end));
      at = end;
    }
  }

  /** Which sectors reach the disk: none, all, those up to some point, or any. */
  #sectorChoice(): () => boolean {
    const pattern = this.#random.below(4);
    let isCut = false;
    return () => {
      if (pattern < 2) return pattern === 1;
      if (pattern === 2) return this.#random.below(2) === 0;
      isCut ||= this.#random.below(8) === 0;
      return !isCut;
    };
  }
}

function synced(content: Buffer): Inode {
  return { content, stable: Buffer.from(content), unsynced: new Set() };
}

function* wholeSectors(position: number, bytes: number): Iterable<number> {
  if (bytes === 0) return;
  const last = Math.floor((position + bytes - 1) / SECTOR_BYTES);
  for (let sector = Math.floor(position / SECTOR_BYTES); sector <= last; sector++) yield sector;
}

function copySector(from: Buffer, to: Buffer, sector: number): void {
  const start = sector * SECTOR_BYTES;
  from.copy(to, start, Math.min(start, from.length), Math.min(start + SECTOR_BYTES, from.length));
}

/** A change that is not synced. */
function change(inode: Inode, position: number, bytes: Uint8Array): void {
  inode.content = written(inode.content, position, bytes);
  for (const sector of wholeSectors(position, bytes.length)) inode.unsynced.add(sector);
}

function written(content: Buffer, position: number, bytes: Uint8Array): Buffer {
  const result = resized(content, Math.max(content.length, position + bytes.length));
  result.set(bytes, position);
  return result;
}

function resized(content: Buffer, size: number): Buffer {
  if (size === content.length) return content;
  const result = Buffer.alloc(size);
  content.copy(result);
  return result;
}

function setEntryIn(entries: Map<string, Inode>, path: string, inode: Inode | null): void {
  if (inode === null) entries.delete(path);
  else entries.set(path, inode);
}

function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: simulated`), { code });
}
