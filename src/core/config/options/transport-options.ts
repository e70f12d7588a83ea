// Options on what is spoken with a receiver, and whether we log in there.
import { SENDING_CHAIN } from '../chain.ts';
import { type Option, option } from '../option.ts';
import { BOOLEAN, enumeration, OPTIONAL_TEXT, optional, PORT, SECRET, type ValueType } from '../value-type.ts';

const SENDING = ['binding', 'binding_group', 'domain', 'global'] as const;

const SPOKEN = enumeration(['ESMTP', 'SMTP', 'LMTP']);

/** The other documented words. Mail that was to go another way must not go this one. */
const NOT_SPOKEN: ReadonlySet<string> = new Set(['ecstream', 'apn', 'gcm', 'mm7']);

const METHOD: ValueType<'esmtp' | 'smtp' | 'lmtp'> = {
  ...SPOKEN,
  parse(syntax) {
    const parsed = SPOKEN.parse(syntax);
    const isKnown = syntax.kind === 'word' && NOT_SPOKEN.has(syntax.text.toLowerCase());
    return parsed.kind === 'problem' && isKnown
      ? {
          ...parsed,
          hint: 'this version does not speak that protocol, and mail would go another way than was asked for',
        }
      : parsed;
  },
};

export const deliveryMethod = option<'esmtp' | 'smtp' | 'lmtp'>({
  name: 'delivery_method',
  type: METHOD,
  default: 'esmtp',
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'protocol that mail leaves by: ESMTP, SMTP without extensions (HELO), or LMTP',
});

export const lmtpPort = option<number>({
  name: 'lmtp_port',
  display: 'LMTP_Port',
  type: PORT,
  default: 2003,
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'port that receivers listen on when the delivery method is LMTP',
});

/** CRAM-MD5 is ours. */
export const outboundSmtpAuthType = option<'plain' | 'login' | 'cram-md5' | 'xoauth2' | null>({
  name: 'outbound_smtp_auth_type',
  display: 'Outbound_SMTP_Auth_Type',
  type: optional(enumeration(['PLAIN', 'LOGIN', 'CRAM-MD5', 'XOAUTH2'])),
  default: null,
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'mechanism for logging in to receivers; with user and password set, no mail goes without a login',
});

export const outboundSmtpAuthUser = option<string | null>({
  name: 'outbound_smtp_auth_user',
  display: 'Outbound_SMTP_Auth_User',
  type: OPTIONAL_TEXT,
  default: null,
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'account for logging in to receivers',
});

export const outboundSmtpAuthPass = option<string | null>({
  name: 'outbound_smtp_auth_pass',
  display: 'Outbound_SMTP_Auth_Pass',
  type: SECRET,
  default: null,
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'password, or token of XOAUTH2, for logging in to receivers; shown nowhere',
});

export const outboundSmtpAuthInClear = option<boolean>({
  name: 'outbound_smtp_auth_in_clear',
  display: 'Outbound_SMTP_Auth_In_Clear',
  type: BOOLEAN,
  default: false,
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'whether account and password may be sent in a session that is not encrypted (an option of Headgate)',
  caution: (allowed) => (allowed ? 'passwords can be read by whoever sees the traffic' : null),
});

/** Documented: negotiated before each message. */
export const xclient = option<'no' | 'ifavailable' | 'required'>({
  name: 'xclient',
  display: 'XCLIENT',
  type: enumeration(['no', 'ifavailable', 'required']),
  default: 'no',
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'whether receivers are told by XCLIENT which client a message came from',
});

/** Design decision 23: `ifneeded` acts as `strict`. */
export const transform8bitmimeContent = option<'no' | 'ifneeded' | 'strict' | 'strip'>({
  name: 'transform_8bitmime_content',
  display: 'Transform_8BitMime_Content',
  type: enumeration(['no', 'ifneeded', 'strict', 'strip']),
  default: 'ifneeded',
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'whether 8-bit content becomes quoted-printable for receivers without 8BITMIME',
  caution: (how) =>
    how === 'strip' ? 'acts as strict: the content becomes quoted-printable, and no octet loses its eighth bit' : null,
});

export const TRANSPORT_OPTIONS: readonly Option<unknown>[] = [
  deliveryMethod,
  lmtpPort,
  outboundSmtpAuthType,
  outboundSmtpAuthUser,
  outboundSmtpAuthPass,
  outboundSmtpAuthInClear,
  xclient,
  transform8bitmimeContent,
];
