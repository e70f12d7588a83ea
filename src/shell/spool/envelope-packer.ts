// Envelopes as some fifty octets in memory, for mail that waits: ids as numbers, what many messages have in common
// (domains, bindings, clients) as the number of a shared string. On disk an envelope is JSON (record-format.ts).
//
// First the numbers of the shared strings in the order in which they are needed, one above what SharedStrings calls them;
// 0 where a string was not taken and stands among the rest. Then the rest.
import type { WallMs } from '../../core/base/moment.ts';
import { type IdParts, idOfParts, type MailId, partsOfId } from '../../core/mail/ids.ts';
import type { Envelope, MessageClient, Recipient } from '../../core/mail/message.ts';
import {
  bitsOfNotify,
  type MessageRequest,
  notifyOfBits,
  type RecipientRequest,
  recipientRequest,
} from '../../core/mail/notification-request.ts';
import { PackedReader, PackedWriter } from './packed-octets.ts';
import { SharedStrings } from './shared-strings.ts';

// Of the envelope:
const EIGHT_BIT = 1;
const CLIENT = 2;
const SENDER = 4;
const REQUEST = 8;
const UTF8_HEADER = 16;
const UTF8_ADDRESSES = 32;
const BATCH_ID_PARTS = 64;
const SENDER_DOMAIN = 128;

// Of a recipient:
/** Its id differs in the counter alone from the one before. */
const ID_FOLLOWS = 1;
const ID_PARTS = 2;
/** It is queued under the domain of its mailbox. */
const OWN_DOMAIN = 4;
const SAME_BINDING = 8;
const OWN_REQUEST = 16;
const MAILBOX_DOMAIN = 32;

// Of requests:
const NO_NOTIFY = 8;
const ORIGINAL_RECIPIENT = 16;
const RETURNS_FULL = 1;
const RETURNS_HEADERS = 2;
const ENVELOPE_ID = 4;

const COUNTERS = 65_536;

export class EnvelopePacker {
  readonly #shared: SharedStrings;
  readonly #numbers: number[] = [];
  readonly #rest = new PackedWriter();
  readonly #packed = new PackedWriter();
  readonly #in = new PackedReader();
  #nextNumber = 0;
  /** The id before. */
  #id: IdParts | null = null;

  constructor(shared = new SharedStrings()) {
    this.#shared = shared;
  }

  /** Strings that packed envelopes share. */
  get shared(): number {
    return this.#shared.size;
  }

