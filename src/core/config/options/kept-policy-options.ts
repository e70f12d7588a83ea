// Policy scripts, and what they ask: data sources, accounts, scheduled commands. None of it runs here.
import { NO_POLICY } from '../module-scopes.ts';
import type { Option } from '../option.ts';
import { keptOptions, loudlyKeptOptions } from './option-table.ts';

export const KEPT_POLICY_OPTIONS: readonly Option<unknown>[] = [
  ...loudlyKeptOptions(
    NO_POLICY,
    `
    source  text  -  script  Lua module, or file, of the script
    `,
  ),
  ...keptOptions(
    'there is no Lua engine to tune, since policy scripts do not run',
    `
    always_gc                                boolean  false  scriptlet  whether memory of scripts is collected after each call
    gc_every                                 text     -      scriptlet  calls between two collections
    gc_pause                                 integer  200    scriptlet  growth, in per cent, from which memory is collected
    gc_stepmul                               integer  200    scriptlet  speed of a collection, in per cent of allocation
    gc_step_on_recycle                       text     -      scriptlet  whether a thread that is put back collects a little
    gc_step_on_trash_state                   text     -      scriptlet  whether a thread that is given up collects a little
    gc_threadpool                            text     -      scriptlet  pool of threads that collects
    gc_trace_thresh                          text     -      scriptlet  duration from which a collection is reported
    global_trace_interval                    text     -      scriptlet  how often global variables of scripts are looked at
    max_spare_per_master                     integer  5000   scriptlet  idle Lua threads kept
    max_uses_per_thread                      text     -      scriptlet  calls after which a Lua thread is given up
    pin_thread_for_completion_in_event_loop  text     -      scriptlet  whether a call ends in the loop it began in
    reap_interval                            integer  1      scriptlet  seconds between two sweeps of idle Lua threads
    script_ttl                               integer  300    scriptlet  seconds until a script is read again
    use_reusable_thread                      text     -      scriptlet  whether Lua threads are used again
    `,
  ),

  ...keptOptions(
    'nothing here asks databases',
    `
    uri         list     -      datasource        where the source is; the first that answers
    cache_life  integer  3600   datasource        seconds that an answer is kept
    cache_size  integer  1000   datasource        answers kept
    max_rows    integer  100    datasource        rows read of an answer; -1 = all
    no_cache    boolean  false  datasource        whether answers are asked for each time
    pool        text     IO     datasource        pool of threads that asks
    serialized  boolean  true   datasource        whether answers are told to other nodes
    uri         list     -      cassandra_client  servers of the database
    `,
  ),

  ...keptOptions(
    'no query is asked here, since nobody can log in and no recipient is rewritten',
    `
    cache             text     -  queries  data source that is asked
    query             text     -  queries  text of the query
    map               map      -  queries  what goes into the query
    group_column      text     -  queries  which column has the group
    password_column   text     -  queries  which column has the password
    returns_password  boolean  -  queries  whether the answer holds the password
    type              text     -  queries  how passwords are encrypted
    type_column       text     -  queries  column that tells how a password is encrypted
    type_map          map      -  queries  what the words in that column mean
    cache             text     -  scheme   data source that is asked
    query             text     -  scheme   text of the query
    map               map      -  scheme   what goes into the query
    column            text     -  scheme   column of the answer
    `,
  ),

  ...keptOptions(
    'nobody can log in here, so no accounts are looked up',
    `
    allow           list     -                              role         patterns of the commands that the role may give
    map             map      -                              auth_radius  what is asked of a RADIUS server
    NAS-Identifier  integer  -                              auth_radius  number by which RADIUS servers know this one
    NAS-IP-Address  text     -                              auth_radius  address by which RADIUS servers know this one
    host            text     -                              server       address of the RADIUS server
    max_tries       integer  -                              server       questions before the next server is asked
    secret          text     -                              server       secret shared with the RADIUS server
    timeout         seconds  -                              server       seconds that the RADIUS server may take
    credentials     file     /opt/msys/etc/credentials.db   securecreds  file of encrypted passwords
    key             file     /opt/msys/etc/credentials.key  securecreds  file of the key to them
    `,
  ),

  ...keptOptions(
    'nothing is done at set times here; let cron call headgate console',
    `
    backing_store  file  -  sched  file of the jobs
    `,
  ),
];
