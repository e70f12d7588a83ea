// A report on TLS as mail (RFC 8460 section 5.3). The report itself comes in compressed; dates, ids and the boundary, which
// need a clock and randomness, are the caller's too.
import { assert } from '../base/assert.ts';
import type { DomainName } from '../mail/domain-name.ts';
import type { Mailbox } from '../mail/mailbox.ts';

export interface TlsReportMail {
  readonly from: Mailbox;
  readonly to: Mailbox;
  /** RFC 5322. */
  readonly date: string;
  /** With angle brackets. */
  readonly messageId: string;
  /** 1 to 70 of the characters A-Z a-z 0-9 and _ = + - . */
  readonly boundary: string;
  /** Name of this server. */
  readonly submitter: DomainName;
  readonly domain: DomainName;
  readonly reportId: string;
  readonly filename: string;
  /** The report, gzip, in base64. */
  readonly base64: string;
}

/** As {@link Content} in mail/message.ts, once the body is octets. */
export interface TlsReportContent {
  readonly headerSection: string;
  /** In wire form, final dot included. ASCII. */
  readonly body: string;
  /** Octets after DATA, for the envelope. */
  readonly size: number;
}

const LINE_CHARACTERS = 76;

export function composeTlsReport(mail: TlsReportMail): TlsReportContent {
  const { boundary, domain, submitter, filename } = mail;
  assert(/^[\w=+.-]{1,70}$/.test(boundary), 'a boundary is a MIME token that can be quoted');
  const headerSection =
    `Date: ${mail.date}\r\n` +
    `From: <${mail.from}>\r\n` +
    `To: <${mail.to}>\r\n` +
    `Subject: Report Domain: ${domain}\r\n\tSubmitter: ${submitter}\r\n\tReport-ID: <${mail.reportId}>\r\n` +
    `Message-ID: ${mail.messageId}\r\n` +
    `TLS-Report-Domain: ${domain}\r\n` +
    `TLS-Report-Submitter: ${submitter}\r\n` +
    'Auto-Submitted: auto-generated\r\n' +
    'MIME-Version: 1.0\r\n' +
    `Content-Type: multipart/report; report-type="tlsrpt";\r\n\tboundary="${boundary}"\r\n`;
  const lines = mail.base64.match(/.{1,76}/g) ?? [];
  assert(
    lines.every(({ length }) => length <= LINE_CHARACTERS),
    'lines of base64 are short',
  );
  // No line of the body begins with a dot: nothing is to be stuffed.
  const text =
    `--${boundary}\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n` +
    `This is a report on the encryption of mail to ${domain},\r\nas the mail server ${submitter} saw it.\r\n` +
    `\r\n--${boundary}\r\nContent-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n` +
    `Content-Disposition: attachment;\r\n\tfilename="${filename}"\r\n\r\n${lines.join('\r\n')}\r\n` +
    `\r\n--${boundary}--\r\n`;
  return { headerSection, body: `${text}.\r\n`, size: headerSection.length + 2 + text.length };
}
