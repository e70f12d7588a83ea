// The steps of a client session: what a reply answers, the stage it is recorded with, and what is recorded when there is
// no reply.
import { STAGE, type Stage } from '../mail/disposition.ts';

/** What the next reply answers. */
export type Step = 'banner' | 'ehlo' | 'helo' | 'mail' | 'rcpt' | 'data' | 'body' | 'emptyBody' | 'rset' | 'quit';

export type TransactionStep = Extract<Step, 'mail' | 'rcpt' | 'data' | 'body'>;

/** How long a receiver may take to answer QUIT and to close (design decision 6). */
export const QUIT_MS = 5000;

export const STAGES: Readonly<Record<Step, Stage>> = {
  banner: STAGE.readingBanner,
  ehlo: STAGE.afterEhlo,
  helo: STAGE.afterEhlo,
  mail: STAGE.afterMail,
  rcpt: STAGE.afterRcpt,
  data: STAGE.afterData,
  body: STAGE.readingConfirmation,
  emptyBody: STAGE.readingConfirmation,
  rset: STAGE.afterRset,
  quit: STAGE.idle,
};

/** Documented texts (docs/logs.md, "Internal replies"). */
export const SILENCES: Readonly<Record<Step, string>> = {
  banner: '451 4.4.2 [internal] no banner',
  ehlo: '451 4.4.2 [internal] no HELO/EHLO response',
  helo: '451 4.4.2 [internal] no HELO/EHLO response',
  mail: '451 4.4.2 [internal] no MAIL FROM response',
  rcpt: '451 4.4.2 [internal] no RCPT TO response',
  data: '451 4.4.2 [internal] no DATA response',
  body: '451 4.4.2 [internal] no BODY response',
  emptyBody: '451 4.4.2 [internal] no BODY response',
  rset: '451 4.4.2 [internal] no RSET response',
  quit: '',
};
export const CLOSED_BY_PEER = '451 4.4.2 [internal] connection closed by remote host';
export const CONTENT_LOST = '550 5.3.0 [internal] message body missing';
