// What the console sees of the policies of domains, and its one order about them.
import type { PolicyDetail, PolicyView } from '../core/console/policy-view.ts';
import type { DomainName } from '../core/mail/domain-name.ts';
import type { StsOptions } from '../core/routing/sts-table.ts';
import type { Routes } from './routes.ts';
import type { Turns } from './turn.ts';

export class StsView implements PolicyView {
  readonly #routes: Routes;
  readonly #turns: Turns;
  readonly #optionsOf: (domain: DomainName) => StsOptions;

  constructor(routes: Routes, turns: Turns, optionsOf: (domain: DomainName) => StsOptions) {
    this.#routes = routes;
    this.#turns = turns;
    this.#optionsOf = optionsOf;
  }

  async domains(): Promise<readonly DomainName[]> {
    return this.#routes.sts?.domains(this.#turns.clock()) ?? [];
  }

  async of(domain: DomainName): Promise<PolicyDetail | null> {
    return this.#routes.sts?.inspect(domain, this.#turns.clock()) ?? null;
  }

  refresh(domain: DomainName): Promise<string | null> {
    const { sts } = this.#routes;
    if (sts === null) return Promise.resolve('no policies can be fetched here');
    return new Promise((resolve) => {
      sts.refresh(domain, this.#optionsOf(domain), resolve);
    });
  }
}
