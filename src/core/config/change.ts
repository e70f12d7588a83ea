// Changes at run time: a new configuration out of the one in force. Only the stanzas on the path of a change are copied,
// all others are shared.
import { findOption, optionIn } from './catalogue.ts';
import { formatChange } from './change-text.ts';
import type { Configuration } from './configuration.ts';
import { stanzasBelow } from './findings/dead-entry.ts';
import { finishLoad, type LoadResult } from './load.ts';
import { Findings } from './problem.ts';
import { type ChangeAuthor, type ChangedPlace, withRunTimeChange } from './provenance.ts';
import type { PathStep } from './scope-path.ts';
import { type DraftChildren, type DraftStanza, emptyRoot, findChild, type Stanza } from './stanza.ts';
import type { ValueSyntax, WordSyntax } from './syntax.ts';
import { checkSetting, enterStanza, judgeStanza, unknownOption } from './validator.ts';

export type Change =
  /** Sets an option in exactly that scope, which is added when there is none. */
  | {
      readonly kind: 'set';
      readonly path: readonly PathStep[];
      readonly option: WordSyntax;
      readonly value: ValueSyntax;
    }
  /** Takes an option out of exactly that scope. */
  | { readonly kind: 'unset'; readonly path: readonly PathStep[]; readonly option: WordSyntax }
  /** Takes a stanza out, with everything below it. */
  | { readonly kind: 'remove'; readonly path: readonly PathStep[] };

/** The configuration with one change, its version one higher. Unsetting what is not set changes nothing. */
export function withChange(configuration: Configuration, change: Change, author: ChangeAuthor): LoadResult {
  return withChanges(configuration, configuration.root, [change], author);
}

/**
 * A configuration to follow `configuration`.
 * @param from what the changes are applied to, in their order: the root of `configuration`, or {@link scratchOf} it
 */
export function withChanges(
  configuration: Configuration,
  from: Stanza,
  changes: readonly Change[],
  author: ChangeAuthor,
): LoadResult {
  const findings = new Findings();
  const places: ChangedPlace[] = [];
  let root = from;
  for (const change of changes) {
    places.push(placeOf(root, change));
    root = changedRoot(root, change, author, findings);
  }
  const version = configuration.version + 1;
  const commands = changes.map(formatChange);
  const provenance = withRunTimeChange(configuration.provenance, { ...author, version, commands, places });
  return finishLoad(root, version, findings, provenance);
}

/** @param root before the change */
function placeOf(root: Stanza, change: Change): ChangedPlace {
  const path = change.path.map(({ kind, name, key }) => ({ kind, name, key }));
  if (change.kind !== 'remove') {
    const { text } = change.option;
    const scope = path.at(-1)?.kind.name ?? root.kind.name;
    return { path, options: new Set([findOption(scope, text)?.name ?? text.toLowerCase()]), isWhole: false };
  }
  let stanza: Stanza | null = root;
  for (const { kind, key } of path) stanza = stanza && findChild(stanza, kind.keyword, key);
  const options = new Set<string>();
  for (const below of stanza === null ? [] : stanzasBelow(stanza))
    for (const name of below.settings.keys()) options.add(name);
  return { path, options, isWhole: true };
}

/** One change, for itself. What concerns several stanzas is not looked at: that waits for the end of a transaction. */
export function changedRoot(from: Stanza, change: Change, author: ChangeAuthor, findings: Findings): Stanza {
  const root = copyOf(from);
  if (change.kind === 'remove') {
    removeStanza(root, change.path, author);
    return root;
  }
  const stanza = change.path.reduce<DraftStanza | null>(
    (parent, step) => parent && openStanza(parent, step, author, findings),
    root,
  );
  if (stanza !== null && change.kind === 'set') setOption(stanza, change, author, findings);
  if (stanza !== null && change.kind === 'unset') unsetOption(stanza, change.option);
  return root;
}

const IMPLICIT_STANZAS = ['threadpool', 'debug_flags'];
const IMPLICIT_OPTION = 'timestampformat';

