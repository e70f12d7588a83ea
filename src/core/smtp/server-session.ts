// One SMTP session with a client, from the banner to the close: which command is in order, what is answered, when the
// session ends by itself. It reads and writes nothing: lines come in through the methods, everything it wants goes out
// through ServerActions, in order. Whether a client may relay and what becomes of a message is decided by reception/;
// the connection belongs to engine/inbound-session.ts.
//
// Any number of lines may come in one turn (PIPELINING, RFC 2920): each is answered in order before the next is looked
// at. After `readData` no line comes until `proceed`.
import { assert } from '../base/assert.ts';
import type { Mailbox, ReversePath } from '../mail/mailbox.ts';
import type { MessageRequest, RecipientRequest } from '../mail/notification-request.ts';
import { pathStart } from './path.ts';
import { isBlankFrom, parseMailParameters, parseRecipientParameters } from './server-parameters.ts';
import * as replies from './server-replies.ts';
import {
  AUTH,
  BDAT,
  DATA,
  EHLO,
  ETRN,
  EXPN,
  HELO,
  HELP,
  MAIL,
  NOOP,
  QUIT,
  RCPT,
  RSET,
  TURN,
  VRFY,
  verbOf,
} from './server-verbs.ts';
import { type AsciiDomain, parseAnyPath, qualified } from './utf8-path.ts';

/** Recipients taken for one message, whatever the configuration says. */
export const RECIPIENTS_MAX = 10_000;
/** Errors of the client since the last message that was taken, after which the session ends. */
export const ERRORS_MAX = 20;
/** Commands since the last message that was taken, after which the session ends. */
export const COMMANDS_MAX = 100_000;

/** What the configuration says for this client. */
export interface ServerTerms {
  readonly hostname: string;
  readonly mayRelay: boolean;
  /** Whether mail for the recipient is taken from a client that may not relay; left out when there is none. */
  readonly isTaken?: ((mailbox: Mailbox) => boolean) | undefined;
  /** Octets; never 0. */
  readonly maxMessageSize: number;
  /** What SIZE tells the client; 0 = nothing. */
  readonly announcedSize: number;
  /** At most {@link RECIPIENTS_MAX}. */
  readonly maxRecipients: number;
  /** SMTPUTF8 is offered where there is one. */
  readonly asciiDomain?: AsciiDomain | undefined;
  /** Whether the operator wants nothing for the recipient; left out when that is nobody. */
  readonly isBlackholed?: ((mailbox: Mailbox) => boolean) | undefined;
}

/** The documented names of the phases of reception, as rejectlog and the console show them. */
export type ServerPhase = 'awaiting ehlo/helo' | 'awaiting mailfrom' | 'awaiting rcptto' | 'reading body';

/** `storing`: the message was read and the answer waits for stable storage. */
export type ServerState = ServerPhase | 'storing' | 'closed';

/** From MAIL to the reply to the final dot. */
export interface ServerTransaction<T extends ServerTerms> {
  /** As they were at MAIL; they hold for the whole transaction. */
  readonly terms: T;
  readonly reversePath: ReversePath;
  readonly eightBit: boolean;
  /** MAIL had SMTPUTF8. */
  readonly utf8: boolean;
  /** The recipients taken so far, as the client spelt them, with the host name where it gave no domain. */
  readonly mailboxes: Mailbox[];
  /** What the sender wants to hear (RFC 3461): of the message, and of recipients by their place. Null for nothing. */
  readonly request: MessageRequest | null;
  recipientRequests: Map<number, RecipientRequest> | null;
  /** The MAIL command, for rejectlog. */
  readonly line: string;
}

/** A refusal, for rejectlog. */
export interface ServerRefusal {
  /** Code and text without CRLF. */
  readonly reply: string;
  readonly phase: ServerPhase;
  /** Whether a sender, a recipient or a message was refused, and not just a command that is no use. */
  readonly isMail: boolean;
  /** The part that decided: `smtp`, `relay`, or what the caller of `refuseContent` named. */
  readonly module: string;
  /** The MAIL command that was refused; null when a transaction is open or none is concerned. */
  readonly mailLine: string | null;
  /** The refused recipient. */
  readonly rcptTo: { readonly line: string; readonly mailbox: string } | null;
}

export interface ServerActions<T extends ServerTerms> {
  /** The terms in force; asked at the banner, EHLO and MAIL, so that changes take effect with the next transaction. */
  readonly terms: T;
  /** Complete lines with CRLF. */
  reply(text: string): void;
  /** What comes next is message data; `refuseContent` or `contentRead` follows. */
  readData(): void;
  /** Commands may come again. */
  proceed(): void;
  refused(refusal: ServerRefusal): void;
  /** Nothing is answered any more; what was replied goes out first. */
  close(): void;
}

