// The command line of a measuring program: `--name VALUE` and `--name` alone. A word that it does not know ends it.

export class Words {
  readonly #valuesByName = new Map<string, string>();
  readonly rest: readonly string[];

  /** @param flags names of those without a value; every other `--name` has one */
  constructor(words: readonly string[], names: readonly string[], flags: readonly string[] = []) {
    const rest: string[] = [];
    for (let at = 0; at < words.length; at++) {
      const word = words[at]!;
      const name = word.slice(2);
      if (!word.startsWith('--')) rest.push(word);
      else if (flags.includes(name)) this.#valuesByName.set(name, '');
      else if (names.includes(name) && words[at + 1] !== undefined) this.#valuesByName.set(name, words[++at]!);
      else throw new Error(`${word}: unknown, or without its value; known are --${[...names, ...flags].join(' --')}`);
    }
    this.rest = rest;
  }

  has(name: string): boolean {
    return this.#valuesByName.has(name);
  }

  text(name: string, otherwise: string): string {
    return this.#valuesByName.get(name) ?? otherwise;
  }

  /** A number above zero, or zero. */
  number(name: string, otherwise: number): number {
    const text = this.#valuesByName.get(name);
    if (text === undefined) return otherwise;
    const value = Number(text);
    if (!(value >= 0)) throw new Error(`--${name}: found ${text}; expected a number from 0`);
    return value;
  }
}
