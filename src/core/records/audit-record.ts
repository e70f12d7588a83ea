// The lines of the limit audit as text, and back (docs/audit.md, "Lines"). Fields are separated by `@`, and no field holds
// one: an `@` in a name is written \x40. So a line is cut at every `@`, whatever bindings and domains are called. What is
// read back stays escaped: names are compared and printed, never looked up.
import { type Limit, NO_LIMIT } from '../base/limit.ts';
import type { WallMs } from '../base/moment.ts';
import { nameField } from './escaping.ts';

/**
 * Why a part of the log begins: with the process, by a change of configuration, because the last part was rotated, or because
 * one of several shards has ended, so that what is open is not what the lines before say.
 */
export type BeginReason = 'start' | 'on' | 'rotation' | 'shard';
export type EndReason = 'stop' | 'off' | 'rotation';

/** One counter of a connection, after it was taken. */
export interface TakenSlot {
  /** Key of the counter, by {@link counterField}. */
  readonly counter: string;
  /** Connections that hold it, this one included. */
  readonly open: number;
  /** In force for this connection. */
  readonly limit: Limit;
  /** Where that limit is set, by {@link counterField}; null when the log has said so since the counter came into use. */
  readonly origin: string | null;
}

/** One counter of a connection, after it was given back. */
export interface ReturnedSlot {
  readonly counter: string;
  readonly open: number;
}

/** In place of where a limit is set: only slots of ended shards are open, and what limit is in force nobody has asked yet. */
export const NOT_ASKED = 'ended';

/** Slots of one counter that shards held which ended. */
export interface FreedSlots {
  readonly counter: string;
  readonly slots: number;
  readonly open: number;
}

export type AuditEntry =
  | {
      readonly kind: 'begin';
      readonly reason: BeginReason;
      /** The part before this one has no closing line: the process was killed, or the system stopped. */
      readonly isUnclean: boolean;
      /** Hash of the line before, wherever it stands; null at the very first. */
      readonly previous: string | null;
    }
  /** So many `moved` lines follow, then so many `limit` lines: one for each counter in use and each limit it has. */
  | {
      readonly kind: 'configuration';
      readonly version: number;
      readonly file: string;
      readonly moved: number;
      readonly limits: number;
    }
  /** An open connection counts elsewhere, because the configuration changed. */
  | {
      readonly kind: 'moved';
      readonly connection: string;
      readonly left: readonly string[];
      readonly entered: readonly string[];
    }
  | {
      readonly kind: 'limit';
      readonly counter: string;
      readonly open: number;
      readonly limit: Limit;
      readonly origin: string;
    }
  | { readonly kind: 'opened'; readonly connection: string; readonly slots: readonly TakenSlot[] }
  | { readonly kind: 'closed'; readonly connection: string; readonly slots: readonly ReturnedSlot[] }
  /** No receiver can count the connections of ended shards any more that held these. */
  | { readonly kind: 'freed'; readonly counters: readonly FreedSlots[] }
  /** `lines`: of this part, from its opening line to this one. */
  | { readonly kind: 'end'; readonly reason: EndReason; readonly lines: number };

export interface AuditLine {
  /** Counts up by one from line to line, over all parts and files of a chain. */
  readonly sequence: number;
  /** Unix time in seconds, three decimals. */
  readonly at: string;
  readonly entry: AuditEntry;
  /** The line without its hash: with the hash of the line before in front, this is what is hashed. */
  readonly body: string;
  readonly hash: string;
}

/** Of the form of these lines. */
const FORM = '1';
const HASH = /^[0-9a-f]{64}$/;
const SEQUENCE = /^[1-9]\d{0,14}$/;
const TIME = /^\d{1,12}\.\d{3}$/;
const COUNT = /^\d{1,15}$/;
const BEGIN_REASONS: readonly string[] = ['start', 'on', 'rotation', 'shard'] satisfies BeginReason[];
const END_REASONS: readonly string[] = ['stop', 'off', 'rotation'] satisfies EndReason[];

/** A key, a path or a name as a field. */
export function counterField(text: string): string {
  return nameField(text).replaceAll('\\@', '\\x40');
}

export function auditBody(sequence: number, at: WallMs, entry: AuditEntry): string {
  return `${sequence}@${(at / 1000).toFixed(3)}@${entry.kind}@${entryFields(entry)}`;
}

function entryFields(entry: AuditEntry): string {
  switch (entry.kind) {
    case 'begin':
      return `${FORM}@${entry.reason}@${entry.isUnclean ? 'unclean' : 'clean'}@${entry.previous ?? ''}`;
    case 'configuration':
      return `${entry.version}@${entry.file}@${entry.moved}@${entry.limits}`;
    case 'moved': {
      const left = entry.left.map((counter) => `@-${counter}`).join('');
      return `${entry.connection}${left}${entry.entered.map((counter) => `@+${counter}`).join('')}`;
    }
    case 'limit':
      return `${entry.counter}@${entry.open}@${limitField(entry.limit)}@${entry.origin}`;
    case 'opened': {
      let text = entry.connection;
      for (const { counter, open, limit, origin } of entry.slots) {
        text += `@${counter}@${open}@${limitField(limit)}@${origin ?? ''}`;
      }
      return text;
    }
    case 'closed': {
      let text = entry.connection;
      for (const { counter, open } of entry.slots) text += `@${counter}@${open}`;
      return text;
    }
    case 'freed':
      return entry.counters.map(({ counter, slots, open }) => `${counter}@${slots}@${open}`).join('@');
    case 'end':
      return `${entry.reason}@${entry.lines}`;
  }
}

