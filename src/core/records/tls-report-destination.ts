// Where a domain wants reports on TLS (RFC 8460 section 3): the TXT record at `_smtp._tls.DOMAIN`. It is a stranger's: what
// does not have the form asks for nothing.
import { isHostName } from '../mail/domain-name.ts';
import type { Mailbox } from '../mail/mailbox.ts';

export interface ReportDestinations {
  /** Of `mailto:`, a few at most. */
  readonly mailboxes: readonly Mailbox[];
  /** `https:` is among them. */
  readonly hasHttps: boolean;
}

/** Mailboxes that one domain's report goes to. */
const MAILBOXES_MAX = 4;
const URIS_MAX = 16;

/** Null when the domain wants no reports: no such record, or more than one. */
export function reportDestinations(texts: readonly string[]): ReportDestinations | null {
  const records = texts.filter((text) => /^v=TLSRPTv1[ \t]*;/.test(text));
  if (records.length !== 1) return null;
  const field = records[0]!
    .split(';')
    .map((one) => one.trim())
    .find((one) => /^rua[ \t]*=/.test(one));
  if (field === undefined) return null;
  const uris = field
    .slice(field.indexOf('=') + 1)
    .split(',', URIS_MAX)
    .map((uri) => uri.trim());
  const mailboxes = uris.map(mailboxOf).filter((mailbox) => mailbox !== null);
  const hasHttps = uris.some((uri) => /^https:/i.test(uri));
  if (mailboxes.length === 0 && !hasHttps) return null;
  return { mailboxes: [...new Set(mailboxes)].slice(0, MAILBOXES_MAX), hasHttps };
}

/** Plain addresses only: nothing of what a quoted local part could hold is worth the trouble. */
function mailboxOf(uri: string): Mailbox | null {
  const encoded = /^mailto:([^?]{1,400})/i.exec(uri)?.[1];
  if (encoded === undefined) return null;
  try {
    const [, local, domain] =
      /^([A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64})@([A-Za-z0-9.-]{1,253})$/.exec(decodeURIComponent(encoded)) ?? [];
    return domain !== undefined && isHostName(domain.toLowerCase()) ? `${local}@${domain}` : null;
  } catch {
    return null; // what is encoded is no UTF-8
  }
}
