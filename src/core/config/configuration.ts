// An immutable configuration and the questions that may be put to it. A reload or a change makes a new one.
//
//   configuration.value(maxOutboundConnections, { binding: 'b', domain: 'example.com' })    a number; NO_LIMIT for -1
//   configuration.value(maxOutboundConnections, { binding: 'b', host: 'mx1.example.com', address: '192.0.2.7' })
//   configuration.resolve(option, subject)       the value with its printed form and the stanza that set it
//   configuration.inForce(subject)               the stanzas that speak for it, found once, to read many options off
//   configuration.bindingLimit(serverMaxOutboundConnections, 'b')    of the binding itself
//   configuration.settingsAlong(scopeMaxOutboundConnections, subject)    of every stanza that speaks for the subject
//   configuration.value(serverMaxOutboundConnections)                                       of the whole server
//   configuration.esmtpListeners() [n].subject('192.0.2.1')    a subject for the options of that client
//   configuration.bindingChoice(subject)         what Binding and Binding_Group on a listener say
//
// The option constants are in connection-options.ts, session-options.ts, retry-options.ts, routing-options.ts,
// listener-options.ts and server-options.ts. Loading is load.ts, changing is change.ts.
import { type Limit, NO_LIMIT } from '../base/limit.ts';
import { BINDING_CHAIN, type Chain, LISTENER_CHAIN, SENDING_CHAIN } from './chain.ts';
import { type Endpoint, parseEndpoint } from './endpoint.ts';
import { type FoundSetting, type InForce, InForceTable } from './in-force.ts';
import type { Option } from './option.ts';
import { enable, listenerBinding, listenerBindingGroup } from './options/listener-options.ts';
import { type Provenance, UNKNOWN_PROVENANCE } from './provenance.ts';
import { type ListenerSubject, type Subject, trailOf } from './resolution.ts';
import type { SourcePosition } from './source.ts';
import { childrenOf, findChild, formatPath, type Stanza, stanzaKey } from './stanza.ts';
import { formatSet } from './value-type.ts';

/** Mail without a binding has this one; a binding without a group is in the group of this name. Both always exist. */
export const DEFAULT_BINDING = 'default';
/** Binding of reports on TLS, which is there without being declared. Its mail goes out whatever becomes of TLS. */
export const REPORT_BINDING = 'tls_reports';
export const DEFAULT_GROUP = 'default';

/** Subjects whose stanzas are known; a queue asks once, the console and hosts now and then. */
const MAX_SUBJECTS = 16384;
/** Stanzas in all rows that were met: a few for each stanza of a domain that is in use. */
const MAX_NODES = 131072;
const WHOLE_SERVER: Subject = {};

export interface Resolved<T> {
  readonly value: T;
  /** The value as the console prints it, possibly in several lines. */
  readonly text: string;
  readonly setBy: Origin | 'default';
}

export interface Origin {
  readonly at: SourcePosition;
  /** The scopes of the level, such as `binding_group::binding::domain`; `global` for the outermost. */
  readonly level: string;
  /** The stanza, such as `Binding "a" Domain "example.com"`; empty for the global scope. */
  readonly scope: string;
  /** Names the stanza in every configuration that has it. */
  readonly stanza: string;
}

/** What one stanza says of an option. */
export interface StanzaSetting<T> {
  /** Names the stanza, in this configuration and in every other that has it; `global` for the global scope. */
  readonly stanza: string;
  readonly value: T;
  readonly at: SourcePosition;
}

export interface Binding {
  readonly name: string;
  readonly group: string;
}

export interface Listener {
  /** The name of its listen stanza as written. */
  readonly name: string;
  readonly endpoint: Endpoint;
  readonly at: SourcePosition;
  /** The subject of its options, for a client when its address is given. */
  subject(peer?: string): Subject;
}

export interface Logger {
  /** Empty for a stanza without a name, and for the stock logger of a configuration that has none. */
  readonly name: string;
  readonly subject: Subject;
}

/** A stanza of a module that the server acts on. */
export interface ModuleStanza {
  /** Keyword and name: `bounce_logger/name`. */
  readonly key: string;
  /** As an operator writes it: `bounce_logger "name"`. */
  readonly label: string;
  readonly at: SourcePosition;
  readonly subject: Subject;
}

export type BindingChoice =
  | { readonly kind: 'binding'; readonly name: string }
  | { readonly kind: 'group'; readonly name: string };

