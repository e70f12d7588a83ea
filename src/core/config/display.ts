// Stanzas and settings as text that reads the same again: what `config show` and `config showrecurse` print.
import type { Setting, Stanza } from './stanza.ts';
import { indent, quoteText } from './syntax.ts';
import { formatSet } from './value-type.ts';

/** `Max_Outbound_Connections = 30`; lists and dictionaries take several lines. */
export function formatSetting({ option, syntax }: Setting): string {
  return `${option.display} = ${formatSet(option.type, syntax)}`;
}

/** The inside of a stanza, child scopes first, each line ended by LF. Abridged, children are `Name "x" { ... }`. */
export function formatContents(stanza: Stanza, detail: 'abridged' | 'whole'): string {
  const lines: string[] = [];
  for (const { byKey } of stanza.children.values()) {
    for (const child of byKey.values()) {
      const { kind, name } = child;
      const opening = `${kind.display} ${name === null ? '' : `${quoteText(name)} `}{`;
      lines.push(
        detail === 'abridged' ? `${opening} ... }\n` : `${opening}\n${indent(formatContents(child, detail), '  ')}}\n`,
      );
    }
  }
  for (const setting of stanza.settings.values()) lines.push(`${formatSetting(setting)}\n`);
  return lines.join('');
}
