// The few things that tests read out of Markdown: links, headings and fenced blocks.

/** Targets of links to files and headings of this repository. */
export function linksOf(text: string): string[] {
  const prose = text.replace(/^```.*?^```$/gms, '').replace(/`[^`\n]*`/g, '');
  return Array.from(prose.matchAll(/\]\(([^)\s]+)\)/g), ([, target]) => target!).filter(
    (target) => !/^[a-z]+:/.test(target),
  );
}

/** The anchors that a page of this text has, as the usual renderers make them. */
export function anchorsOf(text: string): Set<string> {
  const headings = text.replace(/^```.*?^```$/gms, '').matchAll(/^#+ (.+)$/gm);
  return new Set(
    Array.from(headings, ([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

export interface Block {
  /** The word after the fence: `conf`, `console`, `sh`. */
  readonly language: string;
  readonly text: string;
}

export function blocksOf(text: string): Block[] {
  return Array.from(text.matchAll(/^```(\w+)\n(.*?)^```$/gms), ([, language, body]) => ({
    language: language!,
    text: body!,
  }));
}
