// One file of a custom_logger stanza: the stages it is for, each with its format.
import { type CustomEvent, type CustomFormat, type CustomSurroundings, formatLine } from './custom-format.ts';
import type { Delivery, Failure, Reception } from './main-record.ts';
import type { RecordForm } from './record-form.ts';
import type { Rejection } from './reject-record.ts';

/** What a custom log has a format and a file for. Transfers to other nodes do not happen here. */
export const CUSTOM_STAGES = ['reception', 'delivery', 'transient_failure', 'permanent_failure', 'rejection'] as const;
export type CustomStage = (typeof CUSTOM_STAGES)[number];

export class CustomForm implements RecordForm {
  readonly key: string;
  readonly #stage: CustomStage;
  readonly #format: CustomFormat;
  readonly #surroundings: CustomSurroundings;

  constructor(key: string, stage: CustomStage, format: CustomFormat, surroundings: CustomSurroundings) {
    this.key = key;
    this.#stage = stage;
    this.#format = format;
    this.#surroundings = surroundings;
  }

  received(reception: Reception): string | null {
    if (this.#stage !== 'reception') return null;
    const { envelope, remoteAddress: address } = reception;
    return this.#line({ ...NOTHING, ...reception, address, isInbound: true, bytes: envelope.size });
  }

  delivered(delivery: Delivery): string | null {
    return this.#stage === 'delivery' ? this.#line({ ...NOTHING, ...delivery }) : null;
  }

  failed(type: 'T' | 'P', failure: Failure): string | null {
    const stage = type === 'T' ? 'transient_failure' : 'permanent_failure';
    return this.#stage === stage ? this.#line({ ...NOTHING, ...failure }) : null;
  }

  rejected(rejection: Rejection): string | null {
    if (this.#stage !== 'rejection') return null;
    const { at, connectionId, remoteAddress: address, code, text, mailFrom, rcptTo } = rejection;
    const sender = mailFrom?.reversePath ?? '';
    const refusedRecipient = rcptTo?.mailbox ?? '';
    const reply = `${code} ${text}`;
    return this.#line({ ...NOTHING, at, connectionId, address, reply, sender, refusedRecipient, isInbound: true });
  }

  #line(event: CustomEvent): string {
    return formatLine(this.#format, event, this.#surroundings);
  }
}

const NOTHING: Omit<CustomEvent, 'at' | 'connectionId'> = {
  envelope: null,
  recipient: null,
  group: null,
  isInbound: false,
  address: null,
  retries: 0,
  bytes: 0,
  stage: null,
  reply: '',
  sender: '',
  refusedRecipient: '',
};
