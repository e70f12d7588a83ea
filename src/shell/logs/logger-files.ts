// What is configured of one ec_logger stanza (docs/logs.md, "Settings"), and the forms of the lines the logs make up
// themselves. Both come from the daemon: the logs know files, not configuration or records.
import type { WallMs } from '../../core/base/moment.ts';
import type { PanicLevel } from '../../core/records/panic-record.ts';

export interface LoggerFiles {
  /** Name of the stanza, for what is reported. */
  readonly name: string;
  readonly mainlog: string;
  readonly rejectlog: string;
  readonly paniclog: string;
  /** Permissions of files that are created. */
  readonly mainlogMode: number;
  readonly rejectlogMode: number;
  readonly paniclogMode: number;
  readonly logReceptions: boolean;
  readonly logDeliveries: boolean;
  readonly logTransientFailures: boolean;
  readonly logPermanentFailures: boolean;
  readonly logRejections: boolean;
  /** Lines of paniclog. */
  readonly logErrors: boolean;
  /** Time between two signs of life in mainlog and rejectlog; 0: none. */
  readonly heartbeatSeconds: number;
}

/** A log beside those of ec_logger stanzas, such as bouncelog: one file. */
export interface OtherLog {
  /** Under which the engine hands lines over (core/records/record-form.ts). Several logs may share a key, and a file. */
  readonly key: string;
  /** Stanza and option, for what is reported: `bounce_logger "b": bouncelog`. */
  readonly label: string;
  readonly path: string;
  readonly mode: number;
  /** Time between two signs of life; 0: none. */
  readonly heartbeatSeconds: number;
  /** The sign of life. */
  readonly heartbeat: (at: WallMs) => string;
}

/** See core/records: main-record.ts, reject-record.ts and panic-record.ts. */
export interface LineForms {
  heartbeatRecord(at: WallMs): string;
  rejectHeartbeat(at: WallMs): string;
  panicRecord(at: WallMs, level: PanicLevel, text: string): string;
}
