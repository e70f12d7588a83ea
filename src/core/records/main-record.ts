// The lines of mainlog: receptions, deliveries, failures and heartbeats (docs/logs.md, "mainlog"). Three of these are
// made per message, so they are plain concatenations, and a field is escaped only when a test says that it must be.
import type { WallMs } from '../base/moment.ts';
import type { Stage } from '../mail/disposition.ts';
import type { MailId } from '../mail/ids.ts';
import { domainOf, localPart } from '../mail/mailbox.ts';
import type { Envelope, Recipient } from '../mail/message.ts';
import { field, lastField, lastNameField, nameField } from './escaping.ts';

/** What every record of a recipient is about. */
interface Subject {
  readonly at: WallMs;
  readonly envelope: Envelope;
  readonly recipient: Recipient;
  /** NO_ID where there was no connection. */
  readonly connectionId: MailId;
  /** Name of the binding group, or what stands for it where there is none. */
  readonly group: string;
}

export interface Reception extends Subject {
  /** Client address without brackets; empty for mail made here. */
  readonly remoteAddress: string;
}

export interface Delivery extends Subject {
  /** Of the host that accepted, without brackets. */
  readonly address: string;
  /** Attempts before this one. */
  readonly retries: number;
  /** Octets behind DATA, without dot-stuffing and final dot. */
  readonly bytes: number;
}

export interface Failure extends Subject {
  /** Of the host that refused; null when no connection came about. */
  readonly address: string | null;
  readonly retries: number;
  /** Octets sent before the failure. */
  readonly bytes: number;
  readonly stage: Stage;
  /** Code and text in one line. */
  readonly reply: string;
  /** The mail was a bounce or a complaint, and is disposed of since it was logged as that. */
  readonly isReport?: true;
}

/** A recipient was accepted. `isHires` here and below: see {@link recordTime}. */
export function receptionRecord(reception: Reception, isHires = false): string {
  const { envelope, recipient } = reception;
  const { reversePath } = envelope;
  // Reading: the fields of a null reverse-path are empty (logs.md section 3).
  const sender = reversePath === null ? '@' : `${field(localPart(reversePath))}@${field(domainOf(reversePath))}`;
  const mailbox = `${field(localPart(recipient.mailbox))}@${field(domainOf(recipient.mailbox))}`;
  return (
    `${heading(reception, 'R', isHires)}@${mailbox}@${sender}@${reception.remoteAddress}@${envelope.size}` +
    `@${field(envelope.protocol)}@${nameField(reception.group)}@${lastNameField(recipient.binding)}`
  );
}

/** A recipient's message was accepted by a remote host. Reading: field 5 is the routing domain (logs.md section 3). */
export function deliveryRecord(delivery: Delivery, isHires = false): string {
  return (
    `${heading(delivery, 'D', isHires)}@${field(delivery.recipient.routingDomain)}@${delivery.bytes}` +
    `@${nameField(delivery.group)}@${nameField(delivery.recipient.binding)}@${delivery.retries}` +
    `@${secondsSinceReception(delivery, 3)}@${delivery.address}`
  );
}

/** An attempt failed: `T`, it will be tried again; `P`, it will not. */
export function failureRecord(type: 'T' | 'P', failure: Failure, isHires = false): string {
  return (
    `${heading(failure, type, isHires)}@${field(failure.recipient.routingDomain)}@${failure.bytes}` +
    `@${nameField(failure.group)}@${nameField(failure.recipient.binding)}@${failure.stage}@${failure.retries}` +
    `@${secondsSinceReception(failure, 2)}@${failure.address ?? ''}@${lastField(failure.reply)}`
  );
}

/** A sign of life. */
export function heartbeatRecord(at: WallMs, isHires = false): string {
  return `${recordTime(at, isHires)}@@@@M`;
}

/** Whole Unix seconds. */
export function unixSeconds(at: WallMs): number {
  return Math.floor(at / 1000);
}

/** Field 0: whole seconds, or with `log_hires_timestamp` microseconds, of which the clock knows the first three digits. */
export function recordTime(at: WallMs, isHires: boolean): number {
  return isHires ? Math.floor(at) * 1000 : unixSeconds(at);
}

function heading(subject: Subject, type: string, isHires: boolean): string {
  const { at, envelope, recipient, connectionId } = subject;
  return `${recordTime(at, isHires)}@${recipient.messageId}@${envelope.batchId}@${connectionId}@${type}`;
}

/** Never negative, also when the wall clock was set back. */
function secondsSinceReception({ at, envelope }: Subject, decimals: number): string {
  return (Math.max(0, at - envelope.receivedAt) / 1000).toFixed(decimals);
}
