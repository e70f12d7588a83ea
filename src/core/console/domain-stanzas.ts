// The stanzas of a domain as the `domain` command prints them above its figures: what was set in the global scope for
// that name, literally or by a pattern. What a binding or a group sets is not shown, as documented.
import { matchesPattern } from '../config/pattern.ts';
import type { Stanza } from '../config/stanza.ts';
import { domainKey } from '../config/stanza-name.ts';
import { formatValue, indent, quoteText } from '../config/syntax.ts';
import { HIDDEN } from '../config/value-type.ts';
import type { DomainName } from '../mail/domain-name.ts';

/** The literal stanza first, then patterns in the order in which they are tried; without those that set nothing. */
export function domainStanzaLines(root: Stanza, domain: DomainName): string[] {
  const stanzas = root.children.get('domain');
  if (stanzas === undefined) return [];
  const literal = stanzas.byKey.get(domainKey(domain));
  const patterns = stanzas.patterns.filter(({ pattern }) => pattern !== null && matchesPattern(pattern, domain));
  return [...(literal === undefined ? [] : [literal]), ...patterns].flatMap(stanzaLines);
}

/** Names of options in lower case, values as they were written. */
function stanzaLines({ name, pattern, settings }: Stanza): string[] {
  if (name === null || settings.size === 0) return [];
  const values = [...settings.values()].map(({ option, syntax }) =>
    indent(`${option.name} = ${option.type.isSecret === true ? HIDDEN : formatValue(syntax)}`, '  '),
  );
  return [`Domain ${pattern === null ? name : quoteText(name)} {`, ...values, '}'];
}
