// Strings that many messages have in common, by number: each is kept once, for as long as somebody has its number.

/** So that strangers who call themselves something else each time do not fill the memory. */
const STRINGS_MAX = 65_536;
/** Characters; a longer one is hardly common. */
const LENGTH_MAX = 255;

export class SharedStrings {
  readonly #numbers = new Map<string, number>();
  /** Of what was dropped, nothing is kept. */
  readonly #strings: string[] = [];
  readonly #holders: number[] = [];
  readonly #free: number[] = [];
  readonly #stringsMax: number;

  constructor(stringsMax = STRINGS_MAX) {
    this.#stringsMax = stringsMax;
  }

  /** Strings kept. */
  get size(): number {
    return this.#numbers.size;
  }

  /** @returns its number from now on, once more; -1 when it is not taken, as it is long or there are many */
  take(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) {
      this.#holders[known]! += 1;
      return known;
    }
    if (text.length > LENGTH_MAX || this.#numbers.size === this.#stringsMax) return -1;
    const number = this.#free.pop() ?? this.#strings.length;
    const own = copyOf(text);
    this.#numbers.set(own, number);
    this.#strings[number] = own;
    this.#holders[number] = 1;
    return number;
  }

  at(number: number): string {
    return this.#strings[number]!;
  }

  /** Whoever took it needs it no more. */
  drop(number: number): void {
    this.#holders[number]! -= 1;
    if (this.#holders[number]! > 0) return;
    this.#numbers.delete(this.#strings[number]!);
    this.#strings[number] = '';
    this.#free.push(number);
  }
}

/** The same characters; a part of a larger string would keep all of that. */
function copyOf(text: string): string {
  const copy = Buffer.from(text, 'latin1').toString('latin1');
  return copy === text ? copy : Buffer.from(text, 'utf16le').toString('utf16le');
}
