// Places in configuration text, and how text is obtained: core reads no files itself.
import type { ChangeAuthor } from './provenance.ts';

export interface SourcePosition {
  readonly file: string;
  /** From 1; 0 for what concerns the file as a whole. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  /** Who said it, for what was set on the console of a running server: a line of what was typed there tells nobody anything. */
  readonly console?: ChangeAuthor;
}

/**
 * `mail.conf:12:3`, or `mail.conf` for the file as a whole; of what was set on the console
 * `console, by /tmp/2025 (session 3) at 2026-11-24T03:12:09Z`
 */
export function formatPosition({ file, line, column, console }: SourcePosition): string {
  if (console !== undefined) return `console, by ${console.by} at ${utcSecond(console.at)}`;
  return line === 0 ? file : `${file}:${line}:${column}`;
}

/** To the second, with `Z`. */
function utcSecond(at: ChangeAuthor['at']): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** What stands at a path: a file's text, a directory's names, or the reason why neither could be read. */
export type Source =
  | { readonly text: string }
  | { readonly directory: readonly string[] }
  | {
      readonly problem: string;
      /** Nothing is there. */
      readonly isMissing?: boolean;
    };

export type ReadSource = (path: string) => Source;
