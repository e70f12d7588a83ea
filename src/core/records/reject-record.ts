// The lines of rejectlog (docs/logs.md, "rejectlog").
import type { WallMs } from '../base/moment.ts';
import { octetsOf } from '../base/octets.ts';
import type { MailId } from '../mail/ids.ts';
import { domainOf, localPart, type Mailbox, type ReversePath } from '../mail/mailbox.ts';
import { withoutControls } from './escaping.ts';
import { recordTime } from './main-record.ts';

/** Where in the conversation mail was refused, in the words of the documentation. */
export type RejectPhase =
  | 'just connected'
  | 'sending banner'
  | 'awaiting ehlo/helo'
  | 'sending ehlo/helo response'
  | 'awaiting mailfrom'
  | 'sending mailfrom response'
  | 'awaiting rcptto'
  | 'sending rcptto response'
  | 'data phase'
  | 'reading body'
  | 'sending body response'
  | 'relaying denied'
  | 'concurrency limit';

export interface Rejection {
  readonly at: WallMs;
  /** Addresses without brackets. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly connectionId: MailId;
  readonly phase: RejectPhase;
  /** Of the reply. */
  readonly code: number;
  /** The part of the server that decided, in one word. */
  readonly module: string;
  /** The EHLO or HELO line; null before it. */
  readonly ehlo: string | null;
  /** The MAIL line in force or refused, and what it named; null before it. */
  readonly mailFrom: { readonly line: string; readonly reversePath: ReversePath } | null;
  /** The refused RCPT line and what it named; null when it was not a recipient that was refused. */
  readonly rcptTo: { readonly line: string; readonly mailbox: Mailbox } | null;
  /** The text of the reply without its code. */
  readonly text: string;
}

/** A client's mail was refused. */
export function rejectRecord(rejection: Rejection, isHires = false): string {
  const { at, connectionId, phase, code, module, text } = rejection;
  return (
    `${recordTime(at, isHires)}: R="${endpoint(rejection.remoteAddress, rejection.remotePort)}"` +
    ` L="${endpoint(rejection.localAddress, rejection.localPort)}" C="${connectionId}"` +
    ` PATH="default" PATH_GRP="default" P="${phase}" E=${code} M=${module}` +
    ` CTXCONN=[${connectionContext(rejection)}] CTXMESS=[${messageContext(rejection)}] ${backslashed(text)}`
  );
}

/** A sign of life. */
export function rejectHeartbeat(at: WallMs, isHires = false): string {
  return `${recordTime(at, isHires)}: Marker 1`;
}

/** Reading: an IPv6 address stands in brackets, as its port follows behind a colon (not shown in the documentation). */
function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function connectionContext({ ehlo }: Rejection): string {
  if (ehlo === null) return 'pathway=default';
  const name = /^\S+\s+(\S+)/.exec(ehlo)?.[1] ?? '';
  return `pathway=default,ehlo_string=${value(ehlo)},ehlo_domain=${value(name)}`;
}

function messageContext({ mailFrom, rcptTo }: Rejection): string {
  const sender = mailFrom === null ? '' : mailboxContext('mailfrom', mailFrom.line, mailFrom.reversePath ?? '');
  // Ours: the documented sample shows no refused recipient.
  const recipient = rcptTo === null ? '' : mailboxContext('rcptto', rcptTo.line, rcptTo.mailbox);
  return sender !== '' && recipient !== '' ? `${sender},${recipient}` : sender + recipient;
}

function mailboxContext(name: string, line: string, mailbox: Mailbox): string {
  return (
    `${name}_domain=${value(domainOf(mailbox))},${name}_string=${value(line)},` +
    `${name}_localpart=${value(localPart(mailbox))}`
  );
}

/** Quoted when it holds a blank, or what has a meaning between the brackets. Reading: a backslash goes before `"`, `\`, `]`. */
function value(text: string): string {
  const escaped = withoutControls(octetsOf(text).replace(/["\\\]]/g, '\\$&'));
  return /[\s,="[\]\\]/.test(escaped) ? `"${escaped}"` : escaped;
}

function backslashed(text: string): string {
  return withoutControls(octetsOf(text).replaceAll('\\', '\\\\'));
}
