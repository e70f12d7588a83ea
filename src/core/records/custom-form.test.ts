import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CONNECTION_ID as connectionId, ENVELOPE, RECIPIENT } from '../../../test/support/recorded-mail.ts';
import { wallMs } from '../base/moment.ts';
import { STAGE } from '../mail/disposition.ts';
import { NO_ID } from '../mail/ids.ts';
import type { Recipient } from '../mail/message.ts';
import { CUSTOM_STAGES, CustomForm, type CustomStage } from './custom-form.ts';
import { type CustomSurroundings, readFormat } from './custom-format.ts';
import { JsonForm } from './json-form.ts';
import type { Delivery, Failure, Reception } from './main-record.ts';
import { deliveryRecord, failureRecord, receptionRecord } from './main-record.ts';
import type { Rejection } from './reject-record.ts';

const MAIL: Recipient = { ...RECIPIENT, messageId: '20/00-25593-945A87F3' };
const at = wallMs(1_064_868_674_530);
const subject = { at, envelope: ENVELOPE, recipient: MAIL, connectionId, group: 'group-a' };
const RECEPTION: Reception = { ...subject, remoteAddress: '10.0.1.1' };
const DELIVERY: Delivery = { ...subject, address: '10.0.0.1', retries: 2, bytes: 266 };
const FAILURE: Failure = {
  ...subject,
  address: '10.0.0.1',
  retries: 1,
  bytes: 0,
  stage: STAGE.afterRcpt,
  reply: '552 No such\r\naccount @ all',
};
const REJECTION: Rejection = {
  at,
  remoteAddress: '10.79.25.142',
  remotePort: 42601,
  localAddress: '10.79.25.142',
  localPort: 25,
  connectionId,
  phase: 'awaiting rcptto',
  code: 550,
  module: 'relay',
  ehlo: 'EHLO x',
  mailFrom: { line: 'MAIL FROM:<a@b.test>', reversePath: 'a@b.test' },
  rcptTo: { line: 'RCPT TO:<c@d.test>', mailbox: 'c@d.test' },
  text: 'relaying denied',
};
const classification = { classify: () => 10, nameOf: () => 'Invalid Recipient' };
const surroundings: CustomSurroundings = { classification, isHires: false, utcOffsetMinutes: () => 60 };

function lineOf(stage: CustomStage, text: string): string {
  const read = readFormat(text);
  assert.ok(read.kind === 'format', 'the format can be read');
  const form = new CustomForm('x', stage, read.format, surroundings);
  const lines = [
    form.received(RECEPTION),
    form.delivered(DELIVERY),
    form.failed('T', FAILURE),
    form.failed('P', FAILURE),
    form.rejected(REJECTION),
  ];
  assert.deepEqual(
    lines.map((line) => line !== null),
    CUSTOM_STAGES.map((other) => other === stage),
    'a format is for one stage',
  );
  return lines.find((line) => line !== null)!;
}

test('the documented formats give the lines of mainlog', () => {
  assert.equal(lineOf('reception', '%t@%i@%BI@%CI@R@%r@%R@%m@%M@%H@%B@%p@%g@%b'), receptionRecord(RECEPTION));
  assert.equal(lineOf('delivery', '%t@%i@%BI@%OC@D@%d@%B@%g@%b@%N@%T{3}@%H'), deliveryRecord(DELIVERY));
  const plain = { ...FAILURE, reply: '552 No such\\r\\naccount @ all' };
  assert.equal(
    lineOf('transient_failure', '%t@%i@%BI@%OC@T@%d@0@%g@%b@%S@%N@%T@%H@%n'),
    failureRecord('T', plain).replaceAll('\\\\', '\\'),
  );
});

for (const [stage, format, line] of [
  ['permanent_failure', '%c/%C/%s/%S', 'Invalid Recipient/10/after RCPT TO/5'],
  ['delivery', '%t{%F %T} %us{3} %T{0}', '2003-09-29 21:51:14 1064868674.530 19'],
  ['delivery', '%A|%U|%P|%PG|%CI|100%%', `||default|default|${NO_ID}|100%`],
  ['delivery', '%B{x}', '266{x}'],
  ['reception', 'a\nb', 'a\\nb'],
  [
    'rejection',
    '%H %m %M %r %R %n %CI %OC',
    `10.79.25.142 a b.test c d.test 550 relaying denied ${connectionId} ${NO_ID}`,
  ],
  ['rejection', '%i %d %b %g %N %T %s%S%c%C', `${NO_ID}    0 0.00 00`],
] as const) {
  test(`custom format: ${stage}: ${format}`, () => assert.equal(lineOf(stage, format), line));
}

for (const [format, found] of [
  ['%', '%'],
  ['a %Z', '%Z'],
  ['%h{Subject}', '%h{Subject}'],
  ['%vctx_mess{x}', '%vctx_mess{x}'],
  ['%T{x}', '%T{x}'],
  ['%us', '%us'],
  ['%t{%Q}', '%t{%Q}'],
] as const) {
  test(`a custom format that cannot be used: ${format}`, () => {
    const read = readFormat(format);
    assert.equal(read.kind === 'problem' && read.found, found);
  });
}

test('whatever peers say, a record stays one line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (reply) => {
      const read = readFormat('%n');
      assert.ok(read.kind === 'format');
      const line = new CustomForm('x', 'transient_failure', read.format, surroundings).failed('T', {
        ...FAILURE,
        reply,
      });
      assert.doesNotMatch(line!, /[\r\n]/);
      const json = new JsonForm('x', classification).failed('T', { ...FAILURE, reply });
      assert.match(json, /^[\x20-\x7e]*$/);
      assert.equal(JSON.parse(json).reply, reply);
    }),
  );
});

test('JSON lines: an outcome each', () => {
  const form = new JsonForm('x', classification);
  const common = {
    v: 1,
    time: 1_064_868_674.53,
    message: '20/00-25593-945A87F3',
    batch: '00/00-03736-F4101B54',
    connection: connectionId,
    to: 'bob@example.fict',
    domain: 'postalengine.com',
    binding_group: 'group-a',
    binding: 'binding-a',
  };
  assert.deepEqual(JSON.parse(form.received(RECEPTION)), {
    ...common,
    event: 'reception',
    from: 'info@postalengine.com',
    remote: '10.0.1.1',
    bytes: 201,
    protocol: 'esmtp',
  });
  assert.deepEqual(JSON.parse(form.delivered(DELIVERY)), {
    ...common,
    event: 'delivery',
    remote: '10.0.0.1',
    bytes: 266,
    retries: 2,
    seconds: 18.53,
  });
  assert.deepEqual(JSON.parse(form.failed('P', FAILURE)), {
    ...common,
    event: 'permanent_failure',
    remote: '10.0.0.1',
    bytes: 0,
    retries: 1,
    seconds: 18.53,
    stage: 5,
    class: 10,
    class_name: 'Invalid Recipient',
    reply: FAILURE.reply,
  });
  assert.equal(JSON.parse(form.failed('T', FAILURE)).event, 'transient_failure');
  assert.deepEqual(JSON.parse(form.rejected(REJECTION)), {
    v: 1,
    event: 'rejection',
    time: 1_064_868_674.53,
    connection: connectionId,
    remote: '10.79.25.142',
    remote_port: 42601,
    local: '10.79.25.142',
    local_port: 25,
    phase: 'awaiting rcptto',
    module: 'relay',
    ehlo: 'EHLO x',
    from: 'a@b.test',
    to: 'c@d.test',
    code: 550,
    reply: 'relaying denied',
  });
});
