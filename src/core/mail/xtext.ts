// The encoding of values of SMTP parameters (RFC 3461 section 4): octets outside of `!` to `~`, `+` and `=` are `+XX`.

/** Octets of an encoded text: `xchar`s and pairs of upper-case hexadecimal digits behind `+`. */
const XTEXT = /^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/;

/** @param text octets as Latin-1 */
export function encodeXtext(text: string): string {
  return text.replace(
    /[^!-~]|[+=]/g,
    (character) => `+${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

/** Null for what is no xtext. */
export function decodeXtext(text: string): string | null {
  if (!XTEXT.test(text)) return null;
  return text.replace(/\+(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** What is not ASCII as `\x{E9}` (RFC 6533 section 3), which is xtext and may stand in any field. @param text characters */
export function escapedUtf8(text: string): string {
  return text.replace(/[^\x00-\x7f]/gu, (character) => `\\x{${character.codePointAt(0)!.toString(16).toUpperCase()}}`);
}
