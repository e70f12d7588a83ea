// The limit audit of the running server: opens its file, ties the lines to those of the process before, and takes what the
// engine writes down through rotation, reload and stop. Changes of files are made one after the other.
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { WallMs } from '../core/base/moment.ts';
import type { Configuration } from '../core/config/configuration.ts';
import { limitAuditLog, limitAuditLogMode } from '../core/config/options/server-options.ts';
import type { LimitAuditParts } from '../core/delivery/audited-counters.ts';
import type { LimitAudit } from '../core/delivery/limit-audit.ts';
import type { SlotAudit } from '../core/delivery/slot-audit.ts';
import { AuditChain, findChainEnd } from '../core/records/audit-chain.ts';
import { type AuditFile, openAuditFile } from '../shell/logs/audit-file.ts';
import { loggerFiles } from './logger-files.ts';

export interface AuditLogParts {
  readonly now: () => WallMs;
  /** The process before this one was killed. */
  readonly wasUnclean: boolean;
  /** One line for the operator. */
  readonly report: (text: string) => void;
}

/** What is ready to be put in force. */
export interface PreparedAudit {
  readonly commit: () => Promise<void>;
  readonly abandon: () => Promise<void>;
}

/** What a shard has of an audit. */
export interface ShardAudit {
  /** Who is told of slots, where that is not the engine's own. */
  readonly slotAudit?: (parts: LimitAuditParts) => SlotAudit;
  /** The engine whose limits are written down. Before the first commit. */
  attach?(audit: LimitAudit): void;
  prepare(configuration: Configuration, reason: 'start' | 'on'): Promise<PreparedAudit | readonly string[]>;
  /** Resolves when others may go by the configuration that is in force here. Left out: there are no others. */
  whenTold?(): Promise<void>;
  reopen?(): Promise<readonly string[]>;
  /** Something is not in the file yet. */
  readonly isPending: boolean;
  flush(): Promise<void>;
  close?(): Promise<void>;
}

/** Who writes the lines: one shard, or what puts those of several in order. */
type WrittenAudit = Pick<LimitAudit, 'start' | 'stop' | 'rotate'>;

interface Wanted {
  readonly path: string;
  readonly mode: number;
}

/** SHA-256 of octets, one character of the string each. */
export function sha256(octets: string): string {
  return createHash('sha256').update(octets, 'latin1').digest('hex');
}

const NOTHING_TO_DO: PreparedAudit = { commit: async () => {}, abandon: async () => {} };

export class AuditLog implements ShardAudit {
  readonly #parts: AuditLogParts;
  #audit: WrittenAudit | null = null;
  #chain: AuditChain | null = null;
  #wanted: Wanted | null = null;
  #file: AuditFile | null = null;
  #changes: Promise<unknown> = Promise.resolve();

  constructor(parts: AuditLogParts) {
    this.#parts = parts;
  }

  attach(audit: WrittenAudit): void {
    this.#audit = audit;
  }

  /** Opens what the configuration wants. @param reason why the log begins, if it does @returns why not, a line each */
  async prepare(configuration: Configuration, reason: 'start' | 'on'): Promise<PreparedAudit | readonly string[]> {
    const wanted = wantedAudit(configuration);
    if (wanted === null) {
      return this.#wanted === null
        ? NOTHING_TO_DO
        : { ...NOTHING_TO_DO, commit: () => this.#change(() => this.#off()) };
    }
    const clash = clashOf(wanted.path, configuration);
    if (clash !== null) return [clash];
    if (wanted.path === this.#wanted?.path && wanted.mode === this.#wanted.mode) return NOTHING_TO_DO;
    const opened = await openAuditFile({ ...wanted, report: this.#parts.report });
    if (opened.kind === 'problem') return [opened.problem];
    return {
      commit: () => this.#change(() => this.#use(opened.file, wanted, reason)),
      abandon: () => opened.file.close(),
    };
  }

  /** For rotation. @returns what went wrong */
  async reopen(): Promise<readonly string[]> {
    const problem = await this.#change(async () => {
      const file = this.#file;
      if (file === null) return null;
      this.#audit!.rotate(this.#parts.now(), () => file.hold());
      const trouble = await file.reopen();
      file.release();
      return trouble;
    });
    return problem === null ? [] : [problem];
  }

  get isPending(): boolean {
    return this.#file?.isPending ?? false;
  }

  async flush(): Promise<void> {
    await this.#file?.flush();
  }

  /** An orderly stop: nothing is open any more. */
  close(): Promise<void> {
    return this.#change(async () => {
      this.#audit?.stop('stop', this.#parts.now());
      await this.#file?.close();
      this.#file = null;
    });
  }

  #change<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#changes.then(run);
    this.#changes = turn.catch(() => undefined); // who asked for it hears of it
    return turn;
  }

  async #use(file: AuditFile, wanted: Wanted, reason: 'start' | 'on'): Promise<void> {
    const audit = this.#audit!;
    const former = this.#file;
    this.#wanted = wanted;
    if (former !== null) {
      audit.rotate(this.#parts.now(), () => {
        this.#file = file;
        file.hold(); // it may be the same file
      });
      await former.close();
      file.release();
      return;
    }
    this.#file = file;
    let isUnclean = reason === 'start' && this.#parts.wasUnclean;
    if (this.#chain === null) {
      const end = findChainEnd(file.tail);
      if (file.tail !== '' && end?.isClosed !== true) isUnclean = true;
      this.#chain = new AuditChain(sha256, end);
    }
    const trail = { chain: this.#chain, write: (line: string) => this.#file!.write(line) };
    audit.start(trail, reason, isUnclean, this.#parts.now());
  }

  async #off(): Promise<void> {
    this.#wanted = null;
    this.#audit!.stop('off', this.#parts.now());
    await this.#file!.close();
    this.#file = null;
  }
}

function wantedAudit(configuration: Configuration): Wanted | null {
  const path = configuration.value(limitAuditLog);
  return path === null ? null : { path: resolve(path), mode: configuration.value(limitAuditLogMode) };
}

/** Lines of others would break the chain. @returns what is wrong, or null */
function clashOf(path: string, configuration: Configuration): string | null {
  for (const logger of loggerFiles(configuration)) {
    for (const option of ['mainlog', 'rejectlog', 'paniclog'] as const) {
      if (resolve(logger[option]) !== path) continue;
      return `limit_audit_log: found the path of ${option}, ${path}; expected a file of its own`;
    }
  }
  return null;
}
