// The parameters behind the paths of MAIL and RCPT: those of the extensions that are offered, SIZE (RFC 1870), BODY
// (RFC 6152), RET, ENVID, NOTIFY and ORCPT (RFC 3461), SMTPUTF8 (RFC 6531), and nothing else.
import { textOfUtf8 } from '../base/octets.ts';
import { printable } from '../base/printable.ts';
import {
  type MessageRequest,
  messageRequest,
  type Notify,
  parseNotify,
  type RecipientRequest,
  recipientRequest,
} from '../mail/notification-request.ts';
import { decodeXtext, escapedUtf8 } from '../mail/xtext.ts';

export interface MailParameters {
  /** Octets as the client estimates them; 0 when it said nothing. */
  readonly size: number;
  /** BODY=8BITMIME */
  readonly eightBit: boolean;
  /** SMTPUTF8 */
  readonly utf8: boolean;
  /** RET and ENVID; null without either. */
  readonly request: MessageRequest | null;
}

/** A parameter that is not offered, or one that is and has another form. */
type Unparsed = { readonly kind: 'unsupported' } | { readonly kind: 'syntax' };

export type ParsedParameters = { readonly kind: 'parameters'; readonly parameters: MailParameters } | Unparsed;

export type ParsedRequest = { readonly kind: 'request'; readonly request: RecipientRequest | null } | Unparsed;

const NONE: ParsedParameters = {
  kind: 'parameters',
  parameters: { size: 0, eightBit: false, utf8: false, request: null },
};
const NO_REQUEST: ParsedRequest = { kind: 'request', request: null };
const UNSUPPORTED: Unparsed = { kind: 'unsupported' };
const SYNTAX: Unparsed = { kind: 'syntax' };

/** RFC 3461 section 4.4, in xtext. */
export const ENVELOPE_ID_MAX = 100;
/** RFC 3461 section 4.2, with the type and in xtext. */
export const ORIGINAL_RECIPIENT_MAX = 500;

/** Which extensions a client may use. */
export interface OfferedExtensions {
  readonly offersDsn: boolean;
  readonly offersUtf8: boolean;
}

/** @param start index behind the path in the command line */
export function parseMailParameters(
  text: string,
  start: number,
  { offersDsn, offersUtf8 }: OfferedExtensions,
): ParsedParameters {
  if (start >= text.length) return NONE;
  if (text[start] !== ' ') return SYNTAX;
  let size: number | null = null;
  let eightBit: boolean | null = null;
  let utf8 = false;
  let returns: MessageRequest['returns'] = null;
  let envelopeId: string | null = null;
  for (const word of text.slice(start).split(' ')) {
    if (word === '') continue;
    const [name, value] = splitParameter(word);
    if (name === 'SIZE') {
      if (size !== null || !/^\d{1,20}$/.test(value)) return SYNTAX;
      size = Number(value);
    } else if (name === 'BODY') {
      if (eightBit !== null) return SYNTAX;
      const body = value.toUpperCase();
      if (body !== '7BIT' && body !== '8BITMIME') return UNSUPPORTED;
      eightBit = body === '8BITMIME';
    } else if (name === 'SMTPUTF8' && offersUtf8) {
      if (utf8 || word.includes('=')) return SYNTAX;
      utf8 = true;
    } else if (name === 'RET' && offersDsn) {
      const form = value.toUpperCase();
      if (returns !== null || (form !== 'FULL' && form !== 'HDRS')) return SYNTAX;
      returns = form === 'FULL' ? 'full' : 'headers';
    } else if (name === 'ENVID' && offersDsn) {
      if (envelopeId !== null || value.length > ENVELOPE_ID_MAX || !isPrintableXtext(value)) return SYNTAX;
      envelopeId = value;
    } else return UNSUPPORTED;
  }
  const request = messageRequest(returns, envelopeId);
  return { kind: 'parameters', parameters: { size: size ?? 0, eightBit: eightBit ?? false, utf8, request } };
}

/**
 * The same for RCPT, with NOTIFY and ORCPT.
 * @param isUtf8 MAIL had SMTPUTF8
 */
export function parseRecipientParameters(
  text: string,
  start: number,
  offersDsn: boolean,
  isUtf8: boolean,
): ParsedRequest {
  if (isBlankFrom(text, start)) return NO_REQUEST;
  if (text[start] !== ' ') return SYNTAX;
  let notify: Notify | null = null;
  let originalRecipient: string | null = null;
  for (const word of text.slice(start).split(' ')) {
    if (word === '') continue;
    const [name, value] = splitParameter(word);
    if (name === 'NOTIFY' && offersDsn) {
      if (notify !== null) return SYNTAX;
      notify = parseNotify(value);
      if (notify === null) return SYNTAX;
    } else if (name === 'ORCPT' && offersDsn) {
      const given = isUtf8 ? inAscii(value) : value;
      if (originalRecipient !== null || !isOriginalRecipient(given)) return SYNTAX;
      originalRecipient = given;
    } else return UNSUPPORTED;
  }
  return { kind: 'request', request: recipientRequest(notify, originalRecipient) };
}

/** The name in upper case; without `=` the value is empty. */
function splitParameter(word: string): [name: string, value: string] {
  const equals = word.indexOf('=');
  return equals < 0 ? [word.toUpperCase(), ''] : [word.slice(0, equals).toUpperCase(), word.slice(equals + 1)];
}

/** RFC 3461 sections 4.2 and 4.4: it will stand in a field of a report, so only printable ASCII and blanks may be encoded. */
function isPrintableXtext(value: string): boolean {
  const decoded = decodeXtext(value);
  return decoded !== null && /^[ -~]+$/.test(decoded);
}

/** RFC 5322 `atom`. */
const ADDRESS_TYPE = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+$/;

/** RFC 6533 section 3: an address in UTF-8 has a form in ASCII, which every receiver and every report can have. */
function inAscii(originalRecipient: string): string {
  if (!/^utf-8;/i.test(originalRecipient)) return originalRecipient;
  const characters = textOfUtf8(originalRecipient);
  return characters === null || printable(characters) !== characters ? originalRecipient : escapedUtf8(characters);
}

function isOriginalRecipient(value: string): boolean {
  const semicolon = value.indexOf(';');
  if (semicolon < 0 || value.length > ORIGINAL_RECIPIENT_MAX) return false;
  return ADDRESS_TYPE.test(value.slice(0, semicolon)) && isPrintableXtext(value.slice(semicolon + 1));
}

/** Whether nothing but blanks stands from `start` on. */
export function isBlankFrom(text: string, start: number): boolean {
  for (let index = start; index < text.length; index++) if (text.charCodeAt(index) !== 32) return false;
  return true;
}
