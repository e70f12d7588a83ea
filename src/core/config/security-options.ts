// Options of TLS, authentication and signing: known, but this version protects nothing by them. Those that ask for
// protection are refused, because mail would go, or clients be let in, without it.
import { LISTENER_CHAIN, SENDING_CHAIN } from './chain.ts';
import { type Option, option } from './option.ts';
import type { ScopeName } from './scope.ts';
import { ANYTHING, BOOLEAN, enumeration, OPTIONAL_FILE, OPTIONAL_TEXT, TEXT } from './value-type.ts';

const SENDING = ['binding', 'binding_group', 'domain', 'global'] as const;
const LISTENERS = ['esmtp_listener', 'control_listener', 'listen', 'peer'] as const;
const INBOUND = ['esmtp_listener', 'listen', 'peer'] as const;

const NO_TLS = 'TLS is not available in this version';
const NO_AUTHENTICATION =
  'authentication is not available in this version; console endpoints are loopback or Unix sockets';

const isNo = (word: string): boolean => word === 'no';
const isFalse = (flag: boolean): boolean => !flag;

const chainOf = (scopes: readonly ScopeName[]) => (scopes.includes('binding') ? SENDING_CHAIN : LISTENER_CHAIN);

function tlsText(
  name: string,
  display: string,
  scopes: readonly ScopeName[],
  harmless: string,
  help: string,
): Option<string> {
  return option<string>({
    name,
    display,
    type: TEXT,
    default: harmless,
    scopes,
    chain: chainOf(scopes),
    help,
    refused: NO_TLS,
    harmless: (text) => text.toLowerCase() === harmless.toLowerCase(),
  });
}

function tlsFile(name: string, display: string, scopes: readonly ScopeName[], help: string): Option<string | null> {
  return option<string | null>({
    name,
    display,
    type: OPTIONAL_FILE,
    default: null,
    scopes,
    chain: chainOf(scopes),
    help,
    refused: NO_TLS,
    harmless: (file) => file === null || file.toLowerCase() === 'none',
  });
}

function flag(
  name: string,
  scopes: readonly ScopeName[],
  refused: string,
  help: string,
  display?: string,
): Option<boolean> {
  return option<boolean>({
    name,
    ...(display === undefined ? {} : { display }),
    type: BOOLEAN,
    default: false,
    scopes,
    chain: chainOf(scopes),
    help,
    refused,
    harmless: isFalse,
  });
}

function authentication(name: string, display: string, scopes: readonly ScopeName[], help: string): Option<unknown> {
  return option<unknown>({
    name,
    display,
    type: ANYTHING as Option<unknown>['type'],
    default: null,
    scopes,
    chain: chainOf(scopes),
    help,
    refused: NO_AUTHENTICATION,
  });
}

function credential(name: string, help: string): Option<string | null> {
  return option<string | null>({
    name,
    type: OPTIONAL_TEXT,
    default: null,
    scopes: SENDING,
    chain: SENDING_CHAIN,
    help,
    refused: 'authentication with receivers is not available in this version',
  });
}

export const SECURITY_OPTIONS: readonly Option<unknown>[] = [
  option<boolean>({
    name: 'opendkim_sign',
    display: 'opendkim_sign',
    type: BOOLEAN,
    default: true,
    scopes: SENDING,
    chain: SENDING_CHAIN,
    help: 'whether the mail of the scope is signed',
    kept: 'mail is sent without a new DKIM signature, since this version does not sign',
    harmless: isFalse,
  }),
  option<'no' | 'ifavailable' | 'required'>({
    name: 'tls',
    display: 'TLS',
    type: enumeration(['no', 'ifavailable', 'required']),
    default: 'no',
    scopes: SENDING,
    chain: SENDING_CHAIN,
    help: 'whether sessions with receivers are encrypted',
    refused: NO_TLS,
    harmless: isNo,
  }),
  option<'no' | 'ca' | 'host' | 'optional'>({
    name: 'tls_verify',
    display: 'TLS_Verify',
    type: enumeration(['no', 'ca', 'host', 'optional']),
    default: 'no',
    scopes: SENDING,
    chain: SENDING_CHAIN,
    help: 'how certificates of receivers are checked',
    refused: NO_TLS,
    harmless: isNo,
  }),
  option<'none' | 'require'>({
    name: 'tls_verify_mode',
    display: 'TLS_Verify_Mode',
    type: enumeration(['none', 'require']),
    default: 'none',
    scopes: INBOUND,
    chain: LISTENER_CHAIN,
    help: 'whether clients must show a certificate',
    refused: NO_TLS,
    harmless: (mode) => mode === 'none',
  }),
  flag('tls_required', ['listen'], NO_TLS, 'whether clients must encrypt', 'TLS_Required'),
  flag('use_ssl', INBOUND, NO_TLS, 'whether the endpoint is encrypted from the first octet', 'Use_SSL'),
  flag('use_dane', ['domain', 'global'], NO_TLS, 'whether certificates are checked against DNS', 'use_dane'),
  flag('use_mta_sts', ['domain', 'global'], NO_TLS, 'whether MTA-STS policies are followed', 'use_mta_sts'),
  tlsFile('tls_ca', 'TLS_Ca', SENDING, 'certificates that sign those of receivers'),
  tlsFile('tls_client_ca', 'TLS_Client_CA', [...INBOUND, 'global'], 'certificates that sign those of clients'),
  tlsFile('tls_certificate', 'TLS_Certificate', [...SENDING, ...INBOUND], 'certificate of this server'),
  tlsFile('tls_key', 'TLS_Key', [...SENDING, ...INBOUND], 'key of the certificate'),
  tlsText('tls_ciphers', 'TLS_Ciphers', [...SENDING, ...INBOUND], 'DEFAULT', 'ciphers up to TLS 1.2'),
  tlsText('tlsv13_ciphersuites', 'TLSv13_Ciphersuites', [...SENDING, ...INBOUND], '', 'cipher suites of TLS 1.3'),
  tlsText('tls_protocols', 'TLS_Protocols', [...SENDING, ...INBOUND], '+ALL', 'versions of TLS'),
  flag('enable_authentication', LISTENERS, NO_AUTHENTICATION, 'whether clients must log in'),
  flag('enable_authorization', LISTENERS, NO_AUTHENTICATION, 'whether commands need a permission'),
  authentication('authcrammd5parameters', 'AuthCramMD5Parameters', LISTENERS, 'accounts for CRAM-MD5'),
  authentication('authdigestmd5parameters', 'AuthDigestMD5Parameters', LISTENERS, 'accounts for DIGEST-MD5'),
  authentication('authloginparameters', 'AuthLoginParameters', LISTENERS, 'accounts for LOGIN'),
  authentication('authplainparameters', 'AuthPlainParameters', LISTENERS, 'accounts for PLAIN'),
  authentication('authorizationparameters', 'AuthorizationParameters', LISTENERS, 'permissions of accounts'),
  flag('always_deny', LISTENERS, 'the endpoint would be open; enable = false closes it', 'refuses every client'),
  flag(
    'tls_verified_peer_can_relay',
    INBOUND,
    NO_TLS,
    'whether a client certificate allows relaying',
    'TLS_Verified_Peer_Can_Relay',
  ),
  credential('outbound_smtp_auth_type', 'mechanism for logging in to receivers'),
  credential('outbound_smtp_auth_user', 'account for logging in to receivers'),
  credential('outbound_smtp_auth_pass', 'password for logging in to receivers'),
  credential('outbound_smtp_auth_key', 'key for logging in to receivers'),
];
