// A client that hands mail in: the InboundConnection port on our server's side, and an SMTP client at the other end of
// it. What got 250 for its final dot is acknowledged mail, and from then on the server's to lose. The client is honest
// about the protocol, but it may send its commands in groups, send content the server must refuse, or vanish anywhere.
import type { MonoMs } from '../core/base/moment.ts';
import type { Random } from '../core/base/random.ts';
import type { Mailbox, ReversePath } from '../core/mail/mailbox.ts';
import type { DataOutcome, DataRules, InboundConnection, InboundEvents } from '../engine/ports.ts';
import type { Fuse } from './fuse.ts';
import { between, type World } from './world.ts';

/** One message to hand in. Mailboxes are used once in a run, so that one names its transaction. */
export interface TransactionPlan {
  readonly reversePath: ReversePath;
  readonly recipients: readonly Mailbox[];
  /** Header fields, complete lines, without Binding_Header. */
  readonly headerSection: string;
  /** Value of the X-Binding field, or null for none. */
  readonly binding: string | null;
  /** In wire form: dot-stuffed, final dot included. */
  readonly body: string;
  /** What the shell would make of the content, when it refuses it. */
  readonly refusal: 'loneLineEnd' | 'nul' | 'headerTooLarge' | null;
}

export interface SessionPlan {
  readonly atMs: number;
  /** Place of the listener among those of the configuration. */
  readonly listener: number;
  readonly transactions: readonly TransactionPlan[];
  /** Sends envelopes without waiting for answers, and the next one with the end of a message. */
  readonly pipelines: boolean;
  /** Vanishes after so many commands and contents. */
  readonly vanishesAfter: number | null;
  readonly latencyMs: number;
}

export interface ClientObserver {
  /** The content was handed to the engine. */
  offered(transaction: TransactionPlan, accepted: readonly Mailbox[]): void;
  /** The engine answered the final dot with 250, whether or not that ever arrives. */
  accepting(transaction: TransactionPlan, accepted: readonly Mailbox[]): void;
  /** The client read that 250. */
  acknowledged(transaction: TransactionPlan, accepted: readonly Mailbox[]): void;
  /** The client read a refusal of a recipient. */
  refused(mailbox: Mailbox, text: string): void;
  /** The server broke the protocol. */
  offended(claim: string): void;
}

export interface ClientReply {
  readonly code: number;
  readonly text: string;
}

type Item = { readonly kind: 'line'; readonly text: string } | ContentItem;

interface ContentItem {
  readonly kind: 'content';
  readonly transaction: TransactionPlan;
  readonly accepted: readonly Mailbox[];
}

/** What the client says next, and how many replies it then waits for. */
interface Utterance {
  readonly items: readonly Item[];
  readonly replies: number;
}

const line = (text: string): Item => ({ kind: 'line', text });

/** Longest time that the shell lets an event wait behind another of the same connection. */
const EVENT_DELAY_MS = 2;

export class Client {
  readonly connection: SimulatedInbound;
  readonly #plan: SessionPlan;
  readonly #observer: ClientObserver;
  readonly #talk: Generator<Utterance, void, readonly ClientReply[]>;
  #awaited = 0;
  #replies: ClientReply[] = [];
  #input = '';
  #replyLines: string[] = [];
  #sent = 0;
  #isOver = false;

  /** @param id names the connection to the engine */
  constructor(world: World, fuse: Fuse, id: number, plan: SessionPlan, observer: ClientObserver) {
    this.#plan = plan;
    this.#observer = observer;
    this.connection = new SimulatedInbound(world, fuse, id, plan.latencyMs, observer, {
      received: (text) => this.#received(text),
      ended: () => this.#end(),
    });
    this.#talk = this.#conversation();
    this.#advance([]);
  }

  /** Nothing more comes from here: done, vanished, or let down by the server. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Calls `closed` when the server has been told of the end, unless its process is gone before. */
  whenClosed(closed: () => void): void {
    this.connection.closed = closed;
  }

