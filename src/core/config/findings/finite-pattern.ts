// The names that a regular expression matches, when they can be counted: `^(mx1|mx2)\.example\.com$` stands for two. Reads
// literal letters, alternatives, small classes and `?` between anchors; for everything else it gives no answer.

/** Beyond so many names a pattern counts as unlimited. */
const NAMES_MAX = 256;

const SPECIAL = '.*+{}|()[]^$?\\';

/** Every name that `source` matches, in lower case; null when there is no end of them, or it cannot be told. */
export function namesOfPattern(source: string): readonly string[] | null {
  const reader = new Reader(source);
  const names: string[] = [];
  do {
    if (!reader.take('^')) return null;
    const alternative = reader.sequence();
    if (alternative === null || !reader.take('$')) return null;
    names.push(...alternative);
    if (names.length > NAMES_MAX) return null;
  } while (reader.take('|'));
  return reader.isAtEnd ? [...new Set(names.map((name) => name.toLowerCase()))] : null;
}

class Reader {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#source.length;
  }

  take(text: string): boolean {
    if (!this.#source.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  /** What may stand in a row here, up to a bar, a closing bracket, an anchor or the end. */
  sequence(): readonly string[] | null {
    let names: readonly string[] = [''];
    while (!this.isAtEnd && !'|)$'.includes(this.#source[this.#at]!)) {
      let item = this.#item();
      if (item === null) return null;
      if (this.take('?')) item = [...item, ''];
      if ('?*+{'.includes(this.#source[this.#at] ?? ' ')) return null; // repeated, or lazy
      if (names.length * item.length > NAMES_MAX) return null;
      names = names.flatMap((start) => item.map((end) => start + end));
    }
    return names;
  }

  #item(): readonly string[] | null {
    if (this.take('(?:') || (!this.#source.startsWith('(?', this.#at) && this.take('('))) return this.#group();
    if (this.take('[')) return this.#class();
    if (this.take('\\')) {
      const escaped = this.#source[this.#at] ?? '';
      if (!/[^A-Za-z0-9]/.test(escaped)) return null; // classes, word ends, back references
      this.#at += 1;
      return [escaped];
    }
    const letter = this.#source[this.#at]!;
    if (SPECIAL.includes(letter)) return null;
    this.#at += 1;
    return [letter];
  }

  #group(): readonly string[] | null {
    const names: string[] = [];
    do {
      const alternative = this.sequence();
      if (alternative === null) return null;
      names.push(...alternative);
      if (names.length > NAMES_MAX) return null;
    } while (this.take('|'));
    return this.take(')') ? names : null;
  }

  /** Single letters only: neither ranges nor exclusions. */
  #class(): readonly string[] | null {
    const end = this.#source.indexOf(']', this.#at);
    const letters = this.#source.slice(this.#at, end);
    if (end < 0 || letters === '' || /[\\^]/.test(letters) || /.-./.test(letters)) return null;
    this.#at = end + 1;
    return [...letters];
  }
}
