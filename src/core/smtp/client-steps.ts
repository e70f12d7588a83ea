// The steps of a client session: what a reply answers, the stage it is recorded with, and what is recorded when there is
// no reply.
import { STAGE, type Stage } from '../mail/disposition.ts';
import { type Reply, replyText } from '../mail/reply.ts';

/** What the next reply answers. */
export type Step =
  | 'banner'
  | 'ehlo'
  | 'helo'
  | 'starttls'
  /** Not a reply: the TLS handshake that the peer agreed to. */
  | 'handshake'
  | 'auth'
  | 'xclient'
  /** EHLO behind XCLIENT. */
  | 'greetAgain'
  | 'mail'
  | 'rcpt'
  | 'data'
  | 'body'
  | 'emptyBody'
  | 'rset'
  | 'quit';

export type TransactionStep = Extract<Step, 'mail' | 'rcpt' | 'data' | 'body'>;

/** How long a receiver may take to answer QUIT and to close (design decision 6). */
export const QUIT_MS = 5000;

export const STAGES: Readonly<Record<Step, Stage>> = {
  banner: STAGE.readingBanner,
  ehlo: STAGE.afterEhlo,
  helo: STAGE.afterEhlo,
  starttls: STAGE.afterStarttls,
  handshake: STAGE.tlsHandshake,
  auth: STAGE.afterEhlo, // Reading: no stage is documented for it
  xclient: STAGE.afterXclient,
  greetAgain: STAGE.afterEhlo,
  mail: STAGE.afterMail,
  rcpt: STAGE.afterRcpt,
  data: STAGE.afterData,
  body: STAGE.readingConfirmation,
  emptyBody: STAGE.readingConfirmation,
  rset: STAGE.afterRset,
  quit: STAGE.idle,
};

/** Documented texts (docs/logs.md, "Internal replies"); what is behind a colon is ours. */
export const SILENCES: Readonly<Record<Step, string>> = {
  banner: '451 4.4.2 [internal] no banner',
  ehlo: '451 4.4.2 [internal] no HELO/EHLO response',
  helo: '451 4.4.2 [internal] no HELO/EHLO response',
  starttls: '451 4.7.5 [internal] no tls go-ahead',
  handshake: '451 4.7.5 [internal] TLS negotiation failed: no end of the handshake in time',
  auth: '451 4.4.2 [internal] no AUTH response',
  xclient: '451 4.4.2 [internal] no XCLIENT response',
  greetAgain: '451 4.4.2 [internal] no HELO/EHLO response',
  mail: '451 4.4.2 [internal] no MAIL FROM response',
  rcpt: '451 4.4.2 [internal] no RCPT TO response',
  data: '451 4.4.2 [internal] no DATA response',
  body: '451 4.4.2 [internal] no BODY response',
  emptyBody: '451 4.4.2 [internal] no BODY response',
  rset: '451 4.4.2 [internal] no RSET response',
  quit: '',
};
export const NO_GO_AHEAD = '451 4.7.5 [internal] no tls go-ahead';
export const TLS_FAILED = '451 4.7.5 [internal] TLS negotiation failed';
/** RFC 3207 section 4.2 forbids to keep what came in clear; after CVE-2011-0411 nobody sends it by mistake. */
export const INJECTED = '451 4.7.5 [internal] TLS negotiation failed: octets in clear behind the go-ahead';
export const CLOSED_BY_PEER = '451 4.4.2 [internal] connection closed by remote host';
export const CONTENT_LOST = '550 5.3.0 [internal] message body missing';

/** What it said answers nothing that it can have heard. */
export function lostStep(reply: Reply): string {
  return `451 4.5.0 [internal] remote host lost step: ${replyText(reply)}`;
}

/** A reply that the command does not have. */
export function unexpected(reply: Reply): string {
  return `451 4.5.0 [internal] unexpected reply from remote host: ${replyText(reply)}`;
}

export function isSuccess(reply: Reply): boolean {
  return reply.code >= 200 && reply.code <= 299;
}

export function isRefusal(reply: Reply): boolean {
  return reply.code >= 400;
}