  /** The server's process is gone. */
  lose(): void {
    this.#isOver = true;
    this.connection.abandon();
  }

  *#conversation(): Generator<Utterance, void, readonly ClientReply[]> {
    const [banner] = yield { items: [], replies: 1 };
    if (banner?.code !== 220) return;
    const [hello] = yield { items: [line('EHLO client.example')], replies: 1 };
    if (hello?.code !== 250) return;
    if (this.#plan.pipelines) yield* this.#pipelined();
    else yield* this.#lockStep();
    yield { items: [line('QUIT')], replies: 1 };
  }

  *#lockStep(): Generator<Utterance, void, readonly ClientReply[]> {
    for (const transaction of this.#plan.transactions) {
      const [mail] = yield { items: [mailLine(transaction)], replies: 1 };
      if (mail?.code !== 250) continue;
      const accepted: Mailbox[] = [];
      for (const mailbox of transaction.recipients) {
        const [rcpt] = yield { items: [rcptLine(mailbox)], replies: 1 };
        if (isPositive(rcpt)) accepted.push(mailbox);
        else if (rcpt !== undefined) this.#observer.refused(mailbox, rcpt.text);
      }
      const [data] = accepted.length === 0 ? [] : yield { items: [line('DATA')], replies: 1 };
      if (data?.code !== 354) {
        yield { items: [line('RSET')], replies: 1 };
        continue;
      }
      const [final] = yield { items: [{ kind: 'content', transaction, accepted }], replies: 1 };
      this.#answered(transaction, accepted, final);
    }
  }

  *#pipelined(): Generator<Utterance, void, readonly ClientReply[]> {
    let before: ContentItem | null = null;
    for (const transaction of this.#plan.transactions) {
      const envelope = [mailLine(transaction), ...transaction.recipients.map(rcptLine), line('DATA')];
      const items: Item[] = before === null ? envelope : [before, ...envelope];
      const answers: ClientReply[] = [...(yield { items, replies: items.length })];
      if (before !== null) this.#answered(before.transaction, before.accepted, answers.shift());
      before = null;
      const accepted = transaction.recipients.filter((_, index) => isPositive(answers[index + 1]));
      transaction.recipients.forEach((mailbox, index) => {
        const rcpt = answers[index + 1];
        if (rcpt !== undefined && !isPositive(rcpt) && isPositive(answers[0]))
          this.#observer.refused(mailbox, rcpt.text);
      });
      if (answers.at(-1)?.code === 354) before = { kind: 'content', transaction, accepted };
      else if (isPositive(answers[0])) yield { items: [line('RSET')], replies: 1 };
    }
    if (before === null) return;
    const [final] = yield { items: [before], replies: 1 };
    this.#answered(before.transaction, before.accepted, final);
  }

  #answered(transaction: TransactionPlan, accepted: readonly Mailbox[], reply: ClientReply | undefined): void {
    if (reply?.code === 250) this.#observer.acknowledged(transaction, accepted);
  }

  #advance(replies: readonly ClientReply[]): void {
    const next = this.#talk.next(replies);
    if (next.done) {
      this.#end();
      return;
    }
    this.#awaited = next.value.replies;
    for (const item of next.value.items) {
      if (this.#sent === this.#plan.vanishesAfter) {
        this.#isOver = true;
        this.connection.breakOff();
        return;
      }
      this.#sent++;
      this.connection.arrive(item);
    }
  }

  #received(text: string): void {
    if (this.#isOver) return;
    this.#input += text;
    for (let end = this.#input.indexOf('\r\n'); end >= 0; end = this.#input.indexOf('\r\n')) {
      this.#readLine(this.#input.slice(0, end));
      this.#input = this.#input.slice(end + 2);
    }
  }

  #readLine(text: string): void {
    const [, code, separator, rest = ''] = /^([2-5]\d\d)([ -])(.*)$/.exec(text) ?? [];
    if (code === undefined) {
      this.#observer.offended(`the server answers ${JSON.stringify(text)}`);
      return;
    }
    this.#replyLines.push(rest);
    if (separator === '-') return;
    const reply = { code: Number(code), text: this.#replyLines.join('\n') };
    this.#replyLines = [];
    if (reply.code === 421) {
      this.#isOver = true; // the server closes now
      return;
    }
    if (this.#awaited === 0) {
      this.#observer.offended(`the server answers ${reply.code} to nothing`);
      return;
    }
    this.#replies.push(reply);
    if (this.#replies.length < this.#awaited) return;
    const replies = this.#replies;
    this.#replies = [];
    this.#awaited = 0;
    this.#advance(replies);
  }

  #end(): void {
    this.#isOver = true;
    this.connection.breakOff();
  }
}

