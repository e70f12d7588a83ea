// Reads which files a TypeScript source imports, well enough for sources that the formatter has been over.

export interface Import {
  /** What stands between the quotes. */
  readonly from: string;
  /** `import type` or `export type`: gone at run time. */
  readonly isType: boolean;
}

const STATEMENT = /^(?:import|export)\s+(type\s)?[^'"`;]*?\bfrom\s+'([^']+)';$/gm;
const BARE = /^import '([^']+)';$/gm;
const DYNAMIC = /\bimport\('([^']+)'\)/g;
/** Programs and workers that are started by their file. */
const BY_URL = /\bnew URL\('(\.[^']+\.ts)', import\.meta\.url\)/g;

export function importsOf(source: string): Import[] {
  const text = withoutComments(source);
  return [
    ...Array.from(text.matchAll(STATEMENT), ([, type, from]) => ({ from: from!, isType: type !== undefined })),
    ...[BARE, DYNAMIC, BY_URL].flatMap((pattern) =>
      Array.from(text.matchAll(pattern), ([, from]) => ({ from: from!, isType: false })),
    ),
  ];
}

/** Comments become empty, lines stay where they are. A `//` inside quotes is none, which URLs need. */
export function withoutComments(source: string): string {
  return source
    .replace(/\/\*.*?\*\//gs, (comment) => comment.replace(/[^\n]/g, ''))
    .replace(/^((?:[^'"`/\n]|'[^'\n]*'|"[^"\n]*"|`[^`\n]*`|\/(?!\/))*)\/\/.*$/gm, '$1');
}
