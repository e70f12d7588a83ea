// What can only be seen from inside: the engine's counters against the connections there are, the wake-ups it owes, and
// rest at the end. The numbers that must hold are worked out here, from the configuration and the plan alone.
import { NO_LIMIT } from '../core/base/limit.ts';
import { reserveMaintenanceInterval } from '../core/config/options/connection-options.ts';
import { allocationTarget } from '../core/delivery/allocation.ts';
import type { MailQueue } from '../core/delivery/mail-queue.ts';
import type { SharedThrottle } from '../core/limits/throttle-table.ts';
import type { Waiter } from '../core/limits/wait-list.ts';
import type { Engine } from '../engine/engine.ts';
import type { ConnectionCheck } from './check-connections.ts';
import type { ConversationCheck } from './check-conversation.ts';
import type { InForce } from './in-force.ts';
import type { Link } from './link.ts';
import type { Names } from './names.ts';
import type { Network } from './network.ts';
import { LATE_MS, type Situation } from './situation.ts';

/** A slot is held that long after the end of a connection that was given up, and not longer. */
const HELD_MS = 1000 + LATE_MS;

export class EngineCheck {
  readonly #situation: Situation;
  readonly #network: Network;
  readonly #names: Names;
  readonly #connections: ConnectionCheck;
  readonly #conversations: ConversationCheck;
  /** Since when something is not as it should be, by what it is. */
  #wrongSince = new Map<string, number>();
  /** Connections whose end the engine was told of, and when; their slots may be held for a moment. */
  readonly #ended: { readonly link: Link; readonly atMs: number }[] = [];
  /** Queues that the node's limit alone keeps from any connection while the reserve has room, and since when. */
  #starvingSince = new Map<string, number>();
  #starvingUnder: InForce | null = null;
  /** The counters that a link is in, which depend on what is in force. */
  readonly #keysOf = new WeakMap<Link, { readonly under: InForce; readonly keys: readonly string[] }>();
  /** Nothing is opened before that, because the system lacked something. */
  #pausedUntilMs = 0;

  constructor(
    situation: Situation,
    network: Network,
    names: Names,
    connections: ConnectionCheck,
    conversations: ConversationCheck,
  ) {
    this.#situation = situation;
    this.#network = network;
    this.#names = names;
    this.#connections = connections;
    this.#conversations = conversations;
  }

  /** The engine is about to hear that a connection is over. */
  ended(link: Link): void {
    this.#ended.push({ link, atMs: this.#situation.world.elapsedMs });
  }

  nodeTrouble(): void {
    this.#pausedUntilMs = this.#situation.world.elapsedMs + 1000;
  }

  died(): void {
    this.#ended.length = 0;
    this.#wrongSince.clear();
    this.#starvingSince.clear();
    this.#pausedUntilMs = 0;
  }

  /** After every turn. */
  check(engine: Engine): void {
    const now = this.#situation.world.elapsedMs;
    while (this.#ended.length > 0 && now - this.#ended[0]!.atMs > HELD_MS) this.#ended.shift();
    const open = new Map<string, number>();
    for (const counter of engine.ledger.counters()) open.set(counter.key, counter.open);
    this.#checkCounters(open);
    if (engine.scheduler.watchdog.stalls > 0) this.#situation.world.violation('the watchdog found a lost wake-up');
    const wrong = new Map<string, number>();
    for (const claim of this.#faults(engine, open)) {
      const since = this.#wrongSince.get(claim) ?? now;
      wrong.set(claim, since);
      if (now - since > LATE_MS) this.#situation.world.violation(claim);
    }
    this.#wrongSince = wrong;
  }

  /** The engine counts every connection that a receiver may see, and no others for longer than it must. */
  #checkCounters(open: ReadonlyMap<string, number>): void {
    const held = new Map<string, number>();
    const count = (key: string): void => {
      held.set(key, (held.get(key) ?? 0) + 1);
    };
    for (const link of this.#network.links) for (const key of this.#keys(link)) count(key);
    for (const [key, links] of held) {
      const counted = open.get(key) ?? 0;
      if (counted < links) this.#situation.world.violation(`counter ${key} is ${counted}, with ${links} connections`);
    }
    for (const { link } of this.#ended) for (const key of this.#keys(link)) count(key);
    for (const [key, counted] of open) {
      // Domains at shared addresses are not known; inbound connections have descriptors; `ordinary` is a part of `node`.
      if (/^(pair|descriptors|ordinary)| domain "/.test(key)) continue;
      const most = held.get(key) ?? 0;
      if (counted > most)
        this.#situation.world.violation(`counter ${key} is ${counted}, with at most ${most} connections`);
    }
  }

  #keys(link: Link): readonly string[] {
    const { force } = this.#situation;
    const known = this.#keysOf.get(link);
    if (known?.under === force) return known.keys;
    const keys = this.#workOutKeys(link);
    this.#keysOf.set(link, { under: force, keys });
    return keys;
  }

  /** At an address that domains share, one that has named no recipient may be of any of them. */
  #mayCountIn(link: Link, name: string): boolean {
    const { source, target } = link;
    if (this.#keys(link).includes(name)) return true;
    return this.#situation.domainsAt(target.address).some((domain) => {
      const seen = this.#situation.seen(source, target.address, domain);
      return this.#situation.force.sumsOf(seen).some((sum) => sum.name === name);
    });
  }

