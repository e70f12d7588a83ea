// What a report of a complaint says: an abuse report (RFC 5965), or a message that is sent back whole, as some providers do.
import type { Mailbox } from '../mail/mailbox.ts';
import type { MimeParts } from '../mail/mime-parts.ts';
import { fieldsOf, mailboxIn } from './report-fields.ts';

export interface Complaint {
  /** `abuse`, `fraud` and so on, in lower case; empty when the report does not say. */
  readonly type: string;
  /** Who complains; null when the report does not say. */
  readonly recipient: Mailbox | null;
}

/** Null for mail that is no report. */
export function readComplaint({ parts }: MimeParts): Complaint | null {
  const report = parts.find(({ type }) => type === 'message/feedback-report');
  const original = parts.find(({ type }) => type === 'message/rfc822' || type === 'text/rfc822-headers');
  if (report === undefined && original === undefined) return null;
  const fields = fieldsOf(report?.text ?? '');
  const header = fieldsOf(original?.text ?? '');
  const type = /^[a-z0-9-]{1,40}/.exec((fields.get('feedback-type') ?? '').toLowerCase())?.[0] ?? '';
  const named = [
    fields.get('original-rcpt-to'),
    fields.get('removal-recipient'),
    header.get('x-original-to'),
    header.get('delivered-to'),
    header.get('to'),
  ];
  const recipient = named.map((text) => mailboxIn(text ?? '')).find((mailbox) => mailbox !== null) ?? null;
  return { type, recipient };
}
