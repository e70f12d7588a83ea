// Where a domain wants reports on TLS (RFC 8460 section 3): the TXT record at `_smtp._tls.DOMAIN`. It is a stranger's: what
// does not have the form asks for nothing.
import { canonicalDomain, type DomainName, isHostName } from '../mail/domain-name.ts';
import type { Mailbox } from '../mail/mailbox.ts';

export interface ReportDestinations {
  /** Of `mailto:`, a few at most. */
  readonly mailboxes: readonly Mailbox[];
  /** Of `https:`, a few at most. */
  readonly uris: readonly ReportUri[];
}

/** Where a report is posted to. */
export interface ReportUri {
  /** As the domain writes it. */
  readonly uri: string;
  readonly host: DomainName;
  readonly port: number;
  /** With the query. */
  readonly path: string;
}

/** Mailboxes, and as many URIs, that one domain's report goes to. */
const EACH_MAX = 4;
const PLACES_MAX = 16;
/** Scheme, host, port, path and query of characters that a URI may have; no user, and nothing behind a `#`. */
const HTTPS_URI = /^https:\/\/([a-z0-9._-]{1,253})(?::(\d{1,5}))?((?:[/?][\w.~:/?@!$&'()*+=%-]*)?)$/i;
const URI_CHARACTERS_MAX = 1000;
const HTTPS_PORT = 443;

/** Null when the domain wants no reports: no such record, or more than one. */
export function reportDestinations(texts: readonly string[]): ReportDestinations | null {
  const records = texts.filter((text) => /^v=TLSRPTv1[ \t]*;/.test(text));
  if (records.length !== 1) return null;
  const field = records[0]!
    .split(';')
    .map((one) => one.trim())
    .find((one) => /^rua[ \t]*=/.test(one));
  if (field === undefined) return null;
  const places = field
    .slice(field.indexOf('=') + 1)
    .split(',', PLACES_MAX)
    .map((uri) => uri.trim());
  const mailboxes = places.map(mailboxOf).filter((mailbox) => mailbox !== null);
  const uris = [...new Set(places)].map(reportUri).filter((uri) => uri !== null);
  if (mailboxes.length === 0 && uris.length === 0) return null;
  return { mailboxes: [...new Set(mailboxes)].slice(0, EACH_MAX), uris: uris.slice(0, EACH_MAX) };
}

/** Null for what is no URI of `https:` with the name of a host. */
export function reportUri(uri: string): ReportUri | null {
  if (uri.length > URI_CHARACTERS_MAX) return null;
  const [, name, digits, rest = ''] = HTTPS_URI.exec(uri) ?? [];
  if (name === undefined) return null;
  const [host, port] = [canonicalDomain(name), digits === undefined ? HTTPS_PORT : Number(digits)];
  // What ends in a number is an address, and no certificate of the web is for one.
  if (!isHostName(host) || /(?:^|\.)\d+$/.test(host) || port < 1 || port > 65_535) return null;
  return { uri, host, port, path: rest.startsWith('/') ? rest : `/${rest}` };
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
