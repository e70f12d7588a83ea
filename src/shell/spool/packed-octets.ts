// Numbers and texts as few octets in memory, and back again. Nothing of it is ever written to a disk.

const FIRST_BYTES = 1024;
/** The longest number: its mark and a double. */
const NUMBER_BYTES = 9;
const FLOAT = new Float64Array(1);
const FLOAT_OCTETS = new Uint8Array(FLOAT.buffer);
/** Characters; shorter texts are faster without a call of Buffer. */
const SHORT = 48;

export class PackedWriter {
  #octets = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #end = 0;

  clear(): void {
    this.#end = 0;
  }

  /** A view that is good until the next call. */
  get octets(): Uint8Array {
    return this.#octets.subarray(0, this.#end);
  }

  append({ octets }: PackedWriter): void {
    this.#ensure(octets.length);
    this.#octets.set(octets, this.#end);
    this.#end += octets.length;
  }

  octet(value: number): void {
    this.#ensure(1);
    this.#octets[this.#end++] = value;
  }

  /** @param value a whole number from 0 to 2^53; small ones are short */
  count(value: number): void {
    this.#ensure(NUMBER_BYTES);
    const octets = this.#octets;
    let rest = value;
    for (; rest >= 2 ** 31; rest = Math.floor(rest / 128)) octets[this.#end++] = (rest % 128) | 128;
    for (; rest >= 128; rest >>>= 7) octets[this.#end++] = (rest & 127) | 128;
    octets[this.#end++] = rest;
  }

  /** @param value a whole number; those near 0 are short */
  difference(value: number): void {
    this.count(value >= 0 ? value * 2 : -value * 2 - 1);
  }

  /** Any number. */
  number(value: number): void {
    if (Number.isSafeInteger(value) && (value > 0 || Object.is(value, 0))) {
      this.count(value + 1);
      return;
    }
    this.#ensure(NUMBER_BYTES);
    FLOAT[0] = value;
    this.#octets[this.#end++] = 0;
    this.#octets.set(FLOAT_OCTETS, this.#end);
    this.#end += FLOAT_OCTETS.length;
  }

  /** Any text: an octet for each character, or two where one is beyond Latin-1. */
  text(value: string): void {
    const { length } = value;
    this.#ensure(NUMBER_BYTES + length);
    const start = this.#end;
    this.count(length * 2);
    const octets = this.#octets;
    if (length > SHORT) {
      octets.write(value, this.#end, 'latin1');
      this.#end += length;
      if (/[^\x00-\xff]/.test(value)) this.#wideText(value, start);
      return;
    }
    for (let at = 0; at < length; at++) {
      const code = value.charCodeAt(at);
      if (code > 255) {
        this.#wideText(value, start);
        return;
      }
      octets[this.#end++] = code;
    }
  }

  #wideText(value: string, start: number): void {
    this.#end = start;
    this.count(value.length * 2 + 1);
    this.#ensure(value.length * 2);
    this.#octets.write(value, this.#end, 'utf16le');
    this.#end += value.length * 2;
  }

  #ensure(bytes: number): void {
    const needed = this.#end + bytes;
    if (needed <= this.#octets.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#octets.length * 2));
    larger.set(this.#octets.subarray(0, this.#end));
    this.#octets = larger;
  }
}

/** Reads in the order in which it was written. */
export class PackedReader {
  #octets = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #at = 0;

  /** From here on, these are read; they are copied. */
  open(octets: Uint8Array): void {
    if (octets.length > this.#octets.length) this.#octets = Buffer.allocUnsafeSlow(octets.length * 2);
    this.#octets.set(octets);
    this.#at = 0;
  }

  octet(): number {
    return this.#octets[this.#at++]!;
  }

  count(): number {
    const octets = this.#octets;
    let value = octets[this.#at++]!;
    if (value < 128) return value;
    value &= 127;
    for (let unit = 128; ; unit *= 128) {
      const next = octets[this.#at++]!;
      value += (next & 127) * unit;
      if (next < 128) return value;
    }
  }

  difference(): number {
    const value = this.count();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  number(): number {
    const value = this.count();
    if (value > 0) return value - 1;
    FLOAT_OCTETS.set(this.#octets.subarray(this.#at, this.#at + FLOAT_OCTETS.length));
    this.#at += FLOAT_OCTETS.length;
    return FLOAT[0]!;
  }

  text(): string {
    const length = this.count();
    const from = this.#at;
    if (length % 2 === 0) {
      this.#at = from + length / 2;
      return this.#octets.toString('latin1', from, this.#at);
    }
    this.#at = from + length - 1;
    return this.#octets.toString('utf16le', from, this.#at);
  }
}
