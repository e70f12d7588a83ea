// What the engine says on each connection, step by step: nothing before the banner, one command at a time unless the
// receiver offers PIPELINING, content only behind a 354, QUIT before the end, and no end of ours before the receiver's.
// Keeps what was attempted for whom, so that a record of a failure can be traced to an attempt.
import type { WallMs } from '../core/base/moment.ts';
import { smtpPipelining } from '../core/config/options/session-options.ts';
import { SUSPENDED_WITHOUT_END } from '../core/config/suspension.ts';
import type { Mailbox } from '../core/mail/mailbox.ts';
import type { ConnectionCheck } from './check-connections.ts';
import type { MailCheck } from './check-mail.ts';
import type { InForce } from './in-force.ts';
import type { Link } from './link.ts';
import type { Situation } from './situation.ts';

/** One transaction as the engine wrote it. */
export interface Attempt {
  readonly link: Link;
  readonly mailboxes: Mailbox[];
  /** That its mail was queued for; empty as long as no recipient was named. */
  domain: string;
  /** Not the first on its connection. */
  readonly isOnReused: boolean;
  /** Written before the message before it was answered. */
  readonly isOverlapped: boolean;
  /** A reply to MAIL or to what follows it was read. */
  isAnswered: boolean;
  wroteContent: boolean;
  /** What was in force when it began. */
  readonly beganUnder: InForce;
  readonly beganAt: WallMs;
  /** Records that its recipients had when the content was written. */
  readonly recordsBefore: Map<Mailbox, number>;
}

type Step = 'EHLO' | 'HELO' | 'MAIL' | 'RCPT' | 'DATA' | 'RSET' | 'QUIT' | 'final';

interface Pending {
  readonly step: Step;
  readonly attempt: Attempt | null;
}

interface Talk {
  readonly link: Link;
  readonly openedUnder: InForce;
  hasBanner: boolean;
  offersPipelining: boolean;
  readonly pending: Pending[];
  /** 421 was read: what was under way is answered by it, and only QUIT may follow. */
  isDismissed: boolean;
  /** The attempt whose DATA was answered with 354. */
  mayWriteContent: Attempt | null;
  latest: Attempt | null;
  input: string;
  hasLostContent: boolean;
  quitAtMs: number | null;
}

const COMMAND = /^(EHLO|HELO|MAIL|RCPT|DATA|RSET|QUIT)(?: [\x20-\x7e\x80-\xff]{1,1000})?$/;

/** The shortest time after which the engine may lose patience: connect_timeout at its least, and how long it waits for FIN. */
const LEAST_PATIENCE_MS = 2990;
const QUIT_PATIENCE_MS = 4990;

export class ConversationCheck {
  readonly #situation: Situation;
  readonly #connections: ConnectionCheck;
  readonly #talks = new Map<Link, Talk>();
  readonly #attempts = new Map<Mailbox, Attempt>();
  readonly #recordsOf: (mailbox: Mailbox) => number | null;
  readonly #receivedAt: (mailbox: Mailbox) => number | null;
  readonly #placeOf: MailCheck['placeOf'];
  /** Whose connection ended in this step between the final dot and the reply to it. */
  #broken: Attempt[] = [];

  /**
   * @param recordsOf how many records tell of deliveries and failures to a mailbox, in this life; null if unknown
   * @param receivedAt when the mail for a mailbox was received, by the wall clock; null if unknown
   * @param placeOf where it is queued; null if unknown
   */
  constructor(
    situation: Situation,
    connections: ConnectionCheck,
    recordsOf: (mailbox: Mailbox) => number | null,
    receivedAt: (mailbox: Mailbox) => number | null,
    placeOf: MailCheck['placeOf'],
  ) {
    this.#placeOf = placeOf;
    this.#receivedAt = receivedAt;
    this.#situation = situation;
    this.#connections = connections;
    this.#recordsOf = recordsOf;
  }

  /** The latest transaction that named the mailbox, in this life of the process. */
  attemptFor(mailbox: Mailbox): Attempt | undefined {
    return this.#attempts.get(mailbox);
  }

