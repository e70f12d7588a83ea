// A configuration as XML, for programs: what `ec_dump_config` prints. docs/console.md, "ec_dump_config", describes it.
import { formatPosition } from '../source.ts';
import type { Setting, Stanza } from '../stanza.ts';
import { indent, type ValueSyntax } from '../syntax.ts';

/** @param root the global scope */
export function formatXml(root: Stanza): string {
  const inside = indent(contentsOf(root), '  ');
  return `<?xml version="1.0" encoding="UTF-8"?>\n<configuration${attribute('file', root.at.file)}>\n${inside}</configuration>\n`;
}

/** Child stanzas first, as everywhere on the console. */
function contentsOf(stanza: Stanza): string {
  const elements: string[] = [];
  for (const { byKey } of stanza.children.values())
    for (const child of byKey.values()) elements.push(formatStanza(child));
  for (const setting of stanza.settings.values()) elements.push(formatSetting(setting));
  return elements.join('');
}

function formatStanza(stanza: Stanza): string {
  const { kind, name, at } = stanza;
  const attributes = `${attribute('scope', kind.keyword)}${name === null ? '' : attribute('name', name)}${attribute('at', formatPosition(at))}`;
  const inside = contentsOf(stanza);
  return inside === '' ? `<stanza${attributes}/>\n` : `<stanza${attributes}>\n${indent(inside, '  ')}</stanza>\n`;
}

function formatSetting({ option, syntax, at }: Setting): string {
  return `<option${attribute('name', option.name)}${attribute('at', formatPosition(at))}>${option.type.isSecret === true ? '********' : formatValue(syntax)}</option>\n`;
}

function formatValue(value: ValueSyntax): string {
  switch (value.kind) {
    case 'word':
      return escaped(value.text);
    case 'list':
      return value.items.map(({ text }) => `<item>${escaped(text)}</item>`).join('');
    case 'dictionary':
      return value.entries
        .map((entry) => `<entry${attribute('key', entry.key.text)}>${formatValue(entry.value)}</entry>`)
        .join('');
  }
}

const attribute = (name: string, value: string): string => ` ${name}="${escaped(value)}"`;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
};

/** XML 1.0 has no way to write most control characters; they become U+FFFD. */
function escaped(text: string): string {
  return text
    .replace(/[&<>"\t]/g, (character) => ENTITIES[character]!)
    .replace(/[\x00-\x1f\x7f\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd');
}
