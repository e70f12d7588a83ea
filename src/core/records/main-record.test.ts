import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CONNECTION_ID as connectionId, ENVELOPE, RECIPIENT } from '../../../test/support/recorded-mail.ts';
import { wallMs } from '../base/moment.ts';
import { STAGE, type Stage } from '../mail/disposition.ts';
import { NO_ID } from '../mail/ids.ts';
import { domainOf, localPart } from '../mail/mailbox.ts';
import { deliveryRecord, failureRecord, heartbeatRecord, receptionRecord } from './main-record.ts';
import { parseMainRecord } from './parsed-record.ts';

const at = wallMs(1_064_868_656_393);

test('the documented reception', () => {
  const recipient = { ...RECIPIENT, binding: 'default' };
  assert.equal(
    receptionRecord({
      at,
      envelope: ENVELOPE,
      recipient,
      connectionId,
      remoteAddress: '10.0.1.1',
      group: 'default',
    }),
    '1064868656@00/00-25004-31B987F3@00/00-03736-F4101B54@00/00-04532-A3456B54@R@bob@example.fict@info@postalengine.com@10.0.1.1@201@esmtp@default@default',
  );
});

test('a bounce made here: null reverse-path, no client', () => {
  const envelope = { ...ENVELOPE, reversePath: null, protocol: 'internal' };
  const line = receptionRecord({
    at,
    envelope,
    recipient: RECIPIENT,
    connectionId: NO_ID,
    remoteAddress: '',
    group: 'default',
  });
  assert.equal(
    line,
    `1064868656@00/00-25004-31B987F3@00/00-03736-F4101B54@${NO_ID}@R@bob@example.fict@@@@201@internal@default@binding-a`,
  );
});

const DELIVERY = {
  at,
  envelope: ENVELOPE,
  recipient: { ...RECIPIENT, messageId: '20/00-25593-945A87F3' },
  connectionId,
  address: '10.0.0.1',
  group: 'group-a',
  retries: 0,
  bytes: 266,
};

test('the documented delivery', () => {
  assert.equal(
    deliveryRecord(DELIVERY),
    '1064868656@20/00-25593-945A87F3@00/00-03736-F4101B54@00/00-04532-A3456B54@D@postalengine.com@266@group-a@binding-a@0@0.393@10.0.0.1',
  );
});

const FAILURE = {
  at: wallMs(1_064_868_659_890),
  envelope: ENVELOPE,
  recipient: { ...RECIPIENT, messageId: '10/00-25593-393A87F3' },
  connectionId,
  address: '10.0.0.1',
  group: 'group-a',
  retries: 1,
  bytes: 31,
  stage: STAGE.afterRcpt,
  reply: '552 No such account',
};

test('the documented permanent failure', () => {
  assert.equal(
    failureRecord('P', FAILURE),
    '1064868659@10/00-25593-393A87F3@00/00-03736-F4101B54@00/00-04532-A3456B54@P@postalengine.com@31@group-a@binding-a@5@1@3.89@10.0.0.1@552 No such account',
  );
});

test('a transient failure without a connection has no id and no address', () => {
  const failure = {
    ...FAILURE,
    connectionId: NO_ID,
    address: null,
    bytes: 0,
    stage: STAGE.notConnected,
    retries: 0,
    reply: '451 4.4.1 [internal] No valid hosts (unable to make any connections)',
  };
  assert.equal(
    failureRecord('T', failure),
    `1064868659@10/00-25593-393A87F3@00/00-03736-F4101B54@${NO_ID}@T@postalengine.com@0@group-a@binding-a@0@0@3.89@@451 4.4.1 [internal] No valid hosts (unable to make any connections)`,
  );
});

test('the documented heartbeat', () => {
  assert.equal(heartbeatRecord(wallMs(1_251_470_342_999)), '1251470342@@@@M');
});

for (const [milliseconds, three, two] of [
  [0, '0.000', '0.00'],
  [0.4, '0.000', '0.00'],
  [999, '0.999', '1.00'],
  [86_400_000, '86400.000', '86400.00'],
  [-5_000, '0.000', '0.00'], // the wall clock was set back
] as const) {
  test(`${milliseconds} ms since reception: ${three} in D, ${two} in T and P`, () => {
    const then = wallMs(ENVELOPE.receivedAt + milliseconds);
    assert.equal(deliveryRecord({ ...DELIVERY, at: then }).split('@')[10], three);
    assert.equal(failureRecord('T', { ...FAILURE, at: then }).split('@')[11], two);
  });
}

for (const [id, local, written] of [
  ['plain', 'bob+news=a.b', 'bob+news=a.b'],
  ['at sign', '"a@b"', '"a\\@b"'],
  ['backslash', '"a\\b"', '"a\\\\b"'],
  ['backslash before an at sign', '"a\\@b"', '"a\\\\\\@b"'],
  ['line ends', 'a\r\nb', 'a\\r\\nb'],
  ['other control characters', 'a\x00b\x1fc\x7f', 'a\\x00b\\x1Fc\\x7F'],
  ['octets above 127 stay', 'b\xc3\xbcrger', 'b\xc3\xbcrger'],
  ['what is no octet becomes UTF-8', 'b\u20acr', 'b\xe2\x82\xacr'],
  ['half a character', 'b\ud800', 'b\xef\xbf\xbd'],
  ['characters whose low octet would be a line end', 'b\u010a', 'b\xc4\x8a'],
] as const) {
  test(`field: ${id}`, () => {
    const recipient = { ...RECIPIENT, mailbox: `${local}@example.fict` };
    const line = receptionRecord({ ...DELIVERY, recipient, remoteAddress: '10.0.1.1' });
    assert.ok(line.includes(`@R@${written}@example.fict@`), line);
  });
}

