// Options on what senders and operators hear of mail that is late or lost, beside generate_bounces and its like
// (retry-options.ts): notices of delay, mail without a sender, and how many notices are made at a time.
import { SENDING_CHAIN } from '../chain.ts';
import { type Option, option } from '../option.ts';
import { BOOLEAN, OPTIONAL_TEXT, POSITIVE_COUNT, SECONDS } from '../value-type.ts';
import { REPORT_OPTIONS } from './report-options.ts';

const SENDING = ['binding', 'binding_group', 'domain', 'global'] as const;

/** Without effect where there is no delay_dsn stanza (notice-check.ts says so). */
export const generateDelayDsn = option<boolean>({
  name: 'generate_delay_dsn',
  display: 'Generate_Delay_DSN',
  type: BOOLEAN,
  default: false,
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'whether senders hear of mail that is late; needs a delay_dsn stanza',
});

export const delayDsnRetryInterval = option<number>({
  name: 'delay_dsn_retry_interval',
  display: 'Delay_DSN_Retry_Interval',
  type: SECONDS,
  default: 3600,
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'seconds until the first notice of a delay; the time to the next doubles with each; 0: none',
});

/** Reading: the manual's tables say 43200 and its page 0, so 43200 is the default and 0 is no cap. */
export const delayDsnMaxRetryInterval = option<number>({
  name: 'delay_dsn_max_retry_interval',
  display: 'Delay_DSN_Max_Retry_Interval',
  type: SECONDS,
  default: 43200,
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'longest time between two notices of a delay in seconds; 0: no limit',
});

export const mdnFailuresNotify = option<string | null>({
  name: 'mdn_failures_notify',
  display: 'MDN_Failures_Notify',
  type: OPTIONAL_TEXT,
  default: null,
  inPlace: 'nobody gets them',
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'mailbox that gets the bounces of mail without a sender',
});

export const softBounceDrainRate = option<number>({
  name: 'soft_bounce_drain_rate',
  type: POSITIVE_COUNT,
  default: 100,
  scopes: ['global'],
  help: 'bounces begun in one turn of the loop; at most 64 are on their way to the spool at once',
});

export const NOTICE_OPTIONS: readonly Option<unknown>[] = [
  generateDelayDsn,
  delayDsnRetryInterval,
  delayDsnMaxRetryInterval,
  mdnFailuresNotify,
  softBounceDrainRate,
  ...REPORT_OPTIONS,
];
