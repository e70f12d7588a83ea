// Every outcome as a line of JSON, beside the logs in Momentum's forms (docs/logs.md, "JSON lines"). Field names and their
// meanings only ever grow; `v` changes if one has to change.
import type { WallMs } from '../base/moment.ts';
import { classOfBounce } from './bounce-record.ts';
import type { IncomingBounce, IncomingComplaint } from './incoming-report.ts';
import type { Delivery, Failure, Reception } from './main-record.ts';
import type { Classification, RecordForm } from './record-form.ts';
import type { Rejection } from './reject-record.ts';

export const JSON_SCHEMA_VERSION = 1;

export class JsonForm implements RecordForm {
  readonly key: string;
  readonly #classification: Classification;

  constructor(key: string, classification: Classification) {
    this.key = key;
    this.#classification = classification;
  }

  received(reception: Reception): string {
    const { envelope, remoteAddress } = reception;
    return line('reception', reception.at, {
      ...subject(reception),
      from: envelope.reversePath ?? '',
      remote: remoteAddress === '' ? null : remoteAddress,
      bytes: envelope.size,
      protocol: envelope.protocol,
    });
  }

  delivered(delivery: Delivery): string {
    const { at, address, retries, bytes } = delivery;
    return line('delivery', at, { ...subject(delivery), remote: address, bytes, retries, ...age(delivery) });
  }

  failed(type: 'T' | 'P', failure: Failure): string {
    const { at, address, retries, bytes, stage, reply } = failure;
    const code = this.#classification.classify(reply, stage);
    return line(type === 'T' ? 'transient_failure' : 'permanent_failure', at, {
      ...subject(failure),
      remote: address,
      bytes,
      retries,
      ...age(failure),
      stage,
      class: code,
      class_name: this.#classification.nameOf(code),
      reply,
    });
  }

  rejected(rejection: Rejection): string {
    const { at, remoteAddress, remotePort, localAddress, localPort, connectionId, phase, code, module } = rejection;
    return line('rejection', at, {
      connection: connectionId,
      remote: remoteAddress,
      remote_port: remotePort,
      local: localAddress,
      local_port: localPort,
      phase,
      module,
      ehlo: rejection.ehlo,
      from: rejection.mailFrom?.reversePath ?? null,
      to: rejection.rcptTo?.mailbox ?? null,
      code,
      reply: rejection.text,
    });
  }

  bounced(bounce: IncomingBounce): string {
    const code = classOfBounce(bounce, this.#classification);
    return line('out_of_band_bounce', bounce.at, {
      ...subject(bounce),
      remote: bounce.address === '' ? null : bounce.address,
      bounced: bounce.bounced.recipient,
      class: code,
      class_name: this.#classification.nameOf(code),
      reply: bounce.bounced.reply,
    });
  }

  complained(complaint: IncomingComplaint): string {
    return line('complaint', complaint.at, {
      ...subject(complaint),
      remote: complaint.address === '' ? null : complaint.address,
      complainer: complaint.complaint.recipient,
      type: complaint.complaint.type,
    });
  }
}

function line(event: string, at: WallMs, fields: Readonly<Record<string, string | number | null>>): string {
  return asciiJson({ v: JSON_SCHEMA_VERSION, event, time: at / 1000, ...fields });
}

function subject({
  envelope,
  recipient,
  connectionId,
  group,
}: Delivery | Failure | Reception | IncomingBounce | IncomingComplaint) {
  return {
    message: recipient.messageId,
    batch: envelope.batchId,
    connection: connectionId,
    to: recipient.mailbox,
    domain: recipient.routingDomain,
    binding_group: group,
    binding: recipient.binding,
  };
}

const age = ({ at, envelope }: Delivery | Failure) => ({ seconds: Math.max(0, at - envelope.receivedAt) / 1000 });

/**
 * Logs take octets, and what came from the network is octets kept as Latin-1: everything beyond ASCII is written as \u
 * escapes, so that a reader gets exactly what was said, one sign for each octet.
 */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\x7f-\uffff]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
