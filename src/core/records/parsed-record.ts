// Reads lines of mainlog back, our own and those of Momentum.
import { type WallMs, wallMs } from '../base/moment.ts';
import type { MailId } from '../mail/ids.ts';
import { unescapeField } from './escaping.ts';

interface Heading {
  readonly at: WallMs;
  readonly messageId: MailId;
  readonly batchId: MailId;
  readonly connectionId: MailId;
}

export type MainRecord =
  | { readonly type: 'M'; readonly at: WallMs }
  | (Heading & {
      readonly type: 'R';
      readonly recipientLocalPart: string;
      readonly recipientDomain: string;
      readonly senderLocalPart: string;
      readonly senderDomain: string;
      readonly remoteAddress: string;
      readonly size: number;
      readonly protocol: string;
      readonly group: string;
      readonly binding: string;
    })
  | (Heading & {
      /** X: handed to another node of a cluster. */
      readonly type: 'D' | 'X';
      readonly routingDomain: string;
      readonly bytes: number;
      readonly group: string;
      readonly binding: string;
      readonly retries: number;
      readonly secondsSinceReception: number;
      readonly address: string;
    })
  | (Heading & {
      readonly type: 'T' | 'P';
      readonly routingDomain: string;
      readonly bytes: number;
      readonly group: string;
      readonly binding: string;
      readonly stage: number;
      readonly retries: number;
      readonly secondsSinceReception: number;
      /** Empty without a connection. */
      readonly address: string;
      readonly reply: string;
    });

const FIELDS_MAX = 14;

/** @param line without its line end, as octets (Latin-1). @returns null for what is no such record */
export function parseMainRecord(line: string): MainRecord | null {
  const fields = splitFields(line, FIELDS_MAX).map(unescapeField);
  const at = readTime(fields[0]!);
  if (at === null) return null;
  const [, messageId = '', batchId = '', connectionId = '', type] = fields;
  const heading = { at, messageId, batchId, connectionId };
  const numbers = (...places: readonly number[]) =>
    places.every((place) => /^\d{1,15}(\.\d{1,9})?$/.test(fields[place]!));
  switch (type) {
    case 'M':
    case 'M1': // the mark of version 3
      return { type: 'M', at };
    case 'R':
      if (fields.length !== 14 || !numbers(10)) return null;
      return {
        type,
        ...heading,
        recipientLocalPart: fields[5]!,
        recipientDomain: fields[6]!,
        senderLocalPart: fields[7]!,
        senderDomain: fields[8]!,
        remoteAddress: fields[9]!,
        size: Number(fields[10]),
        protocol: fields[11]!,
        group: fields[12]!,
        binding: fields[13]!,
      };
    case 'D':
    case 'X':
      if (fields.length !== 12 || !numbers(6, 9, 10)) return null;
      return {
        type,
        ...heading,
        routingDomain: fields[5]!,
        bytes: Number(fields[6]),
        group: fields[7]!,
        binding: fields[8]!,
        retries: Number(fields[9]),
        secondsSinceReception: Number(fields[10]),
        address: fields[11]!,
      };
    case 'T':
    case 'P':
      if (fields.length !== 14 || !numbers(6, 9, 10, 11)) return null;
      return {
        type,
        ...heading,
        routingDomain: fields[5]!,
        bytes: Number(fields[6]),
        group: fields[7]!,
        binding: fields[8]!,
        stage: Number(fields[9]),
        retries: Number(fields[10]),
        secondsSinceReception: Number(fields[11]),
        address: fields[12]!,
        reply: fields[13]!,
      };
    default:
      return null;
  }
}

/** At every `@` that is not escaped; the last of at most `limit` fields is the whole rest. Fields stay escaped. */
function splitFields(line: string, limit: number): string[] {
  const fields: string[] = [];
  let start = 0;
  let from = 0;
  while (fields.length < limit - 1) {
    const at = line.indexOf('@', from);
    if (at < 0) break;
    from = at + 1;
    if (isEscaped(line, at, start)) continue;
    fields.push(line.slice(start, at));
    start = from;
  }
  fields.push(line.slice(start));
  return fields;
}

/** An odd number of backslashes stands before it: an even number are escaped backslashes. */
function isEscaped(line: string, at: number, start: number): boolean {
  let first = at;
  while (first > start && line[first - 1] === '\\') first -= 1;
  return (at - first) % 2 === 1;
}

/** Seconds, or with log_hires_timestamp microseconds. */
function readTime(text: string): WallMs | null {
  if (/^\d{10}$/.test(text)) return wallMs(Number(text) * 1000);
  return /^\d{16}$/.test(text) ? wallMs(Number(text) / 1000) : null;
}
