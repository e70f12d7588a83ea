// What becomes of mail that cannot be delivered at once, or at all.
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { SinkBehaviour } from '../../src/cli/sink-behaviour.ts';
import type { SinkMessage } from '../../src/cli/sink-server.ts';
import { Headgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { Receivers } from '../support/receivers.ts';
import { fieldsOf, isRecord } from '../support/records.ts';

interface Scene {
  readonly receivers: Receivers;
  readonly headgate: Headgate;
  /** What has come back to the sender's own domain. */
  readonly notices: SinkMessage[];
}

/** A server, a receiver for `example.com` that behaves so, and one for `sender.example` that takes everything. */
async function arrange(t: TestContext, behaviour: Partial<SinkBehaviour>, configuration = ''): Promise<Scene> {
  const notices: SinkMessage[] = [];
  const receivers = await Receivers.open(t, ['example.com', 'sender.example'], {
    onMessage(message) {
      if (message.recipients.some((recipient) => recipient.endsWith('@sender.example'))) notices.push(message);
    },
  });
  receivers.sink.setBehaviour(receivers.endpoint('example.com'), behaviour);
  const headgate = await Headgate.start(t, `${configuration}\n${receivers.routes}`);
  return { receivers, headgate, notices };
}

test('a receiver that hangs up in the data: a T record, and delivery later', { timeout: 60_000 }, async (t) => {
  const { receivers, headgate } = await arrange(t, { breaks: [{ stage: 'body', how: 'hangUp', rate: 1 }] });
  const accepted = await inject(headgate.port, [{ domain: 'example.com', messages: 3 }]);
  for (const line of await headgate.mainlog.waitFor(isRecord('T', 'example.com'), 3)) {
    assert.match(line, /@127\.0\.1\.1@451 4\.4\.2 \[internal\] connection closed by remote host$/);
  }
  receivers.behave({});
  assert.match((await headgate.console('flush domain example.com')).text, /example\.com/);
  await receivers.whenArrived(accepted);
  assert.equal(receivers.sink.arrivals.repeated, 0);
});

test('4xx: delayed, and delivered by `flush domain`, as a first retry', { timeout: 60_000 }, async (t) => {
  const { receivers, headgate } = await arrange(t, { refusals: [{ stage: 'rcpt', code: 451, rate: 1 }] });
  const accepted = await inject(headgate.port, [{ domain: 'example.com', messages: 5 }]);
  for (const line of await headgate.mainlog.waitFor(isRecord('T', 'example.com'), 5)) {
    const [, , , , , , , group, binding, stage, retries] = fieldsOf(line);
    assert.deepEqual([group, binding, stage, retries], ['default', 'default', '5', '0']);
    assert.match(line, /@451 4\.7\.1 refused by the test receiver at rcpt$/);
  }
  const delayed = await headgate.console('delayed 0');
  assert.match(delayed.text, /example\.com {2}C: +\d+ {2}A: +0 {2}D: +5 {2}S: +0/);
  receivers.behave({});
  await headgate.console('flush domain example.com');
  await receivers.whenArrived(accepted);
  for (const line of await headgate.mainlog.waitFor(isRecord('D', 'example.com'), 5))
    assert.equal(fieldsOf(line)[9], '1');
});

test('5xx: failed for good, and the sender gets a notice', { timeout: 60_000 }, async (t) => {
  const { receivers, headgate, notices } = await arrange(t, { refusals: [{ stage: 'rcpt', code: 550, rate: 1 }] });
  await inject(headgate.port, [{ domain: 'example.com', messages: 2, reversePath: 'writer@sender.example' }]);
  assert.equal((await headgate.mainlog.waitFor(isRecord('P', 'example.com'), 2)).length, 2);
  await receivers.sink.when(() => notices.length === 2);
  for (const { reversePath, recipients, content } of notices) {
    assert.equal(reversePath, '');
    assert.deepEqual(recipients, ['writer@sender.example']);
    const text = content.toString('latin1');
    assert.match(text, /^Content-Type: multipart\/report;/m);
    assert.match(text, /^Final-Recipient: rfc822; ?\S+@example\.com\r$/m);
    assert.match(text, /^Action: failed\r$/m);
    assert.match(text, /^Status: 5\.7\.1\r$/m);
    assert.match(text, /550 5\.7\.1 refused by the test receiver at rcpt/);
  }
});

test('mail without a reverse-path fails without a notice', { timeout: 60_000 }, async (t) => {
  const { headgate, notices } = await arrange(t, { refusals: [{ stage: 'final', code: 554, rate: 1 }] });
  await inject(headgate.port, [{ domain: 'example.com', messages: 1, reversePath: '' }]);
  await headgate.mainlog.waitFor(isRecord('P', 'example.com'));
  assert.match((await headgate.console('summary')).text, /Total Queue Size: +0\b/);
  assert.equal(notices.length, 0);
});

test('fail domain: everything for it fails, and senders hear of it', { timeout: 60_000 }, async (t) => {
  const { receivers, headgate, notices } = await arrange(t, {}, 'Domain "example.com" { Suspend_Delivery = true }');
  await inject(headgate.port, [{ domain: 'example.com', messages: 4, reversePath: 'writer@sender.example' }]);
  assert.deepEqual(await headgate.console('fail domain example.com'), {
    text: 'example.com purged. 4 messages failed.\n',
    failed: false,
  });
  for (const line of await headgate.mainlog.waitFor(isRecord('P', 'example.com'), 4))
    assert.match(line, /Message manually purged/);
  await receivers.sink.when(() => notices.length === 4);
  assert.equal(receivers.count('example.com').opened, 0);
});

test('expiration: of mail that is refused, and of mail that nobody tries', { timeout: 60_000 }, async (t) => {
  const { receivers, headgate, notices } = await arrange(
    t,
    { refusals: [{ stage: 'mail', code: 451, rate: 1 }] },
    `Retry_Interval = 1
     Max_Retries = "none"
     Domain "example.com" { Message_Expiration = 2 }
     Binding "held" { Suspend_Delivery = true }`,
  );
  const reversePath = 'writer@sender.example';
  await inject(headgate.port, [
    { domain: 'example.com', messages: 1, reversePath },
    { domain: 'example.com', messages: 1, binding: 'held', reversePath },
  ]);
  for (const line of await headgate.mainlog.waitFor(isRecord('P', 'example.com'), 2)) {
    assert.match(line, /@554 5\.4\.7 \[internal\] exceeded max time without delivery$/);
    const secondsInQueue = Number(fieldsOf(line)[11]);
    assert.ok(secondsInQueue >= 2, line);
  }
  await receivers.sink.when(() => notices.length === 2);
});

test('mail that is late: notices of delay, then the notice of the failure', { timeout: 60_000 }, async (t) => {
  const { receivers, headgate, notices } = await arrange(
    t,
    { refusals: [{ stage: 'rcpt', code: 450, rate: 1 }] },
    `delay_dsn { }
     Generate_Delay_DSN = true
     Delay_DSN_Retry_Interval = 1
     Retry_Interval = 600`,
  );
  await inject(headgate.port, [{ domain: 'example.com', messages: 1, reversePath: 'writer@sender.example' }]);
  const actions = (): (string | undefined)[] =>
    notices.map(({ content }) => /^Action: (\w+)\r$/m.exec(content.toString('latin1'))?.[1]);
  await receivers.sink.when(() => actions().includes('delayed'));
  await headgate.console('fail domain example.com');
  await receivers.sink.when(() => actions().includes('failed'));
  for (const { content } of notices.filter((_, place) => actions()[place] === 'delayed'))
    assert.match(content.toString('latin1'), /^Will-Retry-Until: \w{3}, \d{2} \w{3} \d{4} [\d:]{8} [+-]\d{4}\r$/m);
});

test('mail without a sender that fails is told to mdn_failures_notify, once', { timeout: 60_000 }, async (t) => {
  const { receivers, headgate, notices } = await arrange(
    t,
    { refusals: [{ stage: 'rcpt', code: 550, rate: 1 }] },
    'MDN_Failures_Notify = "operator@sender.example"',
  );
  await inject(headgate.port, [{ domain: 'example.com', messages: 1, reversePath: '' }]);
  await receivers.sink.when(() => notices.length === 1);
  assert.deepEqual(notices[0]!.recipients, ['operator@sender.example']);
  assert.match(notices[0]!.content.toString('latin1'), /^Final-Recipient: rfc822; ?\S+@example\.com\r$/m);
});
