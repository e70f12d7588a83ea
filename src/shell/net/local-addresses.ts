// The addresses this machine has, looked up at most once a second.
import { networkInterfaces } from 'node:os';
import { type IpBlock, isInBlock, parseIpAddress, parseIpBlock } from '../../core/base/ip-address.ts';

const KEPT_MS = 1_000;

export class LocalAddresses {
  #readAt = Number.NEGATIVE_INFINITY;
  #blocks: readonly IpBlock[] = [];
  #answers = new Map<string, boolean>();

  has(address: string): boolean {
    const now = performance.now();
    if (now - this.#readAt > KEPT_MS) {
      this.#readAt = now;
      this.#blocks = readBlocks();
      this.#answers = new Map();
    }
    const known = this.#answers.get(address);
    if (known !== undefined) return known;
    const parsed = parseIpAddress(address);
    const answer = parsed !== null && this.#blocks.some((block) => isInBlock(parsed, block));
    this.#answers.set(address, answer);
    return answer;
  }
}

/** Each address as a block of one; of a loopback interface Linux takes every address of an IPv4 block for its own. */
function readBlocks(): IpBlock[] {
  const blocks: IpBlock[] = [];
  for (const { address, family, internal, cidr } of Object.values(networkInterfaces()).flatMap((list) => list ?? [])) {
    const isWholeBlock = internal && family === 'IPv4' && cidr !== null;
    const block = parseIpBlock(isWholeBlock ? cidr : withoutZone(address));
    if (block !== null) blocks.push(block);
  }
  return blocks;
}

const withoutZone = (address: string): string => address.split('%', 1)[0] as string;
