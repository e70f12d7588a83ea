// What a server offers in its answer to EHLO (RFC 5321 section 4.1.1.1), as far as this client uses it.

export interface Extensions {
  /** RFC 2920. */
  readonly pipelining: boolean;
  /** RFC 6152. */
  readonly eightBitMime: boolean;
  /** RFC 1870: SIZE may be given with MAIL. */
  readonly size: boolean;
  /** RFC 1870 section 4: the largest message in octets; 0 where it named none. */
  readonly sizeMax: number;
  /** RFC 3461. */
  readonly dsn: boolean;
  /** RFC 6531. */
  readonly smtpUtf8: boolean;
  /** RFC 3207. */
  readonly startTls: boolean;
  /** RFC 4954: names of mechanisms, in upper case. */
  readonly auth: readonly string[];
  /** Attributes of XCLIENT that it takes, in upper case. */
  readonly xclient: readonly string[];
}

export const NO_EXTENSIONS: Extensions = {
  pipelining: false,
  eightBitMime: false,
  size: false,
  sizeMax: 0,
  dsn: false,
  smtpUtf8: false,
  startTls: false,
  auth: [],
  xclient: [],
};

/** @param lines the lines of the reply; the first one is the server's name */
export function parseExtensions(lines: readonly string[]): Extensions {
  const parameters = new Map<string, string[]>();
  for (const line of lines.slice(1)) {
    // Old servers write AUTH=LOGIN for AUTH LOGIN.
    const [keyword, ...words] = line.trim().toUpperCase().split(/[ =]+/);
    const known = parameters.get(keyword!);
    if (known === undefined) parameters.set(keyword!, words);
    else known.push(...words);
  }
  const size = parameters.get('SIZE');
  return {
    pipelining: parameters.has('PIPELINING'),
    eightBitMime: parameters.has('8BITMIME'),
    size: size !== undefined,
    sizeMax: /^\d{1,15}$/.test(size?.[0] ?? '') ? Number(size![0]) : 0,
    smtpUtf8: parameters.has('SMTPUTF8'),
    dsn: parameters.has('DSN'),
    startTls: parameters.has('STARTTLS'),
    auth: parameters.get('AUTH') ?? [],
    xclient: parameters.get('XCLIENT') ?? [],
  };
}
