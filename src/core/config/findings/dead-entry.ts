// One finding of the search for dead configuration: what has no effect, why, and what to do. A finding is a proof: what
// may have an effect in some case is never one.
import type { Option } from '../option.ts';
import { formatPosition } from '../source.ts';
import { formatPath, type Setting, type Stanza } from '../stanza.ts';
import { formatSet } from '../value-type.ts';

export type DeadKind =
  /** Everything that the stanza speaks for finds another value first, or there is nothing that it speaks for. */
  | 'shadowed'
  | 'emptyGroup'
  | 'noName'
  | 'unusedBinding'
  /** A limit that is not reached, because another one is before it. */
  | 'unreached'
  /** A throttle that never has to wait, because another one waits before it. */
  | 'idleThrottle';

export interface DeadEntry {
  readonly kind: DeadKind;
  readonly stanza: Stanza;
  /** Null for the whole stanza. */
  readonly option: Option<unknown> | null;
  /** What it says of itself, and what to do. */
  readonly text: string;
}

/** How much is looked at before the search ends, so that no configuration makes it endless. */
export class LookBudget {
  looks = 0;
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get isSpent(): boolean {
    return this.looks >= this.#most;
  }

  spend(looks = 1): void {
    this.looks += looks;
  }
}

/** `Binding "a" (mail.conf:3:1)`, `the global scope`; with the place of the setting when there is one. */
export function placeText({ path, at }: Stanza, setting: Setting | null = null): string {
  const scope = formatPath(path) || 'the global scope';
  return `${scope} (${formatPosition(setting?.at ?? at)})`;
}

/** `Max_Outbound_Connections = 5 of Binding "a" (mail.conf:3:1)` */
export function settingText(stanza: Stanza, { option, syntax, at }: Setting): string {
  const scope = formatPath(stanza.path);
  return `${option.display} = ${formatSet(option.type, syntax)}${scope === '' ? '' : ` of ${scope}`} (${formatPosition(at)})`;
}

/** Every stanza of the tree with its own settings, the outermost first. */
export function* stanzasBelow(root: Stanza): Iterable<Stanza> {
  yield root;
  for (const { byKey } of root.children.values()) for (const child of byKey.values()) yield* stanzasBelow(child);
}

const SHOWN = 3;

/** The first few of a list, and how many more there are. */
export function fewOf(texts: readonly string[], count = texts.length): string {
  const more = count - Math.min(SHOWN, texts.length);
  return texts.slice(0, SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
