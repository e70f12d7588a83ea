// Which message is sent next, and when. Sessions take from it, and give back what they could not send.
import type { MessageMaker, OutgoingMessage } from './send-message.ts';

export type Taken =
  | { readonly kind: 'message'; readonly message: OutgoingMessage }
  /** The rate does not allow the next one yet. */
  | { readonly kind: 'wait'; readonly ms: number }
  /** Nothing is left; but a session may still give something back. */
  | { readonly kind: 'none' };

const NONE: Taken = { kind: 'none' };

export class SendSource {
  readonly #maker: MessageMaker;
  readonly #messages: number;
  /** Messages a second; 0 = no limit. */
  readonly #rate: number;
  readonly #startedAt: number;
  readonly #givenBack: OutgoingMessage[] = [];
  #made = 0;
  #isStopped = false;

  /** @param now milliseconds of the clock that `take` is asked with */
  constructor(maker: MessageMaker, messages: number, rate: number, now: number) {
    this.#maker = maker;
    this.#messages = messages;
    this.#rate = rate;
    this.#startedAt = now;
  }

  /** Messages that nobody has tried to send yet. */
  get left(): number {
    return this.#messages - this.#made + this.#givenBack.length;
  }

  take(now: number): Taken {
    if (this.#isStopped) return NONE;
    const again = this.#givenBack.pop();
    if (again !== undefined) return { kind: 'message', message: again };
    if (this.#made >= this.#messages) return NONE;
    const dueAt = this.#rate === 0 ? now : this.#startedAt + (this.#made * 1000) / this.#rate;
    if (dueAt > now) return { kind: 'wait', ms: dueAt - now };
    this.#made += 1;
    return { kind: 'message', message: this.#maker.make(this.#made - 1) };
  }

  /** For a message whose final dot was not sent. */
  giveBack(message: OutgoingMessage): void {
    this.#givenBack.push(message);
  }

  /** From now on there is nothing to send. */
  stop(): void {
    this.#isStopped = true;
  }
}
