// A line chart as SVG text, for a page that needs nothing else: no script, no style sheet and no font of another place.

export interface Line {
  readonly name: string;
  /** Class of its stroke in the page's style: `candidate`, `against`, `limit` and the like. */
  readonly style: string;
  /** In order of x; y null where the line has a gap. */
  readonly points: readonly (readonly [x: number, y: number | null])[];
  /** Values hold until the next point, as counts do; else points are joined. */
  readonly isStepped: boolean;
}

export interface ChartOptions {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly xMax: number;
  readonly formatX: (value: number) => string;
  readonly formatY: (value: number) => string;
  /** Ticks of x are multiples of one of these; ascending. */
  readonly xSteps: readonly number[];
  /** Y is a time in milliseconds: from milliseconds to days, so on a logarithmic scale. */
  readonly isTime: boolean;
}

const [WIDTH, HEIGHT] = [520, 220];
const [LEFT, RIGHT, TOP, BOTTOM] = [62, 20, 12, 26];
const [INNER_WIDTH, INNER_HEIGHT] = [WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM];
const X_TICKS_MAX = 8;
/** A millisecond to 40 days. */
const TIMES = [1, 10, 100, 1000, 10_000, 60_000, 600_000, 3_600_000, 36_000_000, 345_600_000, 3_456_000_000];

export function chart(options: ChartOptions): string {
  const { title, lines, xMax, formatX, formatY, xSteps, isTime } = options;
  const values = lines.flatMap(({ points }) => points.flatMap(([, y]) => (y === null ? [] : [y])));
  const ticks = isTime ? logarithmicTicks(values) : linearTicks(values);
  const [low, high] = [ticks[0]!, ticks.at(-1)!];
  const heightOf = (y: number): number =>
    isTime ? Math.log(Math.max(y, low) / low) / Math.log(high / low) : (y - low) / (high - low);
  const xOf = (x: number): number => LEFT + (xMax === 0 ? 0 : Math.min(1, x / xMax)) * INNER_WIDTH;
  const yOf = (y: number): number => TOP + (1 - heightOf(y)) * INNER_HEIGHT;
  const parts = [`<svg class="plot" role="img" aria-label="${escapeHtml(title)}" viewBox="0 0 ${WIDTH} ${HEIGHT}">`];
  for (const tick of ticks) {
    const y = short(yOf(tick));
    parts.push(`<path class="grid" d="M${LEFT} ${y}H${WIDTH - RIGHT}"/>`);
    parts.push(`<text class="y" x="${LEFT - 6}" y="${short(yOf(tick) + 4)}">${escapeHtml(formatY(tick))}</text>`);
  }
  for (const tick of xTicks(xMax, xSteps)) {
    parts.push(`<text class="x" x="${short(xOf(tick))}" y="${HEIGHT - 8}">${escapeHtml(formatX(tick))}</text>`);
  }
  for (const line of lines) {
    const path = pathOf(line, xOf, yOf);
    if (path !== '') {
      parts.push(`<path class="line ${line.style}" d="${path}"><title>${escapeHtml(line.name)}</title></path>`);
    }
  }
  parts.push('</svg>');
  const legend = lines.map(({ name, style }) => `<span class="key ${style}">${escapeHtml(name)}</span>`).join(' ');
  return `<figure><figcaption>${escapeHtml(title)} ${legend}</figcaption>${parts.join('')}</figure>`;
}

export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function pathOf({ points, isStepped }: Line, xOf: (x: number) => number, yOf: (y: number) => number): string {
  let path = '';
  let last: string | null = null;
  for (const [index, [x, y]] of points.entries()) {
    const at = short(xOf(x));
    const value = y === null ? null : short(yOf(y));
    if (last === null) {
      if (value !== null) path += `M${at} ${value}`;
    } else if (isStepped) {
      if (value !== last || index === points.length - 1) path += `H${at}`;
      if (value !== null && value !== last) path += `V${value}`;
    } else if (value !== null) {
      path += `L${at} ${value}`;
    }
    last = value;
  }
  return path;
}

/** From 0, with room above. */
function linearTicks(values: readonly number[]): readonly number[] {
  const most = values.reduce((a, b) => Math.max(a, b), 1);
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 2.5, 5, 10].map((one) => one * power).find((one) => one >= rough)!);
  const count = Math.max(1, Math.ceil(most / step));
  return Array.from({ length: count + 1 }, (_, index) => index * step);
}

/** Times that have a name, from the one below all values to the one above. */
function logarithmicTicks(values: readonly number[]): readonly number[] {
  const positive = values.filter((value) => value > 0);
  const least = positive.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const most = positive.reduce((a, b) => Math.max(a, b), 0);
  if (positive.length === 0) return TIMES.slice(2, 4);
  const from = Math.max(
    0,
    TIMES.findLastIndex((time) => time <= least),
  );
  const above = TIMES.findIndex((time) => time >= most);
  const to = above < 0 ? TIMES.length - 1 : Math.max(above, from + 1);
  return TIMES.slice(from, to + 1);
}

function xTicks(xMax: number, steps: readonly number[]): readonly number[] {
  const step = steps.find((one) => xMax / one <= X_TICKS_MAX) ?? Math.max(1, xMax / X_TICKS_MAX);
  return Array.from({ length: Math.floor(xMax / step) + 1 }, (_, index) => index * step);
}

function short(value: number): string {
  return String(Math.round(value * 10) / 10);
}
