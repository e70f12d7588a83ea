// What a session with a receiver means for the report on TLS (RFC 8460): which policy it was under, and what of it was not
// as that policy asks.
import { formatTlsa, type TlsaRecord } from '../mail/dane.ts';
import { STAGE, type Stage } from '../mail/disposition.ts';
import type { DomainName } from '../mail/domain-name.ts';
import type { Candidate } from '../mail/hosts.ts';
import { namesExchanger, policyLines, type StsPolicy } from '../mail/sts-policy.ts';
import { TLS_NOT_OFFERED, type TlsPeer, type TlsPolicy } from '../mail/tls-policy.ts';
import type { CountedPolicy, TlsFailure } from './tls-counts.ts';

export type Fault = Pick<TlsFailure, 'type' | 'reason'>;

/** As the library says it in words (shell/net/outbound-handshake.ts). */
const OUT_OF_DATE: readonly string[] = ['cert has expired', 'cert not yet valid'];

/** DANE goes before MTA-STS where there are both (RFC 8461 section 2). @param domain of the mail */
export function countedPolicy({ tlsa, sts }: Candidate, domain: DomainName): CountedPolicy {
  if (tlsa !== undefined) return tlsaPolicy(tlsa.base, tlsa.records);
  return sts === undefined ? noPolicy(domain) : stsPolicy(domain, sts);
}

export const noPolicy = (domain: DomainName): CountedPolicy => ({
  type: 'no-policy-found',
  domain,
  lines: [],
  exchangers: [],
});

/** @param base the name that has the records */
export const tlsaPolicy = (base: DomainName, records: readonly TlsaRecord[]): CountedPolicy => ({
  type: 'tlsa',
  domain: base,
  lines: records.map(formatTlsa),
  exchangers: [],
});

/** @param policy null: there is one, of which nothing is known */
export const stsPolicy = (domain: DomainName, policy: StsPolicy | null): CountedPolicy => ({
  type: 'sts',
  domain,
  lines: policy === null ? [] : policyLines(policy),
  exchangers: policy?.mx ?? [],
});

export const NOT_OFFERED: Fault = { type: 'starttls-not-supported', reason: null };

/** What was wrong with a session that ended before it was encrypted; null when it was something else. */
export function openingFault(reply: string, stage: Stage): Fault | null {
  if (reply === TLS_NOT_OFFERED) return NOT_OFFERED;
  const reason = reply.replace(/^\d{3} [\d.]{1,12} \[internal\] /, '');
  if (stage === STAGE.afterStarttls) return { type: 'starttls-not-supported', reason };
  return stage === STAGE.tlsHandshake ? { type: 'validation-failure', reason } : null;
}

/** What is not as it should be with a peer after a handshake, or null. What happens to the mail is another matter. */
export function faultOf({ verify, tlsa }: TlsPolicy, { host, sts }: Candidate, peer: TlsPeer): Fault | null {
  if (verify === 'dane') {
    const { tlsaProblem = 'not compared' } = peer;
    return tlsaProblem === null ? null : { type: 'tlsa-invalid', reason: tlsaProblem };
  }
  const isUnderSts = sts !== undefined && tlsa === undefined;
  const { chainProblem, nameMatches } = peer;
  if (chainProblem !== null && (isUnderSts || verify === 'ca' || verify === 'host'))
    return {
      type: OUT_OF_DATE.includes(chainProblem) ? 'certificate-expired' : 'certificate-not-trusted',
      reason: chainProblem,
    };
  if (!nameMatches && (isUnderSts || verify === 'host')) return { type: 'certificate-host-mismatch', reason: null };
  // With mode `enforce` nobody goes there.
  if (isUnderSts && !namesExchanger(sts, host)) return UNNAMED;
  return null;
}

/** No exchanger, or not this one, stands in the policy of the domain. */
export const UNNAMED: Fault = { type: 'validation-failure', reason: 'the exchanger is not named by the policy' };
