// IP addresses and blocks of them as numbers, for matching and grouping. Not for hot paths.

export interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** All addresses whose first `length` bits are those of `value`. */
export interface IpBlock extends IpAddress {
  readonly length: number;
}

export const addressBits = (family: 4 | 6): number => (family === 4 ? 32 : 128);

/** `192.0.2.1` or RFC 4291 section 2.2 text without brackets and zone; null for anything else. */
export function parseIpAddress(text: string): IpAddress | null {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** An address with `/length`, or without it for the address alone. Bits behind the length are ignored. */
export function parseIpBlock(text: string): IpBlock | null {
  const [, addressText = '', lengthText] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = parseIpAddress(addressText);
  if (address === null) return null;
  const bits = addressBits(address.family);
  const length = lengthText === undefined ? bits : Number(lengthText);
  return length <= bits ? blockAround(address, length) : null;
}

/** The block of that length in which `address` lies. */
export function blockAround({ family, value }: IpAddress, length: number): IpBlock {
  const below = BigInt(addressBits(family) - length);
  return { family, value: (value >> below) << below, length };
}

export function isInBlock(address: IpAddress, block: IpBlock): boolean {
  return address.family === block.family && blockAround(address, block.length).value === block.value;
}

/** `192.0.2.1`, or RFC 5952: lower case, no leading zeros, the first longest run of zero groups as `::`. */
export function formatIpAddress({ family, value }: IpAddress): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  const full = groups.join(':');
  const longestRun = [...full.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].reduce(
    (best, run) =>
      run[0].replace(/^:/, '').length > best.text.replace(/^:/, '').length ? { text: run[0], at: run.index } : best,
    { text: '', at: 0 },
  );
  if (longestRun.text === '') return full;
  const after = full.slice(longestRun.at + longestRun.text.length);
  return `${full.slice(0, longestRun.at)}:${after === '' ? ':' : after}`;
}

function parseIpv4(text: string): IpAddress | null {
  const octets = text.split('.');
  if (octets.length !== 4 || !octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) < 256))
    return null;
  return { family: 4, value: octets.reduce((value, octet) => (value << 8n) | BigInt(octet), 0n) };
}

function parseIpv6(text: string): IpAddress | null {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text); // the last two groups may be an IPv4 address
  const tail = dotted === null ? null : parseIpv4(dotted[2]!);
  if (dotted !== null && tail === null) return null;
  const plain =
    tail === null ? text : `${dotted![1]}${(tail.value >> 16n).toString(16)}:${(tail.value & 0xffffn).toString(16)}`;
  const [head = '', rest, surplus] = plain.split('::');
  if (surplus !== undefined) return null;
  const before = head === '' ? [] : head.split(':');
  const behind = rest === undefined || rest === '' ? [] : rest.split(':');
  const missing = 8 - before.length - behind.length;
  if (rest === undefined ? missing !== 0 : missing < 1) return null;
  const groups = [...before, ...Array<string>(missing).fill('0'), ...behind];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  return { family: 6, value: groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n) };
}
