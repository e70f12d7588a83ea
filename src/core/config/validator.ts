// From syntax to the stanza tree: gives every name its meaning, checks every value, merges repeated stanzas. Everything
// it knows of options and scopes it reads from the catalogue.
import { nearestName } from '../base/near-name.ts';
import { findOption, handlingIn, nearestOption, optionIn, optionNames, optionsNamed, scopesOf } from './catalogue.ts';
import { isEndpoint } from './findings/closed-endpoints.ts';
import type { ResolvedItem } from './include.ts';
import { MODULE_NAMES } from './module-scopes.ts';
import { harmlessText, type Option } from './option.ts';
import { type ConfigProblem, didYouMean, type Findings, oneOf } from './problem.ts';
import {
  findScopeInside,
  findScopeKind,
  type ScopeKind,
  type ScopeName,
  scopeNamesInside,
  scopeWordsInside,
} from './scope.ts';
import { addChild, type DraftStanza, emptyRoot, FROM_FILE, type Setting, type Stanza } from './stanza.ts';
import { readStanzaName } from './stanza-name.ts';
import type { AssignmentSyntax, ItemSyntax, StanzaSyntax, ValueSyntax, WordSyntax } from './syntax.ts';
import { describeValue } from './syntax.ts';

/** @param lenient unknown modules and options are left out with a warning */
export function buildTree(
  file: string,
  items: readonly ResolvedItem[],
  findings: Findings,
  lenient: boolean,
): DraftStanza {
  const root = emptyRoot(file);
  new Builder(findings, lenient).addItems(root, items);
  return root;
}

class Builder {
  readonly #findings: Findings;
  readonly #lenient: boolean;

  constructor(findings: Findings, lenient: boolean) {
    this.#findings = findings;
    this.#lenient = lenient;
  }

  addItems(parent: DraftStanza, items: readonly ItemSyntax[]): void {
    for (const item of items) {
      if (item.kind === 'assignment') this.#addSetting(parent, item);
      else if (item.kind === 'stanza') this.#addStanza(parent, item);
    }
  }

  #addSetting(parent: DraftStanza, { name, value }: AssignmentSyntax): void {
    const option = optionIn(parent.kind, name.text);
    if (option === null) {
      this.#reportUnknownOption(parent, name);
      return;
    }
    const setting = checkSetting(parent, option, name, value, this.#findings);
    if (setting !== null) parent.settings.set(option.name, setting);
  }

  #addStanza(parent: DraftStanza, stanza: StanzaSyntax): void {
    const step = this.#scopeOf(parent, stanza.scope);
    if (step === null) return;
    const { name, scope } = stanza;
    const isNamed = hasRightNaming(step, name, scope, this.#findings);
    const child = isNamed ? enterStanza(parent, step, name, scope, this.#findings) : null;
    this.addItems(child ?? { ...emptyRoot(''), kind: step }, stanza.items); // its contents are checked in any case
  }

  #scopeOf(parent: Stanza, word: WordSyntax): ScopeKind | null {
    const kind = findScopeInside(parent.kind, word.text);
    if (kind === null) {
      this.#reportUnknownStanza(parent, word);
      return null;
    }
    judgeStanza(parent, kind, word, this.#findings);
    return kind;
  }

  #reportUnknownStanza(parent: Stanza, word: WordSyntax): void {
    const at = word.at;
    const subject = word.text;
    const elsewhere = findScopeKind(subject);
    const isOption = findOption(parent.kind.name, subject) !== null;
    if (elsewhere !== null && !isOption) {
      const found = `a stanza in ${describeScope(parent)}`;
      this.#findings.problem({ at, subject, found, expected: `one in ${oneOf(elsewhere.parents)}` });
      return;
    }
    if (this.#lenient && !isOption) {
      this.#findings.warn(at, subject, 'left out: no such stanza is known');
      return;
    }
    const names = scopeWordsInside(parent.kind.name);
    const near = nearestName(subject, scopeNamesInside(parent.kind.name));
    const hint = isOption ? `it is an option; write ${subject} = value` : didYouMean(near);
    const expected = names.length === 0 ? 'options only' : oneOf(names);
    const found = `an unknown stanza in ${describeScope(parent)}`;
    const unknownIn = isOption ? {} : { unknownIn: nameOfScope(parent) };
    this.#findings.problem({ at, subject, found, expected, hint, ...unknownIn });
  }

  #reportUnknownOption(parent: Stanza, name: WordSyntax): void {
    const subject = name.text;
    const problem = unknownOption(parent, subject);
    const hint = problem.hint === undefined ? '' : ` (${problem.hint})`;
    if (optionsNamed(subject).length === 0 && findScopeKind(subject) === null && this.#lenient)
      this.#findings.warn(name.at, subject, `left out: no such option is known${hint}`);
    else this.#findings.problem({ at: name.at, ...problem });
  }
}

/** Says what becomes of a stanza that does nothing here, or must not stand. */
export function judgeStanza(
  parent: Pick<Stanza, 'kind'>,
  { handling, keyword, name }: ScopeKind,
  { at }: WordSyntax,
  findings: Findings,
): void {
  const isNews = parent.kind.handling.kind !== 'kept'; // what stands in an unused stanza is unused, too
  if (handling.kind === 'kept' && isNews && name !== 'module')
    findings.warn(at, keyword, `not used: ${handling.because}`, handling.isLoud);
  if (handling.kind === 'refused')
    findings.problem({ at, subject: keyword, found: 'a stanza', expected: 'none', hint: handling.because });
}

