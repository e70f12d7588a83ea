// From a transaction and what came after DATA to what goes into the spool: the binding, an id and a routing domain for
// each recipient, the trace fields. The spool and the reply are the engine's.
import type { WallMs } from '../base/moment.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Subject } from '../config/resolution.ts';
import { domainKey } from '../config/stanza-name.ts';
import type { DomainName } from '../mail/domain-name.ts';
import type { IdMaker, MailId } from '../mail/ids.ts';
import { domainOf, type Mailbox, type ReversePath } from '../mail/mailbox.ts';
import type { Content, Envelope, Recipient } from '../mail/message.ts';
import type { MessageRequest, RecipientRequest } from '../mail/notification-request.ts';
import { utf8NeedOf } from '../mail/utf8-need.ts';
import { BindingChooser } from './binding-choice.ts';
import { readHeaderSection } from './header-section.ts';
import type { ClientTerms } from './terms.ts';
import { DateStamp, messageIdField, receivedField } from './trace-fields.ts';

/** Trace fields at which a message is taken for one that goes round (RFC 5321 section 6.3 asks for at least 100). */
export const RECEIVED_FIELDS_MAX = 100;

export const LOOP = '554 5.4.6 too many hops; the message has passed more than 100 hosts';

export interface ReceptionParts {
  readonly ids: IdMaker;
  /** Of the product, for the trace field. */
  readonly version: string;
  /** Local time minus UTC at that instant. */
  utcOffsetMinutes(at: WallMs): number;
  /** The name the mail of a recipient's domain is queued under: the domain itself, or that of its gateway. */
  routingDomainOf(binding: string, domain: DomainName): DomainName;
}

export interface Client {
  /** The endpoint, with the client's address as its peer. */
  readonly subject: Subject;
  /** Without brackets. */
  readonly address: string;
  readonly port: number;
  /** What it called itself in EHLO or HELO. */
  readonly name: string;
}

/** What the session machine gathered. */
export interface ReceivedTransaction {
  readonly terms: ClientTerms;
  readonly reversePath: ReversePath;
  readonly eightBit: boolean;
  /** The client said SMTPUTF8. */
  readonly utf8: boolean;
  readonly mailboxes: readonly Mailbox[];
  /** What the sender wants to hear: of the message, and of recipients by their place. Null for nothing. */
  readonly request: MessageRequest | null;
  readonly recipientRequests: ReadonlyMap<number, RecipientRequest> | null;
}

export interface ReceivedContent {
  readonly content: Content;
  /** Octets after DATA without dot-stuffing and final dot. */
  readonly size: number;
}

export type Taken =
  | { readonly kind: 'taken'; readonly envelope: Envelope; readonly content: Content }
  /** Code and text without CRLF. */
  | { readonly kind: 'refused'; readonly reply: string };

export class Reception {
  readonly #parts: ReceptionParts;
  readonly #bindings = new BindingChooser();
  readonly #date: DateStamp;

  constructor(parts: ReceptionParts) {
    this.#parts = parts;
    this.#date = new DateStamp((at) => parts.utcOffsetMinutes(at));
  }

  /**
   * The size of the envelope is that of the content as it is stored and sent, with the fields added and taken out here;
   * `received.size` is what the client sent, for the record of the reception.
   */
  take(
    configuration: Configuration,
    client: Client,
    transaction: ReceivedTransaction,
    received: ReceivedContent,
    at: WallMs,
  ): Taken {
    const { headerSection, body } = received.content;
    const facts = readHeaderSection(headerSection, transaction.terms.bindingHeader);
    if (facts.receivedCount > RECEIVED_FIELDS_MAX) return { kind: 'refused', reply: LOOP };
    const chosen = this.#bindings.choose(configuration, client.subject, facts.wantedValues, at);
    if (chosen.kind === 'refused') return chosen;
    const recipients = this.#recipients(transaction, chosen.name, Math.floor(at / 1000));
    // Reading: the id of the transaction is that of its first message; the sample of ec_show has the two equal.
    const batchId = recipients[0]!.messageId;
    const section = this.#addedFields(client, transaction, batchId, facts.hasMessageId, at) + facts.rest;
    const utf8 = transaction.utf8 ? utf8NeedOf(section, transaction.reversePath, transaction.mailboxes) : null;
    const envelope: Envelope = {
      batchId,
      receivedAt: at,
      reversePath: transaction.reversePath,
      recipients,
      eightBit: transaction.eightBit,
      size: received.size - headerSection.length + section.length,
      protocol: 'esmtp',
      client: { address: client.address, port: client.port, name: client.name },
    };
    const { request } = transaction;
    return {
      kind: 'taken',
      envelope:
        utf8 === null && request === null
          ? envelope
          : { ...envelope, ...(utf8 === null ? null : { utf8 }), ...(request === null ? null : { request }) },
      content: { headerSection: section, body },
    };
  }

  #recipients(
    { mailboxes, recipientRequests }: ReceivedTransaction,
    binding: string,
    second: number,
  ): readonly Recipient[] {
    const recipients = mailboxes.map(
      (mailbox): Recipient => ({
        messageId: this.#parts.ids.next(second),
        mailbox,
        routingDomain: this.#parts.routingDomainOf(binding, domainKey(domainOf(mailbox))),
        binding,
      }),
    );
    if (recipientRequests === null) return recipients;
    for (const [index, request] of recipientRequests) recipients[index] = { ...recipients[index]!, request };
    return recipients;
  }

  #addedFields(
    client: Client,
    { terms, reversePath, utf8: isUtf8 }: ReceivedTransaction,
    id: MailId,
    hasMessageId: boolean,
    at: WallMs,
  ): string {
    const { address, port, name: clientName } = client;
    const { hostname } = terms;
    const date = this.#date.textAt(at);
    const { version } = this.#parts;
    const received = receivedField({ address, port, clientName, hostname, reversePath, version, isUtf8, id, date });
    return hasMessageId ? received : received + messageIdField(id, hostname);
  }
}
