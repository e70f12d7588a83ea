// Places in configuration text, and how text is obtained: core reads no files itself.

export interface SourcePosition {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
}

/** `mail.conf:12:3` */
export function formatPosition({ file, line, column }: SourcePosition): string {
  return `${file}:${line}:${column}`;
}

/** What stands at a path: a file's text, a directory's names, or the reason why neither could be read. */
export type Source =
  | { readonly text: string }
  | { readonly directory: readonly string[] }
  | { readonly problem: string };

export type ReadSource = (path: string) => Source;
