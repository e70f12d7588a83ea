// Options of reception and of the console's endpoints.
import type { IpBlock } from '../../base/ip-address.ts';
import { LISTENER_CHAIN } from '../chain.ts';
import { type Option, option } from '../option.ts';
import {
  ADDRESS_BLOCKS,
  BOOLEAN,
  COUNT,
  enumeration,
  HEADER_NAME,
  OPTIONAL_TEXT,
  PERMISSIONS,
  SECONDS,
  SIZE,
} from '../value-type.ts';

const INBOUND = ['esmtp_listener', 'listen', 'peer', 'pathway', 'pathway_group'] as const;
/** Of options of Headgate, which no pathway needs to know. */
const OWN_PLACES = ['esmtp_listener', 'listen', 'peer'] as const;
const ENDPOINTS = [
  'control_listener',
  'esmtp_listener',
  'listen',
  'eccluster_listener',
  'ecstream_listener',
  'http_listener',
  'msgcserver_listener',
  'xmpp_listener',
] as const;

/** A message is in memory while it comes in. */
export const MESSAGE_OCTETS_MAX = 128 * 1024 * 1024;

export const enable = option<boolean>({
  name: 'enable',
  type: BOOLEAN,
  default: true,
  scopes: ENDPOINTS,
  chain: LISTENER_CHAIN,
  help: 'whether the endpoint is opened',
});

export const relayHosts = option<readonly IpBlock[]>({
  name: 'relay_hosts',
  type: ADDRESS_BLOCKS,
  default: [],
  scopes: [...INBOUND, 'global'],
  chain: LISTENER_CHAIN,
  help: 'addresses and CIDR blocks of clients that may relay',
});

export const maxMessageSize = option<number>({
  name: 'max_message_size',
  type: SIZE,
  default: 0,
  scopes: INBOUND,
  chain: LISTENER_CHAIN,
  help: 'largest message taken, in octets; 0 = 128 MiB, which is the most in any case',
  caution: (octets) => (octets > MESSAGE_OCTETS_MAX ? 'acts as 134217728, the largest message that is taken' : null),
});

export const maxRecipientsPerMessage = option<number>({
  name: 'max_recipients_per_message',
  type: COUNT,
  default: 0,
  scopes: INBOUND,
  chain: LISTENER_CHAIN,
  help: 'recipients taken for one message; 0 = 10000, which is the most in any case',
});

export const idleTime = option<number>({
  name: 'idle_time',
  type: SECONDS,
  default: 0,
  scopes: [...INBOUND, 'http_listener', 'xmpp_listener'],
  chain: LISTENER_CHAIN,
  help: 'seconds after which a silent client is let go; 0 = 300',
});

/** Design decision 17. Believed only from clients that may relay. */
export const bindingHeader = option<string | null>({
  name: 'binding_header',
  type: HEADER_NAME,
  default: null,
  inPlace: 'no header field is asked for a binding',
  scopes: [...OWN_PLACES, 'global'],
  chain: LISTENER_CHAIN,
  help: 'header field by which a client names the binding of a message (an option of Headgate)',
});

export const listenerBinding = option<string | null>({
  name: 'binding',
  type: OPTIONAL_TEXT,
  default: null,
  inPlace: 'the mail has binding default, unless something else names one',
  scopes: OWN_PLACES,
  chain: LISTENER_CHAIN,
  help: 'binding of the mail that comes in here (an option of Headgate)',
});

export const listenerBindingGroup = option<string | null>({
  name: 'binding_group',
  type: OPTIONAL_TEXT,
  default: null,
  inPlace: 'no group shares the mail',
  scopes: OWN_PLACES,
  chain: LISTENER_CHAIN,
  help: 'binding group whose bindings share the mail that comes in here (an option of Headgate)',
});

/** Design decision 24: `pedantic` refuses, `fix` and `ignore` rewrite to CRLF. */
export const rfc2822LoneLfInBody = option<'ignore' | 'pedantic' | 'fix'>({
  name: 'rfc2822_lone_lf_in_body',
  display: 'RFC2822_Lone_LF_in_Body',
  type: enumeration(['ignore', 'pedantic', 'fix']),
  default: 'pedantic',
  scopes: ['global', 'pathway', 'pathway_group'],
  help: 'bare CR or LF in a message: pedantic refuses it, fix makes it a line end',
  caution: (value) => (value === 'ignore' ? 'acts as fix, since a bare LF is never sent' : null),
});

export const fileMode = option<number>({
  name: 'file_mode',
  type: PERMISSIONS,
  default: 0o600,
  scopes: ENDPOINTS,
  chain: LISTENER_CHAIN,
  help: 'permissions of a Unix socket',
});

export const consoleTimeout = option<number>({
  name: 'timeout',
  type: SECONDS,
  default: 60,
  scopes: ['control_listener', 'listen'],
  chain: LISTENER_CHAIN,
  help: 'seconds after which a silent console session ends; 0 = never',
});

export const LISTENER_OPTIONS: readonly Option<unknown>[] = [
  enable,
  relayHosts,
  maxMessageSize,
  maxRecipientsPerMessage,
  idleTime,
  bindingHeader,
  listenerBinding,
  listenerBindingGroup,
  rfc2822LoneLfInBody,
  fileMode,
  consoleTimeout,
];
