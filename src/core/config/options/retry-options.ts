// Options on when mail is tried again, when it is given up, and what its sender hears.
import { SENDING_CHAIN } from '../chain.ts';
import { type Option, option } from '../option.ts';
import { BLACKHOLE, BOOLEAN, COUNT, enumeration, OPTIONAL_TEXT, RETRY_COUNT, SECONDS } from '../value-type.ts';

const SENDING = ['binding', 'binding_group', 'domain', 'global'] as const;

export const retryInterval = option<number>({
  name: 'retry_interval',
  type: SECONDS,
  default: 1200,
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'seconds before the first retry; doubles with each failure',
});

export const maxRetryInterval = option<number>({
  name: 'max_retry_interval',
  type: SECONDS,
  default: 43200,
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'longest time between two retries in seconds',
});

/** Design decision 10 says what `auto` means. */
export const maxRetries = option<number | 'auto' | 'none'>({
  name: 'max_retries',
  type: RETRY_COUNT,
  default: 'auto',
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'retries before a message fails; auto: as many as reach message_expiration; none: no bound',
});

export const messageExpiration = option<number>({
  name: 'message_expiration',
  type: SECONDS,
  default: 86400,
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'seconds after which an undelivered message fails',
});

export const connectTimeoutToDelay = option<number>({
  name: 'connect_timeout_to_delay',
  type: SECONDS,
  default: 900,
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'seconds without reaching a domain before its mail waits in the delayed queue',
});

export const mxFailuresToDelay = option<number>({
  name: 'mx_failures_to_delay',
  display: 'MX_Failures_To_Delay',
  type: COUNT,
  default: 50,
  scopes: ['domain', 'global'],
  chain: SENDING_CHAIN,
  help: 'failures in a row of each exchanger after which the mail of a domain waits in the delayed queue; 0 = never',
});

export const hostFailureRetry = option<number>({
  name: 'host_failure_retry',
  type: SECONDS,
  default: 120,
  scopes: ['domain', 'global'],
  chain: SENDING_CHAIN,
  help: 'seconds that an address is left alone after it failed',
});

export const delayedQueueScanInterval = option<number>({
  name: 'delayed_queue_scan_interval',
  type: SECONDS,
  default: 15,
  scopes: ['global'],
  help: 'seconds between two looks at a domain with mail that nothing else wakes',
});

export const generateBounces = option<boolean>({
  name: 'generate_bounces',
  type: BOOLEAN,
  default: true,
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'whether the sender of failed mail gets a bounce',
});

export const bouncesInlineOriginal = option<'headers' | 'none' | 'all'>({
  name: 'bounces_inline_original',
  type: enumeration(['headers', 'none', 'all']),
  default: 'headers',
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'what a bounce quotes of the failed message: its headers, all of it, or nothing',
});

/** Null: mailer-daemon at the host name. */
export const mailerdaemon = option<string | null>({
  name: 'mailerdaemon',
  display: 'MailerDaemon',
  type: OPTIONAL_TEXT,
  default: null,
  inPlace: 'mailer-daemon at the name of this server',
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'From: address of bounces; mailer-daemon at hostname when unset',
});

/** Design decision 11: `true` is `inline`. */
export const blackhole = option<'false' | 'inline' | 'internal'>({
  name: 'blackhole',
  type: BLACKHOLE,
  default: 'false',
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'inline (true): recipients are refused; internal: mail is taken and fails instead of being delivered',
});

export const neverRetry = option<boolean>({
  name: 'never_retry',
  type: BOOLEAN,
  default: false,
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'whether a message fails with its first attempt',
});

export const neverAttemptExpiredMessages = option<boolean>({
  name: 'never_attempt_expired_messages',
  type: BOOLEAN,
  default: false,
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'whether a message past its expiration fails without a last attempt',
});

export const RETRY_OPTIONS: readonly Option<unknown>[] = [
  retryInterval,
  maxRetryInterval,
  maxRetries,
  messageExpiration,
  connectTimeoutToDelay,
  mxFailuresToDelay,
  hostFailureRetry,
  delayedQueueScanInterval,
  generateBounces,
  bouncesInlineOriginal,
  mailerdaemon,
  blackhole,
  neverRetry,
  neverAttemptExpiredMessages,
];
