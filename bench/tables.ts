// Results as tables, for the terminal and for docs/performance.md: the same Markdown, aligned as the formatter has it.
import type { ContestantResult, RowResult, Summary } from './measurement.ts';
import type { Column, Row } from './rows.ts';

export const NOT_MEASURED = '_Not measured yet._';

/** The text of a row: how it was measured, its table, what was left out. */
export function describeRow(row: Row, result: RowResult | undefined): string {
  if (result === undefined || result.contestants.length === 0) return NOT_MEASURED;
  const { contestants, leftOut, command, measuredAt } = result;
  const lines = [result.isTiny ? '**Counts of the smoke test: good for nothing.**\n' : '', tableOf(row, contestants)];
  lines.push('', `- Measured ${measuredAt.slice(0, 10)} with \`${command}\`.`);
  for (const { name, noisyRuns, runs } of contestants) {
    if (noisyRuns > 0) lines.push(`- ${name}: other programs ran during ${noisyRuns} of ${runs} runs.`);
  }
  for (const { name, problems } of contestants) for (const problem of problems) lines.push(`- ${name}: ${problem}.`);
  for (const { name, reason } of leftOut) lines.push(`- ${name} was left out: ${reason}.`);
  return lines.join('\n').trim();
}

function tableOf({ columns }: Row, contestants: readonly ContestantResult[]): string {
  if (columns === null) {
    const cells = contestants.flatMap(({ name, figures }) =>
      Object.entries(figures).map(([figure, { min, median, max }]) => [
        name,
        figure.replaceAll('_', ' '),
        ...[median, min, max].map(significant),
      ]),
    );
    return alignTable([['', 'figure', 'median', 'min', 'max'], ...cells]);
  }
  const headgate = contestants.find(({ name }) => name === 'headgate');
  const compared = headgate === undefined ? [] : columns.filter(({ ratio }) => ratio !== undefined);
  const heads = [
    '',
    ...columns.map(({ title }) => title),
    ...compared.map(({ title, ratio }) =>
      ratio === 'more' ? `Headgate's ${title}, times` : `${title}, times Headgate's`,
    ),
  ];
  const cells = contestants.map((contestant) => [
    contestant.name,
    ...columns.map(({ figure, digits }) => spread(contestant.figures[figure], digits)),
    ...compared.map((column) => ratioOf(column, headgate!, contestant)),
  ]);
  return alignTable([heads, ...cells]);
}

function ratioOf({ figure, ratio }: Column, headgate: ContestantResult, other: ContestantResult): string {
  const [own, theirs] = [headgate.figures[figure]?.median, other.figures[figure]?.median];
  if (own === undefined || theirs === undefined || own === 0 || theirs === 0) return '';
  return (ratio === 'more' ? own / theirs : theirs / own).toFixed(2);
}

/** Median, and in parentheses least and greatest. */
function spread(summary: Summary | undefined, digits: number): string {
  if (summary === undefined) return '';
  const [median, min, max] = [summary.median, summary.min, summary.max].map((value) => grouped(value, digits));
  return min === max ? median! : `${median} (${min} to ${max})`;
}

const grouped = (value: number, digits: number): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** Four figures, and all in front of the point. */
function significant(value: number): string {
  const digits = value === 0 ? 0 : Math.max(0, 3 - Math.floor(Math.log10(Math.abs(value))));
  return grouped(value, digits);
}

export function alignTable([heads, ...rows]: readonly (readonly string[])[]): string {
  const widths = heads!.map((head, at) => Math.max(3, head.length, ...rows.map((row) => row[at]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at]!)).join(' | ')} |`;
  return [line(heads!), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
