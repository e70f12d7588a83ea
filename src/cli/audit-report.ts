// What `headgate audit` prints, as text and as JSON. Octets as Latin-1, as the audit's lines are.
import { NO_LIMIT } from '../core/base/limit.ts';
import { utf8Octets } from '../core/base/octets.ts';
import type { AuditReport } from '../core/records/audit-check.ts';
import { limitField } from '../core/records/audit-record.ts';

/** By the first word of the counters' names (docs/audit.md, "Lines"). */
const CLASS_TITLES: Readonly<Record<string, string>> = {
  node: 'all connections',
  ordinary: 'connections outside of the reserve',
  binding: 'connections of a binding',
  pair: 'connections of a binding to a domain',
  address: 'connections of a binding to an address',
  exchanger: 'connections to a mail exchanger',
  scope_max_outbound_connections: 'sums over a scope',
  cluster_scope_max_outbound_connections: 'sums over a scope for the cluster',
};

/** In order, and nothing opened above a limit. */
export function isProof({ findings }: AuditReport): boolean {
  return findings.limitViolations === 0 && findings.logViolations === 0;
}

export function formatAuditReport(report: AuditReport): string {
  const { findings } = report;
  const lines = [
    `${counted(report.files, 'file')}, ${counted(report.lines, 'line')}, ${instant(report.from)} to ${instant(report.to)}`,
    `connections: ${report.opened} opened, ${report.closed} closed`,
    `configurations: ${formatConfigurations(report)}`,
  ];
  for (const { name, inUseMax, peaks } of report.classes) {
    const many = inUseMax === 1 ? 'one counter' : `${inUseMax} counters`;
    lines.push(
      `${CLASS_TITLES[name] ?? name}: ${many} in use at once at most; the most that were open, nearest to the limit first:`,
    );
    for (const { counter, open, limit, origin } of peaks) {
      const allowed = limit === NO_LIMIT ? 'no limit' : `limit ${limitField(limit)}`;
      const remark = open > limit && findings.limitViolations === 0 ? ', lowered while they were open' : '';
      lines.push(`  ${String(open).padStart(6)} open, ${allowed.padEnd(12)} ${counter}  (${origin})${remark}`);
    }
  }
  for (const { file, line, text } of findings.notes) lines.push(`note: ${utf8Octets(file)}:${line}: ${text}`);
  if (findings.notesLeftOut > 0) lines.push(`note: ${findings.notesLeftOut} more like these`);
  for (const { file, line, at, text } of findings.violations) {
    lines.push(`${utf8Octets(file)}:${line}: ${at === null ? '' : `${instant(at)}: `}${text}`);
  }
  const left = findings.limitViolations + findings.logViolations - findings.violations.length;
  if (left > 0) lines.push(`and ${left} more`);
  lines.push(verdict(report));
  return `${lines.join('\n')}\n`;
}

function verdict(report: AuditReport): string {
  const { limitViolations, logViolations } = report.findings;
  if (isProof(report)) return 'no limit was passed';
  const broken = `the log is not whole or not as it was written: ${counted(logViolations, 'finding')}`;
  if (limitViolations === 0) return `nothing is proved; ${broken}`;
  return `a limit was passed ${counted(limitViolations, 'time')}${logViolations === 0 ? '' : `; ${broken}`}`;
}

export function formatAuditJson(report: AuditReport): string {
  const { findings, classes, from, to, ...rest } = report;
  const shown = {
    proved: isProof(report),
    ...rest,
    from: instant(from),
    to: instant(to),
    classes: classes.map(({ peaks, ...others }) => ({
      ...others,
      peaks: peaks.map((peak) => ({ ...peak, limit: Number(limitField(peak.limit)) })),
    })),
    limitViolations: findings.limitViolations,
    logViolations: findings.logViolations,
    violations: findings.violations.map(({ file, at, limit, ...others }) => ({
      file: utf8Octets(file),
      ...others,
      at: at === null ? null : instant(at),
      ...(limit === undefined ? {} : { limit: Number(limitField(limit)) }),
    })),
    notes: findings.notes.map(({ file, ...others }) => ({ file: utf8Octets(file), ...others })),
    notesLeftOut: findings.notesLeftOut,
  };
  return `${JSON.stringify(shown, null, 2)}\n`;
}

/** Versions of one file together, those in a row as a span. They begin anew with every start of the server. */
function formatConfigurations({ configurations, configurationsLeftOut }: AuditReport): string {
  const groups: { readonly file: string; readonly spans: { readonly from: number; to: number; isStart: boolean }[] }[] =
    [];
  let before = 0;
  for (const { version, file } of configurations) {
    const last = groups.at(-1);
    const group = last?.file === file ? last : { file, spans: [] };
    if (group !== last) groups.push(group);
    const span = group.spans.at(-1);
    if (span !== undefined && version === before + 1 && span.to === before) span.to = version;
    else group.spans.push({ from: version, to: version, isStart: version <= before });
    before = version;
  }
  const seen = groups.map(({ file, spans }) => {
    const texts = spans.map(({ from, to, isStart }) => {
      const span = from === to ? `${from}` : `${from} to ${to}`;
      return isStart ? `after another start ${span}` : span;
    });
    return `${texts.join(', ')} of ${file}`;
  });
  const rest = configurationsLeftOut > 0 ? [`${configurationsLeftOut} more`] : [];
  return [...seen, ...rest].join('; ') || 'none';
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** @param seconds Unix time; null when there is none */
function instant(seconds: string | null): string {
  return seconds === null ? '-' : new Date(Number(seconds) * 1000).toISOString();
}
