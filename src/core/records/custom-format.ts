// The formats of custom_logger: text with specifiers such as %i and %t{%F %T} (docs/logs.md, "Custom logs"). A format is
// compiled once, into the texts and values that a line is joined of.
import type { WallMs } from '../base/moment.ts';
import { STAGE_NAMES, type Stage } from '../mail/disposition.ts';
import { NO_ID } from '../mail/ids.ts';
import { domainOf, localPart } from '../mail/mailbox.ts';
import type { Envelope, Recipient } from '../mail/message.ts';
import { field, nameField, withoutControls } from './escaping.ts';
import { recordTime } from './main-record.ts';
import type { Classification } from './record-form.ts';
import { strftime, unknownConversion } from './strftime.ts';

/** What a line may tell. Whatever does not apply is null and becomes nothing, or 0 where a number is expected. */
export interface CustomEvent {
  readonly at: WallMs;
  readonly envelope: Envelope | null;
  readonly recipient: Recipient | null;
  readonly group: string | null;
  readonly connectionId: string;
  readonly isInbound: boolean;
  readonly address: string | null;
  readonly retries: number;
  readonly bytes: number;
  readonly stage: Stage | null;
  readonly reply: string;
  /** Addresses of a refused transaction, where there is no envelope. */
  readonly sender: string;
  readonly refusedRecipient: string;
}

export interface CustomSurroundings {
  readonly classification: Classification;
  readonly isHires: boolean;
  /** Local time minus UTC at an instant, for %t{...}. */
  utcOffsetMinutes(at: WallMs): number;
}

type Value = (event: CustomEvent, surroundings: CustomSurroundings) => string | number;

/** A format ready for use. */
export type CustomFormat = readonly (string | Value)[];

export type ReadFormat =
  | { readonly kind: 'format'; readonly format: CustomFormat }
  /** What the format holds that cannot be told here, and what to do. */
  | { readonly kind: 'problem'; readonly found: string; readonly expected: string };

const PLAIN_VALUES: Readonly<Record<string, Value>> = {
  A: () => '',
  b: ({ recipient }) => nameField(recipient?.binding ?? ''),
  B: ({ bytes }) => bytes,
  BI: ({ envelope }) => envelope?.batchId ?? NO_ID,
  c: ({ reply, stage }, { classification }) =>
    stage === null ? '' : classification.nameOf(classification.classify(reply, stage)),
  C: ({ reply, stage }, { classification }) => (stage === null ? 0 : classification.classify(reply, stage)),
  CI: ({ isInbound, connectionId }) => (isInbound ? connectionId : NO_ID),
  d: ({ recipient }) => field(recipient?.routingDomain ?? ''),
  g: ({ group }) => nameField(group ?? ''),
  H: ({ address }) => address ?? '',
  i: ({ recipient }) => recipient?.messageId ?? NO_ID,
  m: (event) => field(localPart(senderOf(event))),
  M: (event) => field(domainOf(senderOf(event))),
  n: ({ reply }) => withoutControls(reply),
  N: ({ retries }) => retries,
  OC: ({ isInbound, connectionId }) => (isInbound ? NO_ID : connectionId),
  P: () => 'default',
  PG: () => 'default',
  p: ({ envelope }) => envelope?.protocol ?? 'esmtp',
  r: (event) => field(localPart(recipientOf(event))),
  R: (event) => field(domainOf(recipientOf(event))),
  s: ({ stage }) => (stage === null ? '' : STAGE_NAMES[stage]),
  S: ({ stage }) => stage ?? 0,
  t: ({ at }, { isHires }) => recordTime(at, isHires),
  T: (event) => secondsInQueue(event, 2),
  U: () => '',
  '%': () => '%',
};

const DECIMALS = /^\d$/;

/** Those that are followed by something in braces; null where that makes no sense. */
const BRACED_VALUES: Readonly<Record<string, (argument: string) => Value | null>> = {
  t: (format) =>
    unknownConversion(format) === null
      ? ({ at }, { utcOffsetMinutes }) => strftime(format, at, utcOffsetMinutes(at))
      : null,
  T: (digits) => (DECIMALS.test(digits) ? (event) => secondsInQueue(event, Number(digits)) : null),
  us: (digits) => (DECIMALS.test(digits) ? ({ at }) => (at / 1000).toFixed(Number(digits)) : null),
};

/** Momentum has these too; nothing here holds what they tell. */
const WITHOUT_SOURCE = ['h', 'vctx_conn', 'vctx_mess'];

/** Longest names first, so that %BI is not read as %B. */
const NAMES = [...new Set([...Object.keys(PLAIN_VALUES), ...Object.keys(BRACED_VALUES), ...WITHOUT_SOURCE])].sort(
  (a, b) => b.length - a.length || (a < b ? -1 : 1),
);
const SPECIFIER = new RegExp(`%(${NAMES.join('|')})(\\{[^}]*\\})?`, 'y');

export function readFormat(text: string): ReadFormat {
  const parts: (string | Value)[] = [];
  let at = 0;
  while (at < text.length) {
    const next = text.indexOf('%', at);
    if (next !== at) parts.push(withoutControls(text.slice(at, next < 0 ? text.length : next)));
    if (next < 0) break;
    SPECIFIER.lastIndex = next;
    const found = SPECIFIER.exec(text);
    if (found === null)
      return problem(text.slice(next, next + 2), 'a specifier of docs/logs.md, or %% for a per cent sign');
    const [whole, name, braced] = found;
    if (WITHOUT_SOURCE.includes(name!))
      return problem(whole, 'a specifier that does not need headers or policy scripts');
    const value = valueFor(name!, braced ?? null);
    if (value === null) return problem(whole, 'digits behind %T and %us, conversions of strftime behind %t');
    parts.push(value);
    at =
      next +
      (braced === undefined || Object.hasOwn(BRACED_VALUES, name!) ? whole.length : whole.length - braced.length);
  }
  return { kind: 'format', format: parts };
}

/** @returns the line, without its end */
export function formatLine(format: CustomFormat, event: CustomEvent, surroundings: CustomSurroundings): string {
  let line = '';
  for (const part of format) line += typeof part === 'string' ? part : part(event, surroundings);
  return line;
}

function valueFor(name: string, braced: string | null): Value | null {
  const make = BRACED_VALUES[name];
  if (braced !== null && make !== undefined) return make(braced.slice(1, -1));
  return PLAIN_VALUES[name] ?? null;
}

const problem = (found: string, expected: string): ReadFormat => ({ kind: 'problem', found, expected });

const senderOf = ({ envelope, sender }: CustomEvent): string => envelope?.reversePath ?? sender;

const recipientOf = ({ recipient, refusedRecipient }: CustomEvent): string => recipient?.mailbox ?? refusedRecipient;

/** Never negative, also when the wall clock was set back. */
function secondsInQueue({ at, envelope }: CustomEvent, decimals: number): string {
  return (envelope === null ? 0 : Math.max(0, at - envelope.receivedAt) / 1000).toFixed(decimals);
}