const isPositive = (reply: ClientReply | undefined): boolean => reply !== undefined && reply.code < 300;
const mailLine = ({ reversePath }: TransactionPlan): Item => line(`MAIL FROM:<${reversePath ?? ''}>`);
const rcptLine = (mailbox: Mailbox): Item => line(`RCPT TO:<${mailbox}>`);

/** What stands behind DATA, as the shell hands it in. */
function outcomeOf({ transaction }: ContentItem, rules: DataRules): DataOutcome {
  const { body, refusal } = transaction;
  const binding = transaction.binding === null ? '' : `X-Binding: ${transaction.binding}\r\n`;
  const headerSection = binding + transaction.headerSection;
  // Dot-stuffing and the final dot are not part of the message.
  const size = headerSection.length + 2 + body.replace(/(^|\r\n)\.\./g, '$1.').length - '.\r\n'.length;
  if (rules.maxSize > 0 && size > rules.maxSize) return { kind: 'refused', rule: 'tooLarge' };
  if (refusal === 'loneLineEnd' && rules.loneLineEnds === 'fix') {
    return { kind: 'content', content: { headerSection, body: [Buffer.from(body, 'latin1')] }, size };
  }
  if (refusal !== null) return { kind: 'refused', rule: refusal };
  return { kind: 'content', content: { headerSection, body: chunksOf(body) }, size };
}

/** Bodies come in chunks of any size. */
function chunksOf(body: string): Uint8Array[] {
  const half = body.length >> 1;
  return [body.slice(0, half), body.slice(half)]
    .filter((part) => part !== '')
    .map((part) => Buffer.from(part, 'latin1'));
}

interface Peer {
  received(text: string): void;
  /** The server's FIN, or the end of the connection. */
  ended(): void;
}

/** The server's end of an inbound connection: one event at a time, each in a turn of its own. */
export class SimulatedInbound implements InboundConnection {
  readonly id: number;
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort: number;
  readonly localAddress = '127.0.0.1';
  readonly localPort = 25;
  lastActivityAt: MonoMs;
  closed: () => void = () => {};
  readonly #world: World;
  readonly #random: Random;
  readonly #fuse: Fuse;
  readonly #latencyMs: number;
  readonly #observer: ClientObserver;
  readonly #peer: Peer;
  #events: InboundEvents | null = null;
  #inbox: Item[] = [];
  #isPumping = false;
  #state: 'commands' | 'data' | 'held' | 'closing' | 'closed' = 'commands';
  #rules: DataRules | null = null;
  /** The content whose answer the engine owes. */
  #unanswered: ContentItem | null = null;
  #outbox = '';
  #toClientAt = 0;

