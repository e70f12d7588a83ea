// What a measuring program prints for other programs, what the suite makes of several rounds of it, and the file that
// docs/performance.md is filled from.

/** Figures of one run by their names; the unit is the end of the name. Null: could not be read on this machine. */
export type Figures = Readonly<Record<string, number | null>>;

/** The last line that a measuring program writes to its output with `--json`. */
export interface Measurement {
  readonly name: string;
  readonly figures: Figures;
  /** Others took so much of the machine meanwhile that the figures are worth little. */
  readonly isNoisy: boolean;
  /** What went wrong without ending the run: lost mail, a limit that was passed. */
  readonly problems: readonly string[];
}

export interface Summary {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** One server, or one part, over all rounds of a row. */
export interface ContestantResult {
  readonly name: string;
  readonly runs: number;
  readonly noisyRuns: number;
  readonly figures: Readonly<Record<string, Summary>>;
  readonly problems: readonly string[];
}

export interface RowResult {
  readonly title: string;
  /** The command that measures this row again. */
  readonly command: string;
  /** The counts were those of the smoke test: good for nothing but to see that it works. */
  readonly isTiny: boolean;
  readonly measuredAt: string;
  /** How long the row took, all rounds. */
  readonly minutes?: number;
  /** Why there are fewer rounds than were asked for. */
  readonly shortened?: string;
  readonly contestants: readonly ContestantResult[];
  /** What could not be measured, and why. */
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
}

export interface Results {
  readonly machine: Readonly<Record<string, string>>;
  readonly rows: Readonly<Record<string, RowResult>>;
}

export function printMeasurement(
  name: string,
  figures: Figures,
  problems: readonly string[] = [],
  isNoisy = false,
): void {
  const measurement: Measurement = { name, figures: roundAll(figures), isNoisy, problems };
  process.stdout.write(`${JSON.stringify(measurement)}\n`);
}

export function summarise(name: string, measurements: readonly Measurement[]): ContestantResult {
  const names = new Set(measurements.flatMap(({ figures }) => Object.keys(figures)));
  const figures: Record<string, Summary> = {};
  for (const figure of names) {
    const values = measurements.map((measurement) => measurement.figures[figure]).filter((value) => value != null);
    if (values.length > 0) figures[figure] = summaryOf(values);
  }
  return {
    name,
    runs: measurements.length,
    noisyRuns: measurements.filter(({ isNoisy }) => isNoisy).length,
    figures,
    problems: [...new Set(measurements.flatMap(({ problems }) => problems))],
  };
}

/** The value below which `share` of the values lie. @param sorted rising, not empty */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

/** @param values not empty */
export function summaryOf(values: readonly number[]): Summary {
  const sorted = values.toSorted((one, other) => one - other);
  const median = (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
  return { min: sorted[0]!, median, max: sorted.at(-1)! };
}

/** Six figures are more than any of them is worth. */
function roundAll(figures: Figures): Figures {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [name, value === null ? null : Number(value.toPrecision(6))]),
  );
}
