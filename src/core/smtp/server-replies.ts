// What our server says, in one place (docs/reception.md lists when). Replies of the usual way of a message are whole
// lines with CRLF and are written as they are; the others are texts without CRLF, since refusals stand in rejectlog too.
// Enhanced codes: RFC 3463; none in the replies to the connection, EHLO and DATA (RFC 2034 section 4).
import type { PathProblem } from './path.ts';

export const OK = '250 2.0.0 OK\r\n';
export const SENDER_OK = '250 2.1.0 OK\r\n';
export const RECIPIENT_OK = '250 2.1.5 OK\r\n';
export const START_DATA = '354 end data with <CR><LF>.<CR><LF>\r\n';
export const CANNOT_VERIFY = '252 2.0.0 not verified here; send mail and it is tried\r\n';
export const HELP = '214 2.0.0 commands: EHLO HELO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT\r\n';
export const GOODBYE = '221 2.0.0 closing connection\r\n';

// ---- the session ends

export const STOPPING = '421 4.3.2 service is shutting down; try again later';
export const IDLE = '421 4.4.2 idle for too long; closing connection';
export const TOO_MANY_ERRORS = '421 4.7.0 too many errors; closing connection';
export const TOO_MANY_COMMANDS = '421 4.7.0 too many commands without a message; closing connection';
export const BARE_LINE_END = '521 5.5.2 bare CR or LF in a command; closing connection';
export const NOT_HTTP = '521 5.5.1 this is not an HTTP server; closing connection';
export const BDAT_DATA_FOLLOWS = '503 5.5.1 CHUNKING is not offered; closing connection, since data follows BDAT';

// ---- commands

export const UNKNOWN_COMMAND = '500 5.5.1 command not recognized';
export const LINE_TOO_LONG = '500 5.5.2 command line too long';
export const NOT_OFFERED_BDAT = '503 5.5.1 CHUNKING is not offered';
export const NOT_OFFERED_STARTTLS = '502 5.5.1 STARTTLS is not offered';
export const NOT_OFFERED_AUTH = '502 5.5.1 AUTH is not offered';
export const NOT_IMPLEMENTED = '502 5.5.1 command not implemented';
export const EHLO_SYNTAX = '501 5.5.4 syntax: EHLO hostname';
export const HELO_SYNTAX = '501 5.5.4 syntax: HELO hostname';
export const VRFY_SYNTAX = '501 5.5.4 syntax: VRFY address';
export const NO_ARGUMENTS = '501 5.5.4 no arguments expected';

// ---- MAIL

export const EHLO_FIRST = '503 5.5.1 EHLO or HELO first';
export const NESTED_MAIL = '503 5.5.1 nested MAIL command';
export const MAIL_SYNTAX =
  '501 5.5.4 syntax: MAIL FROM:<address> [SIZE=n] [BODY=7BIT|8BITMIME] [SMTPUTF8] [RET=FULL|HDRS] [ENVID=id]';
export const UNSUPPORTED_PARAMETER = '555 5.5.4 parameter not supported';
export const SENDER_WITHOUT_SMTPUTF8 = '553 5.6.7 sender address is not ASCII; say SMTPUTF8 with MAIL';
export const SENDER_PROBLEMS: Readonly<Record<PathProblem, string>> = {
  syntax: MAIL_SYNTAX,
  localPart: '553 5.1.7 bad local part in sender address',
  domain: '553 5.1.8 bad domain in sender address',
  nonAscii: '553 5.6.7 sender address is not ASCII and SMTPUTF8 is not offered',
};

// ---- RCPT

export const MAIL_FIRST = '503 5.5.1 MAIL first';
export const RCPT_SYNTAX = '501 5.5.4 syntax: RCPT TO:<address>';
export const RCPT_PARAMETERS =
  '501 5.5.4 syntax: RCPT TO:<address> [NOTIFY=NEVER|SUCCESS,FAILURE,DELAY] [ORCPT=type;address]';
export const RELAYING_DENIED = '550 5.7.1 relaying denied';
export const BLACKHOLED = '551 5.7.1 recipient blackholed';
export const TOO_MANY_RECIPIENTS = '452 4.5.3 too many recipients; send the rest in another transaction';
export const RECIPIENT_WITHOUT_SMTPUTF8 = '553 5.6.7 recipient address is not ASCII; say SMTPUTF8 with MAIL';
export const RECIPIENT_PROBLEMS: Readonly<Record<PathProblem, string>> = {
  syntax: RCPT_SYNTAX,
  localPart: '553 5.1.3 bad local part in recipient address',
  domain: '553 5.1.2 bad domain in recipient address',
  nonAscii: '553 5.6.7 recipient address is not ASCII and SMTPUTF8 is not offered',
};

// ---- DATA and the message

export const NO_RECIPIENTS = '554 5.5.1 no valid recipients';
export const HEADER_TOO_LARGE = '552 5.3.4 header section too large';
export const BARE_LINE_END_IN_DATA = '550 5.6.11 bare CR or LF in message';
export const NUL_IN_DATA = '550 5.6.0 NUL octet in message';
export const NO_STORAGE = '452 4.3.1 message could not be stored; try again later';

/** @param maxSize octets */
export function messageTooLarge(maxSize: number): string {
  return `552 5.3.4 message exceeds ${maxSize} octets`;
}

export function banner(hostname: string): string {
  return `220 ${hostname} ESMTP Headgate\r\n`;
}

export function heloReply(hostname: string): string {
  return `250 ${hostname}\r\n`;
}

/** What is offered to a client. */
export interface Offer {
  readonly hostname: string;
  /** Octets; 0 announces SIZE without a number (RFC 1870 section 4). */
  readonly announcedSize: number;
  /** DSN is for those who may. */
  readonly mayRelay: boolean;
  /** SMTPUTF8 is offered where there is one. */
  readonly asciiDomain?: unknown;
}

export function ehloReply({ hostname, announcedSize, mayRelay, asciiDomain }: Offer): string {
  const size = announcedSize === 0 ? 'SIZE' : `SIZE ${announcedSize}`;
  const more = `${mayRelay ? '250-DSN\r\n' : ''}${asciiDomain === undefined ? '' : '250-SMTPUTF8\r\n'}`;
  return `250-${hostname}\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-${size}\r\n${more}250 ENHANCEDSTATUSCODES\r\n`;
}

export function acceptedReply(id: string): string {
  return `250 2.0.0 OK ${id}\r\n`;
}
