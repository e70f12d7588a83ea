// Numbers for objects, so that columns of numbers can refer to them.

export class Numbered<T> {
  readonly #things: (T | undefined)[] = [];
  readonly #free: number[] = [];

  /** @returns a number that nothing else has; one that was dropped is had again */
  add(thing: T): number {
    const number = this.#free.pop() ?? this.#things.length;
    this.#things[number] = thing;
    return number;
  }

  /** What has that number; it was added and not dropped. */
  at(number: number): T {
    return this.#things[number]!;
  }

  drop(number: number): void {
    this.#things[number] = undefined;
    this.#free.push(number);
  }
}
