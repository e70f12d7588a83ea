// Enhanced status codes (RFC 3463) in reply texts.

/** RFC 3463 section 2: class, subject and detail, the latter two of at most three digits. */
const CODES = /^(?:([2-5])\d\d(?:[ -]|$))? ?(?:([245])\.(\d{1,3})\.(\d{1,3})(?= |$))?/;

/**
 * @param reply code and text, or a text of our own without a code
 * @returns such as `5.1.1`; null when there is none, or one of another class than the code (RFC 2034 section 4)
 */
export function parseEnhancedStatus(reply: string): string | null {
  const [, codeClass, statusClass, subject, detail] = CODES.exec(reply) ?? [];
  if (statusClass === undefined || (codeClass !== undefined && codeClass !== statusClass)) return null;
  return `${statusClass}.${Number(subject)}.${Number(detail)}`;
}

/** The status for a delivery report: the reply's own, else what the first digit of its code says. */
export function statusOf(reply: string): string {
  return parseEnhancedStatus(reply) ?? (/^[24]/.test(reply) ? `${reply[0]}.0.0` : '5.0.0');
}
