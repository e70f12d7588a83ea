// What is in force where certain stanzas speak: a row of stanzas, found once, and asked for one option after another. A row
// has the stanzas that exist, one or two of eight levels as a rule, so that an answer is a look into one or two tables.
// All subjects that the same stanzas speak for share one object, so that a million domains without stanzas of their own
// cost one search each and nothing more.
import type { Option } from './option.ts';
import type { Trail, TrailEntry } from './resolution.ts';
import type { Setting, Stanza } from './stanza.ts';

export interface FoundSetting {
  readonly setting: Setting;
  readonly entry: TrailEntry;
}

export class InForce {
  /** The stanzas, the most specific first. */
  readonly trail: Trail;
  constructor(trail: Trail) {
    this.trail = trail;
  }

  /** The most specific setting of an option; null when its default is in force. */
  find(option: Option<unknown>): FoundSetting | null {
    for (const entry of this.trail) {
      const setting = entry.stanza.settings.get(option.name);
      if (setting !== undefined && setting.option === option) return { setting, entry };
    }
    return null;
  }

  /** The value of an option that is looked for along this row of stanzas. */
  value<T>(option: Option<T>): T {
    for (const { stanza } of this.trail) {
      const setting = stanza.settings.get(option.name);
      if (setting !== undefined && setting.option === option) return setting.value as T;
    }
    return option.default;
  }
}

/** A place in the tree of rows: what is in force for the row that ends here, and the rows that go on. */
interface Node {
  inForce: InForce | null;
  readonly next: Map<Stanza, Node>;
}

const newNode = (): Node => ({ inForce: null, next: new Map() });

/** One {@link InForce} for each row of stanzas, as long as there are not too many; then all are made anew. */
export class InForceTable {
  readonly #mostNodes: number;
  #root = newNode();
  #nodes = 0;

  constructor(mostNodes: number) {
    this.#mostNodes = mostNodes;
  }

  /** @param trail of one chain; the levels of a trail follow from its stanzas */
  of(trail: Trail): InForce {
    let node = this.#root;
    for (let index = 0; index < trail.length; index++) {
      const { stanza } = trail[index]!;
      let next = node.next.get(stanza);
      if (next === undefined) {
        if (this.#nodes >= this.#mostNodes) return this.#beginAnew(trail);
        next = newNode();
        node.next.set(stanza, next);
        this.#nodes += 1;
      }
      node = next;
    }
    node.inForce ??= new InForce(trail);
    return node.inForce;
  }

  /** A chain has fewer levels than the table has nodes, so this does not come back here. */
  #beginAnew(trail: Trail): InForce {
    this.#root = newNode();
    this.#nodes = trail.length - this.#mostNodes; // however small the table is, this row fits
    const inForce = this.of(trail);
    this.#nodes = trail.length;
    return inForce;
  }
}
