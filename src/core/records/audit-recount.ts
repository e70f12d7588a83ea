// Counts again what an audit says was opened and closed, and compares: each line's own counts, the limits written down, and
// that nothing was opened above the limit in force (design decision 7: a lowered limit may lie below what is open, but
// nothing opens above it). Whether the lines are those that were written is audit-check.ts's business.
import type { Limit } from '../base/limit.ts';
import { type AuditCounter, AuditCounters, type CounterClass, classNameOf } from './audit-counters.ts';
import { type AuditEntry, type EndReason, limitField, NOT_ASKED } from './audit-record.ts';

type Entry<K extends AuditEntry['kind']> = Extract<AuditEntry, { readonly kind: K }>;

/** A limit that was passed. */
export interface PassedLimit {
  readonly counter: string;
  readonly open: number;
  readonly limit: Limit;
  readonly origin: string;
}

/** Hears what is found; knows at which line that is. */
export interface RecountListener {
  passed(limit: PassedLimit): void;
  contradiction(text: string): void;
  note(text: string): void;
}

export interface SeenConfiguration {
  readonly version: number;
  readonly file: string;
}

const CONFIGURATIONS_MAX = 100;
/** What every connection holds, whatever is configured. */
const ALWAYS_HELD = ['node', 'binding', 'pair', 'address'];
/** Everybody reads these against one limit; an address may be meant by several host stanzas. */
const LIMITS_MAX: Readonly<Record<string, number>> = {
  node: 2, // its maximum, and that with the reserve
  address: Number.POSITIVE_INFINITY,
  exchanger: Number.POSITIVE_INFINITY,
};

/**
 * - outside: an opening line must come;
 * - opening: the configuration must come;
 * - listing: what was announced of a configuration must come;
 * - running: connections.
 */
type Phase = 'outside' | 'opening' | 'listing' | 'running';

export class AuditRecount {
  readonly #listener: RecountListener;
  readonly #counters = new AuditCounters();
  /** Keys held by each connection whose opening was seen. */
  readonly #keysByConnection = new Map<string, readonly string[]>();
  /** Connections that are open, but were opened before the first line seen. */
  #unseen = 0;
  #phase: Phase = 'outside';
  /** What was counted so far says nothing: figures are believed until a configuration has listed them all. */
  #believes = false;
  #moved = 0;
  #limits = 0;
  /** Of the part that is read; null where lines of it are missing. */
  #lines: number | null = 0;
  #lastEnd: EndReason | null = null;
  opened = 0;
  closed = 0;
  /** The first ones. */
  readonly configurations: SeenConfiguration[] = [];
  configurationsLeftOut = 0;

  constructor(listener: RecountListener) {
    this.#listener = listener;
  }

  get classes(): readonly CounterClass[] {
    return this.#counters.classes();
  }

  /** The lines before this are not what was written: what they counted may be wrong. */
  distrust(): void {
    this.#believes = true;
    this.#lines = null;
  }

