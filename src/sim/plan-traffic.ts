// Draws the mail of a run: sessions of clients, in bursts, for some domains much more than for others. Every mailbox is
// used once, so that it names its transaction wherever it turns up.
import type { Random } from '../core/base/random.ts';
import type { Mailbox } from '../core/mail/mailbox.ts';
import type { SessionPlan, TransactionPlan } from './client.ts';
import type { BindingPlan } from './plan-configuration.ts';
import type { DomainPlan } from './plan-network.ts';
import { between, happens, pick } from './world.ts';

/** A burst for one queue, large enough that its limit is to be reached. */
export interface Burst {
  readonly binding: string;
  readonly domain: string;
  readonly transactions: number;
}

export class TrafficPlanner {
  readonly sessions: SessionPlan[] = [];
  readonly #random: Random;
  readonly #listeners: number;
  #transactions = 0;
  #mailboxes = 0;

  constructor(random: Random, listeners: number) {
    this.#random = random;
    this.#listeners = listeners;
  }

  /** Ordinary sessions between now and `untilMs`, with about `messages` transactions in all. */
  addSessions(
    messages: number,
    untilMs: number,
    bindings: readonly BindingPlan[],
    domains: readonly DomainPlan[],
    isHonest: boolean,
  ): void {
    const random = this.#random;
    while (messages > 0) {
      const count = Math.min(messages, pick(random, [1, 1, 3, 10, 25]));
      messages -= count;
      // A session has a favourite: most of its mail is for one domain from one binding.
      const domain = pick(random, domains);
      const binding = random.below(3) === 0 ? null : pick(random, bindings).name;
      const transactions = Array.from({ length: count }, () => {
        const others = random.below(4) === 0 ? [pick(random, domains), pick(random, domains)] : [];
        const to = [domain, ...others].flatMap(
          (one) => Array(pick(random, [1, 1, 1, 2, 4])).fill(one.name) as string[],
        );
        return this.#transaction(to, random.below(12) === 0 ? 'nowhere' : binding, isHonest);
      });
      this.#add(between(random, 0, untilMs), random.below(this.#listeners), transactions, isHonest);
    }
  }

  /** Clients that hand in one burst together. @returns the last mailbox of it */
  addBurst({ binding, domain, transactions }: Burst, atMs: number): Mailbox {
    const perSession = 10;
    for (let left = transactions; left > 0; left -= perSession) {
      const plans = Array.from({ length: Math.min(left, perSession) }, () =>
        this.#transaction([domain], binding, true),
      );
      this.#add(atMs, 0, plans, true);
    }
    return this.sessions.at(-1)!.transactions.at(-1)!.recipients.at(-1)!;
  }

  #add(atMs: number, listener: number, transactions: readonly TransactionPlan[], isHonest: boolean): void {
    const random = this.#random;
    const commands = transactions.length * 4 + 2;
    this.sessions.push({
      atMs,
      listener,
      transactions,
      pipelines: random.below(2) === 0,
      vanishesAfter: !isHonest && random.below(6) === 0 ? random.below(commands) : null,
      latencyMs: pick(random, [0, 1, 1, 10]),
    });
  }

  #transaction(domains: readonly string[], binding: string | null, isHonest: boolean): TransactionPlan {
    const random = this.#random;
    const number = ++this.#transactions;
    const recipients = domains.map((domain) => `r${++this.#mailboxes}@${domain}`);
    const lines = Array.from(
      { length: random.below(4) },
      (_, index) => pick(random, ['..', '..b', 'text', 'QUIT']) + index,
    );
    const isOdd = !isHonest && happens(random, 0.04);
    return {
      reversePath: random.below(5) === 0 ? null : `s${number}@sender.example`,
      recipients,
      headerSection: `Subject: message ${number}\r\nFrom: s${number}@sender.example\r\n`,
      binding,
      body: `${[`this is ${number}`, ...lines].join('\r\n')}\r\n.\r\n`,
      refusal: isOdd ? pick(random, ['loneLineEnd', 'nul', 'headerTooLarge']) : null,
    };
  }
}
