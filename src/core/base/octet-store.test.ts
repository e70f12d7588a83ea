import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OctetStore } from './octet-store.ts';

test('property: octets are read as they were put until they are given up', () => {
  const lengths = fc.oneof(fc.nat(40), fc.constantFrom(1023, 1024, 1025, 3000));
  const step = fc.oneof(fc.record({ put: lengths, fill: fc.nat(255) }), fc.record({ giveUp: fc.nat(50) }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const store = new OctetStore();
      const kept: { place: number; octets: Uint8Array }[] = [];
      for (const one of steps) {
        if ('put' in one) {
          const octets = Buffer.alloc(one.put, one.fill);
          kept.push({ place: store.put(octets), octets: new Uint8Array(octets) });
          octets.fill(0);
        } else {
          const [given] = kept.splice(one.giveUp, 1);
          if (given !== undefined) store.giveUp(given.place, given.octets.length);
        }
        for (const { place, octets } of kept) assert.deepEqual(store.read(place, octets.length), octets);
      }
    }),
  );
});
