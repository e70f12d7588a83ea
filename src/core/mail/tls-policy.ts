// How a connection to a receiver is to be protected, and what became of it. A policy is a value: the options of
// a (binding, domain) make one (delivery/tls-settings.ts), what the receiving side promises makes it stricter, the SMTP
// session follows it, a shell carries it out.
import type { HostTlsa } from './dane.ts';
import type { Candidate } from './hosts.ts';

export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

/** What the library is given. Files are named here; their content is the shell's, read when a configuration loads. */
export interface TlsParameters {
  /** File with our certificate, null for none. */
  readonly certificate: string | null;
  /** File with its key; of no account when there is one in the file of the certificate. */
  readonly key: string | null;
  /** File with the certificates that sign those of receivers, null for the well-known ones. */
  readonly ca: string | null;
  /** Up to TLS 1.2, null for the library's choice. */
  readonly ciphers: string | null;
  /** Of TLS 1.3. */
  readonly ciphersuites: string;
  /** Never empty. */
  readonly versions: readonly TlsVersion[];
  /** Names with colons between, null for the library's choice. */
  readonly curves: string | null;
}

/** no: in clear; ifavailable: encrypted where that is offered; required: encrypted or not at all. */
export type TlsMode = 'no' | 'ifavailable' | 'required';

/**
 * no: any certificate will do; ca: it is signed by who we trust; host: and it is the receiver's; optional: looked at like
 * that, and used whatever it is.
 */
export type TlsVerify = 'no' | 'ca' | 'host' | 'optional';

/** dane: the certificate is what the TLSA records of the host say, and nothing else is asked of it. */
export type PolicyVerify = TlsVerify | 'dane';

export interface TlsPolicy {
  readonly mode: TlsMode;
  readonly verify: PolicyVerify;
  /** With `ifavailable`: mail goes in clear when TLS fails. */
  readonly fallsBack: boolean;
  readonly parameters: TlsParameters;
  /** Equal for equal parameters only. */
  readonly parametersKey: string;
  /**
   * Equal where a session of one mail will do for the other, and where what failed for one will fail for the other: for
   * equal policies, and for the same domain only when names are checked. Empty for mail in clear.
   */
  readonly key: string;
  /** What the host promises about its certificate. */
  readonly tlsa?: HostTlsa;
  /** Names of which a certificate must bear one; absent: that of the host, or of the domain. */
  readonly names?: readonly string[];
}

/** What is known of the peer after a handshake. */
export interface TlsPeer {
  /** Why its certificate does not count as signed by who we trust, null when it does. */
  readonly chainProblem: string | null;
  /** The certificate was made out for one of the names that were asked for. */
  readonly nameMatches: boolean;
  /** Why it is not what the TLSA records say, null when it is; absent where that was not asked. */
  readonly tlsaProblem?: string | null;
}

/** The library's default order, documented as that of the option tlsv13_ciphersuites. */
export const DEFAULT_CIPHERSUITES = 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256';

/** Mail in clear. */
export const NO_TLS: TlsPolicy = {
  mode: 'no',
  verify: 'no',
  fallsBack: false,
  parameters: {
    certificate: null,
    key: null,
    ca: null,
    ciphers: null,
    ciphersuites: DEFAULT_CIPHERSUITES,
    versions: ['TLSv1.2', 'TLSv1.3'],
    curves: null,
  },
  parametersKey: '',
  key: '',
};

/**
 * The policy for mail that goes to this host: the operator's, made stricter by what the domain asks for (RFC 8461) and by
 * what the host promises about its certificate (RFC 7672 section 2.2), which comes first where there is both. It is of no
 * account then whether the operator asked for TLS at all.
 */
export function policyTowards(policy: TlsPolicy, candidate: Candidate): TlsPolicy {
  const { host, tlsa, sts } = candidate;
  if (tlsa === undefined && sts === undefined) return policy;
  const asked = sts === undefined ? policy : sts.mode === 'enforce' ? enforced(policy, host) : tried(policy, host);
  return tlsa === undefined ? asked : promised(asked, tlsa);
}

function enforced({ parameters, parametersKey }: TlsPolicy, host: string): TlsPolicy {
  const key = `sts ${host} ${parametersKey}`;
  return { mode: 'required', verify: 'host', fallsBack: false, parameters, parametersKey, key, names: [host] };
}

/** Nothing is lost by it: what the operator asks for stays, and where that is nothing encryption is tried. */
function tried(policy: TlsPolicy, host: string): TlsPolicy {
  const isAsked = policy.mode !== 'no';
  return {
    ...policy,
    mode: isAsked ? policy.mode : 'ifavailable',
    verify: isAsked && policy.verify !== 'no' ? policy.verify : 'optional',
    fallsBack: isAsked ? policy.fallsBack : true,
    key: `sts testing ${policy.key} ${policy.parametersKey}`,
    ...(policy.verify === 'host' ? {} : { names: [host] }),
  };
}

function promised(policy: TlsPolicy, tlsa: HostTlsa): TlsPolicy {
  const { parameters, parametersKey } = policy;
  const isUsable = tlsa.records.length > 0;
  return {
    ...(isUsable || policy.names === undefined ? {} : { names: policy.names }),
    mode: 'required',
    verify: isUsable ? 'dane' : policy.verify,
    fallsBack: false,
    parameters,
    parametersKey,
    key: isUsable ? `dane ${tlsa.key} ${parametersKey}` : `dane ${tlsa.key} ${policy.key} ${parametersKey}`,
    tlsa,
  };
}

/** The receiver does not offer what mail requires (docs/logs.md, "Internal replies"). */
export const TLS_NOT_OFFERED = '451 4.7.6 [internal] STARTTLS required but not advertised';

/** Why a peer is not to be trusted with mail under a policy (docs/logs.md, "Internal replies"), or null. */
export function tlsObjection(verify: PolicyVerify, peer: TlsPeer): string | null {
  if (verify === 'no' || verify === 'optional') return null;
  if (verify === 'dane') {
    const { tlsaProblem = 'not compared' } = peer;
    return tlsaProblem === null ? null : `451 4.7.5 [internal] SSL cert does not match TLSA records: ${tlsaProblem}`;
  }
  if (peer.chainProblem !== null)
    return `451 4.7.5 [internal] SSL cert must be signed by a valid CA: ${peer.chainProblem}`;
  if (verify === 'host' && !peer.nameMatches) return '451 4.7.5 [internal] SSL certificate subject does not match host';
  return null;
}
