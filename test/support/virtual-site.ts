// The real engine in virtual time, for what takes days: a spool in memory, one receiver that answers as the test says, and
// a client. Days pass in milliseconds, and a stop or a death of the process is a call away.
import assert from 'node:assert/strict';
import { loadConfiguration } from '../../src/core/config/load.ts';
import type { ServerView } from '../../src/core/console/server-view.ts';
import { UTC_ZONE } from '../../src/core/queue/cron-time.ts';
import { CurfewSchedule, readSchedule } from '../../src/core/queue/curfew-schedule.ts';
import { Engine } from '../../src/engine/engine.ts';
import type { InboundConnection, InboundEvents } from '../../src/engine/ports.ts';
import { recordSettings } from '../../src/engine/record-settings.ts';
import { asciiDomain } from '../../src/shell/dns/ascii-domain.ts';
import { readMime } from '../../src/shell/mime/read-mime.ts';
import { SimulatedClock } from '../../src/sim/clock.ts';
import { Disk } from '../../src/sim/disk.ts';
import { Fuse } from '../../src/sim/fuse.ts';
import type { Listener, PeerEnd, PeerEvents } from '../../src/sim/link.ts';
import { Names, NO_DNS_FIGURES } from '../../src/sim/names.ts';
import { type ConnectionObserver, Network } from '../../src/sim/network.ts';
import { ThrottleDisk } from '../../src/sim/throttle-disk.ts';
import { World } from '../../src/sim/world.ts';

/** What the receiver was sent, whatever it answered. */
export interface Attempt {
  readonly atSeconds: number;
  /** The arguments of MAIL and RCPT. */
  readonly mail: string;
  readonly rcpt: string;
}

export interface Received extends Attempt {
  readonly content: string;
}

export interface SiteOptions {
  readonly configuration: string;
  /** The lines of a schedule of quiet hours, in UTC; a run begins at midnight of 2026-01-01, a Thursday. */
  readonly quietHours?: string;
  /** The reply to a RCPT command with these arguments, one line without its end. */
  answer(rcpt: string, atSeconds: number): string;
  /** Nobody answers questions about names then. */
  readonly nameOutage?: { readonly fromMs: number; readonly untilMs: number };
  /** Exchangers of domains that have any besides themselves; all of them are the one receiver. */
  readonly exchanges?: ReadonlyMap<string, readonly { preference: number; exchange: string }[]>;
  /** Lines behind the greeting of EHLO. */
  readonly extensions?: readonly string[];
}

export interface Line {
  readonly atSeconds: number;
  /** `main`, or the key of another log. */
  readonly log: string;
  readonly text: string;
}

const EXCHANGER = '192.0.2.25';
/** Answers nothing, not even a SYN. */
const SILENT_HOST = '192.0.2.99';
const CALM = { descriptorsExhausted: 0, splitting: 0, slowKernel: 0, descriptorLimit: 10_000 };
const DISK = { commitMs: [1, 1], settleMs: 1, refusal: 0, damage: 0 } as const;
const LISTENER = 'ESMTP_Listener { Listen "127.0.0.1:25" { Relay_Hosts = ( "127.0.0.0/8" ) } }\n';
/** A stop with idle connections is through by then. */
const STOP_SECONDS = 10;

export class VirtualSite {
  readonly attempts: Attempt[] = [];
  readonly received: Received[] = [];
  readonly lines: Line[] = [];
  /** Connections at the receiver now, and the most since this was set. */
  connections = 0;
  connectionsPeak = 0;
  readonly #options: SiteOptions;
  readonly #fuse = new Fuse();
  readonly #world = new World({ seed: 1 });
  readonly #disk = new Disk(this.#world, DISK, { stored() {}, settled() {}, requeued() {}, damaged() {} }, this.#fuse);
  readonly #throttles = new ThrottleDisk(this.#world, DISK, this.#fuse);
  readonly #names: Names;
  readonly #network: Network;
  #clock: SimulatedClock | null = null;
  #engine: Engine | null = null;
  #pid = 1000;
  /** Mail that is taken apart at this moment. */
  readonly #reading: Promise<void>[] = [];

  constructor(options: SiteOptions) {
    this.#options = options;
    const zone = { exchanges: options.exchanges ?? new Map(), addresses: new Map<string, readonly string[]>() };
    for (const name of [
      'example.com',
      'bar.com',
      'foo.com',
      'sender.example',
      'mta.example',
      'bounces.example',
      'fbl.example',
      'pool.example',
      'mx.pool.example',
    ])
      zone.addresses.set(name, [EXCHANGER]);
    const { nameOutage } = options;
    const conditions = { delayMs: [1, 1] as const, unavailable: 0, ttlSeconds: 60 };
    const withOutage = nameOutage === undefined ? conditions : { ...conditions, outage: nameOutage };
    this.#names = new Names(this.#world, zone, withOutage, this.#fuse);
    const contentOf: ConstructorParameters<typeof Network>[2] = (content) => this.#disk.wireForm(content);
    this.#network = new Network(this.#world, CALM, contentOf, NOBODY_LOOKS, this.#fuse);
    this.#network.listen(EXCHANGER, 25, this.#receiver());
    this.#network.listen(SILENT_HOST, 25, { ...this.#receiver(), answer: () => 'ignore' });
    this.#boot();
  }

