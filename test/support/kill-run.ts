// A run during which the server is killed several times. Used with few messages in every test run and with many in
// test/long.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { TEST_ID_HEADER } from '../../src/cli/sink-arrivals.ts';
import { Headgate } from './headgate.ts';
import { injectThroughKill } from './inject.ts';
import { Receivers } from './receivers.ts';

const DOMAINS = ['one.example', 'two.example', 'three.example'];
const ID_FIELD = new RegExp(`^${TEST_ID_HEADER}: (\\d+)\\r$`, 'm');
/** A settlement is written within 20 ms (docs/spool.md); what was delivered so long before a kill must not come again. */
const SETTLED_AFTER_MS = 1_000;

/**
 * Injects `messages` in parts; in the middle of each of the first `kills` parts the server is killed with SIGKILL while it
 * receives and delivers, and started again on the same spool. Then everything that got a 250 must arrive, and nothing
 * again that had been delivered for good before a kill.
 */
export async function runWithKills(t: TestContext, messages: number, kills: number): Promise<void> {
  const arrivedAtById = new Map<string, number>();
  const killedAt: number[] = [];
  const tooLate: string[] = [];
  const receivers = await Receivers.open(t, DOMAINS, {
    behaviour: { delays: { final: { from: 0, to: 5 } } },
    onMessage({ content }) {
      const id = ID_FIELD.exec(content.toString('latin1'))![1]!;
      const before = arrivedAtById.get(id);
      arrivedAtById.set(id, performance.now());
      if (before === undefined) return;
      const killed = killedAt.find((at) => at >= before);
      if (killed === undefined) tooLate.push(`${id}: twice without a kill`);
      else if (killed - before > SETTLED_AFTER_MS) tooLate.push(`${id}: ${killed - before} ms before a kill`);
    },
  });
  const headgate = await Headgate.start(t, receivers.routes);
  const accepted = new Map<string, readonly string[]>();
  const part = DOMAINS.length * Math.ceil(messages / (kills + 1) / DOMAINS.length);
  for (let kill = 0; kill < kills; kill++) {
    const before = receivers.sink.counts.total.messages;
    const injected = injectThroughKill(headgate.port, DOMAINS, part);
    await receivers.sink.whenReceived(before + Math.floor(part / 3));
    await headgate.kill9();
    killedAt.push(performance.now());
    for (const [id, recipients] of await injected) accepted.set(id, recipients);
    await headgate.start();
  }
  const last = await injectThroughKill(headgate.port, DOMAINS, part);
  assert.equal(last.size, part, 'a server that is not killed takes everything');
  for (const [id, recipients] of last) accepted.set(id, recipients);
  await receivers.whenArrived(accepted);
  const { missing, repeated } = receivers.sink.arrivals.check(accepted);
  assert.deepEqual(missing, []);
  assert.deepEqual(tooLate, []);
  t.diagnostic(`${accepted.size} accepted, all arrived, ${repeated} came again after ${kills} kills`);
}