/** What is said to a command: the whole reply when it is positive, else what is wrong. */
type Answer = string | Refusal;

interface Refusal extends Omit<ServerRefusal, 'phase'> {
  /** `error` counts against {@link ERRORS_MAX}; `end` ends the session. */
  readonly weight: 'none' | 'error' | 'end';
}

/** The name a client gives itself: printable, no blanks. */
const CLIENT_NAME = /^[\x21-\x7e]{1,255}$/;
const HTTP_COMMAND = /^(?:GET|HEAD|POST|PUT|CONNECT|OPTIONS) [^ ]+ HTTP\//i;

export class ServerSession<T extends ServerTerms> {
  readonly #actions: ServerActions<T>;
  #state: ServerState = 'awaiting ehlo/helo';
  #ehloLine: string | null = null;
  #clientName = '';
  #transaction: ServerTransaction<T> | null = null;
  #errors = 0;
  #commands = 0;
  #isStopping = false;

  constructor(actions: ServerActions<T>) {
    this.#actions = actions;
  }

  get state(): ServerState {
    return this.#state;
  }

  /** The EHLO or HELO command; null before it. */
  get ehloLine(): string | null {
    return this.#ehloLine;
  }

  /** What the client called itself; empty before EHLO or HELO. */
  get clientName(): string {
    return this.#clientName;
  }

  get transaction(): ServerTransaction<T> | null {
    return this.#transaction;
  }

  /** Greets. To be called once, before anything else. */
  open(): void {
    this.#actions.reply(replies.banner(this.#actions.terms.hostname));
  }

