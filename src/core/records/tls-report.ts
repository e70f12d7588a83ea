// One report on TLS as JSON (RFC 8460 section 4), and the counts of a domain as a line in a file of ours, from which a later
// process goes on counting or makes its report.
import { type WallMs, wallMs } from '../base/moment.ts';
import { type DomainName, isHostName } from '../mail/domain-name.ts';
import {
  type CountedPolicy,
  type DomainCounts,
  type FailureCount,
  POLICY_TYPES,
  type PolicyCount,
  TLS_FAILURE_TYPES,
  type TlsFailure,
} from './tls-counts.ts';

/** Counts that are closed. */
export interface TlsPeriod {
  readonly from: WallMs;
  readonly until: WallMs;
}

export interface TlsReport extends TlsPeriod {
  readonly counts: DomainCounts;
}

/** Who reports. */
export interface Reporter {
  readonly organization: string;
  readonly contact: string;
  /** Name of this server. */
  readonly hostname: string;
}

/** The same whenever the report is made, so that whoever gets it twice can tell. */
export function reportId({ from, counts }: TlsReport, hostname: string): string {
  return `${seconds(from)}.${counts.domain}@${hostname}`;
}

/** RFC 8460 section 5.1. */
export function reportFilename({ from, until, counts }: TlsReport, hostname: string): string {
  return `${hostname}!${counts.domain}!${seconds(from)}!${seconds(until)}!001.json.gz`;
}

const seconds = (at: WallMs): number => Math.floor(at / 1000);

/** RFC 3339, whole seconds. */
const instant = (at: WallMs): string => `${new Date(seconds(at) * 1000).toISOString().slice(0, 19)}Z`;

export function reportJson(report: TlsReport, reporter: Reporter): string {
  const document = {
    'organization-name': reporter.organization,
    'date-range': { 'start-datetime': instant(report.from), 'end-datetime': instant(report.until) },
    'contact-info': reporter.contact,
    'report-id': reportId(report, reporter.hostname),
    policies: report.counts.policies.map(policyObject),
  };
  return `${JSON.stringify(document)}\n`;
}

const policyObject = ({ policy, successes, failed, failures }: PolicyCount) => ({
  policy: {
    'policy-type': policy.type,
    ...(policy.lines.length === 0 ? {} : { 'policy-string': policy.lines }),
    'policy-domain': policy.domain,
    ...(policy.exchangers.length === 0 ? {} : { 'mx-host': policy.exchangers }),
  },
  summary: { 'total-successful-session-count': successes, 'total-failure-session-count': failed },
  ...(failures.length === 0 ? {} : { 'failure-details': failures.map(failureObject) }),
});

const failureObject = ({ failure: { type, reason, host, address, sender }, sessions }: FailureCount) => ({
  'result-type': type,
  ...(sender === null ? {} : { 'sending-mta-ip': sender }),
  ...(host === null ? {} : { 'receiving-mx-hostname': host }),
  ...(address === null ? {} : { 'receiving-ip': address }),
  'failed-session-count': sessions,
  ...(reason === null ? {} : { 'failure-reason-code': reason }),
});

// ---- lines of the file

/** A report that is still to be posted. */
export interface OpenPost {
  readonly uri: string;
  /** When that was tried first. */
  readonly since: WallMs;
}

/** A line without its end. @param until null: still being counted */
export function formatCounts(counts: DomainCounts, from: WallMs, until: WallMs | null, post?: OpenPost): string {
  return JSON.stringify({ from, until, ...(post === undefined ? {} : { post }), ...counts });
}

export interface SavedCounts {
  readonly counts: DomainCounts;
  readonly from: WallMs;
  readonly until: WallMs | null;
  /** Where the report is still to be posted to; null for one of which nothing was done. */
  readonly post: OpenPost | null;
}

/** Null for what is no such line. */
export function parseCounts(line: string): SavedCounts | null {
  try {
    const { from, until, post = null, domain, policies } = JSON.parse(line);
    if (!isCount(from) || !(until === null || isCount(until)) || typeof domain !== 'string' || !isHostName(domain))
      return null;
    const rows = policies.map(readPolicy);
    if (post !== null && (typeof post.uri !== 'string' || !isCount(post.since) || until === null)) return null;
    return {
      counts: { domain, policies: rows },
      from: wallMs(from),
      until: until === null ? null : wallMs(until),
      post: post === null ? null : { uri: post.uri, since: wallMs(post.since) },
    };
  } catch {
    return null;
  }
}

function readPolicy({ policy, successes, failed, failures }: PolicyCount): PolicyCount {
  const { type, domain, lines, exchangers } = policy as CountedPolicy;
  const rows = failures.map(readFailure);
  const sum = rows.reduce((total, { sessions }) => total + sessions, 0);
  demand(POLICY_TYPES.includes(type) && typeof domain === 'string' && isCount(successes) && failed === sum);
  return {
    policy: { type, domain, lines: texts(lines), exchangers: texts(exchangers) },
    successes,
    failed,
    failures: rows,
  };
}

function readFailure({ failure, sessions }: FailureCount): FailureCount {
  const { type, reason, host, address, sender } = failure as TlsFailure;
  demand(TLS_FAILURE_TYPES.includes(type) && isCount(sessions));
  return {
    failure: { type, reason: word(reason), host: word(host), address: word(address), sender: word(sender) },
    sessions,
  };
}

const isCount = (value: unknown): boolean => Number.isFinite(value) && (value as number) >= 0;

function texts(value: readonly string[]): readonly DomainName[] {
  demand(value.every((one) => typeof one === 'string'));
  return value;
}

function word(value: string | null): string | null {
  demand(value === null || typeof value === 'string');
  return value;
}

/** Within {@link parseCounts} only. */
function demand(isSo: boolean): void {
  if (!isSo) throw new Error('not a line of counts');
}
