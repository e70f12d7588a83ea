// How text becomes a field of a record, and how it is read back (docs/logs.md, "Escaping"). A record is a string of
// octets (Latin-1): what came from the network stays as it came. Peers choose most of these texts, so none of them may
// end a line or a field before its time.
import { octetsOf, utf8Octets } from '../base/octets.ts';

/** What a field may not hold as it is. The tests are on the hot path; the replacements hardly ever run. */
const UNSAFE_IN_FIELD = /[^\x20-\x3f\x41-\x5b\x5d-\x7e\x80-\xff]/;
/** The last field runs to the end of the line, so an `@` ends nothing there. */
const UNSAFE_IN_LAST_FIELD = /[^\x20-\x5b\x5d-\x7e\x80-\xff]/;
const NOT_PLAIN_ASCII = /[^\x20-\x3f\x41-\x5b\x5d-\x7e]/;

/** Octets of the network (mailboxes, domains) as a field. */
export function field(text: string): string {
  return UNSAFE_IN_FIELD.test(text) ? escaped(octetsOf(text)).replaceAll('@', '\\@') : text;
}

/** A name out of the configuration as a field: its letters are characters, which the log holds as UTF-8. */
export function nameField(name: string): string {
  return NOT_PLAIN_ASCII.test(name) ? escaped(utf8Octets(name)).replaceAll('@', '\\@') : name;
}

/** As {@link nameField}, at the end of a record. */
export function lastNameField(name: string): string {
  return NOT_PLAIN_ASCII.test(name) ? escaped(utf8Octets(name)) : name;
}

/** A reply text at the end of a record. */
export function lastField(text: string): string {
  return UNSAFE_IN_LAST_FIELD.test(text) ? escaped(octetsOf(text)) : text;
}

/** Undoes the escaping. A backslash with nothing known behind it stands for itself. */
export function unescapeField(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\(?:x([0-9a-fA-F]{2})|([nr@\\]))/g, (_, hex: string | undefined, letter: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return letter === 'n' ? '\n' : letter === 'r' ? '\r' : letter;
  });
}

/** Makes one line of any text: control characters as `\n`, `\r` or `\xNN`; nothing else is touched. */
export function withoutControls(text: string): string {
  return /[\x00-\x1f\x7f]/.test(text) ? text.replace(/[\x00-\x1f\x7f]/g, controlEscape) : text;
}

/** Backslashes and control characters. */
function escaped(text: string): string {
  return withoutControls(text.replaceAll('\\', '\\\\'));
}

function controlEscape(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\r') return '\\r';
  return `\\x${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
