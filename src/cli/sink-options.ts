// The arguments of `headgate sink`: behaviours before the first --listen hold for every address, those behind one for
// that address.
import { readFileSync } from 'node:fs';
import type { ParseArgsConfig } from 'node:util';
import { systemErrorText } from '../core/base/system-error.ts';
import { parseOptions } from './option-arguments.ts';
import { TEST_ID_HEADER } from './sink-arrivals.ts';
import {
  type Break,
  PLAIN_BEHAVIOUR,
  type Refusal,
  SINK_STAGES,
  type SinkBehaviour,
  type SinkStage,
  type Span,
} from './sink-behaviour.ts';
import { parseSmtpEndpoint } from './sink-endpoint.ts';
import type { SinkListener } from './sink-server.ts';
import { START_TLS_FAULTS, sinkTls } from './sink-tls.ts';

export interface SinkArguments {
  readonly listen: readonly SinkListener[];
  readonly seed: number;
  readonly idHeader: string | null;
  /** Messages after which the command ends; 0 = only by signal. */
  readonly count: number;
  readonly json: boolean;
}

export type ParsedSinkArguments =
  | { readonly kind: 'arguments'; readonly arguments: SinkArguments }
  | { readonly kind: 'help' }
  | { readonly kind: 'refused'; readonly reason: string };

const DEFAULT_LISTENER: SinkListener = { address: '127.0.0.1', port: 2525 };

