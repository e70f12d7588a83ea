// The arguments of `headgate simulate`.

import { readShape, type SyntheticShape } from '../rehearsal/synthetic-shape.ts';
import { parseOptions } from './option-arguments.ts';

export type SimulateTraffic =
  | { readonly kind: 'trace'; readonly files: readonly string[] }
  | { readonly kind: 'synthetic'; readonly shape: SyntheticShape; readonly text: string };

export interface SimulateArguments {
  readonly file: string;
  readonly against: string | null;
  readonly traffic: SimulateTraffic;
  readonly receivers: string | null;
  readonly seed: number;
  /** How long mail may still be delivered after the last arrival. */
  readonly drainHours: number;
  /** Queues that are shown. */
  readonly top: number;
  readonly json: boolean;
  readonly html: string | null;
}

export type ParsedSimulateArguments =
  | { readonly kind: 'arguments'; readonly arguments: SimulateArguments }
  /** Nothing is rehearsed: a receivers file is made of logs. */
  | { readonly kind: 'learn'; readonly to: string; readonly files: readonly string[] }
  | { readonly kind: 'help' }
  | { readonly kind: 'refused'; readonly reason: string };

const DEFAULT_FILE = '/etc/headgate/headgate.conf';
const DEFAULT_TOP = 10;
const DEFAULT_DRAIN_HOURS = 24;

const OPTIONS = {
  config: { type: 'string', short: 'c' },
  against: { type: 'string' },
  traffic: { type: 'string', multiple: true },
  synthetic: { type: 'string' },
  receivers: { type: 'string' },
  seed: { type: 'string' },
  drain: { type: 'string' },
  top: { type: 'string' },
  all: { type: 'boolean' },
  json: { type: 'boolean' },
  html: { type: 'string' },
  learn: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** @param argv what follows `headgate simulate` */
export function parseSimulateArguments(argv: readonly string[]): ParsedSimulateArguments {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(argv);
  } catch (error) {
    return { kind: 'refused', reason: (error as Error).message };
  }
  if (values.help === true) return { kind: 'help' };
  for (const name of ['seed', 'drain', 'top'] as const) {
    const text = values[name];
    if (text !== undefined && !/^\d{1,9}$/.test(text)) {
      return { kind: 'refused', reason: `--${name}: found "${text}"; expected a whole number from 0` };
    }
  }
  const { traffic: files = [], synthetic, learn } = values;
  if (learn !== undefined) {
    const others = Object.keys(values).filter((name) => name !== 'learn' && name !== 'traffic');
    if (files.length > 0 && others.length === 0) return { kind: 'learn', to: learn, files };
    const found = others.length > 0 ? `--${others.join(' and --')} beside it` : 'no traffic';
    return { kind: 'refused', reason: `--learn: found ${found}; expected --traffic FILE and nothing else` };
  }
  if (files.length > 0 === (synthetic !== undefined)) {
    return {
      kind: 'refused',
      reason: 'found no traffic or two kinds of it; expected --traffic FILE or --synthetic SHAPE',
    };
  }
  let traffic: SimulateTraffic = { kind: 'trace', files };
  if (synthetic !== undefined) {
    const read = readShape(synthetic);
    if (read.kind === 'refused') return { kind: 'refused', reason: `--synthetic: ${read.reason}` };
    traffic = { kind: 'synthetic', shape: read.shape, text: synthetic };
  }
  return {
    kind: 'arguments',
    arguments: {
      file: values.config ?? DEFAULT_FILE,
      against: values.against ?? null,
      traffic,
      receivers: values.receivers ?? null,
      seed: Number(values.seed ?? 1),
      drainHours: Number(values.drain ?? DEFAULT_DRAIN_HOURS),
      top: values.all === true ? Number.POSITIVE_INFINITY : Number(values.top ?? DEFAULT_TOP),
      json: values.json === true,
      html: values.html ?? null,
    },
  };
}

function parse(argv: readonly string[]) {
  return parseOptions({ args: [...argv], options: OPTIONS, strict: true }).values;
}
