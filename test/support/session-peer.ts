// The other side of a server session, for tests: keeps what the session did, in order.
import assert from 'node:assert/strict';
import {
  type ServerActions,
  type ServerRefusal,
  ServerSession,
  type ServerTerms,
} from '../../src/core/smtp/server-session.ts';

export const TERMS: ServerTerms = {
  hostname: 'mx.example.com',
  mayRelay: true,
  maxMessageSize: 1000,
  announcedSize: 1000,
  maxRecipients: 3,
};

/** Replies are kept line by line, other acts in brackets. */
export class SessionPeer implements ServerActions<ServerTerms> {
  readonly session: ServerSession<ServerTerms>;
  readonly did: string[] = [];
  readonly refusals: ServerRefusal[] = [];
  terms: ServerTerms;

  constructor(terms: Partial<ServerTerms> = {}) {
    this.terms = { ...TERMS, ...terms };
    this.session = new ServerSession(this);
    this.session.open();
  }

  reply(text: string): void {
    assert.match(text, /^(?:\d{3}[ -][\x20-\x7e]*\r\n)+$/);
    this.did.push(...text.split('\r\n').slice(0, -1));
  }
  readData(): void {
    this.did.push('[read data]');
  }
  proceed(): void {
    this.did.push('[proceed]');
  }
  refused(refusal: ServerRefusal): void {
    this.refusals.push(refusal);
  }
  close(): void {
    this.did.push('[close]');
  }

  take(): string[] {
    return this.did.splice(0);
  }
}
