// What a bounce that came in as mail says: about whom, and why. A delivery status notification (RFC 3464) says it in
// fields. Others are looked through as a person would: an answer to nobody in particular, a wish of a list member, or the
// words that some server puts into its notices.
import type { Mailbox } from '../mail/mailbox.ts';
import { fieldOf, type MimeParts } from '../mail/mime-parts.ts';
import { fieldGroups, fieldsOf, mailboxesIn, mailboxIn, type ReportFields } from './report-fields.ts';

/** One recipient whom a bounce is about. */
export interface BouncedRecipient {
  /** Whom the message had been sent to; null when the bounce does not say. */
  readonly recipient: Mailbox | null;
  /** Why, in one line: the diagnostic of a server, or the words that come nearest to one. */
  readonly reply: string;
  /** Further words that tell the kind of the bounce where the reply does not. */
  readonly hint: string;
  /** The class, where it is not a matter of words. */
  readonly classCode: number | null;
}

const AUTO_REPLY = 60;
const SUBSCRIBE = 80;
const UNSUBSCRIBE = 90;
const CHALLENGE = 100;

const TEXT_MAX = 16_384;
const LINES_MAX = 400;
const REPLY_MAX = 1000;
/** Mailboxes looked at in a text before somebody is taken for the recipient. */
const MAILBOXES_MAX = 20;

/**
 * @param isSuppressed who is never taken for the recipient
 * @returns empty for a report of success
 */
export function readBounce(parts: MimeParts, isSuppressed: (mailbox: Mailbox) => boolean): readonly BouncedRecipient[] {
  const status = parts.parts.find(({ type }) => isDeliveryStatus(type));
  if (status !== undefined) {
    const groups = fieldGroups(status.text).filter((group) => group.has('action') || group.has('final-recipient'));
    if (groups.length > 0) return groups.flatMap((group) => reported(group, parts, isSuppressed));
  }
  return [readText(parts, isSuppressed)];
}

/** RFC 6533 has one for addresses beyond ASCII. */
function isDeliveryStatus(type: string): boolean {
  return type === 'message/delivery-status' || type === 'message/global-delivery-status';
}

/** RFC 3464 section 2.3.3: delivered, relayed and expanded are no failures. */
const SUCCESSES = ['delivered', 'relayed', 'expanded'];

function reported(
  group: ReportFields,
  parts: MimeParts,
  isSuppressed: (mailbox: Mailbox) => boolean,
): readonly BouncedRecipient[] {
  const action = (group.get('action') ?? 'failed').toLowerCase();
  if (SUCCESSES.includes(action)) return [];
  const named = ['original-recipient', 'final-recipient'].map((field) => mailboxIn(group.get(field) ?? ''));
  const recipient = named.find((mailbox) => mailbox !== null && !isSuppressed(mailbox)) ?? null;
  const status = /^[245]\.\d{1,3}\.\d{1,3}/.exec(group.get('status') ?? '')?.[0];
  const diagnostic = group.get('diagnostic-code')?.replace(/^[\w.-]{1,40}[ \t]*;[ \t]*/, '') ?? '';
  const fallback = action === 'delayed' ? '4.0.0' : '5.0.0';
  return [
    {
      recipient,
      reply: withStatus(diagnostic, status ?? fallback).slice(0, REPLY_MAX),
      hint: diagnostic === '' ? plain(parts.text) : '',
      classCode: null,
    },
  ];
}

/** A reply as a session would have given it: the status goes behind the code, unless there is one already. */
function withStatus(diagnostic: string, status: string): string {
  const [, code = '', rest = ''] = /^([245]\d\d)[ -]?(.*)$/s.exec(diagnostic) ?? [];
  if (code === '') return /^[245]\.\d/.test(diagnostic) ? diagnostic : `${status} ${diagnostic}`.trimEnd();
  return /^[245]\.\d/.test(rest) || !status.startsWith(code[0]!) ? diagnostic : `${code} ${status} ${rest}`.trimEnd();
}

