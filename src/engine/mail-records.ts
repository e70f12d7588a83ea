// Whatever is recorded of messages passes here: an event in, a line for each log that wants it out.
import {
  type Delivery,
  deliveryRecord,
  type Failure,
  failureRecord,
  type Reception,
  receptionRecord,
} from '../core/records/main-record.ts';
import { type Rejection, rejectRecord } from '../core/records/reject-record.ts';
import type { RecordLog } from './ports.ts';

export class MailRecords {
  readonly #log: RecordLog;

  constructor(log: RecordLog) {
    this.#log = log;
  }

  /** A recipient was accepted. */
  received(reception: Reception): void {
    this.#log.main(receptionRecord(reception));
  }

  /** A recipient's message was accepted by a remote host. */
  delivered(delivery: Delivery): void {
    this.#log.main(deliveryRecord(delivery));
  }

  /** An attempt failed: `T`, it will be tried again; `P`, it will not. */
  failed(type: 'T' | 'P', failure: Failure): void {
    this.#log.main(failureRecord(type, failure));
  }

  /** A client's mail was refused. */
  rejected(rejection: Rejection): void {
    this.#log.reject(rejectRecord(rejection));
  }
}
