// Under which name the mail of a domain is queued because of its exchangers: rollup_mx and rollup_mx_name as a
// configuration has them (docs/routing.md, "Domains with an exchanger in common").
import type { Configuration } from '../config/configuration.ts';
import { stanzasBelow } from '../config/findings/dead-entry.ts';
import { rollupMx, rollupMxName } from '../config/options/roll-up-options.ts';
import { gateway } from '../config/options/routing-options.ts';
import { perConfiguration } from '../config/per-configuration.ts';
import { canonicalDomain, type DomainName } from '../mail/domain-name.ts';
import type { Candidate } from '../mail/hosts.ts';
import type { MailQueue } from './mail-queue.ts';

/** What is asked of a queue. */
export type RollUpSubject = Pick<MailQueue, 'binding' | 'domain'> & {
  readonly settings: Pick<MailQueue['settings'], 'gateway' | 'routes'>;
};

/** Those of one configuration. */
export class RollUpRules {
  readonly #configuration: Configuration;
  /** Names whose mail stays where it is: those that others are rolled up to, which ends every circle, and gateways. */
  readonly #settled: ReadonlySet<DomainName>;
  /** Answers, by route and binding; a route is one object as long as it lasts. */
  readonly #namesByRoute = new WeakMap<readonly Candidate[], Map<string, DomainName | null>>();

  constructor(configuration: Configuration, settled: ReadonlySet<DomainName>) {
    this.#configuration = configuration;
    this.#settled = settled;
  }

  /**
   * Null for mail that stays under the name it has.
   * @param candidates the route of the queue, sorted by preference
   */
  nameFor({ binding, domain, settings }: RollUpSubject, candidates: readonly Candidate[]): DomainName | null {
    // The operator chose these hosts for this mail.
    if (settings.gateway !== null || settings.routes.length > 0 || this.#settled.has(domain)) return null;
    let names = this.#namesByRoute.get(candidates);
    if (names === undefined) {
      names = new Map();
      this.#namesByRoute.set(candidates, names);
    }
    let name = names.get(binding);
    if (name === undefined) {
      name = this.#nameOfBest(binding, candidates);
      names.set(binding, name);
    }
    return name;
  }

  /** What all hosts of the best preference say in common: with two opinions it would be a matter of order. */
  #nameOfBest(binding: string, candidates: readonly Candidate[]): DomainName | null {
    const [first] = candidates;
    if (first === undefined) return null;
    const name = this.#nameOf(binding, first);
    for (const candidate of candidates) {
      if (candidate.preference !== first.preference) break;
      if (this.#nameOf(binding, candidate) !== name) return null;
    }
    return name;
  }

  #nameOf(binding: string, { host, address }: Candidate): DomainName | null {
    const subject = { binding, host, address };
    if (!this.#configuration.value(rollupMx, subject)) return null;
    const name = this.#configuration.value(rollupMxName, subject);
    return name === null ? null : canonicalDomain(name);
  }
}

/** Null where nothing is rolled up, so that nobody pays for it. */
export const rollUpRules = perConfiguration((configuration): RollUpRules | null => {
  const settled = new Set<DomainName>();
  let isUsed = false;
  for (const { settings } of stanzasBelow(configuration.root)) {
    isUsed ||= settings.get(rollupMx.name)?.value === true;
    for (const { name } of [rollupMxName, gateway]) {
      const value = settings.get(name)?.value;
      if (typeof value === 'string') settled.add(canonicalDomain(value));
    }
  }
  return isUsed ? new RollUpRules(configuration, settled) : null;
});
