// Conversations of a client session as scripts: "S:" is what the receiver sends, "C:" all that the session writes in
// answer, "=" what it tells its owner. An event is anything before "->"; nothing else may come out than what stands
// behind it.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import type { Disposition } from '../../src/core/mail/disposition.ts';
import type { TlsPeer } from '../../src/core/mail/tls-policy.ts';
import type {
  ClientActions,
  ClientSettings,
  ContentForm,
  SessionTerms,
  SessionTls,
  Transaction,
} from '../../src/core/smtp/client-actions.ts';
import type { Blame } from '../../src/core/smtp/client-opening.ts';
import { ClientSession } from '../../src/core/smtp/client-session.ts';

export interface Mail extends Transaction {
  readonly name: string;
}

export const mail = (name: string, ...mailboxes: string[]): Mail => ({
  name,
  reversePath: `${name}@s.example`,
  mailboxes,
  size: 100,
  eightBit: false,
  client: null,
});

export type Answer = Mail | 'idle' | 'leave';

/** The owner of a session: answers with what it was given, keeps what it was told. */
export class Owner implements ClientActions<Mail> {
  settings: ClientSettings;
  readonly tls: SessionTls;
  readonly terms: SessionTerms;
  said: string[] = [];
  /** What `next` answers, in order; then `idle`. */
  readonly answers: Answer[];
  deadlineMs = 0;
  #written = '';

  constructor(
    pipelining: ClientSettings['pipelining'],
    answers: Answer[],
    tls: SessionTls = { mode: 'no', verify: 'no' },
    terms: SessionTerms = { method: 'esmtp', login: null, xclient: 'no', key: '' },
  ) {
    this.tls = tls;
    const timeouts = { ehloMs: 1, mailFromMs: 2, rcptToMs: 3, bodyMs: 4, rsetMs: 6 };
    this.terms = terms;
    this.settings = { ehloHostname: 'me.example', pipelining, timeouts, idleTimeoutMs: 7, transformsEightBit: true };
    this.answers = answers;
  }

  write(text: string): void {
    this.#written += text;
  }
  writeContent(transaction: Mail, form: ContentForm): void {
    this.#written += form === 'stored' ? `{${transaction.name}}` : `{${transaction.name}, ${form}}`;
  }
  flush(): void {
    this.said.push(`C:${this.#written.trimEnd().replaceAll('\r\n', '|')}`);
    this.#written = '';
  }
  end(): void {
    this.said.push('=end');
  }
  reset(): void {
    this.said.push('=reset');
  }
  keyedMd5(key: string, text: string): string {
    return createHmac('md5', Buffer.from(key, 'latin1')).update(text, 'latin1').digest('hex');
  }
  startTls(): void {
    this.said.push('=start TLS');
  }
  setDeadline(ms: number): void {
    this.deadlineMs = ms;
  }
  next(whileBusy: boolean): Answer {
    const answer = this.answers[0];
    if (answer === undefined || (whileBusy && typeof answer === 'string')) return 'idle';
    this.answers.shift();
    return answer;
  }
  leaving(): void {
    this.said.push('=leaving');
  }
  ready(): void {
    this.said.push('=ready');
  }
  hostFailed(reply: string, stage: number, blame: Blame): void {
    this.said.push(`=${blame} failed at ${stage}: ${reply}`);
  }
  attempted(transaction: Mail, outcomes: readonly Disposition[]): void {
    const texts = outcomes.map((outcome) =>
      outcome.kind === 'delivered' ? 'D' : `${outcome.kind[0]!.toUpperCase()}${outcome.stage} ${outcome.reply}`,
    );
    this.said.push(`=${transaction.name} ${texts.join(', ')}`);
  }
  returned(transaction: Mail): void {
    this.said.push(`=${transaction.name} returned`);
  }
}

/** Events of a finished handshake. */
const PEERS: Readonly<Record<string, TlsPeer>> = {
  trusted: { chainProblem: null, nameMatches: true },
  stranger: { chainProblem: null, nameMatches: false },
  untrusted: { chainProblem: 'self-signed certificate', nameMatches: true },
};

export function act(session: ClientSession<Mail>, event: string): void {
  if (event.startsWith('S:')) session.received(`${event.slice(2).replaceAll('|', '\r\n')}\r\n`);
  else if (event === 'connected') session.connected();
  else if (event === 'FIN') session.peerEnded();
  else if (event === 'gone') session.closed();
  else if (event === 'time') session.timedOut();
  else if (event === 'resume') session.resume();
  else if (event === 'quit') session.quit();
  else if (event.startsWith('TLS:')) session.tlsFailed(event.slice(4));
  else if (event.startsWith('TLS given up:')) session.tlsGivenUp(event.slice(13));
  else if (event in PEERS) session.secured(PEERS[event]!);
  else throw new Error(`unknown event ${event}`);
}

/** A line for each event, with what it brings about. */
export function runScript(owner: Owner, lines: readonly string[]): void {
  const session = new ClientSession<Mail>(owner);
  for (const line of lines) {
    const [event, expected = ''] = line.split('->').map((part) => part.trim());
    act(session, event!);
    assert.deepEqual(owner.said, expected === '' ? [] : expected.split('; '), `after ${event}`);
    owner.said = [];
  }
}
