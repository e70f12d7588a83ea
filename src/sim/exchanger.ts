// A mail exchanger: an SMTP server whose manners and moods are drawn from the seed. It answers one command at a time,
// also when they come together, and may answer anything at any stage: refusals, 421, a hang-up, a reset, nonsense, or
// nothing ever again. What it accepted and whether its reply to that reached us goes to an observer.
import type { Random } from '../core/base/random.ts';
import type { Mailbox } from '../core/mail/mailbox.ts';
import type { Link, Listener, PeerEnd, PeerEvents, SynAnswer } from './link.ts';
import { between, happens, pick, type World } from './world.ts';

type Range = readonly [low: number, high: number];

/** How an exchanger behaves. Chances are per reply unless said otherwise; delays are in milliseconds. */
export interface Manners {
  readonly latencyMs: Range;
  readonly bannerDelayMs: Range;
  readonly replyDelayMs: Range;
  readonly finalDelayMs: Range;
  readonly pipelining: boolean;
  readonly eightBit: boolean;
  /** Answers EHLO with 502; HELO works. */
  readonly knowsOnlyHelo: boolean;
  /** Per SYN. */
  readonly refusesConnection: number;
  /** Per SYN: no answer at all. */
  readonly ignoresConnection: number;
  /** 4yz in place of a success. */
  readonly transient: number;
  /** 5yz in place of a success. */
  readonly permanent: number;
  /** 421, then FIN. */
  readonly goodbye: number;
  /** FIN in place of the reply. */
  readonly hangUp: number;
  /** RST in place of the reply. */
  readonly reset: number;
  /** No reply now or later. */
  readonly silence: number;
  /** A reply that breaks the protocol. */
  readonly nonsense: number;
  /** Takes the message and loses the connection before the reply to the final dot is out. */
  readonly losesFinalReply: number;
  /** Whether DATA is answered with 354 although every recipient was refused (RFC 2920 section 3.1 allows it). */
  readonly dataWithoutRecipients: boolean;
  /** Messages taken on one connection; then 421 to the next MAIL, or FIN. */
  readonly messagesPerConnection: number;
  readonly hangsUpAfterLastMessage: boolean;
  /** Closes a connection on which nothing came for that long. */
  readonly idleCloseMs: number;
  /** Connections beyond that get 421 in place of a banner. */
  readonly connectionLimit: number;
  /** Per QUIT: 221 and FIN is what is left over. */
  readonly quitWithoutReply: number;
  readonly quitWithoutFin: number;
}

/** What an exchanger says, so that a record that quotes a reply can be traced to whom it concerned. */
export interface GivenReply {
  readonly code: number;
  readonly link: Link;
  /** The recipients the reply is about; null when it is about the connection or a transaction before its recipients. */
  readonly mailboxes: readonly Mailbox[] | null;
}

export interface Arrival {
  readonly link: Link;
  readonly mailbox: Mailbox;
  readonly content: string;
  /** The reply to the final dot reached the engine. */
  acknowledged: boolean;
}

export interface ExchangerObserver {
  arrived(arrival: Arrival): void;
  /** A forward-path was named on a connection, whatever the answer. */
  recipientNamed(link: Link, mailbox: Mailbox): void;
  /** The reply to the final dot was handed to the engine. */
  acknowledged(arrival: Arrival): void;
  /** @returns the number that the reply's text carries */
  replies(reply: GivenReply): number;
  /** The client broke the protocol. */
  offended(link: Link, claim: string): void;
}

export class Exchanger implements Listener {
  readonly manners: Manners;
  readonly world: World;
  readonly random: Random;
  readonly observer: ExchangerObserver;
  /** Shut for maintenance: refuses every connection. */
  isDown = false;
  #sessions = 0;

  constructor(world: World, address: string, manners: Manners, observer: ExchangerObserver) {
    this.world = world;
    this.random = world.random.stream(`exchanger ${address}`);
    this.manners = manners;
    this.observer = observer;
  }

  get latencyMs(): Range {
    return this.manners.latencyMs;
  }

  answer(): SynAnswer {
    if (this.isDown || happens(this.random, this.manners.refusesConnection)) return 'refuse';
    return happens(this.random, this.manners.ignoresConnection) ? 'ignore' : 'accept';
  }

