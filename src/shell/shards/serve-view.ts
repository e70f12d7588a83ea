// The answering end, in the thread of a shard: calls the view for whoever asks over the port. An invariant that is broken there
// is not answered: it stops the process as it does elsewhere.
import type { MessagePort } from 'node:worker_threads';
import { InvariantError } from '../../core/base/assert.ts';
import type { ServerView } from '../../core/console/server-view.ts';
import type { HeardLines, TraceRequest, Tracer, TraceView } from '../../core/console/trace-view.ts';
import type { Call, CalledParts, NumberedTraces, Reply, Request } from './calls.ts';

/** Rows that are sent at a time: they are copied in one go. */
export const ROWS_PER_MESSAGE = 500;

type Pages = AsyncIterator<readonly unknown[]>;

/** Answers until either end closes the port, which keeps the thread alive until then. */
export function serveView(view: ServerView, port: MessagePort): void {
  const { dns, policies, tlsReports, tls, curfew, limits } = view;
  const traces = new ServedTraces(view.traces);
  const parts: CalledParts = { server: view, dns, policies, tlsReports, tls, curfew, limits, traces };
  const lists = new Map<number, Pages>();

  const callOf = ({ part, method, args }: Call): unknown =>
    (parts[part] as unknown as Record<string, (...args: readonly unknown[]) => unknown>)[method]!(...args);

  const pageOf = async (id: number): Promise<readonly unknown[] | null> => {
    const next = await lists.get(id)!.next();
    if (!next.done) return next.value;
    lists.delete(id);
    return null;
  };

  const answerTo = (request: Exclude<Request, { kind: 'leave' }>): unknown => {
    if (request.kind === 'call') return callOf(request);
    if (request.kind === 'list')
      lists.set(request.id, inMessages(callOf(request) as AsyncIterable<readonly unknown[]>));
    return pageOf(request.id);
  };

  const answer = async (request: Exclude<Request, { kind: 'leave' }>): Promise<void> => {
    const { id } = request;
    try {
      port.postMessage({ kind: 'value', id, value: await answerTo(request) } satisfies Reply);
    } catch (error) {
      if (error instanceof InvariantError) throw error;
      await lists.get(id)?.return?.();
      lists.delete(id);
      port.postMessage({ kind: 'error', id, text: String((error as Error).stack) } satisfies Reply);
    }
  };

  const leave = (id: number): void => {
    void lists.get(id)?.return?.();
    lists.delete(id);
  };

  port.on('message', (request: Request) => {
    if (request.kind === 'leave') leave(request.id);
    else void answer(request);
  });
  port.on('close', () => {
    for (const id of [...lists.keys()]) leave(id);
    traces.stopAll();
  });
}

async function* inMessages(pages: AsyncIterable<readonly unknown[]>): AsyncGenerator<readonly unknown[]> {
  for await (const page of pages) {
    for (let start = 0; start < page.length; start += ROWS_PER_MESSAGE)
      yield page.slice(start, start + ROWS_PER_MESSAGE);
  }
}

class ServedTraces implements NumberedTraces {
  readonly #view: TraceView;
  readonly #tracers = new Map<number, Tracer>();

  constructor(view: TraceView) {
    this.#view = view;
  }

  async begin(request: TraceRequest): Promise<number | null> {
    const tracer = await this.#view.begin(request);
    if (tracer === null) return null;
    this.#tracers.set(tracer.id, tracer);
    return tracer.id;
  }

  /** Null also for one that was removed: what it had heard was asked for, or is not wanted any more. */
  async next(id: number): Promise<HeardLines | null> {
    const heard = (await this.#tracers.get(id)?.next()) ?? null;
    if (heard === null) this.#tracers.delete(id);
    return heard;
  }

  list() {
    return this.#view.list();
  }

  remove(id: number): Promise<boolean> {
    return this.#view.remove(id);
  }

  stopAll(): void {
    for (const tracer of this.#tracers.values()) tracer.stop();
  }
}
