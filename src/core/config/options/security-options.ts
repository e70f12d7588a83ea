// Options of TLS for clients, of policies of receivers and of logging in: known, but this version protects nothing by
// them. Those that ask for protection are refused, because mail would go, or clients be let in, without it. TLS towards
// receivers is in tls-options.ts.
import type { Option } from '../option.ts';
import { keptOptions, refusedOptions } from './option-table.ts';

export const SECURITY_OPTIONS: readonly Option<unknown>[] = [
  ...refusedOptions(
    'TLS for clients is not available in this version',
    `
    TLS_Certificate              file          -, none                                                                         encrypted xmpp_listener         certificate shown to clients
    TLS_Key                      file          -, none                                                                         encrypted xmpp_listener         key of that certificate
    TLS_Client_CA                file          -, none                                                                         encrypted xmpp_listener global  certificates that sign those of clients
    TLS_Ciphers                  text          DEFAULT, default                                                                encrypted xmpp_listener         ciphers up to TLS 1.2 for clients
    TLSv13_Ciphersuites          text          TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256, ""  smtp http_listener pathways     cipher suites of TLS 1.3 for clients
    TLS_Protocols                text          +ALL, +all                                                                      encrypted                       versions of TLS for clients
    TLS_Verify_Mode              none|require  -, none                                                                         encrypted xmpp_listener         whether clients must show a certificate
    TLS_Required                 boolean       -                                                                               listen                          whether clients must encrypt
    Use_SSL                      boolean       false                                                                           encrypted                       whether an endpoint is encrypted from the first octet
    TLS_Verified_Peer_Can_Relay  boolean       false                                                                           ecstream_listener reception     whether clients with a good certificate may relay
    `,
  ),

  ...keptOptions(
    'TLS for clients is not available in this version',
    `
    TLS_Allow_Renegotiation          boolean              true    encrypted xmpp_listener            whether keys may be made anew within a session
    TLS_Verified_Peer_Is_Authorized  boolean              false   http_listener listen pathway peer  whether clients with a good certificate count as logged in
    Starttls_Injection_Policy        allow|ignore|reject  reject  reception                          what becomes of commands sent together with STARTTLS
    TLS_DHParams_File                file                 -       global                             parameters for DHE ciphers
    TLS_Enable_DHE_Ciphers           boolean              true    global                             whether ciphers with DHE may be chosen
    `,
  ),

  ...refusedOptions(
    'clients would not be asked to log in; console endpoints are loopback or Unix sockets in this version',
    `
    Enable_Authentication    boolean  -  logins                                                      whether clients must log in
    Enable_Authorization     boolean  -  control_listener listen peer                                whether commands of the console need a permission
    AuthCramMD5Parameters    map      -  control_listener esmtp_listener listen pathways             accounts for CRAM-MD5
    AuthDigestMD5Parameters  map      -  logins xmpp_listener                                        accounts for DIGEST-MD5
    AuthLoginParameters      map      -  control_listener esmtp_listener listen pathways peer        accounts for LOGIN
    AuthPlainParameters      map      -  esmtp_listener http_listener listen pathways xmpp_listener  accounts for PLAIN
    AuthorizationParameters  map      -  control_listener esmtp_listener listen                      roles of accounts
    `,
  ),

  ...refusedOptions(
    'the endpoint would be open; enable = false closes it',
    `
    Always_Deny  boolean  false  logins  whether every login fails
    `,
  ),
  ...keptOptions(
    'nobody can log in here, so no login succeeds either',
    `
    Always_Allow  boolean  false  logins  whether every login succeeds
    `,
  ),

  ...refusedOptions(
    'no policy script looks up accounts here; name account and password by outbound_smtp_auth_user and outbound_smtp_auth_pass',
    `
    Outbound_SMTP_Auth_Key  text  -  sending  key by which policy looks up account and password
    `,
  ),
];