  /** Links on which the engine neither has anything under way nor has said QUIT, and to which everything was answered. */
  *idle(): Generator<Link> {
    for (const { link, pending, hasBanner, latest, mayWriteContent } of this.#talks.values()) {
      if (hasBanner && pending.length === 0 && mayWriteContent === null && latest !== null && link.isOurMove)
        yield link;
    }
  }

  /** Whether a message was begun between the two of which nobody knows yet for whom it is, since no recipient was named. */
  hasUnnamed(binding: string, address: string): boolean {
    for (const { link, latest } of this.#talks.values())
      if (
        latest?.mailboxes.length === 0 &&
        !latest.isOverlapped &&
        link.target.address === address &&
        this.#situation.bindingOf(link.source) === binding
      )
        return true;
    return false;
  }

  /** Whether a transaction was begun on the link. */
  hasNamedMail(link: Link): boolean {
    return this.#talks.get(link)?.latest != null;
  }

  opening(link: Link): void {
    this.#talks.set(link, {
      link,
      openedUnder: this.#situation.force,
      hasBanner: false,
      offersPipelining: false,
      pending: [],
      isDismissed: false,
      mayWriteContent: null,
      latest: null,
      input: '',
      hasLostContent: false,
      quitAtMs: null,
    });
  }

  /** The process is gone, and what it knew with it. */
  died(): void {
    this.#talks.clear();
    this.#broken = [];
    this.#attempts.clear();
  }

  over(link: Link): void {
    for (const { step, attempt } of this.#talks.get(link)?.pending ?? [])
      if (step === 'final' && attempt !== null) this.#broken.push(attempt);
    this.#talks.delete(link);
  }

  /** After every step: a message that went out whole and was not answered was attempted, and is recorded so. */
  check(): void {
    if (this.#broken.length === 0) return;
    for (const { link, recordsBefore } of this.#broken) {
      for (const [mailbox, before] of recordsBefore)
        if (this.#recordsOf(mailbox) === before)
          this.#violation(`${link} broke with the message for ${mailbox}, without a record`);
    }
    this.#broken = [];
  }

  contentLost(link: Link): void {
    this.#of(link).hasLostContent = true;
  }

  /** @returns whether the receiver refused the connection as such, before any message was named */
  heard(link: Link, text: string): boolean {
    this.#connections.heard(link);
    const talk = this.#of(link);
    let isRefused = false;
    talk.input += text;
    for (let end = talk.input.indexOf('\r\n'); end >= 0; end = talk.input.indexOf('\r\n')) {
      const line = talk.input.slice(0, end);
      talk.input = talk.input.slice(end + 2);
      if (/^\d{3}(?: |$)/.test(line)) this.#replied(talk, Number(line.slice(0, 3)), line);
      else if (/^\d{3}-PIPELINING$/i.test(line) && talk.pending[0]?.step === 'EHLO') talk.offersPipelining = true;
      isRefused ||= talk.latest === null && /^[45]/.test(line);
    }
    return isRefused;
  }

  #replied(talk: Talk, code: number, line: string): void {
    if (code === 421) {
      talk.isDismissed = true;
      talk.pending.length = 0;
    }
    if (!talk.hasBanner) {
      talk.hasBanner = true;
      return;
    }
    const answered = talk.pending.shift();
    if (answered === undefined) return; // 421 out of the blue
    if (answered.attempt !== null) answered.attempt.isAnswered = true;
    if (answered.step === 'EHLO') talk.offersPipelining &&= code === 250;
    if (answered.step === 'EHLO' && code === 250 && /^250 PIPELINING$/i.test(line)) talk.offersPipelining = true;
    if (answered.step === 'DATA' && code === 354) talk.mayWriteContent = answered.attempt;
  }

  wrote(link: Link, text: string): void {
    const talk = this.#of(link);
    if (!talk.hasBanner) this.#violation(`${link} writes before the banner`);
    if (!text.endsWith('\r\n')) this.#violation(`${link} writes half a line, ${JSON.stringify(text)}`);
    for (const line of text.split('\r\n').slice(0, -1)) this.#command(talk, line);
  }

  #command(talk: Talk, line: string): void {
    const { link } = talk;
    if (line === '.') {
      if (talk.mayWriteContent === null) this.#violation(`${link} writes a lone dot where no 354 was read`);
      this.#ends(talk);
      return;
    }
    const step = COMMAND.exec(line)?.[1] as Step | undefined;
    if (step === undefined) {
      this.#violation(`${link} writes ${JSON.stringify(line)}`);
      return;
    }
    if (talk.quitAtMs !== null) this.#violation(`${link} writes ${line} behind QUIT`);
    if (talk.isDismissed && step !== 'QUIT') this.#violation(`${link} writes ${line} behind 421`);
    if (talk.mayWriteContent !== null) this.#violation(`${link} writes ${line} where content is due`);
    if (talk.pending.length > 0) this.#checkGrouping(talk, step, line);
    if (step === 'MAIL') {
      this.#connections.beginsMessage(link);
      talk.latest = {
        link,
        mailboxes: [],
        domain: '',
        isOnReused: talk.latest !== null,
        isOverlapped: talk.pending.some((pending) => pending.step === 'final'),
        isAnswered: false,
        wroteContent: false,
        beganUnder: this.#situation.force,
        beganAt: this.#situation.world.moment.wall,
        recordsBefore: new Map(),
      };
    } else if (step === 'RCPT') {
      const mailbox = /<(.*)>/.exec(line)?.[1] ?? '';
      talk.latest?.mailboxes.push(mailbox);
      if (talk.latest !== null) this.#attempts.set(mailbox, talk.latest);
      const place = this.#placeOf(mailbox);
      const domain = place?.domain ?? this.#situation.routingDomainOf(mailbox);
      this.#connections.learnDomain(link, domain);
      if (talk.latest !== null) {
        talk.latest.domain = domain;
        this.#checkHeld(talk.latest, mailbox);
        this.#checkPlace(talk.latest, mailbox, place?.binding ?? null);
        this.#checkRoutes(talk, talk.latest);
      }
    } else if (step === 'QUIT') {
      talk.quitAtMs = this.#situation.world.elapsedMs;
    }
    const isOfTransaction = step === 'MAIL' || step === 'RCPT' || step === 'DATA';
    talk.pending.push({ step, attempt: isOfTransaction ? talk.latest : null });
  }

  /** Mail that is held or disposed of, or whose binding is gone, is not begun; nor what is too old, where that is wanted. */
  #checkHeld({ link, domain, beganUnder, beganAt }: Attempt, mailbox: Mailbox): void {
    const terms = beganUnder.termsOf(this.#situation.bindingOf(link.source), domain);
    if (!terms.bindingExists) this.#violation(`${link} begins mail of a binding that is gone`);
    if (terms.suspendedUntil > beganAt) this.#violation(`${link} begins mail for ${mailbox}, which is suspended`);
    if (this.#situation.isQuiet(this.#situation.bindingOf(link.source), domain, beganAt))
      this.#violation(`${link} begins mail for ${mailbox} in its quiet hours`);
    if (terms.isBlackholed) this.#violation(`${link} begins mail for ${mailbox}, which is blackholed`);
    const receivedAt = this.#receivedAt(mailbox);
    if (terms.neverAttemptExpired && receivedAt !== null && beganAt >= receivedAt + terms.expirationMs)
      this.#violation(`${link} begins mail for ${mailbox}, which has expired`);
  }

  /** Mail is begun from the address of its binding, at a host that its domain leads to. */
  #checkPlace({ link, domain, beganUnder }: Attempt, mailbox: Mailbox, binding: string | null): void {
    if (binding !== null && binding !== this.#situation.bindingOf(link.source))
      this.#violation(`${link} begins mail for ${mailbox}, which is of ${binding}`);
    const plan = this.#situation.domains.get(domain);
    const hosts = plan === undefined ? [] : this.#situation.hostsOf(plan, beganUnder);
    if (!hosts.some(({ addresses }) => addresses.includes(link.target.address)))
      this.#violation(`${link} begins mail for ${mailbox}, which is queued for ${domain}`);
  }

  /** No mail is begun on a connection that was opened before the operator sent the mail another way. */
  #checkRoutes({ openedUnder }: Talk, { link, domain, beganUnder }: Attempt): void {
    if (this.#situation.domainOf(link.target.address) === null) return; // it may have come from a sibling since
    if (this.#situation.routesOf(domain, beganUnder) !== this.#situation.routesOf(domain, openedUnder))
      this.#violation(`${link} begins mail for ${domain}, but was opened when that had other routes`);
  }

  /** Whether the mail that the link has carried would not be begun now. */
  isHeld(link: Link): boolean {
    const domain = this.#talks.get(link)?.latest?.domain ?? '';
    if (domain === '') return false;
    const { force, world } = this.#situation;
    const binding = this.#situation.bindingOf(link.source);
    const { bindingExists, suspendedUntil } = force.termsOf(binding, domain);
    if (!bindingExists || suspendedUntil === SUSPENDED_WITHOUT_END) return true;
    return suspendedUntil > world.moment.wall && !this.#situation.isWallClockNews;
  }

  /** Several commands under way: only where the receiver offers PIPELINING and the configuration lets us use it. */
  #checkGrouping(talk: Talk, step: Step, line: string): void {
    const { link, pending } = talk;
    const subject = {
      binding: this.#situation.bindingOf(link.source),
      domain: talk.latest?.domain ?? '',
    };
    const mode = this.#situation.configuration.value(smtpPipelining, subject);
    const steps = pending.map((one) => one.step).join(' ');
    if (!talk.offersPipelining)
      this.#violation(`${link} writes ${line} before ${steps} is answered, without PIPELINING`);
    else if (mode === 'no')
      this.#violation(`${link} writes ${line} before ${steps} is answered, with smtp_pipelining = no`);
    else if (mode === 'envelope' && pending.some((one) => one.step === 'final'))
      this.#violation(`${link} overlaps, with smtp_pipelining = envelope`);
    else if (step === 'EHLO' || step === 'HELO' || pending.some((one) => one.step === 'EHLO' || one.step === 'DATA'))
      this.#violation(`${link} writes ${line} behind ${steps}, which must come last in a group`);
  }

  wroteContent(link: Link): void {
    const talk = this.#of(link);
    if (talk.mayWriteContent === null) this.#violation(`${link} writes content where no 354 was read`);
    else {
      const attempt = talk.mayWriteContent;
      attempt.wroteContent = true;
      for (const mailbox of attempt.mailboxes) {
        const records = this.#recordsOf(mailbox);
        if (records !== null) attempt.recordsBefore.set(mailbox, records);
      }
    }
    this.#ends(talk);
  }

  #ends(talk: Talk): void {
    talk.pending.push({ step: 'final', attempt: talk.mayWriteContent });
    talk.mayWriteContent = null;
  }

  /** The engine reset the connection. */
  gaveUp(link: Link): void {
    const talk = this.#of(link);
    if (!talk.hasBanner) this.#connections.failed(link);
    const now = this.#situation.world.elapsedMs;
    const waitedMs = now - link.lastActivityMs;
    const hasCause =
      link.peerMisbehaved ||
      talk.hasLostContent ||
      this.#isRoutedAnew(talk) ||
      (talk.quitAtMs !== null && now - talk.quitAtMs >= QUIT_PATIENCE_MS) ||
      waitedMs >= LEAST_PATIENCE_MS;
    if (!hasCause) this.#violation(`${link} is reset, but the receiver did nothing wrong`);
  }

  /** Nobody has answered yet, and the operator has said since that the mail goes elsewhere (docs/delivery.md). */
  #isRoutedAnew({ link, openedUnder }: Talk): boolean {
    const domain = this.#situation.domainOf(link.target.address);
    if (!link.isConnecting || domain === null) return false;
    return this.#situation.routesOf(domain) !== this.#situation.routesOf(domain, openedUnder);
  }

  /** The engine sent its FIN. */
  finished(link: Link): void {
    if (link.isSeen) this.#violation(`${link} is closed by us before the receiver closed it`);
  }

  #of(link: Link): Talk {
    const talk = this.#talks.get(link);
    if (talk === undefined) throw new Error(`${link} talks after its end`);
    return talk;
  }

  #violation(claim: string): void {
    this.#situation.world.violation(claim);
  }
}
