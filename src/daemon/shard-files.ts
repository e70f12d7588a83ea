// The files of a shard: logs, limit audit, spool, throttles and counts of reports on TLS, opened one after the other. When
// one cannot be, none stays open.
import { wallMs } from '../core/base/moment.ts';
import type { Configuration } from '../core/config/configuration.ts';
import { forceFsync } from '../core/config/options/server-options.ts';
import { openLogs } from '../shell/logs/logs.ts';
import { openShardSpool, type ShardSpool } from '../shell/spool/joined-spools.ts';
import { SpoolUnavailable } from '../shell/spool/problem.ts';
import type { OpenedThrottleFile } from '../shell/throttles/throttle-file.ts';
import { AuditLog, type PreparedAudit, type ShardAudit } from './audit-log.ts';
import { LogPort } from './log-port.ts';
import type { ShardPlace } from './shard-place.ts';
import type { StartFailure } from './shards.ts';
import { openThrottles } from './throttle-files.ts';
import { openTlsReportFiles, type TlsReportFiles } from './tls-report-files.ts';

export interface ShardFiles {
  readonly logs: LogPort;
  readonly audit: ShardAudit;
  readonly preparedAudit: PreparedAudit;
  readonly spool: ShardSpool;
  readonly throttles: OpenedThrottleFile;
  readonly tlsReports: TlsReportFiles;
}

export type OpenedFiles = { readonly kind: 'open'; readonly files: ShardFiles } | FailedFiles;

interface FailedFiles {
  readonly kind: 'failed';
  readonly failure: StartFailure;
}

const EX_CONFIG = 78;
/** Content that is kept in memory by all shards together. */
const BODY_MEMORY_BYTES = 33_554_432;

/** @param report one line for stderr */
export async function openShardFiles(
  configuration: Configuration,
  place: ShardPlace,
  report: (line: string) => void,
): Promise<OpenedFiles> {
  const opened = await openLogs({ ...place.logSet(configuration), onProblem: report });
  if (opened.kind === 'problems') return failed(EX_CONFIG, opened.problems);
  const logs = new LogPort(opened.logs, place.panic);
  const audit = place.audit ?? ownAudit(place, logs, report);
  const preparedAudit = await audit.prepare(configuration, 'start');
  if (!('commit' in preparedAudit)) {
    await logs.close();
    return failed(EX_CONFIG, preparedAudit);
  }
  let spool: ShardSpool;
  try {
    spool = await openShardSpool({
      places: place.spools,
      forceFsync: configuration.value(forceFsync),
      memoryBytes: Math.floor(BODY_MEMORY_BYTES / place.shards),
      onProblem: ({ kind, text }) => logs.panic(kind === 'unfinished' ? 'notice' : 'error', text),
      beforeSettlementWrite: () => (audit.isPending ? flushBoth(logs, audit) : logs.flush()),
      ...(place.lock === undefined ? {} : { lock: place.lock }),
    });
  } catch (error) {
    if (!(error instanceof SpoolUnavailable)) throw error;
    await preparedAudit.abandon();
    await logs.close();
    return failed(statusOf(error), [`spoolbase: ${error.message}`]);
  }
  const throttles = await openThrottles(place.spools, (text) => logs.panic('error', text));
  const tlsReports = await openTlsReportFiles(place.spools, (text) => logs.panic('warning', text));
  return { kind: 'open', files: { logs, audit, preparedAudit, spool, throttles, tlsReports } };
}

function ownAudit({ wasUnclean }: ShardPlace, logs: LogPort, report: (line: string) => void): AuditLog {
  return new AuditLog({
    now: () => wallMs(Date.now()),
    wasUnclean,
    report: (text) => {
      report(text);
      logs.panic('error', text);
    },
  });
}

/** The exit status that a spool is worth which cannot be had. */
export function statusOf({ message }: SpoolUnavailable): 1 | 78 {
  return message.includes('in use') ? 1 : EX_CONFIG;
}

export async function flushBoth(logs: LogPort, audit: ShardAudit): Promise<void> {
  await Promise.all([logs.flush(), audit.flush()]);
}

function failed(status: 1 | 78, lines: readonly string[]): FailedFiles {
  return { kind: 'failed', failure: { status, lines } };
}
