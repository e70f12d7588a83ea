// Inbound with everything around it in sight, for tests: connections, spool, records and time, all by hand.
import assert from 'node:assert/strict';
import { addMono, addWall, type Moment, type MonoMs, monoMs, wallMs } from '../../src/core/base/moment.ts';
import { Timers } from '../../src/core/base/timers.ts';
import type { Configuration } from '../../src/core/config/configuration.ts';
import { loadConfiguration } from '../../src/core/config/load.ts';
import { formatProblem } from '../../src/core/config/problem.ts';
import { IdMaker } from '../../src/core/mail/ids.ts';
import type { Content, Envelope } from '../../src/core/mail/message.ts';
import { Inbound } from '../../src/engine/inbound.ts';
import { MailRecords } from '../../src/engine/mail-records.ts';
import type {
  AppendResult,
  DataOutcome,
  DataRules,
  InboundConnection,
  InboundEvents,
  StoredContent,
} from '../../src/engine/ports.ts';
import type { Turns } from '../../src/engine/turn.ts';

const CONFIGURATION = `
  Hostname = "mx.example.com"
  Relay_Hosts = ( 192.0.2.1 )
  Binding_Group "pool" { Binding "p1" { } }
  ESMTP_Listener {
    Binding_Header = "X-Binding"
    Idle_Time = 10
    Listen "127.0.0.1:25" { }
  }
`;

export function load(text: string, version: number): Configuration {
  const result = loadConfiguration('test.conf', () => ({ text }), { version });
  assert.ok(result.kind === 'loaded', result.kind === 'problems' ? result.problems.map(formatProblem).join('\n') : '');
  return result.configuration;
}

/** Time that stands still until it is moved; a turn within a turn is a bug. */
class Hand implements Turns {
  now: Moment = { wall: wallMs(Date.UTC(2026, 0, 1)), mono: monoMs(5000) };
  isOpen = false;

  clock(): Moment {
    return this.now;
  }
  begin(): Moment {
    assert.ok(!this.isOpen, 'one turn at a time');
    this.isOpen = true;
    return this.now;
  }
  end(at: Moment): void {
    assert.ok(this.isOpen && at === this.now, 'the turn that was begun ends');
    this.isOpen = false;
  }
  advance(timers: Timers, ms: number): void {
    this.now = { wall: addWall(this.now.wall, ms), mono: addMono(this.now.mono, ms) };
    this.begin();
    timers.advance(this.now.mono);
    this.end(this.now);
  }
}

class FakeConnection implements InboundConnection {
  readonly id: number;
  readonly remoteAddress: string;
  readonly remotePort = 4711;
  readonly localAddress = '127.0.0.1';
  readonly localPort = 25;
  lastActivityAt: MonoMs;
  isClosed = false;
  isHeld = false;
  rules: DataRules | null = null;
  #replies = '';

  constructor(id: number, remoteAddress: string, at: MonoMs) {
    this.id = id;
    this.remoteAddress = remoteAddress;
    this.lastActivityAt = at;
  }
  reply(text: string): void {
    assert.ok(!this.isClosed, 'nothing is said behind close');
    this.#replies += text;
  }
  readData(rules: DataRules): void {
    this.rules = rules;
    this.isHeld = true;
  }
  proceed(): void {
    assert.ok(this.isHeld, 'proceed follows data');
    this.isHeld = false;
  }
  close(): void {
    assert.ok(!this.isClosed, 'closed once');
    this.isClosed = true;
  }
  /** The lines since the last call. */
  take(): string[] {
    const lines = this.#replies.split('\r\n').slice(0, -1);
    this.#replies = '';
    return lines;
  }
}

interface Append {
  readonly envelope: Envelope;
  readonly content: Content;
  readonly done: (result: AppendResult) => void;
}

export class InboundSite {
  readonly hand = new Hand();
  readonly timers = new Timers();
  readonly appends: Append[] = [];
  readonly main: string[] = [];
  readonly rejects: string[] = [];
  readonly accepted: StoredContent[] = [];
  configuration = load(CONFIGURATION, 1);
  descriptors = 0;
  readonly inbound: Inbound;
  #lastId = 0;

  constructor() {
    this.inbound = new Inbound({
      turns: this.hand,
      timers: this.timers,
      spool: {
        append: (envelope, content, done) => void this.appends.push({ envelope, content, done }),
        settle: () => assert.fail('nothing is settled by reception'),
        requeue: () => assert.fail('nothing is queued elsewhere by reception'),
        whenSettled: () => assert.fail('reception does not wait for settlements'),
        read: () => assert.fail('nothing is read by reception'),
        release: () => assert.fail('nothing is released by reception'),
      },
      records: new MailRecords({
        main: (line) => void this.main.push(line),
        reject: (line) => void this.rejects.push(line),
        other: (key) => assert.fail(key),
        panic: (_, text) => assert.fail(text),
      }),
      ids: new IdMaker(7),
      configuration: () => this.configuration,
      systemHostname: 'system.example',
      version: '0.1.0',
      utcOffsetMinutes: () => 0,
      routingDomainOf: (_, domain) => domain,
      accepted: (stored) => {
        assert.ok(this.hand.isOpen, 'mail is queued within a turn');
        this.accepted.push(stored);
      },
      opened: () => void this.descriptors++,
      closed: () => void this.descriptors--,
    });
  }

  connect(address = '192.0.2.1'): { connection: FakeConnection; events: InboundEvents } {
    const connection = new FakeConnection(++this.#lastId, address, this.hand.now.mono);
    const events = this.inbound.accept(this.configuration.esmtpListeners()[0]!, connection);
    return { connection, events };
  }

  /** A session that has given its envelope and is asked for the content. */
  connectToData(recipients: readonly string[] = ['b@example.net']): ReturnType<InboundSite['connect']> {
    const session = this.connect();
    session.events.line('EHLO client.example');
    session.events.line('MAIL FROM:<a@example.org>');
    for (const recipient of recipients) session.events.line(`RCPT TO:<${recipient}>`);
    session.events.line('DATA');
    session.connection.take();
    return session;
  }

  within(act: () => void): void {
    const at = this.hand.begin();
    act();
    this.hand.end(at);
  }

  /** The spool's answer to the oldest transaction it was given. */
  answer(kind: AppendResult['kind'] = 'durable'): void {
    const { envelope, done } = this.appends.shift()!;
    if (kind === 'durable') done({ kind, stored: { envelope, sequence: 1 } });
    else done({ kind, reason: 'no space left on device' });
  }
}

/** What the shell makes of a message with this header section and a body of six octets. */
export const message = (headerSection = 'Subject: x\r\n'): DataOutcome => ({
  kind: 'content',
  content: { headerSection, body: [Buffer.from('Hi\r\n.\r\n')] },
  size: headerSection.length + 6,
});
