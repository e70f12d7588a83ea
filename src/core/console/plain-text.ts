// Markdown for a terminal: no marks, no targets of links, examples moved in, paragraphs in lines of a terminal's width.

const LINE_WIDTH = 100;

/** What the pages of options use of Markdown: headings, paragraphs, lists, fenced code. */
export function plainText(markdown: string): string {
  const lines: string[] = [];
  let isCode = false;
  let paragraph: string[] = [];
  const endParagraph = (): void => {
    if (paragraph.length > 0) lines.push(...wrapped(plainLine(paragraph.join(' '))));
    paragraph = [];
  };
  for (const line of markdown.split('\n')) {
    const isFence = line.startsWith('```');
    if (isFence || isCode || line === '' || /^(?:- |#)/.test(line)) endParagraph();
    if (isFence) isCode = !isCode;
    else if (isCode) lines.push(line === '' ? '' : `    ${line}`);
    else if (line === '') lines.push('');
    else paragraph.push(line.trim());
    if (line.startsWith('#')) endParagraph();
  }
  endParagraph();
  return `${lines
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trimEnd()}\n`;
}

function plainLine(line: string): string {
  return line
    .replace(/^#+ /, '')
    .replace(/\*\*|`/g, '')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/\\([*<>|])/g, '$1');
}

/** What follows a dash stands below its words. */
function wrapped(line: string): string[] {
  return wrapWords(line.split(' '), '', line.startsWith('- ') ? '  ' : '');
}

/** Words in lines; a word that is longer than a line has one of its own. */
export function wrapWords(words: readonly string[], firstIndent: string, indent: string): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last === undefined) lines.push(`${firstIndent}${word}`);
    else if (last.length + word.length + 1 > LINE_WIDTH) lines.push(`${indent}${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