  /** @returns a view that is good until the next call; {@link drop} it once when nobody needs it any more */
  pack(envelope: Envelope): Uint8Array {
    this.#numbers.length = 0;
    this.#rest.clear();
    this.#writeEnvelope(envelope);
    const packed = this.#packed;
    packed.clear();
    packed.count(this.#numbers.length);
    for (const number of this.#numbers) packed.count(number);
    packed.append(this.#rest);
    return packed.octets;
  }

  unpack(octets: Uint8Array): Envelope {
    this.#openNumbers(octets);
    return this.#readEnvelope();
  }

  drop(octets: Uint8Array): void {
    this.#openNumbers(octets);
    for (const number of this.#numbers) if (number > 0) this.#shared.drop(number - 1);
  }

  #openNumbers(octets: Uint8Array): void {
    this.#in.open(octets);
    this.#numbers.length = 0;
    for (let left = this.#in.count(); left > 0; left--) this.#numbers.push(this.#in.count());
    this.#nextNumber = 0;
  }

  #writeEnvelope(envelope: Envelope): void {
    const { batchId, receivedAt, reversePath, recipients, eightBit, size, protocol, client, request, utf8 } = envelope;
    const rest = this.#rest;
    const id = partsOfId(batchId);
    const senderAt = reversePath === null ? -1 : reversePath.lastIndexOf('@');
    rest.octet(
      (eightBit ? EIGHT_BIT : 0) |
        (client === undefined ? 0 : CLIENT) |
        (reversePath === null ? 0 : SENDER) |
        (request === undefined ? 0 : REQUEST) |
        (utf8 === 'header' ? UTF8_HEADER : utf8 === 'addresses' ? UTF8_ADDRESSES : 0) |
        (id === null ? 0 : BATCH_ID_PARTS) |
        (senderAt < 0 ? 0 : SENDER_DOMAIN),
    );
    rest.number(receivedAt);
    this.#id = id;
    if (id === null) rest.text(batchId);
    else this.#writeId(id, receivedAt);
    if (reversePath !== null) this.#writeMailbox(reversePath, senderAt);
    rest.number(size);
    this.#share(protocol);
    if (client !== undefined) this.#writeClient(client);
    if (request !== undefined) this.#writeMessageRequest(request);
    rest.count(recipients.length);
    let binding: string | null = null;
    for (const recipient of recipients) {
      this.#writeRecipient(recipient, binding, receivedAt);
      binding = recipient.binding;
    }
  }

  #readEnvelope(): Envelope {
    const rest = this.#in;
    const flags = rest.octet();
    const receivedAt = rest.number() as WallMs;
    this.#id = null;
    const batchId = (flags & BATCH_ID_PARTS) === 0 ? rest.text() : this.#readId(receivedAt);
    const senderDomain = (flags & SENDER_DOMAIN) === 0 ? null : this.#readShared();
    const reversePath = (flags & SENDER) === 0 ? null : this.#readMailbox(senderDomain);
    const size = rest.number();
    const protocol = this.#readShared();
    const eightBit = (flags & EIGHT_BIT) !== 0;
    const client = (flags & CLIENT) === 0 ? null : { client: this.#readClient() };
    const request = (flags & REQUEST) === 0 ? null : { request: this.#readMessageRequest() };
    const recipients: Recipient[] = [];
    const envelope = { batchId, receivedAt, reversePath, recipients, eightBit, size, protocol, ...client, ...request };
    let binding = '';
    for (let left = rest.count(); left > 0; left--) {
      const recipient = this.#readRecipient(binding, receivedAt);
      binding = recipient.binding;
      recipients.push(recipient);
    }
    if ((flags & UTF8_HEADER) !== 0) return { ...envelope, utf8: 'header' };
    return (flags & UTF8_ADDRESSES) === 0 ? envelope : { ...envelope, utf8: 'addresses' };
  }

  #writeRecipient(recipient: Recipient, bindingBefore: string | null, receivedAt: WallMs): void {
    const { messageId, mailbox, routingDomain, binding, request } = recipient;
    const rest = this.#rest;
    const before = this.#id;
    const id = partsOfId(messageId);
    const follows = id !== null && before !== null && id.pid === before.pid && id.second === before.second;
    const mailboxAt = mailbox.lastIndexOf('@');
    const isOwn = mailboxAt >= 0 && isBehind(mailbox, mailboxAt, routingDomain);
    rest.octet(
      (follows ? ID_FOLLOWS : id !== null ? ID_PARTS : 0) |
        (isOwn ? OWN_DOMAIN : 0) |
        (binding === bindingBefore ? SAME_BINDING : 0) |
        (request === undefined ? 0 : OWN_REQUEST) |
        (mailboxAt < 0 ? 0 : MAILBOX_DOMAIN),
    );
    if (id === null) rest.text(messageId);
    else {
      if (follows) rest.count((id.counter - before.counter + COUNTERS) % COUNTERS);
      else this.#writeId(id, receivedAt);
      this.#id = id;
    }
    this.#writeMailbox(mailbox, mailboxAt);
    if (!isOwn) this.#share(routingDomain);
    if (binding !== bindingBefore) this.#share(binding);
    if (request !== undefined) this.#writeRequest(request);
  }

  #readRecipient(bindingBefore: string, receivedAt: WallMs): Recipient {
    const flags = this.#in.octet();
    const messageId =
      (flags & ID_FOLLOWS) !== 0
        ? this.#readNextId()
        : (flags & ID_PARTS) !== 0
          ? this.#readId(receivedAt)
          : this.#in.text();
    const domain = (flags & MAILBOX_DOMAIN) === 0 ? null : this.#readShared();
    const mailbox = this.#readMailbox(domain);
    const routingDomain = (flags & OWN_DOMAIN) === 0 ? this.#readShared() : domain!;
    const binding = (flags & SAME_BINDING) === 0 ? this.#readShared() : bindingBefore;
    const recipient = { messageId, mailbox, routingDomain, binding };
    return (flags & OWN_REQUEST) === 0 ? recipient : { ...recipient, request: this.#readRequest() };
  }

  #writeId({ counter, pid, second }: IdParts, receivedAt: WallMs): void {
    const rest = this.#rest;
    rest.octet(counter & 255);
    rest.octet(counter >> 8);
    rest.count(pid);
    rest.difference(second - secondOf(receivedAt));
  }

  #readId(receivedAt: WallMs): MailId {
    const rest = this.#in;
    const counter = rest.octet() + rest.octet() * 256;
    this.#id = { counter, pid: rest.count(), second: rest.difference() + secondOf(receivedAt) };
    return idOfParts(this.#id);
  }

  #readNextId(): MailId {
    const { counter, pid, second } = this.#id!;
    this.#id = { counter: (counter + this.#in.count()) % COUNTERS, pid, second };
    return idOfParts(this.#id);
  }

  /** @param at of the last `@`; negative without one */
  #writeMailbox(mailbox: string, at: number): void {
    if (at >= 0) this.#share(mailbox.slice(at + 1));
    this.#rest.text(at < 0 ? mailbox : mailbox.slice(0, at));
  }

  #readMailbox(domain: string | null): string {
    const local = this.#in.text();
    return domain === null ? local : `${local}@${domain}`;
  }

