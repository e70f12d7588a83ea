// What `--synthetic` says about the traffic to make up: `messages=2000000,domains=500`, the rest by default.
import { nearestName } from '../core/base/near-name.ts';
import { canonicalDomain, type DomainName, isHostName } from '../core/mail/domain-name.ts';

export interface SyntheticShape {
  readonly messages: number;
  readonly domains: number;
  readonly hours: number;
  /** Names of the domains with most mail, from the first; the others are made up. */
  readonly names: readonly DomainName[];
  /** Empty for those of the configuration. */
  readonly bindings: readonly string[];
  /** Of the n-th domain: its share falls with n to this power. */
  readonly zipf: number;
  readonly campaigns: number;
  /** Of all mail. */
  readonly campaignShare: number;
  readonly campaignMinutes: number;
  /** Octets; sizes spread from a quarter of it to four times it. */
  readonly size: number;
}

export const PLAIN_SHAPE: SyntheticShape = {
  messages: 100_000,
  domains: 500,
  hours: 24,
  names: [],
  bindings: [],
  zipf: 1,
  campaigns: 6,
  campaignShare: 0.5,
  campaignMinutes: 20,
  size: 20_000,
};

type Change = (text: string) => Partial<SyntheticShape> | null;

interface Word {
  readonly name: string;
  readonly expected: string;
  readonly change: Change;
}

const count = (least: number, most: number, change: (value: number) => Partial<SyntheticShape>): Change => {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : -1;
    return value >= least && value <= most ? change(value) : null;
  };
};

const fraction = (most: number, change: (value: number) => Partial<SyntheticShape>): Change => {
  return (text) => {
    const value = /^\d(?:\.\d{1,6})?$/.test(text) ? Number(text) : -1;
    return value >= 0 && value <= most ? change(value) : null;
  };
};

const WORDS: readonly Word[] = [
  { name: 'messages', expected: 'a count from 1', change: count(1, 999_999_999, (messages) => ({ messages })) },
  { name: 'domains', expected: 'a count from 1 to 1000000', change: count(1, 1_000_000, (domains) => ({ domains })) },
  { name: 'hours', expected: 'whole hours from 1 to 240', change: count(1, 240, (hours) => ({ hours })) },
  { name: 'names', expected: 'names of domains joined by +', change: readNames },
  {
    name: 'bindings',
    expected: 'names of bindings joined by +',
    change: (text) => (text === '' ? null : { bindings: text.split('+') }),
  },
  { name: 'zipf', expected: 'a number from 0 to 3', change: fraction(3, (zipf) => ({ zipf })) },
  { name: 'campaigns', expected: 'a count from 0 to 1000', change: count(0, 1000, (campaigns) => ({ campaigns })) },
  {
    name: 'campaign_share',
    expected: 'a share from 0 to 1',
    change: fraction(1, (campaignShare) => ({ campaignShare })),
  },
  {
    name: 'campaign_minutes',
    expected: 'whole minutes from 1 to 1440',
    change: count(1, 1440, (campaignMinutes) => ({ campaignMinutes })),
  },
  { name: 'size', expected: 'octets from 1', change: count(1, 999_999_999, (size) => ({ size })) },
];

export type ReadShape =
  | { readonly kind: 'shape'; readonly shape: SyntheticShape }
  /** Behind `--synthetic: `. */
  | { readonly kind: 'refused'; readonly reason: string };

export function readShape(text: string): ReadShape {
  let shape = PLAIN_SHAPE;
  for (const item of text.split(',').filter((one) => one !== '')) {
    const equals = item.indexOf('=');
    const name = equals < 0 ? item : item.slice(0, equals);
    const word = WORDS.find((one) => one.name === name);
    if (word === undefined) {
      const names = WORDS.map((one) => one.name);
      const nearest = nearestName(name, names);
      const hint = nearest === null ? `; there are ${names.join(', ')}` : ` (did you mean "${nearest}"?)`;
      return { kind: 'refused', reason: `unknown word "${name}"${hint}` };
    }
    const change = equals < 0 ? null : word.change(item.slice(equals + 1));
    if (change === null) {
      const found = equals < 0 ? 'no value' : `"${item.slice(equals + 1)}"`;
      return { kind: 'refused', reason: `${name}: found ${found}; expected ${word.expected}, as in ${name}=...` };
    }
    shape = { ...shape, ...change };
  }
  return { kind: 'shape', shape };
}

function readNames(text: string): Partial<SyntheticShape> | null {
  const names = text.split('+').map(canonicalDomain);
  return names.every(isHostName) ? { names } : null;
}
