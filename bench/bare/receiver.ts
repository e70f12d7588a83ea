// The first part of the bare relay: the least that takes mail in. No limits, no policy, no timeouts, no check of what comes;
// the content stays in the chunks it came in, final dot and all.
import { createServer, type Server, type Socket } from 'node:net';

const END = '\r\n.\r\n';
const END_OCTETS = Buffer.from(END);

/** Has to call `done` when the message may be acknowledged. */
export type Taken = (content: readonly Buffer[], done: () => void) => void;

class Session {
  readonly #socket: Socket;
  readonly #taken: Taken;
  #lines = '';
  /** Of the message that is coming; null between messages. */
  #content: Buffer[] | null = null;
  /** The last octets of the chunk before, so that an end that is cut in two is found. */
  #edge = '';

  constructor(socket: Socket, taken: Taken) {
    this.#socket = socket;
    this.#taken = taken;
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => this.#feed(chunk));
    socket.write('220 bare ESMTP\r\n', 'latin1');
  }

  #feed(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#content === null) {
        rest = this.#takeLines(rest);
        continue;
      }
      const end = this.#endIn(rest);
      this.#content.push(end < 0 || end === rest.length ? rest : rest.subarray(0, end));
      if (end < 0) {
        this.#edge = (this.#edge + rest.toString('latin1', Math.max(0, rest.length - 4))).slice(-4);
        return;
      }
      const content = this.#content;
      this.#content = null;
      rest = rest.subarray(end);
      this.#taken(content, () => this.#socket.write('250 taken\r\n', 'latin1'));
    }
  }

  /** Where the content ends, or -1. */
  #endIn(chunk: Buffer): number {
    const seam = (this.#edge + chunk.toString('latin1', 0, 4)).indexOf(END);
    if (seam >= 0) return seam + END.length - this.#edge.length;
    const at = chunk.indexOf(END_OCTETS);
    return at < 0 ? -1 : at + END.length;
  }

  /** Answers all complete lines with one write. @returns what is content */
  #takeLines(chunk: Buffer): Buffer {
    let replies = '';
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const verb = (this.#lines + chunk.toString('latin1', start, Math.min(end, start + 4))).slice(0, 4).toUpperCase();
      this.#lines = '';
      start = end + 1;
      if (verb === 'DATA') {
        this.#content = [];
        this.#edge = '\r\n';
        this.#socket.write(`${replies}354 go on\r\n`, 'latin1');
        return chunk.subarray(start);
      }
      if (verb === 'QUIT') {
        this.#socket.end(`${replies}221 bye\r\n`, 'latin1');
        return chunk.subarray(chunk.length);
      }
      replies += verb === 'EHLO' ? '250-bare\r\n250 PIPELINING\r\n' : '250 ok\r\n';
    }
    this.#lines += chunk.toString('latin1', start);
    if (replies !== '') this.#socket.write(replies, 'latin1');
    return chunk.subarray(chunk.length);
  }
}

export function listen(port: number, taken: Taken): Promise<Server> {
  const server = createServer({ noDelay: true }, (socket) => new Session(socket, taken));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port, backlog: 1024 }, () => resolve(server));
  });
}
