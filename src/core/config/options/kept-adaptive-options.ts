// Adaptive delivery: limits and timeouts that change by themselves as receivers answer. This server changes none.
import type { Option } from '../option.ts';
import { keptOptions, refusedOptions } from './option-table.ts';

export const KEPT_ADAPTIVE_OPTIONS: readonly Option<unknown>[] = [
  ...refusedOptions(
    'limits are not adapted by this version, which would send faster than asked for',
    `
    adaptive_enabled  boolean  false  sending  whether limits and timeouts follow the answers of receivers
    `,
  ),

  ...keptOptions(
    'no limit or timeout changes by itself here; the value that its own option has is in force',
    `
    adaptive_body_timeout                   list               -      sending   bounds, least and most, within which body_timeout moves
    adaptive_ehlo_timeout                   list               -      sending   bounds, least and most, within which ehlo_timeout moves
    adaptive_idle_timeout                   list               -      sending   bounds, least and most, within which idle_timeout moves
    adaptive_mailfrom_timeout               list               -      sending   bounds, least and most, within which mailfrom_timeout moves
    adaptive_max_deliveries_per_connection  list               -      sending   bounds, least and most, within which max_deliveries_per_connection moves
    adaptive_max_outbound_connections       list               -      sending   bounds, least and most, within which max_outbound_connections moves
    adaptive_max_recipients_per_batch       list               -      sending   bounds, least and most, within which max_recipients_per_batch moves
    adaptive_max_recipients_per_connection  list               -      sending   bounds, least and most, within which max_recipients_per_connection moves
    adaptive_max_resident_active_queue      list               -      sending   bounds, least and most, within which max_resident_active_queue moves
    adaptive_max_retries                    list               -      sending   bounds, least and most, within which max_retries moves
    adaptive_max_retry_interval             list               -      sending   bounds, least and most, within which max_retry_interval moves
    adaptive_outbound_throttle_messages     list               -      sending   bounds, least and most, within which outbound_throttle_messages moves
    adaptive_rcptto_timeout                 list               -      sending   bounds, least and most, within which rcptto_timeout moves
    adaptive_retry_interval                 list               -      sending   bounds, least and most, within which retry_interval moves
    adaptive_rset_timeout                   list               -      sending   bounds, least and most, within which rset_timeout moves
    adaptive_adjustment_interval            seconds            60     sending   shortest time between two changes for the same binding and domain
    adaptive_positive_adjustment_interval   seconds            3600   sending   shortest time between two changes that let more mail out
    adaptive_attempt_threshold              integer            2000   sending   attempts within a period before refusals are judged
    adaptive_fbl_volume_threshold           integer            20000  sending   deliveries within a period before complaints are judged
    adaptive_scope                          auto|local|global  auto   sending   whether each node learns for itself or all nodes together
    adaptive_manage_options                 list               -      adaptive  further options that may be changed
    adaptive_unmanage_options               list               -      adaptive  options that are left alone
    adaptive_stats_period                   seconds            3600   adaptive  span of time that figures are summed over
    `,
  ),

  ...keptOptions(
    'nothing is suspended by itself here; suspend_delivery does it by hand',
    `
    adaptive_default_suspension                    text     "4 hours"  sending   how long a suspension lasts, such as "4 hours"
    adaptive_default_suspension_enabled            boolean  false      sending   whether too many refusals suspend a domain
    adaptive_rejection_rate_suspension_percentage  integer  20         sending   percentage of refused attempts that suspends a domain
    adaptive_retry_fuzz                            integer  4096       sending   seconds over which the mail of an ended suspension comes back
    suspend_sweep_interval                         seconds  60         adaptive  seconds between two looks for suspensions that are over; 0 = none
    read_cache_after_suspension                    boolean  false      adaptive  whether stored values are read again when a suspension ends
    `,
  ),

  ...keptOptions(
    'no rules are applied to the shares of bounces and complaints here',
    `
    adaptive_sweep_rule_enabled         boolean  true                     sending              whether the rules of the scope apply
    codes                               list     -                        adaptive_sweep_rule  bounce classes (bc:N) and complaint types (fbl:NAME) of the rule
    low_threshold                       decimal  5                        adaptive_sweep_rule  percentage from which low_action is taken
    low_action                          list     ( "throttle" "down" )    adaptive_sweep_rule  what to do above low_threshold
    high_threshold                      decimal  10                       adaptive_sweep_rule  percentage from which high_action is taken
    high_action                         list     ( "suspend" "4 hours" )  adaptive_sweep_rule  what to do above high_threshold
    bounce_sweep_interval               seconds  3600                     adaptive             seconds between two evaluations of the rules; 0 = none
    enable_bounce_stats                 boolean  true                     adaptive             whether bounces are counted by the hour
    enable_fbl_stats                    boolean  true                     adaptive             whether complaints are counted by the hour
    fbl_stats_monitor                   text     "14400,6"                adaptive             span and number of the counts of complaints
    fbl_stats_series                    text     FBL_stats                adaptive             name under which complaints are counted
    fbl_total_series                    text     FBL_total                adaptive             name under which deliveries are counted beside complaints
    ad_response_rule_series_prefix      text     ADRR_series              adaptive             beginning of the names of counts of response rules
    outbound_throttle_messages_monitor  text     "3,20"                   adaptive             span and number of the counts of messages sent
    outbound_throttle_messages_series   text     OBTM_Series              adaptive             name under which messages sent are counted
    force_max_binding_age               boolean  false                    adaptive             whether a new binding counts as known to receivers already
    `,
  ),

  ...keptOptions(
    'nothing learned about receivers is stored, since nothing is learned',
    `
    adaptive_cache_size            integer  1048576                              adaptive                    number of states kept in memory
    adaptive_cache_ttl             seconds  43200                                adaptive                    life of a state in memory
    binding_domain_cache_size      integer  999999                               adaptive                    number of pairs of binding and domain kept in memory
    binding_domain_cache_max_ttl   seconds  86400                                adaptive                    life of a pair of binding and domain in memory
    backing_store_connect_timeout  seconds  5                                    adaptive                    seconds that connecting to the store may take
    backing_store_timeout          seconds  5                                    adaptive                    seconds that the store may take to answer
    data_store                     list     ( "http://127.0.0.1:8098" )          adaptive                    where a Riak store listens
    data_store_sync_interval       seconds  3600                                 adaptive                    seconds between two writes of all tables to the store
    path                           file     /var/log/ecelerity/adaptive.leveldb  adaptive_backstore_leveldb  directory of a LevelDB store
    connect_timeout                seconds  5                                    adaptive_backstore_riak     seconds that connecting to Riak may take
    timeout                        seconds  5                                    adaptive_backstore_riak     seconds that Riak may take to answer
    `,
  ),

  ...keptOptions(
    'nobody is told of changes, since none happen by themselves',
    `
    adaptive_alert_email_destination  list                                      -                                                 sending   mailboxes that hear of changes; none when unset
    adaptive_alert_email_sender       text                                      -                                                 sending   sender of mail about changes
    adaptive_notification_events      list                                      ( throttle suspension blackhole )                 sending   kinds of changes worth a mail
    adaptive_notification_interval    seconds                                   3600                                              sending   shortest time between two mails about the same
    alerting_cache_size               integer                                   1048576                                           alerting  number of alerts remembered
    alerting_cache_ttl                seconds                                   3600                                              alerting  how long an alert is remembered
    enable_jlog                       boolean                                   false                                             adaptive  whether changes are written to a jlog
    enable_logging                    boolean                                   true                                              adaptive  whether changes are written to a log
    jlog_file                         text                                      "jlog:///var/log/adaptive/adaptive.rt=>ad_stats"  adaptive  where the jlog of changes is
    log_base                          file                                      /var/log/ecelerity/adaptive                       adaptive  directory of logs of changes
    operational_log_level             DEBUG|INFO|NOTICE|WARNING|ERROR|CRITICAL  notice                                            adaptive  least level of the log of changes
    split_logs_by_binding             boolean                                   false                                             adaptive  whether each binding has its log of changes
    `,
  ),
];
