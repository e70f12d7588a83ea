// The message that tells a sender what became of its mail: a delivery status notification (RFC 3464) in a
// multipart/report (RFC 6522). Whether one is made at all (generate_bounces, NOTIFY, never for a null reverse-path) is
// the caller's to decide; so are dates, ids and the boundary, which need a clock and randomness.
import { assert } from '../base/assert.ts';
import { isAscii, octetsOf, textOfUtf8 } from '../base/octets.ts';
import type { SuccessAction } from '../mail/disposition.ts';
import type { Mailbox } from '../mail/mailbox.ts';
import { decodeXtext, escapedUtf8 } from '../mail/xtext.ts';
import { statusOf } from './enhanced-status.ts';
import { explainFailure, isOwnText } from './failure-text.ts';
import { type Original, type OriginalPart, originalPart } from './inlined-original.ts';
import { quotedPrintable } from './quoted-printable.ts';

/** One recipient whom a notice is about. */
export interface NoticeRecipient {
  readonly mailbox: Mailbox;
  /** ORCPT as the client gave it; left out or null without one. */
  readonly originalRecipient?: string | null;
  /** Code and text in one line, as in the record; null where nothing is known of an attempt. */
  readonly reply: string | null;
  /** Who was talked to last; null when nobody was. */
  readonly remote: { readonly host: string; readonly address: string } | null;
  /** Date of the last attempt in the form of RFC 5322, or null when there was none. */
  readonly lastAttemptDate: string | null;
}

export interface Notice {
  /** Name of this server. */
  readonly reportingMta: string;
  /** The option `mailerdaemon`; null: mailer-daemon at the name of this server. */
  readonly mailerdaemon: string | null;
  /** The reverse-path of the message. */
  readonly to: Mailbox;
  /** With angle brackets. */
  readonly messageId: string;
  /** Dates in the form of RFC 5322. */
  readonly date: string;
  /** Of the message. */
  readonly arrivalDate: string;
  /** ENVID as the client gave it; left out or null without one. */
  readonly envelopeId?: string | null;
  /** Random, so that it does not occur in the message: 1 to 70 of the characters A-Z a-z 0-9 and _ = + - . */
  readonly boundary: string;
  readonly action: NoticeAction;
  /** At least one. */
  readonly recipients: readonly NoticeRecipient[];
  readonly original: Original;
}

/** What became of the message: it ended, it is late and will be tried until then (a date again), or a receiver took it. */
export type NoticeAction =
  | { readonly kind: 'failed' | SuccessAction }
  | { readonly kind: 'delayed'; readonly willRetryUntil: string };

/** A message ready for the spool, once the strings are octets. */
export interface NoticeContent {
  /** As {@link Content.headerSection} in mail/message.ts. */
  readonly headerSection: string;
  /** The body in wire form, final dot included. Strings are Latin-1. */
  readonly body: readonly (string | Uint8Array)[];
  /** It may hold octets above 127: the envelope's `eightBit`. */
  readonly eightBit: boolean;
  /** Octets after DATA, for the envelope. The dots that stuff an inlined body are counted. */
  readonly size: number;
}

/** A reply is quoted up to here: hosts may send pages. */
const REPLY_OCTETS_MAX = 2000;
/** Of an address in a header field: more than RFC 5321 section 4.5.3.1 allows, less than a line. */
const ADDRESS_OCTETS_MAX = 500;
const WORD_OCTETS_MAX = 900;
const TEXT_WIDTH = 76;

export function composeNotice(given: Notice): NoticeContent {
  assert(/^[\w=+.-]{1,70}$/.test(given.boundary), 'a boundary is a MIME token that can be quoted');
  assert(given.recipients.length > 0, 'a notice is about somebody');
  const notice = { ...given, reportingMta: ascii(given.reportingMta) };
  const headerSection = headers(notice);
  const quoted = originalPart(notice.original);
  const delimiter = `--${notice.boundary}`;
  const reports =
    `${delimiter}\r\n${textPart(notice, quoted)}\r\n${delimiter}\r\n` +
    `Content-Description: Delivery report\r\nContent-Type: message/delivery-status\r\n\r\n${deliveryStatus(notice)}\r\n`;
  const end = `${delimiter}--\r\n`;
  const isWide = !isAscii(headerSection); // for a sender beyond ASCII
  const size = (text: string) => headerSection.length + 2 + text.length + end.length;
  if (quoted === null) {
    return { headerSection, body: [stuffed(`${reports}${end}`), '.\r\n'], eightBit: isWide, size: size(reports) };
  }
  const leading = `${reports}${delimiter}\r\n${originalHeading(quoted)}\r\n${quoted.text}`;
  return {
    headerSection,
    // The line end before a delimiter belongs to the delimiter (RFC 2046 section 5.1.1).
    body: [stuffed(leading), ...quoted.chunks, `\r\n${end}.\r\n`],
    eightBit: isWide || quoted.encoding === '8bit',
    size: size(leading) + 2 + quoted.chunks.reduce((sum, chunk) => sum + chunk.length, 0),
  };
}

