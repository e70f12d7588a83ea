// What the demo shows while mail flows: at a terminal a table that is drawn again in its place, else a line a second.

export interface BindingView {
  readonly name: string;
  readonly limit: number;
  /** Connections that the receiver has open from it. */
  readonly open: number;
  readonly queued: number;
  readonly delivered: number;
  readonly perSecond: number;
}

export interface DemoFrame {
  readonly seconds: number;
  /** What is happening, in a few words. */
  readonly phase: string;
  readonly bindings: readonly BindingView[];
}

export interface DemoOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export class DemoView {
  readonly #output: DemoOutput;
  #linesDrawn = 0;
  #secondShown = -1;

  constructor(output: DemoOutput) {
    this.#output = output;
  }

  /** Call it a few times a second. */
  show(frame: DemoFrame): void {
    if (this.#output.isTTY === true) this.#draw(tableOf(frame));
    else {
      const second = Math.floor(frame.seconds);
      if (second === this.#secondShown) return;
      this.#secondShown = second;
      this.#output.write(`${lineOf(frame)}\n`);
    }
  }

  /** Goes up to where the last table began and writes over it. */
  #draw(lines: readonly string[]): void {
    const up = this.#linesDrawn > 0 ? `\x1b[${this.#linesDrawn}A` : '';
    const width = this.#output.columns ?? 80; // a line that wraps would be two
    const text = lines.map((line) => `${line.slice(0, width - 1)}\x1b[K\n`).join('');
    this.#output.write(`${up}\r${text}`);
    this.#linesDrawn = lines.length;
  }
}

function tableOf({ seconds, phase, bindings }: DemoFrame): string[] {
  const nameWidth = Math.max(7, ...bindings.map(({ name }) => name.length));
  const barWidth = Math.max(...bindings.map(({ limit }) => limit));
  const heading = `${'binding'.padEnd(nameWidth)}  limit  open  ${' '.repeat(barWidth)}  queued  delivered   per s`;
  const rows = bindings.map(({ name, limit, open, queued, delivered, perSecond }) => {
    const bar = `${'#'.repeat(Math.min(open, limit))}${'.'.repeat(Math.max(0, limit - open))}`.padEnd(barWidth);
    const figures = [String(queued).padStart(6), String(delivered).padStart(9), perSecond.toFixed(0).padStart(6)];
    const counts = `${String(limit).padStart(5)}  ${String(open).padStart(4)}`;
    return `${name.padEnd(nameWidth)}  ${counts}  ${bar}  ${figures.join('  ')}`;
  });
  return [heading, ...rows, `${seconds.toFixed(0).padStart(3)} s  ${phase}`];
}

function lineOf({ seconds, phase, bindings }: DemoFrame): string {
  const parts = bindings.map(
    ({ name, limit, open, queued, delivered, perSecond }) =>
      `${name} ${open}/${limit} open, ${queued} queued, ${delivered} delivered, ${perSecond.toFixed(0)}/s`,
  );
  return `${seconds.toFixed(0).padStart(3)} s  ${phase}: ${parts.join('; ')}`;
}
