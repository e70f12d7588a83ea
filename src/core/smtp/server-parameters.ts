// The parameters behind the path of MAIL FROM: those of the extensions that are offered, SIZE (RFC 1870) and BODY
// (RFC 6152), and nothing else.

export interface MailParameters {
  /** Octets as the client estimates them; 0 when it said nothing. */
  readonly size: number;
  /** BODY=8BITMIME */
  readonly eightBit: boolean;
}

export type ParsedParameters =
  | { readonly kind: 'parameters'; readonly parameters: MailParameters }
  | { readonly kind: 'unsupported' }
  | { readonly kind: 'syntax' };

const NONE: ParsedParameters = { kind: 'parameters', parameters: { size: 0, eightBit: false } };
const UNSUPPORTED: ParsedParameters = { kind: 'unsupported' };
const SYNTAX: ParsedParameters = { kind: 'syntax' };

/** @param start index behind the path in the command line */
export function parseMailParameters(text: string, start: number): ParsedParameters {
  if (start >= text.length) return NONE;
  if (text[start] !== ' ') return SYNTAX;
  let size: number | null = null;
  let eightBit: boolean | null = null;
  for (const word of text.slice(start).split(' ')) {
    if (word === '') continue;
    const equals = word.indexOf('=');
    const name = (equals < 0 ? word : word.slice(0, equals)).toUpperCase();
    const value = equals < 0 ? '' : word.slice(equals + 1).toUpperCase();
    if (name === 'SIZE') {
      if (size !== null || !/^\d{1,20}$/.test(value)) return SYNTAX;
      size = Number(value);
    } else if (name === 'BODY') {
      if (eightBit !== null) return SYNTAX;
      if (value !== '7BIT' && value !== '8BITMIME') return UNSUPPORTED;
      eightBit = value === '8BITMIME';
    } else return UNSUPPORTED;
  }
  return { kind: 'parameters', parameters: { size: size ?? 0, eightBit: eightBit ?? false } };
}

/** Whether nothing but blanks stands from `start` on. */
export function isBlankFrom(text: string, start: number): boolean {
  for (let index = start; index < text.length; index++) if (text.charCodeAt(index) !== 32) return false;
  return true;
}
