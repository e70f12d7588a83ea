// Outbound SMTP dialogues for those who listen to them on the console. Without a listener it costs a session one look at
// a boolean for each step. What a tracer has not been asked for yet is bounded; the rest is counted and left out, so a
// slow console never slows mail.
import { addMono, type MonoMs } from '../core/base/moment.ts';
import { Timer, type Timers } from '../core/base/timers.ts';
import type { HeardLines, TraceLine, TraceRequest, Tracer, TracerRow, TraceView } from '../core/console/trace-view.ts';
import type { OutboundConnection } from '../core/delivery/outbound-connection.ts';
import type { Turns } from './turn.ts';

export const TRACERS_MAX = 8;
/** Lines that wait for one reader. */
const WAITING_MAX = 2000;
const LINE_OCTETS_MAX = 2000;

/**
 * Commands whose arguments are no secret. Everything else that is sent is not shown: AUTH and what is said in its course,
 * and whatever a later extension sends.
 */
const SHOWN = /^(?:EHLO|HELO|LHLO|MAIL|RCPT|DATA|BDAT|RSET|NOOP|QUIT|STARTTLS|XCLIENT|XFORWARD)(?= |$)|^\.$/i;
const AUTH = /^AUTH +([A-Z0-9_-]{1,20})/i;

export class SmtpDialogues implements TraceView {
  readonly #turns: Turns;
  readonly #timers: Timers;
  readonly #tracers = new Map<number, Listener>();
  #lastId = 0;
  /** Whether anybody listens. */
  isHeard = false;

  constructor(turns: Turns, timers: Timers) {
    this.#turns = turns;
    this.#timers = timers;
  }

  // ---- what sessions tell; only while `isHeard`

  sent(connection: OutboundConnection, session: number, text: string): void {
    for (const line of linesOf(text)) this.#tell(connection, session, 'sent', withoutSecrets(line));
  }

  received(connection: OutboundConnection, session: number, text: string): void {
    for (const line of linesOf(text)) {
      // A challenge may hold what its answer is made of.
      this.#tell(connection, session, 'received', line.startsWith('334') ? '334 [not shown]' : line);
    }
  }

  event(connection: OutboundConnection, session: number, text: string): void {
    this.#tell(connection, session, 'event', text);
  }

  #tell(connection: OutboundConnection, session: number, kind: TraceLine['kind'], text: string): void {
    const { host, address } = connection.candidate;
    const line = { at: this.#turns.now.wall, session, host, address, kind, text: text.slice(0, LINE_OCTETS_MAX) };
    for (const tracer of this.#tracers.values()) if (tracer.hears(connection)) tracer.take(line);
  }

  // ---- who listens

  async begin(request: TraceRequest): Promise<Tracer | null> {
    if (this.#tracers.size >= TRACERS_MAX) return null;
    const at = this.#turns.begin();
    const id = ++this.#lastId;
    const timer = new Timer(() => tracer.stop());
    const endsAt = addMono(at.mono, request.ms);
    const tracer = new Listener(id, request, endsAt, () => {
      this.#tracers.delete(id);
      this.#timers.drop(timer);
      this.isHeard = this.#tracers.size > 0;
    });
    this.#timers.set(timer, endsAt);
    this.#tracers.set(id, tracer);
    this.isHeard = true;
    this.#turns.end(at);
    return tracer;
  }

  async list(): Promise<readonly TracerRow[]> {
    const now = this.#turns.clock().mono;
    return Array.from(this.#tracers.values(), ({ id, request, told, endsAt }) => {
      const { binding, domain, address, owner, linesMax } = request;
      return { id, binding, domain, address, owner, lines: told, linesMax, msLeft: Math.max(0, endsAt - now) };
    });
  }

  async remove(id: number): Promise<boolean> {
    const tracer = this.#tracers.get(id);
    tracer?.stop();
    return tracer !== undefined;
  }
}

class Listener implements Tracer {
  readonly id: number;
  readonly request: TraceRequest;
  readonly #ended: () => void;
  readonly endsAt: MonoMs;
  told = 0;
  #lines: TraceLine[] = [];
  #lost = 0;
  #isOver = false;
  #reader: ((heard: HeardLines | null) => void) | null = null;

  constructor(id: number, request: TraceRequest, endsAt: MonoMs, ended: () => void) {
    this.id = id;
    this.endsAt = endsAt;
    this.request = request;
    this.#ended = ended;
  }

  hears({ queue, candidate }: OutboundConnection): boolean {
    const { binding, domain, address } = this.request;
    return (
      (binding === null || binding === queue.binding) &&
      (domain === null || domain === queue.domain) &&
      (address === null || address === candidate.address)
    );
  }

  take(line: TraceLine): void {
    if (this.#lines.length >= WAITING_MAX) this.#lost += 1;
    else {
      this.#lines.push(line);
      this.told += 1;
      if (this.told >= this.request.linesMax) this.#end();
    }
    this.#serve();
  }

  next(): Promise<HeardLines | null> {
    return new Promise((resolve) => {
      this.#reader = resolve;
      this.#serve();
    });
  }

  stop(): void {
    this.#end();
    this.#serve();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ended();
  }

  #serve(): void {
    const reader = this.#reader;
    if (reader === null) return;
    const [lines, lost] = [this.#lines, this.#lost];
    if (lines.length + lost === 0 && !this.#isOver) return;
    this.#reader = null;
    this.#lines = [];
    this.#lost = 0;
    reader(lines.length + lost === 0 ? null : { lines, lost });
  }
}

/** Lines without their ends; pieces of one that came in two chunks stand as they came. */
function linesOf(text: string): string[] {
  const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function withoutSecrets(line: string): string {
  if (SHOWN.test(line)) return line;
  const mechanism = AUTH.exec(line)?.[1];
  return mechanism === undefined ? '[not shown]' : `AUTH ${mechanism} [not shown]`;
}
