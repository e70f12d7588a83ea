// The outcome as tables for a terminal: mail, refusals, and the backlog over time.
import { shortened } from '../core/base/printable.ts';
import type { Figures, Row } from './figures.ts';
import { formatChange, formatDuration, formatMetric, MAIL_METRICS, type Metric, REFUSAL_METRICS } from './metric.ts';
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

const TITLE_WIDTH_MAX = 44;
/** Parts of the whole time in which a backlog is shown. */
const COLUMNS = 48;
const LEVELS = '▁▂▃▄▅▆▇█';

/** @param most queues shown */
export function formatTextReport(outcome: Outcome, most: number): string {
  const { candidate, against, startsAt, lastArrivalAt } = outcome;
  const queues = pairsOfQueues(outcome);
  const shown = [pairOfAll(outcome), ...pairsOfBindings(outcome), ...queues.slice(0, most)];
  const lines = [
    `${counted(candidate.all.received)} from ${instant(startsAt)} to ${instant(lastArrivalAt)}: ${outcome.traffic}`,
    `receivers: ${outcome.receivers ?? 'as they are without --receivers'}; seed ${outcome.seed}`,
    ...(against === null
      ? [`configuration: ${candidate.file}`]
      : [`candidate: ${candidate.file}; against: ${against.file}`]),
    ...outcome.notes.map((note) => `note: ${note}`),
    '',
    'Mail',
    ...table(shown, MAIL_METRICS),
    '',
    'Refusals',
    ...table(shown, REFUSAL_METRICS),
    '',
    ...backlogs(shown, candidate, against),
  ];
  const left = queues.length - most;
  if (left > 0) lines.push('', `${left} more (binding, domain) with fewer messages: --top N or --all`);
  return `${lines.join('\n')}\n`;
}

function table(pairs: readonly RowPair[], metrics: readonly Metric[]): string[] {
  const rows: (readonly string[])[] = [['', ...metrics.map(({ heading }) => heading)]];
  for (const pair of pairs) {
    const title = shortened(titleOf(pair), TITLE_WIDTH_MAX);
    const cells = (row: Row): string[] => metrics.map((metric) => formatMetric(metric, metric.of(row)));
    const { candidate, against } = pair;
    if (against === null) {
      rows.push([title, ...cells(candidate)]);
      continue;
    }
    rows.push([title], ['  against', ...cells(against)], ['  candidate', ...cells(candidate)]);
    const changes = metrics.map((metric) => formatChange(metric, metric.of(against), metric.of(candidate)));
    rows.push(['  change', ...changes]);
  }
  const widths = metrics.map((_, column) => Math.max(...rows.map((row) => (row[column + 1] ?? '').length)));
  const first = Math.max(...rows.map(([title = '']) => title.length));
  return rows.map(([title = '', ...cells]) =>
    [title.padEnd(first), ...cells.map((cell, column) => cell.padStart(widths[column]!))].join('  ').trimEnd(),
  );
}

function backlogs(pairs: readonly RowPair[], candidate: Figures, against: Figures | null): string[] {
  const wholeMs = Math.max(candidate.durationMs, against?.durationMs ?? 0);
  const lines = [
    `Backlog over time, ${COLUMNS} parts of ${formatDuration(wholeMs / COLUMNS)}, each row to its own peak`,
  ];
  const first = Math.max(...pairs.map((pair) => Math.min(TITLE_WIDTH_MAX, titleOf(pair).length)), 11);
  for (const pair of pairs) {
    const title = shortened(titleOf(pair), TITLE_WIDTH_MAX).padEnd(first);
    const peak = Math.max(pair.candidate.backlogPeak, pair.against?.backlogPeak ?? 0);
    const line = (row: Row, stepMs: number): string => levels(row.course().backlog, stepMs, wholeMs, peak);
    const own = line(pair.candidate, candidate.stepMs);
    if (pair.against === null || against === null) {
      lines.push(`${title}  ${own}  ${peak}`);
    } else {
      lines.push(
        title.trimEnd(),
        `${'  against'.padEnd(first)}  ${line(pair.against, against.stepMs)}  ${pair.against.backlogPeak}`,
      );
      lines.push(`${'  candidate'.padEnd(first)}  ${own}  ${pair.candidate.backlogPeak}`);
    }
  }
  return lines;
}

/** A character for each part: a blank for nothing. */
function levels(backlog: readonly number[], stepMs: number, wholeMs: number, peak: number): string {
  const parts = new Array<number>(COLUMNS).fill(0);
  backlog.forEach((value, step) => {
    const from = Math.floor((step * stepMs * COLUMNS) / wholeMs);
    const to = Math.max(from, Math.ceil(((step + 1) * stepMs * COLUMNS) / wholeMs) - 1);
    for (let part = from; part <= Math.min(to, COLUMNS - 1); part++) parts[part] = Math.max(parts[part]!, value);
  });
  return parts
    .map((value) =>
      value === 0 ? ' ' : LEVELS[Math.min(LEVELS.length, Math.ceil((value / peak) * LEVELS.length)) - 1],
    )
    .join('');
}
