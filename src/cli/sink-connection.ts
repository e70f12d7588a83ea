// One connection of a test receiver: reads commands and messages out of chunks, answers as its address behaves. All
// replies to a chunk go out in one write. Commands that come while a reply is delayed wait for it.
import type { Socket } from 'node:net';
import type { Random } from '../core/base/random.ts';
import { drawBreak, drawRefusal, drawSpan, type SinkBehaviour, type SinkStage } from './sink-behaviour.ts';
import type { CountedConnection } from './sink-counts.ts';
import { type Kept, MessageData } from './sink-message-data.ts';
import { encrypt, protocolOf } from './sink-tls.ts';

/** A message as the sink took it. */
export interface TakenMessage {
  readonly source: string;
  readonly destination: string;
  /** Empty for `<>`. */
  readonly reversePath: string;
  /** Those that were not refused. */
  readonly recipients: readonly string[];
  readonly data: MessageData;
  /** Version of TLS that it came over, null for clear text. */
  readonly tls: string | null;
}

/** What connections ask of the sink that they belong to. */
export interface ConnectionOwner {
  readonly random: Random;
  /** What of a message somebody will look at. */
  readonly kept: Kept;
  behaviour(): SinkBehaviour;
  /** A message was answered with 250. */
  taken(message: TakenMessage): void;
  refused(): void;
  broken(): void;
  /** A handshake was done. */
  secured(): void;
  /** The client broke the protocol. */
  violated(): void;
  /** The connection does not count any more. */
  left(connection: SinkConnection): void;
}

type State =
  /** The banner has not been sent. */
  | 'greeting'
  | 'commands'
  | 'data'
  /** Never answers again; waits for the client to leave. */
  | 'silent'
  /** Does not count any more. */
  | 'left';

/** Unread input above which reading stops, in octets. While it is stopped the client's FIN is not seen. */
const INPUT_MAX = 1_048_576;
/** Longest command line in octets. */
const LINE_MAX = 4_096;
/** Replies that a client leaves unread, in octets. */
const UNREAD_MAX = 1_048_576;
/** After our FIN, the time until the descriptor is closed whatever the client does. */
const CLOSE_GRACE_MS = 10_000;
const EMPTY = Buffer.alloc(0);
const NAME = 'sink.headgate.test';
/** RFC 2920 section 3.1: commands that end a group. */
const LAST_OF_GROUP: ReadonlySet<string> = new Set(['EHLO', 'HELO', 'STAR', 'DATA', 'NOOP', 'QUIT']);
const OVER_LIMIT: Answer = { stage: 'banner', text: '421 4.7.0 too many connections from your address', after: 'end' };

export class SinkConnection {
  readonly source: string;
  readonly destination: string;
  /** That of TCP. */
  readonly #raw: Socket;
  /** What replies go to: the same, or the one that encrypts. */
  #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #count: CountedConnection;
  #state: State = 'greeting';
  #input: Buffer = EMPTY;
  #offset = 0;
  #replies = '';
  #timer: NodeJS.Timeout | null = null;
  /** The command whose reply is due has to be the last that the client sent. */
  #mustWait = true;
  #isGreeted = false;
  #reversePath: string | null = null;
  #recipients: string[] = [];
  #domains: string[] = [];
  #data: MessageData | null = null;
  #messages = 0;

