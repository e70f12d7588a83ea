// A receiver that follows a script: for each command the reply to give or the harm to do. It knows nothing of the product,
// and tells how each connection ended.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { createSecureContext, TLSSocket } from 'node:tls';

/** When it acts: at a command, or `idle`, behind the reply to a final dot. */
export type Moment = AtCommand | 'idle';
type AtCommand =
  | 'banner'
  | 'ehlo'
  | 'helo'
  | 'lhlo'
  | 'auth'
  | 'xcli'
  | 'mail'
  | 'rcpt'
  | 'data'
  | 'body'
  | 'rset'
  | 'quit';

/** Done to the connection instead of a reply, or behind one. */
export type Harm = 'hang up' | 'reset' | 'say nothing';

/** A reply (without its last line end), a harm, or both: octets as they are, then the harm. */
export type Act = string | { readonly harm: Harm; readonly after?: string } | { readonly octets: string };

/** For each moment what is done at its first, second and so on occurrence in a connection; the last goes on. */
export type Script = Partial<Record<Moment, Act | readonly Act[]>>;

export interface ScriptedReceiver {
  readonly port: number;
  /** How connections ended, oldest first; `open` for one that has not. */
  readonly connections: readonly ConnectionSeen[];
  /** Contents that came up to a final dot. */
  readonly messages: readonly string[];
}

export interface ConnectionSeen {
  /** Those under TLS included. */
  readonly commands: string[];
  end: 'open' | 'quit' | 'closed' | 'reset' | 'harmed';
}

const ORDERLY: Readonly<Record<AtCommand, string>> = {
  banner: '220 scripted.test',
  ehlo: '250-scripted.test\r\n250-PIPELINING\r\n250-SIZE 1000000\r\n250 8BITMIME',
  helo: '250 scripted.test',
  lhlo: '250-scripted.test\r\n250 PIPELINING',
  auth: '235 2.7.0 welcome',
  xcli: '220 scripted.test',
  mail: '250 2.1.0 sender taken',
  rcpt: '250 2.1.5 recipient taken',
  data: '354 go on',
  body: '250 2.0.0 taken',
  rset: '250 2.0.0 forgotten',
  quit: '221 2.0.0 bye',
};

/**
 * @param onChange something happened
 * @param pem certificate and key of a receiver that encrypts when it is asked to; the script has to offer STARTTLS
 */
export async function openScriptedReceiver(
  t: TestContext,
  address: string,
  script: Script,
  onChange: () => void,
  pem: string | null = null,
): Promise<ScriptedReceiver> {
  const connections: ConnectionSeen[] = [];
  const messages: string[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    const seen: ConnectionSeen = { commands: [], end: 'open' };
    connections.push(seen);
    new Conversation(socket, script, seen, messages, onChange, pem);
    onChange();
  });
  server.listen(0, address);
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, connections, messages };
}

class Conversation {
  #socket: Socket;
  readonly #pem: string | null;
  readonly #script: Script;
  readonly #seen: ConnectionSeen;
  readonly #messages: string[];
  readonly #onChange: () => void;
  readonly #occurrences = new Map<Moment, number>();
  #unread = '';
  #isInBody = false;
  /** The next line answers a 334. */
  #isInLogin = false;
  #isSilent = false;

  constructor(
    socket: Socket,
    script: Script,
    seen: ConnectionSeen,
    messages: string[],
    onChange: () => void,
    pem: string | null,
  ) {
    this.#socket = socket;
    this.#pem = pem;
    this.#script = script;
    this.#seen = seen;
    this.#messages = messages;
    this.#onChange = onChange;
    this.#listenTo(socket);
    this.#act('banner');
  }

  #listenTo(socket: Socket): void {
    socket.on('data', (octets: Buffer) => this.#read(octets.toString('latin1')));
    socket.on('end', () => {
      this.#ended('closed');
      socket.end();
    });
    socket.on('error', () => this.#ended('reset'));
  }

  #encrypt(): void {
    this.#say('220 2.0.0 go ahead\r\n');
    this.#socket.removeAllListeners('data').removeAllListeners('end');
    const secureContext = createSecureContext({ cert: this.#pem!, key: this.#pem! });
    this.#socket = new TLSSocket(this.#socket, { isServer: true, secureContext });
    this.#listenTo(this.#socket);
  }

  #read(text: string): void {
    this.#unread += text;
    while (!this.#isSilent) {
      const end = this.#isInBody ? '\r\n.\r\n' : '\r\n';
      // The final dot of an empty content has no line before it.
      const isLoneDot = this.#isInBody && this.#unread.startsWith('.\r\n');
      const at = isLoneDot ? 0 : this.#unread.indexOf(end);
      if (at < 0) return;
      const line = this.#unread.slice(0, at);
      this.#unread = this.#unread.slice(at + (isLoneDot ? 3 : end.length));
      if (this.#isInBody) {
        this.#isInBody = false;
        this.#messages.push(line);
        this.#act('body');
      } else this.#command(line);
      this.#onChange();
    }
  }

  #command(line: string): void {
    this.#seen.commands.push(line);
    const moment = this.#isInLogin ? 'auth' : (line.slice(0, 4).toLowerCase() as AtCommand);
    this.#isInLogin = false;
    if (line === 'STARTTLS' && this.#pem !== null) this.#encrypt();
    else if (!Object.hasOwn(ORDERLY, moment)) this.#say('500 5.5.1 what?\r\n');
    else this.#act(moment);
  }

  #act(moment: AtCommand): void {
    const occurrence = this.#occurrences.get(moment) ?? 0;
    this.#occurrences.set(moment, occurrence + 1);
    const acts = this.#script[moment] ?? ORDERLY[moment];
    const act: Act = Array.isArray(acts) ? (acts[Math.min(occurrence, acts.length - 1)] as Act) : (acts as Act);
    if (typeof act === 'string') {
      this.#say(`${act}\r\n`);
      if (moment === 'data' && act.startsWith('354')) this.#isInBody = true;
      if (moment === 'auth' && act.startsWith('334')) this.#isInLogin = true;
      if (moment === 'quit') {
        this.#ended('quit');
        this.#socket.end();
      }
      if (moment === 'body' && this.#script.idle !== undefined) this.#do(this.#script.idle as Act);
    } else this.#do(act);
  }

  #do(act: Act): void {
    if (typeof act === 'string') this.#say(`${act}\r\n`);
    else if ('octets' in act) this.#say(act.octets);
    else {
      if (act.after !== undefined) this.#say(act.after);
      this.#isSilent = true;
      if (act.harm === 'say nothing') return;
      this.#ended('harmed');
      if (act.harm === 'hang up') this.#socket.end();
      else this.#socket.resetAndDestroy();
    }
  }

  #say(text: string): void {
    if (this.#socket.writable) this.#socket.write(text, 'latin1');
  }

  #ended(how: ConnectionSeen['end']): void {
    if (this.#seen.end !== 'open') return;
    this.#seen.end = how;
    this.#onChange();
  }
}
