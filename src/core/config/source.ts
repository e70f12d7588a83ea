// Places in configuration text, and how text is obtained: core reads no files itself.

export interface SourcePosition {
  readonly file: string;
  /** From 1; 0 for what concerns the file as a whole. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
}

/** `mail.conf:12:3`, or `mail.conf` for the file as a whole */
export function formatPosition({ file, line, column }: SourcePosition): string {
  return line === 0 ? file : `${file}:${line}:${column}`;
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
