// Options of one SMTP session with a receiver.
import { SENDING_CHAIN } from '../chain.ts';
import { type Option, option } from '../option.ts';
import { COUNT, EHLO_NAME, enumeration, POSITIVE_COUNT, SECONDS } from '../value-type.ts';

const SENDING = ['binding', 'binding_group', 'domain', 'global'] as const;

const wait = (name: string, seconds: number, help: string, display?: string): Option<number> =>
  option<number>({
    name,
    ...(display === undefined ? {} : { display }),
    type: SECONDS,
    default: seconds,
    scopes: SENDING,
    chain: SENDING_CHAIN,
    help,
  });

export const connectTimeout = wait('connect_timeout', 300, 'seconds that a connect may take');
export const ehloTimeout = wait('ehlo_timeout', 300, 'seconds to wait for the answer to EHLO', 'EHLO_Timeout');
export const mailfromTimeout = wait(
  'mailfrom_timeout',
  300,
  'seconds to wait for the answer to MAIL FROM',
  'MailFrom_Timeout',
);
export const rcpttoTimeout = wait('rcptto_timeout', 300, 'seconds to wait for the answer to RCPT TO');
export const bodyTimeout = wait('body_timeout', 600, 'seconds to wait for the answer to a message');
export const rsetTimeout = wait('rset_timeout', 30, 'seconds to wait for the answer to RSET', 'RSET_Timeout');
export const idleTimeout = wait('idle_timeout', 5, 'seconds that a session without mail is kept for reuse');

export const maxDeliveriesPerConnection = option<number>({
  name: 'max_deliveries_per_connection',
  type: COUNT,
  default: 0,
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'deliveries after which a session ends; 0 = no limit',
});

export const maxRecipientsPerBatch = option<number>({
  name: 'max_recipients_per_batch',
  type: POSITIVE_COUNT,
  default: 100,
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'recipients of one message that share a transaction',
});

/** Design decision 20. */
export const smtpPipelining = option<'no' | 'envelope' | 'overlap'>({
  name: 'smtp_pipelining',
  display: 'SMTP_Pipelining',
  type: enumeration(['no', 'envelope', 'overlap']),
  default: 'overlap',
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'what is sent ahead of answers when the receiver offers PIPELINING (an option of Headgate)',
});

/** Two values are magic: `__hostname__` is the server's name, `__message__` the one the message asks for. */
export const ehloHostname = option<string>({
  name: 'ehlo_hostname',
  display: 'EHLO_Hostname',
  type: EHLO_NAME,
  default: '__hostname__',
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'name given in EHLO; __hostname__ is the name of the server',
  caution: (name) => (name === '__message__' ? 'acts as __hostname__ in this version' : null),
});

export const SESSION_OPTIONS: readonly Option<unknown>[] = [
  connectTimeout,
  ehloTimeout,
  mailfromTimeout,
  rcpttoTimeout,
  bodyTimeout,
  rsetTimeout,
  idleTimeout,
  maxDeliveriesPerConnection,
  maxRecipientsPerBatch,
  smtpPipelining,
  ehloHostname,
];
