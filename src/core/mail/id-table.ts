// Which stored message has an id: a hash table of numbers, outside of the heap, some 14 octets an id. It keeps a hash of the
// id in place of the id itself, so what it finds may in rare cases be another's: whoever asks looks at the message. In many
// parts, since one of a million is copied in one go when it grows.
import type { MailId } from './ids.ts';

/** A power of two. */
const PARTS = 256;
const PART_BITS = 8;
const FIRST_CAPACITY = 8;
/** In place of the number of a message where there is none. */
const NOBODY = 0xffff_ffff;

export class IdTable {
  readonly #parts: Part[] = Array.from({ length: PARTS }, () => new Part());

  /** @param number of the message, below 2^32 - 1 */
  add(id: MailId, number: number): void {
    const hash = hashOf(id);
    this.#parts[hash & (PARTS - 1)]!.add(hash, number);
  }

  /** @returns false when that was not kept */
  remove(id: MailId, number: number): boolean {
    const hash = hashOf(id);
    return this.#parts[hash & (PARTS - 1)]!.remove(hash, number);
  }

  /** Numbers of messages that may have the id: that which does is among them. */
  find(id: MailId): readonly number[] {
    const hash = hashOf(id);
    return this.#parts[hash & (PARTS - 1)]!.find(hash);
  }
}

/** Open addressing, looking at one place after another; pairs of hash and number. */
class Part {
  #pairs = emptyPairs(FIRST_CAPACITY);
  #size = 0;

  add(hash: number, number: number): void {
    if ((this.#size + 1) * 4 > this.#capacity * 3) this.#moveTo(this.#capacity * 2);
    this.#put(hash, number);
    this.#size += 1;
  }

  remove(hash: number, number: number): boolean {
    const pairs = this.#pairs;
    const mask = this.#capacity - 1;
    let place = this.#homeOf(hash);
    while (pairs[place * 2 + 1] !== NOBODY && (pairs[place * 2] !== hash || pairs[place * 2 + 1] !== number)) {
      place = (place + 1) & mask;
    }
    if (pairs[place * 2 + 1] === NOBODY) return false;
    // What stands behind it moves up, unless it would then stand before its home.
    for (let next = (place + 1) & mask; pairs[next * 2 + 1] !== NOBODY; next = (next + 1) & mask) {
      const isFromHome = (next - this.#homeOf(pairs[next * 2]!)) & mask;
      if (isFromHome < ((next - place) & mask)) continue;
      pairs[place * 2] = pairs[next * 2]!;
      pairs[place * 2 + 1] = pairs[next * 2 + 1]!;
      place = next;
    }
    pairs[place * 2 + 1] = NOBODY;
    this.#size -= 1;
    if (this.#capacity > FIRST_CAPACITY && this.#size * 6 < this.#capacity) this.#moveTo(this.#capacity / 2);
    return true;
  }

  find(hash: number): readonly number[] {
    const found: number[] = [];
    const pairs = this.#pairs;
    const mask = this.#capacity - 1;
    for (let place = this.#homeOf(hash); pairs[place * 2 + 1] !== NOBODY; place = (place + 1) & mask) {
      if (pairs[place * 2] === hash) found.push(pairs[place * 2 + 1]!);
    }
    return found;
  }

  get #capacity(): number {
    return this.#pairs.length / 2;
  }

  #homeOf(hash: number): number {
    return (hash >>> PART_BITS) & (this.#capacity - 1);
  }

  #put(hash: number, number: number): void {
    const mask = this.#capacity - 1;
    let place = this.#homeOf(hash);
    while (this.#pairs[place * 2 + 1] !== NOBODY) place = (place + 1) & mask;
    this.#pairs[place * 2] = hash;
    this.#pairs[place * 2 + 1] = number;
  }

  #moveTo(capacity: number): void {
    const former = this.#pairs;
    this.#pairs = emptyPairs(capacity);
    for (let at = 0; at < former.length; at += 2) {
      if (former[at + 1] !== NOBODY) this.#put(former[at]!, former[at + 1]!);
    }
  }
}

function emptyPairs(capacity: number): Uint32Array {
  return new Uint32Array(capacity * 2).fill(NOBODY);
}

/** FNV-1a, and mixed once more: ids of one time differ in few characters. */
function hashOf(id: MailId): number {
  let hash = 0x811c_9dc5;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x0100_0193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
