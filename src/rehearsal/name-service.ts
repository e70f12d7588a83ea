// The name service of a rehearsal: every domain has an exchanger, and every name addresses of its own, in
// 10.0.0.0/8 and 2001:db8::/96.
import type { DnsAnswer, DnsType } from '../core/routing/dns-answer.ts';
import type { Receivers } from './receivers-file.ts';

const TTL_SECONDS = 3600;
const OWN_PREFERENCE = 10;

export class NameService {
  readonly #receivers: Receivers;
  readonly #numbersByName = new Map<string, number>();

  constructor(receivers: Receivers) {
    this.#receivers = receivers;
  }

  answer(name: string, type: DnsType): DnsAnswer {
    if (type === 'MX') {
      const exchangers = this.#receivers.behaviourOf(name).exchangers ?? [
        { name: `mx.${name}`, preference: OWN_PREFERENCE },
      ];
      const records = exchangers.map(({ name: exchange, preference }) => ({ preference, exchange }));
      return { kind: 'mx', records, ttlSeconds: TTL_SECONDS };
    }
    const number = this.#numberOf(name);
    const address =
      type === 'A'
        ? `10.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}`
        : `2001:db8::${((number >>> 16) & 0xffff).toString(16)}:${(number & 0xffff).toString(16)}`;
    return { kind: 'addresses', addresses: [address], ttlSeconds: TTL_SECONDS };
  }

  #numberOf(name: string): number {
    let number = this.#numbersByName.get(name);
    if (number === undefined) {
      number = this.#numbersByName.size + 1;
      this.#numbersByName.set(name, number);
    }
    return number;
  }
}
