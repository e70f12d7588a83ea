// Failures in the records have a cause: a reply that a receiver gave to this message on a connection of its binding, a
// host that failed, a limit in time, an operator. Waiting for a limit or a suspension, and an overlapped envelope whose
// connection broke, are no attempts and leave no trace (design decisions 14, 20; docs/delivery.md).

import { dnsFailuresToPurge } from '../core/config/options/dns-options.ts';
import { maxRetries } from '../core/config/options/retry-options.ts';
import type { Attempt, ConversationCheck } from './check-conversation.ts';
import type { MailCheck, TrackedMail } from './check-mail.ts';
import type { GivenReply } from './exchanger.ts';
import type { Link } from './link.ts';
import type { Names } from './names.ts';
import type { MainRecord } from './records.ts';
import type { Situation } from './situation.ts';

/** Stages before a message is named: not connected, EHLO written and answered, banner. */
const HOST_STAGES = new Set(['0', '10', '11', '12']);

export class RecordCheck {
  readonly #situation: Situation;
  readonly #mail: MailCheck;
  readonly #conversations: ConversationCheck;
  readonly #names: Names;
  readonly #replies: GivenReply[] = [];
  /** Connections that ended before any message was named on them, by binding and address. */
  readonly #hostFailures = new Map<string, number>();
  readonly #failedLinks = new WeakSet<Link>();
  /** Tasks whose attempt ended with a host that failed, by binding and domain. */
  readonly #failedTasks = new Map<string, Set<string>>();
  /** Records that blame a host, to be looked at when the turn has told which connections it gave up. */
  #unexplained: { readonly record: MainRecord; readonly mail: TrackedMail }[] = [];
  /** A command of the operator's fails mail: all of its queues, or the message of that id. */
  purging: 'all' | { readonly messageId: string } | null = null;

  constructor(situation: Situation, mail: MailCheck, conversations: ConversationCheck, names: Names) {
    this.#names = names;
    this.#situation = situation;
    this.#mail = mail;
    this.#conversations = conversations;
  }

  /** @returns the number by which records quote the reply */
  replied(reply: GivenReply): number {
    return this.#replies.push(reply) - 1;
  }

