// The stanzas that are no scope of delivery, reception or the console: modules, pools, logs of others. Grouped by what
// this server does about them. Options in them are in the catalogue like all others.
import type { Handling } from './option.ts';
import type { ScopeKind, ScopeName } from './scope.ts';

interface ModuleDetails {
  readonly naming?: ScopeKind['naming'];
  readonly parents?: readonly ScopeName[];
  /** False where the documentation at hand does not list its options. */
  readonly isChecked?: boolean;
  /** Whether `enabled` and `debug_level` are valid in it, as in every module; not in the stanzas inside of modules. */
  readonly isModule?: boolean;
}

function stanzas(handling: Handling, keywords: string, details: ModuleDetails = {}): readonly ScopeKind[] {
  return keywords.split(' ').map((keyword) => ({
    name: keyword,
    keyword,
    display: DISPLAYS[keyword] ?? keyword,
    naming: 'either',
    parents: ['global'],
    isChecked: true,
    isInert: false,
    isModule: true,
    ...details,
    handling,
  }));
}

/** Whose options the server acts on. */
const acted = (keywords: string): readonly ScopeKind[] => stanzas({ kind: 'acted' }, keywords);

const kept = (because: string, keywords: string, details?: ModuleDetails): readonly ScopeKind[] =>
  stanzas({ kind: 'kept', because }, keywords, details);

const loud = (because: string, keywords: string, details?: ModuleDetails): readonly ScopeKind[] =>
  stanzas({ kind: 'kept', because, isLoud: true }, keywords, details);

const refused = (because: string, keywords: string, details?: ModuleDetails): readonly ScopeKind[] =>
  stanzas({ kind: 'refused', because }, keywords, details);

/** Printed otherwise than in lower case. */
const DISPLAYS: Readonly<Record<string, string>> = {
  authenticate: 'Authenticate',
  destination: 'Destination',
  enumgroups: 'EnumGroups',
  querygroups: 'QueryGroups',
  replicate: 'Replicate',
  role: 'Role',
  scheme: 'Scheme',
  security: 'Security',
  snmp: 'SNMP',
  snmp_traps: 'SNMP_Traps',
  threadpool: 'ThreadPool',
  topology: 'Topology',
  logs: 'Logs',
  manager: 'Manager',
  node: 'Node',
  authorization: 'Authorization',
  debug_flags: 'Debug_Flags',
};

const named: ModuleDetails = { naming: 'named' };
const nameless: ModuleDetails = { naming: 'anonymous' };
const unchecked: ModuleDetails = { isChecked: false };
/** Stanzas of the server itself, or inside of a module. */
const plain: ModuleDetails = { isModule: false };
const inside = (parents: string, details: ModuleDetails = named): ModuleDetails => ({
  ...details,
  isModule: false,
  parents: parents.split(' '),
});

/** Stands out among the warnings of a load (problem.ts): without it, mail may go out by the wrong binding. */
export const NO_POLICY =
  'policy scripts do not run: the bindings they assign, headers they add and mail they refuse must be set in another way (binding_header; binding or binding_group on a listener)';
const NO_CLUSTER = 'this server is a cluster of one node; the cluster_ limits hold for it';
const NO_ADAPTATION = 'this server adapts no limit by itself';
const NO_THREADS = 'there are no pools of threads to size: one loop of one thread does all the work';
const NO_LOGINS = 'nobody can log in here, so no accounts are looked up';
const NO_QUERIES = 'nothing here asks databases';
const NO_FILTER = 'there is no such filter here, and everything would pass it';
const ENCODED = 'text is not recoded here, so no tables are needed';

