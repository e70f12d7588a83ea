// The figures that reports show and compare, in their order, and how each is written.
import type { Row } from './figures.ts';

export interface Metric {
  /** In JSON. */
  readonly name: string;
  /** As a heading. */
  readonly heading: string;
  readonly unit: 'count' | 'limit' | 'time';
  of(row: Row): number | null;
}

export const MAIL_METRICS: readonly Metric[] = [
  { name: 'messages', heading: 'messages', unit: 'count', of: ({ received }) => received },
  { name: 'delivered', heading: 'delivered', unit: 'count', of: ({ delivered }) => delivered },
  { name: 'failed', heading: 'failed', unit: 'count', of: ({ failed }) => failed },
  { name: 'left', heading: 'left', unit: 'count', of: ({ left }) => left },
  { name: 'peakConnections', heading: 'peak', unit: 'count', of: ({ peak }) => peak },
  { name: 'limit', heading: 'limit', unit: 'limit', of: ({ limit }) => limit },
  { name: 'p50Ms', heading: 'p50', unit: 'time', of: ({ p50 }) => p50 },
  { name: 'p95Ms', heading: 'p95', unit: 'time', of: ({ p95 }) => p95 },
  { name: 'p99Ms', heading: 'p99', unit: 'time', of: ({ p99 }) => p99 },
  { name: 'backlogPeak', heading: 'backlog', unit: 'count', of: ({ backlogPeak }) => backlogPeak },
  { name: 'drainedAtMs', heading: 'drained', unit: 'time', of: ({ drainedAt }) => drainedAt },
];

export const REFUSAL_METRICS: readonly Metric[] = [
  { name: 'connections', heading: 'connections', unit: 'count', of: ({ connections }) => connections },
  refusal('tooManyConnections', '421 banner'),
  refusal('connectionUsedUp', '421 later'),
  refusal('transient', '4yz'),
  refusal('tooFast', '4yz rate'),
  refusal('permanent', '5yz'),
  refusal('down', 'down'),
];

export const METRICS: readonly Metric[] = [...MAIL_METRICS, ...REFUSAL_METRICS];

function refusal(kind: keyof Row['refusals'], heading: string): Metric {
  return { name: kind, heading, unit: 'count', of: ({ refusals }) => refusals[kind] };
}

export function formatMetric({ unit }: Metric, value: number | null): string {
  if (value === null) return '-';
  return unit === 'time' ? formatDuration(value) : String(value);
}

/** With its sign; `=` for none, `-` where one of the two does not exist. */
export function formatChange(metric: Metric, from: number | null, to: number | null): string {
  if (from === to) return '=';
  if (from === null || to === null) return '-';
  const change = to - from;
  return `${change < 0 ? '-' : '+'}${formatMetric(metric, Math.abs(change))}`;
}

/** `0.412s`, `12.3s`, `4m05s`, `3h12m`, `2d03h` */
export function formatDuration(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(3)}s`;
  if (ms < 99_950) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 6000) return `${Math.floor(minutes / 60)}h${two(minutes % 60)}m`;
  const hours = Math.round(minutes / 60);
  return `${Math.floor(hours / 24)}d${two(hours % 24)}h`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