export class Configuration {
  /** Rises with every change; see load.ts. */
  readonly version: number;
  readonly root: Stanza;
  /** The texts it was read from, and what was changed since. */
  readonly provenance: Provenance;
  readonly #groupsByBinding = new Map<string, string>();
  readonly #bindingsByGroup = new Map<string, string[]>();
  readonly #bySubject = new Map<string, InForce>();
  readonly #byTrail = new InForceTable(MAX_NODES);

  /** @param root checked by load.ts or change.ts */
  constructor(root: Stanza, version: number, provenance: Provenance = UNKNOWN_PROVENANCE) {
    this.root = root;
    this.provenance = provenance;
    this.version = version;
    this.#bindingsByGroup.set(DEFAULT_GROUP, []);
    for (const group of childrenOf(root, 'binding_group')) {
      if (!this.#bindingsByGroup.has(group.key)) this.#bindingsByGroup.set(group.key, []);
      for (const binding of childrenOf(group, 'binding')) this.#addBinding(binding.key, group.key);
    }
    for (const binding of childrenOf(root, 'binding')) this.#addBinding(binding.key, DEFAULT_GROUP);
    this.#addBinding(DEFAULT_BINDING, DEFAULT_GROUP);
  }

  #addBinding(name: string, group: string): void {
    if (this.#groupsByBinding.has(name)) return;
    this.#groupsByBinding.set(name, group);
    this.#bindingsByGroup.get(group)!.push(name);
  }

  /** The value in force for a subject; without one, for the server as a whole. */
  value<T>(option: Option<T>, subject: Subject = WHOLE_SERVER): T {
    const setting = this.#find(option, subject)?.setting;
    return setting === undefined ? defaultOf(option, subject) : (setting.value as T);
  }

  /** The value in force with where it comes from. */
  resolve<T>(option: Option<T>, subject: Subject = WHOLE_SERVER): Resolved<T> {
    const found = this.#find(option, subject);
    if (found === null) {
      const value = defaultOf(option, subject);
      return { value, text: option.type.format(value), setBy: 'default' };
    }
    const { setting, entry } = found;
    return {
      value: setting.value as T,
      text: formatSet(option.type, setting.syntax),
      setBy: {
        at: setting.at,
        level: entry.level.join('::') || 'global',
        scope: formatPath(entry.stanza.path),
        stanza: stanzaKey(entry.stanza),
      },
    };
  }

  #find(option: Option<unknown>, subject: Subject): FoundSetting | null {
    return this.#known(subject, chainFor(option, subject)).find(option);
  }

  /**
   * What the stanzas say that speak for a subject along a chain: to read many options off, instead of asking for the
   * value of each. The same object for all subjects that the same stanzas speak for, and for no others.
   */
  inForce(subject: Subject, chain: Chain = SENDING_CHAIN): InForce {
    const group = subject.group ?? (subject.binding === undefined ? undefined : this.groupOf(subject.binding));
    return this.#byTrail.of(trailOf(this.root, chain, group === undefined ? subject : { ...subject, group }));
  }

  /** The same for a subject that is asked about again and again. */
  #known(subject: Subject, chain: Chain): InForce {
    const key = subjectKey(chain, subject);
    if (key === null) return this.inForce(subject, chain);
    let inForce = this.#bySubject.get(key);
    if (inForce === undefined) {
      inForce = this.inForce(subject, chain);
      if (this.#bySubject.size >= MAX_SUBJECTS) this.#bySubject.clear();
      this.#bySubject.set(key, inForce);
    }
    return inForce;
  }

  /**
   * The cap on all connections of a binding that it or its group sets for it; the server's own cap is not looked at.
   * @param option server_max_outbound_connections or its like for a cluster
   */
  bindingLimit(option: Option<Limit>, binding: string): Limit {
    for (const { stanza } of this.#known({ binding }, BINDING_CHAIN).trail) {
      const setting = stanza.settings.get(option.name);
      if (setting !== undefined) return setting.value as Limit;
    }
    return NO_LIMIT;
  }

  /** Every stanza that speaks for the subject and sets the option, the most specific first: for sums over a scope. */
  settingsAlong<T>(option: Option<T>, subject: Subject): readonly StanzaSetting<T>[] {
    const found: StanzaSetting<T>[] = [];
    for (const { stanza } of this.#known(subject, chainFor(option, subject)).trail) {
      const setting = stanza.settings.get(option.name);
      if (setting !== undefined) {
        found.push({ stanza: stanzaKey(stanza), value: setting.value as T, at: setting.at });
      }
    }
    return found;
  }

