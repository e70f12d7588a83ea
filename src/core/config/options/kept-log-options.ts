// Logs that this server does not write, and details of those it does.
import type { Option } from '../option.ts';
import { keptOptions } from './option-table.ts';

export const KEPT_LOG_OPTIONS: readonly Option<unknown>[] = [
  ...keptOptions(
    'nothing is written to it, since this version knows no logins',
    `
    acctlog           file         /var/log/ecelerity/acctlog.ec  ec_logger  log of logins and permissions
    acctlog_log_mode  permissions  0644                           ec_logger  permissions of acctlog
    `,
  ),
  ...keptOptions(
    'nothing is written to it, since this version imports no mail',
    `
    importlog       file         -     ec_logger  log of mail that was imported into the spool
    importlog_mode  permissions  0644  ec_logger  permissions of importlog
    `,
  ),

  ...keptOptions(
    'a module here is part of the server, always there and with one level of messages',
    `
    enabled      boolean                                   true   modules    whether the module acts by itself
    enabled      boolean                                   true   ec_logger  whether the logger acts by itself
    debug_level  debug|info|notice|warning|error|critical  error  modules    least level of messages of the module
    debug_level  debug|info|notice|warning|error|critical  error  ec_logger  least level of messages of the logger
    `,
  ),

  ...keptOptions(
    'there is no text of your own for a line of bouncelog; use custom_logger',
    `
    user_string  text  -  custom_bounce_logger  text that goes into each line
    `,
  ),

  ...keptOptions(
    'in a custom log is written what has a format',
    `
    log_deliveries          boolean  false  custom_logger  whether deliveries are written
    log_permanent_failures  boolean  false  custom_logger  whether failures for good are written
    log_receptions          boolean  false  custom_logger  whether receptions are written
    log_rejections          boolean  false  custom_logger  whether refusals are written
    log_transient_failures  boolean  false  custom_logger  whether failed attempts are written
    `,
  ),
  ...keptOptions(
    'custom logs are written as all logs are, and their troubles are in the paniclog of ec_logger',
    `
    namespace      text         "custom_logger,sieve"  custom_logger  where words of a format are looked for
    sanitize       text         -                      custom_logger  how words from outside are cleaned
    thread_pool    text         -                      custom_logger  pool of threads that writes
    concurrency    integer      1                      custom_logger  threads in that pool
    log_errors     boolean      false                  custom_logger  whether errors are written
    paniclog       file         -                      custom_logger  log of errors of the logger
    paniclog_mode  permissions  0644                   custom_logger  permissions of that log
    `,
  ),
  ...keptOptions(
    'there are no other nodes that mail could be passed to',
    `
    xfer_format    text         -     custom_logger  form of a transfer between nodes; none when unset
    xfer_logfile   file         -     custom_logger  log of transfers alone
    xfer_log_mode  permissions  0644  custom_logger  permissions of xfer_logfile
    `,
  ),

  ...keptOptions(
    'policy scripts, whose words it logs, do not run',
    `
    add_newline       boolean  true  chunk_logger  whether each record ends its line
    destination       file     -     chunk_logger  log of policy scripts
    timestamp_format  text     -     chunk_logger  form of times, in the letters of strftime
    `,
  ),

  ...keptOptions(
    'there is no HTTP here to log',
    `
    log  text  file:///var/log/ecelerity/httplog.ec  http_logger  log of requests
    `,
  ),

  ...keptOptions(
    'no events are written besides the logs',
    `
    concurrency           integer  1                                                             event_hydrant  threads that write events
    cust_prefix           text     cust_                                                         event_hydrant  beginning of the names of own fields
    jlog_filename         text     "jlog:///var/log/ecelerity/event_hydrant.rt=>event_consumer"  event_hydrant  where events are written
    log_click             boolean  true                                                          event_hydrant  whether clicks are written
    log_conversion        boolean  true                                                          event_hydrant  whether conversions are written
    log_delivery          boolean  true                                                          event_hydrant  whether deliveries are written
    log_genfail           boolean  true                                                          event_hydrant  whether messages that could not be made are written
    log_genrejection      boolean  true                                                          event_hydrant  whether made messages that were refused are written
    log_inband_bounce     boolean  true                                                          event_hydrant  whether refusals in the session are written
    log_open              boolean  true                                                          event_hydrant  whether openings are written
    log_outofband_bounce  boolean  true                                                          event_hydrant  whether bounces that come as mail are written
    log_reception         boolean  true                                                          event_hydrant  whether receptions are written
    log_rejection         boolean  true                                                          event_hydrant  whether refusals of clients are written
    log_tempfail          boolean  true                                                          event_hydrant  whether failed attempts are written
    write_jlog            boolean  false                                                         event_hydrant  whether events are written to a jlog
    `,
  ),

  ...keptOptions(
    'logs are files here, not addresses',
    `
    default_facility  text         mail                        syslog_io   facility of syslog
    ident             text         ecelerity                   syslog_io   name in lines of syslog
    persist_path      file         /var/log/ecelerity/persist  persist_io  directory of copies
    dirmode           permissions  0700                        persist_io  permissions of that directory
    filemode          permissions  0600                        persist_io  permissions of copies
    error_file        file         -                           pipe_io     what a program says on its error output
    error_mode        permissions  0666                        pipe_io     permissions of error_file
    output_file       file         -                           pipe_io     what a program says on its output
    output_mode       permissions  0666                        pipe_io     permissions of output_file
    timeout           seconds      -                           pipe_io     seconds that a program may take to end
    `,
  ),

  ...keptOptions(
    'figures are kept in the metrics instead',
    `
    domainlist            list     -                                        outbound_audit  domains that are always counted
    monitor_domains       boolean  -                                        outbound_audit  whether each domain is counted for itself
    monitors              list     -                                        outbound_audit  spans and numbers of counts
    threshold             integer  -                                        outbound_audit  messages from which a domain is counted
    monitors              list     -                                        inbound_audit   spans and numbers of counts
    log_dir               file     /var/log/ecelerity/audit_series_logs     inbound_audit   directory of written counts
    serialize_dir         file     /var/log/ecelerity/audit_series_persist  inbound_audit   directory of counts that outlive a start
    maintenance_interval  integer  300                                      inbound_audit   seconds between two sweeps of counts
    `,
  ),

  ...keptOptions(
    'each message about the server has one level, and paniclog has them all',
    `
    critical                             list     ALL  debug_flags  parts of the server whose messages of level critical are written
    error                                list     ALL  debug_flags  parts of the server whose messages of level error are written
    warning                              list     -    debug_flags  parts of the server whose messages of level warning are written
    notice                               list     -    debug_flags  parts of the server whose messages of level notice are written
    info                                 list     -    debug_flags  parts of the server whose messages of level info are written
    debug                                list     -    debug_flags  parts of the server whose messages of level debug are written
    Debug_Throttle_Max_Num_Same_Message  integer  0    global       how often the same message is written within a period; 0 = always
    Debug_Throttle_Period_Secs           seconds  1    global       length of that period
    `,
  ),

  ...keptOptions(
    'the form of times in messages about the server is fixed',
    `
    TimestampFormat  text  "[%a %d %b %Y %H:%M:%S] "  global  form of times in messages about the server
    `,
  ),

  ...keptOptions(
    'sessions are not traced to files',
    `
    Trace_SMTP_Mode  permissions  0640  global restart  permissions of traces of sessions
    `,
  ),
];
