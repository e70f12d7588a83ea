// Ids of messages, batches (inbound transactions) and connections: CC/CC-PPPPP-TTTTTTTT, where C is a 16-bit counter
// and T the Unix second, both hexadecimal with their digits reversed, and P the process id (docs/logs.md, "Ids").

/** For example `53/6B-18426-1AAEACF3`. */
export type MailId = string;

/** Stands in records where there is no message, batch or connection. */
export const NO_ID: MailId = '00/00-00000-00000000';

const COUNTER_BITS = 16;
const COUNTERS = 1 << COUNTER_BITS;

/**
 * Makes ids that are never repeated within a process: a second that used up its 65536 counters borrows the next one.
 * The shard's number is the top of the counter, so that shards of one process never meet.
 */
export class IdMaker {
  readonly #pid: string;
  readonly #firstCounter: number;
  readonly #counters: number;
  #second = 0;
  #counter = 0;
  #prefixless = '';

  /** @param shardBits how many of the counter's 16 bits name the shard (0 with one shard) */
  constructor(pid: number, shard = 0, shardBits = 0) {
    this.#pid = String(pid).padStart(5, '0');
    this.#counters = COUNTERS >> shardBits;
    this.#firstCounter = shard * this.#counters;
  }

  /** @param wallSeconds whole Unix seconds of now */
  next(wallSeconds: number): MailId {
    if (wallSeconds > this.#second) this.#startSecond(wallSeconds);
    else if (this.#counter === this.#counters) this.#startSecond(this.#second + 1);
    return reversedHex(this.#firstCounter + this.#counter++) + this.#prefixless;
  }

  #startSecond(second: number): void {
    this.#second = second;
    this.#counter = 0;
    const hex = (second >>> 0).toString(16).toUpperCase().padStart(8, '0');
    this.#prefixless = `-${this.#pid}-${[...hex].reverse().join('')}`;
  }
}

const HEX = '0123456789ABCDEF';

function reversedHex(counter: number): string {
  return `${HEX[counter & 15]}${HEX[(counter >> 4) & 15]}/${HEX[(counter >> 8) & 15]}${HEX[(counter >> 12) & 15]}`;
}

/** The id as it stands in a Message-ID header: `<00.00.02001.C6DD1CA4@HOST>`. */
export function messageIdHeader(id: MailId, host: string): string {
  return `<${id.replace('/', '.').replaceAll('-', '.')}@${host}>`;
}
