// The promise of the mail: what was acknowledged ends exactly once, as delivered to a receiver that said so, or as
// failed with a notice to its sender; records say what happened, before the spool forgets; a delivery is repeated only
// after the process died, and only when its settlement could not be on the disk yet (design section 5).
import {
  blackhole,
  generateBounces,
  maxRetryInterval,
  messageExpiration,
  retryInterval,
} from '../core/config/options/retry-options.ts';
import type { Mailbox, ReversePath } from '../core/mail/mailbox.ts';
import type { Content, Envelope, QueuePlace, Settlement } from '../core/mail/message.ts';
import type { RecoveredRecord } from '../engine/ports.ts';
import type { TransactionPlan } from './client.ts';
import type { Arrival } from './exchanger.ts';
import type { MainRecord } from './records.ts';
import type { Situation } from './situation.ts';

interface Ending {
  readonly kind: 'delivered' | 'failed';
  readonly atMs: number;
  readonly life: number;
}

/** One recipient of one stored transaction. */
export interface TrackedMail {
  readonly messageId: string;
  readonly mailbox: Mailbox;
  /** Where it is queued, as far as the process knows. */
  domain: string;
  binding: string;
  /** Where it was queued before, on any life's account: what was sent from there may still be on its way. */
  readonly formerPlaces: QueuePlace[];
  readonly reversePath: ReversePath;
  readonly receivedAt: number;
  readonly storedAtMs: number;
  /** What travels, without the final dot. */
  readonly text: string;
  readonly isNotice: boolean;
  /** The client read 250, at that time; infinity while it did not. */
  acknowledgedAtMs: number;
  readonly endings: Ending[];
  /** When receivers took it and we heard so. */
  readonly acceptedAtMs: number[];
  /** Records of this life of the process, but receptions: of all lives. */
  receptions: number;
  deliveries: number;
  failures: number;
  transients: number;
  /** Settlements of this life that deferred it. */
  deferrals: number;
  /** Retries that the spool knows of. */
  retries: number;
  /** A notice to its sender is durable. */
  hasNotice: boolean;
  /** Whether one is due, decided when the failure was recorded. */
  wantsNotice: boolean;
  isDamaged: boolean;
}

export class MailCheck {
  readonly #situation: Situation;
  readonly #byBatch = new Map<string, TrackedMail[]>();
  readonly #byId = new Map<string, TrackedMail>();
  /** Client mail by its mailbox, which is used once. */
  readonly #byMailbox = new Map<Mailbox, TrackedMail>();
  /** Notices by what travels. */
  readonly #byText = new Map<string, TrackedMail>();
  readonly #plans = new Map<Mailbox, TransactionPlan>();
  /** A quiet command of the operator's runs: of who fails with this reply the sender hears nothing. */
  quietReply: string | null = null;
  /** `delay` runs, for so many milliseconds. */
  delayingMs: number | null = null;
  /** Mail is moved there; null in the place of what stays. */
  movingTo: { readonly binding: string | null; readonly domain: string | null } | null = null;
  delivered = 0;
  failed = 0;

  constructor(situation: Situation) {
    this.#situation = situation;
  }

  /** All that was received in one transaction. */
  batch(batchId: string): readonly TrackedMail[] {
    return this.#byBatch.get(batchId) ?? [];
  }

  /** Records of deliveries and failures of client mail in this life; null for notices, which share mailboxes. */
  recordsOf(mailbox: Mailbox): number | null {
    const mail = this.#byMailbox.get(mailbox);
    return mail === undefined ? null : mail.deliveries + mail.failures + mail.transients;
  }

  /** When client mail was received, by the wall clock; null for notices. */
  receivedAt(mailbox: Mailbox): number | null {
    return this.#byMailbox.get(mailbox)?.receivedAt ?? null;
  }

  /** Where client mail is queued; null for notices, which share mailboxes. */
  placeOf(mailbox: Mailbox): { readonly binding: string; readonly domain: string } | null {
    return this.#byMailbox.get(mailbox) ?? null;
  }

