// A message that is looked for in a large queue: how much of that is done in one turn of the loop.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualSite } from '../../test/support/virtual-site.ts';
import { collectPages } from '../core/console/pages.ts';
import type { MailQueue } from '../core/delivery/mail-queue.ts';
import type { QueueExplanation } from '../core/delivery/queue-explanation.ts';
import { ActiveQueue } from '../core/queue/active-queue.ts';
import { DelayedQueue } from '../core/queue/delayed-queue.ts';
import { Sleepers } from '../core/queue/sleepers.ts';
import { makeTask } from '../core/queue/task.ts';
import type { TaskList } from '../core/queue/task-list.ts';
import type { Job } from './jobs.ts';
import type { StoredContent } from './ports.ts';
import { LOOKS_PER_TURN, SingleMessage, type SingleMessageParts } from './single-message.ts';

const ID = '00/00-00000-00000001';

/** As many active and delayed tasks, the last of which is the message {@link ID}; `looks` counts questions about tasks. */
function manyTasks(active: number, delayed: number) {
  const looked = { looks: 0 };
  const recipients = [{ mailbox: 'a@a.example', binding: 'default', routingDomain: 'a.example', messageId: ID }];
  const storedAt = (sequence: number) =>
    ({
      sequence,
      envelope: { receivedAt: sequence, reversePath: null, recipients, protocol: 'esmtp', size: 1 },
    }) as unknown as StoredContent;
  const totals = { active: 0, delayed: 0 };
  const sleepers = new Sleepers();
  const counted = <T extends { list(): TaskList }>(queue: T): T => {
    const list = queue.list.bind(queue);
    queue.list = () => {
      const tasks = list();
      const isOf = tasks.isOf.bind(tasks);
      tasks.isOf = (place, sequence) => ++looked.looks > 0 && isOf(place, sequence);
      return tasks;
    };
    return queue;
  };
  const queue = {
    binding: 'default',
    domain: 'a.example',
    active: counted(new ActiveQueue(totals, sleepers)),
    delayed: counted(new DelayedQueue(totals, sleepers)),
    settings: { messageExpirationMs: 1000 },
  };
  let last = storedAt(0);
  for (let sequence = 0; sequence < active + delayed; sequence++) {
    last = storedAt(sequence);
    queue[sequence < active ? 'active' : 'delayed'].add(makeTask(last, [0], 0, last.envelope.receivedAt));
  }
  const parts = {
    spool: { find: (id: string) => (id === ID ? { stored: last, index: 0 } : null) },
    scheduler: { queues: { find: () => queue as unknown as MailQueue } },
    outcomes: { lastReplies: { find: () => null } },
  } as unknown as SingleMessageParts;
  return { looked, message: new SingleMessage(parts) };
}

/** What the job comes to, and how many looks each of its turns had. */
function turnsOf<T>(job: Job<T>, looked: { looks: number }) {
  const turns: number[] = [];
  for (;;) {
    looked.looks = 0;
    const { done, value } = job.next();
    turns.push(looked.looks);
    if (done === true) return { turns, value };
    assert.equal(value, 'nextTurn');
  }
}

const EXPLAINED = {} as QueueExplanation;

for (const [active, delayed, turns] of [
  [1, 0, 1],
  [LOOKS_PER_TURN, 0, 1],
  [LOOKS_PER_TURN + 1, 0, 2],
  [2.5 * LOOKS_PER_TURN, 0, 3],
  [1.5 * LOOKS_PER_TURN, LOOKS_PER_TURN, 3],
] as const) {
  test(`a message behind ${active} active and ${delayed} delayed ones is found in ${turns} turns`, () => {
    const { looked, message } = manyTasks(active, delayed);
    for (const job of [message.why(ID, () => EXPLAINED), message.detail(ID), message.retry('another')]) {
      const found = turnsOf<unknown>(job, looked);
      const isUnknown = found.value === 'unknown';
      assert.equal(found.turns.length, isUnknown ? 1 : turns);
      for (const looks of found.turns) assert.ok(looks <= LOOKS_PER_TURN, `${looks} looks in a turn`);
      if (!isUnknown)
        assert.ok(found.turns.reduce((sum, looks) => sum + looks) >= active + delayed, 'all were counted');
    }
  });
}

test('why tells of a message that waits, that is on a connection, and that is not there', async () => {
  let isHeld = true;
  const options = {
    configuration: 'Domain held.example { Suspend_Delivery = true }\n',
    answer: () => (isHeld ? '450 later' : '250 ok'),
  };
  const site = new VirtualSite(options);
  const ask = async (id: string) => {
    const answer = site.server.whyMessage(id);
    site.runUntil(site.seconds + 1);
    return answer;
  };
  site.submit('<news@sender.example>', '<a@held.example>');
  site.submit('<news@sender.example>', '<a@example.com>');
  site.runUntil(site.seconds + 1);
  const idOf = async (domain: string) =>
    (await collectPages(site.server.messages({ domain, binding: null, queue: null }, 1, 0)))[0]!.id;
  const held = await ask(await idOf('held.example'));
  assert.ok(held.kind === 'found');
  assert.deepEqual([held.nextAttemptAt, held.retries, held.queue.reason.kind], [null, 0, 'suspended']);
  const id = await idOf('example.com');
  const later = await ask(id);
  assert.ok(later.kind === 'found');
  assert.deepEqual([later.retries, later.queue.reason.kind], [1, 'retryTime']);
  assert.ok(later.nextAttemptAt !== null && later.expiresAt > later.nextAttemptAt);
  isHeld = false;
  site.server.retryMessage(id);
  const during = site.server.whyMessage(id); // the retry has had it taken by a connection in this turn
  site.runUntil(site.seconds + 1);
  assert.deepEqual(await during, { kind: 'delivering', id });
  assert.deepEqual(await ask(id), { kind: 'unknown' });
});
