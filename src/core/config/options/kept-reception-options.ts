// Options of reception and of listeners that this server does not act on.
import type { Option } from '../option.ts';
import { keptOptions, refusedOptions } from './option-table.ts';

export const KEPT_RECEPTION_OPTIONS: readonly Option<unknown>[] = [
  ...keptOptions(
    'one loop accepts and serves all clients, with no threads to divide them among',
    `
    Accept_Queue_Backlog  integer  0  endpoints msgcserver_listener                                  accepted connections that may wait for a thread
    concurrency           integer  0  endpoints                                                      threads of an endpoint
    Event_Loop            text     -  ecstream_listener esmtp_listener listen http_listener restart  pool of loops that serves the endpoint
    Events_Per_Iter       integer  0  endpoints                                                      new connections taken in one turn of a thread
    Pool_Name             text     -  endpoints                                                      pool of threads that serves the endpoint
    `,
  ),

  ...keptOptions(
    'sockets have the buffers, the backlog and the delays that the system gives them',
    `
    Disable_Nagle_Algorithm  boolean  false  endpoints global  whether small packets are sent at once
    Listen_Backlog           integer  500    endpoints         connections that the system keeps for an endpoint until they are accepted
    TCP_Recv_Buffer_Size     integer  4096   endpoints         octets that the system buffers on their way in
    TCP_Send_Buffer_Size     integer  4096   endpoints         octets that the system buffers on their way out
    `,
  ),

  ...refusedOptions(
    'the number of sessions would not be limited',
    `
    Listener_Sessions  integer  0  reception  clients served by one endpoint at once; 0 = no limit
    Service_Sessions   integer  0  reception  clients served by all endpoints of a kind at once; 0 = no limit
    `,
  ),

  ...refusedOptions(
    'a session could go on without end',
    `
    Max_Receptions_Per_Connection  integer  0  reception global  messages taken in one session; 0 = no limit
    Max_Recipients_Per_Connection  integer  0  smtp              RCPT commands taken in one session; 0 = no limit
    `,
  ),

  ...refusedOptions(
    'the rate of reception would not be limited',
    `
    Inbound_Throttle_Messages  rate  -  global pathways  messages taken per time
    `,
  ),

  ...refusedOptions(
    'such mailboxes are let in by this version',
    `
    Allow_IP_Literal            boolean  true  reception global  whether mailboxes at an address, such as a@[192.0.2.1], are taken
    Allow_NULL_Envelope_Sender  boolean  true  reception global  whether mail without a sender is taken
    `,
  ),

  ...refusedOptions(
    'the header of a proxy is not read here, so that every client would look like the proxy',
    `
    Proxy_Protocol  boolean  false  control_listener ecstream_listener smtp http_listener xmpp_listener  whether a connection begins with the header of a proxy
    `,
  ),
  ...keptOptions(
    'the header of a proxy is not waited for',
    `
    Proxy_Protocol_Timeout  seconds  60  control_listener ecstream_listener smtp http_listener xmpp_listener  seconds that the header of a proxy may take; 0 = no limit
    `,
  ),

  ...refusedOptions(
    'the options of the pathway would be missing',
    `
    Pathway  text  -  ecstream_listener smtp  pathway whose options hold for the endpoint
    `,
  ),

  ...keptOptions(
    'a line with blanks at its end is read without them in any case',
    `
    Allow_Trailing_Whitespace_In_Commands  boolean  false  reception global  whether blanks at the end of a command are overlooked
    RFC2821_Allow_Whitespace_In_Envelope   boolean  false  global pathways   whether blanks at the end of MAIL and RCPT are overlooked
    `,
  ),

  // Both are harmless: a client that never greeted is refused in any case (docs/reception.md).
  ...keptOptions(
    'a client that never greeted is refused in any case',
    `
    Require_EHLO  boolean  false, true  reception global  whether a client must greet before it sends mail
    `,
  ),

  ...keptOptions(
    'greetings, and Received fields, name the server as hostname says',
    `
    Banner_Hostname    text  -  reception  name of the server in its greeting
    Received_Hostname  text  -  reception  name of the server in Received fields
    Static_Banner      text  -  reception  the whole greeting, from its 220
    `,
  ),

  ...keptOptions(
    'a reload goes on with the sessions there are, and refuses none',
    `
    Reconfig_Message  text  "4.3.2 Reconfiguration in progress"  esmtp_listener  what a session hears that began before a reload
    `,
  ),

  ...keptOptions(
    'what clients are offered depends on what the server can do',
    `
    SMTP_Extensions  list  -  reception  extensions of SMTP that clients are offered
    `,
  ),

  ...keptOptions(
    'a mailbox without a domain gets that of hostname',
    `
    Domain_for_unqualified_recipient_addresses  text  -  reception global  domain of recipients that are given without one
    Domain_for_unqualified_sender_address       text  -  reception global  domain of senders that are given without one
    `,
  ),
  ...keptOptions(
    'mailboxes are read more leniently than the RFC asks, as docs/reception.md says',
    `
    RFC2821_pedantic_address_rules  boolean  !true  global pathways  whether mailboxes must keep to the letter of the RFC
    `,
  ),
  ...keptOptions(
    'recipients are not rewritten by aliases here',
    `
    Alias_Schemes  list  -  domain global pathways  names of schemes that put other recipients in place of one
    `,
  ),

  ...keptOptions(
    'who may relay is said by relay_hosts alone, and what is taken from others by relay_domains',
    `
    Open_Relay                 boolean  false  reception        whether everybody may relay
    Relay_For_Sending_Domains  list     -      reception        domains whose senders may relay
    `,
  ),
  ...keptOptions(
    'no domain is our own here: mail goes to all exchangers of a domain in their order',
    `
    Only_Use_Best_MX_For_Relay_Domains  boolean  true  global  whether mail for domains of our own goes to their first exchangers only
    `,
  ),

  ...keptOptions(
    'notes on a connection are read by policy scripts, which do not run',
    `
    Context  map  -  reception  notes that every connection of the endpoint begins with
    `,
  ),

  ...keptOptions(
    'links and pictures in messages are left as they are',
    `
    Click_Tracking_Enabled           boolean     false           reception           whether links lead through a server that counts clicks
    Click_Tracking_Scheme            http|https  http            reception           protocol of such links
    Open_Tracking_Enabled            boolean     false           reception           whether a picture is added that counts openings
    Open_Tracking_Scheme             http|https  http            reception           protocol of that picture
    Tracking_Domain                  text        localhost:8080  reception           server that counts clicks and openings
    Tracking_Link_Expiry             seconds     31536000        reception           how long links that count clicks work
    click_tracking_include_metadata  boolean     true            engagement_tracker  whether links tell what the message was about
    max_metadata_len                 integer     1000            engagement_tracker  most octets that links tell about a message
    `,
  ),

  ...keptOptions(
    'messages are written by those who send them, not by this server',
    `
    click_tracking_enabled            boolean     true      msg_gen  whether links in made messages count clicks
    click_tracking_scheme             http|https  http      msg_gen  protocol of links in made messages
    open_tracking_enabled             boolean     true      msg_gen  whether made messages count openings
    open_tracking_scheme              http|https  http      msg_gen  protocol of the picture in made messages
    cluster_cfg                       boolean     -         msg_gen  whether nodes are known from the cluster
    engagement_tracking_host          text        -         msg_gen  server that counts clicks and openings of made messages
    gen_count                         integer     2         msg_gen  processes that make messages
    gen_transactional_threads         integer     2         msg_gen  threads that make single messages
    quorum                            integer     -         msg_gen  votes that decide
    scheduled_interval_delete         integer     600       msg_gen  seconds between two looks for jobs that are over
    start_time_max_schedule_interval  integer     31536000  msg_gen  seconds that a job may lie ahead
    mta_id                            integer     -         node     number of the node
    votes                             integer     -         node     votes of the node
    Msg_Gen_Without_Cassandra         boolean     -         global   whether messages are made without a database
    `,
  ),
];
