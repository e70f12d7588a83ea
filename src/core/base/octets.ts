// Text as octets, one character of a string for each (Latin-1), as lines of the network and of records are held.

/** The octets as they are; a text with a character above 255 is none, but came from an operator, and becomes UTF-8. */
export function octetsOf(text: string): string {
  return /[^\x00-\xff]/.test(text) ? utf8Octets(text) : text;
}

/** Half a character (a lone surrogate) becomes U+FFFD. */
export function utf8Octets(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(/%([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

export function isAscii(octets: string): boolean {
  return !/[^\x00-\x7f]/.test(octets);
}

/** The characters that octets are in UTF-8; null when they are none. */
export function textOfUtf8(octets: string): string | null {
  if (isAscii(octets)) return octets;
  try {
    return decodeURIComponent(
      octets.replace(/[^\x00-\x7f]|%/g, (octet) => `%${octet.charCodeAt(0).toString(16).padStart(2, '0')}`),
    );
  } catch {
    return null; // URIError: overlong forms, halves of surrogate pairs and bytes that begin nothing
  }
}
