// Where a process dies: between any two effects. Every port burns the fuse before it does what it was asked to, so a
// fuse of n lets n effects happen and then ends the process in the middle of whatever the engine was doing.

/** Unwinds the engine's stack. Caught by the simulation alone. */
export class ProcessDeath extends Error {
  override readonly name = 'ProcessDeath';
}

export class Fuse {
  #left = Number.POSITIVE_INFINITY;

  /** @param effects how many more effects happen before the process dies */
  light(effects: number): void {
    this.#left = effects;
  }

  burn(): void {
    if (this.#left-- <= 0) {
      this.#left = Number.POSITIVE_INFINITY;
      throw new ProcessDeath('the process dies here');
    }
  }
}