  /** Every binding, `default` first, then in the order of the text, those of groups before others. */
  bindings(): readonly Binding[] {
    const rest = [...this.#groupsByBinding].filter(([name]) => name !== DEFAULT_BINDING);
    const first = [DEFAULT_BINDING, this.groupOf(DEFAULT_BINDING)] as const;
    return [first, ...rest].map(([name, group]) => ({ name, group }));
  }

  hasBinding(name: string): boolean {
    return this.#groupsByBinding.has(name);
  }

  /** Mail of it goes out: it is declared, or the server's own. */
  servesBinding(name: string): boolean {
    return name === REPORT_BINDING || this.hasBinding(name);
  }

  hasGroup(name: string): boolean {
    return this.#bindingsByGroup.has(name);
  }

  /** A binding that stands in no group, or does not exist, counts as one of group `default`. */
  groupOf(binding: string): string {
    return this.#groupsByBinding.get(binding) ?? DEFAULT_GROUP;
  }

  /** In the order of the text; empty for an unknown group. */
  bindingsOf(group: string): readonly string[] {
    return this.#bindingsByGroup.get(group) ?? [];
  }

  groups(): readonly string[] {
    return [...this.#bindingsByGroup.keys()];
  }

  /** The endpoints for mail that are to be opened. */
  esmtpListeners(): readonly Listener[] {
    return this.#listeners('esmtp_listener');
  }

  /** The endpoints for the console that are to be opened. */
  controlListeners(): readonly Listener[] {
    return this.#listeners('control_listener');
  }

  #listeners(kind: ListenerSubject['kind']): readonly Listener[] {
    const stanza = findChild(this.root, kind, '');
    if (stanza === null) return [];
    return [...childrenOf(stanza, 'listen')]
      .map((listen): Listener => {
        const name = listen.name!;
        const subject = (peer?: string): Subject => ({ listener: { kind, listen: name, peer } });
        return { name, endpoint: parseEndpoint(name)!, at: listen.at, subject };
      })
      .filter((listener) => this.value(enable, listener.subject()));
  }

  /** What listen, peer or listener say about the binding of mail; the most specific stanza with either option wins. */
  bindingChoice(subject: Subject): BindingChoice | null {
    for (const { stanza } of this.#known(subject, LISTENER_CHAIN).trail) {
      const binding = stanza.settings.get(listenerBinding.name);
      if (binding !== undefined) return { kind: 'binding', name: binding.value as string };
      const group = stanza.settings.get(listenerBindingGroup.name);
      if (group !== undefined) return { kind: 'group', name: group.value as string };
    }
    return null;
  }

  /** The stanzas of a module in their order in the text. */
  stanzasOf(keyword: string): readonly ModuleStanza[] {
    return Array.from(childrenOf(this.root, keyword), ({ key, path, at }) => ({
      key: `${keyword}/${key}`,
      label: formatPath(path),
      at,
      subject: { own: [{ keyword, key }] },
    }));
  }

  /** The ec_logger stanzas, or the stock one (all defaults) when there is none. */
  loggers(): readonly Logger[] {
    const names = Array.from(childrenOf(this.root, 'ec_logger'), (stanza) => stanza.key);
    return (names.length === 0 ? [''] : names).map((name) => ({ name, subject: { logger: name } }));
  }
}

/** Equal for equal subjects; null for those that only the console asks about. */
function subjectKey(chain: Chain, subject: Subject): string | null {
  const { group, binding, domain, host, address, listener, logger, own, pathway, pathwayGroup } = subject;
  if (own !== undefined || pathway !== undefined || pathwayGroup !== undefined) return null;
  const sending = `${chain.name}\n${binding}\n${domain}`; // all there is for nearly every question
  if (
    group === undefined &&
    host === undefined &&
    address === undefined &&
    listener === undefined &&
    logger === undefined
  )
    return sending;
  return `${sending}\n${group}\n${host}\n${address}\n${listener?.kind}\n${listener?.listen}\n${listener?.peer}\n${logger}`;
}

function chainFor(option: Option<unknown>, subject: Subject): Chain {
  return isHostQuery(option, subject) ? option.hostChain : option.chain;
}

function defaultOf<T>(option: Option<T>, subject: Subject): T {
  return isHostQuery(option, subject) ? (option.hostDefault as T) : option.default;
}

function isHostQuery(option: Option<unknown>, { host, address }: Subject): boolean {
  return option.hostDefault !== undefined && (host !== undefined || address !== undefined);
}
