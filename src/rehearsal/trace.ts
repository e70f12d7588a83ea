// Lines of mainlog to arrivals of mail. Receptions are what counts; recipients of one transaction that go the same way
// arrive together, as they would. A log has whole seconds: what it puts into one is spread evenly over it, or every
// second would begin with a rush that never was.
import { addWall, type WallMs } from '../core/base/moment.ts';
import { canonicalDomain } from '../core/mail/domain-name.ts';
import { type MainRecord, parseMainRecord } from '../core/records/parsed-record.ts';
import type { Arrival } from './rehearsal.ts';

type Reception = Extract<MainRecord, { readonly type: 'R' }>;

/** Receptions of one second that are held before they are let go however many follow. */
const HELD_MAX = 100_000;
const SECOND_MS = 1000;

export class TraceReader {
  /** Lines that are no record. */
  unreadable = 0;
  /** Receptions that are earlier than one before them; they arrive with it. */
  late = 0;
  lines = 0;
  receptions = 0;
  readonly #arrived: (arrival: Arrival) => void;
  #held: Arrival[] = [];
  #second: WallMs | null = null;
  #batchId = '';
  /** Of the transaction that is being read, by binding and domain. */
  readonly #places = new Map<string, number>();

  constructor(arrived: (arrival: Arrival) => void) {
    this.#arrived = arrived;
  }

  /** @param text without its line end, as octets (Latin-1) */
  line(text: string): void {
    this.lines += 1;
    // Most lines of a log are of other kinds; those are only looked at as far as that.
    if (KIND_OF_OTHERS.test(text)) return;
    const record = parseMainRecord(text);
    if (record === null) {
      this.unreadable += 1;
    } else if (record.type === 'R') this.#add(record);
  }

  /** The last line was read. */
  end(): void {
    this.#release();
  }

  #add(record: Reception): void {
    this.receptions += 1;
    let { at } = record;
    if (this.#second !== null && at < this.#second) {
      this.late += 1;
      at = this.#second;
    }
    if (at !== this.#second || this.#held.length >= HELD_MAX) {
      this.#release();
      this.#second = at;
    }
    const binding = nameOf(record.binding);
    const { size } = record;
    const domain = canonicalDomain(record.recipientDomain);
    const key = `${binding}\n${domain}`;
    if (record.batchId !== this.#batchId) {
      this.#batchId = record.batchId;
      this.#places.clear();
    }
    const place = this.#places.get(key);
    if (place === undefined) {
      this.#places.set(key, this.#held.length);
      this.#held.push({ at, binding, domain, recipients: 1, size });
    } else {
      const known = this.#held[place]!;
      this.#held[place] = { ...known, recipients: known.recipients + 1 };
    }
  }

  #release(): void {
    const held = this.#held;
    this.#held = [];
    this.#places.clear();
    const isWhole = this.#second !== null && this.#second % SECOND_MS === 0;
    for (const [index, arrival] of held.entries()) {
      const at = isWhole ? addWall(arrival.at, (index * SECOND_MS) / held.length) : arrival.at;
      this.#arrived({ ...arrival, at });
    }
  }
}

/** A name out of the configuration, which the log holds as UTF-8. */
function nameOf(octets: string): string {
  if (!/[\x80-\xff]/.test(octets)) return octets;
  return new TextDecoder().decode(Uint8Array.from(octets, (octet) => octet.charCodeAt(0)));
}

/** Deliveries, failures and signs of life: the kind is the fifth field, and nothing before it is escaped. */
const KIND_OF_OTHERS = /^\d{10,16}(?:@[^@\\]*){3}@(?:[DTPX]@|M1?$)/;
