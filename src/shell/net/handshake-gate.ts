// How many TLS handshakes of ours run at once. One costs a millisecond of the thread (measured: 0.9 to 1.2 ms for RSA
// 2048 and X25519), and what waits for it is everything: so a burst is spread over many turns of the loop. Who waits does
// so in turn, by addresses, so that neither a long row nor a slow receiver keeps others waiting for long.

/** At once, of a thread. So many answers of receivers may come in one turn of the loop. */
export const HANDSHAKES_MAX = 24;
/** Of these, with one address: what a receiver that stalls can hold is not everything. */
export const HANDSHAKES_PER_ADDRESS_MAX = 16;
/** One that has run for so long ends when others wait for its place. */
const PATIENCE_MS = 3_000;

export interface Handshake {
  readonly address: string;
  start(): void;
  /** It has run for too long and others wait. It leaves the gate, at once or soon. */
  giveUp(): void;
}

export class HandshakeGate {
  /** With the time at which each began, the oldest first. */
  readonly #running = new Map<Handshake, number>();
  readonly #runningByAddress = new Map<string, number>();
  /** By address; the address whose turn it is comes first. No entry is empty. */
  readonly #waiting = new Map<string, Set<Handshake>>();
  readonly #patienceMs: number;
  #isTurnAsked = false;
  #patience: NodeJS.Timeout | null = null;

  constructor(patienceMs = PATIENCE_MS) {
    this.#patienceMs = patienceMs;
  }

  /** `start` is called in a later turn of the loop. */
  enter(handshake: Handshake): void {
    const row = this.#waiting.get(handshake.address);
    if (row === undefined) this.#waiting.set(handshake.address, new Set([handshake]));
    else row.add(handshake);
    this.#askForTurn();
  }

  /** Once for each that entered, however it ended, whether it was started or not. */
  leave(handshake: Handshake): void {
    const { address } = handshake;
    if (this.#running.delete(handshake)) {
      const left = this.#runningByAddress.get(address)! - 1;
      if (left === 0) this.#runningByAddress.delete(address);
      else this.#runningByAddress.set(address, left);
    } else {
      const row = this.#waiting.get(address);
      if (row?.delete(handshake) && row.size === 0) this.#waiting.delete(address);
    }
    if (this.#waiting.size > 0) this.#askForTurn();
  }

  get running(): number {
    return this.#running.size;
  }

  /** One is started in each turn, so that what it costs and what the others' answers cost do not add up. */
  #askForTurn(): void {
    if (this.#isTurnAsked) return;
    this.#isTurnAsked = true;
    setImmediate(() => {
      this.#isTurnAsked = false;
      const next = this.#running.size < HANDSHAKES_MAX ? this.#takeNext() : null;
      if (next === null) {
        this.#watchPatience();
        return;
      }
      this.#running.set(next, performance.now());
      this.#runningByAddress.set(next.address, (this.#runningByAddress.get(next.address) ?? 0) + 1);
      next.start();
      if (this.#waiting.size > 0) this.#askForTurn();
    });
  }

  /** The first of the first address that may have one more; that address is the last one then. */
  #takeNext(): Handshake | null {
    for (const [address, row] of this.#waiting) {
      if ((this.#runningByAddress.get(address) ?? 0) >= HANDSHAKES_PER_ADDRESS_MAX) continue;
      const [next] = row;
      row.delete(next!);
      this.#waiting.delete(address);
      if (row.size > 0) this.#waiting.set(address, row);
      return next!;
    }
    return null;
  }

  /** Somebody waits, and nobody can be started: the oldest that runs has a while from its start. */
  #watchPatience(): void {
    if (this.#patience !== null || this.#waiting.size === 0 || this.#running.size === 0) return;
    const startedAt = this.#running.values().next().value!;
    const left = Math.max(0, startedAt + this.#patienceMs - performance.now());
    this.#patience = setTimeout(() => {
      this.#patience = null;
      if (this.#waiting.size === 0) return;
      for (const [handshake, since] of [...this.#running]) {
        if (performance.now() - since < this.#patienceMs) break;
        const isInTheWay = this.#running.size >= HANDSHAKES_MAX || this.#waiting.has(handshake.address);
        if (isInTheWay) handshake.giveUp();
      }
      this.#askForTurn();
    }, left);
    this.#patience.unref();
  }
}