  accept(end: PeerEnd): PeerEvents {
    this.#sessions++;
    return new ExchangerSession(this, end, this.#sessions > this.manners.connectionLimit, () => this.#sessions--);
  }
}

type Phase = 'start' | 'greeted' | 'mail' | 'data' | 'over';

/** What follows a reply. */
type Afterwards = 'go on' | 'hang up';

class ExchangerSession implements PeerEvents {
  readonly #exchanger: Exchanger;
  readonly #manners: Manners;
  readonly #random: Random;
  readonly #end: PeerEnd;
  readonly #left: () => void;
  #phase: Phase = 'start';
  #input = '';
  #isThinking = true;
  #isSilent = false;
  #accepted: Mailbox[] = [];
  #named: Mailbox[] = [];
  #messages = 0;
  #lastInputMs: number;

  constructor(exchanger: Exchanger, end: PeerEnd, isOneTooMany: boolean, left: () => void) {
    this.#exchanger = exchanger;
    this.#manners = exchanger.manners;
    this.#random = exchanger.random;
    this.#end = end;
    this.#left = left;
    this.#lastInputMs = exchanger.world.elapsedMs;
    if (isOneTooMany) this.#answer(this.#manners.bannerDelayMs, 421, 'too many connections', null, 'hang up');
    else this.#answerOrFail(this.#manners.bannerDelayMs, 220, 'ready', null);
    this.#watchIdleness();
  }

  get owesNothing(): boolean {
    return this.#phase !== 'over' && !this.#isThinking && !this.#isSilent && this.#input === '';
  }

  received(text: string): void {
    this.#lastInputMs = this.#exchanger.world.elapsedMs;
    this.#input += text;
    this.#readOn();
  }

  ended(): void {
    this.#leave();
  }

  broken(): void {
    this.#leave();
  }

  #readOn(): void {
    while (!this.#isThinking && this.#phase !== 'over') {
      if (this.#phase === 'data') {
        if (!this.#readMessage()) return;
        continue;
      }
      const end = this.#input.indexOf('\r\n');
      if (end < 0) return;
      const line = this.#input.slice(0, end);
      this.#input = this.#input.slice(end + 2);
      this.#exchanger.world.note(() => `${this.#end.link} C: ${line}`);
      this.#command(line);
    }
  }

  #command(line: string): void {
    const manners = this.#manners;
    const verb = line.slice(0, 4).toUpperCase();
    switch (verb) {
      case 'EHLO':
        if (manners.knowsOnlyHelo) this.#answer(manners.replyDelayMs, 502, 'what', null);
        else this.#answerOrFail(manners.replyDelayMs, 250, this.#extensions(), null, () => this.#greeted());
        return;
      case 'HELO':
        this.#answerOrFail(manners.replyDelayMs, 250, 'hello', null, () => this.#greeted());
        return;
      case 'MAIL':
        this.#mail();
        return;
      case 'RCPT':
        this.#rcpt(line);
        return;
      case 'DATA':
        this.#data();
        return;
      case 'RSET':
        this.#answerOrFail(manners.replyDelayMs, 250, 'forgotten', null, () => this.#greeted());
        return;
      case 'QUIT':
        this.#quit();
        return;
      default:
        this.#exchanger.observer.offended(this.#end.link, `unknown command ${JSON.stringify(line.slice(0, 60))}`);
        this.#answer(manners.replyDelayMs, 500, 'what', null);
    }
  }

  #extensions(): string {
    const names = ['hello', 'ENHANCEDSTATUSCODES', 'SIZE 10000000'];
    if (this.#manners.pipelining) names.push('PIPELINING');
    if (this.#manners.eightBit) names.push('8BITMIME');
    return names.join('\n');
  }

  #greeted(): void {
    this.#phase = 'greeted';
    this.#accepted = [];
    this.#named = [];
  }