const SUBJECTS: Readonly<Record<NoticeAction['kind'], string>> = {
  failed: 'could not be delivered',
  delayed: 'is delayed',
  relayed: 'was passed on',
  delivered: 'was delivered',
};

function headers(notice: Notice): string {
  const { to, boundary } = notice;
  return (
    `Date: ${notice.date}\r\n` +
    `From: ${sender(notice)}\r\n` +
    `To: ${isPlainAddress(to) ? `<${to}>` : 'undisclosed-recipients:;'}\r\n` +
    `Subject: Your message ${SUBJECTS[notice.action.kind]}\r\n` +
    `Message-ID: ${notice.messageId}\r\n` +
    'Auto-Submitted: auto-replied\r\n' + // RFC 3834 section 5: nobody answers it automatically
    'MIME-Version: 1.0\r\n' +
    `Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary="${boundary}"\r\n`
  );
}

function sender({ mailerdaemon, reportingMta }: Notice): string {
  const text = ascii(mailerdaemon ?? 'mailer-daemon').slice(0, ADDRESS_OCTETS_MAX);
  const address = text.includes('@') ? text : `${text}@${reportingMta}`;
  return address.includes('<') ? address : `Mail delivery system <${address}>`;
}

/** In lines of limited length; what is UTF-8 goes by SMTPUTF8 only, and then the header may have it (RFC 6532). */
function isPlainAddress(mailbox: Mailbox): boolean {
  return mailbox.length <= ADDRESS_OCTETS_MAX && /^[^\x00-\x1f\x7f]+$/.test(mailbox) && textOfUtf8(mailbox) !== null;
}

function textPart(notice: Notice, quoted: OriginalPart | null): string {
  const text = explanation(notice, quoted);
  const isPlain = /^[\r\n\x20-\x7e]*$/.test(text);
  return (
    'Content-Description: Notification\r\n' +
    `Content-Type: text/plain; charset=${isPlain ? 'us-ascii' : 'utf-8'}\r\n` +
    `${isPlain ? '' : 'Content-Transfer-Encoding: quoted-printable\r\n'}\r\n` +
    `${isPlain ? text : quotedPrintable(text)}`
  );
}

function explanation(notice: Notice, quoted: OriginalPart | null): string {
  const { length } = notice.recipients;
  const recipients = length === 1 ? 'this recipient' : `these ${length} recipients`;
  return (
    `This is the mail server ${notice.reportingMta}.\r\n\r\n` +
    paragraph(`Your message of ${notice.arrivalDate} ${fateText(notice.action, recipients)}`, '') +
    notice.recipients.map((recipient) => recipientText(recipient, notice.action.kind)).join('') +
    (quoted === null ? '' : `\r\n${paragraph(attachmentText(notice.original, quoted), '')}`)
  );
}

function fateText(action: Notice['action'], recipients: string): string {
  if (action.kind === 'failed') return `could not be delivered to ${recipients}. It will not be tried again.`;
  if (action.kind === 'delivered') return `was delivered to ${recipients}.`;
  if (action.kind !== 'delayed')
    return `was passed on to a server that sends no notices of delivery, for ${recipients}. You may hear no more of it.`;
  return `has not been delivered to ${recipients} yet. It will be tried until ${action.willRetryUntil}; you need not send it again.`;
}

function recipientText(recipient: NoticeRecipient, action: NoticeAction['kind']): string {
  const { mailbox, reply, remote, lastAttemptDate } = recipient;
  const isTaken = action === 'relayed' || action === 'delivered';
  return (
    `\r\n${paragraph(mailbox, '  ')}` +
    (action === 'failed' && reply !== null ? paragraph(explainFailure(reply), '    ') : '') +
    (reply === null
      ? ''
      : paragraph(`${isTaken ? 'Answer' : 'Reason'}: ${octetsOf(reply).slice(0, REPLY_OCTETS_MAX)}`, '    ')) +
    (remote === null ? '' : paragraph(`Server of the recipient: ${remote.host} [${remote.address}]`, '    ')) +
    (lastAttemptDate === null ? '' : paragraph(`Last attempt: ${lastAttemptDate}`, '    '))
  );
}

