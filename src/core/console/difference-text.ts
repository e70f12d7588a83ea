// A difference of configurations as people read it: who it is about, then what changes. Equal changes for many names are
// one line, and of long lists a few are named.
import type { Difference, Owner, StructureChange, ValueChange } from '../config/findings/difference.ts';
import type { CellOwner, SideValue } from '../config/findings/difference-cells.ts';
import type { Option } from '../config/option.ts';
import type { SourcePosition } from '../config/source.ts';
import { shownText } from '../config/value-type.ts';
import type { ConfigClock } from './config-holder.ts';
import { positionText } from './set-place.ts';

const NAMES_SHOWN = 3;

type PlaceOf = (at: SourcePosition) => string;

/** A block of lines for each owner; empty when nothing changes. */
export function differenceLines(
  { structure, values, uncompared, isComplete }: Difference,
  zone: Pick<ConfigClock, 'utcOffsetMinutes'>,
): string[] {
  const placeOf = (at: SourcePosition): string => positionText(at, zone);
  const lines = structure.map((change) => structureText(change, placeOf));
  const blocks = new Map<string, string[]>();
  for (const group of alike(values)) {
    const title = ownerText(group.map(({ owner }) => owner));
    addTo(blocks, title, changeLine(group, placeOf));
  }
  for (const { option, owner, names } of uncompared) {
    const what = `a value of its own comes or goes, so that ${names} more names with stanzas of their own may change, too`;
    addTo(blocks, cellText(owner), `${option.display}: ${what}`);
  }
  for (const [title, changes] of blocks) {
    lines.push(`${title}:`);
    for (const text of changes) lines.push(`  ${text}`);
  }
  if (!isComplete) lines.push('and more: the two differ in so much that the rest was not compared');
  return lines;
}

/** Changes of one option from one value to another, for several names of one row of the table. */
function alike(values: readonly ValueChange[]): readonly (readonly ValueChange[])[] {
  const groups = new Map<string, ValueChange[]>();
  for (const change of values) {
    const { option, owner, before, after } = change;
    const row =
      owner.kind === 'delivery' && owner.name !== null
        ? `${owner.group}\n${owner.binding}\n${owner.leaf}\n${owner.name.pattern === null}`
        : JSON.stringify(owner);
    const key = [option.name, row, before.text, after.text].join('\n');
    addTo(groups, key, change);
  }
  return [...groups.values()].flatMap((group) => (group.length > NAMES_SHOWN ? [group] : group.map((one) => [one])));
}

function addTo<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

function changeLine([first, ...others]: readonly ValueChange[], placeOf: PlaceOf): string {
  const { option, owner, before, after, except } = first!;
  const leaf = owner.kind === 'delivery' ? owner.leaf : null;
  const more = others.length > 0 ? ', and so on' : '';
  const but =
    except.length === 0
      ? ''
      : `, except ${few(
          except.map((one) => cellText({ leaf, ...one })),
          'more',
        )}`;
  return `${option.display}: ${sideText(option, before, placeOf)} -> ${sideText(option, after, placeOf)}${more}${but}`;
}

function sideText({ type }: Option<unknown>, { text, setBy }: SideValue, placeOf: PlaceOf): string {
  return `${shownText(type, text).replace(/\n\s*/g, ' ')} (${setBy === null ? 'default' : placeOf(setBy.at)})`;
}

function ownerText(owners: readonly Owner[]): string {
  const owner = owners[0]!;
  switch (owner.kind) {
    case 'delivery': {
      if (owners.length === 1) return cellText(owner);
      const names = owners.map((one) => (one.kind === 'delivery' ? (one.name?.text ?? '') : ''));
      return rowText(owner, `${owners.length} ${owner.leaf}s (${few(names, 'more')})`);
    }
    case 'server':
      return 'the server as a whole';
    case 'stanza':
      return owner.scope === '' ? 'the server as a whole' : `${owner.scope} as a whole`;
    case 'listener': {
      const endpoint = `${owner.of} ${owner.listen}`;
      return owner.peer === null ? endpoint : `${endpoint}, clients in ${owner.peer}`;
    }
  }
}

function cellText(owner: CellOwner & { readonly leaf?: 'domain' | 'host' | null }): string {
  if (owner.name === null) return rowText(owner, null);
  const { text, pattern } = owner.name;
  const kind = owner.leaf ?? 'domain';
  return rowText(owner, pattern === null ? `${kind} "${text}"` : `every ${kind} that ${text} matches`);
}

function rowText({ group, binding }: CellOwner, names: string | null): string {
  const to = names === null ? '' : ` to ${names}`;
  if (binding !== null) return `binding "${binding}"${to}`;
  if (group !== null) return `group "${group}"${to}`;
  return names ?? 'everywhere';
}

function structureText(change: StructureChange, placeOf: PlaceOf): string {
  const placeIn = (at: SourcePosition | null): string => (at === null ? '' : ` (${placeOf(at)})`);
  switch (change.kind) {
    case 'bindingAdded':
      return `binding "${change.binding}" is new, in group "${change.group}"`;
    case 'bindingRemoved':
      return `binding "${change.binding}" is gone: its connections end, its mail is held`;
    case 'bindingMoved':
      return `binding "${change.binding}" moves from group "${change.before}" to group "${change.after}"`;
    case 'stanzaAdded': {
      const sets = few(
        change.sets.map((text) => text.replace(/\n\s*/g, ' ')),
        'more',
      );
      return `${change.stanza} is new${placeIn(change.at)}${sets === '' ? '' : `: ${sets}`}`;
    }
    case 'stanzaRemoved':
      return `${change.stanza} is gone${placeIn(change.at)}`;
    case 'listenerOpens':
      return `${change.of} ${change.name} opens (${placeOf(change.at)})`;
    case 'listenerCloses':
      return `${change.of} ${change.name} closes (${placeOf(change.at)})`;
  }
}

/** `a, b, c and 5 more` */
export function few(texts: readonly string[], more: string): string {
  const rest = texts.length - NAMES_SHOWN;
  return texts.slice(0, NAMES_SHOWN).join(', ') + (rest > 0 ? ` and ${rest} ${more}` : '');
}
