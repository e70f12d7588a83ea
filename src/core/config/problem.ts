// What is wrong or doubtful in a configuration, with its place. All problems of a load are reported together.
import { printable, shortened } from '../base/printable.ts';
import { formatExcerpt } from './excerpt.ts';
import { formatPosition, type SourcePosition } from './source.ts';

/** A mistake: the configuration does not load. */
export interface ConfigProblem {
  readonly at: SourcePosition;
  /** The option, stanza or piece of text it is about. */
  readonly subject: string;
  readonly found: string;
  readonly expected: string;
  /** A likely correction, or the reason for the rule. */
  readonly hint?: string | undefined;
  /** The scope in which the subject is a name that nobody knows, as the console prints it; `Global` for the outermost. */
  readonly unknownIn?: string;
  /** The main file could not be read at all; `found` says why. */
  readonly isUnreadable?: true;
  /** The line it is on and a caret below the spot, where there is text to show. */
  readonly excerpt?: string;
}

/** What was found is shown as it was written, but not without end. */
const FOUND_MAX = 120;

/** Something that loads, but does less than it says, or more than one may think. */
export interface ConfigWarning {
  readonly at: SourcePosition;
  readonly subject: string;
  readonly text: string;
  /** How many further places say the same. */
  readonly repeats: number;
  /** Comes before all others: what an operator must not overlook. */
  readonly isLoud?: true;
}

/** `mail.conf:12:1: max_outbound_connections: found -2; expected -1 (no limit) or a count from 0` */
export function formatProblem(problem: ConfigProblem): string {
  const place = printable(formatPosition(problem.at));
  if (problem.isUnreadable === true) return `cannot read ${place}: ${printable(problem.found)}`;
  return `${place}: ${formatMistake(problem)}`;
}

/** The same with the line it is on and a caret below the spot: for who has the file to mend. */
export function explainProblem(problem: ConfigProblem): string {
  return problem.excerpt === undefined ? formatProblem(problem) : `${formatProblem(problem)}\n${problem.excerpt}`;
}

/** The same without its place, for text that was typed just now. */
export function formatMistake({ subject, found, expected, hint }: Omit<ConfigProblem, 'at'>): string {
  const what = shortened(subject, FOUND_MAX);
  const reason = hint === undefined ? '' : ` (${hint})`;
  return printable(`${what}: found ${shortened(found, FOUND_MAX)}; expected ${expected}${reason}`);
}

export function formatWarning({ at, subject, text, repeats, isLoud }: ConfigWarning): string {
  const word = isLoud ? 'WARNING' : 'warning';
  const more = repeats === 0 ? '' : ` (and ${repeats} more ${repeats === 1 ? 'place' : 'places'})`;
  return printable(`${formatPosition(at)}: ${word}: ${shortened(subject, FOUND_MAX)}: ${text}${more}`);
}

/** Collects what a load finds. Equal warnings are one warning that counts its places. */
export class Findings {
  readonly #problems: ConfigProblem[] = [];
  readonly #warnings = new Map<string, ConfigWarning>();
  readonly #texts = new Map<string, string>();

  /** What stands in a file that is read, so that problems can show their line. */
  addText(file: string, text: string): void {
    this.#texts.set(file, text);
  }

  problem(problem: ConfigProblem): void {
    this.#problems.push(problem);
  }

  warn(at: SourcePosition, subject: string, text: string, isLoud?: true): void {
    const key = `${subject}\n${text}`;
    const known = this.#warnings.get(key);
    this.#warnings.set(
      key,
      known === undefined
        ? { at, subject, text, repeats: 0, ...(isLoud ? { isLoud } : {}) }
        : { ...known, repeats: known.repeats + 1 },
    );
  }

  get hasProblems(): boolean {
    return this.#problems.length > 0;
  }

  /** In the order of the text, file by file as they were read. */
  get problems(): ConfigProblem[] {
    const linesByFile = new Map<string, readonly string[]>();
    return this.#inOrder(this.#problems).map((problem) => {
      const { file, line, column } = problem.at;
      const lines = linesByFile.get(file) ?? this.#texts.get(file)?.split('\n') ?? [];
      linesByFile.set(file, lines);
      const excerpt = formatExcerpt(lines[line - 1] ?? '', column);
      return excerpt === null ? problem : { ...problem, excerpt };
    });
  }

  get warnings(): ConfigWarning[] {
    const warnings = this.#inOrder([...this.#warnings.values()]);
    return [...warnings.filter(({ isLoud }) => isLoud), ...warnings.filter(({ isLoud }) => !isLoud)];
  }

  #inOrder<T extends { readonly at: SourcePosition }>(findings: readonly T[]): T[] {
    const files = new Map(Array.from(this.#texts.keys(), (file, index) => [file, index]));
    const placeOf = ({ at }: T): number => files.get(at.file) ?? -1;
    return findings.toSorted((a, b) => placeOf(a) - placeOf(b) || a.at.line - b.at.line || a.at.column - b.at.column);
  }
}

/** `a`, `a or b`, `a, b or c` */
export function oneOf(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** The hint for a slip of the keyboard, when there is a near name. */
export function didYouMean(nearest: string | null): string | undefined {
  return nearest === null ? undefined : `did you mean "${nearest}"?`;
}

/** The mistake of a name that no option has. */
export function unknownName(name: string, nearest: string | null): Omit<ConfigProblem, 'at'> {
  return { subject: name, found: 'an unknown option', expected: 'the name of an option', hint: didYouMean(nearest) };
}
