// Draws what operators do to mail that waits, and to where it goes: the moves of the console, and routes that change while
// the mail is on its way.
import type { Random } from '../core/base/random.ts';
import { domainOf } from '../core/mail/mailbox.ts';
import type { SessionPlan } from './client.ts';
import type { TimedAction } from './plan-actions.ts';
import { type BindingPlan, scope } from './plan-configuration.ts';
import type { DomainPlan } from './plan-network.ts';
import { between, pick } from './world.ts';

/** Mail to these shares its mailboxes, so that nobody could say which of it is where. */
const HOME = 'sender.example';
const ALL_EXCHANGERS = '"__mx__"';

export interface MovePlan {
  readonly bindings: readonly BindingPlan[];
  readonly domains: readonly DomainPlan[];
  readonly sessions: readonly SessionPlan[];
}

export function planMoves(random: Random, count: number, untilMs: number, plan: MovePlan): TimedAction[] {
  return Array.from({ length: count }, () => planMove(random, between(random, 0, untilMs), plan)).flat();
}

function planMove(random: Random, atMs: number, plan: MovePlan): readonly TimedAction[] {
  const { bindings } = plan;
  const domains = plan.domains.filter(({ name, kind }) => name !== HOME && kind !== 'forwarded');
  const binding = pick(random, bindings).name;
  const domain = pick(random, domains).name;
  switch (random.below(7)) {
    case 0: {
      const mailbox = recentMailbox(random, atMs, plan.sessions);
      if (mailbox === null) return [];
      return random.below(2) === 0
        ? [{ atMs, action: { kind: 'failMessage', mailbox, quiet: random.below(3) === 0 } }]
        : [{ atMs, action: { kind: 'retryMessage', mailbox } }];
    }
    case 1: {
      const selection = pick(random, [
        { domain, binding: null },
        { domain: null, binding },
        { domain, binding },
      ]);
      return [{ atMs, action: { kind: 'delay', ...selection, seconds: pick(random, [1, 5, 20, 60]) } }];
    }
    case 2: {
      const to = pick(random, domains).name;
      return to === domain ? [] : [{ atMs, action: { kind: 'reroute', domain, to } }];
    }
    case 3:
    case 4: {
      const to = pick(random, bindings).name;
      if (to === binding) return [];
      return [{ atMs, action: { kind: 'rebind', binding, domain: pick(random, [null, domain]), to } }];
    }
    default:
      return planRoutes(random, atMs, domains);
  }
}

/** Some of a domain's hosts, in any order, in place of all, and mostly back again later. */
function planRoutes(random: Random, atMs: number, domains: readonly DomainPlan[]): readonly TimedAction[] {
  const { name, kind, isAlone, detour, hosts } = pick(random, domains);
  if (kind !== 'served' || !isAlone || hosts.length === 0) return [];
  const first = pick(random, hosts).host;
  const others = hosts.filter(({ host }) => host !== first && random.below(2) > 0).map(({ host }) => host);
  const items = pick(random, [
    [first, ...others],
    [...others, first],
  ]).map((host) => `"${host}"`);
  const all = detour === null ? [ALL_EXCHANGERS] : hosts.map(({ host }) => `"${host}"`);
  const change = (at: number, routes: readonly string[]): TimedAction => {
    const setting = { path: [scope('domain', name)], option: 'Routes', value: `( ${routes.join(', ')} )` };
    return { atMs: at, action: { kind: 'reload', change: { kind: 'setting', setting } } };
  };
  const there = change(atMs, items);
  return random.below(4) === 0 ? [there] : [there, change(atMs + between(random, 100, 20_000), all)];
}

/** Of mail that is handed in at about that time, so that some of it still waits. */
function recentMailbox(random: Random, atMs: number, sessions: readonly SessionPlan[]): string | null {
  const begun = sessions.filter((session) => session.atMs <= atMs);
  if (begun.length === 0) return null;
  const { transactions } = pick(random, begun);
  const mailboxes = transactions
    .flatMap(({ recipients }) => recipients)
    .filter((mailbox) => domainOf(mailbox) !== HOME);
  return mailboxes.length === 0 ? null : pick(random, mailboxes);
}