  get seconds(): number {
    return this.#world.elapsedMs / 1000;
  }

  /** Of the process that runs now. */
  get server(): ServerView {
    return this.#engine!.server;
  }

  /** Recipients that are not settled for good. */
  get open(): number {
    return this.#disk.scan().reduce((sum, { open }) => sum + open.length, 0);
  }

  /** Lines of mainlog of one type, `T` for instance. */
  main(type: string): Line[] {
    return this.lines.filter(({ log, text }) => log === 'main' && text.split('@')[4] === type);
  }

  /** Lets time pass until `seconds` of the run, or until nothing is left to happen. */
  runUntil(seconds: number): void {
    while (this.#world.step(seconds * 1000));
    assert.deepEqual(this.#world.violations, []);
  }

  /** The same, with mail that is taken apart meanwhile. */
  async runWithReports(seconds: number): Promise<void> {
    do {
      await Promise.all(this.#reading.splice(0));
      this.runUntil(Math.min(seconds, this.seconds + 0.1));
    } while (this.#reading.length > 0);
    this.runUntil(seconds);
  }

  /** Hands a message in. @param mail arguments of MAIL, such as `<a@sender.example>` @param rcpts those of RCPT */
  submit(mail: string, ...rcpts: readonly string[]): void {
    this.submitFrom('127.0.0.1', mail, rcpts, {
      headerSection: 'Subject: news\r\nMessage-ID: <1@sender.example>\r\n',
      body: 'Hello.\r\n.\r\n',
    });
  }

  /** Hands in a message of that content, the body in wire form. */
  submitFrom(
    remoteAddress: string,
    mail: string,
    rcpts: readonly string[],
    given: { readonly headerSection: string; readonly body: string },
  ): void {
    const replies: string[] = [];
    let wantsData = false;
    const connection: InboundConnection = {
      id: 1,
      remoteAddress,
      remotePort: 4000,
      localAddress: '127.0.0.1',
      localPort: 25,
      lastActivityAt: this.#world.mono,
      reply: (text) => replies.push(text),
      readData: () => {
        wantsData = true;
      },
      proceed() {},
      close: () => this.#world.after(0, () => events.closed()),
    };
    const listener = this.#configuration().esmtpListeners()[0]!;
    const events: InboundEvents = this.#engine!.accept(listener, connection);
    const commands = ['EHLO client.example', `MAIL FROM:${mail}`, ...rcpts.map((rcpt) => `RCPT TO:${rcpt}`), 'DATA'];
    for (const command of commands) events.line(command);
    assert.ok(wantsData, `the message is taken: ${replies.join('')}`);
    const { headerSection } = given;
    const body = Buffer.from(given.body, 'latin1');
    const size = headerSection.length + 2 + body.length - 3;
    events.data({ kind: 'content', content: { headerSection, body: [body] }, size });
    this.runUntil(this.seconds + 0.01);
    assert.match(replies.at(-1)!, /^250 /);
    events.line('QUIT');
  }

  /** The wall clock is set, and nobody says so. @param ms forward; negative: back */
  setWallClock(ms: number): void {
    this.#world.shiftWall(ms);
  }

  /** What the options say by now is in force from now on. */
  reload(): void {
    this.#engine!.configure(this.#configuration(), undefined, this.#schedule());
  }

  /** An orderly stop, then a start. */
  restart(): void {
    let hasStopped = false;
    this.#engine!.stop(() => {
      hasStopped = true;
    });
    this.runUntil(this.seconds + STOP_SECONDS);
    assert.ok(hasStopped, 'an orderly stop comes to its end');
    this.#disk.sync();
    this.kill();
  }

  /** The process dies, and the next one begins. */
  kill(): void {
    this.#clock!.stop();
    this.#disk.crash();
    this.#throttles.crash();
    this.#network.abandonAll();
    this.#names.abandonAll();
    this.#boot();
  }

  #configuration() {
    const text = `Hostname = "mta.example"\n${LISTENER}${this.#options.configuration}`;
    const loaded = loadConfiguration('site.conf', () => ({ text }));
    assert.equal(loaded.kind, 'loaded', JSON.stringify(loaded.kind === 'problems' ? loaded.problems : ''));
    return (loaded as Extract<typeof loaded, { kind: 'loaded' }>).configuration;
  }

  #schedule(): CurfewSchedule | null {
    if (this.#options.quietHours === undefined) return null;
    const read = readSchedule(this.#options.quietHours);
    assert.ok(read.kind === 'rules', JSON.stringify(read));
    return new CurfewSchedule('quiet-hours', read.rules, UTC_ZONE);
  }

  #boot(): void {
    const configuration = this.#configuration();
    const clock = new SimulatedClock(this.#world, () => engine.wake());
    const write = (log: string) => (text: string) => this.lines.push({ atSeconds: this.seconds, log, text });
    const utcOffsetMinutes = () => 0;
    const engine = new Engine({
      ports: {
        clock,
        random: this.#world.random.stream(`engine ${++this.#pid}`),
        connector: this.#network,
        resolver: this.#names,
        spool: this.#disk,
        mime: {
          read: (content, done) => {
            // In real time, between two steps of the virtual one.
            const { headerSection, body } = content;
            const isRead = readMime({ headerSection, body: Buffer.concat(body) }).then((parts) => {
              this.#world.after(0, () => {
                if (this.#engine === engine) done(parts);
              });
            });
            this.#reading.push(isRead);
          },
        },
        throttles: this.#throttles,
        records: {
          main: write('main'),
          reject: write('reject'),
          other: (key, text) => write(key)(text),
          panic: (_, text) => write('panic')(text),
        },
      },
      configuration,
      curfew: this.#schedule(),
      records: recordSettings({ configuration, isHires: false, ownRules: null, utcOffsetMinutes }),
      savedThrottles: this.#throttles.read(),
      identity: { pid: this.#pid, version: 'test', hostname: 'mta.example' },
      openingDelayMs: 0,
      utcOffsetMinutes,
      asciiDomain,
      dnsFigures: () => NO_DNS_FIGURES,
      resetDnsFigures() {},
    });
    this.#clock = clock;
    this.#engine = engine;
    for (const record of this.#disk.scan()) engine.recovered(record);
    engine.start();
  }

  #receiver(): Listener {
    return {
      latencyMs: [0.1, 0.1],
      answer: () => 'accept',
      accept: (end) => {
        // Not from within the call that announces the connection.
        this.#world.after(0, () => end.write('220 mx.example\r\n'));
        return this.#session(end);
      },
    };
  }

  #session(end: PeerEnd): PeerEvents {
    let [input, mail, isContent, isOpen] = ['', '', false, true];
    this.connections += 1;
    this.connectionsPeak = Math.max(this.connectionsPeak, this.connections);
    const left = (): void => {
      if (isOpen) this.connections -= 1;
      isOpen = false;
    };
    let accepted: string[] = [];
    const answer = (line: string): void => {
      const atSeconds = this.seconds;
      const [verb, argument] = [line.slice(0, 4).toUpperCase(), line.slice(line.indexOf(':') + 1)];
      if (verb === 'EHLO') {
        const lines = ['mx.example', ...(this.#options.extensions ?? [])];
        end.write(lines.map((text, place) => `250${place === lines.length - 1 ? ' ' : '-'}${text}\r\n`).join(''));
      } else if (verb === 'MAIL') {
        [mail, accepted] = [argument, []];
        end.write('250 ok\r\n');
      } else if (verb === 'RCPT') {
        const reply = this.#options.answer(argument, atSeconds);
        this.attempts.push({ atSeconds, mail, rcpt: argument });
        if (reply.startsWith('2')) accepted.push(argument);
        end.write(`${reply}\r\n`);
      } else if (verb === 'DATA') {
        isContent = accepted.length > 0;
        end.write(isContent ? '354 go on\r\n' : '554 no recipients\r\n');
      } else if (verb === 'QUIT') {
        end.write('221 bye\r\n');
        end.end();
        left();
      } else end.write('250 ok\r\n');
    };
    return {
      received: (text) => {
        input += text;
        for (;;) {
          const stop = input.indexOf(isContent ? '\r\n.\r\n' : '\r\n');
          if (stop < 0) return;
          if (isContent) {
            const content = input.slice(0, stop + 2).replaceAll('\r\n..', '\r\n.');
            for (const rcpt of accepted) this.received.push({ atSeconds: this.seconds, mail, rcpt, content });
            input = input.slice(stop + 5);
            isContent = false;
            end.write('250 2.0.0 taken\r\n');
          } else {
            const line = input.slice(0, stop);
            input = input.slice(stop + 2);
            answer(line);
          }
        }
      },
      ended: left,
      broken: left,
      owesNothing: true,
    };
  }
}

const NOBODY_LOOKS: ConnectionObserver = {
  opening() {},
  accepted() {},
  vanished() {},
  failed() {},
  heard() {},
  peerEnded() {},
  wrote() {},
  wroteContent() {},
  contentLost() {},
  gaveUp() {},
  finished() {},
  closed() {},
};
