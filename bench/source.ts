// Mail for the server under test, made in this process: as fast as it is taken or at a given rate, over any number of
// domains. It keeps nothing of what was accepted, so that millions can be sent.
import { MessageMaker } from '../src/cli/send-message.ts';
import { type Pipelining, SendSession, type SessionEnd } from '../src/cli/send-session.ts';
import { SendSource } from '../src/cli/send-source.ts';

/** Below the shortest queue of a listener. */
const GREETINGS_AWAITED_MAX = 4;

export interface SourceOptions {
  readonly port: number;
  readonly messages: number;
  readonly sessions: number;
  readonly size: number;
  /** Recipients go to these in turn. */
  readonly domains: readonly string[];
  /** Messages a second; 0 = as fast as they are taken. */
  readonly rate?: number;
  readonly pipelining?: Pipelining;
  /** In front of the numbers in the ids. */
  readonly idPrefix: string;
  /** The 250 to the final dot has come. */
  readonly accepted?: (id: string, recipient: string) => void;
  /** Ends it in order. */
  readonly signal?: AbortSignal;
}

/**
 * Lets in only so many that have not left yet. The queue in which a server has its new connections may be as short as five
 * (OpenSMTPD's), and the system may forget one that does not fit: its client then waits for a greeting in vain.
 */
class Gate {
  #free = GREETINGS_AWAITED_MAX;
  readonly #waiting: (() => void)[] = [];

  /** @returns what to call on leaving; only the first call counts */
  async enter(): Promise<() => void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    let isInside = true;
    return () => {
      if (!isInside) return;
      isInside = false;
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    };
  }
}

/** @returns how many were accepted. Throws when one was refused, or when there is no way to the server. */
export async function sendAll(options: SourceOptions): Promise<number> {
  const { port, messages, sessions, size, domains, rate = 0, pipelining = 'envelope', idPrefix, signal } = options;
  const plan = { size, domains, recipientsPerMessage: 1, reversePath: 'sender@source.bench.example', headers: [] };
  const maker = new MessageMaker({ ...plan, bindings: [], idPrefix });
  const source = new SendSource(maker, messages, rate, performance.now());
  const running = new Set<SendSession>();
  const stop = (): void => {
    source.stop();
    for (const session of running) session.finish();
  };
  signal?.addEventListener('abort', stop);
  let accepted = 0;
  const gate = new Gate();
  const run = async (): Promise<SessionEnd> => {
    const greeted = await gate.enter();
    return new Promise((resolve, reject) => {
      const target = { address: '127.0.0.1', port };
      const { reversePath } = plan;
      const session: SendSession = new SendSession(
        { target, localAddress: null, reversePath, pipelining, timeoutMs: 120_000 },
        {
          take: () => {
            greeted();
            return source.take(performance.now());
          },
          accepted: ({ id }, recipients) => {
            accepted += 1;
            options.accepted?.(id, recipients[0]!);
          },
          refused: (_, code) => reject(new Error(`the server under test refused a message with ${code}`)),
          recipientRefused: () => {},
          unanswered: () => reject(new Error('the server under test broke a connection off')),
          unsent: (message) => source.giveBack(message),
          connected: () => {},
          closed: (end) => {
            greeted();
            running.delete(session);
            resolve(end);
          },
        },
      );
      running.add(session);
    });
  };
  const keep = async (): Promise<void> => {
    while (source.left > 0 && signal?.aborted !== true) {
      const { isDone, answered, failure } = await run();
      if (isDone) return;
      if (answered === 0) throw new Error(`no session with the server under test: ${failure}`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(sessions, messages) }, keep));
  signal?.removeEventListener('abort', stop);
  return accepted;
}
