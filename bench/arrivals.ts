// A receiver in a process of its own, for the programs here that have to know when each message arrived: it takes
// everything, or refuses every recipient, and tells its parent. Times are those of the system's monotonic clock, which
// both processes read.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { openSink, type Sink } from '../src/cli/sink-server.ts';

/** What the receiver tells: where it listens, then what came since it told last. */
type Told =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'arrived'; readonly ids: readonly string[]; readonly at: readonly number[] }
  | { readonly kind: 'refused'; readonly count: number };

const SELF = fileURLToPath(import.meta.url);
const TELL_EVERY_MS = 50;
const ID_FIELD = 'X-Headgate-Test-Id: ';

/** Milliseconds on the clock that all processes of the machine share. */
export function clockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export class Receiver {
  readonly port: number;
  /** When each message arrived: its final dot was taken, the reply not yet written. */
  readonly arrivedAt = new Map<string, number>();
  refused = 0;
  readonly #child: ChildProcess;
  #changed: () => void = () => {};

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
    child.on('message', (told: Told) => {
      if (told.kind === 'arrived')
        for (const [index, id] of told.ids.entries()) this.arrivedAt.set(id, told.at[index]!);
      else if (told.kind === 'refused') this.refused = told.count;
      this.#changed();
    });
  }

  static async open(manner: 'takes' | 'refuses'): Promise<Receiver> {
    const child = fork(SELF, [manner], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const [told] = (await once(child, 'message')) as [Told];
    if (told.kind !== 'listening') throw new Error('the receiver did not say where it listens');
    return new Receiver(child, told.port);
  }

  /** @returns whether it is met; false after so many seconds */
  async when(isMet: () => boolean, seconds: number): Promise<boolean> {
    const stop = AbortSignal.timeout(Math.ceil(seconds * 1000));
    while (!isMet() && !stop.aborted) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
        stop.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    return isMet();
  }

  async close(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill();
    await exited;
  }
}

async function runReceiver(manner: string): Promise<void> {
  const tell = (told: Told): void => {
    process.send!(told);
  };
  let [ids, at]: [string[], number[]] = [[], []];
  const refuses = manner === 'refuses';
  const sink: Sink = await openSink({
    listen: [
      {
        address: '127.0.0.1',
        port: 0,
        behaviour: refuses ? { refusals: [{ stage: 'rcpt', code: 451, rate: 1 }] } : {},
      },
    ],
    ...(refuses
      ? {}
      : {
          onMessage: ({ content }) => {
            at.push(clockMs());
            ids.push(idOf(content));
          },
        }),
  });
  process.on('disconnect', () => process.exit());
  tell({ kind: 'listening', port: sink.portOf(sink.endpoints[0]!) });
  let told = 0;
  setInterval(() => {
    if (ids.length > 0) {
      tell({ kind: 'arrived', ids, at });
      [ids, at] = [[], []];
    }
    const { refusals } = sink.snapshot();
    if (refusals !== told) tell({ kind: 'refused', count: refusals });
    told = refusals;
  }, TELL_EVERY_MS);
}

function idOf(content: Buffer): string {
  const start = content.indexOf(ID_FIELD) + ID_FIELD.length;
  return content.toString('latin1', start, content.indexOf(13, start));
}

if (process.argv[1] === SELF) await runReceiver(process.argv[2]!);
