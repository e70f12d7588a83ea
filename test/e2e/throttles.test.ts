// Throttles over real sockets, timed where the receivers stand: rates are reached and never passed, whoever shares them,
// and a long window holds over a kill.
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { Headgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { type Begun, TimedReceiver } from '../support/timed-receiver.ts';

/** How much sooner than the sender's clock says the second of two events may come: the first was on its way that long. */
const JITTER_MS = 200;

/** The most events in any span of the period, less what the way to the receiver may take. */
function mostInSpan(begun: readonly Begun[], periodMs: number): number {
  let most = 0;
  for (const { at } of begun) {
    const count = begun.filter((other) => other.at >= at && other.at < at + periodMs - JITTER_MS).length;
    most = Math.max(most, count);
  }
  return most;
}

/** With mail enough for it, the first `periods` periods have at least nine of ten tokens used. */
function assertRate(begun: readonly Begun[], count: number, periodMs: number, periods: number, title: string): void {
  const most = mostInSpan(begun, periodMs);
  assert.ok(most <= count, `${title}: ${most} in ${periodMs} ms, not at most ${count}`);
  const until = begun[0]!.at + periods * periodMs;
  const used = begun.filter(({ at }) => at < until).length;
  const expected = 0.9 * count * periods;
  assert.ok(used >= expected, `${title}: ${used} in ${periods} periods, not ${count * periods}`);
}

async function rates(t: TestContext, shards: number): Promise<void> {
  const names = ['binding1', 'binding2', 'domain', 'host1', 'host2', 'group', 'rare', 'free'] as const;
  const receivers = new Map<string, TimedReceiver>();
  for (const [index, name] of names.entries())
    receivers.set(name, await TimedReceiver.listen(t, `127.0.2.${name === 'host2' ? 4 : index + 1}`));
  const at = (name: (typeof names)[number]) => receivers.get(name)!;
  const headgate = await Headgate.start(
    t,
    `Shards = ${shards}
Idle_Timeout = 1
Binding "shaped" { Outbound_Throttle_Messages = "20/2" }
Binding "other" { }
Binding_Group "shared" {
  Outbound_Throttle_Messages = "12"
  Binding "first" { Bind_Address = "127.0.0.21" }
  Binding "second" { Bind_Address = "127.0.0.22" }
}
Host "127.0.2.4" { Outbound_Throttle_Messages = "8" }
${names.map((name) => `Domain "${name}.example" { Routes = ( "${at(name).route}" ) }`).join('\n')}
Domain "domain.example" {
  Outbound_Throttle_Connections = "5"
  Max_Deliveries_Per_Connection = 1
}
Domain "rare.example" { Outbound_Throttle_Messages = "1/2" }
`,
  );
  await inject(headgate.port, [
    { domain: 'binding1.example', messages: 60, binding: 'shaped' },
    { domain: 'binding2.example', messages: 60, binding: 'shaped' },
    { domain: 'domain.example', messages: 60 },
    { domain: 'host1.example', messages: 50 },
    { domain: 'host2.example', messages: 50, binding: 'other' },
    { domain: 'group.example', messages: 60, binding: 'first' },
    { domain: 'group.example', messages: 60, binding: 'second' },
    { domain: 'rare.example', messages: 10 },
    { domain: 'free.example', messages: 200 },
  ]);
  await at('free').whenMessages(200); // nobody waits for what others wait for
  await at('rare').whenMessages(4);
  const messages = (...of: (typeof names)[number][]) =>
    of.flatMap((name) => at(name).messages).sort((a, b) => a.at - b.at);
  assertRate(messages('binding1', 'binding2'), 20, 2000, 3, 'a binding');
  assertRate(at('domain').connections, 5, 1000, 5, 'a domain');
  assert.ok(at('domain').messages.length <= at('domain').connections.length);
  assertRate(messages('host1', 'host2'), 8, 1000, 5, 'a host of two domains');
  assertRate(messages('group'), 12, 1000, 5, 'a group');
  assertRate(messages('rare'), 1, 2000, 3, 'below one per second');
  for (const source of ['127.0.0.21', '127.0.0.22'])
    assert.ok(at('group').messages.filter((one) => one.source === source).length >= 10, 'the bindings take turns');
}

/** Of a window of ten seconds: a forgotten one shows at once, a machine that stands still for a moment is none. */
const LONG_SPAN_MS = 9_000;

async function longWindow(t: TestContext, shards: number): Promise<void> {
  const receiver = await TimedReceiver.listen(t, '127.0.2.9');
  const headgate = await Headgate.start(
    t,
    `Shards = ${shards}
Domain "long.example" { Routes = ( "${receiver.route}" ) Outbound_Throttle_Messages = "6/10" }\n`,
  );
  await inject(headgate.port, [{ domain: 'long.example', messages: 20 }]);
  await receiver.whenMessages(6);
  await headgate.kill9();
  await headgate.start();
  await receiver.whenMessages(10);
  const most = mostInSpan(receiver.messages, LONG_SPAN_MS);
  assert.ok(most <= 6, `${most} in ten seconds`);
  await headgate.stop();
  const stopped = receiver.messages.length;
  await headgate.start();
  await receiver.whenMessages(stopped + 1);
  assert.ok(mostInSpan(receiver.messages, LONG_SPAN_MS) <= 6, 'an orderly stop forgets nothing either');
}

for (const shards of [1, 2]) {
  const title = shards === 1 ? '' : ', of two shards together';
  test(`rates are reached and never passed, by whatever they are shared${title}`, { timeout: 60_000 }, (t) =>
    rates(t, shards),
  );
  test(`a window of 10 seconds holds over kill -9${title}`, { timeout: 60_000 }, (t) => longWindow(t, shards));
}

test('a rate of the whole server is that of two shards, and people are told so', { timeout: 60_000 }, async (t) => {
  const [one, other, rare] = (await Promise.all(
    ['127.0.2.11', '127.0.2.12', '127.0.2.13'].map((address) => TimedReceiver.listen(t, address)),
  )) as [TimedReceiver, TimedReceiver, TimedReceiver];
  const headgate = await Headgate.start(
    t,
    `Shards = 2
Suspend_Delivery = true
Idle_Timeout = 1
Outbound_Throttle_Messages = "30/3"
Domain "one.example" { Routes = ( "${one.route}" ) }
Domain "other.example" { Routes = ( "${other.route}" ) }
Domain "rare.example" {
  Routes = ( "${rare.route}" )
  Outbound_Throttle_Messages = "1/600"
}
`,
  );
  await inject(headgate.port, [
    { domain: 'one.example', messages: 80 },
    { domain: 'other.example', messages: 80 },
    { domain: 'rare.example', messages: 20 },
  ]);
  const ask = async (command: string) => (await headgate.console(command)).text;
  await ask('config set suspend_delivery false');
  await Promise.race([one.whenMessages(40), other.whenMessages(40)]);
  const all = () => [...one.messages, ...other.messages].sort((a, b) => a.at - b.at);
  assert.match(await ask('throttles'), /Outbound_Throttle_Messages = "30\/3"\n +used \d+ of 30;/);
  await ask('config set outbound_throttle_messages "10/2"');
  const lowered = performance.now();
  await Promise.all([one.whenMessages(60), other.whenMessages(60)]);
  const before = all().filter(({ at }) => at < lowered);
  assertRate(before, 30, 3000, 1, 'before');
  const after = all().filter(({ at }) => at >= lowered + 2000); // until then what happened before is in the way
  assertRate(after, 10, 2000, 2, 'after');
  for (;;) {
    const why = await ask('why default rare.example'); // in both shards, one of which has not sent any of it
    if (/19 active/.test(why) && /Waits for a token of a throttle/.test(why)) break;
  }
  assert.match(await ask('throttles'), /used 1 of 1; next token in [45]\d\d/);
  assert.equal(rare.messages.length, 1);
  assert.ok(one.messages.length > 20 && other.messages.length > 20, 'nobody is left out');
});
