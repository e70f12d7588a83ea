// Options of name service and of its caches.
import type { Option } from '../option.ts';
import { keptOptions } from './option-table.ts';

export const KEPT_DNS_OPTIONS: readonly Option<unknown>[] = [
  ...keptOptions(
    'an answer is asked for again when it is next needed behind its TTL, TLSA records after an hour at most',
    `
    DNS_Cache_Purge_Interval  seconds  60    global  seconds between two sweeps of the cache
    DNS_Expire_Interval       seconds  10    global  seconds between two looks for domains to be asked for again
    TLSA_Expire_Interval      seconds  3600  global  seconds between two looks for TLSA records to be asked for again
    `,
  ),

  ...keptOptions(
    'a truncated answer is asked for again over TCP in any case',
    `
    DNS_Fallback_To_TCP  boolean  false, true  global  whether truncated answers are asked for again over TCP
    `,
  ),

  ...keptOptions(
    'each question has a socket of its own, up to 32 at a time for a server, with the buffers of the system',
    `
    DNS_Max_UDP_Queries_Per_Port  integer  0  global  queries sent from one port; 0 = no limit
    DNS_UDP_Rcvbuf_Size           integer  0  global  octets of answers that the system buffers; 0 = as it likes
    DNS_UDP_Sndbuf_Size           integer  0  global  octets of queries that the system buffers; 0 = as it likes
    `,
  ),
];