  #workOutKeys(link: Link): readonly string[] {
    const binding = this.#situation.bindingOf(link.source);
    const domain = this.#situation.domainOf(link.target.address);
    const keys = ['node', `binding ${binding}`, `address ${binding} ${link.target.address}`];
    if (domain !== null) keys.push(`pair ${binding} ${domain}`);
    const seen = this.#situation.seen(link.source, link.target.address);
    for (const { name } of this.#situation.force.sumsOf(seen)) keys.push(name);
    return keys;
  }

  *#faults(engine: Engine, open: ReadonlyMap<string, number>): Generator<string> {
    if (this.#situation.state === 'stopping') {
      for (const link of this.#conversations.idle())
        if (link.isServing) yield `${link} stays idle during an orderly stop`;
      return;
    }
    const starving = this.#starvingSince;
    this.#starvingSince = new Map();
    if (this.#starvingUnder !== this.#situation.force) starving.clear();
    this.#starvingUnder = this.#situation.force;
    for (const queue of engine.scheduler.queues.values()) {
      if (queue.active.size + queue.delayed.messages === 0) continue;
      const { binding, domain } = queue;
      if (this.#situation.force.termsOf(binding, domain).isBlackholed)
        yield `mail of ${binding} for ${domain} waits though it is blackholed`;
      if (queue.active.size === 0) continue;
      // Without mail that wants out nobody looks at the clock for it, and an idle connection has its timeout.
      const isQuiet = this.#situation.isQuiet(binding, domain);
      if (isQuiet && queue.idle.length > 0 && !this.#situation.isWallClockNews)
        yield `mail of ${binding} for ${domain} has an idle connection in its quiet hours`;
      const claim = this.#lostWakeUp(engine, queue, open, starving);
      if (claim !== null) yield claim;
    }
    yield* this.#unusedTokens(engine);
    for (const link of this.#conversations.idle()) {
      const counter = this.#connections.surplusIdle(link);
      if (counter !== null) yield `${link} stays idle above the limit of ${counter}`;
      else if (link.isServing && this.#conversations.isHeld(link)) yield `${link} stays idle for mail that is held`;
    }
  }

  /** Who waits for a throttle gets what it recovers, or soon hears that it is reserved. */
  *#unusedTokens(engine: Engine): Generator<string> {
    const { world, scenario } = this.#situation;
    for (const throttle of engine.throttles.values()) {
      if (throttle.waiters.size === 0 || throttle.window.free(world.mono) === 0) continue;
      const { key } = throttle.value;
      if (throttle.free(world.mono) > 0) yield `tokens of ${key} are left though somebody waits for them`;
      else if (!engine.throttles.isWriting && scenario.diskConditions.refusal === 0)
        yield `tokens of ${key} are not reserved though somebody waits for them`;
    }
  }

  /** Why the queue should have more connections than it has; null when it has enough, or a reason to wait. */
  #lostWakeUp(
    engine: Engine,
    queue: MailQueue,
    open: ReadonlyMap<string, number>,
    starving: ReadonlyMap<string, number>,
  ): string | null {
    const { binding, domain } = queue;
    const { force, world, openingAtMs } = this.#situation;
    const { bindingExists, suspendedUntil, limit, bindingLimit, connectionsPerMessage, scanMs, sums } = force.termsOf(
      binding,
      domain,
    );
    if (!bindingExists || suspendedUntil > world.moment.wall) return null;
    if (this.#situation.isQuiet(binding, domain) || this.#situation.isWallClockNews) return null;
    if (queue.idle.some((connection) => !awaitsTokens(queue.messageWaiter, connection.messageThrottles ?? [])))
      return `mail of ${binding} for ${domain} waits beside an idle connection`;
    const target = allocationTarget(queue.active.size + queue.inFlight, limit, connectionsPerMessage);
    const serving = queue.connections.size - queue.leaving;
    if (serving >= target) return null;
    if (world.elapsedMs < Math.max(openingAtMs, this.#pausedUntilMs)) return null;
    if (awaitsTokens(queue, [...queue.throttles.connections, ...queue.throttles.messages])) return null;
    const source = this.#situation.scenario.configuration.bindings.find(({ name }) => name === binding)!.address;
    if (!this.#network.hasLocalAddress(source)) return null;
    if (queue.hold?.kind === 'addressMissing' && world.elapsedMs < this.#situation.addressBackAtMs + scanMs)
      return null;
    const plan = this.#situation.domains.get(domain);
    if (plan === undefined) return null; // the domain of a stranger
    if (queue.hold?.kind === 'nameServiceDown' && this.#names.mayHold()) return null;
    if (queue.hold?.kind === 'resolving' && this.#isLookedUp(domain)) return null;
    const count = (key: string): number => open.get(key) ?? 0;
    const full: string[] = [];
    if (count('node') >= force.nodeLimit) full.push('node');
    if (count(`binding ${binding}`) >= bindingLimit) full.push(`binding ${binding}`);
    for (const sum of sums) if (count(sum.name) >= sum.limit) full.push(sum.name);
    if (count(`pair ${binding} ${domain}`) >= limit || this.#lacksDescriptors(count('descriptors'))) return null;
    // Where answers get lost, the engine knows some of the hosts only.
    const waits = queue.hold !== null || queue.waits.length > 0;
    if (waits && this.#situation.scenario.nameConditions.unavailable > 0) return null;
    for (const { host, addresses } of this.#situation.reachable(binding, plan)) {
      for (const address of addresses) {
        if (engine.scheduler.hostStates.retryAt(binding, address, world.mono) !== null) continue;
        if (awaitsTokensOf(queue, address)) continue;
        const hostLimit = force.hostLimit(binding, host, address);
        if (count(`address ${binding} ${address}`) >= hostLimit) continue;
        const sumsOfHost = force.sumsOf({ binding, domain: null, host, address });
        // The scopes of queues are no matter here: those are in `full`.
        if (sumsOfHost.some((sum) => count(sum.name) >= sum.limit && !full.includes(sum.name))) continue;
        if (full.length > 0)
          return this.#heldByIdle(queue, full) ?? this.#starves(queue, full, count('node'), starving);
        return `${binding} for ${domain} has ${serving} connections, not ${target}, and room at ${host} [${address}]`;
      }
    }
    if (full.length > 0 || plan.kind === 'served' || plan.kind === 'dead') return null;
    return `mail of ${binding} for ${domain}, which is ${plan.kind}, stays active`;
  }

  /** A queue without a connection waits for others to finish, but not for one that does nothing. */
  #heldByIdle(queue: MailQueue, full: readonly string[]): string | null {
    // Only with one counter in the way, and no slot on its way back, is it clear which idle connection would help.
    const [name, other] = full;
    if (name === undefined || other !== undefined || queue.connections.size > 0 || queue.waits.length === 0)
      return null;
    if (this.#ended.some(({ link }) => this.#mayCountIn(link, name))) return null;
    for (const link of this.#network.links) if (!link.isServing && this.#mayCountIn(link, name)) return null;
    const idle = this.#connections.idleHolder(name, this.#conversations.idle());
    return idle === null ? null : `${queue.binding} for ${queue.domain} waits for ${name}, but ${idle} is idle`;
  }

  /** Whom the node's limit alone keeps from any connection, the reserve serves within an interval. */
  #starves(
    queue: MailQueue,
    full: readonly string[],
    open: number,
    starving: ReadonlyMap<string, number>,
  ): string | null {
    const { configuration, world } = this.#situation;
    if (full.length > 1 || full[0] !== 'node' || !queue.hasNoConnection) return null;
    if (open >= this.#situation.force.nodeCeiling) return null;
    const name = `${queue.binding} for ${queue.domain}`;
    const since = starving.get(name) ?? world.elapsedMs;
    this.#starvingSince.set(name, since);
    const waitedMs = world.elapsedMs - since;
    if (waitedMs <= 1000 * configuration.value(reserveMaintenanceInterval) + LATE_MS) return null;
    return `${name} has no connection for ${waitedMs} ms, and the reserve has room`;
  }

  #lacksDescriptors(used: number): boolean {
    const { descriptorLimit } = this.#network;
    if (descriptorLimit >= NO_LIMIT) return false;
    return used >= descriptorLimit - (descriptorLimit >= 512 ? 128 : Math.floor(descriptorLimit / 4));
  }

  #isLookedUp(domain: string): boolean {
    const names = [
      domain,
      `gone.${domain}`,
      ...(this.#situation.domains.get(domain)?.hosts ?? []).map(({ host }) => host),
    ];
    return names.some((name) => this.#names.isPending(name));
  }

  /** After the end, when nothing is left to do. */
  checkRest(engine: Engine): void {
    if (!engine.isAtRest) this.#situation.world.violation('the engine does not come to rest');
    for (const { key, open, waiting } of engine.ledger.counters()) {
      if (open !== 0) this.#situation.world.violation(`counter ${key} is ${open} at rest`);
      if (waiting !== 0) this.#situation.world.violation(`${waiting} queues wait for counter ${key} at rest`);
    }
  }
}

/** Whether somebody waits for one of the throttles. */
function awaitsTokens({ waits }: Waiter, throttles: readonly SharedThrottle[]): boolean {
  return throttles.some(({ waiters }) => waits.some(({ list }) => list === waiters));
}

/** Whether the queue waits for a throttle of the host at the address. */
function awaitsTokensOf(queue: MailQueue, address: string): boolean {
  for (const [candidate, { connections, messages }] of queue.hostThrottles)
    if (candidate.address === address && awaitsTokens(queue, [...connections, ...messages])) return true;
  return false;
}