/** Options of the whole command. */
const COMMAND_OPTIONS = {
  seed: { type: 'string' },
  ids: { type: 'boolean' },
  'id-header': { type: 'string' },
  count: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Change = (behaviour: SinkBehaviour) => Partial<SinkBehaviour>;

/** Each option of behaviour: its value to the change that it makes. A string is what was expected instead. */
const BEHAVIOUR_OPTIONS: Readonly<Record<string, (value: string) => Change | string>> = {
  delay: parseDelay,
  refuse: parseRefusal,
  'hang-up': (value) => parseBreak(value, 'hangUp'),
  reset: (value) => parseBreak(value, 'reset'),
  silence: (value) => parseBreak(value, 'silence'),
  without: parseMissing,
  starttls: parseStartTls,
  'size-max': count((sizeMax) => ({ sizeMax })),
  'messages-per-connection': count((messagesPerConnection) => ({ messagesPerConnection })),
  'connections-per-source': count((connectionsPerSource) => ({ connectionsPerSource })),
  'idle-timeout': count((idleTimeoutMs) => ({ idleTimeoutMs })),
  hold: (value) => {
    const holdAfterQuit = parseSpan(value);
    return holdAfterQuit === null ? SPAN : () => ({ holdAfterQuit });
  },
};

const SPAN = 'milliseconds as 20, 20-50 or never';
const STAGE_AND_RATE = `STAGE or STAGE:RATE with a rate from 0 to 1 and a stage of ${SINK_STAGES.join(', ')}`;

/** @param argv what follows `headgate sink` */
export function parseSinkArguments(argv: readonly string[]): ParsedSinkArguments {
  const options: ParseArgsConfig['options'] = { ...COMMAND_OPTIONS, listen: { type: 'string' } };
  for (const name of Object.keys(BEHAVIOUR_OPTIONS)) options[name] = { type: 'string' };
  let parsed: ReturnType<typeof parseTokens>;
  try {
    parsed = parseTokens(argv, options);
  } catch (error) {
    return { kind: 'refused', reason: (error as Error).message };
  }
  if (parsed.values['help'] === true) return { kind: 'help' };
  const common: Change[] = [];
  const listeners: { endpoint: SinkListener; changes: Change[] }[] = [];
  for (const token of parsed.tokens) {
    if (token.kind !== 'option' || token.value === undefined) continue;
    const refuse = (expected: string): ParsedSinkArguments => ({
      kind: 'refused',
      reason: `--${token.name}: found "${token.value}"; expected ${expected}`,
    });
    if (token.name === 'listen') {
      const endpoint = parseSmtpEndpoint(token.value);
      if (endpoint.kind === 'refused') return { kind: 'refused', reason: `--listen: ${endpoint.reason}` };
      listeners.push({ endpoint: endpoint.endpoint, changes: [] });
    } else if (token.name in BEHAVIOUR_OPTIONS) {
      const change = BEHAVIOUR_OPTIONS[token.name]!(token.value);
      if (typeof change === 'string') return refuse(change);
      (listeners.at(-1)?.changes ?? common).push(change);
    } else if ((token.name === 'seed' || token.name === 'count') && !/^\d{1,9}$/.test(token.value)) {
      return refuse('a number from 0');
    }
  }
  if (listeners.length === 0) listeners.push({ endpoint: DEFAULT_LISTENER, changes: [] });
  const { seed, count, json, ids, 'id-header': idHeader } = parsed.values;
  return {
    kind: 'arguments',
    arguments: {
      listen: listeners.map(({ endpoint, changes }) => ({
        ...endpoint,
        behaviour: behaviourOf([...common, ...changes]),
      })),
      seed: Number(seed ?? 1),
      count: Number(count ?? 0),
      idHeader: typeof idHeader === 'string' ? idHeader : ids === true ? TEST_ID_HEADER : null,
      json: json === true,
    },
  };
}

function parseTokens(argv: readonly string[], options: NonNullable<ParseArgsConfig['options']>) {
  return parseOptions({ args: [...argv], options, tokens: true, strict: true });
}

function behaviourOf(changes: readonly Change[]): SinkBehaviour {
  let behaviour = PLAIN_BEHAVIOUR;
  for (const change of changes) behaviour = { ...behaviour, ...change(behaviour) };
  return behaviour;
}

/** `20-50` for every reply, `mail=20` for one. */
function parseDelay(value: string): Change | string {
  const [, stageText, spanText] = /^(?:([a-z]+)=)?(.*)$/.exec(value) ?? [];
  const span = parseSpan(spanText ?? '');
  const stages = stageText === undefined ? SINK_STAGES : SINK_STAGES.filter((stage) => stage === stageText);
  if (span === null || stages.length === 0) return `${SPAN}, with STAGE= in front for one reply only`;
  const delays = Object.fromEntries(stages.map((stage) => [stage, span]));
  return (behaviour) => ({ delays: { ...behaviour.delays, ...delays } });
}

/** `rcpt=550` or `rcpt=550:0.1`. */
function parseRefusal(value: string): Change | string {
  const [, stageText, code, rateText] = /^([a-z]+)=([45]\d\d)(?::(.+))?$/.exec(value) ?? [];
  const stage = stageOf(stageText);
  const rate = parseRate(rateText);
  if (stage === null || stage === 'body' || rate === null) return 'STAGE=CODE or STAGE=CODE:RATE, such as rcpt=450:0.1';
  const refusal: Refusal = { stage, code: Number(code), rate };
  return (behaviour) => ({ refusals: [...behaviour.refusals, refusal] });
}

/** `data` or `data:0.1`. */
function parseBreak(value: string, how: Break['how']): Change | string {
  const [, stageText, rateText] = /^([a-z]+)(?::(.+))?$/.exec(value) ?? [];
  const stage = stageOf(stageText);
  const rate = parseRate(rateText);
  if (stage === null || rate === null) return STAGE_AND_RATE;
  return (behaviour) => ({ breaks: [...behaviour.breaks, { stage, how, rate }] });
}

/** `receiver.pem` or `receiver.pem:refuse`. */
function parseStartTls(value: string): Change | string {
  const [, file = '', word = 'none'] = /^(.+?)(?::([a-z]+))?$/.exec(value) ?? [];
  const fault = START_TLS_FAULTS.find((known) => known === word);
  if (fault === undefined) return `FILE or FILE:FAULT with a fault of ${START_TLS_FAULTS.join(', ')}`;
  try {
    const tls = sinkTls(readFileSync(file, 'latin1'), fault);
    return () => ({ tls });
  } catch (error) {
    return `a PEM file with a certificate and its key (${systemErrorText(error)})`;
  }
}

function parseMissing(value: string): Change | string {
  switch (value) {
    case 'ehlo':
      return () => ({ ehlo: false });
    case 'pipelining':
      return () => ({ pipelining: false });
    case '8bitmime':
      return () => ({ eightBitMime: false });
    default:
      return 'ehlo, pipelining or 8bitmime';
  }
}

function count(change: (count: number) => Partial<SinkBehaviour>): (value: string) => Change | string {
  return (value) => (/^\d{1,9}$/.test(value) ? () => change(Number(value)) : 'a number from 0');
}

function parseSpan(text: string): Span | null {
  if (text === 'never') return { from: Number.POSITIVE_INFINITY, to: Number.POSITIVE_INFINITY };
  const [, from, to = from] = /^(\d{1,8})(?:-(\d{1,8}))?$/.exec(text) ?? [];
  return from === undefined || Number(to) < Number(from) ? null : { from: Number(from), to: Number(to) };
}

/** 1 when it is left out. */
function parseRate(text: string | undefined): number | null {
  if (text === undefined) return 1;
  const rate = /^\d(\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
  return rate >= 0 && rate <= 1 ? rate : null;
}

function stageOf(text: string | undefined): SinkStage | null {
  return SINK_STAGES.find((stage) => stage === text) ?? null;
}
