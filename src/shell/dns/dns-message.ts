// Questions to octets, and octets from the network to what they say about a question. dns-packet knows the format; this
// file knows which response is an answer to what was asked, and reads it with its CNAME chain and its TTLs.
import {
  type Answer,
  AUTHENTIC_DATA,
  type DecodedPacket,
  decode,
  encode,
  type MxData,
  type Question as PacketQuestion,
  RECURSION_DESIRED,
  type TlsaData,
  type TxtData,
} from 'dns-packet';
import type { TlsaRecord } from '../../core/mail/dane.ts';
import { canonicalDomain } from '../../core/mail/domain-name.ts';
import { hostAddress } from '../../core/mail/host-address.ts';
import type { DnsAnswer, DnsType } from '../../engine/ports.ts';

/** A name, canonical and possible (isHostName), and what is wanted of it. */
export interface Question {
  readonly name: string;
  readonly type: DnsType;
}

/** What DNS Flag Day 2020 settled on: no fragments on any usual path. */
const UDP_PAYLOAD_OCTETS = 1232;
const HEADER_OCTETS = 12;
/** CNAMEs followed, within one answer and over several. */
export const ALIASES_MAX = 8;
const TTL_SECONDS_MAX = 2 ** 31 - 1;

const NOERROR = 0;
const FORMERR = 1;
const NXDOMAIN = 3;
const NOTIMP = 4;
const RCODE_NAMES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

export type Response =
  /** Not about this question: an answer to another one, or a forgery. What was asked is still open. */
  | { readonly kind: 'unrelated' }
  | { readonly kind: 'truncated' }
  /** The server does not know EDNS (RFC 6891 section 6.2.2); it may answer without. */
  | { readonly kind: 'withoutEdns' }
  /** This server has no usable answer; another may. */
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'answer'; readonly answer: DnsAnswer }
  /** The name is another's alias, about which nothing more is said here. `aliases` were followed to get there. */
  | {
      readonly kind: 'alias';
      readonly target: string;
      readonly aliases: number;
      readonly ttlSeconds: number;
      readonly isAuthentic: boolean;
    };

