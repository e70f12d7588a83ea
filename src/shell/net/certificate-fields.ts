// What Node does not tell of a certificate: its public key as it was sent, how long a chain below it may be, and whether
// it asks for something that we do not check. Reads DER (X.690) as far as the structure of RFC 5280 section 4.1 goes.
// The octets are a peer's; the library has read them as a certificate before, so that what does not fit is refused.

export interface CertificateFields {
  /** SubjectPublicKeyInfo, its header included: what selector 1 of a TLSA record is about. */
  readonly publicKey: Buffer;
  /** Certificates of authorities that may stand between this one and a receiver's; infinite when it does not say. */
  readonly authoritiesBelowMax: number;
  /** An extension that must not be passed over, by its object identifier in hexadecimal, or null. */
  readonly unknownDemand: string | null;
}

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const BOOLEAN = 0x01;
const OBJECT_IDENTIFIER = 0x06;
const OCTET_STRING = 0x04;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;

/** 2.5.29.19 */
const BASIC_CONSTRAINTS = '551d13';
/** keyUsage, subjectAltName, extKeyUsage: Node knows them. A name that is constrained (2.5.29.30) is not among them. */
const KNOWN_DEMANDS = new Set([BASIC_CONSTRAINTS, '551d0f', '551d11', '551d25']);

interface Element {
  readonly tag: number;
  /** Header and content. */
  readonly whole: Buffer;
  readonly content: Buffer;
}

/** @throws RangeError for what is no certificate */
export function certificateFields(certificate: Buffer): CertificateFields {
  const [outer] = elements(certificate);
  const [body] = elements(inside(outer, SEQUENCE));
  const parts = elements(inside(body, SEQUENCE));
  // version (optional), serial number, signature algorithm, issuer, validity, subject, key
  const publicKey = parts[parts[0]?.tag === VERSION ? 6 : 5];
  inside(publicKey, SEQUENCE);
  const wrapped = parts.find(({ tag }) => tag === EXTENSIONS);
  const extensions = wrapped === undefined ? [] : elements(inside(elements(wrapped.content)[0], SEQUENCE));
  let authoritiesBelowMax = Number.POSITIVE_INFINITY;
  let unknownDemand: string | null = null;
  for (const extension of extensions) {
    const fields = elements(inside(extension, SEQUENCE));
    const name = inside(fields[0], OBJECT_IDENTIFIER).toString('hex');
    const isDemand = fields[1]?.tag === BOOLEAN && fields[1].content[0] !== 0;
    if (isDemand && !KNOWN_DEMANDS.has(name)) unknownDemand ??= name;
    if (name === BASIC_CONSTRAINTS) authoritiesBelowMax = pathLength(inside(fields.at(-1), OCTET_STRING));
  }
  return { publicKey: publicKey!.whole, authoritiesBelowMax, unknownDemand };
}

/** BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL } */
function pathLength(constraints: Buffer): number {
  const length = elements(inside(elements(constraints)[0], SEQUENCE)).find(({ tag }) => tag === INTEGER);
  if (length === undefined) return Number.POSITIVE_INFINITY;
  return length.content.length === 1 ? length.content[0]! & 0x7f : 0;
}

function inside(element: Element | undefined, tag: number): Buffer {
  if (element?.tag !== tag) throw new RangeError('the structure of a certificate is another');
  return element.content;
}

/** The elements that lie one behind the other. */
function elements(octets: Buffer): Element[] {
  const found: Element[] = [];
  let at = 0;
  while (at < octets.length) {
    const { start, end } = contentOf(octets, at);
    found.push({ tag: octets[at]!, whole: octets.subarray(at, end), content: octets.subarray(start, end) });
    at = end;
  }
  return found;
}

/** Where the content of the element at `at` lies. */
function contentOf(octets: Buffer, at: number): { start: number; end: number } {
  const first = octets[at + 1] ?? 0;
  const lengthOctets = first < 0x80 ? 0 : first & 0x7f;
  const start = at + 2 + lengthOctets;
  if (lengthOctets > 3 || first === 0x80 || start > octets.length)
    throw new RangeError('a length of a certificate is no such');
  const length = lengthOctets === 0 ? first : octets.readUIntBE(at + 2, lengthOctets);
  if (start + length > octets.length) throw new RangeError('a certificate ends within itself');
  return { start, end: start + length };
}
