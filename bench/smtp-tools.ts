// smtp-source and smtp-sink of Postfix, started by the programs here that measure one server or a part of it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';

const SMTP_SOURCE = '/usr/sbin/smtp-source';
const SMTP_SINK = '/usr/sbin/smtp-sink';
const SINK_BACKLOG = '1024';

export interface Load {
  readonly port: number;
  readonly messages: number;
  readonly sessions: number;
  /** Octets of the body. */
  readonly size: number;
  /** One message per connection, in place of connections that are kept. */
  readonly isPerConnection?: boolean;
}

/** @returns whether all were taken; false as well where it is not installed */
export function runSource({ port, messages, sessions, size, isPerConnection = false }: Load): Promise<boolean> {
  const counts = ['-s', `${Math.min(sessions, messages)}`, '-l', `${size}`, '-m', `${messages}`];
  const names = ['-N', '-f', 'sender@source.bench.example', '-t', 'rcpt@dest.bench.example'];
  const words = [...(isPerConnection ? [] : ['-d']), ...counts, ...names, `inet:127.0.0.1:${port}`];
  return new Promise((resolve) => {
    const child = spawn(SMTP_SOURCE, words, { stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}

export interface SmtpSink {
  readonly port: number;
  /** How many it took so far. */
  taken(): number;
  close(): void;
}

/** Null where it is not installed. */
export async function openSmtpSink(): Promise<SmtpSink | null> {
  if (!existsSync(SMTP_SINK)) return null;
  const port = await freePort();
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : []; // it refuses to run as root
  const words = ['-c', ...user, `127.0.0.1:${port}`, SINK_BACKLOG];
  const child = spawn(SMTP_SINK, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  process.once('exit', () => child.kill()); // also when it was an error that ended us
  let [tail, count] = ['', 0];
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    tail = (tail + text).slice(-200);
    count = Number(Array.from(tail.matchAll(/mesg=(\d+)[\r\n]/g)).at(-1)?.[1] ?? count);
  });
  for (let tries = 0; !(await answers(port)); tries++) {
    if (tries === 100) throw new Error('smtp-sink does not listen');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { port, taken: () => count, close: () => void child.kill() };
}

/** smtp-sink cannot be told to choose a port. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

export function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
