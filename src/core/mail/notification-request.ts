// What a sender asked to be told of a message (RFC 3461): RET and ENVID of MAIL, NOTIFY and ORCPT of RCPT. Most senders ask
// for nothing, and then nothing is kept. Values stay as the client encoded them, so that they go on as they came.

/** Of the message. */
export interface MessageRequest {
  /** How much of a message that failed is sent back; null where the client left it open. */
  readonly returns: 'full' | 'headers' | null;
  /** ENVID in xtext; null without one. */
  readonly envelopeId: string | null;
}

/** Of one recipient. */
export interface RecipientRequest {
  /** Null where the client gave no NOTIFY: the configuration has its say. */
  readonly notify: Notify | null;
  /** ORCPT: type, semicolon, address in xtext; null without one. */
  readonly originalRecipient: string | null;
}

/** When the sender wants to hear of a recipient; all false is `NEVER`. */
export interface Notify {
  readonly success: boolean;
  readonly failure: boolean;
  readonly delay: boolean;
  /** As it is said and kept, such as `SUCCESS,FAILURE`. */
  readonly text: string;
}

/** All there are, once for all messages. */
const ALL: readonly Notify[] = Array.from({ length: 8 }, (_, bits) => {
  const [success, failure, delay] = [(bits & 1) !== 0, (bits & 2) !== 0, (bits & 4) !== 0];
  const words = [...(success ? ['SUCCESS'] : []), ...(failure ? ['FAILURE'] : []), ...(delay ? ['DELAY'] : [])];
  return { success, failure, delay, text: bits === 0 ? 'NEVER' : words.join(',') };
});

/** Of most recipients of senders that ask: NOTIFY alone. */
const ALONE: ReadonlyMap<Notify, RecipientRequest> = new Map(
  ALL.map((notify) => [notify, { notify, originalRecipient: null }]),
);

/** The value of NOTIFY: `NEVER`, or a list of the others, in any order and case (RFC 3461 section 4.1). Null for others. */
export function parseNotify(text: string): Notify | null {
  const upper = text.toUpperCase();
  if (upper === 'NEVER') return ALL[0]!;
  let bits = 0;
  for (const word of upper.split(',')) {
    const bit = word === 'SUCCESS' ? 1 : word === 'FAILURE' ? 2 : word === 'DELAY' ? 4 : 0;
    if (bit === 0) return null;
    bits |= bit;
  }
  return ALL[bits]!;
}

/** What {@link notifyOfBits} makes the same of; below 8. */
export function bitsOfNotify({ success, failure, delay }: Notify): number {
  return (success ? 1 : 0) + (failure ? 2 : 0) + (delay ? 4 : 0);
}

export function notifyOfBits(bits: number): Notify {
  return ALL[bits]!;
}

/** The same object for equal requests without an original recipient; null when there is nothing to keep. */
export function recipientRequest(notify: Notify | null, originalRecipient: string | null): RecipientRequest | null {
  if (originalRecipient !== null) return { notify, originalRecipient };
  return notify === null ? null : ALONE.get(notify)!;
}

/** Null when there is nothing to keep. */
export function messageRequest(returns: MessageRequest['returns'], envelopeId: string | null): MessageRequest | null {
  return returns === null && envelopeId === null ? null : { returns, envelopeId };
}
