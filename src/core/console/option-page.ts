// All there is to say of an option, as the Markdown of its page in docs/options; `config help` prints the same as plain
// text (plain-text.ts). Facts come from the catalogue, words and examples from the hand-written notes beside the pages.

import { optionsNamed } from '../config/catalogue.ts';
import { type Chain, HOST_CHAIN, type Level } from '../config/chain.ts';
import type { Option } from '../config/option.ts';
import { oneOf } from '../config/problem.ts';
import { findScopeKind, type ScopeName } from '../config/scope.ts';
import NOTES from './option-notes.json' with { type: 'json' };
import { topicOf } from './option-topics.ts';

const NOTES_BY_NAME = new Map<string, string>(Object.entries(NOTES));

/** The page of a name, with a part for each of its meanings; null for a name that no option has. */
export function optionPage(name: string): string | null {
  const rows = optionsNamed(name);
  const acted = rows.filter(({ handling }) => handling.kind === 'acted');
  const described = acted.length > 0 ? acted : rows;
  const [first] = described;
  if (first === undefined) return null;
  const parts = described.map((row) => describe(row, described.length > 1));
  const others = rows.filter((row) => !described.includes(row)).map(otherMeaning);
  const topic = topicOf(first).title.toLowerCase();
  const more = `More on this topic: [${topic}](README.md#${topic.replaceAll(' ', '-')})`;
  const body = NOTES_BY_NAME.get(first.name)?.trim() ?? exampleOf(first);
  const blocks = [`# ${first.name}`, ...parts, body, others.join('\n'), more];
  return `${blocks.filter((text) => text !== '').join('\n\n')}\n`;
}

/** An option of that name in scopes where nothing comes of it. */
function otherMeaning({ scopes, handling }: Option<unknown>): string {
  const because = handling.kind === 'acted' ? '' : `: ${escaped(handling.because)}`;
  const where = scopes.includes('listen') ? ', or the listen has enable = false' : '';
  const what = handling.kind === 'refused' ? `refused unless it changes nothing${where}` : 'kept, with a warning';
  return `- **In ${oneOf(scopes)}:** ${what}${because}`;
}

/** @param isOneOfMany the name means something else in other scopes, so these stand in the heading */
function describe(option: Option<unknown>, isOneOfMany: boolean): string {
  const facts = [
    ['Value', option.type.expected],
    ['Default', defaultText(option)],
    ['Scopes', option.scopes.join(', ')],
    ...chainFacts(option),
    ['A change', option.needsRestart ? 'takes effect at the next start' : 'takes effect at once'],
    ...(option.aliases.length === 0 ? [] : [['Also written', `${option.aliases.join(', ')} (with a warning)`]]),
    ...handlingFacts(option),
  ];
  const heading = isOneOfMany ? `## In ${oneOf(option.scopes)}\n\n` : '';
  return `${heading}${sentence(option.help)}\n\n${facts.map(([fact, text]) => `- **${fact}:** ${escaped(text!)}`).join('\n')}`;
}

function handlingFacts({ handling, scopes }: Option<unknown>): string[][] {
  if (handling.kind === 'kept') return [['Kept, with a warning', handling.because]];
  const facts = handling.kind === 'refused' ? [['Refused unless it changes nothing', handling.because]] : [];
  if (handling.kind === 'refused' && scopes.includes('listen'))
    facts.push([
      'Kept, with a warning, in listen with enable = false',
      'an endpoint that is not opened lets nothing through',
    ]);
  const inert = scopes.flatMap((scope) => findScopeKind(scope) ?? []).filter(({ isInert }) => isInert);
  const names = Map.groupBy(inert, (kind) => (kind.handling.kind === 'kept' ? kind.handling.because : ''));
  for (const [because, kinds] of names)
    facts.push([`Kept, with a warning, in ${oneOf(kinds.map(({ keyword }) => keyword))}`, because]);
  return facts;
}

/** The value in force where nobody set one, in the spelling of a file. */
export function defaultText(option: Option<unknown>): string {
  const inHost = option.hostDefault;
  if (inHost === undefined || !option.scopes.includes('host')) return plainValue(option, option.default);
  const [usual, host] = [plainValue(option, option.default), plainValue(option, inHost)];
  return usual === host ? usual : `${usual}; in host scope ${host}`;
}

function plainValue({ type }: Option<unknown>, value: unknown): string {
  if (value === null || value === '') return 'none';
  if (typeof value === 'boolean') return String(value);
  if (Array.isArray(value) && value.length === 0) return 'an empty list';
  return type
    .format(value)
    .replace(/\s+/g, ' ')
    .replace(/^"([^"]*)"$/, '$1');
}

/** Where a value is looked for, the most specific place first. */
function chainFacts(option: Option<unknown>): string[][] {
  const usual = option.scopes.filter((scope) => scope !== 'host');
  const facts: string[][] = [];
  if (usual.length > 0) facts.push(['Looked for in', placesOf(option.chain, usual)]);
  if (option.scopes.includes('host')) {
    const chain = option.hostChain.levels.length === 0 ? HOST_CHAIN : option.hostChain;
    facts.push(['For a mail exchanger', placesOf(chain, ['host'])]);
  }
  return facts;
}

function placesOf({ levels }: Chain, scopes: readonly ScopeName[]): string {
  const reachable = levels.filter((level) => scopes.includes(level.at(-1) ?? 'global'));
  const places = reachable.length === 0 ? ['its own stanza'] : reachable.map(placeOf);
  return [...new Set(places), 'the default'].join('; ');
}

function placeOf(level: Level): string {
  if (level.length === 0) return 'the global scope';
  const words = level.map((scope) =>
    scope === 'binding_group' ? 'group' : scope.endsWith('_listener') ? 'listener' : scope,
  );
  return `the ${words.toReversed().join(' in the ')}`;
}

/** How it is written, for options about which there are no notes. Empty where the default says nothing. */
function exampleOf(option: Option<unknown>): string {
  const value = plainValue(option, option.default);
  if (option.handling.kind !== 'acted' || value === 'none' || value === 'an empty list') return '';
  const example = inScope(option.scopes, `${option.display} = ${/^[\w.-]+$/.test(value) ? value : `"${value}"`}`);
  return example === null ? '' : `## Example\n\n\`\`\`conf\n${example}\n\`\`\``;
}

/** The stanza that an example stands in, where the global scope will not do; null when it takes more than one. */
function inScope(scopes: readonly ScopeName[], setting: string): string | null {
  if (scopes.includes('global')) return setting;
  const kinds = scopes.map(findScopeKind);
  const kind = kinds.find((candidate) => candidate?.parents.includes('global') && candidate.handling.kind === 'acted');
  if (kind === undefined || kind === null) return null;
  const name = kind.naming === 'anonymous' ? '' : ' "example"';
  return `${kind.display}${name} {\n  ${setting}\n}`;
}

const sentence = (help: string): string => escaped(`${help[0]!.toUpperCase()}${help.slice(1)}`);

/** What Markdown would take for emphasis or a tag. */
function escaped(text: string): string {
  return text.replace(/[*<>|]/g, '\\$&').replace(/(?<![\w`])__(\w+)__/g, '`__$1__`');
}
