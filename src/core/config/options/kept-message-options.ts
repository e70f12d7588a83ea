// What is done about messages that break the rules of RFC 5322 (once RFC 2822, hence the names), and about loops.
import type { Option } from '../option.ts';
import { keptOptions } from './option-table.ts';

export const KEPT_MESSAGE_OPTIONS: readonly Option<unknown>[] = [
  ...keptOptions(
    'a Received field is added, and Message-ID where there is none; the rest of a header is taken as it is',
    `
    RFC2822_Date_Header         ignore|pedantic|ifneeded  !ifneeded  global pathways  what becomes of a message without Date
    RFC2822_MessageID_Header    ignore|ifneeded           ifneeded   global pathways  what becomes of a message without Message-ID
    RFC2822_missing_headers     reject|allow              !reject    global pathways  what becomes of a message without a header
    RFC2822_Lone_LF_in_Headers  fix|pedantic              pedantic   global pathways  what becomes of a bare LF in a header; one in the whole message is treated by rfc2822_lone_lf_in_body
    RFC2822_Trace_Headers       boolean                   true       global pathways  whether a Received field is added
    `,
  ),

  ...keptOptions(
    'lines are passed on at the length they have',
    `
    RFC2822_Max_Line_Length         text             ignore  global pathways  longest line: a word for the rule, or a number of octets
    RFC2822_Max_Line_Length_Policy  none|fix|reject  none    global pathways  what becomes of longer lines
    `,
  ),

  ...keptOptions(
    'content is passed on without being read',
    `
    Default_Charset                             text     us-ascii  global pathways  character set of content that names none
    Mime_Parse_Large_Messages_During_Reception  boolean  true      global           whether the parts of a large message are found while it comes in
    Large_Message_Threshold                     integer  131072    global           octets from which a message is large
    Legacy_Message_Threshold                    integer  1048576   global           octets up to which old modules see a message
    `,
  ),

  ...keptOptions(
    'the recipients of a message that are refused are answered one by one',
    `
    Generate_Bounces_For_Multi_Recipient_Policy_Rejections  boolean  true  global pathways  whether policy that refuses some of several recipients bounces for them
    `,
  ),

  ...keptOptions(
    'a message with more than 100 Received fields is refused in any case; nothing else counts as a loop',
    `
    code                  integer  -   mail_loop  answer to a message that goes round
    max_received_headers  integer  20  mail_loop  Received fields from which a message counts as going round
    Use_IP                boolean  -   mail_loop  whether addresses in Received fields are looked at
    `,
  ),

  ...keptOptions(
    'rules come with each version, and your own are read at the start and with config reload',
    `
    enable_system_updates                boolean  true                                                     bounce_classifier_override  whether delivered rules are used
    refresh                              integer  300                                                      bounce_classifier_override  seconds between two readings of the rules
    system_mdn_classification_override   file     /opt/msys/ecelerity/etc/updates/mdn_classification.ovr   bounce_classifier_override  delivered rules for bounces that come as mail
    system_smtp_classification_override  file     /opt/msys/ecelerity/etc/updates/smtp_classification.ovr  bounce_classifier_override  delivered rules for answers of receivers
    `,
  ),
  ...keptOptions(
    'bounces that come as mail are classified by the rules for answers of receivers',
    `
    user_mdn_classification_override  text  -  bounce_classifier_override  own rules for bounces that come as mail
    `,
  ),
];
