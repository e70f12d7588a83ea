// A query about a binding that nobody declared is answered with what its mail would fall back to. That is right, and looks
// like an answer about the binding that was meant; so where there is room beside the answer, it is said.
import { nearestName } from '../base/near-name.ts';
import type { Configuration } from '../config/configuration.ts';
import { didYouMean } from '../config/problem.ts';
import { readPath } from '../config/scope-path.ts';
import type { WordSyntax } from '../config/syntax.ts';

/** @param words a path of scopes and an option, as `config eval` takes them @returns null when all is declared */
export function noteUndeclared(configuration: Configuration, words: readonly string[]): string | null {
  const at = { file: 'arguments', line: 1, column: 1 };
  const path = readPath(
    configuration.root,
    words.map((text): WordSyntax => ({ kind: 'word', text, quoted: true, at })),
  );
  if (path.kind === 'problem') return null;
  const known: Readonly<Record<string, readonly string[]>> = {
    binding_group: configuration.groups(),
    binding: configuration.bindings().map(({ name }) => name),
  };
  for (const { kind, name } of path.steps) {
    const names = known[kind.name];
    if (names === undefined || name === null || name === 'default' || names.includes(name)) continue;
    const hint = didYouMean(nearestName(name, names));
    return `note: no ${kind.keyword} "${name}" is declared${hint === undefined ? '' : ` (${hint})`}; this is what its mail would fall back to`;
  }
  return null;
}
