// The verbs behind `config` that ask what a configuration means. They change nothing.
import type { Configuration } from '../config/configuration.ts';
import type { WordSyntax } from '../config/syntax.ts';
import type { Answer } from './command.ts';
import { explain } from './config-explain.ts';
import type { ConfigHolder } from './config-holder.ts';
import type { LimitView } from './limit-view.ts';

/** What an inquiry may look at besides the configuration it is about. */
export interface InquiryParts {
  readonly holder: ConfigHolder;
  /** Null without a server. */
  readonly view: LimitView | null;
}

/**
 * @param configuration the one in force, or that of a transaction
 * @returns null for a verb that is none of these
 */
export function inquire(
  verb: string,
  configuration: Configuration,
  words: readonly WordSyntax[],
  { holder, view }: InquiryParts,
): Answer | null {
  switch (verb) {
    case 'explain':
      return explain(configuration, words, holder.clock, view);
    default:
      return null;
  }
}