  /** A connection ends, or is about to be given up, before a message was named on it. */
  hostFailed(link: Link): void {
    if (this.#failedLinks.has(link)) return;
    this.#failedLinks.add(link);
    const key = `${this.#situation.bindingOf(link.source)} ${link.target.address}`;
    this.#hostFailures.set(key, (this.#hostFailures.get(key) ?? 0) + 1);
  }

  recorded(record: MainRecord): void {
    const mail = this.#mail.byId(record.messageId);
    if (mail === undefined || (record.type !== 'T' && record.type !== 'P')) return;
    const number = /\(#(\d+)\)/.exec(record.reply)?.[1];
    if (number !== undefined) this.#checkQuoted(record, mail, this.#replies[Number(number)]);
    else if (record.reply.includes('[internal]')) this.#checkInternal(record, mail);
    else this.#checkAttempted(record, mail); // nonsense that is quoted as it came
  }

  #checkQuoted(record: MainRecord, mail: TrackedMail, given: GivenReply | undefined): void {
    if (given === undefined) {
      this.#violation(record, 'quotes a reply that nobody gave');
      return;
    }
    const { link, code, mailboxes } = given;
    if (this.#situation.bindingOf(link.source) !== mail.binding) this.#violation(record, `quotes a reply on ${link}`);
    // 421 ends the connection and with it all that is under way there.
    if (code !== 421 && mailboxes !== null && !mailboxes.includes(mail.mailbox))
      this.#violation(record, `quotes a reply that was about ${mailboxes.join(' ')}`);
    const isHost = HOST_STAGES.has(record.fields[9]!);
    if (record.type === 'P' && (code < 500 || isHost)) this.#violation(record, `gives up after ${code}`);
    if (record.type === 'T' && code >= 500 && !isHost) this.#violation(record, `tries again after ${code}`);
    if (isHost) this.#unexplained.push({ record, mail });
    else if (mailboxes === null || code === 421) this.#checkAttempted(record, mail);
  }

  #checkInternal(record: MainRecord, mail: TrackedMail): void {
    const { reply } = record;
    const { configuration, world, scenario } = this.#situation;
    const subject = { binding: mail.binding, domain: mail.domain };
    const terms = this.#situation.force.termsOf(mail.binding, mail.domain);
    const ageMs = world.moment.wall - mail.receivedAt;
    const kind = this.#situation.domains.get(mail.domain)?.kind ?? 'missing';
    if (reply.includes('exceeded max time')) {
      if (ageMs < terms.expirationMs) this.#violation(record, 'comes too early');
    } else if (reply.includes('message expired')) {
      if (ageMs < terms.expirationMs || !terms.neverAttemptExpired) this.#violation(record, 'comes too early');
    } else if (reply.includes('Blackholed')) {
      if (!terms.isBlackholed) this.#violation(record, 'was ordered by nobody');
    } else if (reply.includes('exceeded max retries')) {
      const most = configuration.value(maxRetries, subject);
      if (terms.neverRetry) return;
      if (most === 'none' || (most !== 'auto' && mail.retries !== most)) this.#violation(record, `has retries left`);
    } else if (reply.includes('manually purged')) {
      if (this.purging !== 'all') this.#violation(record, 'was asked for by nobody');
    } else if (reply.includes('manually failed')) {
      const isAsked = this.purging !== null && this.purging !== 'all' && this.purging.messageId === record.messageId;
      if (!isAsked) this.#violation(record, 'was asked for by nobody');
    } else if (reply.includes('message body missing')) {
      if (!mail.isDamaged) this.#violation(record, 'misses no content');
    } else if (reply.includes('NULL MX')) {
      if (kind !== 'null') this.#violation(record, `speaks of a domain that is ${kind}`);
    } else if (reply.includes('no MX or A')) {
      if (kind !== 'missing') this.#violation(record, `speaks of a domain that is ${kind}`);
    } else if (reply.includes('Domain Lookup Failed')) {
      const misses = this.#names.missesOf(mail.domain);
      if (misses === 0 || misses < configuration.value(dnsFailuresToPurge, subject))
        this.#violation(record, `gives up a domain that was not found ${misses} times`);
    } else if (reply.includes('DNS lookup')) {
      if (scenario.nameConditions.unavailable === 0) this.#violation(record, 'had all its answers');
    } else if (reply.includes('no MXs for this domain')) {
      if (this.#failuresFor(mail) === 0) this.#violation(record, 'had no host that failed');
    } else if (HOST_STAGES.has(record.fields[9]!)) {
      this.#unexplained.push({ record, mail });
    } else {
      this.#checkAttempted(record, mail);
    }
  }

  /** The process died before it could give up whom it blamed. */
  died(): void {
    this.#unexplained = [];
  }

  /** After every step. */
  check(): void {
    if (this.#unexplained.length === 0) return;
    for (const { record, mail } of this.#unexplained) this.#checkHost(record, mail);
    this.#unexplained = [];
  }

  /** With no host left to try, one task has had its attempt: there are no more of these than hosts that failed. */
  #checkHost(record: MainRecord, mail: TrackedMail): void {
    if (this.#hasNoHost(mail)) return;
    const key = `${mail.binding} ${mail.domain}`;
    const tasks = this.#failedTasks.get(key) ?? new Set();
    this.#failedTasks.set(key, tasks);
    tasks.add(`${record.fields[2]} ${this.#situation.world.elapsedMs} ${mail.retries}`);
    if (tasks.size > this.#failuresFor(mail)) this.#violation(record, 'is one more than hosts that failed');
  }

  /** Every host has addresses of another family than the binding, as far as the engine was told. */
  #hasNoHost({ binding, domain }: TrackedMail): boolean {
    const plan = this.#situation.domains.get(domain);
    if (plan === undefined) return false;
    const reachable = this.#situation.reachable(binding, plan).flatMap(({ addresses }) => addresses);
    const all = this.#situation.hostsOf(plan).flatMap(({ addresses }) => addresses);
    if (reachable.length === all.length) return false;
    return reachable.length === 0 || this.#situation.scenario.nameConditions.unavailable > 0;
  }

  #failuresFor(mail: TrackedMail): number {
    const hosts = this.#situation.domains.get(mail.domain)?.hosts ?? [];
    const addresses = new Set(hosts.flatMap((host) => host.addresses));
    let count = 0;
    for (const address of addresses) count += this.#hostFailures.get(`${mail.binding} ${address}`) ?? 0;
    return count;
  }

  #checkAttempted(record: MainRecord, mail: TrackedMail): void {
    if (mail.isNotice) return; // several notices share a mailbox
    const attempts = this.#attempts(mail, record);
    if (attempts.length === 0) {
      // With the refusal of MAIL it ended before a recipient was named.
      if (record.fields[9] !== '3' && record.fields[9] !== '2') this.#violation(record, 'had no attempt');
      return;
    }
    if (!record.reply.includes('closed by remote host')) return;
    if (this.#conversations.hasUnnamed(mail.binding, record.fields[12]!)) return; // this may be that attempt
    if (attempts.every((attempt) => attempt.isOverlapped && !attempt.wroteContent))
      this.#violation(record, 'was only overlapped, which is no attempt');
    if (attempts.every((attempt) => attempt.isOnReused && !attempt.isAnswered && !attempt.wroteContent))
      this.#violation(record, 'was not answered on a connection that was used before, which is no attempt');
  }

  /** It may have ended before this recipient was named, so others of the same transaction tell of it too. */
  #attempts({ binding, domain }: TrackedMail, record: MainRecord): Attempt[] {
    return this.#mail.batch(record.fields[2]!).flatMap((sibling) => {
      const attempt = this.#conversations.attemptFor(sibling.mailbox);
      const isOfTask = sibling.binding === binding && sibling.domain === domain;
      if (attempt === undefined || !isOfTask || attempt.link.target.address !== record.fields[12]) return [];
      return [attempt];
    });
  }

  #violation(record: MainRecord, claim: string): void {
    this.#situation.world.violation(`a record ${claim}: ${record.line}`);
  }
}
