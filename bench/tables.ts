// Results as tables, for the terminal and for docs/performance.md: the same Markdown, aligned as the formatter has it.
import type { Column, ColumnLayout, Goal, MedianOf } from './layout.ts';
import type { ContestantResult, RowResult, Summary } from './measurement.ts';
import type { Row } from './row.ts';

/** Heads, then lines. */
type Table = readonly (readonly string[])[];
type RowResults = Readonly<Record<string, RowResult>>;

export const NOT_MEASURED = '_Not measured yet._';

function took(minutes: number | undefined): string {
  if (minutes === undefined) return '';
  return minutes < 1 ? ', in less than a minute' : `, in ${Math.round(minutes)} minutes`;
}

/** The text of a row: its table, how it was measured, what was left out, and what its figures had to reach. */
export function describeRow(row: Row, results: RowResults): string {
  const result = results[row.id];
  const sources = [result, ...(row.from ?? []).map((id) => results[id])].filter((one) => one !== undefined);
  const isTiny = sources.some((source) => source.isTiny);
  const median = medianIn(results, row.id);
  const table = tableOf(row, result?.contestants ?? [], median);
  if (table.length <= 1) return NOT_MEASURED;
  return [
    ...(isTiny ? ['**Counts of the smoke test: good for nothing.**', ''] : []),
    alignTable(table),
    '',
    ...(result === undefined ? [] : notesOn(result)),
    ...(row.from === undefined
      ? []
      : [`- ${result === undefined ? 'All' : 'The rest'} is worked out from ${listed(row.from)}.`]),
    ...(isTiny ? [] : (row.goals ?? []).map((goal) => goalLine(goal, median))),
  ].join('\n');
}

const listed = (rows: readonly string[]): string => rows.map((row) => `\`${row}\``).join(', ');

function notesOn({ contestants, leftOut, command, measuredAt, minutes, shortened }: RowResult): string[] {
  const most = Math.max(...contestants.map(({ runs }) => runs));
  return [
    `- Measured ${measuredAt.slice(0, 10)} with \`${command}\`${took(minutes)}.`,
    ...(shortened === undefined ? [] : [`- ${shortened}.`]),
    ...contestants.filter(({ runs }) => runs < most).map(({ name, runs }) => `- ${name}: ${runs} of ${most} rounds.`),
    ...contestants
      .filter(({ noisyRuns }) => noisyRuns > 0)
      .map(({ name, noisyRuns, runs }) => `- ${name}: other programs ran during ${noisyRuns} of ${runs} runs.`),
    ...contestants.flatMap(({ name, problems }) => problems.map((problem) => `- ${name}: ${problem}.`)),
    ...leftOut.map(({ name, reason }) => `- ${name} was left out: ${reason}.`),
  ];
}

function medianIn(results: RowResults, own: string): MedianOf {
  return (contestant, figure, row = own) =>
    results[row]?.contestants.find(({ name }) => name === contestant)?.figures[figure]?.median ?? Number.NaN;
}

function goalLine({ what, bound, digits, value }: Goal, median: MedianOf): string {
  const found = value(median);
  const wanted = 'atLeast' in bound ? `at least ${bound.atLeast}` : `at most ${bound.atMost}`;
  if (!Number.isFinite(found)) return `- Goal: ${what}, ${wanted}. Not measured.`;
  const isMet = 'atLeast' in bound ? found >= bound.atLeast : found <= bound.atMost;
  return `- ${isMet ? 'Goal' : '**Missed**'}: ${what}, ${wanted}: ${grouped(found, digits)}.`;
}

function tableOf({ layout }: Row, contestants: readonly ContestantResult[], median: MedianOf): Table {
  switch (layout.kind) {
    case 'columns':
      return columnTable(layout, contestants, median);
    case 'figures':
      return figureTable(contestants);
    case 'growth':
      return growthTable(contestants);
    case 'side by side':
      return sideBySide(contestants);
  }
}

function columnTable(
  { columns, derived }: ColumnLayout,
  contestants: readonly ContestantResult[],
  median: MedianOf,
): Table {
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
  const workedOut = (derived?.(median) ?? [])
    .filter(({ figures }) => Object.values(figures).some(Number.isFinite))
    .map(({ name, figures, digits }) => [
      name,
      ...columns.map((column) => {
        const value = figures[column.figure] ?? Number.NaN;
        return Number.isFinite(value) ? grouped(value, digits ?? column.digits) : '';
      }),
      ...compared.map(() => ''),
    ]);
  return [heads, ...cells, ...workedOut];
}

function figureTable(contestants: readonly ContestantResult[]): Table {
  const cells = contestants.flatMap(({ name, figures }) =>
    Object.entries(figures).map(([figure, { min, median, max }]) => [
      name,
      figure.replaceAll('_', ' '),
      ...[median, min, max].map(significant),
    ]),
  );
  return [['', 'figure', 'median', 'min', 'max'], ...cells];
}

/** Figures are `STEP_beside_SIZE_ns`: one a line, compared with the first size of its step. */
function growthTable(contestants: readonly ContestantResult[]): Table {
  const lines: string[][] = [];
  for (const { name, figures } of contestants) {
    const firstByStep = new Map<string, number>();
    for (const [figure, summary] of Object.entries(figures)) {
      const [step, size] = figure.replace(/_ns$/, '').split('_beside_') as [string, string];
      const first = firstByStep.get(step) ?? summary.median;
      firstByStep.set(step, first);
      const times = first === 0 ? '' : (summary.median / first).toFixed(2);
      lines.push([name, step, grouped(Number(size), 0), spread(summary, 0), times]);
    }
  }
  return [['of', 'step', 'how many', 'ns of CPU for a message', 'times the first'], ...lines];
}

function sideBySide(contestants: readonly ContestantResult[]): Table {
  const names = [...new Set(contestants.flatMap(({ figures }) => Object.keys(figures)))];
  const heads = ['', ...contestants.map(({ name }) => name)];
  const cells = names.map((figure) => [
    figure.replaceAll('_', ' '),
    ...contestants.map(({ figures }) => {
      const median = figures[figure]?.median;
      return median === undefined ? '' : significant(median);
    }),
  ]);
  return [heads, ...cells];
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

export function alignTable([heads, ...rows]: Table): string {
  const widths = heads!.map((head, at) => Math.max(3, head.length, ...rows.map((row) => row[at]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at]!)).join(' | ')} |`;
  return [line(heads!), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
