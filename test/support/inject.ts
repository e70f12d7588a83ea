// Hands mail to a running server over a few sessions at a time, and remembers what got a 250: nothing else may be
// expected to arrive. Small on purpose and without the product's own code, so that the two cannot agree on a mistake.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { TEST_ID_HEADER } from '../../src/cli/sink-arrivals.ts';

export interface Batch {
  readonly domain: string;
  readonly messages: number;
  /** The value of X-Binding; no such field when it is null or left out. */
  readonly binding?: string | null;
  /** Empty for `<>`. */
  readonly reversePath?: string;
}

/** The recipients of each message that got a 250, by the id in its header. */
export type Accepted = ReadonlyMap<string, readonly string[]>;

interface Message {
  readonly id: string;
  readonly reversePath: string;
  readonly recipient: string;
  readonly content: string;
}

const SESSIONS = 20;
let lastId = 0;

/** Everything must be accepted. */
export async function inject(port: number, batches: readonly Batch[]): Promise<Accepted> {
  const messages = batches.flatMap(messagesOf);
  const accepted = await injectAll(port, messages);
  assert.equal(accepted.size, messages.length, 'the server did not take everything');
  return accepted;
}

/** The server may vanish at any moment; what got no 250 by then is forgotten. */
export function injectThroughKill(port: number, domains: readonly string[], messages: number): Promise<Accepted> {
  const share = Math.ceil(messages / domains.length);
  return injectAll(
    port,
    domains.flatMap((domain) => messagesOf({ domain, messages: share })),
  );
}

function messagesOf({ domain, messages, binding, reversePath = 'sender@origin.example' }: Batch): Message[] {
  return Array.from({ length: messages }, () => {
    const id = String(++lastId);
    const recipient = `recipient-${id}@${domain}`;
    const fields = [`From: ${reversePath}`, `To: ${recipient}`, `${TEST_ID_HEADER}: ${id}`, 'Subject: test'];
    if (binding !== undefined && binding !== null) fields.push(`X-Binding: ${binding}`);
    return {
      id,
      reversePath,
      recipient,
      content: `${fields.join('\r\n')}\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(4)}`,
    };
  });
}

async function injectAll(port: number, messages: readonly Message[]): Promise<Accepted> {
  const accepted = new Map<string, readonly string[]>();
  const waiting = messages.toReversed();
  const sessions = Array.from({ length: Math.min(SESSIONS, messages.length) }, () =>
    runSession(port, waiting, accepted),
  );
  await Promise.all(sessions);
  return accepted;
}

/** Takes from `waiting` until nothing is left or the connection is gone. */
async function runSession(port: number, waiting: Message[], accepted: Map<string, readonly string[]>): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => {}); // `close` follows
  let text = '';
  let arrived = (): void => {};
  socket.setEncoding('latin1').on('data', (more: string) => {
    text += more;
    arrived();
  });
  socket.on('close', () => arrived());
  /** The code of the next reply, or null when there will be none. */
  const reply = async (): Promise<string | null> => {
    for (;;) {
      const found = /^(?:\d\d\d-.*\r\n)*(\d\d\d) .*\r\n/.exec(text);
      if (found !== null) {
        text = text.slice(found[0].length);
        return found[1]!;
      }
      if (socket.closed) return null;
      await new Promise<void>((resolve) => {
        arrived = resolve;
      });
    }
  };
  if ((await reply()) === '220') {
    socket.write('EHLO client.example\r\n');
    await reply();
    for (let message = waiting.pop(); message !== undefined; message = waiting.pop()) {
      const { id, reversePath, recipient, content } = message;
      socket.write(`MAIL FROM:<${reversePath}>\r\nRCPT TO:<${recipient}>\r\nDATA\r\n`);
      const answers = [await reply(), await reply(), await reply()];
      if (answers[2] === null) break;
      assert.deepEqual(answers, ['250', '250', '354'], `the envelope of message ${id}`);
      socket.write(`${content}.\r\n`);
      const final = await reply();
      if (final === null) break;
      if (final === '250') accepted.set(id, [recipient]);
    }
    socket.write('QUIT\r\n');
  }
  socket.end();
  await closed;
}