/** -1 is what operators write for no limit. */
export function limitField(limit: Limit): string {
  return limit === NO_LIMIT ? '-1' : String(limit);
}

/** @returns null when it is no line of an audit */
export function parseAuditLine(text: string): AuditLine | null {
  const bodyEnd = text.lastIndexOf('@');
  const body = text.slice(0, Math.max(0, bodyEnd));
  const hash = text.slice(bodyEnd + 1);
  const [sequence = '', at = '', kind = '', ...fields] = body.split('@');
  if (!HASH.test(hash) || !SEQUENCE.test(sequence) || !TIME.test(at)) return null;
  const entry = parseEntry(kind, fields);
  return entry === null ? null : { sequence: Number(sequence), at, entry, body, hash };
}

function parseEntry(kind: string, fields: readonly string[]): AuditEntry | null {
  const [first = '', second = '', third = '', fourth = ''] = fields;
  switch (kind) {
    case 'begin':
      if (fields.length !== 4 || first !== FORM || !BEGIN_REASONS.includes(second)) return null;
      if (!['clean', 'unclean'].includes(third) || (fourth !== '' && !HASH.test(fourth))) return null;
      return {
        kind,
        reason: second as BeginReason,
        isUnclean: third === 'unclean',
        previous: fourth === '' ? null : fourth,
      };
    case 'configuration':
      if (fields.length !== 4 || ![first, third, fourth].every(isCount)) return null;
      return { kind, version: Number(first), file: second, moved: Number(third), limits: Number(fourth) };
    case 'moved': {
      const counters = fields.slice(1);
      if (first === '' || !counters.every((counter) => /^[-+]./.test(counter))) return null;
      const withSign = (sign: string): string[] =>
        counters.filter((counter) => counter.startsWith(sign)).map((counter) => counter.slice(1));
      return { kind, connection: first, left: withSign('-'), entered: withSign('+') };
    }
    case 'limit': {
      const [slot, surplus] = parseTaken(fields) ?? [];
      if (slot === undefined || surplus !== undefined || slot.origin === null) return null;
      return { kind, ...slot, origin: slot.origin };
    }
    case 'opened': {
      const slots = parseTaken(fields.slice(1));
      return first === '' || slots === null ? null : { kind, connection: first, slots };
    }
    case 'closed': {
      const slots = parseReturned(fields.slice(1));
      return first === '' || slots === null ? null : { kind, connection: first, slots };
    }
    case 'freed': {
      const counters = parseFreed(fields);
      return counters === null ? null : { kind, counters };
    }
    case 'end':
      if (fields.length !== 2 || !END_REASONS.includes(first) || !isCount(second)) return null;
      return { kind, reason: first as EndReason, lines: Number(second) };
    default:
      return null;
  }
}

function parseTaken(fields: readonly string[]): TakenSlot[] | null {
  if (fields.length % 4 !== 0) return null;
  const slots: TakenSlot[] = [];
  for (let at = 0; at < fields.length; at += 4) {
    const [counter, open, limit, origin] = fields.slice(at, at + 4) as [string, string, string, string];
    if (counter === '' || !isCount(open) || !(limit === '-1' || isCount(limit))) return null;
    slots.push({
      counter,
      open: Number(open),
      limit: limit === '-1' ? NO_LIMIT : Number(limit),
      origin: origin === '' ? null : origin,
    });
  }
  return slots;
}

function parseReturned(fields: readonly string[]): ReturnedSlot[] | null {
  if (fields.length % 2 !== 0) return null;
  const slots: ReturnedSlot[] = [];
  for (let at = 0; at < fields.length; at += 2) {
    const [counter, open] = fields.slice(at, at + 2) as [string, string];
    if (counter === '' || !isCount(open)) return null;
    slots.push({ counter, open: Number(open) });
  }
  return slots;
}

function parseFreed(fields: readonly string[]): FreedSlots[] | null {
  if (fields.length === 0 || fields.length % 3 !== 0) return null;
  const counters: FreedSlots[] = [];
  for (let at = 0; at < fields.length; at += 3) {
    const [counter, slots, open] = fields.slice(at, at + 3) as [string, string, string];
    if (counter === '' || !isCount(slots) || !isCount(open)) return null;
    counters.push({ counter, slots: Number(slots), open: Number(open) });
  }
  return counters;
}

const isCount = (text: string): boolean => COUNT.test(text);
