// For one option of delivery: who gets another value under another configuration. Whoever may ask is sorted into classes
// (a binding, the rest of a group, everybody else; a domain, those that a pattern matches, all others), and the cells of
// that table are compared. Only cells that a changed setting can reach are looked at, and a cell that says the same as the
// wider one around it is left out, so that a change for everybody is one line, however many stanzas there are.

import type { Chain, Level } from '../chain.ts';
import type { Configuration } from '../configuration.ts';
import type { Option } from '../option.ts';
import { matchesPattern } from '../pattern.ts';
import { findChild, formatPath, type Setting, type Stanza } from '../stanza.ts';
import type { OptionSetters } from './changed-settings.ts';
import { valueText } from './changed-settings.ts';
import type { LookBudget } from './dead-entry.ts';
import type { SetPlace } from './explanation.ts';
import { settingOf } from './explanation.ts';

/** A domain or a host, or all that a pattern matches. */
export interface ClassName {
  readonly key: string;
  /** As it is written in the configuration. */
  readonly text: string;
  readonly pattern: RegExp | null;
}

/** Who is meant; what is null may be any that no other line is about. */
export interface CellOwner {
  readonly group: string | null;
  readonly binding: string | null;
  readonly name: ClassName | null;
}

/** A value with the place that sets it; null for the default. */
export interface SideValue {
  readonly text: string;
  readonly setBy: SetPlace | null;
  readonly value: unknown;
}

export interface ChangedCell {
  readonly owner: CellOwner;
  readonly before: SideValue;
  readonly after: SideValue;
  /** Those within it for whom nothing changes. */
  readonly except: readonly CellOwner[];
  /** More of them: who has a value that comes before those of global names. One list for all cells. */
  readonly exceptRows: readonly CellOwner[];
}

/** A row whose own value comes or goes, so that it stands before global names from now on, or lets them through. */
export interface UncomparedNames {
  readonly owner: CellOwner;
  /** How many names with a global stanza were not compared one by one, at least. */
  readonly names: number;
}

interface Row {
  readonly owner: CellOwner;
  /** The group of its bindings, under either configuration; null for those of groups that say nothing. */
  readonly groups: readonly [string | null, string | null];
}

interface Cell {
  readonly owner: CellOwner;
  readonly before: SideValue;
  readonly after: SideValue;
  readonly isChanged: boolean;
  readonly except: CellOwner[];
  exceptRows: readonly CellOwner[];
}

interface Universe {
  readonly setters: OptionSetters;
  readonly chain: Chain;
  /** The value of those whom no stanza speaks for. */
  readonly standard: unknown;
  readonly leaf: 'domain' | 'host' | null;
}

/** @returns what changes, wider classes first */
export function changedCells(
  before: Configuration,
  after: Configuration,
  universe: Universe,
  budget: LookBudget,
): { readonly cells: readonly ChangedCell[]; readonly uncompared: readonly UncomparedNames[] } {
  const table = new Table(before, after, universe, budget);
  return { cells: table.changes(), uncompared: table.uncompared };
}

class Table {
  readonly #roots: readonly [Stanza, Stanza];
  readonly #configurations: readonly [Configuration, Configuration];
  readonly #option: Option<unknown>;
  readonly #universe: Universe;
  readonly #budget: LookBudget;
  readonly #kept = new Map<string, Cell>();
  readonly uncompared: UncomparedNames[] = [];
  /** The groups that have kept cells of single names; null for everybody. */
  readonly #named = new Set<string | null>();
  /** Patterns among the names of kept cells. */
  readonly #patterns: ClassName[] = [];
  readonly #nameLevels: readonly Level[];
  readonly #plainLevels: readonly Level[];

  constructor(before: Configuration, after: Configuration, universe: Universe, budget: LookBudget) {
    this.#configurations = [before, after];
    this.#roots = [before.root, after.root];
    this.#option = universe.setters.option;
    this.#universe = universe;
    this.#budget = budget;
    const { levels } = universe.chain;
    this.#nameLevels = levels.filter((level) => universe.leaf !== null && level.at(-1) === universe.leaf);
    this.#plainLevels = levels.filter((level) => !['domain', 'host'].includes(level.at(-1)!));
  }

