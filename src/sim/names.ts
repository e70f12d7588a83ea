// The Resolver port over a zone that is known in advance, with delays, failures and small TTLs.
import type { Random } from '../core/base/random.ts';
import { PROBE_NAME, PROBE_PAUSE_MS_MAX } from '../engine/name-service.ts';
import type { DnsAnswer, DnsType, Resolver } from '../engine/ports.ts';
import type { Fuse } from './fuse.ts';
import { between, happens, type World } from './world.ts';

/** What exists. A name that is in neither map does not exist; one in a map has no data of the other type. */
export interface Zone {
  readonly exchanges: ReadonlyMap<string, readonly { preference: number; exchange: string }[]>;
  readonly addresses: ReadonlyMap<string, readonly string[]>;
}

export interface NameConditions {
  readonly delayMs: readonly [low: number, high: number];
  /** Chance that a query gets no usable answer. */
  readonly unavailable: number;
  readonly ttlSeconds: number;
  /** In milliseconds of the run: nobody answers what is asked then. */
  readonly outage?: { readonly fromMs: number; readonly untilMs: number };
}

/** How long an asker waits for an answer. */
const PATIENCE_MS = 10_000;

export class Names implements Resolver {
  readonly #world: World;
  readonly #random: Random;
  readonly #zone: Zone;
  readonly #conditions: NameConditions;
  readonly #fuse: Fuse;
  /** Names asked for and not answered yet, with how often. */
  readonly #pending = new Map<string, number>();
  /** How often the engine was told that there is no such name, by name. */
  readonly #misses = new Map<string, number>();
  #life = 0;

  constructor(world: World, zone: Zone, conditions: NameConditions, fuse: Fuse) {
    this.#world = world;
    this.#random = world.random.stream('names');
    this.#zone = zone;
    this.#conditions = conditions;
    this.#fuse = fuse;
  }

  query(name: string, type: DnsType, answered: (answer: DnsAnswer) => void): void {
    this.#fuse.burn();
    const life = this.#life;
    // Who asks over and over is answered when the outage ends in time.
    const outageMs = this.isOutage() ? this.#conditions.outage!.untilMs - this.#world.elapsedMs : 0;
    const isOut = outageMs >= PATIENCE_MS;
    const isLost = name !== PROBE_NAME && happens(this.#random, this.#conditions.unavailable);
    const answer: DnsAnswer =
      isLost || isOut ? { kind: 'unavailable', reason: 'timeout', isSilent: true } : this.#answer(name, type);
    this.#world.after(isOut ? PATIENCE_MS : outageMs + between(this.#random, ...this.#conditions.delayMs), () => {
      if (life !== this.#life) return;
      const left = this.#pending.get(name)! - 1;
      if (left > 0) this.#pending.set(name, left);
      else this.#pending.delete(name);
      if (answer.kind === 'noName') this.#misses.set(name, this.missesOf(name) + 1);
      answered(answer);
    });
    this.#pending.set(name, (this.#pending.get(name) ?? 0) + 1);
  }

  /** How often this process was told that there is no such name. */
  missesOf(name: string): number {
    return this.#misses.get(name) ?? 0;
  }

  /** Whether the engine waits for an answer about the name, or for one that tells whose silence it was. */
  isPending(name: string): boolean {
    return this.#pending.has(name) || this.#pending.has(PROBE_NAME);
  }

  /** @param slackMs so long behind it, too */
  isOutage(slackMs = 0): boolean {
    const { outage } = this.#conditions;
    const now = this.#world.elapsedMs;
    return outage !== undefined && now >= outage.fromMs && now < outage.untilMs + slackMs;
  }

  /** Whether the engine may hold mail because nobody answers: it may notice the end only with its next probe. */
  mayHold(): boolean {
    return this.isOutage(PROBE_PAUSE_MS_MAX + 2 * PATIENCE_MS);
  }

  /** The process is gone: what it asked is answered to nobody. */
  abandonAll(): void {
    this.#life++;
    this.#pending.clear();
    this.#misses.clear();
  }

  #answer(name: string, type: DnsType): DnsAnswer {
    const { ttlSeconds } = this.#conditions;
    const records = this.#zone.exchanges.get(name);
    const addresses = this.#zone.addresses.get(name);
    if (records === undefined && addresses === undefined) return { kind: 'noName', ttlSeconds };
    if (type === 'MX' && records !== undefined) return { kind: 'mx', records, ttlSeconds };
    const isWanted = (address: string): boolean => address.includes(':') === (type === 'AAAA');
    const wanted = type === 'MX' ? [] : (addresses ?? []).filter(isWanted);
    if (wanted.length > 0) return { kind: 'addresses', addresses: wanted, ttlSeconds };
    return { kind: 'noData', ttlSeconds };
  }
}

const NO_QUERIES = { queries: 0, timeouts: 0 };
/** What the name service counts, for listings that nobody looks at. */
export const NO_DNS_FIGURES = {
  resolver: 'simulation',
  a: NO_QUERIES,
  aaaa: NO_QUERIES,
  mx: NO_QUERIES,
  txt: NO_QUERIES,
  pending: 0,
  responsePeakMs: 0,
  responseAverageMs: 0,
};
