// The outcome as one page with plots that needs no network: style and pictures are in it, and it has no script.
import { chart, escapeHtml, type Line } from './chart.ts';
import type { Figures, Row } from './figures.ts';
import { formatChange, formatMetric, MAIL_METRICS, type Metric, REFUSAL_METRICS } from './metric.ts';
import {
  counted,
  instant,
  type Outcome,
  pairOfAll,
  pairsOfBindings,
  pairsOfQueues,
  type RowPair,
  titleOf,
} from './outcome.ts';

/** Points of a line at most; steps in between are put together. */
const POINTS_MAX = 256;
/** A page with more would be too large to open. */
const QUEUES_MAX = 200;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const TIME_STEPS = [
  1,
  2,
  5,
  10,
  20,
  50,
  100,
  200,
  500,
  1000,
  2000,
  5000,
  10_000,
  20_000,
  30_000,
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 4, 6, 12, 24, 48, 96, 240, 480].map((hours) => hours * HOUR_MS),
];
const HUNDRED_STEPS = [20];

/** @param most queues with plots */
export function formatHtmlReport(outcome: Outcome, most: number): string {
  const { candidate, against } = outcome;
  const all = pairOfAll(outcome);
  const bindings = pairsOfBindings(outcome);
  const queues = pairsOfQueues(outcome);
  const shown = queues.slice(0, Math.min(most, QUEUES_MAX));
  const pairs = [all, ...bindings, ...shown];
  const title = against === null ? `Rehearsal of ${candidate.file}` : `${candidate.file} against ${against.file}`;
  const about = [
    `${counted(candidate.all.received)} from ${instant(outcome.startsAt)} to ${instant(outcome.lastArrivalAt)}: ${outcome.traffic}`,
    `receivers: ${outcome.receivers ?? 'as they are without --receivers'}; seed ${outcome.seed}`,
    ...outcome.notes,
    ...(queues.length > shown.length
      ? [`${queues.length - shown.length} queues with fewer messages are left out (--top N, --all)`]
      : []),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
${about.map((line) => `<p>${escapeHtml(line)}</p>`).join('\n')}
<h2>Mail</h2>
${table(pairs, MAIL_METRICS)}
<h2>Refusals</h2>
${table(pairs, REFUSAL_METRICS)}
<h2>Over time</h2>
${section(all, outcome, true)}
${[...bindings, ...shown].map((pair) => section(pair, outcome, false)).join('\n')}
</body>
</html>
`;
}

const STYLE = `
:root{color-scheme:light dark;--text:#1b1f24;--soft:#667;--rule:#dde;--back:#fff;--candidate:#0b62c4;--against:#c4610b;--limit:#b3261e}
@media (prefers-color-scheme:dark){:root{--text:#e4e6ea;--soft:#99a;--rule:#334;--back:#14171c;--candidate:#6db1ff;--against:#ffb066;--limit:#ff7a70}}
body{font:14px/1.45 system-ui,sans-serif;color:var(--text);background:var(--back);max-width:1120px;margin:2em auto;padding:0 1em}
h1{font-size:1.5em}h2{font-size:1.2em;margin-top:1.6em}p{margin:.2em 0;color:var(--soft)}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.15em .7em;text-align:right;white-space:nowrap}th:first-child,td:first-child{text-align:left}
thead th{border-bottom:1px solid var(--rule)}tbody tr.first>*{border-top:1px solid var(--rule)}
td.side{text-align:left}tr.change td{color:var(--soft)}
details{border-top:1px solid var(--rule);padding:.5em 0}summary{cursor:pointer;font-weight:600}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(420px,1fr));gap:.5em 1.5em}
figure{margin:.6em 0}figcaption{font-size:.95em}
svg{width:100%;height:auto}.grid{stroke:var(--rule);fill:none}
svg text{font:11px system-ui,sans-serif;fill:var(--soft)}text.y{text-anchor:end}text.x{text-anchor:middle}
.line{fill:none;stroke-width:1.6;stroke-linejoin:round}
.line.candidate{stroke:var(--candidate)}.line.against{stroke:var(--against);stroke-dasharray:5 3}
.line.limit{stroke:var(--limit);stroke-width:1.2}.line.against-limit{stroke:var(--limit);stroke-width:1.2;stroke-dasharray:3 3}
.line.candidate.p95,.line.against.p95{opacity:.75}.line.candidate.p99,.line.against.p99{opacity:.5}
.key{margin-left:.8em;font-size:.85em;color:var(--soft)}.key::before{content:"\\2014\\2009";font-weight:700}
.key.candidate::before{color:var(--candidate)}.key.against::before{color:var(--against)}
.key.limit::before,.key.against-limit::before{color:var(--limit)}
.key.p95::before{opacity:.75}.key.p99::before{opacity:.5}
`;

function table(pairs: readonly RowPair[], metrics: readonly Metric[]): string {
  const heads = metrics.map(({ heading }) => `<th>${escapeHtml(heading)}</th>`).join('');
  const body = pairs.map((pair) => {
    const { candidate, against } = pair;
    const title = escapeHtml(titleOf(pair));
    const cells = (row: Row): string =>
      metrics.map((metric) => `<td>${formatMetric(metric, metric.of(row))}</td>`).join('');
    if (against === null) return `<tr><td>${title}</td>${cells(candidate)}</tr>`;
    const changes = metrics
      .map((metric) => `<td>${formatChange(metric, metric.of(against), metric.of(candidate))}</td>`)
      .join('');
    return (
      `<tr class="first"><th rowspan="3">${title}</th><td class="side">against</td>${cells(against)}</tr>` +
      `<tr><td class="side">candidate</td>${cells(candidate)}</tr><tr class="change"><td class="side">change</td>${changes}</tr>`
    );
  });
  const second = pairs[0]?.against == null ? '' : '<th></th>';
  return `<div class="wide"><table><thead><tr><th></th>${second}${heads}</tr></thead><tbody>\n${body.join('\n')}\n</tbody></table></div>`;
}

function section(pair: RowPair, outcome: Outcome, isOpen: boolean): string {
  const { candidate, against } = outcome;
  const xMax = Math.max(candidate.durationMs, against?.durationMs ?? 0);
  const sides: Side[] = [
    { name: against === null ? '' : 'candidate', style: 'candidate', row: pair.candidate, of: candidate },
  ];
  if (pair.against !== null && against !== null) {
    sides.unshift({ name: 'against', style: 'against', row: pair.against, of: against });
  }
  const overTime = { xMax, formatX: formatShort, xSteps: TIME_STEPS, formatY: formatCount, isTime: false };
  const courses = sides.map((side) => ({ ...side, course: side.row.course() }));
  const counts = (what: 'backlog' | 'open' | 'refused', label: string): Line[] =>
    courses.map(({ name, style, of, course }) => ({
      name: name || label,
      style,
      points: gathered(course[what], of.stepMs, what === 'refused' ? sum : highest),
      isStepped: true,
    }));
  const limits = sides.flatMap(({ name, style, row: { limit } }): Line[] =>
    limit === null
      ? []
      : [
          {
            name: `limit ${limit}${name === '' ? '' : ` (${name})`}`,
            style: style === 'against' ? 'against-limit' : 'limit',
            points: [
              [0, limit],
              [xMax, limit],
            ],
            isStepped: false,
          },
        ],
  );
  const peak = Math.max(...sides.map(({ row }) => row.peak));
  // A limit far above would press the line flat; it stands in the legend either way.
  const near = limits.map((line) => (line.points[0]![1]! > 20 * Math.max(1, peak) ? { ...line, points: [] } : line));
  const plots = [
    chart({ ...overTime, title: 'Backlog', lines: counts('backlog', 'messages') }),
    chart({ ...overTime, title: 'Connections', lines: [...counts('open', 'open'), ...near] }),
    pair.binding === null ? timesOverTime(sides, xMax) : timesByShare(sides),
    chart({ ...overTime, title: 'Refusals in each step', lines: counts('refused', 'refusals') }),
  ];
  const title = escapeHtml(titleOf(pair));
  return `<details${isOpen ? ' open' : ''}><summary>${title}</summary><div class="plots">${plots.join('\n')}</div></details>`;
}

interface Side {
  readonly name: string;
  readonly style: 'candidate' | 'against';
  readonly row: Row;
  readonly of: Figures;
}

const DELIVERY_TIME = { formatY: formatShort, isTime: true };

function timesOverTime(sides: readonly Side[], xMax: number): string {
  const lines = sides.flatMap(({ name, style, of }) =>
    (['p50', 'p95', 'p99'] as const).map((which) => ({
      name: `${which}${name === '' ? '' : ` ${name}`}`,
      style: `${style} ${which}`,
      points: gathered(of.deliveryTimes[which], of.stepMs, highest),
      isStepped: true,
    })),
  );
  return chart({ ...DELIVERY_TIME, title: 'Delivery time', lines, xMax, formatX: formatShort, xSteps: TIME_STEPS });
}

/** Of one queue: which time which share of its mail does not exceed. */
function timesByShare(sides: readonly Side[]): string {
  const lines = sides.map(({ name, style, row }) => ({
    name: name || 'time within which that share is delivered',
    style,
    points: row.shares().map(([share, ms]) => [share * 100, ms] as const),
    isStepped: false,
  }));
  const formatX = (value: number): string => `${value} %`;
  return chart({ ...DELIVERY_TIME, title: 'Delivery time', lines, xMax: 100, formatX, xSteps: HUNDRED_STEPS });
}

const highest = (a: number, b: number): number => Math.max(a, b);
const sum = (a: number, b: number): number => a + b;

/** A point for each step, or for several together when there are many. */
function gathered(
  values: readonly (number | null)[],
  stepMs: number,
  join: (a: number, b: number) => number,
): readonly (readonly [number, number | null])[] {
  const together = Math.max(1, Math.ceil(values.length / POINTS_MAX));
  const points: [number, number | null][] = [];
  for (let from = 0; from < values.length; from += together) {
    const group = values.slice(from, from + together).filter((value) => value !== null);
    points.push([from * stepMs, group.length === 0 ? null : group.reduce(join)]);
  }
  const last = points.at(-1);
  if (last !== undefined) points.push([values.length * stepMs, last[1]]);
  return points;
}

function formatCount(value: number): string {
  if (value >= 1_000_000) return `${Math.round(value / 10_000) / 100}M`;
  return value >= 10_000 ? `${Math.round(value / 100) / 10}k` : String(value);
}

/** Of an axis: `200ms`, `5s`, `15m`, `6h`, `3d` */
function formatShort(ms: number): string {
  if (ms === 0) return '0';
  if (ms < 1000) return `${ms}ms`;
  if (ms < MINUTE_MS) return `${ms / 1000}s`;
  if (ms < HOUR_MS) return `${Math.round((ms / MINUTE_MS) * 10) / 10}m`;
  if (ms <= 96 * HOUR_MS) return `${Math.round((ms / HOUR_MS) * 10) / 10}h`;
  return `${Math.round((ms / (24 * HOUR_MS)) * 10) / 10}d`;
}