for (const [id, reply, written] of [
  ['at signs stay', '550 <a@b.example> unknown', '550 <a@b.example> unknown'],
  ['backslashes are doubled', '550 a\\@b \\n', '550 a\\\\@b \\\\n'],
  ['line ends', '550 a\r\nb', '550 a\\r\\nb'],
  [
    'an operator wrote it',
    '554 zur\u00fcckgezogen \u2013 mit Gru\u00df',
    '554 zur\xc3\xbcckgezogen \xe2\x80\x93 mit Gru\xc3\x9f',
  ],
] as const) {
  test(`last field: ${id}`, () => {
    assert.ok(failureRecord('P', { ...FAILURE, reply }).endsWith(`@10.0.0.1@${written}`));
  });
}

test('names of the configuration are written as UTF-8', () => {
  const recipient = { ...RECIPIENT, binding: 'gr\u00fcn' };
  assert.ok(deliveryRecord({ ...DELIVERY, recipient, group: 'a@\u20ac' }).includes('@a\\@\xe2\x82\xac@gr\xc3\xbcn@'));
  const line = receptionRecord({ ...DELIVERY, recipient, group: 'g', remoteAddress: '' });
  assert.ok(line.endsWith('@g@gr\xc3\xbcn'));
});

const octets = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
const nastyOctets = fc.oneof(
  octets,
  fc.string({ unit: fc.constantFrom('@', '\\', 'n', 'x', '4', '0', '\n', '\r', 'a') }),
);
const ascii = fc.string({ unit: fc.constantFrom('@', '\\', ':', '-', 'a', 'n', '\n', 'x', '0', '"') });

test('what is written is read back', () => {
  fc.assert(
    fc.property(
      fc.record({
        mailbox: nastyOctets,
        sender: fc.option(nastyOctets),
        routingDomain: nastyOctets,
        binding: ascii,
        group: ascii,
        reply: nastyOctets,
        ms: fc.nat(100_000_000),
        bytes: fc.nat(),
        retries: fc.nat(100),
        stage: fc.constantFrom<Stage>(...Object.values(STAGE)),
        address: fc.option(fc.constantFrom('192.0.2.1', '2001:db8::1')),
      }),
      ({ mailbox, sender, routingDomain, binding, group, reply, ms, bytes, retries, stage, address }) => {
        const recipient = { messageId: '53/6B-118426-1AAEACF3', mailbox, routingDomain, binding };
        const envelope = { ...ENVELOPE, reversePath: sender, size: bytes };
        const now = wallMs(ENVELOPE.receivedAt + ms);
        const seconds = wallMs(Math.floor(now / 1000) * 1000);
        const heading = { at: seconds, messageId: recipient.messageId, batchId: envelope.batchId, connectionId };
        const subject = { at: now, envelope, recipient, connectionId, group };

        const reception = receptionRecord({ ...subject, remoteAddress: address ?? '' });
        assert.doesNotMatch(reception, /[\x00-\x1f\x7f]|[^\x00-\xff]/);
        assert.deepEqual(parseMainRecord(reception), {
          type: 'R',
          ...heading,
          recipientLocalPart: localPart(mailbox),
          recipientDomain: domainOf(mailbox),
          senderLocalPart: localPart(sender ?? ''),
          senderDomain: domainOf(sender ?? ''),
          remoteAddress: address ?? '',
          size: bytes,
          protocol: 'esmtp',
          group,
          binding,
        });

        const attempt = { ...subject, retries, bytes };
        const kept = { routingDomain, bytes, group, binding, retries };
        assert.deepEqual(parseMainRecord(deliveryRecord({ ...attempt, address: address ?? '::' })), {
          type: 'D',
          ...heading,
          ...kept,
          secondsSinceReception: Number((ms / 1000).toFixed(3)),
          address: address ?? '::',
        });
        for (const type of ['T', 'P'] as const) {
          const failure = failureRecord(type, { ...attempt, address, stage, reply });
          assert.doesNotMatch(failure, /[\x00-\x1f\x7f]|[^\x00-\xff]/);
          assert.deepEqual(parseMainRecord(failure), {
            type,
            ...heading,
            ...kept,
            stage,
            secondsSinceReception: Number((ms / 1000).toFixed(2)),
            address: address ?? '',
            reply,
          });
        }
      },
    ),
  );
});

for (const [id, line, type] of [
  ['heartbeat', '1251470342@@@@M', 'M'],
  ['heartbeat of version 3', '1251470342@@@@M1', 'M'],
  ['microseconds', '1251470342000500@@@@M', 'M'],
  ['to another node', '1064871280@a@b@c@X@postalengine.com@266@g@b@0@0.393@10.0.0.1', 'X'],
  ['at signs in the reply', '1064871280@a@b@c@T@e.fict@0@g@b@15@0@18.53@10.0.0.1@421 a@b@c', 'T'],
  ['empty', '', null],
  ['no time', 'x@@@@M', null],
  ['unknown type', '1251470342@@@@Z', null],
  ['reception cut short', '1064868656@a@b@c@R@bob@example.fict@info', null],
  ['size is no number', '1064868656@a@b@c@R@bob@e.fict@info@p.com@10.0.1.1@many@esmtp@default@default', null],
  ['delivery with a field too many', '1064871280@a@b@c@D@p.com@266@g@b@0@0.393@10.0.0.1@x', null],
] as const) {
  test(`reading: ${id}`, () => assert.equal(parseMainRecord(line)?.type ?? null, type));
}

test('any text is read without an exception', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        octets.map((rest) => `1251470342@${rest}`),
      ),
      (line) => void parseMainRecord(line),
    ),
  );
});
