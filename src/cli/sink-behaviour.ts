// How a test receiver behaves at one of its addresses: delays, refusals, broken connections, missing extensions. What
// happens by chance is drawn from the sink's seed.
import type { Random } from '../core/base/random.ts';
import type { SinkTls } from './sink-tls.ts';

/** Where a session stands. `body` is between 354 and the final dot, `final` is the reply to the final dot. */
export type SinkStage = 'banner' | 'ehlo' | 'starttls' | 'mail' | 'rcpt' | 'data' | 'body' | 'final' | 'rset' | 'quit';

export const SINK_STAGES: readonly SinkStage[] = [
  'banner',
  'ehlo',
  'starttls',
  'mail',
  'rcpt',
  'data',
  'body',
  'final',
  'rset',
  'quit',
];

/** Milliseconds, drawn evenly from `from` to `to`. `Infinity` is never. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A reply in place of the good one. After 421, and at the banner, the connection is closed. */
export interface Refusal {
  readonly stage: Exclude<SinkStage, 'body'>;
  /** 400 to 599. */
  readonly code: number;
  /** How often, 0 to 1. */
  readonly rate: number;
}

/** An end without a reply: FIN, RST, or nothing at all from then on. */
export interface Break {
  readonly stage: SinkStage;
  readonly how: 'hangUp' | 'reset' | 'silence';
  /** How often, 0 to 1. */
  readonly rate: number;
}

export interface SinkBehaviour {
  /** Wait before the reply of a stage; commands that came with it wait too. `body` has no reply. */
  readonly delays: Readonly<Partial<Record<SinkStage, Span>>>;
  /** The first that applies, in this order, is given. */
  readonly refusals: readonly Refusal[];
  /** Come before refusals. */
  readonly breaks: readonly Break[];
  /** False: EHLO is answered with 502, so that the client says HELO. */
  readonly ehlo: boolean;
  readonly pipelining: boolean;
  readonly eightBitMime: boolean;
  /** Null: STARTTLS is not offered. */
  readonly tls: SinkTls | null;
  /** Largest message in octets. */
  readonly sizeMax: number;
  /** Gives 354 also when every recipient was refused, as some servers do with pipelined commands. */
  readonly takesDataWithoutRecipients: boolean;
  /** Messages of a connection, after which MAIL is answered with 421; 0 = no limit. */
  readonly messagesPerConnection: number;
  /** Silence of the client after which it gets 421; 0 = never. */
  readonly idleTimeoutMs: number;
  /** Connections of one source address at this address, above which the banner is 421; 0 = no limit. */
  readonly connectionsPerSource: number;
  /** Wait between 221 and closing. */
  readonly holdAfterQuit: Span;
}

export const AT_ONCE: Span = { from: 0, to: 0 };

export const PLAIN_BEHAVIOUR: SinkBehaviour = {
  delays: {},
  refusals: [],
  breaks: [],
  ehlo: true,
  pipelining: true,
  eightBitMime: true,
  tls: null,
  sizeMax: 67_108_864,
  takesDataWithoutRecipients: false,
  messagesPerConnection: 0,
  idleTimeoutMs: 0,
  connectionsPerSource: 0,
  holdAfterQuit: AT_ONCE,
};

export function drawSpan(span: Span | undefined, random: Random): number {
  if (span === undefined || span.to === 0) return 0;
  return span.from === span.to ? span.from : span.from + random.next() * (span.to - span.from);
}

/** @returns the break that happens at this stage, if one does */
export function drawBreak(behaviour: SinkBehaviour, stage: SinkStage, random: Random): Break | null {
  return draw(behaviour.breaks, stage, random);
}

/** @returns the refusal that is given at this stage, if one is */
export function drawRefusal(behaviour: SinkBehaviour, stage: SinkStage, random: Random): Refusal | null {
  return draw(behaviour.refusals, stage, random);
}

function draw<T extends Break | Refusal>(choices: readonly T[], stage: SinkStage, random: Random): T | null {
  for (const choice of choices) {
    if (choice.stage === stage && (choice.rate >= 1 || random.next() < choice.rate)) return choice;
  }
  return null;
}
