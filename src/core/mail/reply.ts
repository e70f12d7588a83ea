// What an SMTP server answered, or what we say in its place.

/** RFC 5321 section 4.2: one code for all lines. */
export interface Reply {
  /** 200 to 599. */
  readonly code: number;
  /** The text of each line, without code and separator. At least one line. */
  readonly lines: readonly string[];
}

/** The reply as it stands in records: the lines joined by a blank behind the code (docs/logs.md). */
export function replyText(reply: Reply): string {
  return `${reply.code} ${reply.lines.join(' ')}`.trimEnd();
}
