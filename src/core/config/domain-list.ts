// Lists of domains, of those that mail is taken for: `example.com`, or `*.example.com` for what ends so.

/** @param entries domains, and `*` with the end of those that are meant */
export function domainTest(entries: readonly string[]): ((domain: string) => boolean) | null {
  if (entries.length === 0) return null;
  const texts = entries.map((entry) => entry.toLowerCase());
  const names = new Set(texts.filter((text) => !text.startsWith('*')));
  const endings = texts.filter((text) => text.startsWith('*')).map((text) => text.slice(1));
  return (domain) => names.has(domain) || endings.some((ending) => domain.endsWith(ending));
}
