// A server that keeps to its limits, or does not, as the tests of the audit want it: writes the lines of an audit from
// counts of its own.
import { createHash } from 'node:crypto';
import { NO_LIMIT } from '../../src/core/base/limit.ts';
import { wallMs } from '../../src/core/base/moment.ts';
import { AuditChain } from '../../src/core/records/audit-chain.ts';
import { AuditCheck, type AuditReport } from '../../src/core/records/audit-check.ts';
import { type AuditEntry, counterField, type TakenSlot } from '../../src/core/records/audit-record.ts';

export const sha256 = (octets: string): string => createHash('sha256').update(octets, 'latin1').digest('hex');

const BINDINGS = ['default', 'a@b', '50%\\n', 'Bücher'];
const DOMAINS = ['example.com', 'example.org'];

interface ModelConnection {
  readonly id: string;
  readonly binding: string;
  readonly domain: string;
  keys: readonly string[];
}

export class AuditModel {
  /** Of the files, the oldest first. */
  readonly files: string[][] = [[]];
  readonly connections: ModelConnection[] = [];
  /** Of each pair, and of a sum over everything while it is set. */
  limits: { pair: number; scope: number | null } = { pair: 3, scope: null };
  readonly #chain = new AuditChain(sha256, null);
  #isOn = false;
  #version = 1;
  #lastId = 0;
  #now = 1_750_000_000_000;
  readonly #open = new Map<string, number>();
  readonly #stated = new Set<string>();

  constructor() {
    this.begin('start', false);
  }

  get lines(): string[] {
    return this.files.at(-1)!;
  }

  begin(reason: 'start' | 'on' | 'rotation', isUnclean: boolean): void {
    this.#isOn = true;
    this.lines.push(this.#chain.begin(this.#time(), reason, isUnclean));
    this.#list([]);
  }

  end(reason: 'stop' | 'off' | 'rotation'): void {
    this.lines.push(this.#chain.end(this.#time(), reason));
    this.#isOn = false;
  }

  write(entry: AuditEntry): void {
    if (this.#isOn) this.lines.push(this.#chain.line(this.#time(), entry));
  }

  /** @param byForce whether there is room or not @returns whether one was opened */
  open(binding = 0, domain = 0, byForce = false): boolean {
    const connection: ModelConnection = {
      id: `c${++this.#lastId}`,
      binding: BINDINGS[binding % BINDINGS.length]!,
      domain: DOMAINS[domain % DOMAINS.length]!,
      keys: [],
    };
    connection.keys = this.#keysOf(connection);
    const hasRoom = connection.keys.every((key) => this.count(key) < this.limitOf(key));
    if (!hasRoom && !byForce) return false;
    for (const key of connection.keys) this.#open.set(key, this.count(key) + 1);
    this.connections.push(connection);
    this.write({ kind: 'opened', connection: connection.id, slots: this.#slotsOf(connection) });
    return true;
  }

  close(at = 0): boolean {
    const [connection] = this.connections.splice(at % Math.max(1, this.connections.length), 1);
    if (connection === undefined) return false;
    for (const key of connection.keys) this.#take(key);
    const slots = connection.keys.map((key) => ({ counter: key, open: this.count(key) }));
    this.write({ kind: 'closed', connection: connection.id, slots });
    return true;
  }

  configure(limits: AuditModel['limits']): void {
    this.limits = limits;
    this.#version += 1;
    const moved: AuditEntry[] = [];
    for (const connection of this.connections) {
      const before = connection.keys;
      connection.keys = this.#keysOf(connection);
      const left = before.filter((key) => !connection.keys.includes(key));
      const entered = connection.keys.filter((key) => !before.includes(key));
      for (const key of left) this.#take(key);
      for (const key of entered) this.#open.set(key, this.count(key) + 1);
      if (left.length + entered.length > 0) moved.push({ kind: 'moved', connection: connection.id, left, entered });
    }
    this.#list(moved);
  }

  rotate(): void {
    this.end('rotation');
    this.files.push([]);
    this.begin('rotation', false);
  }

  /** A connection ends and one opens while nothing is written. */
  turnOffAndOn(): void {
    this.end('off');
    this.close();
    this.open();
    this.begin('on', false);
  }

  /** The process is killed and starts anew. */
  kill(): void {
    this.connections.length = 0;
    this.#open.clear();
    this.begin('start', true);
  }

  stop(): void {
    while (this.close());
    this.end('stop');
  }

  restart(): void {
    this.stop();
    this.begin('start', false);
  }

  count(key: string): number {
    return this.#open.get(key) ?? 0;
  }

  limitOf(key: string): number {
    if (key.startsWith('pair ')) return this.limits.pair;
    if (key.startsWith('scope_')) return this.limits.scope!;
    return key === 'node' ? 75_000 : NO_LIMIT;
  }

  #time() {
    this.#now += 7;
    return wallMs(this.#now);
  }

  #keysOf({ binding, domain }: ModelConnection): string[] {
    const keys = ['node', `binding ${binding}`, `pair ${binding} ${domain}`, `address ${binding} 192.0.2.1`];
    if (this.limits.scope !== null) keys.push('scope_max_outbound_connections global');
    return keys.map(counterField);
  }

  #take(key: string): void {
    const open = this.count(key) - 1;
    if (open > 0) this.#open.set(key, open);
    else this.#open.delete(key);
    if (open === 0) this.#stated.delete(key);
  }

  #slotsOf({ keys }: ModelConnection): TakenSlot[] {
    return keys.map((key) => {
      const isStated = this.#stated.has(key);
      this.#stated.add(key);
      return { counter: key, open: this.count(key), limit: this.limitOf(key), origin: isStated ? null : 'mail.conf:7' };
    });
  }

  #list(moved: readonly AuditEntry[]): void {
    this.#stated.clear();
    const limits: AuditEntry[] = [];
    for (const connection of this.connections) {
      for (const { origin, ...slot } of this.#slotsOf(connection)) {
        if (origin !== null) limits.push({ kind: 'limit', ...slot, origin });
      }
    }
    const { length } = limits;
    this.write({
      kind: 'configuration',
      version: this.#version,
      file: 'mail.conf',
      moved: moved.length,
      limits: length,
    });
    for (const entry of [...moved, ...limits]) this.write(entry);
  }
}

/** Checks files of lines as `headgate audit` does. */
export function checkFiles(files: readonly (readonly string[])[], isRunning = false): AuditReport {
  const check = new AuditCheck(sha256);
  for (const [index, lines] of files.entries()) {
    check.startFile(`file-${index + 1}`);
    for (const line of lines) check.line(line);
  }
  return check.finish(isRunning);
}

/** `file-1:7: text`, in the order in which they were found. */
export function violationsOf({ findings }: AuditReport): string[] {
  return findings.violations.map(({ file, line, text }) => `${file}:${line}: ${text}`);
}
