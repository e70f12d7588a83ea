// What a person who knows nothing of mail servers reads about a failure, by its enhanced status code (RFC 3463).
import { statusOf } from './enhanced-status.ts';

type Explanation = readonly [subjectAndDetail: RegExp, text: string];

const NO_MAIL_DOMAIN =
  'The domain of the address does not exist or takes no mail. Please check the address for mistakes.';
const TRIED_LONG =
  'We tried for as long as we may, but the mail server of the recipient could not be reached or did not take the message.';

const REFUSALS: readonly Explanation[] = [
  [/^1\.[136]$/, 'There is no such mailbox. Please check the address for mistakes.'],
  [/^(1\.2|1\.10|4\.4)$/, NO_MAIL_DOMAIN],
  [/^2\.1$/, 'The mailbox takes no mail at present.'],
  [/^2\.2$/, 'The mailbox of the recipient is full.'],
  [/^(2\.3|3\.4)$/, 'The message is too large for the recipient.'],
  [/^4\.7$/, TRIED_LONG],
  [/^6\.\d+$/, 'The mail server of the recipient does not take a message with this content.'],
  [/^7\.\d+$/, 'The mail server of the recipient refused the message for reasons of policy or security.'],
];

/** By our own decision, so that nobody else is blamed for it. */
const OWN_FAILURES: readonly Explanation[] = [
  [/^4\.4$/, NO_MAIL_DOMAIN],
  [/^4\.[57]$/, TRIED_LONG],
  [/^7\.\d+$/, 'The operators of this mail server stopped the message.'],
];

const OTHERWISE = 'The reason is given below in technical terms.';

/** Texts in place of a reply say so (docs/logs.md, "Internal reply texts"). */
export function isOwnText(reply: string): boolean {
  return reply.includes('[internal]');
}

/** One or two sentences. */
export function explainFailure(reply: string): string {
  const subjectAndDetail = statusOf(reply).slice(2);
  const explanations = isOwnText(reply) ? OWN_FAILURES : REFUSALS;
  return explanations.find(([pattern]) => pattern.test(subjectAndDetail))?.[1] ?? OTHERWISE;
}
