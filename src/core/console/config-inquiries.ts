// The verbs behind `config` that ask what a configuration means. They change nothing.
import type { Configuration } from '../config/configuration.ts';
import type { WordSyntax } from '../config/syntax.ts';
import type { Answer } from './command.ts';
import { diff } from './config-diff.ts';
import { explain } from './config-explain.ts';
import type { ConfigHolder } from './config-holder.ts';
import type { LimitView } from './limit-view.ts';

/** What an inquiry may look at. */
export interface InquiryParts {
  readonly holder: ConfigHolder;
  /** Of the session's open transaction; null when none is open. */
  readonly draft: Configuration | null;
  /** Null without a server. */
  readonly view: LimitView | null;
}

const DRY_RUN = '--dry-run';

/** @returns null for words that are none of these */
export function inquire(
  verb: string,
  words: readonly WordSyntax[],
  { holder, draft, view }: InquiryParts,
): Answer | Promise<Answer> | null {
  switch (verb) {
    case 'explain':
      return explain(draft ?? holder.current(), words, holder, view);
    case 'diff':
      return diff(holder, draft, words, view);
    case 'reload': {
      const rest = words.filter(({ text }) => text !== DRY_RUN);
      return rest.length === words.length ? null : diff(holder, null, rest, view, verb);
    }
    default:
      return null;
  }
}