  #mail(): void {
    if (this.#phase !== 'greeted') {
      this.#exchanger.observer.offended(this.#end.link, `MAIL while ${this.#phase}`);
      this.#answer(this.#manners.replyDelayMs, 503, 'nested MAIL', null);
      return;
    }
    if (this.#messages >= this.#manners.messagesPerConnection) {
      this.#answer(this.#manners.replyDelayMs, 421, 'enough for one connection', null, 'hang up');
      return;
    }
    this.#answerOrFail(this.#manners.replyDelayMs, 250, 'sender ok', null, () => {
      this.#phase = 'mail';
    });
  }

  #rcpt(line: string): void {
    const mailbox = /<(.*)>/.exec(line)?.[1] ?? '';
    this.#exchanger.observer.recipientNamed(this.#end.link, mailbox);
    if (this.#phase !== 'mail') {
      this.#answer(this.#manners.replyDelayMs, 503, 'need MAIL first', [mailbox]);
      return;
    }
    this.#named.push(mailbox);
    this.#answerOrFail(
      this.#manners.replyDelayMs,
      pick(this.#random, [250, 250, 250, 251]),
      'recipient ok',
      [mailbox],
      () => {
        this.#accepted.push(mailbox);
      },
    );
  }

  #data(): void {
    const { replyDelayMs, dataWithoutRecipients } = this.#manners;
    if (this.#phase !== 'mail') this.#answer(replyDelayMs, 503, 'need MAIL first', null);
    else if (this.#accepted.length === 0 && !(dataWithoutRecipients && this.#named.length > 0))
      this.#answer(replyDelayMs, this.#random.below(2) === 0 ? 554 : 503, 'no valid recipients', null);
    else
      this.#answerOrFail(replyDelayMs, 354, 'go ahead', this.#accepted, () => {
        this.#phase = 'data';
      });
  }

  /** Whether the message was complete. */
  #readMessage(): boolean {
    let end = 0;
    if (!this.#input.startsWith('.\r\n')) {
      end = this.#input.indexOf('\r\n.\r\n') + 2;
      if (end < 2) return false;
    }
    const content = this.#input.slice(0, end);
    this.#input = this.#input.slice(end + 3);
    const mailboxes = this.#accepted;
    this.#exchanger.world.note(
      () => `${this.#end.link} C: message of ${content.length} octets for ${mailboxes.join(' ')}`,
    );
    this.#greeted();
    if (mailboxes.length === 0) {
      if (content !== '')
        this.#exchanger.observer.offended(this.#end.link, 'a message without a recipient is not empty');
      this.#answer(this.#manners.finalDelayMs, 554, 'no valid recipients', null);
      return true;
    }
    this.#messages++;
    const arrivals = (): Arrival[] =>
      mailboxes.map((mailbox) => ({ link: this.#end.link, mailbox, content, acknowledged: false }));
    if (happens(this.#random, this.#manners.losesFinalReply)) {
      this.#later(this.#manners.finalDelayMs, () => {
        for (const arrival of arrivals()) this.#exchanger.observer.arrived(arrival);
        this.#loseConnection();
      });
      return true;
    }
    const isLast = this.#messages >= this.#manners.messagesPerConnection && this.#manners.hangsUpAfterLastMessage;
    let taken: Arrival[] = [];
    this.#answerOrFail(
      this.#manners.finalDelayMs,
      250,
      'taken',
      mailboxes,
      () => {
        taken = arrivals();
        for (const arrival of taken) this.#exchanger.observer.arrived(arrival);
      },
      isLast ? 'hang up' : 'go on',
      () => {
        for (const arrival of taken) {
          arrival.acknowledged = true;
          this.#exchanger.observer.acknowledged(arrival);
        }
      },
    );
    return true;
  }

  #quit(): void {
    const link = this.#end.link;
    if (happens(this.#random, this.#manners.quitWithoutReply)) {
      this.#later(this.#manners.replyDelayMs, () => this.#loseConnection());
    } else if (happens(this.#random, this.#manners.quitWithoutFin)) {
      link.peerMisbehaved = true;
      this.#answer(this.#manners.replyDelayMs, 221, 'bye', null);
    } else {
      this.#answer(this.#manners.replyDelayMs, 221, 'bye', null, 'hang up');
    }
  }

  /** The hoped-for reply, or whatever the mood of the moment makes of it. `succeed` runs when it is the former. */
  #answerOrFail(
    delay: Range,
    code: number,
    text: string,
    mailboxes: readonly Mailbox[] | null,
    succeed: () => void = () => {},
    afterwards: Afterwards = 'go on',
    delivered?: () => void,
  ): void {
    const manners = this.#manners;
    let draw = this.#random.next();
    const drawn = (chance: number): boolean => {
      draw -= chance;
      return draw < 0;
    };
    if (drawn(manners.transient))
      this.#answer(delay, pick(this.#random, [421 + 29, 451, 452, 454]), 'try later', mailboxes);
    else if (drawn(manners.permanent))
      this.#answer(delay, pick(this.#random, [550, 552, 554, 571]), 'never', mailboxes);
    else if (drawn(manners.goodbye)) this.#answer(delay, 421, 'going down', mailboxes, 'hang up');
    else if (drawn(manners.hangUp)) this.#later(delay, () => this.#hangUp());
    else if (drawn(manners.reset)) this.#later(delay, () => this.#breakOff());
    else if (drawn(manners.silence)) this.#fallSilent();
    else if (drawn(manners.nonsense)) this.#talkNonsense(delay, code);
    else this.#answer(delay, code, text, mailboxes, afterwards, succeed, delivered);
  }

  #answer(
    delay: Range,
    code: number,
    text: string,
    mailboxes: readonly Mailbox[] | null,
    afterwards: Afterwards = 'go on',
    beforeReply?: () => void,
    delivered?: () => void,
  ): void {
    this.#later(delay, () => {
      beforeReply?.();
      const number = this.#exchanger.observer.replies({ code, link: this.#end.link, mailboxes });
      const lines = text.split('\n');
      const isLong = lines.length === 1 && happens(this.#random, 0.1);
      if (isLong) lines.unshift('well,', 'let us see');
      if (code >= 400) lines[0] = `${Math.floor(code / 100)}.0.0 ${lines[0]} (#${number})`;
      const reply = lines.map((line, index) => `${code}${index < lines.length - 1 ? '-' : ' '}${line}\r\n`).join('');
      this.#exchanger.world.note(() => `${this.#end.link} S: ${reply.trimEnd()}`);
      this.#end.write(reply, delivered);
      if (afterwards === 'hang up') this.#hangUp();
    });
  }

  #later(delay: Range, act: () => void): void {
    this.#isThinking = true;
    this.#exchanger.world.after(between(this.#random, delay[0], delay[1]), () => {
      if (this.#phase === 'over') return;
      this.#isThinking = false;
      act();
      this.#readOn();
    });
  }

  #talkNonsense(delay: Range, code: number): void {
    this.#end.link.peerMisbehaved = true;
    this.#later(delay, () => {
      const nonsense = pick(this.#random, [
        `${code}-one\r\n${code + 1} two\r\n`,
        'hello?\r\n',
        '99 bottles\r\n',
        `\u0000\u00ff\r\n`,
      ]);
      this.#exchanger.world.note(() => `${this.#end.link} S: ${JSON.stringify(nonsense)}`);
      this.#end.write(nonsense);
    });
  }

  #fallSilent(): void {
    this.#exchanger.world.note(() => `${this.#end.link} the exchanger falls silent`);
    this.#end.link.peerMisbehaved = true;
    this.#isSilent = true;
    this.#isThinking = true;
  }

  #loseConnection(): void {
    if (this.#random.below(2) === 0) this.#hangUp();
    else this.#breakOff();
  }

  // The count goes down before the connection is closed: nobody may see one more than there is.
  #hangUp(): void {
    this.#leave();
    this.#end.end();
  }

  #breakOff(): void {
    this.#leave();
    this.#end.reset();
  }

  #leave(): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#left();
  }

  #watchIdleness(): void {
    const { idleCloseMs } = this.#manners;
    if (idleCloseMs === Number.POSITIVE_INFINITY) return;
    const wait = Math.max(1, this.#lastInputMs + idleCloseMs - this.#exchanger.world.elapsedMs);
    this.#exchanger.world.after(wait, () => {
      if (this.#phase === 'over') return;
      const idleMs = this.#exchanger.world.elapsedMs - this.#lastInputMs;
      if (idleMs >= idleCloseMs && !this.#isThinking && this.#phase === 'greeted') {
        if (this.#random.below(2) === 0) this.#answer([0, 0], 421, 'idle for too long', null, 'hang up');
        else this.#hangUp();
      } else this.#watchIdleness();
    });
  }
}
