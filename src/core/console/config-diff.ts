// `config diff` and `config reload --dry-run`: what another configuration would change, and on a running server what that
// would do to connections and mail now. Nothing is put in force.
import { NO_LIMIT } from '../base/limit.ts';
import type { Configuration } from '../config/configuration.ts';
import { type Difference, differenceOf } from '../config/findings/difference.ts';
import { loadConfiguration } from '../config/load.ts';
import { explainProblem, formatWarning } from '../config/problem.ts';
import type { WordSyntax } from '../config/syntax.ts';
import { shownText } from '../config/value-type.ts';
import { type Answer, refuse, reply } from './command.ts';
import { JSON_FLAG } from './config-explain.ts';
import type { ConfigHolder } from './config-holder.ts';
import { refuseRelative, usage } from './config-path.ts';
import { type Consequences, consequencesOf, type HeldMail } from './difference-consequences.ts';
import { differenceLines } from './difference-text.ts';
import { textOf } from './layout.ts';
import type { LimitView } from './limit-view.ts';

const SURPLUSES_SHOWN = 10;
const EXCEPTIONS_LISTED = 100;

/**
 * @param draft of an open transaction: without a file it is what is compared; null when none is open
 * @param words perhaps a file; without one it is that of the configuration in force, as it stands on disk now
 */
export function diff(
  holder: ConfigHolder,
  draft: Configuration | null,
  words: readonly WordSyntax[],
  view: LimitView | null,
  verb = 'diff',
): Answer | Promise<Answer> {
  const isJson = words.some(({ text }) => text === JSON_FLAG);
  const [file, ...surplus] = words.filter(({ text }) => text !== JSON_FLAG).map(({ text }) => text);
  if (surplus.length > 0) return usage(verb);
  const relative = refuseRelative(file ?? null, holder.files);
  if (relative !== null) return relative;
  const before = holder.current();
  if (file === undefined && draft !== null) return compare(holder, draft, [], view, isJson);
  const path = file ?? before.provenance.sources.path;
  if (path === '') return usage(verb);
  const loaded = loadConfiguration(path, holder.files.read, { version: before.version + 1 });
  if (loaded.kind === 'problems')
    return refuse(
      [...loaded.problems.map(explainProblem), `${path} does not load, so that nothing would change`].join('\n'),
    );
  return compare(holder, loaded.configuration, loaded.warnings.map(formatWarning), view, isJson);
}

async function compare(
  holder: ConfigHolder,
  after: Configuration,
  warnings: readonly string[],
  view: LimitView | null,
  isJson: boolean,
): Promise<Answer> {
  const before = holder.current();
  const difference = differenceOf(before, after);
  const consequences = view === null ? null : await consequencesOf(before, after, view, holder.clock.now());
  if (isJson) return reply(`${JSON.stringify(asJson(difference, consequences, warnings))}\n`);
  const lines = differenceLines(difference, holder.clock);
  if (lines.length === 0) lines.push('no value in force would change');
  return reply(textOf([...lines, ...restartLines(difference), ...consequenceLines(consequences), ...warnings]));
}

function restartLines({ values }: Difference): string[] {
  const names = new Set(values.filter(({ option }) => option.needsRestart).map(({ option }) => option.display));
  return names.size === 0 ? [] : [`at the next start only: ${[...names].join(', ')}`];
}

function consequenceLines(consequences: Consequences | null): string[] {
  if (consequences === null) return [];
  const { surpluses, mail } = consequences;
  const shown = surpluses.slice(0, SURPLUSES_SHOWN);
  const lines = [
    ...shown.map(
      ({ counts, open, limit, closes }) => `  ${counts}: ${open} open, ${limit} allowed, ${closes} would close`,
    ),
    ...(surpluses.length > shown.length ? [`  and ${surpluses.length - shown.length} more limits are exceeded`] : []),
    ...mail.map(mailText),
  ];
  return lines.length === 0 ? ['now: no connection would close, no mail would be held'] : ['now:', ...lines];
}

function mailText({ binding, why, messages, domains }: HeldMail): string {
  const what = `${messages} ${messages === 1 ? 'message' : 'messages'} of binding "${binding}" to ${domains} ${domains === 1 ? 'domain' : 'domains'}`;
  switch (why) {
    case 'bindingGone':
      return `  ${what} would be held: the binding is gone`;
    case 'suspended':
      return `  ${what} would be held: Suspend_Delivery`;
    case 'released':
      return `  ${what} would be let go`;
  }
}

function asJson(
  { structure, values, uncompared, isComplete }: Difference,
  consequences: Consequences | null,
  warnings: readonly string[],
) {
  return {
    isComplete,
    structure,
    values: values.map(({ option, owner, before, after, except }) => ({
      option: option.name,
      needsRestart: option.needsRestart,
      owner: plainOwner(owner),
      before: { text: shownText(option.type, before.text), setBy: before.setBy },
      after: { text: shownText(option.type, after.text), setBy: after.setBy },
      except: except.slice(0, EXCEPTIONS_LISTED).map(plainOwner),
      exceptions: except.length,
    })),
    uncompared: uncompared.map(({ option, owner, names }) => ({ option: option.name, owner, names })),
    now: consequences && {
      ...consequences,
      surpluses: consequences.surpluses.map((one) => ({ ...one, limit: one.limit === NO_LIMIT ? -1 : one.limit })),
    },
    warnings,
  };
}

/** A pattern is named by its text. */
function plainOwner<T extends object>(owner: T): object {
  if (!('name' in owner)) return owner;
  const name = owner.name as { readonly text: string } | null;
  return { ...owner, name: name === null ? null : name.text };
}
