// How long the loop stands still while handshakes with a receiver begin at once: the receiver is stopped until all
// connections are there, then answers all of them together.
//
//   node bench/tls-handshakes.ts [CONNECTIONS]      200 unless told otherwise
//
// Prints the delay of the loop (p50, p99.9, most) and the time over all; status 1 above 50 ms. On a machine that does other
// things the delay is also that of waiting for a processor: the time that the thread itself took between two looks, the
// most of it, is printed beside.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createSecureContext, TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { NO_TLS } from '../src/core/mail/tls-policy.ts';
import type { Connection, ConnectionEvents } from '../src/engine/ports.ts';
import { SocketConnector } from '../src/shell/net/connector.ts';

const DELAY_MS_MAX = 50;
const RECEIVER = 'receiver';

/** Takes any connection; RSA 2048 as most receivers have. Tells its port. */
function runReceiver(): void {
  const pem = readFileSync(fileURLToPath(new URL('../test/support/certificates/rsa.pem', import.meta.url)));
  const secureContext = createSecureContext({ cert: pem, key: pem });
  const encrypt = (socket: Socket): void => {
    const secure = new TLSSocket(socket, { isServer: true, secureContext });
    secure.on('error', () => {});
    secure.once('data', () => secure.write('250 hello\r\n'));
  };
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {});
    socket.write('220 hello\r\n');
    socket.once('data', () => {
      socket.write('220 go ahead\r\n');
      encrypt(socket);
    });
  });
  server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () =>
    process.send!((server.address() as { port: number }).port),
  );
}

async function measure(count: number): Promise<void> {
  const receiver = fork(fileURLToPath(import.meta.url), [RECEIVER]);
  const [port] = (await once(receiver, 'message')) as [number];
  const connector = new SocketConnector({ inMemory: () => null, read: (_stored, done) => done(null) });
  receiver.kill('SIGSTOP');
  const delays = monitorEventLoopDelay({ resolution: 1 });
  const turns = new Turns();
  const [startedAt, connectedAt] = await connectAll(connector, port, count, () => {
    delays.enable();
    turns.start();
    receiver.kill('SIGCONT');
  });
  delays.disable();
  turns.stop();
  receiver.kill('SIGKILL');
  const ms = (nanoseconds: number): string => (nanoseconds / 1e6).toFixed(1);
  const p999 = delays.percentile(99.9);
  process.stdout.write(
    `${count} handshakes in ${(performance.now() - connectedAt).toFixed(0)} ms, connected in ${(connectedAt - startedAt).toFixed(0)} ms; ` +
      `loop delay p50 ${ms(delays.percentile(50))} ms, p99.9 ${ms(p999)} ms, most ${ms(delays.max)} ms; ` +
      `own time between two looks at most ${turns.mostMs.toFixed(1)} ms\n`,
  );
  process.exitCode = p999 / 1e6 < DELAY_MS_MAX ? 0 : 1;
}

/** The processor time of this thread between two looks, a millisecond or more apart. */
class Turns {
  mostMs = 0;
  #timer: NodeJS.Timeout | null = null;

  start(): void {
    let last = process.threadCpuUsage();
    this.#timer = setInterval(() => {
      const now = process.threadCpuUsage();
      this.mostMs = Math.max(this.mostMs, (now.user + now.system - last.user - last.system) / 1000);
      last = now;
    }, 1);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }
}

/** @returns when it began, and when all were connected */
function connectAll(connector: SocketConnector, port: number, count: number, whenConnected: () => void) {
  const startedAt = performance.now();
  return new Promise<[number, number]>((resolve, reject) => {
    let [connected, done, connectedAt] = [0, 0, 0];
    for (let index = 0; index < count; index++) {
      const talk = new Talk({
        connected() {
          connected += 1;
          if (connected < count) return;
          connectedAt = performance.now();
          whenConnected();
        },
        done() {
          done += 1;
          if (done === count) resolve([startedAt, connectedAt]);
        },
        failed: (reason) => reject(new Error(reason)),
      });
      talk.connection = connector.connect({ address: '127.0.0.1', family: 4, port, localAddress: null }, talk);
    }
  });
}

/** What becomes of one connection. */
interface Progress {
  connected(): void;
  done(): void;
  failed(reason: string): void;
}

/** Banner, STARTTLS, handshake, EHLO and its answer. */
class Talk implements ConnectionEvents {
  connection: Connection | null = null;
  readonly #progress: Progress;
  #isSecured = false;

  constructor(progress: Progress) {
    this.#progress = progress;
  }

  connected(): void {
    this.#progress.connected();
  }
  received(text: string): void {
    if (this.#isSecured) this.#progress.done();
    else if (text.startsWith('220 hello')) this.#say('STARTTLS\r\n');
    else {
      const policy = { ...NO_TLS, mode: 'required', parametersKey: 'bench', key: 'bench' } as const;
      this.connection!.startTls({ policy, serverName: 'mx.tls.example', names: ['mx.tls.example'] });
    }
  }
  secured(): void {
    this.#isSecured = true;
    this.#say('EHLO me\r\n');
  }
  failed(): void {
    this.#progress.failed('a connect failed');
  }
  tlsFailed(reason: string): void {
    this.#progress.failed(reason);
  }
  tlsGivenUp(reason: string): void {
    this.#progress.failed(reason);
  }
  ended(): void {
    this.#progress.failed('the receiver hung up');
  }
  closed(): void {
    this.#progress.failed('the connection closed');
  }
  contentLost(): void {}

  #say(text: string): void {
    this.connection!.write(text);
    this.connection!.flush();
  }
}

if (process.argv[2] === RECEIVER) runReceiver();
else await measure(Number(process.argv[2] ?? 200));