  /** @param isOverLimit there are more connections than the behaviour allows: the banner is 421 */
  constructor(
    socket: Socket,
    source: string,
    destination: string,
    count: CountedConnection,
    owner: ConnectionOwner,
    isOverLimit: boolean,
  ) {
    this.source = source;
    this.destination = destination;
    this.#raw = socket;
    this.#socket = socket;
    this.#count = count;
    this.#owner = owner;
    this.#listenTo(socket);
    if (this.#breaks('banner')) return;
    if (isOverLimit) owner.refused();
    const refusal = isOverLimit ? OVER_LIMIT : this.#refusal('banner');
    this.#reply(refusal ?? { stage: 'banner', text: `220 ${NAME} ESMTP`, after: 'greeted' });
    this.#flush();
  }

  #listenTo(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('end', () => this.#end()); // the client's FIN
    socket.on('error', () => this.#leave()); // a reset; `close` follows
    socket.on('close', () => this.#leave());
    const { idleTimeoutMs } = this.#owner.behaviour();
    if (idleTimeoutMs > 0) socket.setTimeout(idleTimeoutMs, () => this.#idle());
  }

  /** RST, as of a receiver that crashed. */
  reset(): void {
    this.#leave();
    this.#raw.resetAndDestroy();
  }

  #receive(chunk: Buffer): void {
    if (this.#state === 'silent' || this.#state === 'left') return;
    this.#input = this.#input.length === 0 ? chunk : Buffer.concat([this.#input, chunk]);
    if (this.#timer === null) this.#advance();
    else {
      if (this.#mustWait) this.#owner.violated();
      if (this.#input.length > INPUT_MAX) this.#socket.pause();
    }
  }

  /** Takes what has come, up to the first delayed reply. */
  #advance(): void {
    while (this.#timer === null && this.#offset < this.#input.length) {
      if (this.#state === 'data') this.#readData();
      else if (this.#state !== 'commands' || !this.#readCommand()) break;
    }
    this.#input = this.#offset < this.#input.length ? this.#input.subarray(this.#offset) : EMPTY;
    this.#offset = 0;
    if (this.#state === 'silent' || this.#state === 'left') this.#input = EMPTY;
    this.#flush();
  }

  #flush(): void {
    if (this.#replies === '' || this.#state === 'left') return;
    const replies = this.#replies;
    this.#replies = '';
    this.#socket.write(replies, 'latin1');
    if (this.#socket.writableLength > UNREAD_MAX) this.reset();
  }

  /** @returns false when there is no whole line */
  #readCommand(): boolean {
    const lineEnd = this.#input.indexOf(0x0a, this.#offset);
    if (lineEnd < 0 ? this.#input.length - this.#offset > LINE_MAX : lineEnd - this.#offset > LINE_MAX) {
      this.#reply({ ...this.#violation('421 4.5.2 line too long'), after: 'end' });
      return false;
    }
    if (lineEnd < 0) return false;
    const isWhole = lineEnd > this.#offset && this.#input[lineEnd - 1] === 0x0d;
    const line = this.#input.toString('latin1', this.#offset, isWhole ? lineEnd - 1 : lineEnd);
    this.#offset = lineEnd + 1;
    const verb = line.slice(0, 4).toUpperCase();
    this.#mustWait = !this.#owner.behaviour().pipelining || LAST_OF_GROUP.has(verb);
    const isAhead = this.#mustWait && this.#offset < this.#input.length;
    if (!isWhole || isAhead) this.#owner.violated();
    const answer = this.#answerTo(verb, line);
    if (answer !== null) this.#reply(answer);
    return true;
  }

  /** @returns null when there is no answer, because the behaviour broke the connection */
  #answerTo(verb: string, line: string): Answer | null {
    switch (verb) {
      case 'EHLO':
      case 'HELO':
        return this.#hello(verb);
      case 'STAR':
        return this.#startTls(line);
      case 'MAIL':
        return this.#mail(line);
      case 'RCPT':
        return this.#rcpt(line);
      case 'DATA':
        return this.#startData();
      case 'RSET':
        return this.#unlessStopped('rset', () => {
          this.#forget();
          return { stage: 'rset', text: '250 2.0.0 forgotten' };
        });
      case 'NOOP':
        return { stage: 'rset', text: '250 2.0.0 nothing done' };
      case 'QUIT':
        return this.#unlessStopped('quit', () => ({ stage: 'quit', text: '221 2.0.0 bye', after: 'hold' }));
      default:
        return this.#violation('500 5.5.2 command unknown');
    }
  }

  #hello(verb: 'EHLO' | 'HELO'): Answer | null {
    const { ehlo, sizeMax, pipelining, eightBitMime, tls } = this.#owner.behaviour();
    if (verb === 'EHLO' && !ehlo) return { stage: 'ehlo', text: '502 5.5.1 only HELO is spoken here' };
    return this.#unlessStopped('ehlo', () => {
      this.#isGreeted = true;
      this.#forget();
      const lines = [NAME];
      if (verb === 'EHLO') lines.push(`SIZE ${sizeMax}`, 'ENHANCEDSTATUSCODES');
      if (verb === 'EHLO' && pipelining) lines.push('PIPELINING');
      if (verb === 'EHLO' && eightBitMime) lines.push('8BITMIME');
      if (verb === 'EHLO' && tls !== null && this.#socket === this.#raw) lines.push('STARTTLS');
      const last = lines.length - 1;
      const text = lines.map((line, index) => `250${index === last ? ' ' : '-'}${line}`).join('\r\n');
      return { stage: 'ehlo', text };
    });
  }

  #startTls(line: string): Answer | null {
    const { tls } = this.#owner.behaviour();
    if (tls === null || this.#socket !== this.#raw || !this.#isGreeted || line.toUpperCase() !== 'STARTTLS') {
      return this.#violation('503 5.5.1 STARTTLS is not to be had here');
    }
    return this.#unlessStopped('starttls', () => {
      if (tls.fault === 'refuse') return { stage: 'starttls', text: '454 4.7.0 no TLS for now' };
      const text = tls.fault === 'inject' ? '220 2.0.0 go ahead\r\n250 2.0.0 said in clear' : '220 2.0.0 go ahead';
      return { stage: 'starttls', text, after: 'encrypt' };
    });
  }