function attachmentText(original: Original, quoted: OriginalPart): string {
  if (quoted.type !== 'text/rfc822-headers') return 'Your message is attached, behind a report for programs.';
  const reason = original.kind === 'all' ? '; the message itself has lines that are too long for a mail' : '';
  return `The header of your message is attached, behind a report for programs${reason}.`;
}

/** RFC 3464 section 2: a group of fields for the message, then one for each recipient. ASCII. */
function deliveryStatus({ reportingMta, arrivalDate, envelopeId = null, recipients, action }: Notice): string {
  // In one line each: both are bounded, and folding would change the blanks in them.
  const original = envelopeId === null ? '' : `Original-Envelope-Id: ${decoded(envelopeId)}\r\n`;
  const message = `${original}Reporting-MTA: dns; ${reportingMta}\r\nArrival-Date: ${arrivalDate}\r\n`;
  return message + recipients.map((recipient) => `\r\n${recipientStatus(recipient, action)}`).join('');
}

function recipientStatus(recipient: NoticeRecipient, action: NoticeAction): string {
  const { mailbox, originalRecipient = null, reply, remote, lastAttemptDate } = recipient;
  return (
    (originalRecipient === null ? '' : originalField(originalRecipient)) +
    paragraph(`Final-Recipient: ${finalRecipient(mailbox)}`, '', ' ') +
    `Action: ${action.kind}\r\n` +
    `Status: ${statusOf(reply ?? (action.kind === 'failed' ? '5' : '4'))}\r\n` +
    (remote === null ? '' : `Remote-MTA: dns; ${ascii(remote.host)}\r\n`) +
    (reply === null ? '' : diagnosticCode(reply)) +
    (lastAttemptDate === null ? '' : `Last-Attempt-Date: ${lastAttemptDate}\r\n`) +
    (action.kind === 'delayed' ? `Will-Retry-Until: ${action.willRetryUntil}\r\n` : '')
  );
}

/** RFC 6533 section 3: an address beyond ASCII has a type of its own, and a form that needs no other kind of report. */
function finalRecipient(mailbox: Mailbox): string {
  const characters = isAscii(mailbox) ? null : textOfUtf8(mailbox);
  if (characters === null) return `rfc822; ${ascii(mailbox)}`;
  return `utf-8; ${escapedUtf8(characters.replace(/[\\+= ]/g, (sign) => `\\x{${sign.charCodeAt(0).toString(16).toUpperCase()}}`))}`;
}

/** RFC 3464 section 2.3.1: type and address as the sender gave them. */
function originalField(originalRecipient: string): string {
  const semicolon = originalRecipient.indexOf(';');
  const address = decoded(originalRecipient.slice(semicolon + 1));
  return `Original-Recipient: ${originalRecipient.slice(0, semicolon)}; ${address}\r\n`;
}

/** Reception has seen to its being xtext of printable ASCII. */
function decoded(xtext: string): string {
  return ascii(decodeXtext(xtext) ?? '');
}

/** A text of our own is no answer of the remote host (RFC 3464 section 2.3.6: the type says whose words they are). */
function diagnosticCode(reply: string): string {
  const type = isOwnText(reply) ? 'X-Headgate' : 'smtp';
  return paragraph(`Diagnostic-Code: ${type}; ${ascii(reply.slice(0, REPLY_OCTETS_MAX))}`, '', ' ');
}

function originalHeading({ type, encoding }: OriginalPart): string {
  const description = type !== 'text/rfc822-headers' ? 'Undelivered message' : 'Header of the message';
  const transfer = encoding === '7bit' ? '' : `Content-Transfer-Encoding: ${encoding}\r\n`;
  return `Content-Description: ${description}\r\nContent-Type: ${type}\r\n${transfer}`;
}

/** Lines of words, as wide as fits; a longer word has a line for itself, cut where the wire would not take it. */
function paragraph(text: string, indent: string, laterIndent = indent): string {
  let lines = '';
  let line = '';
  for (const word of text.split(/[ \t\r\n]+/)) {
    for (let start = 0; start < word.length; start += WORD_OCTETS_MAX) {
      const piece = word.slice(start, start + WORD_OCTETS_MAX);
      if (line !== '' && line.length + 1 + piece.length > TEXT_WIDTH) {
        lines += `${lines === '' ? indent : laterIndent}${line}\r\n`;
        line = piece;
      } else line += line === '' ? piece : ` ${piece}`;
    }
  }
  return `${lines}${lines === '' ? indent : laterIndent}${line}\r\n`;
}

function ascii(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}

/** RFC 5321 section 4.5.2. The text starts at the start of a line. */
function stuffed(text: string): string {
  return text.replace(/(^|\n)\./g, '$1..');
}
