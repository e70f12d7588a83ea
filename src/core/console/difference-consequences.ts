// What another configuration would do to a running server: connections that are above their limits then, mail that would
// be held or let go. Counted from what is open and waits now; the server goes on meanwhile, so it is a forecast.
import { type Limit, NO_LIMIT } from '../base/limit.ts';
import type { WallMs } from '../base/moment.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Option } from '../config/option.ts';
import {
  clusterMaxOutboundConnections,
  clusterScopeMaxOutboundConnections,
  clusterServerMaxOutboundConnections,
  maxOutboundConnections,
  scopeMaxOutboundConnections,
  serverMaxOutboundConnections,
  suspendDelivery,
} from '../config/options/connection-options.ts';
import type { Subject } from '../config/resolution.ts';
import { hostKey } from '../config/stanza-name.ts';
import { outboundCeiling } from '../delivery/settings-of.ts';
import type { LimitView } from './limit-view.ts';
import { readPages } from './pages.ts';

/** A counter that would be above its limit. The surplus closes after its running messages. */
export interface Surplus {
  /** What is counted, in words. */
  readonly counts: string;
  readonly open: number;
  readonly limit: Limit;
  readonly closes: number;
}

export interface HeldMail {
  readonly binding: string;
  readonly why: 'bindingGone' | 'suspended' | 'released';
  readonly messages: number;
  readonly domains: number;
}

export interface Consequences {
  /** Those with the most to close first. */
  readonly surpluses: readonly Surplus[];
  readonly mail: readonly HeldMail[];
}

/**
 * Costs a few lookups for each pair of binding and address with open connections, and for each queue with mail.
 * @param now for mail that is held until some time
 */
export async function consequencesOf(
  before: Configuration,
  after: Configuration,
  view: LimitView,
  now: WallMs,
): Promise<Consequences> {
  return { surpluses: await surplusesOf(after, view), mail: await mailOf(before, after, view, now) };
}

const SUMS: readonly Option<Limit>[] = [scopeMaxOutboundConnections, clusterScopeMaxOutboundConnections];

async function surplusesOf(after: Configuration, view: LimitView): Promise<Surplus[]> {
  const counters = new Map<string, { limit: Limit; open: number }>();
  const count = (counts: string, limit: Limit, connections: number): void => {
    const counter = counters.get(counts) ?? { limit, open: 0 };
    counter.open += connections;
    counters.set(counts, counter);
  };
  await readPages(view.open(), ({ binding, domain, host, address, connections }) => {
    const pair = { binding, domain };
    const exchanger = { binding, host, address };
    const lower = (options: readonly Option<Limit>[], subject: Subject): Limit =>
      Math.min(...options.map((option) => after.value(option, subject)));
    const isGone = !after.servesBinding(binding);
    const caps = [serverMaxOutboundConnections, clusterServerMaxOutboundConnections];
    const cap = Math.min(...caps.map((option) => after.bindingLimit(option, binding)));
    count('all connections', outboundCeiling(after), connections);
    count(`binding "${binding}"`, isGone ? 0 : cap, connections);
    count(
      `binding "${binding}" to ${domain}`,
      lower([maxOutboundConnections, clusterMaxOutboundConnections], pair),
      connections,
    );
    count(`binding "${binding}" to ${host} [${address}]`, after.value(maxOutboundConnections, exchanger), connections);
    count(`all to ${hostKey(host)}`, after.value(clusterMaxOutboundConnections, { binding, host }), connections);
    const sums = new Map<string, Limit>();
    for (const option of SUMS)
      for (const subject of [pair, exchanger])
        for (const { stanza, value } of after.settingsAlong(option, subject))
          sums.set(`${option.display} of ${stanza}`, value);
    for (const [counts, limit] of sums) count(counts, limit, connections);
  });
  return [...counters]
    .filter(([, { open, limit }]) => limit !== NO_LIMIT && open > limit)
    .map(([counts, { open, limit }]) => ({ counts, open, limit, closes: open - limit }))
    .sort((a, b) => b.closes - a.closes);
}

async function mailOf(before: Configuration, after: Configuration, view: LimitView, now: WallMs): Promise<HeldMail[]> {
  const found = new Map<string, HeldMail & { messages: number; domains: number }>();
  await readPages(view.waiting(), ({ binding, domain, messages }) => {
    const why = whyOf(before, after, { binding, domain }, now);
    if (why === null) return;
    const key = `${why} ${binding}`;
    const row = found.get(key) ?? { binding, why, messages: 0, domains: 0 };
    row.messages += messages;
    row.domains += 1;
    found.set(key, row);
  });
  return [...found.values()].sort((a, b) => b.messages - a.messages);
}

function whyOf(
  before: Configuration,
  after: Configuration,
  subject: { binding: string; domain: string },
  now: WallMs,
): HeldMail['why'] | null {
  const isHeld = (configuration: Configuration): HeldMail['why'] | null => {
    if (!configuration.servesBinding(subject.binding)) return 'bindingGone';
    return configuration.value(suspendDelivery, subject) > now ? 'suspended' : null;
  };
  const [was, is] = [isHeld(before), isHeld(after)];
  if (was === is) return null;
  return is ?? 'released';
}
