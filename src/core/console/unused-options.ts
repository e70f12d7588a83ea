// The names of options that nothing is done with, told apart by what becomes of them, for lists in `config help`.
import type { Handling, Option } from '../config/option.ts';
import { wrapWords } from './plain-text.ts';

const KINDS: readonly (readonly [Handling['kind'], string])[] = [
  ['kept', 'Kept, with a warning:'],
  ['refused', 'Refused unless they change nothing:'],
];

/** A paragraph for each kind, an empty line in front of each. */
export function unusedOptionLines(options: readonly Option<unknown>[]): string[] {
  return KINDS.flatMap(([kind, title]) => {
    const names = new Set(options.flatMap(({ handling, name }) => (handling.kind === kind ? [name] : [])));
    return names.size === 0
      ? []
      : ['', ...wrapWords([...title.split(' '), ...[...names].join(', ').split(' ')], '', '')];
  });
}
