// What came in as mail and says something about mail that went out.
import type { WallMs } from '../base/moment.ts';
import type { MailId } from '../mail/ids.ts';
import type { Mailbox } from '../mail/mailbox.ts';
import type { Envelope, Recipient } from '../mail/message.ts';

/** The mail that came in, for one of its recipients. */
interface Report {
  readonly at: WallMs;
  readonly envelope: Envelope;
  readonly recipient: Recipient;
  /** NO_ID where it is not known any more. */
  readonly connectionId: MailId;
  readonly group: string;
  /** Who handed it in; empty where that is not known any more. */
  readonly address: string;
}

/** It says that mail for somebody bounced. */
export interface IncomingBounce extends Report {
  readonly bounced: {
    /** Null where it does not say. */
    readonly recipient: Mailbox | null;
    readonly reply: string;
    /** Words that are asked where the reply tells nothing. */
    readonly hint: string;
    /** Where it is not a matter of words. */
    readonly classCode: number | null;
  };
}

/** It says that somebody complained. */
export interface IncomingComplaint extends Report {
  readonly complaint: { readonly type: string; readonly recipient: Mailbox | null };
}