  changes(): ChangedCell[] {
    const everybody: Row = { owner: { group: null, binding: null, name: null }, groups: [null, null] };
    this.#add(this.#compare(everybody, null));
    const widest = this.#names(everybody);
    for (const name of widest) this.#add(this.#compare(everybody, name));
    /** Rows that have a value of their own, by the group whose single names do not reach them; null for everybody's. */
    const decided = new Map<string | null, CellOwner[]>([[null, []]]);
    for (const row of this.#rows()) {
      const { group, binding } = row.owner;
      const around = binding === null ? [null] : [null, group];
      const cell = this.#compare(row, null);
      const isAround = around.some((one) => this.#named.has(one)) && this.#isDecided(row).includes(true);
      if (this.#add(cell, isAround) && !cell.isChanged) {
        for (const one of around) decided.set(one, [...(decided.get(one) ?? []), row.owner]);
      }
      for (const name of this.#namesWithWider(row, widest)) {
        if (this.#budget.isSpent) break;
        this.#add(this.#compare(row, name));
      }
    }
    for (const cell of this.#kept.values()) {
      const { group, binding, name } = cell.owner;
      if (name !== null && binding === null) cell.exceptRows = decided.get(group) ?? [];
    }
    return [...this.#kept.values()].filter(({ isChanged }) => isChanged);
  }

  /** Groups with a value of their own, then bindings: those that are in both configurations. */
  #rows(): readonly Row[] {
    const [before, after] = this.#configurations;
    const groups = new Set<string>();
    const bindings = new Set<string>();
    for (const setters of [this.#universe.setters.before, this.#universe.setters.after]) {
      for (const { stanza } of setters.values()) {
        const group = nameIn(stanza, 'binding_group');
        const binding = nameIn(stanza, 'binding');
        if (binding !== undefined) bindings.add(binding);
        else if (group !== undefined) groups.add(group);
      }
    }
    const common = before.bindings().filter(({ name }) => after.hasBinding(name));
    for (const { name, group } of common) if (after.groupOf(name) !== group) bindings.add(name);
    const plain = new Set(common.filter(({ name }) => !bindings.has(name)).map(({ group }) => group));
    const rows: Row[] = [];
    for (const group of groups)
      if (plain.has(group)) rows.push({ owner: { group, binding: null, name: null }, groups: [group, group] });
    for (const { name, group } of common) {
      const now = after.groupOf(name);
      if (bindings.has(name)) rows.push({ owner: { group: now, binding: name, name: null }, groups: [group, now] });
    }
    return rows;
  }

  /** The names for which the stanzas of a row, and of no wider one, say something; patterns first. */
  #names({ owner, groups }: Row): readonly ClassName[] {
    const found = new Map<string, ClassName>();
    const isWidest = owner.binding === null && owner.group === null;
    const levels = this.#nameLevels.filter((level) => (level.length === 1) === isWidest);
    for (const root of this.#roots) {
      for (const level of levels) {
        // A binding that moves is compared with what its new group said before, too.
        for (const group of new Set(groups)) {
          const children = containerOf(root, level, group, owner.binding)?.children.get(level.at(-1)!);
          for (const stanza of children?.byKey.values() ?? []) {
            if (found.has(stanza.key) || settingOf(stanza, this.#option) === null) continue;
            found.set(stanza.key, { key: stanza.key, text: stanza.name ?? '', pattern: stanza.pattern });
          }
        }
      }
    }
    return byGenerality([...found.values()]);
  }

  /**
   * Those, and global names for which the row may differ from everybody: all of them when it has a value of its own under
   * one configuration only, or comes from another group, else those that its own patterns match.
   */
  #namesWithWider(row: Row, widest: readonly ClassName[]): readonly ClassName[] {
    const own = this.#names(row);
    const patterns = own.flatMap(({ pattern }) => pattern ?? []);
    const [before, after] = this.#isDecided(row);
    const isOneSided = before !== after || row.groups[0] !== row.groups[1];
    if (!isOneSided && patterns.length === 0) return own;
    const keys = new Set(own.map(({ key }) => key));
    if (isOneSided) {
      const others: ClassName[] = [];
      for (const name of widest) {
        if (others.length === WIDE_NAMES_MAX) break;
        if (!keys.has(name.key)) others.push(name);
      }
      const names = widest.length - others.length - own.length;
      if (others.length === WIDE_NAMES_MAX && names > 0) this.uncompared.push({ owner: row.owner, names });
      return byGenerality([...own, ...others]);
    }
    this.#budget.spend(Math.ceil((patterns.length * widest.length) / TESTS_PER_LOOK));
    const isMatched = ({ key, pattern }: ClassName): boolean =>
      pattern === null && !keys.has(key) && patterns.some((one) => matchesPattern(one, key));
    return byGenerality([...own, ...widest.filter(isMatched)]);
  }

  /** Whether a row has a value, whatever the name, that comes before those of global names; under either configuration. */
  #isDecided({ owner, groups }: Row): readonly [boolean, boolean] {
    const levels = this.#plainLevels.filter((level) => level.length > 0);
    const at = (side: 0 | 1): boolean =>
      levels.some((level) => {
        const container = containerOf(this.#roots[side], level, groups[side], owner.binding);
        return container !== null && settingOf(container, this.#option) !== null;
      });
    return [at(0), at(1)];
  }

  #compare(row: Row, name: ClassName | null): Cell {
    const owner = { ...row.owner, name };
    this.#budget.spend();
    const before = this.#decide(0, row, name);
    const after = this.#decide(1, row, name);
    return { owner, before, after, isChanged: before.text !== after.text, except: [], exceptRows: [] };
  }

  #decide(side: 0 | 1, { owner, groups }: Row, name: ClassName | null): SideValue {
    for (const level of this.#universe.chain.levels) {
      const container = containerOf(this.#roots[side], level, groups[side], owner.binding);
      if (container === null) continue;
      const scope = level.at(-1);
      const found =
        scope === 'domain' || scope === 'host'
          ? scope === this.#universe.leaf && name !== null
            ? settingFor(container, scope, name, this.#option)
            : null
          : plainSetting(container, this.#option);
      if (found !== null) return sideValue(found.stanza, found.setting);
    }
    const { standard } = this.#universe;
    return { text: this.#option.type.format(standard), setBy: null, value: standard };
  }

  /** Keeps a cell that says something else than the wider one that would stand for it. */
  #add(cell: Cell, isKept = false): boolean {
    const wider = this.#wider(cell.owner);
    const isSame =
      wider === null
        ? !cell.isChanged
        : wider.isChanged === cell.isChanged &&
          (!cell.isChanged || (wider.before.text === cell.before.text && wider.after.text === cell.after.text));
    if (isSame && !isKept) return false;
    this.#kept.set(cellKey(cell.owner), cell);
    const { name, binding, group } = cell.owner;
    if (name?.pattern) this.#patterns.push(name);
    if (name !== null && binding === null) this.#named.add(group);
    if (!cell.isChanged && wider?.isChanged) wider.except.push(cell.owner);
    return true;
  }

  /** The kept cell that stands for an owner while it has none of its own: its binding, its group, everybody. */
  #wider({ group, binding, name }: CellOwner): Cell | null {
    const names = name === null ? [] : [name, ...(name.pattern === null ? this.#patternsOf(name) : [])];
    const rows: Omit<CellOwner, 'name'>[] = [{ group: null, binding: null }];
    if (group !== null) rows.unshift({ group, binding: null });
    if (binding !== null) rows.unshift({ group, binding });
    const order = rows.flatMap((row) => [...names, null].map((each): CellOwner => ({ ...row, name: each })));
    const self = cellKey({ group, binding, name });
    for (const owner of order) {
      const key = cellKey(owner);
      const kept = key === self ? undefined : this.#kept.get(key);
      if (kept !== undefined) return kept;
    }
    return null;
  }

  #patternsOf({ key }: ClassName): readonly ClassName[] {
    return this.#patterns.filter(({ pattern }) => matchesPattern(pattern!, key));
  }
}

/** Of global names that are compared for one row; the others are counted. */
const WIDE_NAMES_MAX = 200;

/** A match of a pattern costs less than a cell. */
const TESTS_PER_LOOK = 10;

function cellKey({ group, binding, name }: CellOwner): string {
  return `${binding === null ? `group ${group}` : `binding ${binding}`} ${name?.key ?? ''}`;
}

function byGenerality(names: readonly ClassName[]): readonly ClassName[] {
  return [...names.filter(({ pattern }) => pattern !== null), ...names.filter(({ pattern }) => pattern === null)];
}

/** The stanza of the group and the binding in a level; null when there is none. */
function containerOf(root: Stanza, level: Level, group: string | null, binding: string | null): Stanza | null {
  let stanza: Stanza | null = root;
  for (const scope of level) {
    if (scope === 'binding_group') stanza = stanza && (group === null ? null : findChild(stanza, scope, group));
    else if (scope === 'binding') stanza = stanza && (binding === null ? null : findChild(stanza, scope, binding));
  }
  return stanza;
}

interface FoundSetting {
  readonly stanza: Stanza;
  readonly setting: Setting;
}

function plainSetting(stanza: Stanza, option: Option<unknown>): FoundSetting | null {
  const setting = settingOf(stanza, option);
  return setting === null ? null : { stanza, setting };
}

function settingFor(
  container: Stanza,
  scope: 'domain' | 'host',
  name: ClassName,
  option: Option<unknown>,
): FoundSetting | null {
  const children = container.children.get(scope);
  if (children === undefined) return null;
  const own = children.byKey.get(name.key);
  const found = own === undefined || own.pattern !== null ? null : plainSetting(own, option);
  if (found !== null) return found;
  for (const stanza of children.patterns) {
    const isMatch = name.pattern === null ? matchesPattern(stanza.pattern!, name.key) : stanza.key === name.key;
    const setting = isMatch ? plainSetting(stanza, option) : null;
    if (setting !== null) return setting;
  }
  return null;
}

export function sideValue(stanza: Stanza, setting: Setting): SideValue {
  const { at, origin, value } = setting;
  return { text: valueText(setting), setBy: { scope: formatPath(stanza.path), at, origin }, value };
}

function nameIn({ path }: Stanza, scope: string): string | undefined {
  return path.find(({ kind }) => kind.name === scope)?.name ?? undefined;
}
