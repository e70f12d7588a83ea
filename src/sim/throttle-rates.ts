// What the text of a configuration says about throttles: which of them a connection or a message counts in, and how many
// each lets through in which time. A second, plain reading of docs/throttles.md; it knows nothing of the product's way to
// resolve options.
import type { ScopeName, TextSetting } from './configuration-text.ts';

export type Throttled = 'connections' | 'messages';

/** Where something goes; null where that is not known. */
export interface Destination {
  readonly binding: string;
  readonly domain: string | null;
  readonly host: string | null;
  readonly address: string | null;
}

export interface Rate {
  /** The same as the product's key, so that what is counted outside can be compared with who waits inside. */
  readonly name: string;
  readonly count: number;
  readonly periodMs: number;
}

const IN_GROUP = 'binding_group';
/** Levels of fallback, the most specific first. */
const DOMAIN_LEVELS = [
  [IN_GROUP, 'binding', 'domain'],
  ['binding', 'domain'],
  [IN_GROUP, 'domain'],
  [IN_GROUP, 'binding'],
  ['binding'],
  [IN_GROUP],
  ['domain'],
  [],
];
const HOST_LEVELS = [[IN_GROUP, 'binding', 'host'], [IN_GROUP, 'host'], ['binding', 'host'], ['host']];

export class ThrottleRates {
  readonly #settings: readonly TextSetting[];
  readonly #groupByBinding = new Map<string, string>();

  constructor(settings: readonly TextSetting[]) {
    for (const { path } of settings) {
      const [outer, inner] = path;
      if (outer?.kind === IN_GROUP && inner?.kind === 'binding') this.#groupByBinding.set(inner.name, outer.name);
    }
    this.#settings = settings.filter(({ option }) => /throttle/i.test(option));
  }

  /** In the order: the domain chain, that of a cluster, the host. What is not known adds nothing. */
  of(what: Throttled, to: Destination): readonly Rate[] {
    const own = `outbound_throttle_${what}`;
    const rates =
      to.domain === null ? [] : [own, `cluster_${own}`].map((option) => this.#find(option, DOMAIN_LEVELS, to));
    if (to.host !== null) rates.push(this.#find(own, HOST_LEVELS, to));
    return rates.filter((rate) => rate !== null);
  }

  /** The first value that is set; null for none, and for 0. */
  #find(option: string, levels: readonly (readonly string[])[], to: Destination): Rate | null {
    const candidates = this.#settings.filter((setting) => setting.option.toLowerCase() === option);
    for (const level of levels) {
      const here = candidates.filter(({ path }) => path.map(({ kind }) => kind).join() === level.join());
      const literals = here.filter(({ path }) => path.every((scope) => this.#isNamed(scope, to)));
      const byAddress = literals.find(({ path }) => path.at(-1)?.name === to.address);
      const found =
        byAddress ?? literals[0] ?? here.find(({ path }) => path.every((scope) => this.#matches(scope, to)));
      if (found === undefined) continue;
      // A stanza that stands there twice says what it says last.
      const last = here.findLast(({ path }) => nameOf(option, path) === nameOf(option, found.path))!;
      const [count = '', seconds = '1'] = last.value.replaceAll('"', '').split('/');
      if (Number(count) === 0) return null;
      return { name: nameOf(option, last.path), count: Number(count), periodMs: 1000 * Number(seconds) };
    }
    return null;
  }

  #isNamed({ kind, name }: ScopeName, { binding, domain, host, address }: Destination): boolean {
    if (kind === IN_GROUP) return name === (this.#groupByBinding.get(binding) ?? 'default');
    if (kind === 'binding') return name === binding;
    return kind === 'domain' ? name === domain : name === address || name === host;
  }

  #matches(scope: ScopeName, to: Destination): boolean {
    const name = scope.kind === 'domain' ? to.domain : scope.kind === 'host' ? to.host : null;
    if (name === null || !scope.name.startsWith('/')) return this.#isNamed(scope, to);
    return new RegExp(scope.name.slice(1, -1), 'i').test(name);
  }
}

function nameOf(option: string, path: readonly ScopeName[]): string {
  const scopes = path.map(({ kind, name }) => `${kind} ${JSON.stringify(name)}`).join(' ');
  return `${option} ${scopes === '' ? 'global' : scopes}`;
}
