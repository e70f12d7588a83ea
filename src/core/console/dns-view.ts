// What the console sees of the name service and of routes: part of ServerView.
import type { DomainName } from '../mail/domain-name.ts';
import type { DnsAnswer, DnsType } from '../routing/dns-answer.ts';
import type { Pages } from './pages.ts';

/** An answer that was asked for on the console. */
export interface KeptAnswer {
  readonly name: DomainName;
  readonly type: DnsType;
  readonly answer: DnsAnswer;
  /** What is left of its life. */
  readonly ttlSeconds: number;
}

export interface LookupFigures {
  readonly lookups: number;
  readonly hits: number;
}

export interface DnsView {
  /** Looks up the route of a domain, as mail of binding `default` would need it. */
  dig(domain: DomainName): Promise<void>;
  /**
   * Looks up the routes of a domain now; null: those of all, each when it is next needed.
   * @returns how many routes that are; null for a domain that the server has no mail for
   */
  refresh(domain: DomainName | null): Promise<number | null>;
  /** Asks the name service; the answer is kept for its life, a hundred of them at most. */
  submit(name: DomainName, type: DnsType): Promise<void>;
  lookup(name: DomainName, type: DnsType): Promise<KeptAnswer | null>;
  kept(): Pages<KeptAnswer>;
  /** Of {@link lookup}. */
  lookupFigures(): Promise<LookupFigures>;
}