  #writeClient({ address, port, name }: MessageClient): void {
    this.#share(address);
    this.#rest.number(port);
    this.#share(name);
  }

  #readClient(): MessageClient {
    const address = this.#readShared();
    const port = this.#in.number();
    return { address, port, name: this.#readShared() };
  }

  #writeMessageRequest({ returns, envelopeId }: MessageRequest): void {
    this.#rest.octet(
      (returns === 'full' ? RETURNS_FULL : returns === 'headers' ? RETURNS_HEADERS : 0) |
        (envelopeId === null ? 0 : ENVELOPE_ID),
    );
    if (envelopeId !== null) this.#rest.text(envelopeId);
  }

  #readMessageRequest(): MessageRequest {
    const flags = this.#in.octet();
    const returns = (flags & RETURNS_FULL) !== 0 ? 'full' : (flags & RETURNS_HEADERS) !== 0 ? 'headers' : null;
    return { returns, envelopeId: (flags & ENVELOPE_ID) === 0 ? null : this.#in.text() };
  }

  #writeRequest({ notify, originalRecipient }: RecipientRequest): void {
    this.#rest.octet(
      (notify === null ? NO_NOTIFY : bitsOfNotify(notify)) | (originalRecipient === null ? 0 : ORIGINAL_RECIPIENT),
    );
    if (originalRecipient !== null) this.#rest.text(originalRecipient);
  }

  #readRequest(): RecipientRequest {
    const flags = this.#in.octet();
    const notify = (flags & NO_NOTIFY) === 0 ? notifyOfBits(flags & 7) : null;
    const originalRecipient = (flags & ORIGINAL_RECIPIENT) === 0 ? null : this.#in.text();
    return recipientRequest(notify, originalRecipient) ?? NOTHING;
  }

  #share(text: string): void {
    const number = this.#shared.take(text) + 1;
    this.#numbers.push(number);
    if (number === 0) this.#rest.text(text);
  }

  #readShared(): string {
    const number = this.#numbers[this.#nextNumber++]!;
    return number === 0 ? this.#in.text() : this.#shared.at(number - 1);
  }
}

/** A request that asks for nothing; nobody makes one, and it stays what it is. */
const NOTHING: RecipientRequest = { notify: null, originalRecipient: null };

/** Whether `text` ends in `domain`, behind the character at `at`. */
function isBehind(text: string, at: number, domain: string): boolean {
  return text.length - at - 1 === domain.length && text.endsWith(domain);
}

/** Ids are made in the second of the reception, or soon after. */
function secondOf(receivedAt: WallMs): number {
  return Number.isSafeInteger(receivedAt) ? Math.floor(receivedAt / 1000) : 0;
}
