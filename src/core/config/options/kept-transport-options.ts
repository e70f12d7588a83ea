// Ways of delivery other than SMTP and LMTP: push services, HTTP, ECStream, XMPP, MM7. None of them is spoken here.
import type { Option } from '../option.ts';
import { keptOptions, refusedOptions } from './option-table.ts';

export const KEPT_TRANSPORT_OPTIONS: readonly Option<unknown>[] = [
  ...keptOptions(
    'ECStream is not spoken here',
    `
    ECStream_Port     integer  1825  sending  port of receivers that speak ECStream
    ECStream_Timeout  seconds  600   sending  seconds that an ECStream receiver may take
    `,
  ),

  ...keptOptions(
    'push services for telephones are not spoken to',
    `
    APN_Expiry                  integer  -         sending restart  seconds that a push message to an Apple device is worth delivering
    GCM_Application_Id          text     -         sending          package that a push message to an Android device is for
    GCM_Authorization_Token_Id  text     -         sending          token for the push service of Android
    GCM_Delay_While_Idle        boolean  false     sending          whether a push message waits for the device to wake
    GCM_Dry_Run                 boolean  false     sending          whether push messages are only checked by the service
    GCM_TTL                     integer  -1        sending          seconds that the push service keeps a message
    MCMT_Reception              text     passthru  reception        how messages for several channels are taken in
    `,
  ),

  ...keptOptions(
    'nothing is delivered over HTTP',
    `
    HTTP_Basic_Auth            text                 -     sending                account and password for delivery over HTTP
    HTTP_Host                  text                 -     sending                server for delivery over HTTP
    HTTP_Method                POST|SET|GET|DELETE  post  sending                method for delivery over HTTP
    HTTP_URI                   text                 -     sending                path for delivery over HTTP
    HTTP_Version               0.9|1.0|1.1          1.1   sending                version of HTTP for delivery
    Delivery_Response_Timeout  integer              5000  binding domain global  milliseconds that an HTTP server may take to answer
    `,
  ),

  ...keptOptions(
    'multimedia messages (MM7) are not sent',
    `
    MM7_Delivery_Report  text  -  domain  whether a report of delivery is asked for
    MM7_Message_Class    text  -  domain  class that messages are sent as
    MM7_VASID            text  -  domain  name of the service at the exchange
    MM7_VASPID           text  -  domain  name of the provider at the exchange
    `,
  ),

  ...keptOptions(
    'instant messages (XMPP) are not sent',
    `
    XMPP_Dialback_Secret  text           -  domain  secret by which servers know each other
    XMPP_Role             client|server  -  domain  as what the server greets
    `,
  ),

  ...keptOptions(
    'ECStream is not taken in',
    `
    ECStream_Idle_Time       seconds  300    ecstream_listener listen pathways peer  seconds after which a silent ECStream client is let go
    ECStream_Max_Batch_Size  integer  10000  ecstream_listener listen pathways peer  messages of one ECStream client before others have their turn
    `,
  ),

  ...keptOptions(
    'mail is not taken in over HTTP',
    `
    Disable_Chunked           boolean  false  http_listener listen pathways peer  whether answers have a length instead of chunks
    Log_Requests_To_Paniclog  boolean  false  http_listener listen pathways peer  whether requests are written to paniclog
    Max_Request_Size          integer  -      http_listener listen pathways peer  largest request, in octets; no limit when unset
    `,
  ),

  ...refusedOptions(
    'mail would go to its exchangers instead',
    `
    target  text  -  static_routes  the one server (address:port) that takes all mail
    `,
  ),
  ...keptOptions(
    'exchangers named by an address in their MX record are used under that address, for as long as the record says',
    `
    ttl  seconds  600  mxip  life of the name made up for such an exchanger
    `,
  ),
];
