// Memory, threads, files and counters of a server written in C: what an operator tunes there has no counterpart here.
import type { Option } from '../option.ts';
import { keptOptions, loudlyKeptOptions, refusedOptions } from './option-table.ts';

export const KEPT_ENGINE_OPTIONS: readonly Option<unknown>[] = [
  ...keptOptions(
    'memory is managed by the JavaScript engine, which has no such sizes',
    `
    Growbuf_Size                  integer  16384  global          octets of one piece of a buffer
    Initial_Hash_Buckets          integer  32     global          places in a new hash table
    Malloc2mmap_Threshold         integer  4092   global          octets from which memory is mapped instead of allocated
    Mail_Queue_Check_VM_Interval  seconds  60     global          seconds between two trimmings of queues
    Keep_Message_Dicts_In_Memory  boolean  false  global restart  whether notes on a message stay in memory when its body leaves
    Use_MMAP                      boolean  false  global          whether spool files are mapped into memory
    Use_SendFile                  boolean  false  global          whether the system copies bodies from file to socket
    `,
  ),

  ...keptOptions(
    'what is in memory is bounded by octets (32 MiB of bodies), not by a share of the machine',
    `
    Memory_Goal              integer  90   global  percentage of memory in use from which caches are trimmed
    Memory_HWM               integer  !95  global  percentage of memory in use from which clients are sent away for now
    Max_Resident_Transfails  integer  100  global  mail waiting for its failure to be handled that stays in memory
    `,
  ),

  ...keptOptions(
    'caches of this kind are not needed here, or have a fixed bound',
    `
    Generic_Getter_Cache_Size  integer  -      global  answers about the configuration kept in memory
    Match_Cache_Size           integer  16384  global  results of matching names against scopes kept in memory
    Match_Cache_Life           seconds  0      global  how long such a result is kept; 0 = while it holds
    PCRE_Cache_Size            integer  100    global  regular expressions kept in memory
    PCRE_Cache_TTL             seconds  300    global  how long a regular expression is kept
    SIV_Throttle_Cache_Size    integer  1000   global  throttles of policy scripts kept in memory
    `,
  ),

  ...keptOptions(
    'one loop does all the work, in an order of its own',
    `
    Async_Bounce_Rendering        boolean  true   global              whether bounces are written beside deliveries
    Clear_Mail_Queue_Maintainers  boolean  true   global              whether needless looks at a queue are dropped
    Delivery_Pool                 text     -      global restart      pool of loops that delivers
    Maintainer_pool               text     -      global restart      pool of loops that looks after queues
    Disk_Queue_Drain_Rate         integer  100    global              messages read from the spool in one turn at a start
    Expensive_Batch_Assessment    boolean  false  global              whether copies of a message that were changed may share a transaction
    Hot_Domains                   list     -      global              busy domains that are divided among threads
    Inline_Transfail_Processing   boolean  true   global              whether failed attempts are handled at once
    Max_Timed_Events_Per_Iter     integer  1024   global              timers run in one turn
    Scheduler                     text     -      global restart      how the system is asked for events
    Transfail_Drain_Rate          integer  100    global              failed attempts handled in one turn
    backlog                       integer  0      threadpool restart  jobs that may wait for a thread; 0 = no limit
    stack_size                    integer  0      threadpool          octets of the stack of a thread; 0 = as the system likes
    `,
  ),

  // The pages, but no row of their tables, name it as the one option of eventloop.
  ...keptOptions(
    'one loop accepts and serves all clients, with no threads to divide them among',
    `
    concurrency  integer  0  threadpool eventloop  threads or loops in the pool
    `,
  ),

  ...keptOptions(
    'the spool is written as docs/spool.md says, durably and once for each message',
    `
    Spool_Mode                         permissions  0640         global restart  permissions of spool files
    Swap_Out_Meta_After_Each_Tempfail  boolean      true         global          whether a failed attempt is written down at once
    Unlink_On_Spool_In_Failure         boolean      true, false  global          whether unreadable mail is deleted; here it never is
    _Unsafe_Spool                      boolean      false        global          whether mail may be taken that is not on the disk
    num_retries                        integer      -            suppress_spool  failed attempts before a message is written to the disk
    `,
  ),

  ...keptOptions(
    'the limit on descriptors is set by the service manager (LimitNOFILE=) or ulimit; too low a one is reported',
    `
    Server_Max_File_Descriptors  integer  3000000  global  open files that the system is asked for
    `,
  ),

  ...loudlyKeptOptions(
    'the server stays the user it was started as; the service manager chooses it (User=, Group=)',
    `
    user                 text  !ecuser  security restart  user that the server becomes
    group                text  !ecuser  security restart  group that the server becomes
    supplemental_groups  list  -        security restart  further groups
    capabilities         text  -        security restart  capabilities of Linux that the server keeps
    privileges           text  -        security restart  privileges of Solaris that the server keeps
    `,
  ),
  ...refusedOptions(
    'the server would see the whole file system; let the service manager shut it in (RootDirectory=)',
    `
    chroot  file  -  security restart  directory that the server is shut into
    `,
  ),

  ...keptOptions(
    'there is no SNMP agent; the same figures are among the metrics',
    `
    address           text     -       snmp restart         address and port of the agent
    community         text     Public  snmp restart         word that clients must know
    state             boolean  true    snmp restart         whether the agent runs
    SysContact        text     -       snmp restart         who is responsible
    SysDescription    text     -       snmp restart         what the server is
    SysLocation       text     -       snmp restart         where the server stands
    state             boolean  false   snmp_traps restart   whether receivers of traps hear anything
    trap_destination  text     -       snmp_traps restart   where traps are sent
    trap_interval     seconds  60      snmp_traps restart   seconds until a trap is repeated
    watch_interval    seconds  10      snmp_traps restart   seconds between two looks at what is watched
    watch_variables   map      -       snmp_traps restart   what is watched, and from which value on
    community         text     Public  destination restart  word that the receiver of traps must hear
    `,
  ),

  ...keptOptions(
    'figures begin anew with each start, and go to the metrics',
    `
    Address_Metrics_Cleanse_Interval  seconds  3600                     global          seconds between two looks for figures of addresses that are old
    Address_Metrics_Lifetime          seconds  1800                     global          how long figures of an address are kept
    MasterDB_File                     file     /var/log/ecelerity/ecdb  global restart  file of figures that outlive a start
    Permastore_Interval               seconds  300                      global          seconds between two writes of figures
    `,
  ),

  ...keptOptions(
    'Headgate needs no licence file',
    `
    License  file  /opt/msys/ecelerity/etc  global restart  where the licence is
    `,
  ),

  ...keptOptions(
    'TLS comes with the runtime, whose locks and engines are its own',
    `
    Crypto_Engine       text                                             -                   global          engine of OpenSSL for special hardware
    Crypto_Lock_Method  EC_SSL_SPINLOCK|EC_SSL_MUTEX|EC_SSL_DEFAULTLOCK  EC_SSL_DEFAULTLOCK  global restart  kind of locks within TLS (dropped by Momentum 5.3)
    SSL_Lock_Method     mutex|spinlock                                   mutex               global restart  kind of locks within SSL (dropped by Momentum 5.3)
    TLS_Engine          openssl|gnutls                                   openssl             global restart  library that does TLS
    `,
  ),

  ...keptOptions(
    'the console is asked by clients, and asks nobody itself',
    `
    Control_Client_Timeout  seconds  60  global  seconds that another server may take to answer a console command
    `,
  ),
];
