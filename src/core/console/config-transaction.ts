// `config begin` to `config commit`: changes that one console session gathers and puts in force together. Others do not
// see them before; the first commit wins, and one that began before another's change is refused.
import { localTime } from '../base/local-time.ts';
import { type Change, changedRoot, scratchOf, unsetsImplicit, withChanges } from '../config/change.ts';
import { formatChange } from '../config/change-text.ts';
import { Configuration } from '../config/configuration.ts';
import { judgeEndpoints } from '../config/findings/closed-endpoints.ts';
import type { LoadResult } from '../config/load.ts';
import { type ConfigProblem, type ConfigWarning, Findings } from '../config/problem.ts';
import { type ChangeAuthor, COMMANDS_MAX, type RunTimeChange } from '../config/provenance.ts';
import type { ConfigClock } from './config-holder.ts';

type Added =
  | { readonly kind: 'added'; readonly warnings: readonly ConfigWarning[] }
  | { readonly kind: 'problems'; readonly problems: readonly ConfigProblem[] };

export class Transaction {
  readonly #from: 'running' | 'scratch';
  readonly #lastChangeBefore: RunTimeChange | null;
  readonly #changes: Change[] = [];
  #draft: Configuration;

  constructor(running: Configuration, from: 'running' | 'scratch') {
    this.#from = from;
    this.#lastChangeBefore = running.provenance.lastChange;
    const root = from === 'scratch' ? scratchOf(running.root) : running.root;
    this.#draft = new Configuration(root, running.version, running.provenance);
  }

  /** With the changes so far; what concerns several stanzas is not checked yet. */
  get draft(): Configuration {
    return this.#draft;
  }

  get isEmpty(): boolean {
    return this.#from === 'running' && this.#changes.length === 0;
  }

  /** The changes as they can be typed again, a line each. */
  get commands(): readonly string[] {
    return this.#changes.map(formatChange);
  }

  add(change: Change, author: ChangeAuthor): Added {
    if (this.#from === 'scratch' && unsetsImplicit(change)) {
      const expected = 'what every server has (threadpool, debug_flags, timestampformat) to be set, not unset';
      return problem('config unset', 'an implicit setting', expected);
    }
    if (this.#changes.length >= COMMANDS_MAX)
      return problem('transaction', 'one more change', `at most ${COMMANDS_MAX}; commit them, or load a file instead`);
    const findings = new Findings();
    const root = changedRoot(this.#draft.root, change, author, findings);
    judgeEndpoints(root, findings);
    if (findings.hasProblems) return { kind: 'problems', problems: findings.problems };
    this.#changes.push(change);
    this.#draft = new Configuration(root, this.#draft.version, this.#draft.provenance);
    return { kind: 'added', warnings: findings.warnings };
  }

  /** The change that others made meanwhile, the latest of them; null when there was none. */
  competitor(running: Configuration): RunTimeChange | null {
    const { lastChange } = running.provenance;
    return lastChange?.version === this.#lastChangeBefore?.version ? null : lastChange;
  }

  /** The configuration to put in force after `running`, with the checks that waited for it. */
  result(running: Configuration, author: ChangeAuthor): LoadResult {
    const from = this.#from === 'scratch' ? scratchOf(running.root) : running.root;
    return withChanges(running, from, this.#changes, author);
  }
}

function problem(subject: string, found: string, expected: string): Added {
  const at = { file: 'console', line: 1, column: 1 };
  return { kind: 'problems', problems: [{ at, subject, found, expected }] };
}

/** `version 7, by /tmp/2025 (session 3) at 12:04:33: config set max_outbound_connections = 3` */
export function formatRunTimeChange({ version, at, by, commands }: RunTimeChange, clock: ConfigClock): string {
  const { clock: time } = localTime(at, clock.utcOffsetMinutes(at));
  const more = commands.length > 1 ? ` and ${commands.length - 1} more` : '';
  return `version ${version}, by ${by} at ${time}: ${commands[0] ?? 'config begin from scratch'}${more}`;
}
