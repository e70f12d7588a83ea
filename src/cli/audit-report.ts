// What `headgate audit` prints, as text and as JSON. Octets as Latin-1, as the audit's lines are.
import { utf8Octets } from '../core/base/octets.ts';
import type { AuditReport } from '../core/records/audit-check.ts';
import { limitField } from '../core/records/audit-record.ts';

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
    lines.push(`${name}: ${inUseMax} in use at one time at most; the highest of`);
    for (const { counter, open, limit, origin } of peaks) {
      lines.push(`  ${String(open).padStart(6)}  limit ${limitField(limit).padEnd(6)} ${counter}  (${origin})`);
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

/** Versions of one file together. */
function formatConfigurations({ configurations, configurationsLeftOut }: AuditReport): string {
  const groups: { readonly file: string; readonly versions: number[] }[] = [];
  for (const { version, file } of configurations) {
    const group = groups.at(-1);
    if (group?.file === file) group.versions.push(version);
    else groups.push({ file, versions: [version] });
  }
  const seen = groups.map(({ file, versions }) => `${versions.join(', ')} of ${file}`);
  const last = configurationsLeftOut > 0 ? [`${configurationsLeftOut} more`] : [];
  return [...seen, ...last].join('; ') || 'none';
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** @param seconds Unix time; null when there is none */
function instant(seconds: string | null): string {
  return seconds === null ? '-' : new Date(Number(seconds) * 1000).toISOString();
}
