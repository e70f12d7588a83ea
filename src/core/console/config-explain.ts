// `config explain`: a value with everything that led to it, and what it governs.
import { NO_LIMIT } from '../base/limit.ts';
import { localTime } from '../base/local-time.ts';
import type { WallMs } from '../base/moment.ts';
import type { Configuration } from '../config/configuration.ts';
import {
  type ExplainedLevel,
  type Explanation,
  explainOption,
  type Look,
  type SetPlace,
} from '../config/findings/explanation.ts';
import { describeCounter, isThrottle } from '../config/findings/limit-meaning.ts';
import { changesOf } from '../config/findings/option-changes.ts';
import { suspendDelivery } from '../config/options/connection-options.ts';
import { hostname } from '../config/options/server-options.ts';
import { subjectOf } from '../config/scope-path.ts';
import { hasPassed } from '../config/suspension.ts';
import { quoteText, type WordSyntax } from '../config/syntax.ts';
import type { Rate } from '../config/value-type.ts';
import { type Answer, reply } from './command.ts';
import type { ConfigClock, ConfigHolder, ConfigMachine } from './config-holder.ts';
import { onOption, optionFor, refuseOption } from './config-path.ts';
import { formatRunTimeChange } from './config-transaction.ts';
import { untilNextStart } from './config-values.ts';
import { textOf } from './layout.ts';
import type { CounterUse, CounterUses, LimitView, TokenFigures } from './limit-view.ts';
import { positionText, setPlaceText } from './set-place.ts';
import { noteUndeclared } from './undeclared-binding.ts';

export const JSON_FLAG = '--json';
const CHANGES_SHOWN = 3;

/** @param view null without a server */
export function explain(
  configuration: Configuration,
  words: readonly WordSyntax[],
  { clock, machine, started }: Pick<ConfigHolder, 'clock' | 'machine' | 'started'>,
  view: LimitView | null,
): Answer | Promise<Answer> {
  const isJson = words.some(({ text }) => text === JSON_FLAG);
  const asked = words.filter(({ text }) => text !== JSON_FLAG);
  return onOption(configuration.root, 'explain', asked, async (path, name) => {
    const option = path.innermost?.name === 'module' ? null : optionFor(path, name.text);
    if (option === null) return refuseOption(path, name);
    const found = withSystemName(explainOption(configuration, option, subjectOf(path.steps)), machine);
    const governed = await governedBy(found, view);
    const former = untilNextStart(configuration, started, option, found.subject);
    if (isJson)
      return reply(`${JSON.stringify({ ...asJson(configuration, found, governed), untilNextStart: former })}\n`);
    const note = noteUndeclared(
      configuration,
      asked.map(({ text }) => text),
    );
    const [value = '', ...lines] = linesOf(configuration, found, governed, clock);
    const restart = former === null ? [] : [`takes effect at the next start; until then ${former} is in force`];
    return reply(textOf([value, ...restart, ...lines, ...(note === null ? [] : [note])]));
  });
}

/** A server without a name of its own has that of its system, which is known where it runs. */
function withSystemName(found: Explanation, machine: ConfigMachine | null): Explanation {
  if (found.option !== hostname || found.value !== null || machine === null) return found;
  return { ...found, text: quoteText(machine.hostname) };
}

/** What one setting limits. */
interface Governed {
  /** In words. */
  readonly counts: string;
  readonly uses: CounterUses | null;
  readonly tokens: TokenFigures | null;
}

/** Of the value in force, and of the sums that hold besides it. */
async function governedBy(
  { option, subject, value, setBy, levels }: Explanation,
  view: LimitView | null,
): Promise<Governed[]> {
  if (isThrottle(option) && (value as Rate | null)?.count === 0) return []; // 0 stands for no throttle
  const besides = levels.flatMap(({ looks }) =>
    looks.flatMap((look): SetPlace[] => (look.kind === 'adds' ? [{ ...look, scope: look.stanza }] : [])),
  );
  const isRate = isThrottle(option);
  const governed: Governed[] = [];
  for (const place of [setBy, ...besides]) {
    const counts = describeCounter(option, subject, place);
    if (counts === null) continue;
    const uses = isRate ? null : ((await view?.usesOf(option.name, subject, place?.at ?? null)) ?? null);
    const tokens = isRate && place !== null ? ((await view?.tokens(option.name, place.at)) ?? null) : null;
    governed.push({ counts, uses, tokens });
  }
  return governed;
}

function linesOf(
  configuration: Configuration,
  { option, subject, value, text, setBy, levels }: Explanation,
  governed: readonly Governed[],
  clock: ConfigClock,
): string[] {
  const changes = changesOf(configuration, option, subject);
  return [
    `${option.display} = ${text}`,
    setBy === null
      ? value === null && option.inPlace !== null
        ? `set by nobody; in its place: ${option.inPlace}`
        : 'set by nobody: this is the default'
      : `set by ${setPlaceText(setBy, clock)}${savedText(setBy, clock)}`,
    ...(option === suspendDelivery && hasPassed(value as WallMs, clock.now())
      ? ['this time has passed: no mail is held by it']
      : []),
    ...governed.flatMap((one) => governedLines(one, value === NO_LIMIT ? 'no limit on' : 'limits')),
    'asked, the most specific first:',
    ...chainLines(levels, clock),
    ...changes
      .slice(-CHANGES_SHOWN)
      .map((change) => `changed at run time: ${formatRunTimeChange(change, clock)}, on ${day(change.at, clock)}`),
  ];
}

