// Which binding a message belongs to (design decision 17): the one its client names in a header field, else what the
// endpoint says, else `default`. A group takes its bindings in turn, leaving out those that are suspended.
import { type WallMs, wallMs } from '../base/moment.ts';
import { utf8Octets } from '../base/octets.ts';
import { type Configuration, DEFAULT_BINDING } from '../config/configuration.ts';
import { suspendDelivery } from '../config/options/connection-options.ts';
import type { Subject } from '../config/resolution.ts';

export type ChosenBinding =
  | { readonly kind: 'binding'; readonly name: string }
  /** Code and text without CRLF. */
  | { readonly kind: 'refused'; readonly reply: string };

const DEFAULT: ChosenBinding = { kind: 'binding', name: DEFAULT_BINDING };

/** The bindings of a group that take mail, and whose turn it is. */
interface Rotation {
  version: number;
  /** A member is suspended no longer from then on. */
  until: WallMs;
  members: readonly string[];
  next: number;
}

export class BindingChooser {
  readonly #rotationsByGroup = new Map<string, Rotation>();

  /**
   * @param subject the endpoint, with the client's address as its peer
   * @param named values of the header field of a client that is believed
   */
  choose(configuration: Configuration, subject: Subject, named: readonly string[], at: WallMs): ChosenBinding {
    const name = named.find((value) => value !== '');
    if (name !== undefined) return chooseNamed(configuration, name, named);
    const choice = configuration.bindingChoice(subject);
    if (choice === null) return DEFAULT;
    return {
      kind: 'binding',
      name: choice.kind === 'binding' ? choice.name : this.#next(configuration, choice.name, at),
    };
  }

  /** Loading has made sure that the group exists and has a binding. */
  #next(configuration: Configuration, group: string, at: WallMs): string {
    let rotation = this.#rotationsByGroup.get(group);
    if (rotation === undefined) {
      rotation = { version: -1, until: at, members: [], next: 0 };
      this.#rotationsByGroup.set(group, rotation);
    }
    if (rotation.version !== configuration.version || at >= rotation.until) {
      rotation.version = configuration.version;
      const { members, until } = membersOf(configuration, group, at);
      rotation.members = members;
      rotation.until = until;
    }
    return rotation.members[rotation.next++ % rotation.members.length]!;
  }
}

/** With every binding suspended the mail waits in all of them. */
function membersOf(configuration: Configuration, group: string, at: WallMs): Pick<Rotation, 'members' | 'until'> {
  const all = configuration.bindingsOf(group);
  const ends = all.map((binding) => configuration.value(suspendDelivery, { binding }));
  const active = all.filter((_, index) => ends[index]! <= at);
  const until = wallMs(Math.min(...ends.filter((end) => end > at))); // never when that is nobody
  return { members: active.length === 0 ? all : active, until };
}

/** Mail that names a binding never leaves from another address: a name that is unknown or not the only one is refused. */
function chooseNamed(configuration: Configuration, name: string, named: readonly string[]): ChosenBinding {
  if (named.some((value) => value !== '' && value !== name))
    return { kind: 'refused', reply: '550 5.7.1 the message names more than one binding' };
  const binding = bindingNamed(configuration, name);
  if (binding !== undefined) return { kind: 'binding', name: binding };
  return { kind: 'refused', reply: `550 5.7.1 no such binding "${printable(name)}"` };
}

/** A header section is octets; the names of a configuration are characters, which mail writes as UTF-8. */
function bindingNamed(configuration: Configuration, octets: string): string | undefined {
  if (/^[\x00-\x7f]*$/.test(octets)) return configuration.hasBinding(octets) ? octets : undefined;
  return configuration.bindings().find(({ name }) => utf8Octets(name) === octets)?.name;
}

const QUOTED_LENGTH_MAX = 100;

function printable(name: string): string {
  return name.slice(0, QUOTED_LENGTH_MAX).replace(/[^\x20-\x7e]|"/g, '?');
}
