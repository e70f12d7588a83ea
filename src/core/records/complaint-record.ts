// The lines of fbllog: reports of complaints (docs/logs.md, "fbllog").
import { domainOf, localPart } from '../mail/mailbox.ts';
import { field } from './escaping.ts';
import type { IncomingComplaint } from './incoming-report.ts';
import { recordTime } from './main-record.ts';
import type { RecordForm } from './record-form.ts';

export class ComplaintForm implements RecordForm {
  readonly key: string;
  readonly #isHires: boolean;

  constructor(key: string, isHires: boolean) {
    this.key = key;
    this.#isHires = isHires;
  }

  received(): null {
    return null;
  }

  delivered(): null {
    return null;
  }

  failed(): null {
    return null;
  }

  rejected(): null {
    return null;
  }

  /**
   * Reading: binding, group and the text of your own are empty. They would come out of a header field that the server had
   * put into the message, which it does not.
   */
  complained({ at, recipient, complaint }: IncomingComplaint): string {
    const who = complaint.recipient;
    const mailbox = who === null ? '@' : `${field(localPart(who))}@${field(domainOf(who))}`;
    return (
      `${recordTime(at, this.#isHires)}@${recipient.messageId}@F@${mailbox}@@@${field(complaint.type)}` +
      `@${field(domainOf(recipient.mailbox))}@`
    );
  }
}