/** A bounce without a report in fields. */
function readText(parts: MimeParts, isSuppressed: (mailbox: Mailbox) => boolean): BouncedRecipient {
  const subject = fieldOf(parts, 'subject').slice(0, REPLY_MAX);
  const classCode = kindOf(parts, subject);
  const from = mailboxIn(fieldOf(parts, 'from'));
  const text = parts.text.slice(0, TEXT_MAX);
  const isServer = (mailbox: Mailbox): boolean => /^(?:mailer-daemon|postmaster)@/i.test(mailbox);
  const isRecipient = (mailbox: Mailbox): boolean =>
    !isSuppressed(mailbox) && !isServer(mailbox) && (from === null || mailbox.toLowerCase() !== from.toLowerCase());
  // An answer comes from whom it was sent to; a notice of a server names him.
  const named =
    classCode === null
      ? [
          ...mailboxesIn(fieldOf(parts, 'x-failed-recipients'), 1),
          ...mailboxesIn(text, MAILBOXES_MAX),
          ...quoted(parts),
        ]
      : [];
  const recipient = named.find(isRecipient) ?? (from !== null && !isServer(from) && !isSuppressed(from) ? from : null);
  const reply = classCode === null ? (replyLine(text) ?? subject) : subject;
  return { recipient, reply: plain(reply).slice(0, REPLY_MAX), hint: plain(`${subject} ${text}`), classCode };
}

/** Whom the quoted message was for. */
function quoted({ parts }: MimeParts): readonly Mailbox[] {
  const original = parts.find(({ type }) => type === 'message/rfc822' || type === 'text/rfc822-headers');
  if (original === undefined) return [];
  const mailbox = mailboxIn(fieldsOf(original.text).get('to') ?? '');
  return mailbox === null ? [] : [mailbox];
}

/** What is told by headers and by the words of a subject; null for what is a bounce or nothing known. */
function kindOf(parts: MimeParts, subject: string): number | null {
  if (/^(?:re: *)?unsubscribe\b/i.test(subject)) return UNSUBSCRIBE;
  if (/^(?:re: *)?subscribe\b/i.test(subject)) return SUBSCRIBE;
  const isReport = /^multipart\/report\b/i.test(fieldOf(parts, 'content-type'));
  if (
    /\b(?:challenge[- ]response|sender verification|confirm (?:your|that you) (?:sent|e-?mail|message))/i.test(subject)
  )
    return CHALLENGE;
  if (isReport || fieldOf(parts, 'x-failed-recipients') !== '' || isNoticeSubject(subject)) return null;
  // RFC 3834 section 5.
  const isAutomatic =
    /^auto-(?:replied|generated)/i.test(fieldOf(parts, 'auto-submitted')) ||
    /^auto_?reply/i.test(fieldOf(parts, 'precedence')) ||
    ['x-autoreply', 'x-autorespond', 'x-auto-response-suppress'].some((name) => fieldOf(parts, name) !== '');
  const isSubject =
    /\b(?:out of (?:the )?office|auto(?:matic|mated)?[- ]?(?:reply|response)|vacation|on leave|abwesen|away from)/i;
  return isAutomatic || isSubject.test(subject) ? AUTO_REPLY : null;
}

function isNoticeSubject(subject: string): boolean {
  return /\b(?:undeliver|undelivered|returned mail|delivery (?:status|failure|has failed|problem)|mail delivery|failure notice|could not be delivered|delayed)/i.test(
    subject,
  );
}

/** The line that looks most like the reply of a server; null when there is none. */
function replyLine(text: string): string | null {
  const lines = text.split('\n', LINES_MAX).map((line) => line.slice(0, REPLY_MAX).trim());
  // With both codes, with the enhanced one, with the bare one at its start or behind a colon.
  for (const pattern of [
    /(?:^|[^\d.])([245]\d\d[ -][245]\.\d{1,3}\.\d{1,3}(?![\d.]).*)$/,
    /(?:^|[^\d.])([245]\.\d{1,3}\.\d{1,3}(?![\d.]).*)$/,
    /(?:^|: )([45]\d\d[ -].*)$/,
  ]) {
    for (const line of lines) {
      const found = pattern.exec(line)?.[1];
      if (found === undefined) continue;
      // What stands in front may say more than what is behind, as in "no such mailbox (#5.1.1)".
      return found.length < 12 ? `${found.replace(/\W+$/, '')} ${line.slice(0, -found.length)}`.trim() : found;
    }
  }
  return null;
}

function plain(text: string): string {
  return text.slice(0, TEXT_MAX).replace(/\s+/g, ' ').trim();
}
