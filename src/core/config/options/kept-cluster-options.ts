// Options of a server that is one of several: addresses that move between nodes, shared state, collected logs.
import type { Option } from '../option.ts';
import { keptOptions } from './option-table.ts';

export const KEPT_CLUSTER_OPTIONS: readonly Option<unknown>[] = [
  ...keptOptions(
    'addresses stay on this machine; no node takes over those of another',
    `
    DuraVIP_Preference        text     -     binding   node that should have the address
    DuraVIP_Preference        text     -     listen    node that should have the endpoint
    Enable_DuraVIP            boolean  -     binding   whether another node takes over the address
    Enable_DuraVIP            boolean  -     listen    whether another node takes over the endpoint
    DuraVIP_Follow            text     -     listen    binding whose node has the endpoint
    arp_all_hosts             boolean  true  cluster   whether every host is told of an address that moved
    duravip_balance_set_size  integer  1     cluster   addresses that move at once
    if_check_interval         seconds  30    cluster   seconds between two looks at network interfaces
    if_down_limit             integer  4     cluster   looks before an address is taken over
    unconditional_rebind      boolean  true  cluster   whether all addresses are dealt out anew each time
    view_balance_interval     seconds  10    cluster   seconds between two dealings of addresses
    view_broadcast_interval   seconds  0     cluster   seconds between two announcements of who has what; 0 = when asked
    view_mature_time          seconds  5     cluster   quiet seconds after which such an announcement is believed
    cidrmask                  text     -     topology  mask of addresses in the network
    interface                 text     -     topology  network interface of the network
    `,
  ),

  ...keptOptions(
    'this server is a cluster of one node; the cluster_ limits hold for it',
    `
    cluster_group          text     ec_cluster  cluster  group in which addresses are dealt out
    control_group          text     ec_console  cluster  group that hears commands for all nodes
    log_group              text     -           cluster  group that hears messages about nodes
    nodeaddr               text     -           cluster  address of this node
    nodename               text     -           cluster  name of this node
    heartbeat_start_delay  seconds  15          cluster  seconds after the start until signs of life are sent
    heartbeats_per_sec     integer  1           cluster  signs of life in a second
    tcp_buffer_size        integer  32768       cluster  octets buffered between nodes
    `,
  ),

  ...keptOptions(
    'there are no other nodes to share state with',
    `
    parameters          text     -                     replicate                what is shared
    type                text     -                     replicate                kind of sharing, when the name does not say it
    class               text     -                     replicate                tells stanzas of one kind apart
    binding_group       text     -                     replicate                group whose counts are shared
    max_delay           decimal  1.0                   replicate                longest time that news waits to be sent
    max_pending         integer  100                   replicate                news that waits to be sent
    max_size            integer  -1                    replicate                entries that are shared; -1 = all
    connect_timeout     integer  60                    msgc_client msgc_server  seconds that connecting to a node may take
    idle_timeout        integer  30                    msgc_client msgc_server  seconds after which a silent node is let go
    keepalive_interval  integer  5                     msgc_client msgc_server  seconds between two signs of life
    max_backlog         integer  5000                  msgc_client msgc_server  news that waits for a node
    messages_per_iter   integer  20                    msgc_client msgc_server  news handled in one turn
    reconnect_interval  integer  5                     msgc_client msgc_server  seconds until a node is tried again
    tcpbuf_size         integer  131072                msgc_client msgc_server  octets buffered between nodes
    server              list     ( "127.0.0.1:4809" )  msgc_client              nodes to connect to
    peers               map      -                     msgc_server              addresses of nodes by name
    port                integer  4809                  msgc_server              port that nodes connect to
    `,
  ),

  ...keptOptions(
    'logs are collected by the tools of the system, not by another node',
    `
    logs                 map          -   cluster  logs that other nodes may fetch
    log_active_interval  seconds      1   cluster  seconds between two requests while there is something to fetch
    log_idle_interval    seconds      10  cluster  seconds between two requests while there is nothing
    control_cache        file         -   logs     file of answers of other nodes
    dir_mode             permissions  -   logs     permissions of directories of collected logs
    file_mode            permissions  -   logs     permissions of collected logs
    logfile              file         -   logs     path of a collected log, with %{n} for the node and %{l} for the log
    max_idle             seconds      -   logs     seconds after which a collected log is closed
    max_open             integer      -   logs     collected logs open at once
    subscriber           list         -   node     as whom logs of the node are fetched
    `,
  ),
];
