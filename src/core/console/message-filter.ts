// What stands before the words of an action on mail: `--dry-run`, `--header NAME LINE` and `--json`.
import { type Answer, refuse } from './command.ts';
import { JSON_FLAG } from './list-answer.ts';
import type { HeaderFilter } from './mail-view.ts';

export type ActionOptions =
  | { readonly kind: 'refused'; readonly answer: Answer }
  | {
      readonly kind: 'options';
      readonly dryRun: boolean;
      readonly isJson: boolean;
      readonly header: HeaderFilter | null;
      readonly words: readonly string[];
    };

const DRY_RUN = '--dry-run';

/** `--dry-run` may stand anywhere and is never part of the note; the others stand in front. */
export function readActionOptions(args: readonly string[]): ActionOptions {
  const words = args.filter((word) => word !== DRY_RUN);
  const dryRun = words.length < args.length;
  let header: HeaderFilter | null = null;
  let isJson = false;
  for (let option = words[0]; option?.startsWith('--'); option = words[0]) {
    words.shift();
    if (option === JSON_FLAG) {
      isJson = true;
      continue;
    }
    const read: HeaderFilter | Answer =
      option === '--header' ? readHeader(words.splice(0, 2), header) : refuseOption(option);
    if ('failed' in read) return { kind: 'refused', answer: read };
    header = read;
  }
  return { kind: 'options', dryRun, isJson, header, words };
}

/** @param words what follows `--header` @param before the filter there is already */
export function readHeader([name, line]: readonly string[], before: HeaderFilter | null): HeaderFilter | Answer {
  if (before !== null) return refuse('--header: found twice; expected one filter');
  if (name === undefined || line === undefined)
    return refuse('--header: expected the name of a field and a line of it');
  // RFC 5322 section 3.6.8: printable characters but the colon.
  if (!/^[\x21-\x39\x3b-\x7e]+$/.test(name))
    return refuse(`--header: found "${name}"; expected the name of a header field`);
  return { name, line };
}

export function refuseOption(option: string): Answer {
  return refuse(
    option === '--meta'
      ? '--meta: no metadata is kept with mail; select with --header NAME LINE (docs/console.md); nothing was done'
      : `found "${option}"; expected ${DRY_RUN}, --header NAME LINE or a name`,
  );
}
