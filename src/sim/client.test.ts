import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DataOutcome, InboundConnection, InboundEvents } from '../engine/ports.ts';
import { Client, type SessionPlan, type TransactionPlan } from './client.ts';
import { Fuse } from './fuse.ts';
import { World } from './world.ts';

/** Takes everything, but what is for a recipient named `no`; answers messages a little later. */
class ToyServer implements InboundEvents {
  readonly said: string[] = [];
  readonly #world: World;
  readonly #connection: InboundConnection;
  #accepted = 0;
  isInTurn = false;
  closedTimes = 0;

  constructor(world: World, connection: InboundConnection) {
    this.#world = world;
    this.#connection = connection;
    connection.reply('220 toy\r\n');
  }

  line(text: string): void {
    this.said.push(text);
    if (text.startsWith('MAIL')) this.#accepted = 0;
    if (text === 'DATA' && this.#accepted > 0) {
      this.#connection.readData({ maxSize: 0, loneLineEnds: 'refuse' });
      this.#connection.reply('354 go\r\n');
    } else if (text === 'DATA') {
      this.#connection.reply('554 nobody\r\n');
    } else if (text.startsWith('RCPT TO:<no')) {
      this.#connection.reply('550 no\r\n');
    } else if (text === 'QUIT') {
      this.#connection.reply('221 bye\r\n');
      this.#connection.close();
    } else {
      if (text.startsWith('RCPT')) this.#accepted++;
      this.#connection.reply('250-fine\r\n250 ok\r\n');
    }
  }

  lineTooLong(): void {
    assert.fail('the client writes short lines');
  }

  data(outcome: DataOutcome): void {
    this.said.push(outcome.kind);
    this.#world.after(5, () => {
      this.#connection.reply(outcome.kind === 'content' ? '250 taken\r\n' : '554 refused\r\n');
      this.#connection.proceed();
    });
  }

  closed(): void {
    this.closedTimes++;
  }
}

function transaction(recipients: readonly string[], refusal: TransactionPlan['refusal'] = null): TransactionPlan {
  return { reversePath: null, recipients, headerSection: 'A: b\r\n', binding: null, body: 'x\r\n.\r\n', refusal };
}

function talk(plan: Partial<SessionPlan>) {
  const world = new World({ seed: 1 });
  const acknowledged: string[] = [];
  const refused: string[] = [];
  const offences: string[] = [];
  const client = new Client(
    world,
    new Fuse(),
    1,
    { atMs: 0, listener: 0, transactions: [], pipelines: false, vanishesAfter: null, latencyMs: 1, ...plan },
    {
      offered: () => {},
      accepting: () => {},
      acknowledged: (_, accepted) => acknowledged.push(...accepted),
      refused: (mailbox) => refused.push(mailbox),
      offended: (claim) => offences.push(claim),
    },
  );
  const server = new ToyServer(world, client.connection);
  client.connection.attach(server);
  while (world.step(60_000));
  return { acknowledged, refused, offences, server, client };
}

const THREE = [transaction(['a@x', 'no@x']), transaction(['no@x']), transaction(['b@x'], 'nul'), transaction(['c@x'])];

for (const pipelines of [false, true]) {
  test(`what got 250 for its final dot is acknowledged, and only that (${pipelines ? 'pipelined' : 'lock step'})`, () => {
    const { acknowledged, refused, offences, server, client } = talk({ pipelines, transactions: THREE });
    assert.deepEqual(acknowledged, ['a@x', 'c@x']);
    assert.deepEqual(refused, ['no@x', 'no@x']);
    assert.deepEqual(offences, []);
    assert.equal(server.said.at(-1), 'QUIT');
    assert.equal(server.closedTimes, 1);
    assert.equal(client.isOver, true);
  });
}

test('a client that vanishes is heard of once, and acknowledges nothing that it did not read', () => {
  for (let vanishesAfter = 0; vanishesAfter < 18; vanishesAfter++) {
    const { acknowledged, server } = talk({ transactions: THREE, vanishesAfter });
    assert.equal(server.closedTimes, 1, `after ${vanishesAfter}`);
    assert.ok(acknowledged.length <= 2);
    if (vanishesAfter <= 5) assert.deepEqual(acknowledged, []);
  }
});
