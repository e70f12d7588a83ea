// Which messages arrived, by the id in a header field and the recipient: for finding what was lost or came twice.

/** The header field in which `headgate send` numbers its messages. */
export const TEST_ID_HEADER = 'X-Headgate-Test-Id';

export interface ArrivalCheck {
  /** Accepted and not arrived, as [id, recipient]. */
  readonly missing: readonly (readonly [id: string, recipient: string])[];
  /** Arrivals beyond the first of each (id, recipient). */
  readonly repeated: number;
  /** Arrived without having been accepted: an answer that was lost on its way, or none of ours. */
  readonly unexpected: number;
}

/** Arrivals of each (id, recipient). Grows with every message: 150 octets or so each. */
export class Arrivals {
  readonly #countsByKey = new Map<string, number>();
  #total = 0;

  /** Distinct pairs of id and recipient. */
  get distinct(): number {
    return this.#countsByKey.size;
  }

  /** Arrivals beyond the first of each pair. */
  get repeated(): number {
    return this.#total - this.#countsByKey.size;
  }

  add(id: string, recipients: readonly string[]): void {
    for (const recipient of recipients) {
      const key = keyOf(id, recipient);
      this.#countsByKey.set(key, (this.#countsByKey.get(key) ?? 0) + 1);
      this.#total += 1;
    }
  }

  /** How often a message came for a recipient. */
  count(id: string, recipient: string): number {
    return this.#countsByKey.get(keyOf(id, recipient)) ?? 0;
  }

  /** @param acceptedById the recipients of each message that the sender got a 250 for */
  check(acceptedById: ReadonlyMap<string, readonly string[]>): ArrivalCheck {
    const missing: [string, string][] = [];
    let expected = 0;
    for (const [id, recipients] of acceptedById) {
      for (const recipient of recipients) {
        if (this.#countsByKey.has(keyOf(id, recipient))) expected += 1;
        else missing.push([id, recipient]);
      }
    }
    return { missing, repeated: this.repeated, unexpected: this.distinct - expected };
  }
}

const keyOf = (id: string, recipient: string): string => `${id} ${recipient}`;