export const MODULE_KINDS: readonly ScopeKind[] = [
  ...loud(NO_POLICY, 'scriptlet'),
  ...loud(NO_POLICY, 'sieve', unchecked), // of Momentum 3
  ...loud(NO_POLICY, 'script', inside('scriptlet')),

  ...kept(NO_ADAPTATION, 'adaptive adaptive_backstore_leveldb adaptive_backstore_riak'),
  ...kept(NO_ADAPTATION, 'adaptive_sweep_rule', inside('binding binding_group domain global')),
  ...kept('no mail about alerts is sent; watch paniclog and the metrics', 'alerting'),

  ...kept(NO_CLUSTER, 'cluster msgc_client msgc_server'),
  ...kept(NO_CLUSTER, 'replicate topology', inside('cluster', { naming: 'either' })),
  ...kept('logs are collected by the tools of the system, not by another node', 'logs', { ...nameless, ...plain }),
  ...kept('logs are collected by the tools of the system, not by another node', 'manager', inside('logs')),
  ...kept('there are no other nodes to ask', 'node', inside('manager msg_gen')),

  ...kept(NO_THREADS, 'threadpool eventloop', { ...named, ...plain }),
  ...kept('each message about the server has one level, and paniclog has them all', 'debug_flags', {
    ...nameless,
    ...plain,
  }),
  ...loud(
    'the server stays the user it was started as; let the service manager choose it (User=, Group=, AmbientCapabilities=)',
    'security',
    { ...nameless, ...plain },
  ),
  ...kept('there is no SNMP agent; the same figures are among the metrics', 'snmp snmp_traps', {
    ...nameless,
    ...plain,
  }),
  ...kept('there is no SNMP agent; the same figures are among the metrics', 'destination', inside('snmp_traps')),

  ...kept(NO_LOGINS, 'auth_ds auth_radius securecreds'),
  ...kept(NO_LOGINS, 'ac_auth', unchecked),
  ...kept(NO_LOGINS, 'authorization', { ...nameless, ...plain }),
  ...kept(NO_LOGINS, 'role', inside('authorization')),
  ...kept(NO_LOGINS, 'server', inside('auth_radius')),
  ...kept('no query is asked here', 'scheme', inside('auth_ds alias')),
  ...kept('no query is asked here', 'authenticate querygroups enumgroups', inside('scheme', nameless)),
  ...kept(NO_QUERIES, 'datasource', named),
  ...kept(NO_QUERIES, 'cassandra_client ds_core ds_ldap', unchecked),
  ...kept('recipients are not rewritten by aliases here', 'alias'),

  ...kept('mail is sent without a new DKIM signature, since this version does not sign', 'opendkim'),
  ...kept(
    'mail is sent without a new DKIM signature, since this version does not sign',
    'dkim_domain',
    inside('opendkim'),
  ),
  ...kept('signatures of this kind are not made here', 'dk_sign dkim2 openarc', unchecked),
  ...kept('signatures of this kind are not made here', 'dk_domain', inside('dk_sign', { ...named, isChecked: false })),
  ...kept('what it finds about a sender is of use to policy scripts only', 'dk_validate senderid spf_v1', unchecked),
  ...kept('its macros are of use to policy scripts only', 'spf_macros tls_macros', unchecked),
  ...kept('accounts are not looked up by policy scripts here', 'outbound_smtp_auth_v0'),
  ...kept('connections are not made through proxies; ha_proxy_server is refused', 'ha_proxy_client'),
  ...kept('a binding has one address here', 'bind_address_secondary'),
  ...kept('exchangers named by an address in their MX record are used in any case', 'mxip'),
  ...refused('mail would go to the exchangers of its domain instead; routes and gateway do the same', 'static_routes'),

  ...acted(
    'bounce_classifier_override bounce_logger curfew custom_logger dane delay_dsn fbl json_logger outbound_smtp_auth',
  ),
  ...kept('there is no text of your own for a line of bouncelog; use custom_logger', 'custom_bounce_logger', unchecked),
  ...kept(
    'records have the form of mainlog; for others use custom_logger or json_logger',
    'exim_logger postfix_logger sendmail_logger ilf_logger',
    unchecked,
  ),
  ...kept('policy scripts, whose words it logs, do not run', 'chunk_logger'),
  ...kept('there is no HTTP here to log', 'http_logger'),
  ...kept('no events are written besides the logs', 'event_hydrant'),
  ...kept('logs are files here, not addresses', 'persist_io pipe_io syslog_io'),
  ...kept('figures are kept in the metrics instead', 'inbound_audit outbound_audit'),
  ...kept('figures are kept in the metrics instead', 'reception_timing reception_timing_logger as_logger', unchecked),

  ...kept('answers of receivers are taken as they are', 'response_transcode'),
  ...kept(
    'a message with more than 100 Received fields is refused in any case; nothing else counts as a loop',
    'mail_loop',
  ),
  ...kept('messages are always on the disk before they are acknowledged', 'suppress_spool'),
  ...kept('the spool writes each message once, as it is on the wire', 'compress_spool', unchecked),
  ...kept('links and messages are left as they are', 'engagement_tracker msg_gen'),
  ...kept('links and messages are left as they are', 'url_ripper substitution_engine smtpapi', unchecked),
  ...kept('nothing is done at set times here; let cron call headgate console', 'sched'),
  ...kept(ENCODED, 'icu', unchecked),
  ...kept('the server answers over no HTTP of this kind', 'httpsrv', unchecked),
  ...kept('mail leaves by SMTP only', 'smpp smpp_logger pipe_transport maildir', unchecked),
  ...kept('DNS has one cache here, with nothing to set', 'dnsbuf', unchecked),
  ...kept('clients are not told apart by their software', 'fingerprint', unchecked),

  ...refused(NO_FILTER, 'antivirus beik brightmail cloudmark commtouch_ctasd eleven seedlist spamassassin', unchecked),
  ...refused(NO_FILTER, 'clamav csapi', { ...unchecked, parents: ['global', 'antivirus'] }),
  ...refused(NO_FILTER, 'match_header', inside('seedlist', { ...named, isChecked: false })),
  ...refused('clients would not be limited', 'conntrol', unchecked),
  ...refused('clients would not be asked to log in', 'smtp_auth_proxy', unchecked),
  ...refused('senders would not be called back', 'smtp_cbv', unchecked),
];

/** The modules: where `enabled` and `debug_level` are valid, besides ec_logger. */
export const MODULE_NAMES: readonly ScopeName[] = [
  ...MODULE_KINDS.filter(({ isModule }) => isModule).map(({ name }) => name),
  'ec_logger',
];
