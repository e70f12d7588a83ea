// The reply to the last attempt for a message that waits, for `message details`. The spool does not keep it, so it is known
// for failures of this process, and for the latest hundred thousand of them.
import type { MailId } from '../core/mail/ids.ts';

const KEPT_MAX = 100_000;
const LENGTH_MAX = 300;

export class LastReplies {
  readonly #mostKept: number;
  /** The one noted longest ago first. */
  readonly #replies = new Map<MailId, string>();

  constructor(mostKept = KEPT_MAX) {
    this.#mostKept = mostKept;
  }

  note(id: MailId, reply: string): void {
    this.#replies.delete(id);
    if (this.#replies.size >= this.#mostKept) {
      for (const oldest of this.#replies.keys()) {
        this.#replies.delete(oldest);
        break;
      }
    }
    this.#replies.set(id, reply.length > LENGTH_MAX ? reply.slice(0, LENGTH_MAX) : reply);
  }

  /** On one line. */
  find(id: MailId): string | null {
    return this.#replies.get(id)?.replace(/[\r\n]+/g, ' ') ?? null;
  }
}