/** What `config begin from scratch` begins with: what every server has without being told. */
export function scratchOf(root: Stanza): Stanza {
  const scratch = emptyRoot(root.at.file);
  for (const keyword of IMPLICIT_STANZAS) {
    const children = (root as DraftStanza).children.get(keyword);
    if (children !== undefined) scratch.children.set(keyword, children);
  }
  const setting = root.settings.get(IMPLICIT_OPTION);
  if (setting !== undefined) scratch.settings.set(IMPLICIT_OPTION, setting);
  return scratch;
}

/** Whether a change takes away from what {@link scratchOf} keeps. */
export function unsetsImplicit(change: Change): boolean {
  if (change.kind === 'set') return false;
  const [outermost] = change.path;
  if (outermost !== undefined) return IMPLICIT_STANZAS.includes(outermost.kind.keyword);
  return change.kind === 'unset' && change.option.text.toLowerCase() === IMPLICIT_OPTION;
}

function setOption(
  stanza: DraftStanza,
  { option: name, value }: Change & { kind: 'set' },
  { at, by }: ChangeAuthor,
  findings: Findings,
): void {
  const option = optionIn(stanza.kind, name.text);
  if (option === null) {
    findings.problem({ at: name.at, ...unknownOption(stanza, name.text) });
    return;
  }
  const setting = checkSetting(stanza, option, name, value, findings);
  if (setting !== null) {
    const place = { ...setting.at, console: { at, by } };
    stanza.settings.set(option.name, { ...setting, at: place, origin: { kind: 'console', at, by } });
  }
}

function unsetOption(stanza: DraftStanza, name: WordSyntax): void {
  stanza.settings.delete(findOption(stanza.kind.name, name.text)?.name ?? name.text.toLowerCase());
}

/** The child in a form that may be changed. Its parent is one already. */
function openStanza(
  parent: DraftStanza,
  step: PathStep,
  { at, by }: ChangeAuthor,
  findings: Findings,
): DraftStanza | null {
  const siblings = openChildren(parent, step.kind.keyword);
  const known = siblings?.byKey.get(step.key);
  if (siblings === null || known === undefined) {
    judgeStanza(parent, step.kind, step.word, findings);
    const word = { ...step.word, at: { ...step.word.at, console: { at, by } } };
    return enterStanza(parent, step.kind, step.nameWord, word, findings);
  }
  const copy = copyOf(known);
  siblings.byKey.set(step.key, copy);
  const place = siblings.patterns.indexOf(known);
  if (place >= 0) siblings.patterns[place] = copy;
  return copy;
}

function removeStanza(root: DraftStanza, path: readonly PathStep[], author: ChangeAuthor): void {
  const findings = new Findings(); // every stanza on the path exists, so nothing can be found
  const last = path.at(-1)!;
  const parent = path
    .slice(0, -1)
    .reduce<DraftStanza | null>((from, step) => from && openStanza(from, step, author, findings), root);
  const siblings = parent === null ? null : openChildren(parent, last.kind.keyword);
  const stanza = siblings?.byKey.get(last.key);
  if (siblings === null || stanza === undefined) return;
  siblings.byKey.delete(last.key);
  if (stanza.pattern !== null) siblings.patterns.splice(siblings.patterns.indexOf(stanza), 1);
}

/** The container of a kind of children, copied; null when there is none. */
function openChildren(parent: DraftStanza, keyword: string): DraftChildren | null {
  const children = parent.children.get(keyword);
  if (children === undefined) return null;
  const copy = { byKey: new Map(children.byKey), patterns: [...children.patterns] };
  parent.children.set(keyword, copy);
  return copy;
}

/** Its containers are still those of the original; {@link openChildren} copies the one that changes. */
function copyOf(stanza: Stanza): DraftStanza {
  const { settings, children } = stanza as DraftStanza;
  return { ...(stanza as DraftStanza), settings: new Map(settings), children: new Map(children) };
}
