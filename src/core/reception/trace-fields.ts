// The header fields that are put in front of a message: the trace field of RFC 5321 section 4.4 in the documented form,
// and a Message-ID where there is none.
import { localTime, twoDigits } from '../base/local-time.ts';
import type { WallMs } from '../base/moment.ts';
import { type MailId, messageIdHeader } from '../mail/ids.ts';
import type { ReversePath } from '../mail/mailbox.ts';

export interface Trace {
  /** Client address without brackets. */
  readonly address: string;
  readonly port: number;
  /** What the client called itself. */
  readonly clientName: string;
  readonly hostname: string;
  readonly reversePath: ReversePath;
  readonly version: string;
  /** RFC 6531 section 4.3: how it came stands in the field. */
  readonly isUtf8?: boolean;
  readonly id: MailId;
  /** RFC 5322 date. */
  readonly date: string;
}

/** Folded, with CRLF. */
export function receivedField(trace: Trace): string {
  const { address, port, clientName, hostname, reversePath, version, id, date } = trace;
  const isIpv6 = address.includes(':');
  const literal = isIpv6 ? `[IPv6:${address}]` : `[${address}]`; // RFC 5321 section 4.1.3
  const endpoint = isIpv6 ? `[[${address}]:${port}]` : `[${address}:${port}]`;
  return (
    `Received: from ${literal} (${endpoint} helo=${harmless(clientName)})\r\n` +
    `\tby ${hostname} (envelope-from <${commentText(reversePath ?? '')}>)\r\n` +
    `\t(Headgate ${version}) with ${trace.isUtf8 ? 'UTF8SMTP' : 'ESMTP'} id ${id};\r\n` +
    `\t${date}\r\n`
  );
}

/** With CRLF. */
export function messageIdField(id: MailId, hostname: string): string {
  return `Message-ID: ${messageIdHeader(id, hostname)}\r\n`;
}

/** A client's name may be anything printable; in a comment only what a name or an address literal is made of. */
function harmless(name: string): string {
  return name.replace(/[^A-Za-z0-9.:_[\]-]/g, '?');
}

/** Parentheses may stand in a quoted local part, where they do not close the comment around it. */
function commentText(mailbox: string): string {
  return /[()\\]/.test(mailbox) ? mailbox.replace(/[()\\]/g, '\\$&') : mailbox;
}

/** RFC 5322 section 3.3, such as `Tue, 24 Nov 2026 09:05:00 +0100`. */
export function mailDate(at: WallMs, utcOffsetMinutes: number): string {
  const { weekday, day, year, clock } = localTime(at, utcOffsetMinutes);
  const minutes = Math.abs(utcOffsetMinutes);
  const zone = `${utcOffsetMinutes < 0 ? '-' : '+'}${twoDigits(Math.floor(minutes / 60))}${twoDigits(minutes % 60)}`;
  return `${weekday}, ${day} ${year} ${clock} ${zone}`;
}

/** Keeps the date of the current second: at thousands of messages a second it is the same text nearly always. */
export class DateStamp {
  readonly #utcOffsetMinutes: (at: WallMs) => number;
  #second = Number.NaN;
  #text = '';

  constructor(utcOffsetMinutes: (at: WallMs) => number) {
    this.#utcOffsetMinutes = utcOffsetMinutes;
  }

  textAt(at: WallMs): string {
    const second = Math.floor(at / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = mailDate(at, this.#utcOffsetMinutes(at));
    }
    return this.#text;
  }
}
