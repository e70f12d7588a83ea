import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { wallMs } from '../../core/base/moment.ts';
import { idOfParts } from '../../core/mail/ids.ts';
import type { Envelope, MessageClient, Recipient } from '../../core/mail/message.ts';
import { type MessageRequest, notifyOfBits, recipientRequest } from '../../core/mail/notification-request.ts';
import { EnvelopePacker } from './envelope-packer.ts';
import { SharedStrings } from './shared-strings.ts';

const RECEIVED_AT = 1_764_000_000_123;
const text = fc.oneof(
  fc.constantFrom('', '@', 'a@', '@b', 'größe', 'j\xc3\xbc', 'Ω', 'half \ud800', '\0', 'one.example', 'default'),
  fc.string({ unit: 'binary', maxLength: 300 }),
);
const second = fc.oneof(
  fc.integer({ min: 1_763_999_990, max: 1_764_000_090 }),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
);
const parts = fc.record({ counter: fc.nat(65_535), pid: fc.constantFrom(1, 18_426, 4_194_304), second });
const id = fc.oneof({ weight: 4, arbitrary: parts.map(idOfParts) }, { weight: 1, arbitrary: text });
const domain = fc.oneof(fc.constantFrom('one.example', 'two.example', 'xn--bcher-kva.example'), text);
const mailbox = fc.oneof(
  fc.tuple(text, domain).map(([local, behind]) => `${local}@${behind}`),
  fc.constant('postmaster'),
  text,
);
const number = fc.oneof(
  fc.nat(65_536),
  fc.constantFrom(2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 2, 2 ** 53 - 1, 2 ** 53, 2 ** 60),
  fc.constantFrom(-1, -0, 0.5, 1e300, Number.POSITIVE_INFINITY),
  fc.double(),
);
const notify = fc.option(fc.nat(7).map(notifyOfBits), { nil: null });
const request = fc
  .tuple(notify, fc.option(text, { nil: null }))
  .map(([asked, original]) => recipientRequest(asked, original))
  .filter((asked) => asked !== null);
const record = <T>(
  fields: { [K in keyof T]-?: fc.Arbitrary<T[K]> },
  requiredKeys: readonly (keyof T & string)[],
): fc.Arbitrary<T> => fc.record(fields, { noNullPrototype: true, requiredKeys: [...requiredKeys] } as object) as never;

/** Every field is named, so that a new one is not forgotten. */
const recipient = record<Required<Recipient>>(
  { messageId: id, mailbox, routingDomain: domain, binding: fc.constantFrom('default', 'other', 'größe'), request },
  ['messageId', 'mailbox', 'routingDomain', 'binding'],
);
const client = record<MessageClient>({ address: text, port: number, name: text }, ['address', 'port', 'name']);
const returns = fc.constantFrom('full' as const, 'headers' as const, null);
const envelopeId = fc.option(text, { nil: null });
const messageRequest = record<MessageRequest>({ returns, envelopeId }, ['returns', 'envelopeId']);
const envelope = record<Required<Envelope>>(
  {
    batchId: id,
    receivedAt: fc.oneof(fc.constant(RECEIVED_AT), number).map(wallMs),
    reversePath: fc.option(mailbox, { nil: null }),
    recipients: fc.array(recipient, { minLength: 1, maxLength: 6 }),
    eightBit: fc.boolean(),
    size: number,
    protocol: fc.constantFrom('esmtp', 'internal', ''),
    client,
    request: messageRequest,
    utf8: fc.constantFrom('header', 'addresses'),
  },
  ['batchId', 'receivedAt', 'reversePath', 'recipients', 'eightBit', 'size', 'protocol'],
) as fc.Arbitrary<Envelope>;

test('property: an envelope is unpacked as it was packed, whatever else is packed and dropped', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(envelope, fc.nat(10)), { maxLength: 12 }), (steps) => {
      const packer = new EnvelopePacker();
      const kept: { envelope: Envelope; packed: Uint8Array }[] = [];
      for (const [next, dropped] of steps) {
        kept.push({ envelope: next, packed: new Uint8Array(packer.pack(next)) });
        for (const one of kept) assert.deepEqual(packer.unpack(one.packed), one.envelope);
        for (const { packed } of kept.splice(dropped, 1)) packer.drop(packed);
      }
      for (const one of kept) assert.deepEqual(packer.unpack(one.packed), one.envelope);
      for (const { packed } of kept) packer.drop(packed);
      assert.equal(packer.shared, 0);
    }),
  );
});

const usual = (number: number): Envelope => ({
  batchId: idOfParts({ counter: number, pid: 18_426, second: 1_764_000_000 }),
  receivedAt: wallMs(RECEIVED_AT),
  reversePath: 'sender@source.example',
  recipients: [
    {
      messageId: idOfParts({ counter: number + 1, pid: 18_426, second: 1_764_000_000 }),
      mailbox: `someone.${number}@receiver.example`,
      routingDomain: 'receiver.example',
      binding: 'default',
    },
  ],
  eightBit: false,
  size: 2_345,
  protocol: 'esmtp',
  client: { address: '2001:db8::1', port: 45_678, name: 'client.example' },
});

test('a usual envelope takes less than 64 octets, beside the strings that all have in common', () => {
  const packer = new EnvelopePacker();
  const lengths = Array.from({ length: 100 }, (_, number) => packer.pack(usual(number)).length);
  assert.ok(Math.max(...lengths) < 64, `${Math.max(...lengths)} octets`);
  assert.equal(packer.shared, 6);
});

test('strings that are found no number for stand in the envelope', () => {
  const packer = new EnvelopePacker(new SharedStrings(20));
  const many = Array.from({ length: 30 }, (_, number) => ({ ...usual(1), protocol: `protocol ${number}` }));
  const packed = many.map((one) => new Uint8Array(packer.pack(one)));
  assert.equal(packer.shared, 20);
  for (const [place, one] of packed.entries()) assert.deepEqual(packer.unpack(one), many[place]);
  for (const one of packed) packer.drop(one);
  assert.equal(packer.shared, 0);
});
