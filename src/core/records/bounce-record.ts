// The lines of bouncelog: failures as bounces, each with its class (docs/logs.md, "bouncelog").
import type { WallMs } from '../base/moment.ts';
import { STAGE } from '../mail/disposition.ts';
import { domainOf, localPart } from '../mail/mailbox.ts';
import { field, lastField, nameField } from './escaping.ts';
import type { IncomingBounce } from './incoming-report.ts';
import { type Failure, recordTime } from './main-record.ts';
import type { Classification, RecordForm } from './record-form.ts';

/** What one bounce_logger stanza wants. */
export interface BounceLogSwitches {
  readonly logInbandBounces: boolean;
  readonly logTransientFailures: boolean;
  readonly logOutofbandBounces: boolean;
}

/** Reading: of class 80, a wish to subscribe, the documents say that it is never written here. */
const SUBSCRIBE = 80;
/** Undetermined, and both generic classes: further words are asked. */
const VAGUE: readonly number[] = [1, 30, 40];

export class BounceForm implements RecordForm {
  readonly key: string;
  readonly #switches: BounceLogSwitches;
  readonly #classification: Classification;
  readonly #isHires: boolean;

  constructor(key: string, switches: BounceLogSwitches, classification: Classification, isHires: boolean) {
    this.key = key;
    this.#switches = switches;
    this.#classification = classification;
    this.#isHires = isHires;
  }

  received(): null {
    return null;
  }

  delivered(): null {
    return null;
  }

  rejected(): null {
    return null;
  }

  failed(type: 'T' | 'P', failure: Failure): string | null {
    const { logInbandBounces, logTransientFailures } = this.#switches;
    // What came in as a bounce and was disposed of is here as that already.
    if (failure.isReport === true || !(type === 'P' ? logInbandBounces : logTransientFailures)) return null;
    const classCode = this.#classification.classify(failure.reply, failure.stage);
    return bounceRecord(type === 'P' ? 'B' : 'T', failure, classCode, this.#isHires);
  }

  bounced(bounce: IncomingBounce): string | null {
    if (!this.#switches.logOutofbandBounces) return null;
    const classCode = classOfBounce(bounce, this.#classification);
    return classCode === SUBSCRIBE ? null : incomingBounceRecord(bounce, classCode, this.#isHires);
  }
}

/**
 * An attempt failed: `B`, for good; `T`, it will be tried again.
 * @param classCode see core/bounce/classification.ts
 */
export function bounceRecord(type: 'B' | 'T', failure: Failure, classCode: number, isHires = false): string {
  const { at, envelope, recipient, connectionId, group, stage, address, reply } = failure;
  const { reversePath } = envelope;
  const sender = reversePath === null ? '@' : `${field(localPart(reversePath))}@${field(domainOf(reversePath))}`;
  return (
    `${recordTime(at, isHires)}@${recipient.messageId}@${envelope.batchId}@${connectionId}@${type}` +
    `@${field(localPart(recipient.mailbox))}@${field(domainOf(recipient.mailbox))}@${sender}` +
    `@${nameField(group)}@${nameField(recipient.binding)}@${stage}@${classCode}@${envelope.size}` +
    `@${address ?? ''}@${lastField(reply)}`
  );
}

/** The class of the reply, or of the other words where the reply says little. */
export function classOfBounce({ bounced }: IncomingBounce, classification: Classification): number {
  if (bounced.classCode !== null) return bounced.classCode;
  const code = classification.classify(bounced.reply, STAGE.outOfBandBounce);
  if (!VAGUE.includes(code) || bounced.hint === '') return code;
  const other = classification.classify(bounced.hint, STAGE.outOfBandBounce);
  return VAGUE.includes(other) ? code : other;
}

/**
 * A bounce that came in as mail. The recipient is whom the message was sent to that bounced, the sender is whom the
 * bounce was sent to, and the address is who sent it (logs.md section 4).
 */
function incomingBounceRecord(bounce: IncomingBounce, classCode: number, isHires: boolean): string {
  const { at, envelope, recipient, connectionId, group, address, bounced } = bounce;
  return (
    `${recordTime(at, isHires)}@${recipient.messageId}@${envelope.batchId}@${connectionId}@B` +
    `@${mailboxFields(bounced.recipient)}@${mailboxFields(recipient.mailbox)}@${nameField(group)}` +
    `@${nameField(recipient.binding)}@${STAGE.outOfBandBounce}@${classCode}@${envelope.size}@${address}` +
    `@${lastField(bounced.reply)}`
  );
}

/** Local part and domain; both empty where nobody is known. */
function mailboxFields(mailbox: string | null): string {
  return mailbox === null ? '@' : `${field(localPart(mailbox))}@${field(domainOf(mailbox))}`;
}

/** A sign of life. Reading: `M1` here, `M` in mainlog (logs.md section 3). */
export function bounceHeartbeat(at: WallMs, isHires = false): string {
  return `${recordTime(at, isHires)}@@@@M1`;
}
