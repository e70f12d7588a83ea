import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONNECTION_ID, ENVELOPE, RECIPIENT } from '../../../test/support/recorded-mail.ts';
import { wallMs } from '../base/moment.ts';
import { STAGE } from '../mail/disposition.ts';
import { NO_ID } from '../mail/ids.ts';
import type { Recipient } from '../mail/message.ts';
import { BounceForm, bounceHeartbeat, bounceRecord } from './bounce-record.ts';
import type { Failure } from './main-record.ts';

const JOHN: Recipient = { ...RECIPIENT, messageId: '91/6D-07914-E67BC044', mailbox: 'johndoe@example.fict' };
const FAILURE: Failure = {
  at: wallMs(1_064_868_656_393),
  envelope: { ...ENVELOPE, size: 1223 },
  recipient: JOHN,
  connectionId: CONNECTION_ID,
  group: 'group-a',
  address: '10.0.0.1',
  retries: 3,
  bytes: 0,
  stage: STAGE.outOfBandBounce,
  reply: '554 5.4.7 [internal] exceeded max time without delivery',
};
const classification = { classify: () => 24, nameOf: () => 'Timeout' };

test('the documented record', () => {
  assert.equal(
    bounceRecord('B', FAILURE, 24),
    '1064868656@91/6D-07914-E67BC044@00/00-03736-F4101B54@00/00-04532-A3456B54@B@johndoe@example.fict@info@postalengine.com@group-a@binding-a@21@24@1223@10.0.0.1@554 5.4.7 [internal] exceeded max time without delivery',
  );
});

test('no sender, no connection, signs that would break a line, microseconds', () => {
  const recipient = { ...JOHN, mailbox: 'a\\@b@example.fict' };
  const envelope = { ...FAILURE.envelope, reversePath: null };
  const failure: Failure = {
    ...FAILURE,
    recipient,
    envelope,
    connectionId: NO_ID,
    address: null,
    stage: STAGE.notConnected,
    reply: '450 a@b\r\nno',
  };
  assert.equal(
    bounceRecord('T', failure, 70, true),
    `1064868656393000@91/6D-07914-E67BC044@00/00-03736-F4101B54@${NO_ID}@T@a\\\\\\@b@example.fict@@@group-a@binding-a@0@70@1223@@450 a@b\\r\\nno`,
  );
});

test('the documented sign of life', () => {
  assert.equal(bounceHeartbeat(wallMs(1_251_222_268_000)), '1251222268@@@@M1');
});

for (const [logInbandBounces, logTransientFailures] of [
  [true, true],
  [true, false],
  [false, true],
] as const) {
  test(`log_inband_bounces = ${logInbandBounces}, log_transient_failures = ${logTransientFailures}`, () => {
    const form = new BounceForm('x', { logInbandBounces, logTransientFailures }, classification, false);
    assert.equal(form.failed('P', FAILURE)?.split('@')[4], logInbandBounces ? 'B' : undefined);
    assert.equal(form.failed('T', FAILURE)?.split('@')[4], logTransientFailures ? 'T' : undefined);
    assert.equal(form.failed(logInbandBounces ? 'P' : 'T', FAILURE)?.split('@')[12], '24');
  });
}