/** What to say of a name that is no option of a scope: where it is one, or what it may have been meant to be. */
export function unknownOption(scope: Pick<Stanza, 'kind'>, name: string): Omit<ConfigProblem, 'at'> {
  const where = describeScope(scope);
  const valid = scopesOf(name);
  if (valid.length > 0)
    return { subject: name.toLowerCase(), found: `an option in ${where}`, expected: `one in ${describeScopes(valid)}` };
  if (findScopeKind(name) !== null)
    return { subject: name, found: 'a value', expected: `a stanza, such as ${name} "name" { }` };
  const near = nearestOption(scope.kind.name, name);
  const isElsewhere = near !== null && findOption(scope.kind.name, near) === null;
  const hint = isElsewhere ? `${didYouMean(near)} It is valid in ${describeScopes(scopesOf(near))}` : didYouMean(near);
  const found = `an unknown option in ${where}`;
  return { subject: name, found, expected: expectedOption(scope, near), hint, unknownIn: nameOfScope(scope) };
}

/** More names than this are no help in a line; the stanzas of modules have fewer, those of the core more. */
const LISTED_OPTIONS_MAX = 20;

function expectedOption({ kind }: Pick<Stanza, 'kind'>, near: string | null): string {
  const names = near === null ? optionNames(kind.name) : [];
  return names.length > 0 && names.length <= LISTED_OPTIONS_MAX ? oneOf(names) : 'an option';
}

const nameOfScope = ({ kind }: Pick<Stanza, 'kind'>): string => kind.display || 'Global';

/** What is valid in every module is not listed one by one. */
function describeScopes(scopes: readonly ScopeName[]): string {
  const rest = MODULE_NAMES.every((name) => scopes.includes(name))
    ? ['any module', ...scopes.filter((scope) => !MODULE_NAMES.includes(scope))]
    : scopes;
  return oneOf(rest);
}

const describeScope = ({ kind }: Pick<Stanza, 'kind'>): string =>
  kind.name === 'global' ? 'the global scope' : kind.keyword;

/** Reads and judges one value. Null when it cannot stand; the findings say why. */
export function checkSetting(
  stanza: Pick<Stanza, 'path'>,
  option: Option<unknown>,
  name: WordSyntax,
  syntax: ValueSyntax,
  findings: Findings,
): Setting | null {
  const subject = option.name;
  const misplacement = option.misplacement(stanza.path);
  if (misplacement !== null) {
    findings.problem({ at: name.at, subject, ...misplacement });
    return null;
  }
  const parsed = option.type.parse(syntax);
  if (parsed.kind === 'problem') {
    const { at, found, expected, hint } = parsed;
    findings.problem({ at, subject, found, expected, hint });
    return null;
  }
  if (option.aliases.includes(name.text.toLowerCase()))
    findings.warn(name.at, name.text.toLowerCase(), `read as ${option.name}`);
  const { value } = parsed;
  const handling = handlingIn(option, stanza.path);
  if (handling.kind !== 'acted' && !option.isHarmless(value)) {
    if (handling.kind === 'refused' && !isEndpoint(stanza.path)) {
      const found = describeValue(syntax);
      findings.problem({ at: syntax.at, subject, found, expected: harmlessText(option), hint: handling.because });
      return null;
    }
    if (handling.kind === 'kept' && !option.scopes.includes('module'))
      findings.warn(name.at, subject, `not used: ${handling.because}`, handling.isLoud);
  }
  const caution = option.caution(value);
  if (caution !== null) findings.warn(name.at, subject, caution);
  return { option, value, syntax, at: name.at, origin: FROM_FILE };
}

function hasRightNaming(kind: ScopeKind, name: WordSyntax | null, keyword: WordSyntax, findings: Findings): boolean {
  if (kind.naming === 'either' || (kind.naming === 'named') === (name !== null)) return true;
  const subject = kind.keyword;
  if (name === null) findings.problem({ at: keyword.at, subject, found: 'no name', expected: `${subject} "name" { }` });
  else
    findings.problem({
      at: name.at,
      subject,
      found: `the name "${name.text}"`,
      expected: `${subject} { } without a name`,
    });
  return false;
}

/** The child of that name, added when it is new. Null when the name cannot stand; the findings say why. */
export function enterStanza(
  parent: DraftStanza,
  kind: ScopeKind,
  name: WordSyntax | null,
  keyword: WordSyntax,
  findings: Findings,
): DraftStanza | null {
  const text = name?.text ?? '';
  const read = readStanzaName(kind, text);
  if (read.kind === 'problem') {
    const at = name?.at ?? keyword.at;
    findings.problem({ at, subject: kind.keyword, found: `"${text}"`, expected: read.expected });
    return null;
  }
  const known = parent.children.get(kind.keyword)?.byKey.get(read.key);
  if (known !== undefined) return known;
  const pattern = read.kind === 'pattern' ? read.pattern : null;
  if (read.kind === 'pattern' && read.caution !== null)
    findings.warn(keyword.at, `${kind.keyword} "${text}"`, read.caution);
  return addChild(parent, { kind, name: name?.text ?? null }, read.key, pattern, keyword.at);
}
