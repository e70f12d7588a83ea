import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONNECTION_ID, ENVELOPE, RECIPIENT } from '../../../test/support/recorded-mail.ts';
import { wallMs } from '../base/moment.ts';
import { STAGE } from '../mail/disposition.ts';
import { NO_ID } from '../mail/ids.ts';
import type { Recipient } from '../mail/message.ts';
import { BounceForm, bounceHeartbeat, bounceRecord, classOfBounce } from './bounce-record.ts';
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
    const form = new BounceForm(
      'x',
      { logInbandBounces, logTransientFailures, logOutofbandBounces: true },
      classification,
      false,
    );
    assert.equal(form.failed('P', FAILURE)?.split('@')[4], logInbandBounces ? 'B' : undefined);
    assert.equal(form.failed('T', FAILURE)?.split('@')[4], logTransientFailures ? 'T' : undefined);
    assert.equal(form.failed(logInbandBounces ? 'P' : 'T', FAILURE)?.split('@')[12], '24');
  });
}

const BOUNCED = { recipient: 'bob@example.com', reply: '550 5.1.1 no such user', hint: '', classCode: null };

for (const [id, bounced, fields] of [
  [
    'all is known',
    BOUNCED,
    'B@bob@example.com@johndoe@example.fict@group-a@binding-a@21@24@1223@192.0.2.1@550 5.1.1 no such user',
  ],
  [
    'nobody is named',
    { ...BOUNCED, recipient: null },
    'B@@@johndoe@example.fict@group-a@binding-a@21@24@1223@192.0.2.1@550 5.1.1 no such user',
  ],
  [
    'the class is given',
    { ...BOUNCED, classCode: 60 },
    'B@bob@example.com@johndoe@example.fict@group-a@binding-a@21@60@1223@192.0.2.1@550 5.1.1 no such user',
  ],
  [
    'hostile words',
    { ...BOUNCED, recipient: 'a\\b@example.com', reply: 'a@b\nc' },
    'B@a\\\\b@example.com@johndoe@example.fict@group-a@binding-a@21@24@1223@192.0.2.1@a@b\\nc',
  ],
] as const) {
  test(`a bounce that came as mail: ${id}`, () => {
    const switches = { logInbandBounces: true, logTransientFailures: true, logOutofbandBounces: true };
    const form = new BounceForm('x', switches, classification, false);
    const { at, envelope, recipient, connectionId, group } = FAILURE;
    const line = form.bounced({ at, envelope, recipient, connectionId, group, address: '192.0.2.1', bounced });
    assert.equal(line?.split('@').slice(4).join('@'), fields);
  });
}

test('a bounce that came as mail: wishes to subscribe are never written, and nothing is when it is switched off', () => {
  const { at, envelope, recipient, connectionId, group } = FAILURE;
  const bounce = { at, envelope, recipient, connectionId, group, address: '', bounced: { ...BOUNCED, classCode: 80 } };
  const on = { logInbandBounces: false, logTransientFailures: false, logOutofbandBounces: true };
  assert.equal(new BounceForm('x', on, classification, false).bounced(bounce), null);
  const other = { ...bounce, bounced: BOUNCED };
  assert.notEqual(new BounceForm('x', on, classification, false).bounced(other), null);
  assert.equal(new BounceForm('x', { ...on, logOutofbandBounces: false }, classification, false).bounced(other), null);
});

test('words beside the reply are asked when the reply says little', () => {
  const { at, envelope, recipient, connectionId, group } = FAILURE;
  const bounce = { at, envelope, recipient, connectionId, group, address: '' };
  const ask = { classify: (text: string) => (text === 'vague' ? 40 : 22), nameOf: () => '' };
  for (const [reply, hint, code] of [
    ['vague', 'mailbox full', 22],
    ['vague', '', 40],
    ['clear', 'vague', 22],
    ['vague', 'vague', 40],
  ] as const)
    assert.equal(classOfBounce({ ...bounce, bounced: { ...BOUNCED, reply, hint } }, ask), code, `${reply}, ${hint}`);
});
