// Options of reception that this version knows but does not act on.
import { kept } from './kept-option.ts';
import type { Option } from './option.ts';
import { ANYTHING, BOOLEAN, enumeration, INTEGER, OPTIONAL_TEXT, SECONDS, WORDS } from './value-type.ts';

const INBOUND = ['esmtp_listener', 'listen', 'peer'] as const;
const ENDPOINTS = ['esmtp_listener', 'control_listener', 'listen'] as const;
const LISTENERS = ['esmtp_listener', 'control_listener', 'listen', 'peer'] as const;

export const KEPT_RECEIVING_OPTIONS: readonly Option<unknown>[] = [
  kept(
    'accept_queue_backlog',
    INTEGER,
    0,
    ENDPOINTS,
    'queue length between accepting a socket and handing it to a worker pool',
  ),
  kept(
    'allow_ip_literal',
    BOOLEAN,
    true,
    [...INBOUND, 'global'],
    'accept addresses whose domain part is an IP literal',
    { display: 'Allow_IP_Literal', refused: 'not checked by this version' },
  ),
  kept('allow_null_envelope_sender', BOOLEAN, true, [...INBOUND, 'global'], 'accept MAIL FROM:<>', {
    display: 'Allow_NULL_Envelope_Sender',
    refused: 'not checked by this version',
  }),
  kept(
    'allow_trailing_whitespace_in_commands',
    BOOLEAN,
    false,
    [...INBOUND, 'global'],
    'tolerate blanks at the end of an SMTP command line',
  ),
  kept('always_allow', BOOLEAN, false, LISTENERS, 'treat every login as successful unless always_deny is set'),
  kept('banner_hostname', OPTIONAL_TEXT, null, INBOUND, 'name shown in the SMTP greeting'),
  kept('click_tracking_enabled', BOOLEAN, false, INBOUND, 'rewrite links for click tracking of injected mail'),
  kept('click_tracking_scheme', enumeration(['http', 'https']), 'http', INBOUND, 'URL scheme of click-tracking links'),
  kept('concurrency', INTEGER, 0, ENDPOINTS, 'number of accept threads of a listener, or size of a thread pool', {
    display: 'concurrency',
  }),
  kept('context', ANYTHING, null, INBOUND, 'key/value pairs put in the connection context'),
  kept('disable_chunked', BOOLEAN, false, ['listen', 'peer'], 'do not use chunked transfer coding'),
  kept(
    'disable_nagle_algorithm',
    BOOLEAN,
    false,
    ['global', 'esmtp_listener', 'control_listener', 'listen'],
    'set TCP_NODELAY on managed sockets',
  ),
  kept(
    'domain_for_unqualified_recipient_addresses',
    OPTIONAL_TEXT,
    null,
    [...INBOUND, 'global'],
    'domain appended to bare recipient addresses',
    { display: 'Domain_for_unqualified_recipient_addresses' },
  ),
  kept(
    'domain_for_unqualified_sender_address',
    OPTIONAL_TEXT,
    null,
    [...INBOUND, 'global'],
    'domain appended to bare sender addresses',
    { display: 'Domain_for_unqualified_sender_address' },
  ),
  kept('duravip_follow', OPTIONAL_TEXT, null, ['listen'], 'binding whose address a listener follows'),
  kept('ecstream_idle_time', SECONDS, 300, ['listen', 'peer'], 'idle limit of ECStream clients', {
    display: 'ECStream_Idle_Time',
  }),
  kept(
    'ecstream_max_batch_size',
    INTEGER,
    10000,
    ['listen', 'peer'],
    'ECStream messages taken before yielding to the scheduler',
    { display: 'ECStream_Max_Batch_Size' },
  ),
  kept(
    'event_loop',
    OPTIONAL_TEXT,
    null,
    ['esmtp_listener', 'listen'],
    'name of the eventloop pool that runs the listener',
  ),
  kept('events_per_iter', INTEGER, 0, ENDPOINTS, 'accept events handled per loop turn by threaded listeners'),
  kept('listen_backlog', INTEGER, 500, ENDPOINTS, 'listen(2) backlog'),
  kept('listener_sessions', INTEGER, 0, INBOUND, 'sessions allowed on one endpoint (0 = no limit)', {
    refused: 'reception would not be limited',
  }),
  kept(
    'log_requests_to_paniclog',
    BOOLEAN,
    false,
    ['listen', 'peer'],
    'write REST injection requests to the panic log',
  ),
  kept(
    'max_receptions_per_connection',
    INTEGER,
    0,
    [...INBOUND, 'global'],
    'messages accepted per session, then 421 (0 = no limit)',
    { refused: 'sessions would not be limited' },
  ),
  kept('max_request_size', INTEGER, 0, ['listen', 'peer'], 'largest HTTP request; unset = no limit'),
  kept('mcmt_reception', OPTIONAL_TEXT, 'passthru', INBOUND, 'multi-channel reception mode (mobile)'),
  kept('open_relay', BOOLEAN, false, INBOUND, 'relay for anybody (meant for Peer stanzas)'),
  kept('open_tracking_enabled', BOOLEAN, false, INBOUND, 'insert open-tracking pixel in injected mail'),
  kept('open_tracking_scheme', enumeration(['http', 'https']), 'http', INBOUND, 'URL scheme of open-tracking pixel'),
  kept('pathway', OPTIONAL_TEXT, null, INBOUND, 'name of the pathway an endpoint uses', {
    refused: 'the options of the pathway would be missing',
  }),
  kept('pool_name', OPTIONAL_TEXT, null, ENDPOINTS, 'thread pool that accepts for the listener'),
  kept('proxy_protocol', BOOLEAN, false, LISTENERS, 'expect a PROXY header from a load balancer', {
    refused: 'the PROXY header is not understood by this version',
  }),
  kept('proxy_protocol_timeout', SECONDS, 60, LISTENERS, 'wait for a whole PROXY header (0 = no limit)'),
  kept('received_hostname', OPTIONAL_TEXT, null, INBOUND, 'host name written in Received: headers'),
  kept(
    'reconfig_message',
    OPTIONAL_TEXT,
    '4.3.2 Reconfiguration in progress',
    ['esmtp_listener'],
    'text after 421 when a session still runs on an old configuration',
  ),
  kept('relay_for_sending_domains', WORDS, [], INBOUND, 'sender domains that may relay'),
  // Both are harmless: a client that never greeted is refused in any case (docs/reception.md).
  kept('require_ehlo', BOOLEAN, false, [...INBOUND, 'global'], 'refuse mail of clients that never greeted', {
    harmless: [true, false],
  }),
  kept('service_sessions', INTEGER, 0, INBOUND, 'sessions allowed over all endpoints of a service (0 = no limit)', {
    refused: 'reception would not be limited',
  }),
  kept('smtp_extensions', WORDS, [], INBOUND, 'SMTP extensions offered', { display: 'SMTP_Extensions' }),
  kept(
    'starttls_injection_policy',
    enumeration(['allow', 'ignore', 'reject']),
    'reject',
    INBOUND,
    'what to do with data pipelined before STARTTLS',
  ),
  kept('static_banner', OPTIONAL_TEXT, null, INBOUND, 'full SMTP greeting, must start with 220'),
  kept('tcp_recv_buffer_size', INTEGER, 4096, ENDPOINTS, 'receive buffer of listener sockets (0 = system)', {
    display: 'TCP_Recv_Buffer_Size',
  }),
  kept('tcp_send_buffer_size', INTEGER, 4096, ENDPOINTS, 'send buffer of listener sockets (0 = system)', {
    display: 'TCP_Send_Buffer_Size',
  }),
  kept('tls_allow_renegotiation', BOOLEAN, true, INBOUND, 'allow TLS renegotiation', {
    display: 'TLS_Allow_Renegotiation',
  }),
  kept(
    'tls_verified_peer_is_authorized',
    BOOLEAN,
    false,
    ['listen', 'peer'],
    'a client with a verified certificate counts as logged in',
  ),
  kept('tracking_domain', OPTIONAL_TEXT, 'localhost:8080', INBOUND, 'host of tracking URLs'),
  kept('tracking_link_expiry', SECONDS, 31536000, INBOUND, 'validity of tracking links'),
];
