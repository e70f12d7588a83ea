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
  readonly #pid: number;
  readonly #firstCounter: number;
  readonly #counters: number;
  #second = 0;
  #counter = 0;
  #prefixless = '';

  /** @param shardBits how many of the counter's 16 bits name the shard (0 with one shard) */
  constructor(pid: number, shard = 0, shardBits = 0) {
    this.#pid = pid;
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
    this.#prefixless = suffixOf(this.#pid, second >>> 0);
  }
}

/** What an id is made of. */
export interface IdParts {
  readonly counter: number;
  readonly pid: number;
  readonly second: number;
}

/** Numbers of longer process ids may not be exact. */
const PID_DIGITS_MAX = 9;

/** Null for what an {@link IdMaker} does not make; of anything else, {@link idOfParts} makes the same id. */
export function partsOfId(id: string): IdParts | null {
  const pidEnd = id.length - 9;
  if (pidEnd < 11 || pidEnd > 6 + PID_DIGITS_MAX || id[2] !== '/' || id[5] !== '-' || id[pidEnd] !== '-') return null;
  let pid = 0;
  for (let at = 6; at < pidEnd; at++) {
    const digit = id.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return null;
    pid = pid * 10 + digit;
  }
  if (pidEnd > 11 && id[6] === '0') return null;
  const low = reversedByte(id, 0);
  const high = reversedByte(id, 3);
  let second = 0;
  for (let at = pidEnd + 7; at > pidEnd; at -= 2) {
    const byte = reversedByte(id, at);
    if (byte < 0) return null;
    second = second * 256 + byte;
  }
  return low < 0 || high < 0 ? null : { counter: high * 256 + low, pid, second };
}

export function idOfParts({ counter, pid, second }: IdParts): MailId {
  return reversedHex(counter) + suffixOf(pid, second);
}

function suffixOf(pid: number, second: number): string {
  const digits =
    BYTES[second & 255]! + BYTES[(second >>> 8) & 255]! + BYTES[(second >>> 16) & 255]! + BYTES[second >>> 24]!;
  return `-${String(pid).padStart(5, '0')}-${digits}`;
}

/** Of the two digits at `at`; negative when they are none. */
function reversedByte(id: string, at: number): number {
  const low = hexDigit(id.charCodeAt(at));
  const high = hexDigit(id.charCodeAt(at + 1));
  return low < 0 || high < 0 ? -1 : high * 16 + low;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  return code >= 0x41 && code <= 0x46 ? code - 0x37 : -1;
}

const HEX = '0123456789ABCDEF';
/** Two digits each, the lower first. */
const BYTES: readonly string[] = Array.from({ length: 256 }, (_, byte) => HEX[byte & 15]! + HEX[byte >> 4]!);

function reversedHex(counter: number): string {
  return `${BYTES[counter & 255]}/${BYTES[counter >> 8]}`;
}

/** The id as it stands in a Message-ID header: `<00.00.02001.C6DD1CA4@HOST>`. */
export function messageIdHeader(id: MailId, host: string): string {
  return `<${id.replace('/', '.').replaceAll('-', '.')}@${host}>`;
}
