// Options of delivery over SMTP that this server does not act on.
import type { Option } from '../option.ts';
import { keptOptions, refusedOptions } from './option-table.ts';

export const KEPT_DELIVERY_OPTIONS: readonly Option<unknown>[] = [
  ...keptOptions(
    'bodies stay in memory until the first attempt as far as 32 MiB go, and in the spool beyond',
    `
    Max_Resident_Active_Queue, Max_Resident_Active_Queue_Size  integer  250    sending                       messages of a domain that keep their bodies in memory
    Max_Resident_Messages                                      integer  32768  binding binding_group global  messages in memory at once
    Drop_Body_After_Trans_Fail                                 integer  3      sending                       failed attempts after which the body leaves memory
    Exclude_VCTX_Conn                                          list     -      sending                       patterns of connection notes that are not kept with a message in the spool
    Exclude_VCTX_Mess                                          list     -      sending                       patterns of message notes that are not kept with a message in the spool
    Teleport_Enabled                                           boolean  -      domain                        whether the notes of a message outlive a transfer that failed
    `,
  ),

  ...keptOptions(
    'mail that is put back comes due at its own time, spread by nothing else',
    `
    Delayed_Binding_Domain_Fuzz  integer  0  binding binding_group global  seconds over which mail that is put back in bulk comes due
    `,
  ),

  ...keptOptions(
    'no header prepares messages for reports of complaints; a report is read by its own fields',
    `
    Enable_FBL_Header_Insertion  boolean  -        sending  whether messages carry the header by which complaints are recognised
    condition                    text     -        fbl      note that a message must carry to get the header
    header_name                  text     X-MSFBL  fbl      name of that header
    user_string                  text     -        fbl      text that goes into each line of the log
    `,
  ),

  ...keptOptions(
    'answers of receivers are taken as they are',
    `
    Response_Transcode_Pattern  pattern  -  sending  what an answer of a receiver must look like to be replaced
    Response_Transcode_Replace  text     -  sending  what it is replaced by
    `,
  ),

  ...keptOptions(
    'BODY=8BITMIME is passed on where the client declared it and the receiver offers it',
    `
    Send_8BitMime               no|ifavailable            !no        sending  whether receivers are told of 8-bit content
    `,
  ),

  ...keptOptions(
    'a binding has one address here, and exchangers of the other family are passed over',
    `
    Bind_Address_Secondary  text  -  binding  second local address, mostly of the other family
    `,
  ),

  ...keptOptions(
    'addresses are brought up by the system; mail of a binding waits until its address is there',
    `
    Binding_Auto_Replumb           boolean  false  global          whether missing addresses of bindings are brought up
    Binding_Auto_Replumb_Interval  seconds  60     global          seconds between two looks for missing addresses
    Use_IFList_Cache               boolean  false  global restart  whether the list of network interfaces is remembered
    `,
  ),

  ...refusedOptions(
    'mail would go to the domain itself',
    `
    Reroute_Domain          text  -, disabled  domain         domain under whose name the mail of this one is queued
    Delayed_Reroute_Domain  text  -, disabled  domain global  the same for mail that has failed once
    `,
  ),

  ...refusedOptions(
    'mail would leave from this machine instead of the proxy',
    `
    HA_Proxy_Server  text  -  binding binding_group  proxy (address:port) that connections are made through
    `,
  ),
  ...keptOptions(
    'connections are not made through proxies here',
    `
    HA_Proxy_Src_Addr               text     -  binding binding_group  IPv4 address that the proxy sends from
    HA_Proxy_IPv6_Src_Addr          text     -  binding binding_group  IPv6 address that the proxy sends from
    HA_Proxy_Bypass                 boolean  -  domain                 whether mail of the domain goes around the proxy
    health_check_interval           integer  -  ha_proxy_client        seconds between two looks at a proxy
    health_check_timeout            integer  -  ha_proxy_client        seconds that a look may take
    health_check_failure_threshold  integer  -  ha_proxy_client        failed looks after which a proxy counts as down
    health_check_success_threshold  integer  -  ha_proxy_client        good looks after which a proxy counts as up
    `,
  ),

  ...refusedOptions(
    'sessions would not be limited',
    `
    Max_Recipients_Per_Connection  integer  0  sending  RCPT commands in one session with a receiver; 0 = no limit
    `,
  ),

  ...refusedOptions(
    'mail without a binding would be sent',
    `
    Default_Binding  normal|suspended|none  normal  global  whether mail without a binding is sent, held or refused
    `,
  ),

  ...keptOptions(
    'what a session has in its buffers is left to the system',
    `
    TCP_Buffer_Size  integer  32768  global  largest buffer, in octets, of a session with a receiver
    `,
  ),
];
