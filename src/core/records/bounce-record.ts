// The lines of bouncelog: failures as bounces, each with its class (docs/logs.md, "bouncelog").
import type { WallMs } from '../base/moment.ts';
import { domainOf, localPart } from '../mail/mailbox.ts';
import { field, lastField, nameField } from './escaping.ts';
import { type Failure, recordTime } from './main-record.ts';
import type { Classification, RecordForm } from './record-form.ts';

/** What one bounce_logger stanza wants. */
export interface BounceLogSwitches {
  readonly logInbandBounces: boolean;
  readonly logTransientFailures: boolean;
}

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
    if (!(type === 'P' ? logInbandBounces : logTransientFailures)) return null;
    const classCode = this.#classification.classify(failure.reply, failure.stage);
    return bounceRecord(type === 'P' ? 'B' : 'T', failure, classCode, this.#isHires);
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

/** A sign of life. Reading: `M1` here, `M` in mainlog (logs.md section 3). */
export function bounceHeartbeat(at: WallMs, isHires = false): string {
  return `${recordTime(at, isHires)}@@@@M1`;
}
