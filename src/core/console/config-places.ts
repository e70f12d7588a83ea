// `config locate`: every place of a kind of stanza.
import { nearestName } from '../base/near-name.ts';
import { didYouMean } from '../config/problem.ts';
import type { ScopeStep, Stanza } from '../config/stanza.ts';
import { quoteText } from '../config/syntax.ts';
import { type Answer, refuse, reply } from './command.ts';

/** @param filter a name or a regular expression for all of it, or null for every one */
export function formatPlaces(root: Stanza, keyword: string, filter: string | null): Answer {
  const wanted = keyword.toLowerCase();
  const accepts = readFilter(filter);
  if (accepts === null) return refuse(`config locate: found "${filter}"; expected a name or a regular expression`);
  const keywords = new Set<string>();
  const lines: string[] = [];
  const visit = (parent: Stanza): void => {
    for (const { byKey } of parent.children.values()) {
      for (const stanza of byKey.values()) {
        keywords.add(stanza.kind.keyword);
        if (stanza.kind.keyword === wanted && accepts(stanza.name ?? '')) lines.push(formatPlace(stanza));
        visit(stanza);
      }
    }
  };
  visit(root);
  if (lines.length > 0) return reply(lines.join(''));
  const hint = keywords.has(wanted) ? undefined : didYouMean(nearestName(keyword, keywords));
  return refuse(
    `no stanza ${keyword}${filter === null ? '' : ` "${filter}"`}${hint === undefined ? '' : ` (${hint})`}`,
  );
}

function readFilter(filter: string | null): ((name: string) => boolean) | null {
  if (filter === null) return () => true;
  try {
    const pattern = new RegExp(`^(?:${filter})$`);
    return (name) => name === filter || pattern.test(name);
  } catch {
    return null;
  }
}

function formatPlace({ kind, name, path }: Stanza): string {
  const title = name === null ? kind.display : `${kind.display} ${quoteText(name)}`;
  return `${title}\n  is at ${path.map(formatStep).join('')}\n`;
}

/** `Listen:\:25:`; without a name `Esmtp_Listener::` */
function formatStep({ kind, name }: ScopeStep): string {
  return name === null ? `${kind.display}::` : `${kind.display}:${name.replaceAll(':', '\\:')}:`;
}
