// Text to be added to a stanza: settings and stanzas in the order in which they come, with the console's spelling.
import { formatInLine } from '../change-text.ts';
import { formatContents, formatSetting } from '../display.ts';
import type { ScopeStep, Setting, Stanza } from '../stanza.ts';
import { indent, quoteText } from '../syntax.ts';
import { formatWritten } from '../value-type.ts';

type Part =
  | { readonly kind: 'setting'; readonly setting: Setting }
  | { readonly kind: 'stanza'; readonly stanza: ScopeStep; readonly inside: Addition }
  | { readonly kind: 'whole'; readonly stanza: Stanza };

export class Addition {
  readonly #parts: Part[] = [];
  readonly #insideByStanza = new Map<Stanza, Addition>();

  addSetting(setting: Setting): void {
    this.#parts.push({ kind: 'setting', setting });
  }

  /** A stanza with all it holds. */
  addWhole(stanza: Stanza): void {
    this.#parts.push({ kind: 'whole', stanza });
  }

  /** A stanza with only what is added to it; one for each stanza. */
  inside(stanza: Stanza): Addition {
    const known = this.#insideByStanza.get(stanza);
    if (known !== undefined) return known;
    const inside = new Addition();
    this.#insideByStanza.set(stanza, inside);
    this.#parts.push({ kind: 'stanza', stanza, inside });
    return inside;
  }

  /** Each line ended by LF. */
  get lines(): string {
    return this.#parts.map(linesOf).join('');
  }

  /** The same for a stanza that is written in one line. */
  get inLine(): string {
    return this.#parts.map(inLineOf).join(' ');
  }
}

function linesOf(part: Part): string {
  if (part.kind === 'setting') return `${formatSetting(part.setting, 'files')}\n`;
  const inside = part.kind === 'stanza' ? part.inside.lines : formatContents(part.stanza, 'whole', 'files');
  return `${openingOf(part.stanza)}\n${indent(inside, '  ')}}\n`;
}

function inLineOf(part: Part): string {
  if (part.kind === 'setting') return `${part.setting.option.display} = ${formatSetInLine(part.setting)}`;
  return `${openingOf(part.stanza)} ${part.kind === 'stanza' ? part.inside.inLine : contentsInLine(part.stanza)} }`;
}

function contentsInLine(stanza: Stanza): string {
  const addition = new Addition();
  for (const { byKey } of stanza.children.values()) for (const child of byKey.values()) addition.addWhole(child);
  for (const setting of stanza.settings.values()) addition.addSetting(setting);
  return addition.inLine;
}

function openingOf({ kind, name }: ScopeStep): string {
  return name === null ? `${kind.display} {` : `${kind.display} ${quoteText(name)} {`;
}

/** The value of a setting in one line. */
export function formatSetInLine({ option, syntax }: Setting): string {
  return syntax.kind === 'word' ? formatWritten(option.type, syntax) : formatInLine(syntax);
}
