// The asking end of a port, without knowledge of what is asked: calls with their answers, lists page by page. When the other
// thread ends, everything that waits for it fails, and so does what is asked of it from then on.
import type { MessagePort } from 'node:worker_threads';
import { ShardGone } from '../../core/base/shard-gone.ts';
import type { CalledParts, Reply, Request } from './calls.ts';

type Answered<T, Kind> = {
  [Name in keyof T]: T[Name] extends (...args: never[]) => Kind ? Name : never;
}[keyof T];
type Arguments<Method> = Method extends (...args: infer Given) => unknown ? Given : never;
type Result<Method> = Method extends (...args: never[]) => Promise<infer Value> ? Value : never;
type Row<Method> = Method extends (...args: never[]) => AsyncIterable<readonly (infer One)[]> ? One : never;

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export class RemoteCalls {
  readonly #port: MessagePort;
  readonly #name: string;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #isGone = false;

  /** @param name of the other thread, such as `shard 2` */
  constructor(port: MessagePort, name: string) {
    this.#port = port;
    this.#name = name;
    port.on('message', (reply: Reply) => this.#answered(reply));
    port.on('close', () => this.#gone());
  }

  async call<Part extends keyof CalledParts, Name extends Answered<CalledParts[Part], Promise<unknown>> & string>(
    part: Part,
    method: Name,
    ...args: Arguments<CalledParts[Part][Name]>
  ): Promise<Result<CalledParts[Part][Name]>> {
    const id = ++this.#lastId;
    return (await this.#ask({ kind: 'call', id, part, method, args })) as Result<CalledParts[Part][Name]>;
  }

  async *list<
    Part extends keyof CalledParts,
    Name extends Answered<CalledParts[Part], AsyncIterable<readonly unknown[]>> & string,
  >(
    part: Part,
    method: Name,
    ...args: Arguments<CalledParts[Part][Name]>
  ): AsyncGenerator<readonly Row<CalledParts[Part][Name]>[]> {
    const id = ++this.#lastId;
    let isOpen = true;
    const read = async (request: Request): Promise<readonly Row<CalledParts[Part][Name]>[] | null> => {
      isOpen = false; // until there is a page: the other side closes a list that is over, or has failed
      const page = await this.#ask(request);
      isOpen = page !== null;
      return page as readonly Row<CalledParts[Part][Name]>[] | null;
    };
    try {
      let page = await read({ kind: 'list', id, part, method, args });
      while (page !== null) {
        yield page;
        page = await read({ kind: 'more', id });
      }
    } finally {
      if (isOpen) this.#port.postMessage({ kind: 'leave', id } satisfies Request);
    }
  }

  close(): void {
    this.#port.close();
  }

  #ask(request: Request): Promise<unknown> {
    if (this.#isGone) return Promise.reject(new ShardGone(this.#name));
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(request.id, { resolve, reject });
    this.#port.postMessage(request);
    return promise;
  }

  #answered(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.kind === 'value') waiting?.resolve(reply.value);
    else waiting?.reject(new Error(`${this.#name}: ${reply.text}`));
  }

  #gone(): void {
    this.#isGone = true;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new ShardGone(this.#name));
  }
}