  apply(entry: AuditEntry): void {
    if (entry.kind === 'begin') {
      this.#begin(entry);
      return;
    }
    if (this.#phase === 'outside') {
      this.#listener.contradiction('no opening line stands before this one');
      this.distrust();
      this.#phase = 'running';
    }
    if (this.#lines !== null) this.#lines += 1;
    const isListed = entry.kind === 'moved' || entry.kind === 'limit';
    if (!isListed && (this.#phase === 'listing' || (this.#phase === 'opening' && entry.kind !== 'configuration'))) {
      this.#listener.contradiction('the configuration before this line is not complete');
      this.#believes = true;
      this.#phase = 'running';
    }
    switch (entry.kind) {
      case 'configuration':
        this.#configuration(entry);
        break;
      case 'moved':
      case 'limit':
        this.#list(entry);
        break;
      case 'opened':
        this.#open(entry);
        break;
      case 'closed':
        this.#close(entry);
        break;
      case 'freed':
        this.#free(entry);
        break;
      case 'end':
        this.#end(entry);
        break;
    }
  }

  /** @param isRunning the log is still being written */
  finish(isRunning: boolean): void {
    if (this.#phase === 'outside' || isRunning) return;
    this.#listener.contradiction(
      'no closing line: the end is missing, or the server was killed, or it still runs (then say --running)',
    );
  }

  // ---- parts

  #begin({ reason, isUnclean }: Entry<'begin'>): void {
    const end = this.#lastEnd;
    if (isUnclean) {
      this.#listener.note(
        reason === 'shard'
          ? 'begins because a shard ended; what it had not told of then is not known, and its connections ended with it'
          : 'begins after an unclean stop; what was not yet in the file then is not known, and every connection ended with it',
      );
    } else if (reason === 'shard') {
      this.#listener.contradiction('begins because a shard ended, but says that nothing is missing before it');
    } else if (this.#phase !== 'outside') {
      this.#listener.contradiction('the part before this line has no closing line');
    } else if (end !== null && (end === 'rotation') !== (reason === 'rotation')) {
      this.#listener.contradiction(`begins because of "${reason}", but the part before ended because of "${end}"`);
    }
    this.#phase = 'opening';
    this.#lines = 1;
    // After a rotation what is listed must be what was counted.
    if (reason === 'rotation' && end === 'rotation' && !this.#believes) return;
    this.#counters.dropAll();
    this.#keysByConnection.clear();
    this.#unseen = 0;
    this.#believes = reason !== 'start';
    if (reason === 'on' && end !== null) this.#listener.note('the audit was off before this line');
  }

  #end({ reason, lines }: Entry<'end'>): void {
    if (this.#lines !== null && this.#lines !== lines) {
      this.#listener.contradiction(`counts ${lines} lines; there are ${this.#lines}`);
    }
    const open = this.#counters.find('node')?.open ?? 0;
    if (reason === 'stop' && open > 0) this.#listener.contradiction(`an orderly stop with ${open} open connections`);
    this.#phase = 'outside';
    this.#lastEnd = reason;
  }

  // ---- the configuration

