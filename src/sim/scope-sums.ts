// What the text of a configuration says about sums over scopes and about clusters: the sums that a connection counts in
// and their limits. A second, plain reading of docs/limits.md; it knows nothing of the product's way to resolve options.
import { type Limit, NO_LIMIT } from '../core/base/limit.ts';
import type { ScopeName, TextSetting } from './configuration-text.ts';

/** A connection, or one that might be. */
export interface Seen {
  readonly binding: string;
  /** Null while it is not known for whom the connection is; it then counts in no sum over a domain. */
  readonly domain: string | null;
  /** Null for a queue, which counts in no sum over a host. */
  readonly host: string | null;
  readonly address: string | null;
}

export interface Sum {
  /** The same as the ledger's key, so that what is seen outside can be compared with what is counted inside. */
  readonly name: string;
  readonly limit: Limit;
}

const SUMS = ['scope_max_outbound_connections', 'cluster_scope_max_outbound_connections'];
const CLUSTER_MAX = 'cluster_max_outbound_connections';
const CLUSTER_SERVER_MAX = 'cluster_server_max_outbound_connections';

export class ScopeSums {
  /** The value in force by where it is set; a later line of the text replaces an earlier one. */
  readonly #settings = new Map<string, TextSetting>();
  readonly #groupByBinding = new Map<string, string>();

  constructor(settings: readonly TextSetting[]) {
    for (const setting of settings) {
      const [outer, inner] = setting.path;
      if (outer?.kind === 'binding_group' && inner?.kind === 'binding')
        this.#groupByBinding.set(inner.name, outer.name);
      const option = setting.option.toLowerCase();
      if (![...SUMS, CLUSTER_MAX, CLUSTER_SERVER_MAX].includes(option)) continue;
      const key = nameOf(option, setting.path);
      this.#settings.set(key, setting);
    }
  }

  /** All sums with a limit that the connection counts in. */
  of(seen: Seen): readonly Sum[] {
    const sums: Sum[] = [];
    for (const [name, { path, option, value }] of this.#settings) {
      if (!SUMS.includes(option.toLowerCase()) || value === '-1' || !this.#covers(path, seen)) continue;
      sums.push({ name, limit: Number(value) });
    }
    if (seen.host === null) return sums;
    const limit = this.#exchangerLimit(seen.binding, seen.host);
    if (limit !== NO_LIMIT) sums.push({ name: `exchanger ${seen.host}`, limit });
    return sums;
  }

  /** cluster_max_outbound_connections of a binding to a domain. */
  clusterPairLimit(binding: string, domain: string): Limit {
    return (
      this.#first([inBinding(binding)], 'domain', domain) ??
      this.#at(CLUSTER_MAX, [inBinding(binding)]) ??
      this.#first([], 'domain', domain) ??
      this.#at(CLUSTER_MAX, []) ??
      NO_LIMIT
    );
  }

  clusterServerLimit(): Limit {
    return this.#at(CLUSTER_SERVER_MAX, []) ?? NO_LIMIT;
  }

  /** Of all connections of one binding. */
  clusterBindingLimit(binding: string): Limit {
    const group = { kind: 'binding_group', name: this.#groupOf(binding) };
    return (
      this.#at(CLUSTER_SERVER_MAX, [group, inBinding(binding)]) ??
      this.#at(CLUSTER_SERVER_MAX, [inBinding(binding)]) ??
      this.#at(CLUSTER_SERVER_MAX, [group]) ??
      NO_LIMIT
    );
  }

  #exchangerLimit(binding: string, host: string): Limit {
    return this.#first([inBinding(binding)], 'host', host) ?? this.#first([], 'host', host) ?? NO_LIMIT;
  }

  /** The literal name, then the patterns in the order of the text. */
  #first(outer: readonly ScopeName[], kind: string, name: string): Limit | null {
    const literal = this.#at(CLUSTER_MAX, [...outer, { kind, name }]);
    if (literal !== null) return literal;
    for (const { path, option, value } of this.#settings.values()) {
      const last = path.at(-1);
      if (option.toLowerCase() !== CLUSTER_MAX || last?.kind !== kind || path.length !== outer.length + 1) continue;
      if (outer.every((scope, at) => isSame(scope, path[at]!)) && isPattern(last) && matches(last, name))
        return limitOf(value);
    }
    return null;
  }

  #at(option: string, path: readonly ScopeName[]): Limit | null {
    const setting = this.#settings.get(nameOf(option, path));
    return setting === undefined ? null : limitOf(setting.value);
  }

  #covers(path: readonly ScopeName[], { binding, domain, host, address }: Seen): boolean {
    return path.every((scope) => {
      if (scope.kind === 'binding_group') return scope.name === this.#groupOf(binding);
      if (scope.kind === 'binding') return scope.name === binding;
      if (scope.kind === 'domain') return domain !== null && matches(scope, domain);
      return host !== null && (matches(scope, host) || scope.name === address);
    });
  }

  #groupOf(binding: string): string {
    return this.#groupByBinding.get(binding) ?? 'default';
  }
}

const inBinding = (name: string): ScopeName => ({ kind: 'binding', name });
const isSame = (a: ScopeName, b: ScopeName): boolean => a.kind === b.kind && a.name === b.name;
const isPattern = ({ name }: ScopeName): boolean => name.startsWith('/');
const limitOf = (value: string): Limit => (value === '-1' ? NO_LIMIT : Number(value));

function matches(scope: ScopeName, name: string): boolean {
  return isPattern(scope) ? new RegExp(scope.name.slice(1, -1), 'i').test(name) : scope.name === name;
}

function nameOf(option: string, path: readonly ScopeName[]): string {
  const scopes = path.map(({ kind, name }) => `${kind} "${name}"`).join(' ');
  return `${option} ${scopes === '' ? 'global' : scopes}`;
}