function governedLines({ counts, uses, tokens }: Governed, verb: string): string[] {
  const lines = [`${verb} ${counts}`];
  if (tokens !== null) lines.push(`  ${tokens.free} of ${tokens.count} tokens are free now`);
  if (uses === null) return lines;
  const { busiest, inUse, isComplete } = uses;
  if (busiest.length === 0) lines.push('  no open connection is limited by it now');
  for (const { counts: what, open, peak, limit } of busiest)
    lines.push(`  ${what}: ${open} open of ${limitText(limit)}, ${peak} at most so far`);
  const more = inUse - busiest.length;
  if (more > 0) lines.push(`  and ${isComplete ? '' : 'at least '}${more} more with open connections`);
  return lines;
}

const limitText = (limit: number): string => (limit === NO_LIMIT ? 'no limit' : String(limit));

/** Levels in a row that the question says nothing about are one line. */
function chainLines(levels: readonly ExplainedLevel[], clock: ConfigClock): string[] {
  const lines: string[] = [];
  for (let at = 0; at < levels.length; ) {
    let end = at;
    const missing = new Set<string>();
    for (; end < levels.length; end++) {
      const [look, ...others] = levels[end]!.looks;
      if (look?.kind !== 'notNamed' || others.length > 0) break;
      missing.add(look.scope);
    }
    if (end === at) {
      lines.push(...levelLines(levels[at]!, at, clock));
      at += 1;
    } else {
      const places = end - at === 1 ? `${at + 1}` : `${at + 1} to ${end}`;
      const names = levels.slice(at, end).map(({ level }) => level);
      lines.push(`  ${places} ${names.join(', ')}: not asked, the question names no ${[...missing].join(', no ')}`);
      at = end;
    }
  }
  return lines;
}

function levelLines({ level, looks, furtherMismatches }: ExplainedLevel, index: number, clock: ConfigClock): string[] {
  const texts = looks.map((look) => lookText(look, clock));
  if (furtherMismatches > 0) texts.push(`${furtherMismatches} more patterns do not match`);
  const [first = '', ...others] = texts;
  return [`  ${index + 1} ${level}: ${first}`, ...others.map((text) => `      ${text}`)];
}

function lookText(look: Look, clock: ConfigClock): string {
  switch (look.kind) {
    case 'notNamed':
      return `not asked, the question names no ${look.scope}`;
    case 'noStanza':
      return `there is no ${look.stanza}${insideText(look)}`;
    case 'noMatch':
      return `${look.stanza} (${positionText(look.at, clock)}) does not match`;
    case 'silent':
      return look.stanza === ''
        ? 'does not set it'
        : `${look.stanza} (${positionText(look.at, clock)}) does not set it`;
    default:
      return `${look.stanza === '' ? '' : `${look.stanza} `}sets ${oneLine(look.text)} (${positionText(look.at, clock)}), ${OUTCOMES[look.kind]}`;
  }
}

/** A binding of a group may stand outside of it, too. */
function insideText({ stanza, inside }: Extract<Look, { kind: 'noStanza' }>): string {
  if (inside !== '') return ` in ${inside}`;
  return stanza.startsWith('Binding "') ? ' outside of groups' : '';
}

const OUTCOMES = { decides: 'in force', adds: 'holds as well', tooLate: 'not asked any more' } as const;

const oneLine = (text: string): string => text.replace(/\n\s*/g, ' ');

/** What was set on the console and has been saved since has a place in a file, too. */
function savedText({ at, origin }: SetPlace, clock: ConfigClock): string {
  if (origin.kind === 'file' || at.console !== undefined) return '';
  return `, ${positionText({ ...at, console: origin }, clock)}`;
}

function day(at: Parameters<typeof localTime>[0], clock: ConfigClock): string {
  const time = localTime(at, clock.utcOffsetMinutes(at));
  return `${time.weekday} ${time.day} ${time.year}`;
}

function asJson(
  configuration: Configuration,
  { option, subject, value, text, setBy, levels }: Explanation,
  governed: readonly Governed[],
): object {
  const isText = option.type.isSecret === true || typeof value === 'object';
  const plain = isText && value !== null ? text : value === NO_LIMIT ? -1 : value;
  const unlimited = (use: CounterUse) => ({ ...use, limit: use.limit === NO_LIMIT ? -1 : use.limit });
  return {
    version: configuration.version,
    option: option.name,
    subject,
    value: plain,
    text,
    setBy,
    inPlace: value === null ? option.inPlace : null,
    limits: governed.map(({ counts, uses, tokens }) => ({
      counts,
      tokens,
      counters: uses && { ...uses, busiest: uses.busiest.map(unlimited) },
    })),
    levels,
    changes: changesOf(configuration, option, subject).map(({ places: _, ...change }) => change),
  };
}
