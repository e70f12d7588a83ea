// Dialogues as they are held in any shard: a tracer listens in all of them, and its reader hears one stream. A shard is asked
// for more once what it said was taken, so that a slow reader is as little trouble as with one shard.

import type { ServerView } from '../core/console/server-view.ts';
import type { HeardLines, TraceLine, TraceRequest, Tracer, TracerRow, TraceView } from '../core/console/trace-view.ts';
import { askAll, sum } from './every-shard.ts';
import { shownId } from './shard-ids.ts';

type Shard = Pick<ServerView, 'traces'>;

export class ShardsTraces implements TraceView {
  readonly #shards: readonly Shard[];
  readonly #tracers = new Map<number, JoinedTracer>();
  #lastId = 0;

  constructor(shards: readonly Shard[]) {
    this.#shards = shards;
  }

  async begin(request: TraceRequest): Promise<Tracer | null> {
    const begun: Tracer[] = [];
    const parts = await askAll(this.#shards, async ({ traces }) => {
      const part = await traces.begin(request);
      if (part !== null) begun.push(part);
      return part;
    }).catch((error: unknown) => {
      for (const part of begun) part.stop();
      throw error;
    });
    if (begun.length < parts.length) {
      for (const part of begun) part.stop();
      return null;
    }
    const id = ++this.#lastId;
    const tracer = new JoinedTracer(id, request.linesMax, parts as Tracer[], () => this.#tracers.delete(id));
    this.#tracers.set(id, tracer);
    return tracer;
  }

  async list(): Promise<readonly TracerRow[]> {
    const all = await askAll(this.#shards, ({ traces }) => traces.list());
    return [...this.#tracers.values()].flatMap((tracer) => {
      const rows = all.flatMap((list, shard) => list.filter(({ id }) => id === tracer.idIn(shard)));
      const [first] = rows;
      if (first === undefined) return [];
      const lines = Math.min(first.linesMax, sum(rows.map((row) => row.lines)));
      return [{ ...first, id: tracer.id, lines, msLeft: Math.max(...rows.map(({ msLeft }) => msLeft)) }];
    });
  }

  async remove(id: number): Promise<boolean> {
    const tracer = this.#tracers.get(id);
    tracer?.stop();
    return tracer !== undefined;
  }
}

/** The tracer in one of the shards. */
interface Part {
  readonly tracer: Tracer;
  readonly index: number;
}

class JoinedTracer implements Tracer {
  readonly id: number;
  readonly #parts: readonly Part[];
  readonly #ended: () => void;
  /** Those that are asked at the moment. */
  readonly #asked = new Set<Part>();
  /** What they said. */
  #ready: { readonly part: Part; readonly heard: HeardLines }[] = [];
  #linesLeft: number;
  #failure: { readonly error: unknown } | null = null;
  #wake: (() => void) | null = null;

  /** @param tracers one in each shard @param ended called when nothing more will be heard, perhaps again */
  constructor(id: number, linesMax: number, tracers: readonly Tracer[], ended: () => void) {
    this.id = id;
    this.#linesLeft = linesMax;
    this.#ended = ended;
    this.#parts = tracers.map((tracer, index) => ({ tracer, index }));
    for (const part of this.#parts) this.#ask(part);
  }

  /** Of the tracer in that shard. */
  idIn(shard: number): number | undefined {
    return this.#parts[shard]?.tracer.id;
  }

  async next(): Promise<HeardLines | null> {
    while (this.#linesLeft > 0 && this.#ready.length === 0 && this.#asked.size > 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#linesLeft > 0 && this.#ready.length > 0) return this.#take();
    if (this.#failure !== null) throw this.#failure.error;
    return null;
  }

  stop(): void {
    this.#ended();
    for (const { tracer } of this.#parts) tracer.stop();
  }

  /** What is ready, in order of time. */
  #take(): HeardLines {
    const ready = this.#ready;
    this.#ready = [];
    const lines = ready
      .flatMap(({ part, heard }) => heard.lines.map((line) => this.#shown(line, part)))
      .sort((a, b) => a.at - b.at)
      .slice(0, this.#linesLeft);
    this.#linesLeft -= lines.length;
    if (this.#linesLeft === 0) this.stop();
    else for (const { part } of ready) this.#ask(part);
    return { lines, lost: sum(ready.map(({ heard }) => heard.lost)) };
  }

  #shown(line: TraceLine, { index }: Part): TraceLine {
    return { ...line, session: shownId(line.session, index, this.#parts.length) };
  }

  #ask(part: Part): void {
    this.#asked.add(part);
    part.tracer.next().then(
      (heard) => this.#answered(part, heard),
      (error: unknown) => {
        this.#failure ??= { error };
        this.stop();
        this.#answered(part, null);
      },
    );
  }

  #answered(part: Part, heard: HeardLines | null): void {
    this.#asked.delete(part);
    if (heard !== null) this.#ready.push({ part, heard });
    else if (this.#asked.size === 0 && this.#ready.length === 0) this.#ended();
    this.#wake?.();
    this.#wake = null;
  }
}
