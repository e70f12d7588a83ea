// The messages that `headgate send` makes: numbered, so that what arrives can be compared with what was accepted.
import { TEST_ID_HEADER } from './sink-arrivals.ts';

export interface MessagePlan {
  /** Octets of a message with its header section; a header section that is longer stays whole. */
  readonly size: number;
  /** Recipients go to these in turn. */
  readonly domains: readonly string[];
  readonly recipientsPerMessage: number;
  /** Empty for `<>`. */
  readonly reversePath: string;
  /** Further header fields, `Name: value`. */
  readonly headers: readonly string[];
  /** Values of X-Binding in turn, so that every binding meets every domain; none when empty. */
  readonly bindings: readonly string[];
  /** In front of the number in each id; tells runs apart. */
  readonly idPrefix: string;
}

export interface OutgoingMessage {
  readonly id: string;
  readonly recipients: readonly string[];
  /** Wire form, with the final dot's line. */
  readonly data: string;
}

const LINE_OCTETS = 72;

/** Makes message after message. Few lengths of body occur, so that bodies are made once. */
export class MessageMaker {
  readonly #plan: MessagePlan;
  readonly #date = new Date().toUTCString().replace('GMT', '+0000');
  readonly #bodiesByLength = new Map<number, string>();

  constructor(plan: MessagePlan) {
    this.#plan = plan;
  }

  /** @param number from 0 */
  make(number: number): OutgoingMessage {
    const { size, domains, recipientsPerMessage, reversePath, headers, bindings, idPrefix } = this.#plan;
    const id = `${idPrefix}-${number + 1}`;
    const recipients = Array.from({ length: recipientsPerMessage }, (_, index) => {
      const domain = domains[(number * recipientsPerMessage + index) % domains.length]!;
      return `recipient-${number + 1}-${index + 1}@${domain}`;
    });
    const fields = [
      `Date: ${this.#date}`,
      `From: <${reversePath === '' ? 'sender@origin.example' : reversePath}>`,
      `To: ${recipients.length === 1 ? `<${recipients[0]}>` : 'undisclosed-recipients:;'}`,
      `Subject: test message ${number + 1}`,
      `Message-ID: <${id}@origin.example>`,
      `${TEST_ID_HEADER}: ${id}`,
      ...headers,
    ];
    if (bindings.length > 0) {
      fields.push(`X-Binding: ${bindings[Math.floor(number / domains.length) % bindings.length]}`);
    }
    const header = `${fields.join('\r\n')}\r\n\r\n`;
    return { id, recipients, data: `${header}${this.#body(Math.max(2, size - header.length))}.\r\n` };
  }

  /** Whole lines of exactly so many octets; at least 2. */
  #body(octets: number): string {
    let body = this.#bodiesByLength.get(octets);
    if (body === undefined) {
      const whole = Math.max(0, Math.floor(octets / LINE_OCTETS) - 1);
      const rest = octets - whole * LINE_OCTETS;
      const lines = `${'x'.repeat(LINE_OCTETS - 2)}\r\n`.repeat(whole);
      body = `${lines}${'x'.repeat(rest - 2)}\r\n`;
      this.#bodiesByLength.set(octets, body);
    }
    return body;
  }
}
