// What somebody who checks an audit finds: violations with their place and instant, the first ones in full and all of
// them counted, and notes on what is in order but ought to be known.
import type { Limit } from '../base/limit.ts';

/** `limit`: more was open than allowed. `log`: the log is not what was written, or not all of it, or contradicts itself. */
export interface AuditViolation {
  readonly kind: 'limit' | 'log';
  readonly file: string;
  readonly line: number;
  /** Unix time in seconds as the line has it; null when it cannot be read. */
  readonly at: string | null;
  readonly text: string;
  /** Of a limit that was passed. */
  readonly counter?: string;
  readonly open?: number;
  readonly limit?: Limit;
  readonly origin?: string;
}

export interface AuditNote {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

const KEPT_MAX = 20;

export class AuditFindings {
  readonly violations: AuditViolation[] = [];
  readonly notes: AuditNote[] = [];
  limitViolations = 0;
  logViolations = 0;
  notesLeftOut = 0;

  add(violation: AuditViolation): void {
    if (violation.kind === 'limit') this.limitViolations += 1;
    else this.logViolations += 1;
    if (this.violations.length < KEPT_MAX) this.violations.push(violation);
  }

  note(note: AuditNote): void {
    if (this.notes.length < KEPT_MAX) this.notes.push(note);
    else this.notesLeftOut += 1;
  }
}
