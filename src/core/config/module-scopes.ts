// Stanzas of modules this server does not have. Most load with a warning, their contents kept as they are; those that
// hold mail back or keep something out are refused, because their effect would be missing.

const UNUSED = 'this version has no such module';

const UNUSED_MODULES = [
  'ac_auth adaptive adaptive_backstore_leveldb adaptive_backstore_riak alerting alias as_logger auth_ds auth_radius',
  'authorization bind_address_secondary bounce_classifier_override bounce_logger cassandra_client chunk_logger cluster',
  'compress_spool custom_bounce_logger custom_logger dane datasource debug_flags delay_dsn dk_sign dk_validate dkim2',
  'dnsbuf ds_core ds_ldap eccluster_listener ecstream_listener engagement_tracker event_hydrant eventloop exim_logger fbl',
  'fingerprint ha_proxy_client http_listener http_logger httpsrv icu ilf_logger inbound_audit logs maildir msg_gen',
  'msgc_client msgc_server msgcserver_listener mxip openarc opendkim outbound_audit outbound_smtp_auth',
  'outbound_smtp_auth_v0 pathway pathway_group persist_io pipe_io pipe_transport postfix_logger reception_timing',
  'reception_timing_logger response_transcode sched securecreds sendmail_logger senderid smpp smpp_logger smtpapi snmp',
  'snmp_traps spf_macros spf_v1 static_routes substitution_engine suppress_spool syslog_io threadpool tls_macros',
  'url_ripper xmpp_listener mail_loop',
].flatMap((line) => line.split(' '));

const FILTERS =
  'antivirus beik brightmail clamav cloudmark commtouch_ctasd conntrol csapi eleven seedlist smtp_auth_proxy smtp_cbv spamassassin'.split(
    ' ',
  );

export interface ModuleScope {
  readonly handling: 'kept' | 'refused';
  readonly because: string;
}

const MODULES = new Map<string, ModuleScope>([
  ...UNUSED_MODULES.map((name) => [name, { handling: 'kept', because: UNUSED }] as const),
  ...FILTERS.map(
    (name) =>
      [
        name,
        { handling: 'refused', because: 'this version has no such filter and would let everything pass' },
      ] as const,
  ),
  [
    'scriptlet',
    { handling: 'kept', because: 'Lua policy does not run; bindings it assigns must be set in another way' },
  ],
  ['curfew', { handling: 'refused', because: 'quiet hours are not kept by this version' }],
  ['security', { handling: 'refused', because: 'start the server as the user it is to run as instead' }],
]);

/** Null for a name that is no module. */
export function findModule(keyword: string): ModuleScope | null {
  return MODULES.get(keyword.toLowerCase()) ?? null;
}

export function moduleNames(): Iterable<string> {
  return MODULES.keys();
}