  #configuration({ version, file, moved, limits }: Entry<'configuration'>): void {
    this.#see({ version, file });
    this.#moved = moved;
    this.#limits = limits;
    for (const counter of this.#counters.values()) {
      counter.originByLimit.clear();
      counter.isListed = false;
    }
    this.#phase = 'listing';
    this.#endListing();
  }

  #see(seen: SeenConfiguration): void {
    const last = this.configurations.at(-1);
    if (last?.version === seen.version && last.file === seen.file) return;
    if (this.configurations.length < CONFIGURATIONS_MAX) this.configurations.push(seen);
    else this.configurationsLeftOut += 1;
  }

  #list(entry: Entry<'moved'> | Entry<'limit'>): void {
    if (this.#phase !== 'listing' || (entry.kind === 'moved' ? this.#moved : this.#limits) === 0) {
      this.#listener.contradiction('belongs to no configuration');
      return;
    }
    if (entry.kind === 'moved') {
      this.#moved -= 1;
      this.#move(entry);
    } else {
      this.#limits -= 1;
      const counter = this.#counters.use(entry.counter);
      if (this.#believes) counter.open = entry.open;
      this.#compare(counter, entry.open);
      counter.isListed = true;
      if (entry.origin !== NOT_ASKED) {
        this.#state(counter, entry.limit, entry.origin);
        counter.mark(entry.limit, entry.origin);
      }
    }
    this.#endListing();
  }

  #move({ connection, left, entered }: Entry<'moved'>): void {
    for (const key of left) {
      const counter = this.#counters.find(key);
      if (counter !== undefined) counter.open -= 1;
    }
    for (const key of entered) this.#counters.use(key).open += 1;
    const keys = this.#keysByConnection.get(connection);
    if (keys === undefined) {
      if (!this.#believes && this.#unseen === 0) this.#listener.contradiction(`${connection} is not open`);
      return;
    }
    if (!left.every((key) => keys.includes(key)) && !this.#believes) {
      this.#listener.contradiction(`${connection} leaves what it does not hold`);
    }
    this.#keysByConnection.set(connection, [...keys.filter((key) => !left.includes(key)), ...entered]);
  }

  #endListing(): void {
    if (this.#moved > 0 || this.#limits > 0) return;
    this.#phase = 'running';
    for (const counter of this.#counters.values()) {
      if (counter.isListed) continue;
      if (counter.open > 0 && !this.#believes) {
        this.#listener.contradiction(`${counter.key}: ${counter.open} open, but the configuration does not list it`);
      }
      this.#counters.drop(counter);
    }
    if (!this.#believes) return;
    this.#unseen = Math.max(0, (this.#counters.find('node')?.open ?? 0) - this.#keysByConnection.size);
    this.#believes = false;
  }

  #state(counter: AuditCounter, limit: Limit, origin: string): void {
    const stated = counter.originByLimit;
    stated.set(limit, origin);
    if (stated.size <= (LIMITS_MAX[classNameOf(counter.key)] ?? 1) || this.#believes) return;
    const limits = [...stated.keys()].map(limitField).join(' and ');
    this.#listener.contradiction(`${counter.key}: limits ${limits} in one configuration`);
  }

  // ---- connections

  #open({ connection, slots }: Entry<'opened'>): void {
    this.opened += 1;
    if (this.#keysByConnection.has(connection)) this.#listener.contradiction(`${connection} is open already`);
    const keys: string[] = [];
    for (const { counter: key, open, limit, origin } of slots) {
      const counter = this.#counters.use(key);
      keys.push(counter.key);
      counter.open = this.#believes ? open : counter.open + 1;
      this.#compare(counter, open);
      if (origin !== null) this.#state(counter, limit, origin);
      const setBy = counter.originByLimit.get(limit);
      if (setBy === undefined && !this.#believes) {
        this.#listener.contradiction(`${key}: nothing before says where its limit ${limitField(limit)} comes from`);
      }
      if (counter.open > limit) {
        this.#listener.passed({ counter: key, open: counter.open, limit, origin: setBy ?? 'unknown' });
      }
      counter.mark(limit, setBy ?? 'unknown');
    }
    for (const name of ALWAYS_HELD) {
      if (keys.some((key) => classNameOf(key) === name)) continue;
      this.#listener.contradiction(`${connection} takes no slot of a "${name}" counter`);
    }
    this.#keysByConnection.set(connection, keys);
  }

  #close({ connection, slots }: Entry<'closed'>): void {
    this.closed += 1;
    const keys = this.#keysByConnection.get(connection);
    if (keys === undefined) {
      if (this.#unseen > 0) this.#unseen -= 1;
      else if (!this.#believes) this.#listener.contradiction(`${connection} is not open`);
    } else if (keys.length !== slots.length || slots.some(({ counter }) => !keys.includes(counter))) {
      this.#listener.contradiction(`${connection} gives back other slots than it took`);
    }
    this.#keysByConnection.delete(connection);
    for (const { counter: key, open } of slots) {
      const counter = this.#counters.find(key);
      if (counter === undefined) {
        if (!this.#believes) this.#listener.contradiction(`${key}: a slot is given back, and none is taken`);
        continue;
      }
      counter.open = this.#believes ? open : counter.open - 1;
      this.#compare(counter, open);
      if (counter.open === 0) this.#counters.drop(counter);
    }
  }

  /** What ended shards held is open without connections that were seen. */
  #free({ counters }: Entry<'freed'>): void {
    for (const { counter: key, slots, open } of counters) {
      const counter = this.#counters.find(key);
      if (counter === undefined || slots > counter.open) {
        if (!this.#believes) this.#listener.contradiction(`${key}: slots are given back, and are not taken`);
        continue;
      }
      if (classNameOf(key) === 'node') {
        if (slots > this.#unseen && !this.#believes) {
          this.#listener.contradiction(`${slots} connections of ended shards; ${this.#unseen} are open`);
        }
        this.#unseen = Math.max(0, this.#unseen - slots);
      }
      counter.open = this.#believes ? open : counter.open - slots;
      this.#compare(counter, open);
      if (counter.open === 0) this.#counters.drop(counter);
    }
  }

  #compare({ key, open }: AuditCounter, written: number): void {
    if (open !== written) this.#listener.contradiction(`${key}: the line says ${written} open; counted again: ${open}`);
  }
}
