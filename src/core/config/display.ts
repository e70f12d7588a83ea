// Stanzas and settings as text that reads the same again: what `config show` and `config showrecurse` print, and what is
// written to configuration files. Only the latter has the passwords.
import type { Setting, Stanza } from './stanza.ts';
import { indent, quoteText } from './syntax.ts';
import { formatSet, formatWritten } from './value-type.ts';

export type Reader = 'people' | 'files';

/** `Max_Outbound_Connections = 30`; lists and dictionaries take several lines. */
export function formatSetting({ option, syntax }: Setting, reader: Reader = 'people'): string {
  const format = reader === 'people' ? formatSet : formatWritten;
  return `${option.display} = ${format(option.type, syntax)}`;
}

/** The inside of a stanza, child scopes first, each line ended by LF. Abridged, children are `Name "x" { ... }`. */
export function formatContents(stanza: Stanza, detail: 'abridged' | 'whole', reader: Reader = 'people'): string {
  const lines: string[] = [];
  for (const { byKey } of stanza.children.values()) {
    for (const child of byKey.values()) {
      const { kind, name } = child;
      const opening = `${kind.display} ${name === null ? '' : `${quoteText(name)} `}{`;
      lines.push(
        detail === 'abridged'
          ? `${opening} ... }\n`
          : `${opening}\n${indent(formatContents(child, detail, reader), '  ')}}\n`,
      );
    }
  }
  for (const setting of stanza.settings.values()) lines.push(`${formatSetting(setting, reader)}\n`);
  return lines.join('');
}