  /** What is said from here on is encrypted, and nothing said before counts (RFC 3207 section 4.2). */
  #encrypt(): void {
    this.#flush();
    this.#forget();
    this.#isGreeted = false;
    this.#input = EMPTY; // a violation if there is any
    this.#offset = 0;
    const tls = this.#owner.behaviour().tls!;
    if (tls.fault !== 'none') {
      this.#owner.broken();
      this.#state = 'silent';
    }
    this.#socket = encrypt(this.#raw, tls);
    if (this.#socket === this.#raw) return;
    this.#raw.removeAllListeners('data').setTimeout(0);
    this.#socket.once('secure', () => this.#owner.secured());
    this.#listenTo(this.#socket);
  }

  #mail(line: string): Answer | null {
    const { eightBitMime, messagesPerConnection } = this.#owner.behaviour();
    const path = pathOf(line, 'MAIL FROM:<');
    if (path === null) return this.#violation('501 5.5.4 expected MAIL FROM:<mailbox>');
    if (!this.#isGreeted) return this.#violation('503 5.5.1 EHLO or HELO comes first');
    if (this.#reversePath !== null) return this.#violation('503 5.5.1 there is a transaction already');
    if (!eightBitMime && / BODY=8BITMIME/i.test(line)) return this.#violation('555 5.5.4 BODY is not known here');
    if (messagesPerConnection > 0 && this.#messages >= messagesPerConnection) {
      this.#owner.refused();
      return { stage: 'mail', text: '421 4.7.0 enough messages for one connection', after: 'end' };
    }
    return this.#unlessStopped('mail', () => {
      this.#reversePath = path;
      return { stage: 'mail', text: '250 2.1.0 sender ok' };
    });
  }

  #rcpt(line: string): Answer | null {
    const path = pathOf(line, 'RCPT TO:<');
    if (path === null || path === '') return this.#violation('501 5.5.4 expected RCPT TO:<mailbox>');
    if (this.#reversePath === null) return { stage: 'rcpt', text: '503 5.5.1 MAIL comes first' }; // it may have been refused
    const domain = path.slice(path.lastIndexOf('@') + 1).toLowerCase();
    this.#count.addDomain(domain);
    return this.#unlessStopped('rcpt', () => {
      this.#recipients.push(path);
      this.#domains.push(domain);
      return { stage: 'rcpt', text: '250 2.1.5 recipient ok' };
    });
  }

  #startData(): Answer | null {
    const { takesDataWithoutRecipients, sizeMax } = this.#owner.behaviour();
    if (this.#reversePath === null) return { stage: 'data', text: '503 5.5.1 MAIL comes first' };
    if (this.#recipients.length === 0 && !takesDataWithoutRecipients) {
      return { stage: 'data', text: '554 5.5.1 no recipients' };
    }
    return this.#unlessStopped('data', () => {
      this.#data = new MessageData(this.#owner.kept, sizeMax);
      this.#state = 'data';
      return { stage: 'data', text: '354 go on' };
    });
  }

  #readData(): void {
    const data = this.#data!;
    if (data.octets === 0 && this.#breaks('body')) return;
    const end = data.feed(this.#input, this.#offset);
    this.#offset = end < 0 ? this.#input.length : end;
    if (end < 0) return;
    this.#state = 'commands';
    this.#mustWait = false;
    const answer = this.#endMessage(data);
    if (answer !== null) this.#reply(answer);
  }

  #endMessage(data: MessageData): Answer | null {
    const recipients = this.#recipients;
    const domains = this.#domains;
    const reversePath = this.#reversePath!;
    this.#forget();
    if (recipients.length === 0) return { stage: 'final', text: '554 5.5.1 no recipients' };
    if (data.octets > this.#owner.behaviour().sizeMax) {
      this.#owner.refused();
      return { stage: 'final', text: '552 5.3.4 message too large' };
    }
    const after = (): void => {
      this.#messages += 1;
      this.#count.addMessage(domains);
      const { source, destination } = this;
      const tls = protocolOf(this.#socket);
      this.#owner.taken({ source, destination, reversePath, recipients, data, tls });
    };
    return this.#unlessStopped('final', () => ({ stage: 'final', text: '250 2.0.0 taken', after }));
  }

  #forget(): void {
    this.#reversePath = null;
    this.#recipients = [];
    this.#domains = [];
    this.#data = null;
  }

  /** The answer that `proceed` gives, unless the behaviour breaks the connection (null) or refuses at this stage. */
  #unlessStopped(stage: Exclude<SinkStage, 'body'>, proceed: () => Answer): Answer | null {
    return this.#breaks(stage) ? null : (this.#refusal(stage) ?? proceed());
  }

  /** @returns whether the behaviour breaks the connection here; then it is done */
  #breaks(stage: SinkStage): boolean {
    const found = drawBreak(this.#owner.behaviour(), stage, this.#owner.random);
    if (found === null) return false;
    this.#owner.broken();
    if (found.how === 'silence') this.#state = 'silent';
    else if (found.how === 'reset') this.reset();
    else this.#end();
    return true;
  }

  #refusal(stage: Exclude<SinkStage, 'body'>): Answer | null {
    const found = drawRefusal(this.#owner.behaviour(), stage, this.#owner.random);
    if (found === null) return null;
    this.#owner.refused();
    const enhanced = found.code < 500 ? '4.7.1' : '5.7.1';
    const text = `${found.code} ${enhanced} refused by the test receiver at ${stage}`;
    return { stage, text, after: found.code === 421 || stage === 'banner' ? 'end' : null };
  }

  #violation(text: string): Answer {
    this.#owner.violated();
    return { stage: 'rset', text };
  }

  /** Adds the reply, at once or after the delay of its stage, then does what comes after it. */
  #reply({ stage, text, after = null }: Answer): void {
    const { delays } = this.#owner.behaviour();
    const delayMs = drawSpan(delays[stage], this.#owner.random);
    if (delayMs === 0) {
      this.#answer(text, after);
      return;
    }
    this.#flush();
    if (delayMs === Number.POSITIVE_INFINITY) {
      this.#state = 'silent';
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#socket.resume();
      this.#answer(text, after);
      this.#advance();
    }, delayMs);
  }

  #answer(text: string, after: AfterReply): void {
    if (typeof after === 'function') after(); // before the client can know, so that who asks the sink finds it counted
    this.#replies += `${text}\r\n`;
    if (after === 'greeted') this.#state = 'commands';
    else if (after === 'end') this.#end();
    else if (after === 'hold') this.#hold();
    else if (after === 'encrypt') this.#encrypt();
  }

  #hold(): void {
    const { holdAfterQuit } = this.#owner.behaviour();
    const holdMs = drawSpan(holdAfterQuit, this.#owner.random);
    if (holdMs === 0) {
      this.#end();
      return;
    }
    this.#flush();
    this.#state = 'silent';
    if (holdMs !== Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.#end(), holdMs);
  }

  #idle(): void {
    if (this.#timer !== null || this.#state === 'silent') return; // it is our turn
    this.#replies += '421 4.4.2 idle for too long\r\n';
    this.#end();
  }

  /** Our FIN, behind what was not written yet. Counted down before (design decision 6). */
  #end(): void {
    if (this.#state === 'left') return;
    const replies = this.#replies;
    this.#leave();
    this.#socket.end(replies, 'latin1');
    this.#socket.setTimeout(CLOSE_GRACE_MS, () => this.#socket.destroy());
  }

  #leave(): void {
    if (this.#state === 'left') return;
    this.#state = 'left';
    this.#replies = '';
    this.#input = EMPTY;
    this.#offset = 0;
    this.#data = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#socket.resume(); // to see the end, if reading was stopped
    this.#count.close();
    this.#owner.left(this);
  }
}

type AfterReply = 'greeted' | 'end' | 'hold' | 'encrypt' | (() => void) | null;

interface Answer {
  /** Whose delay it has. */
  readonly stage: SinkStage;
  /** Without the last line end. */
  readonly text: string;
  readonly after?: AfterReply;
}

/** The text between the angle brackets, or null when the command is not of this form. */
function pathOf(line: string, start: string): string | null {
  const end = line.indexOf('>', start.length);
  return end >= 0 && line.slice(0, start.length).toUpperCase() === start ? line.slice(start.length, end) : null;
}
