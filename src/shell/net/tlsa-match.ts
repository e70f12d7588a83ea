// Whether the certificate of a peer is what the TLSA records of its host say (RFC 7672 section 3): the certificate itself
// or its key (usage 3), whatever name and dates it has; or an authority in the chain that was sent (usage 2), which then
// has to have signed a certificate of one of the names that is good today.
import { createHash, type X509Certificate } from 'node:crypto';
import {
  END_ENTITY,
  EXACT,
  type HostTlsa,
  SHA_256,
  type TlsaRecord,
  TRUST_ANCHOR,
  WHOLE_CERTIFICATE,
} from '../../core/mail/dane.ts';
import { type CertificateFields, certificateFields } from './certificate-fields.ts';

interface Link {
  readonly certificate: X509Certificate;
  readonly fields: CertificateFields;
}

/** Certificates of a chain that are looked at. */
const CHAIN_MAX = 10;
const SERVER_PURPOSES = new Set(['1.3.6.1.5.5.7.3.1', '2.5.29.37.0']);

/** @param nowMs since 1970. @returns why it is not, null when it is */
export function tlsaProblem(certificate: X509Certificate, { records, names }: HostTlsa, nowMs: number): string | null {
  try {
    return problemOf(chainFrom(certificate), records, names, nowMs);
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    return 'a certificate cannot be read'; // the octets are the peer's, whatever the library thinks of them
  }
}

function problemOf(
  chain: readonly Link[],
  records: readonly TlsaRecord[],
  names: readonly string[],
  nowMs: number,
): string | null {
  const [own] = chain as [Link, ...Link[]];
  if (records.some((record) => record.usage === END_ENTITY && isAbout(record, own))) return null;
  const anchors = records.filter(({ usage }) => usage === TRUST_ANCHOR);
  if (anchors.length === 0) return 'another certificate and key';
  const anchorAt = chain.findIndex((link, at) => at > 0 && anchors.some((record) => isAbout(record, link)));
  if (anchorAt < 0) return 'no such authority in the chain';
  const path = chain.slice(0, anchorAt + 1);
  return pathProblem(path, nowMs) ?? receiverProblem(own.certificate, names);
}

/** The chain as far as the peer sent it, its own certificate first. */
function chainFrom(certificate: X509Certificate): Link[] {
  const chain: Link[] = [];
  let next: X509Certificate | undefined = certificate;
  while (next !== undefined && chain.length < CHAIN_MAX) {
    chain.push({ certificate: next, fields: certificateFields(next.raw) });
    next = next.issuerCertificate;
  }
  return chain;
}

function isAbout({ selector, matchingType, data }: TlsaRecord, { certificate, fields }: Link): boolean {
  const octets = selector === WHOLE_CERTIFICATE ? certificate.raw : fields.publicKey;
  if (matchingType === EXACT) return octets.toString('hex') === data;
  return (
    createHash(matchingType === SHA_256 ? 'sha256' : 'sha512')
      .update(octets)
      .digest('hex') === data
  );
}

/** RFC 5280 section 6.1 as far as it is about signatures, dates, authorities and the length of the chain. */
function pathProblem(path: readonly Link[], nowMs: number): string | null {
  for (const [at, { certificate, fields }] of path.entries()) {
    if (nowMs < Date.parse(certificate.validFrom)) return 'a certificate of the chain is not good yet';
    if (nowMs > Date.parse(certificate.validTo)) return 'a certificate of the chain has expired';
    if (fields.unknownDemand !== null) return 'a certificate of the chain asks for something unknown';
    if (at === 0) continue;
    const below = path[at - 1]!.certificate;
    if (!certificate.ca || at - 1 > fields.authoritiesBelowMax)
      return 'a certificate of the chain is no authority for it';
    if (!below.checkIssued(certificate) || !below.verify(certificate.publicKey)) return 'the chain is not signed so';
  }
  return null;
}

function receiverProblem(certificate: X509Certificate, names: readonly string[]): string | null {
  const purposes: readonly string[] | undefined = certificate.keyUsage; // Node's name for the extended ones
  if (purposes !== undefined && !purposes.some((purpose) => SERVER_PURPOSES.has(purpose)))
    return 'a certificate that is for no server';
  const isNamed = names.some((name) => certificate.checkHost(name, { subject: 'default' }) !== undefined);
  return isNamed ? null : 'a certificate of another name';
}
