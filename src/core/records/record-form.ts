// A log beside mainlog and rejectlog: what becomes a line of it, and in which form.
import type { IncomingBounce, IncomingComplaint } from './incoming-report.ts';
import type { Delivery, Failure, Reception } from './main-record.ts';
import type { Rejection } from './reject-record.ts';

/** Each answers with a line without its end, or null for what the log does not hold. */
export interface RecordForm {
  /** Under which the files of the log are known (docs/logs.md): keyword and name of its stanza, and which of its files. */
  readonly key: string;
  /** A recipient was accepted. */
  received(reception: Reception): string | null;
  /** A recipient's message was accepted by a remote host. */
  delivered(delivery: Delivery): string | null;
  /** An attempt failed: `T`, it will be tried again; `P`, it will not. */
  failed(type: 'T' | 'P', failure: Failure): string | null;
  /** A client's mail was refused. */
  rejected(rejection: Rejection): string | null;
  /** A bounce came in as mail. Left out by forms that hold none. */
  bounced?(bounce: IncomingBounce): string | null;
  /** A report of a complaint came in. Left out by forms that hold none. */
  complained?(complaint: IncomingComplaint): string | null;
}

/** Says what kind of failure a reply tells of (core/bounce/classifier.ts). */
export interface Classification {
  classify(reply: string, stage: Failure['stage']): number;
  /** Of a number that `classify` gave. */
  nameOf(code: number): string;
}
