// The operator's hand on mail of a running server: what was moved is there after kill -9, filters read the spool, a
// dialogue is heard while it is held.
import assert from 'node:assert/strict';
import test from 'node:test';
import { TEST_ID_HEADER } from '../../src/cli/sink-arrivals.ts';
import { Headgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { Receivers } from '../support/receivers.ts';

const held = (...domains: readonly string[]): string =>
  domains.map((domain) => `Domain "${domain}" { Suspend_Delivery = true }\n`).join('');

test('rerouted mail goes out from its new queues after kill -9', { timeout: 120_000 }, async (t) => {
  const receivers = await Receivers.open(t, ['relay.example']);
  const headgate = await Headgate.start(t, held('example.com', 'relay.example'));
  const accepted = await inject(headgate.port, [{ domain: 'example.com', messages: 700 }]);
  const dry = await headgate.console('reroute queue --dry-run example.com relay.example');
  assert.match(dry.text, /would be moved\. \(Showing first 25; 675 more not listed\.\)\n$/);
  assert.deepEqual(await headgate.console('reroute queue example.com relay.example'), {
    text: "Moved 700 messages from 'example.com' to 'relay.example'\n",
    failed: false,
  });
  await headgate.kill9();
  headgate.configure(held('example.com') + receivers.routes);
  await headgate.start();
  await receivers.whenArrived(accepted);
  assert.equal(receivers.count('relay.example').messages, 700);
  assert.deepEqual((await headgate.console('showqueue example.com')).text, 'No messages for example.com found.\n');
});

test('mail of a binding that is gone is bound anew, and stays so through kill -9', { timeout: 120_000 }, async (t) => {
  const receivers = await Receivers.open(t, ['example.com']);
  const bindings = 'Binding_Header = "X-Binding"\nBinding "news" {}\n';
  const headgate = await Headgate.start(t, `${bindings}Binding "old" {}\n${held('example.com')}`);
  const accepted = await inject(headgate.port, [{ domain: 'example.com', messages: 40, binding: 'old' }]);
  headgate.configure(bindings + held('example.com'));
  assert.equal((await headgate.console('config reload')).failed, false);
  assert.match((await headgate.console('rebind old --to nobody')).text, /no such binding "nobody"/);
  assert.equal((await headgate.console('rebind all --to news')).text, 'Rebound 40 messages.\n');
  await headgate.kill9();
  headgate.configure(bindings + receivers.routes);
  await headgate.start();
  await receivers.whenArrived(accepted);
  const rows = JSON.parse((await headgate.console('binding summary --json news')).text) as {
    bindings: { delivered: number }[];
  };
  assert.equal(rows.bindings[0]?.delivered, 40);
});

test('one message by its header, by its id, delayed and back', { timeout: 120_000 }, async (t) => {
  const headgate = await Headgate.start(t, held('example.com', 'example.org'));
  const accepted = await inject(headgate.port, [
    { domain: 'example.com', messages: 60 },
    { domain: 'example.org', messages: 60 },
  ]);
  const [first = '', second = ''] = [...accepted.keys()];
  const ask = async (line: string): Promise<string> => {
    const { text, failed } = await headgate.console(line);
    assert.equal(failed, false, text);
    return text;
  };
  const byHeader = `--header ${TEST_ID_HEADER}`;
  const dry = await ask(`fail all --dry-run ${byHeader} ${first}`);
  assert.match(dry, /^ {2}\S+ {2}domain=example\.com .*\n\[dry-run\] all domains: 1 messages would be failed\.\n$/);
  assert.equal(await ask(`fail all quiet ${byHeader} ${first}`), 'All domains purged. 1 messages failed.\n');
  assert.equal(await ask(`delay 3600 ${byHeader} ${second}`), 'Delayed 1 messages.\n');
  assert.equal(await ask('delay 3600 --domain example.org'), 'Delayed 60 messages.\n');
  const rows = JSON.parse(await ask('showqueue --json example.com')) as { id: string; queue: string }[];
  assert.equal(rows.length, 59);
  const delayed = rows.filter(({ queue }) => queue === 'delayed');
  assert.equal(delayed.length, 1);
  const { id } = delayed[0]!;
  assert.match(await ask(`message details ${id}`), new RegExp(`^Message: ${id}\nMessage Type: full message\n`));
  assert.match(await ask(`message details body ${id}`), new RegExp(`^${TEST_ID_HEADER}: ${second}$`, 'm'));
  assert.equal(await ask(`message retry ${id}`), 'Message requeued for delivery\n');
  assert.equal(await ask(`message fail quiet ${id}`), 'Message failed\n');
  assert.match((await headgate.console(`message details ${id}`)).text, /is queued here/);
  const total = (JSON.parse(await ask('domain all --json')) as { total: object }).total;
  assert.deepEqual(total, { connections: 0, active: 58, delayed: 60, delivered: 0 });
});

test('a dialogue is heard as it is held', { timeout: 60_000 }, async (t) => {
  const receivers = await Receivers.open(t, ['example.com', 'example.org']);
  const headgate = await Headgate.start(t, receivers.routes);
  const trace = headgate.console('trace smtp * example.com --lines 16');
  const isHeard = async (): Promise<boolean> =>
    (JSON.parse((await headgate.console('trace smtp list --json')).text) as unknown[]).length > 0;
  while (!(await isHeard()));
  for (const domain of ['example.org', 'example.com'])
    await receivers.whenArrived(await inject(headgate.port, [{ domain, messages: 1 }]));
  const { text, failed } = await trace;
  assert.equal(failed, false);
  const [head, ...lines] = text.trimEnd().split('\n');
  assert.match(
    head!,
    /^smtp tracer #1: binding \*, domain example\.com; ends after 16 lines, 60 seconds, or with Enter$/,
  );
  assert.equal(lines.length, 16);
  assert.ok(lines.every((line) => line.includes('[127.0.1.1]')));
  for (const expected of [
    / \* connected$/,
    / < 220 /,
    / > EHLO headgate\.test$/,
    / > MAIL FROM:</,
    / \* content of batch /,
  ])
    assert.ok(
      lines.some((line) => expected.test(line)),
      `${expected} in ${text}`,
    );
  assert.ok(!text.includes('Subject: test'));
});
