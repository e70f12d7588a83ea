// A change as it can be typed on the console: what `config replay` prints and what is remembered of changes, both
// without passwords.

import { optionsNamed } from './catalogue.ts';
import type { Change } from './change.ts';
import { formatWord, quoteText, type ValueSyntax } from './syntax.ts';
import { HIDDEN } from './value-type.ts';

/** `config set domain "example.com" max_outbound_connections = 5`, in one line. */
export function formatChange(change: Change): string {
  const path = change.path.map(({ kind, name }) =>
    name === null ? kind.keyword : `${kind.keyword} ${quoteText(name)}`,
  );
  if (change.kind === 'remove') return ['config unset', ...path].join(' ');
  const words = ['config', change.kind, ...path, change.option.text].join(' ');
  if (change.kind === 'unset') return words;
  const isSecret = optionsNamed(change.option.text).some(({ type }) => type.isSecret === true);
  return `${words} = ${isSecret ? HIDDEN : formatInLine(change.value)}`;
}

/** A value in one line. */
export function formatInLine(value: ValueSyntax): string {
  switch (value.kind) {
    case 'word':
      return formatWord(value);
    case 'list':
      return ['(', ...value.items.map(formatWord), ')'].join(' ');
    case 'dictionary':
      return [
        '[',
        ...value.entries.map((entry) => `${formatWord(entry.key)} = ${formatInLine(entry.value)}`),
        ']',
      ].join(' ');
  }
}
