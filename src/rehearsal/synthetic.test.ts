import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { SYNTHETIC_START, syntheticTraffic } from './synthetic.ts';
import { PLAIN_SHAPE, readShape, type SyntheticShape } from './synthetic-shape.ts';

const BINDINGS = ['a', 'b', 'c'];
const traffic = (change: Partial<SyntheticShape>, seed = 1) => [
  ...syntheticTraffic({ ...PLAIN_SHAPE, ...change }, BINDINGS, seed),
];

test('property: as many messages as asked for, in order, within the time, for bindings and domains that were named', () => {
  const shape = fc.record({
    messages: fc.integer({ min: 1, max: 300 }),
    domains: fc.integer({ min: 1, max: 20 }),
    hours: fc.integer({ min: 1, max: 48 }),
    campaigns: fc.nat(5),
    campaignShare: fc.double({ min: 0, max: 1, noNaN: true }),
    campaignMinutes: fc.integer({ min: 1, max: 1440 }),
    zipf: fc.double({ min: 0, max: 3, noNaN: true }),
  });
  fc.assert(
    fc.property(shape, fc.integer(), (change, seed) => {
      const arrivals = traffic(change, seed);
      assert.equal(arrivals.length, change.messages);
      let last: number = SYNTHETIC_START;
      const domains = new Set<string>();
      for (const { at, binding, domain, size, recipients } of arrivals) {
        assert.ok(at >= last && at <= SYNTHETIC_START + change.hours * 3_600_000);
        assert.ok(BINDINGS.includes(binding) && size > 0 && recipients === 1);
        domains.add(domain);
        last = at;
      }
      assert.ok(domains.size <= change.domains);
      assert.deepEqual(traffic(change, seed), arrivals);
    }),
  );
});

test('without campaigns the day has its most mail around 14:00 and its least around 2:00', () => {
  const hours = new Array<number>(24).fill(0);
  for (const { at } of traffic({ messages: 24_000, campaigns: 0 }))
    hours[Math.floor((at - SYNTHETIC_START) / 3_600_000)]! += 1;
  assert.ok(hours[13]! > 1600 && hours[14]! > 1600, String(hours));
  assert.ok(hours[1]! < 350 && hours[2]! < 350, String(hours));
});

test('campaigns bring their share within their minutes, each from one binding', () => {
  const arrivals = traffic({ messages: 10_000, hours: 10, campaigns: 1, campaignShare: 0.9, campaignMinutes: 10 });
  const minutes = new Map<number, number>();
  for (const { at } of arrivals) {
    const minute = Math.floor((at - SYNTHETIC_START) / 60_000);
    minutes.set(minute, (minutes.get(minute) ?? 0) + 1);
  }
  const busy = [...minutes.values()].filter((count) => count > 500);
  assert.equal(busy.length, 10);
  const sum = busy.reduce((total, count) => total + count, 0);
  assert.ok(sum > 8900 && sum < 9300, String(sum));
});

test('the first of the named domains has most mail', () => {
  const counts = new Map<string, number>();
  for (const { domain } of traffic({ messages: 6000, domains: 3, names: ['big.example', 'next.example'] }))
    counts.set(domain, (counts.get(domain) ?? 0) + 1);
  const [big, next, last] = ['big.example', 'next.example', 'domain-3.example'].map((name) => counts.get(name)!) as [
    number,
    number,
    number,
  ];
  assert.ok(Math.abs(big / next - 2) < 0.2 && Math.abs(big / last - 3) < 0.4, `${big} ${next} ${last}`);
});

for (const [text, expected] of [
  ['', {}],
  ['messages=10,domains=2', { messages: 10, domains: 2 }],
  [
    'names=A.example+b.example,bindings=x+y,zipf=0.5',
    { names: ['a.example', 'b.example'], bindings: ['x', 'y'], zipf: 0.5 },
  ],
  [
    'campaign_share=0,campaign_minutes=5,campaigns=0,hours=2,size=1',
    { campaignShare: 0, campaignMinutes: 5, campaigns: 0, hours: 2, size: 1 },
  ],
] as const) {
  test(`the shape "${text}" is read`, () => {
    assert.deepEqual(readShape(text), { kind: 'shape', shape: { ...PLAIN_SHAPE, ...expected } });
  });
}

for (const [text, expected] of [
  ['mesages=1', 'unknown word "mesages" (did you mean "messages"?)'],
  ['messages', 'messages: found no value; expected a count from 1, as in messages=...'],
  ['messages=0', 'messages: found "0"; expected a count from 1, as in messages=...'],
  ['hours=241', 'hours: found "241"; expected whole hours from 1 to 240, as in hours=...'],
  ['campaign_share=1.1', 'campaign_share: found "1.1"; expected a share from 0 to 1, as in campaign_share=...'],
  ['names=a b', 'names: found "a b"; expected names of domains joined by +, as in names=...'],
] as const) {
  test(`the shape "${text}" is refused`, () => {
    assert.deepEqual(readShape(text), { kind: 'refused', reason: expected });
  });
}
