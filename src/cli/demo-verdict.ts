// The end of the demo: what the receiver counted, compared with what the documentation says and what was sent.

export interface BindingOutcome {
  readonly name: string;
  /** Its Bind_Address, by which the receiver knows it. */
  readonly source: string;
  /** As the documentation of the example says. */
  readonly limit: number;
  /** As the server resolves max_outbound_connections for it. */
  readonly resolved: number;
  /** Most connections at once that the receiver saw from this source. */
  readonly peak: number;
  /** Messages that the server answered with 250. */
  readonly accepted: number;
  /** Messages of these that arrived, by their ids. */
  readonly arrived: number;
  /** Messages that came from this source. */
  readonly fromSource: number;
}

/** What is wrong with a binding, in words; nothing when all is as it should be. */
export function violationsOf(outcome: BindingOutcome): string[] {
  const { name, source, limit, resolved, peak, accepted, arrived, fromSource } = outcome;
  const violations: string[] = [];
  if (resolved !== limit) violations.push(`${name}: the limit in force is ${resolved}; expected ${limit}`);
  if (peak > limit) violations.push(`${name}: ${peak} connections at once; the limit is ${limit}`);
  if (peak < limit)
    violations.push(`${name}: at most ${peak} connections at once; the limit of ${limit} was not reached`);
  if (arrived < accepted) violations.push(`${name}: ${accepted - arrived} of ${accepted} messages are missing`);
  if (fromSource !== arrived) {
    violations.push(`${name}: ${fromSource} messages came from ${source}; expected ${arrived}, each once`);
  }
  return violations;
}

/** The table and the last line; `trouble` is what went wrong beside the bindings. */
export function formatVerdict(outcomes: readonly BindingOutcome[], trouble: readonly string[]): string {
  const rows = outcomes.map((outcome) => [
    outcome.name,
    outcome.source,
    String(outcome.limit),
    String(outcome.peak),
    String(outcome.accepted),
    String(outcome.arrived),
    violationsOf(outcome).length === 0 ? 'ok' : 'NOT OK',
  ]);
  const all = [['binding', 'source', 'limit', 'most at once', 'sent', 'arrived', ''], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const lines = all.map((row) =>
    row
      .map((cell, column) =>
        column >= 2 && column <= 5 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  );
  const wrong = [...outcomes.flatMap(violationsOf), ...trouble];
  const end =
    wrong.length === 0
      ? ['Every limit was reached, none was passed, and every message arrived once.']
      : ['The demo failed:', ...wrong.map((line) => `  ${line}`)];
  return `${['Measured at the receiver:', '', ...lines, '', ...end].join('\n')}\n`;
}