export function encodeQuestion(id: number, { name, type }: Question, hasEdns: boolean): Buffer {
  const opt: Answer = {
    type: 'OPT',
    name: '.',
    udpPayloadSize: UDP_PAYLOAD_OCTETS,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
  const question: PacketQuestion = { name, type, class: 'IN' };
  return encode({
    type: 'query',
    id,
    flags: RECURSION_DESIRED | AUTHENTIC_DATA, // RFC 6840 section 5.7: we want to know whether it is proved
    questions: [question],
    additionals: hasEdns ? [opt] : [],
  });
}

/** @param aliasesBefore how many aliases led to this question */
export function readResponse(
  message: Buffer,
  id: number,
  question: Question,
  hasEdns: boolean,
  aliasesBefore: number,
): Response {
  if (message.length < HEADER_OCTETS || message.readUInt16BE(0) !== id || (message[2]! & 0x80) === 0)
    return { kind: 'unrelated' };
  const packet = decodeOrNull(message);
  const isTruncated = (message[2]! & 0x02) !== 0;
  // A truncated message may end within a record; its own header says what to do.
  if (packet === null) return isTruncated ? { kind: 'truncated' } : { kind: 'failed', reason: 'garbage' };
  const rcode = rcodeOf(packet);
  if (!isAbout(packet, question, rcode)) return { kind: 'unrelated' };
  if (hasEdns && (rcode === FORMERR || rcode === NOTIMP)) return { kind: 'withoutEdns' };
  if (rcode !== NOERROR && rcode !== NXDOMAIN)
    return { kind: 'failed', reason: RCODE_NAMES[rcode] ?? `response code ${rcode}` };
  if (isTruncated) return { kind: 'truncated' };
  return readAnswer(packet, question, rcode === NXDOMAIN, aliasesBefore);
}

/** Null for octets that are no message. What the decoder throws is about the sender's octets, whatever its kind. */
function decodeOrNull(message: Buffer): DecodedPacket | null {
  try {
    return decode(message);
  } catch {
    return null;
  }
}

function rcodeOf({ flags = 0, additionals = [] }: DecodedPacket): number {
  const opt = additionals.find((record) => record.type === 'OPT');
  return (flags & 0x0f) | ((opt?.extendedRcode ?? 0) << 4);
}

/** RFC 5452 section 9.1. A server that could not read the question may leave it out of its refusal. */
function isAbout({ flags = 0, questions = [] }: DecodedPacket, { name, type }: Question, rcode: number): boolean {
  if ((flags & 0x7800) !== 0) return false; // an operation that is no query
  const [asked] = questions;
  if (asked === undefined) return rcode !== NOERROR && rcode !== NXDOMAIN;
  return questions.length === 1 && canonicalDomain(asked.name) === name && asked.type === type && asked.class === 'IN';
}

function readAnswer(
  { answers = [], authorities = [], flag_aa, flag_ra, flag_ad: isAuthentic }: DecodedPacket,
  question: Question,
  isNoName: boolean,
  aliasesBefore: number,
): Response {
  const followed = question.type === 'CNAME' ? [] : answers;
  const chain = followAliases(followed, question.name, aliasesBefore);
  if (chain === null) return { kind: 'failed', reason: `more than ${ALIASES_MAX} aliases` };
  const proof = isAuthentic ? { isAuthentic } : {};
  const aliases = aliasesBefore + chain.aliases;
  const led = aliases > 0 ? { canonicalName: chain.name, aliases } : {};
  const found = recordsAt(answers, chain.name, question.type, chain.ttlSeconds);
  if (found !== null) return { kind: 'answer', answer: { ...found, ...proof, ...led } };

  const soa = authorities.find((record) => record.type === 'SOA');
  // RFC 2308 section 5; without an SOA a negative answer is not to be kept (there, section 5 too).
  const negative = soa?.type === 'SOA' ? Math.min(ttlOf(soa.ttl), ttlOf(soa.data.minimum)) : 0;
  const ttlSeconds = Math.min(chain.ttlSeconds, negative);
  // RFC 6604 section 3: the code is about the last name of the chain.
  if (isNoName) return { kind: 'answer', answer: { kind: 'noName', ttlSeconds, ...proof, ...led } };
  if (chain.aliases > 0 && !(soa !== undefined && isWithin(chain.name, soa.name)))
    return {
      kind: 'alias',
      target: chain.name,
      aliases: chain.aliases,
      ttlSeconds: chain.ttlSeconds,
      isAuthentic: isAuthentic === true,
    };
  const isReferral = soa === undefined && !flag_aa && !flag_ra && authorities.some((record) => record.type === 'NS');
  if (isReferral) return { kind: 'failed', reason: 'a referral instead of an answer' };
  return { kind: 'answer', answer: { kind: 'noData', ttlSeconds, ...proof } };
}

interface Chain {
  readonly name: string;
  readonly aliases: number;
  /** Infinite without aliases. */
  readonly ttlSeconds: number;
}

/** Null when the chain is too long, or has no end. */
function followAliases(answers: readonly Answer[], from: string, aliasesBefore: number): Chain | null {
  const targets = new Map<string, { target: string; ttlSeconds: number }>();
  for (const record of answers) {
    if (record.type !== 'CNAME' || record.class !== 'IN') continue;
    const owner = canonicalDomain(record.name);
    if (!targets.has(owner))
      targets.set(owner, { target: canonicalDomain(record.data), ttlSeconds: ttlOf(record.ttl) });
  }
  let [name, aliases, ttlSeconds] = [from, 0, Number.POSITIVE_INFINITY];
  for (let step = targets.get(name); step !== undefined; step = targets.get(name)) {
    aliases += 1;
    if (aliasesBefore + aliases > ALIASES_MAX) return null;
    name = step.target;
    ttlSeconds = Math.min(ttlSeconds, step.ttlSeconds);
  }
  return { name, aliases, ttlSeconds };
}

/** Null when there are none of that type. */
function recordsAt(answers: readonly Answer[], name: string, type: DnsType, chainTtl: number): Found | null {
  const own = answers.filter(
    (record) => record.type === type && record.class === 'IN' && canonicalDomain(record.name) === name,
  );
  const found = readRecords(own, type);
  if (found === null) return null;
  return {
    ...found,
    ttlSeconds: Math.min(chainTtl, ...own.map((record) => (record.type === 'OPT' ? 0 : ttlOf(record.ttl)))),
  };
}

type Found = Exclude<DnsAnswer, { kind: 'unavailable' }>;

/** Without its TTL. */
function readRecords(records: readonly Answer[], type: DnsType): Found | null {
  const ttlSeconds = 0;
  const read = <T>(value: (record: Answer) => T | null): T[] =>
    records.map(value).filter((one): one is NonNullable<typeof one> => one !== null);
  switch (type) {
    case 'MX': {
      const exchanges = read((record) => (record.type === 'MX' ? exchangeOf(record.data) : null));
      return exchanges.length === 0 ? null : { kind: 'mx', records: exchanges, ttlSeconds };
    }
    case 'TLSA': {
      const promises = read((record) => (record.type === 'TLSA' ? promiseOf(record.data) : null));
      return promises.length === 0 ? null : { kind: 'tlsa', records: promises, ttlSeconds };
    }
    case 'TXT': {
      const texts = read((record) => (record.type === 'TXT' ? textOf(record.data) : null));
      return texts.length === 0 ? null : { kind: 'texts', texts, ttlSeconds };
    }
    case 'CNAME':
      return records.length === 0 ? null : { kind: 'alias', ttlSeconds };
    case 'A':
    case 'AAAA': {
      const addresses = read((record) => (record.type === type ? (hostAddress(record.data)?.address ?? null) : null));
      return addresses.length === 0 ? null : { kind: 'addresses', addresses, ttlSeconds };
    }
  }
}

const exchangeOf = ({ preference = 0, exchange }: MxData) => ({ preference, exchange: canonicalDomain(exchange) });

const promiseOf = ({ usage, selector, matchingType, certificate }: TlsaData): TlsaRecord => ({
  usage,
  selector,
  matchingType,
  data: certificate.toString('hex'),
});

/** Octets of all strings of a record, as Latin-1. */
function textOf(data: TxtData): string {
  const strings = Array.isArray(data) ? data : [data];
  return strings.map((one) => (typeof one === 'string' ? one : one.toString('latin1'))).join('');
}

function isWithin(name: string, zone: string): boolean {
  const origin = canonicalDomain(zone);
  return origin === '.' || name === origin || name.endsWith(`.${origin}`);
}

/** RFC 2181 section 8: a TTL with its first bit set is 0. */
const ttlOf = (ttl = 0): number => (ttl > TTL_SECONDS_MAX ? 0 : ttl);
