// Whatever is recorded of messages passes here: an event in, a line for each log that wants it out.
import type { IncomingBounce, IncomingComplaint } from '../core/records/incoming-report.ts';
import {
  type Delivery,
  deliveryRecord,
  type Failure,
  failureRecord,
  type Reception,
  receptionRecord,
} from '../core/records/main-record.ts';
import type { RecordForm } from '../core/records/record-form.ts';
import { type Rejection, rejectRecord } from '../core/records/reject-record.ts';
import type { RecordLog } from './ports.ts';
import type { RecordSettings } from './record-settings.ts';

export class MailRecords {
  readonly #log: RecordLog;
  #settings: RecordSettings;

  constructor(log: RecordLog, settings: RecordSettings = { isHires: false, forms: [] }) {
    this.#log = log;
    this.#settings = settings;
  }

  /** From now on; the times of mainlog and rejectlog keep their form until the next start. */
  configure({ forms }: RecordSettings): void {
    this.#settings = { ...this.#settings, forms };
  }

  /** A recipient was accepted. */
  received(reception: Reception): void {
    const { isHires, forms } = this.#settings;
    this.#log.main(receptionRecord(reception, isHires));
    for (const form of forms) this.#write(form, form.received(reception));
  }

  /** A recipient's message was accepted by a remote host. */
  delivered(delivery: Delivery): void {
    const { isHires, forms } = this.#settings;
    this.#log.main(deliveryRecord(delivery, isHires));
    for (const form of forms) this.#write(form, form.delivered(delivery));
  }

  /** An attempt failed: `T`, it will be tried again; `P`, it will not. */
  failed(type: 'T' | 'P', failure: Failure): void {
    const { isHires, forms } = this.#settings;
    this.#log.main(failureRecord(type, failure, isHires));
    for (const form of forms) this.#write(form, form.failed(type, failure));
  }

  /** A client's mail was refused. */
  rejected(rejection: Rejection): void {
    const { isHires, forms } = this.#settings;
    this.#log.reject(rejectRecord(rejection, isHires));
    for (const form of forms) this.#write(form, form.rejected(rejection));
  }

  /** A bounce came in as mail. */
  bounced(bounce: IncomingBounce): void {
    for (const form of this.#settings.forms) this.#write(form, form.bounced?.(bounce) ?? null);
  }

  /** A report of a complaint came in. */
  complained(complaint: IncomingComplaint): void {
    for (const form of this.#settings.forms) this.#write(form, form.complained?.(complaint) ?? null);
  }

  #write(form: RecordForm, line: string | null): void {
    if (line !== null) this.#log.other(form.key, line);
  }
}