  constructor(world: World, fuse: Fuse, id: number, latencyMs: number, observer: ClientObserver, peer: Peer) {
    this.#world = world;
    this.#random = world.random.stream(`inbound ${id}`);
    this.#fuse = fuse;
    this.id = id;
    this.remotePort = 1024 + (id % 60_000);
    this.#latencyMs = latencyMs;
    this.#observer = observer;
    this.#peer = peer;
    this.lastActivityAt = world.mono;
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** The engine accepted: its answer to the connection. */
  attach(events: InboundEvents): void {
    this.#events = events;
    this.#pump();
  }

  // ---- the client's side

  arrive(item: Item): void {
    this.#inbox.push(item);
    this.#pump();
  }

  /** The client is gone; the server hears of it a little later. What it sent before still arrives, or not. */
  breakOff(): void {
    if (this.#state === 'closed') return;
    if (this.#random.below(2) === 0) this.#inbox = [];
    this.#world.after(this.#latencyMs, () => this.#tellClosed());
  }

  /** The server's process died. */
  abandon(): void {
    this.#state = 'closed';
    this.#events = null;
    this.#inbox = [];
  }

  #pump(): void {
    if (this.#isPumping || this.#events === null || this.#inbox.length === 0) return;
    if (this.#state !== 'commands' && this.#state !== 'data') return;
    this.#isPumping = true;
    this.#world.after(between(this.#random, 0, EVENT_DELAY_MS), () => {
      this.#isPumping = false;
      if (this.#events === null || (this.#state !== 'commands' && this.#state !== 'data')) return;
      const item = this.#inbox.shift();
      if (item === undefined) return;
      this.lastActivityAt = this.#world.mono;
      this.#deliver(item, this.#events);
      this.#pump();
    });
  }

  #deliver(item: Item, events: InboundEvents): void {
    if (item.kind === 'line') {
      if (this.#state === 'data') this.#observer.offended(`DATA is read where ${item.text} comes`);
      this.#world.note(() => `in ${this.id} C: ${item.text}`);
      events.line(item.text);
      return;
    }
    if (this.#state !== 'data' || this.#rules === null) {
      this.#observer.offended('content comes, but the server reads commands');
      return;
    }
    this.#state = 'held';
    const outcome = outcomeOf(item, this.#rules);
    this.#world.note(() => `in ${this.id} C: message for ${item.accepted.join(' ')}, ${outcome.kind}`);
    if (outcome.kind === 'content') this.#observer.offered(item.transaction, item.accepted);
    this.#unanswered = outcome.kind === 'content' ? item : null;
    events.data(outcome);
  }

  #tellClosed(): void {
    const events = this.#events;
    if (this.#state === 'closed' || events === null) return;
    this.#state = 'closed';
    this.#events = null;
    this.#world.note(() => `in ${this.id} closed`);
    this.closed();
    events.closed();
  }

  // ---- the engine's side

  reply(text: string): void {
    this.#fuse.burn();
    if (this.#state === 'closed') return;
    if (!text.endsWith('\r\n')) this.#observer.offended(`the server answers half a line, ${JSON.stringify(text)}`);
    const item = this.#unanswered;
    this.#unanswered = null;
    if (item !== null && /^250[ -]/.test(text)) this.#observer.accepting(item.transaction, item.accepted);
    this.#world.note(() => `in ${this.id} S: ${text.trimEnd()}`);
    this.#outbox += text;
    this.#send(() => {
      const arrived = this.#outbox;
      this.#outbox = '';
      if (arrived !== '') this.#peer.received(arrived);
    });
  }

  readData(rules: DataRules): void {
    this.#fuse.burn();
    if (this.#state === 'closed') return;
    if (this.#state !== 'commands') this.#observer.offended(`readData while ${this.#state}`);
    this.#state = 'data';
    this.#rules = rules;
    this.#pump();
  }

  proceed(): void {
    this.#fuse.burn();
    if (this.#state === 'closed' || this.#state === 'closing') return;
    if (this.#state !== 'held') this.#observer.offended(`proceed while ${this.#state}`);
    this.#state = 'commands';
    this.#pump();
  }

  close(): void {
    this.#fuse.burn();
    if (this.#state === 'closed' || this.#state === 'closing') return;
    this.#state = 'closing';
    this.#send(() => this.#peer.ended());
    this.#world.after(this.#latencyMs * 2 + 1, () => this.#tellClosed());
  }

  #send(arrive: () => void): void {
    const soonest = this.#world.elapsedMs + this.#latencyMs;
    this.#toClientAt = Math.max(this.#toClientAt + 1e-6, soonest);
    this.#world.after(this.#toClientAt - this.#world.elapsedMs, arrive);
  }
}
