// What a server offers in its answer to EHLO (RFC 5321 section 4.1.1.1), as far as this client uses it.

export interface Extensions {
  /** RFC 2920. */
  readonly pipelining: boolean;
  /** RFC 6152. */
  readonly eightBitMime: boolean;
  /** RFC 1870: SIZE may be given with MAIL. */
  readonly size: boolean;
  /** RFC 3207. */
  readonly startTls: boolean;
}

export const NO_EXTENSIONS: Extensions = { pipelining: false, eightBitMime: false, size: false, startTls: false };

/** @param lines the lines of the reply; the first one is the server's name */
export function parseExtensions(lines: readonly string[]): Extensions {
  const keywords = new Set(lines.slice(1).map((line) => line.trimStart().split(/[ =]/, 1)[0]!.toUpperCase()));
  return {
    pipelining: keywords.has('PIPELINING'),
    eightBitMime: keywords.has('8BITMIME'),
    size: keywords.has('SIZE'),
    startTls: keywords.has('STARTTLS'),
  };
}