  /** The id of client mail that has not ended: that of the mailbox, else the oldest; null when there is none. */
  openIdOf(mailbox: Mailbox): string | null {
    const isOpen = (mail: TrackedMail): boolean => mail.endings.length === 0 && mail.deliveries + mail.failures === 0;
    const named = this.#byMailbox.get(mailbox);
    if (named !== undefined && isOpen(named)) return named.messageId;
    return this.#byMailbox.values().find(isOpen)?.messageId ?? null;
  }

  byId(messageId: string): TrackedMail | undefined {
    return this.#byId.get(messageId);
  }

  // ---- reception

  offered(plan: TransactionPlan, accepted: readonly Mailbox[]): void {
    for (const mailbox of accepted) this.#plans.set(mailbox, plan);
  }

  accepting(accepted: readonly Mailbox[]): void {
    for (const mailbox of accepted)
      if (!this.#byMailbox.has(mailbox)) this.#violation(`${mailbox} is answered with 250 before it is on the disk`);
  }

  /** A client was refused a recipient: only where mail for it from some binding is blackholed at RCPT. */
  refused(mailbox: Mailbox, text: string): void {
    const { force, configuration } = this.#situation;
    const domain = this.#situation.routingDomainOf(mailbox);
    const isInline = configuration
      .bindings()
      .some(({ name }) => force.configuration.value(blackhole, { binding: name, domain }) === 'inline');
    if (!isInline || !text.includes('blackholed')) this.#violation(`${mailbox} is refused with ${text}`);
  }

  acknowledged(accepted: readonly Mailbox[]): void {
    for (const mailbox of accepted) {
      const mail = this.#byMailbox.get(mailbox);
      if (mail === undefined) this.#violation(`${mailbox} is acknowledged and not on the disk`);
      else mail.acknowledgedAtMs = this.#situation.world.elapsedMs;
    }
  }

  stored(envelope: Envelope, content: Content): void {
    const isNotice = envelope.protocol === 'internal';
    const body = content.body.map((chunk) => Buffer.from(chunk).toString('latin1')).join('');
    if (!body.endsWith('.\r\n')) this.#violation(`the body of ${envelope.batchId} has no final dot`);
    const text = `${content.headerSection}\r\n${body}`.slice(0, -'.\r\n'.length);
    for (const { messageId, mailbox, routingDomain, binding } of envelope.recipients) {
      const mail: TrackedMail = {
        messageId,
        mailbox,
        domain: routingDomain,
        binding,
        formerPlaces: [],
        reversePath: envelope.reversePath,
        receivedAt: envelope.receivedAt,
        storedAtMs: this.#situation.world.elapsedMs,
        text,
        isNotice,
        acknowledgedAtMs: Number.POSITIVE_INFINITY,
        endings: [],
        acceptedAtMs: [],
        receptions: 0,
        deliveries: 0,
        failures: 0,
        transients: 0,
        deferrals: 0,
        retries: 0,
        hasNotice: false,
        wantsNotice: false,
        isDamaged: false,
      };
      if (this.#byId.has(messageId)) this.#violation(`message id ${messageId} is used twice`);
      this.#byId.set(messageId, mail);
      const batch = this.#byBatch.get(envelope.batchId);
      if (batch === undefined) this.#byBatch.set(envelope.batchId, [mail]);
      else batch.push(mail);
      if (isNotice) this.#byText.set(text, mail);
      else this.#checkReceived(mail, content);
    }
    if (isNotice) this.#checkNotice(envelope, text);
  }

  #checkReceived(mail: TrackedMail, content: Content): void {
    const { mailbox } = mail;
    const plan = this.#plans.get(mailbox);
    if (this.#byMailbox.has(mailbox)) this.#violation(`${mailbox} is stored twice`);
    this.#byMailbox.set(mailbox, mail);
    if (plan === undefined) {
      this.#violation(`${mailbox} is stored, but nobody sent it anything`);
      return;
    }
    const body = content.body.map((chunk) => Buffer.from(chunk).toString('latin1')).join('');
    if (body !== plan.body) this.#violation(`the body for ${mailbox} is stored as something else`);
    if (!content.headerSection.endsWith(plan.headerSection)) this.#violation(`header fields for ${mailbox} are lost`);
    if (/^X-Binding:/im.test(content.headerSection)) this.#violation(`${mailbox} is stored with the binding header`);
    if (plan.reversePath !== mail.reversePath) this.#violation(`${mailbox} is stored with another reverse-path`);
    if (this.#situation.routingDomainOf(mailbox) !== mail.domain)
      this.#violation(`${mailbox} is queued for ${mail.domain}`);
    const isKnown = plan.binding !== null && this.#situation.configuration.hasBinding(plan.binding);
    if (isKnown && mail.binding !== plan.binding && !this.#situation.hasReloaded)
      this.#violation(`${mailbox} asked for binding ${plan.binding} and got ${mail.binding}`);
  }

  #checkNotice(envelope: Envelope, text: string): void {
    if (envelope.reversePath !== null) this.#violation('a notice has a sender');
    const [to] = envelope.recipients;
    let told = 0;
    for (const [mailbox] of text.matchAll(/r\d+@[a-z0-9.]+\.example/g)) {
      const mail = this.#byMailbox.get(mailbox);
      if (mail === undefined || mail.hasNotice || mail.failures === 0 || mail.reversePath !== to?.mailbox) continue;
      mail.hasNotice = true;
      told++;
    }
    if (told === 0) this.#violation(`a notice to ${to?.mailbox} tells of no failure`);
  }

  // ---- delivery

  /** A receiver said 250 for the final dot, and the engine is about to read it. */
  accepted(arrival: Arrival): void {
    const mail = this.arrived(arrival);
    mail?.acceptedAtMs.push(this.#situation.world.elapsedMs);
  }

  /** A receiver has the message. */
  arrived({ link, mailbox, content }: Arrival): TrackedMail | undefined {
    const mail = this.#byMailbox.get(mailbox) ?? this.#byText.get(content);
    if (mail === undefined || mail.mailbox !== mailbox) {
      this.#violation(`${link} delivers to ${mailbox} what was never stored for it`);
      return undefined;
    }
    if (mail.text !== content) this.#violation(`${link} delivers to ${mailbox} something else than what was stored`);
    const binding = this.#situation.bindingOf(link.source);
    const places = [{ binding: mail.binding, routingDomain: mail.domain }, ...mail.formerPlaces];
    if (!places.some((place) => place.binding === binding && this.#leadsTo(place.routingDomain, link.target.address)))
      this.#violation(`${link} delivers mail of ${mail.binding} for ${mail.domain} to ${mailbox}`);
    return mail;
  }

  #leadsTo(domain: string, address: string): boolean {
    return this.#situation.domains.get(domain)?.hosts.some(({ addresses }) => addresses.includes(address)) ?? false;
  }

  recorded(record: MainRecord): void {
    if (record.type === 'M') return;
    const mail = this.#byId.get(record.messageId);
    if (mail === undefined) {
      this.#violation(`a record of an unknown message: ${record.line}`);
      return;
    }
    if (record.type === 'R') {
      mail.receptions++;
      if (mail.receptions > 1) this.#violation(`${mail.mailbox} has two reception records`);
    } else if (record.type === 'D') {
      mail.deliveries++;
      if (mail.deliveries > 1) this.#violation(`${mail.mailbox} has two D records`);
      const heard = mail.acceptedAtMs.length - mail.endings.filter(({ kind }) => kind === 'delivered').length;
      if (heard < 1) this.#violation(`${mail.mailbox} has a D record, but no receiver took it`);
    } else if (record.type === 'P') {
      mail.failures++;
      if (mail.failures > 1) this.#violation(`${mail.mailbox} has two P records`);
      const subject = { binding: mail.binding, domain: mail.domain };
      // In the turn of the command others may end by themselves.
      const isQuiet = this.quietReply !== null && record.line.endsWith(this.quietReply);
      const tells = this.#situation.configuration.value(generateBounces, subject);
      mail.wantsNotice = mail.reversePath !== null && tells && !isQuiet;
    } else if (record.type === 'T') {
      mail.transients++;
      if (this.#situation.force.termsOf(mail.binding, mail.domain).neverRetry)
        this.#violation(`${mail.mailbox} is to be tried again, with never_retry`);
      const retries = Number(record.fields[10]);
      if (retries !== mail.retries)
        this.#violation(`${mail.mailbox} has a T record with ${retries} retries, not ${mail.retries}`);
    } else {
      this.#violation(`a record of unknown type: ${record.line}`);
    }
  }

  settled(envelope: Envelope, index: number, settlement: Settlement): void {
    const mail = this.#byId.get(envelope.recipients[index]!.messageId);
    if (mail === undefined) return; // the disk reports that
    const { mailbox } = mail;
    const { world, life } = this.#situation;
    // In the turn of a command others may have had their attempt, with a record.
    if (settlement.kind === 'deferred' && this.delayingMs !== null && mail.transients === mail.deferrals) {
      const dueAt = world.moment.wall + this.delayingMs;
      if (settlement.retries !== mail.retries || Math.abs(settlement.nextAttemptAt - dueAt) > 1)
        this.#violation(`${mailbox} is delayed as ${JSON.stringify(settlement)} after ${mail.retries} retries`);
      return;
    }
    if (settlement.kind === 'deferred') {
      mail.deferrals++;
      if (mail.transients < mail.deferrals) this.#violation(`${mailbox} is deferred before its T record`);
      if (settlement.retries !== mail.retries + 1)
        this.#violation(`${mailbox} is deferred with ${settlement.retries} retries after ${mail.retries}`);
      mail.retries = settlement.retries;
      this.#checkDelay(mail, settlement.nextAttemptAt);
      return;
    }
    const ofThisLife = mail.endings.filter((ending) => ending.life === life);
    if (ofThisLife.length > 0) this.#violation(`${mailbox} ends twice`);
    if (settlement.kind === 'delivered') {
      if (mail.deliveries === 0) this.#violation(`${mailbox} is settled as delivered before its D record`);
      const heard = mail.acceptedAtMs.length - mail.endings.filter(({ kind }) => kind === 'delivered').length;
      if (heard < 1) this.#violation(`${mailbox} is settled as delivered, but no receiver took it`);
      this.delivered++;
    } else {
      if (mail.failures === 0) this.#violation(`${mailbox} is settled as failed before its P record`);
      if (mail.wantsNotice && !mail.hasNotice)
        this.#violation(`${mailbox} is settled as failed before its notice is durable`);
      if (!mail.wantsNotice && mail.hasNotice && !this.#situation.diedSince(0, world.elapsedMs))
        this.#violation(`the sender of ${mailbox} gets a notice that nobody wanted`);
      this.failed++;
    }
    mail.endings.push({ kind: settlement.kind, atMs: world.elapsedMs, life });
  }

  requeued(envelope: Envelope, index: number, place: QueuePlace): void {
    const mail = this.#byId.get(envelope.recipients[index]!.messageId);
    if (mail === undefined) return; // the disk reports that
    const to = this.movingTo;
    const [binding, domain] = [to?.binding ?? mail.binding, to?.domain ?? mail.domain];
    if (to === null || place.binding !== binding || place.routingDomain !== domain)
      this.#violation(`${mail.mailbox} is queued for ${place.binding} ${place.routingDomain}, where nobody moved it`);
    this.#place(mail, place);
  }

  #place(mail: TrackedMail, { binding, routingDomain }: QueuePlace): void {
    if (mail.binding === binding && mail.domain === routingDomain) return;
    mail.formerPlaces.push({ binding: mail.binding, routingDomain: mail.domain });
    mail.binding = binding;
    mail.domain = routingDomain;
  }

  /** retry_interval doubles up to max_retry_interval, and the last attempt is not behind the expiration. */
  #checkDelay(mail: TrackedMail, nextAttemptAt: number): void {
    const { configuration, world } = this.#situation;
    const subject = { binding: mail.binding, domain: mail.domain };
    const first = configuration.value(retryInterval, subject);
    const most = configuration.value(maxRetryInterval, subject);
    const delayMs = 1000 * Math.min(first * 2 ** (mail.retries - 1), most);
    const expiresAt = mail.receivedAt + 1000 * configuration.value(messageExpiration, subject);
    const expected = Math.min(world.moment.wall + delayMs, expiresAt);
    if (Math.abs(nextAttemptAt - expected) > 1)
      this.#violation(`${mail.mailbox} is tried again in ${nextAttemptAt - world.moment.wall} ms, not ${delayMs}`);
  }

  damaged(envelope: Envelope): void {
    for (const { messageId } of envelope.recipients) {
      const mail = this.#byId.get(messageId);
      if (mail !== undefined) mail.isDamaged = true;
    }
  }

  // ---- lives

  /** The process starts with what the scan found. */
  recovered(records: readonly RecoveredRecord[]): void {
    const open = new Map<string, { readonly retries: number; readonly place: QueuePlace }>();
    for (const { stored, open: recipients } of records)
      for (const { index, retries } of recipients) {
        const { messageId, binding, routingDomain } = stored.envelope.recipients[index]!;
        open.set(messageId, { retries, place: { binding, routingDomain } });
      }
    for (const mail of this.#byId.values()) {
      mail.deliveries = 0;
      mail.failures = 0;
      mail.transients = 0;
      mail.deferrals = 0;
      const found = open.get(mail.messageId);
      if (found === undefined) {
        if (mail.endings.length === 0) this.#violation(`${mail.mailbox} is gone from the spool without having ended`);
        continue;
      }
      mail.retries = found.retries;
      this.#checkPlace(mail, found.place);
      mail.hasNotice = false; // the notice may come again with the failure
      this.#checkRepeat(mail);
    }
  }

  /** A move that was not on the disk yet is undone by a death, and by nothing else. */
  #checkPlace(mail: TrackedMail, place: QueuePlace): void {
    const wasThere = mail.formerPlaces.some(
      (former) => former.binding === place.binding && former.routingDomain === place.routingDomain,
    );
    const isThere = mail.binding === place.binding && mail.domain === place.routingDomain;
    if (!isThere && (!wasThere || this.#situation.deaths.length === 0))
      this.#violation(`${mail.mailbox} comes back for ${place.binding} ${place.routingDomain}`);
    this.#place(mail, place);
  }

  /** It is open again: what ended before a death may do so only if its settlement could not be on the disk. */
  #checkRepeat(mail: TrackedMail): void {
    const last = mail.endings.at(-1);
    if (last === undefined) return;
    const slackMs = this.#situation.scenario.diskConditions.settleMs + 1;
    if (!this.#situation.diedSince(last.atMs, last.atMs + slackMs))
      this.#violation(`${mail.mailbox} ended as ${last.kind} at ${(last.atMs / 1000).toFixed(3)} s and comes back`);
  }

  /** After the end of the run. */
  finish(): void {
    const { world, scenario } = this.#situation;
    for (const mail of this.#byId.values()) {
      const { mailbox, endings } = mail;
      if (endings.length === 0) this.#violation(`${mailbox} never ended`);
      // Every acceptance that we read is a delivery, unless the process died before it could say so.
      const delivered = endings.filter(({ kind }) => kind === 'delivered').length;
      const lost = mail.acceptedAtMs.filter((at) => this.#situation.diedSince(at, at + 1)).length;
      if (mail.acceptedAtMs.length - lost > delivered)
        this.#violation(`${mailbox} was taken by a receiver and not settled`);
      if (mail.receptions === 0 && !this.#situation.diedSince(0, world.elapsedMs))
        this.#violation(`${mailbox} has no reception record`);
      const lateMs =
        (endings[0]?.atMs ?? 0) - mail.storedAtMs - (scenario.patienceMs.get(mailbox) ?? Number.POSITIVE_INFINITY);
      if (lateMs > 0) this.#violation(`${mailbox} waited ${lateMs.toFixed(0)} ms longer for its turn than it may`);
      if (scenario.isCalm && (endings.length !== 1 || delivered !== 1 || mail.retries > 0))
        this.#violation(`${mailbox} should have been delivered at its first attempt`);
    }
  }

  #violation(claim: string): void {
    this.#situation.world.violation(claim);
  }
}