  /** A command without its line end, as Latin-1. A CR or LF inside it stood alone. */
  line(text: string): void {
    if (this.#state === 'closed') return;
    assert(this.#state !== 'reading body' && this.#state !== 'storing', 'no command comes while a message is taken');
    const answer = this.#answerTo(text);
    if (typeof answer !== 'string') {
      this.#refuse(answer);
      return;
    }
    this.#actions.reply(answer);
    this.#afterCommand();
  }

  /** A command longer than the connection reads was dropped. */
  lineTooLong(): void {
    if (this.#state !== 'closed') this.#refuse(slip(replies.LINE_TOO_LONG));
  }

  /** The message was read up to its final dot and is refused. @param reply code and text without CRLF */
  refuseContent(reply: string, module: string): void {
    if (this.#state === 'closed') return;
    assert(this.#state === 'reading body' || this.#state === 'storing', 'a refused message was read');
    this.#state = 'reading body';
    this.#refuse({ reply, module, isMail: true, weight: 'none', mailLine: null, rcptTo: null });
    this.#actions.proceed();
    this.#endTransaction();
    this.#stopWhenIdle();
  }

  /** The message was read and goes to stable storage. */
  contentRead(): void {
    assert(this.#state === 'reading body', 'a message was read');
    this.#state = 'storing';
  }

  /** The message is on stable storage. @param id what the client may ask about it by */
  contentStored(id: string): void {
    if (this.#state === 'closed') return;
    assert(this.#state === 'storing', 'a stored message was read');
    this.#actions.reply(replies.acceptedReply(id));
    this.#errors = 0;
    this.#commands = 0;
    this.#actions.proceed();
    this.#endTransaction();
    this.#stopWhenIdle();
  }

  /** The client was silent for too long. Nothing while a message goes to storage: then the silence is ours. */
  expire(): void {
    if (this.#state !== 'closed' && this.#state !== 'storing') this.#end(replies.IDLE);
  }

  /** The server stops: at once without a transaction, else when it has ended. */
  stop(): void {
    this.#isStopping = true;
    if (this.#state === 'awaiting ehlo/helo') this.#end(replies.STOPPING);
    else this.#stopWhenIdle();
  }

  /** The server stops now. A message that goes to storage stays accepted, though nobody tells the client. */
  cut(): void {
    if (this.#state !== 'closed') this.#end(replies.STOPPING);
  }

  /** The connection is gone. */
  closed(): void {
    this.#state = 'closed';
    this.#transaction = null;
  }

  #answerTo(text: string): Answer {
    // RFC 5321 section 2.3.8: CR and LF stand together only. What hides behind one of them is never acted on.
    if (text.indexOf('\n') >= 0 || text.indexOf('\r') >= 0) return ending(replies.BARE_LINE_END);
    if (++this.#commands > COMMANDS_MAX) return ending(replies.TOO_MANY_COMMANDS);
    switch (verbOf(text)) {
      case RCPT:
        return this.#rcpt(text);
      case MAIL:
        return this.#mail(text);
      case DATA:
        return this.#data(text);
      case RSET:
        return this.#rset(text);
      case EHLO:
        return this.#greet(text, true);
      case HELO:
        return this.#greet(text, false);
      case QUIT:
        return this.#quit(text);
      case NOOP:
        return replies.OK;
      case HELP:
        return replies.HELP;
      case VRFY:
        return isBlankFrom(text, 4) ? slip(replies.VRFY_SYNTAX) : replies.CANNOT_VERIFY;
      default:
        return answerToUnoffered(text);
    }
  }

  #greet(text: string, isExtended: boolean): Answer {
    const name = text.slice(5).trim();
    if (!CLIENT_NAME.test(name)) return slip(isExtended ? replies.EHLO_SYNTAX : replies.HELO_SYNTAX);
    this.#clientName = name;
    this.#ehloLine = text;
    this.#endTransaction(); // RFC 5321 section 4.1.4: as if RSET had been given
    const { terms } = this.#actions;
    return isExtended ? replies.ehloReply(terms) : replies.heloReply(terms.hostname);
  }

  #mail(text: string): Answer {
    if (this.#state === 'awaiting ehlo/helo') return senderRefused(replies.EHLO_FIRST, text);
    if (this.#state === 'awaiting rcptto') return slip(replies.NESTED_MAIL);
    const start = pathStart(text, ' FROM:');
    if (start < 0) return senderRefused(replies.MAIL_SYNTAX, text);
    const { terms } = this.#actions;
    const path = parseAnyPath(text, start, terms.asciiDomain ?? null);
    if (path.kind === 'problem') return senderRefused(replies.SENDER_PROBLEMS[path.problem], text);
    const parsed = parseMailParameters(text, path.end, {
      offersDsn: offersDsn(terms),
      offersUtf8: terms.asciiDomain !== undefined,
    });
    if (parsed.kind === 'syntax') return senderRefused(replies.MAIL_SYNTAX, text);
    if (parsed.kind === 'unsupported') return senderRefused(replies.UNSUPPORTED_PARAMETER, text);
    const { size, eightBit, utf8, request } = parsed.parameters;
    if (path.kind === 'utf8Mailbox' && !utf8) return senderRefused(replies.SENDER_WITHOUT_SMTPUTF8, text);
    if (size > terms.maxMessageSize) return senderRefused(replies.messageTooLarge(terms.maxMessageSize), text);
    const reversePath = path.kind === 'empty' ? null : qualified(path, terms.hostname);
    this.#transaction = {
      terms,
      reversePath,
      eightBit,
      utf8,
      mailboxes: [],
      request,
      recipientRequests: null,
      line: text,
    };
    this.#state = 'awaiting rcptto';
    return replies.SENDER_OK;
  }

  #rcpt(text: string): Answer {
    if (this.#transaction === null) return slip(replies.MAIL_FIRST);
    const { terms, mailboxes, utf8 } = this.#transaction;
    const start = pathStart(text, ' TO:');
    const path = start < 0 ? null : parseAnyPath(text, start, terms.asciiDomain ?? null);
    if (path === null || path.kind === 'empty') return recipientRefused(replies.RCPT_SYNTAX, text, '', terms);
    if (path.kind === 'problem') return recipientRefused(replies.RECIPIENT_PROBLEMS[path.problem], text, '', terms);
    const { mailbox, end } = path;
    if (path.kind === 'utf8Mailbox' && !utf8)
      return recipientRefused(replies.RECIPIENT_WITHOUT_SMTPUTF8, text, mailbox, terms);
    const recipient = qualified(path, terms.hostname);
    const routable = path.kind === 'utf8Mailbox' && path.hasDomain ? path.routable : recipient;
    if (!terms.mayRelay && terms.isTaken?.(routable) !== true)
      return recipientRefused(replies.RELAYING_DENIED, text, mailbox, terms);
    const parsed = parseRecipientParameters(text, end, offersDsn(terms), utf8);
    if (parsed.kind === 'syntax') return recipientRefused(replies.RCPT_PARAMETERS, text, mailbox, terms);
    if (parsed.kind === 'unsupported') return recipientRefused(replies.UNSUPPORTED_PARAMETER, text, mailbox, terms);
    if (mailboxes.length >= terms.maxRecipients)
      return recipientRefused(replies.TOO_MANY_RECIPIENTS, text, mailbox, terms);
    if (terms.isBlackholed?.(routable)) return recipientRefused(replies.BLACKHOLED, text, mailbox, terms);
    if (parsed.request !== null) {
      this.#transaction.recipientRequests ??= new Map();
      this.#transaction.recipientRequests.set(mailboxes.length, parsed.request);
    }
    mailboxes.push(recipient);
    return replies.RECIPIENT_OK;
  }

  #data(text: string): Answer {
    if (!isBlankFrom(text, 4)) return slip(replies.NO_ARGUMENTS);
    if (this.#transaction === null) return slip(replies.MAIL_FIRST);
    // RFC 5321 section 3.3 leaves the choice between 503 and 554; all recipients may have been refused in one group.
    if (this.#transaction.mailboxes.length === 0) return slip(replies.NO_RECIPIENTS);
    this.#state = 'reading body';
    return replies.START_DATA;
  }

  #rset(text: string): Answer {
    if (!isBlankFrom(text, 4)) return slip(replies.NO_ARGUMENTS);
    if (this.#state !== 'awaiting ehlo/helo') this.#endTransaction();
    return replies.OK;
  }

  #quit(text: string): Answer {
    if (!isBlankFrom(text, 4)) return slip(replies.NO_ARGUMENTS);
    this.#transaction = null;
    this.#state = 'closed';
    return replies.GOODBYE;
  }

  /** What a state asks for that a positive answer has just led to. */
  #afterCommand(): void {
    switch (this.#state) {
      case 'reading body':
        this.#actions.readData();
        break;
      case 'closed':
        this.#actions.close();
        break;
      default:
        this.#stopWhenIdle();
    }
  }

  #refuse({ weight, ...refusal }: Refusal): void {
    const phase = this.#state;
    assert(phase !== 'closed' && phase !== 'storing', 'what is refused was asked for');
    this.#actions.reply(`${refusal.reply}\r\n`);
    this.#actions.refused({ ...refusal, phase });
    if (weight === 'end') this.#close();
    else if (weight === 'error' && ++this.#errors >= ERRORS_MAX) this.#refuse(ending(replies.TOO_MANY_ERRORS));
  }

  #endTransaction(): void {
    this.#transaction = null;
    this.#state = 'awaiting mailfrom';
  }

  #stopWhenIdle(): void {
    if (this.#isStopping && this.#state === 'awaiting mailfrom') this.#end(replies.STOPPING);
  }

  /** Ends the session by our own wish. */
  #end(reply: string): void {
    this.#actions.reply(`${reply}\r\n`);
    this.#close();
  }

  #close(): void {
    this.#state = 'closed';
    this.#transaction = null;
    this.#actions.close();
  }
}

/** Commands of extensions that are not offered, and what is none. */
function answerToUnoffered(text: string): Answer {
  if (/^STARTTLS *$/i.test(text)) return slip(replies.NOT_OFFERED_STARTTLS);
  switch (verbOf(text)) {
    case AUTH:
      return slip(replies.NOT_OFFERED_AUTH);
    case EXPN:
    case TURN:
    case ETRN:
      return slip(replies.NOT_IMPLEMENTED);
    case BDAT:
      // RFC 3030: the octets follow the command without waiting, so they would be taken for commands.
      return /^BDAT +0+( |$)/i.test(text) ? slip(replies.NOT_OFFERED_BDAT) : ending(replies.BDAT_DATA_FOLLOWS);
    default:
      // A web browser that was made to speak to a mail server; what follows is under somebody else's control.
      return HTTP_COMMAND.test(text) ? ending(replies.NOT_HTTP) : slip(replies.UNKNOWN_COMMAND);
  }
}

/** A command that is out of order, unknown or misspelt. */
function slip(reply: string): Refusal {
  return { reply, module: 'smtp', isMail: false, weight: 'error', mailLine: null, rcptTo: null };
}

/** Something after which nothing is read any more. */
function ending(reply: string): Refusal {
  return { reply, module: 'smtp', isMail: false, weight: 'end', mailLine: null, rcptTo: null };
}

function senderRefused(reply: string, mailLine: string): Refusal {
  return { reply, module: 'smtp', isMail: true, weight: 'error', mailLine, rcptTo: null };
}

/** Only clients that may not relay run up errors by recipients: the others have long lists with a bad address or two. */
function recipientRefused(reply: string, line: string, mailbox: string, { mayRelay }: ServerTerms): Refusal {
  const module = reply === replies.RELAYING_DENIED ? 'relay' : 'smtp';
  return {
    reply,
    module,
    isMail: true,
    weight: mayRelay ? 'none' : 'error',
    mailLine: null,
    rcptTo: { line, mailbox },
  };
}

/** Whoever may not relay is nobody whom notices can be promised to: the sender that he names may be anybody. */
function offersDsn({ mayRelay }: ServerTerms): boolean {
  return mayRelay;
}
